"""Each switch does what it says, and leaves everything else as it was, bit by bit."""

import dataclasses

import numpy as np
import pytest

from minialexnet.backend import host_generator
from minialexnet.errors import InputError
from minialexnet.gradcheck import check_layer
from minialexnet.layers import AvgPool2d, MaxPool2d, Sequential, SoftmaxCrossEntropy
from minialexnet.models import VARIANTS, Parts, alexnet, builder
from minialexnet.models.initialization import initial_values

SIZES = {"paper": 64, "original2012": 64, "caffe": 67, "owt": 63, "mini": 31}
"""Small pictures whose maps have odd sides, as those of the networks' own pictures have."""

OTHERS = [
    {"activation": "tanh"},
    {"activation": "sigmoid"},
    {"lrn": False},
    {"pooling": "tiled"},
    {"pool": "average"},
    {"pooling": "tiled", "pool": "average"},
    {"dropout": 0.0},
    {"dropout": 0.2},
    {"groups": False},
    {"activation": "tanh", "lrn": False, "pooling": "tiled", "dropout": 0.0, "groups": False},
]


def names(changes) -> str:
    return " ".join(f"{key}={value}" for key, value in changes.items())


every_switch = pytest.mark.parametrize("changes", OTHERS, ids=names)


class Ones:
    """A generator whose numbers cost next to nothing, where only shapes matter."""

    def standard_normal(self, shape, dtype):
        return np.ones(shape, dtype)


@pytest.fixture
def quick(monkeypatch):
    """Makes large networks without drawing their weights."""
    monkeypatch.setattr(builder, "host_generator", lambda *seed: Ones())


def make(variant="mini", image_size=None, **changes):
    return alexnet(variant, 5, image_size or SIZES[variant], seed=7, parts=Parts(**changes))


def lively(image_size, **changes):
    """A `mini` whose gradients are no smaller than rounding, whatever its activation."""
    activation = changes.get("activation", "relu")
    init = "he" if activation == "relu" else "xavier"
    network = alexnet("mini", 5, image_size, seed=1, init=init, parts=Parts(**changes))
    for name, value in network.params.items():
        if activation == "sigmoid" and name.endswith("weight"):
            value *= 4  # as steep as that makes up for a slope of 1/4
    return network


def expected_layers(network, changes):
    """What the layers of `network` should be with the changes: [(name, repr)]."""
    changes = dataclasses.asdict(Parts(**changes))
    expected = []
    for name, layer in network.layers.items():
        shown = repr(layer)
        if name.startswith("relu"):
            kind = {"relu": "ReLU", "tanh": "Tanh", "sigmoid": "Sigmoid"}[changes["activation"]]
            name, shown = name.replace("relu", changes["activation"]), f"{kind}()"
        elif name.startswith("norm"):
            if not changes["lrn"]:
                continue
            if not changes["groups"]:
                shown = shown.replace(", groups=2", "")
        elif name.startswith("pool"):
            if changes["pooling"] == "tiled":
                shown = "MaxPool2d(2)"
            if changes["pool"] == "average":
                shown = shown.replace("MaxPool2d", "AvgPool2d")
        elif name.startswith("drop"):
            if changes["dropout"] == 0:
                continue
            shown = shown.replace("0.5", str(changes["dropout"]))
        elif name.startswith("conv") and not changes["groups"]:
            shown = shown.replace(", groups=2", "")
        expected.append((name, shown))
    return expected


@every_switch
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_switch_changes_the_layers_it_names_and_no_other(quick, variant, changes):
    changed = [(name, repr(layer)) for name, layer in make(variant, **changes).layers.items()]
    assert changed == expected_layers(make(variant), changes)


@every_switch
def test_what_a_switch_does_not_concern_begins_with_the_same_weights_and_masks(changes):
    whole, changed = make(), make(**changes)
    assert list(changed.params) == list(whole.params)
    redrawn = set()
    if not changes.get("groups", True):
        redrawn = {"conv2.weight", "conv4.weight", "conv5.weight"}
    for name, value in whole.params.items():
        if name in redrawn:
            assert not np.array_equal(changed.params[name][:, : value.shape[1]], value)
        else:
            np.testing.assert_array_equal(changed.params[name], value, name)
    assert changed.state() == ({} if changes.get("dropout") == 0 else whole.state())


def test_a_network_with_all_its_parts_draws_its_weights_as_it_always_did():
    """One generator, one layer after the other: runs of before the switches can be repeated."""
    network, generator = make(), host_generator(7)
    for name in ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"):
        shape = network[name].params["weight"].shape
        fans = np.prod(shape[1:]), None
        expected = initial_values("he", name, name == "fc8")[0](generator, shape, *fans)
        np.testing.assert_array_equal(network[name].params["weight"], expected)
    assert network.state()["drop6.seed"] == 7000 + 18
    assert network.state()["drop7.seed"] == 7000 + 21


def test_the_default_is_the_network_of_the_variant():
    for name, value in make().params.items():
        np.testing.assert_array_equal(alexnet("mini", 5, 31, seed=7).params[name], value)
    assert make().parts == alexnet("mini", 5, 31).parts == Parts()


@pytest.mark.parametrize("variant", VARIANTS)
def test_without_lrn_and_groups_as_many_parameters_as_the_literature_says(quick, variant):
    network = alexnet(variant, 1000, parts=Parts(lrn=False, groups=False))
    totals = {"owt": 61_100_840, "mini": 2_203_304}
    assert network.num_params == totals.get(variant, 62_378_344)


@pytest.mark.parametrize("variant", VARIANTS)
def test_at_the_networks_own_size_tiled_windows_give_maps_of_the_same_size(quick, variant):
    """As in the paper's comparison: "which produces an output of equivalent dimensions"."""
    size = 55 if variant == "mini" else None
    overlapped = alexnet(variant, 1000, size)
    tiled = alexnet(variant, 1000, size, parts=Parts(pooling="tiled"))
    one, other = overlapped.input_shape, tiled.input_shape
    for name, layer in overlapped.layers.items():
        one, other = layer.output_shape(one), tiled[name].output_shape(other)
        assert one == other, name
    assert tiled.num_params == overlapped.num_params


def test_on_maps_of_even_sides_tiled_windows_give_one_more_unless_pooling_rounds_up(quick):
    for variant, size, maps in (("mini", 56, (27, 28)), ("caffe", 67 + 4, (8, 8))):
        for pooling, expected in zip(("overlapped", "tiled"), maps, strict=True):
            network = make(variant, size, pooling=pooling)
            shape = network["pool1"].output_shape(network["conv1"].output_shape((3, size, size)))
            assert shape[1] == expected, (variant, pooling)


def test_windows_are_what_the_paper_compares():
    for changes, kind, kernel in (
        ({}, MaxPool2d, 3),
        ({"pooling": "tiled"}, MaxPool2d, 2),
        ({"pool": "average"}, AvgPool2d, 3),
    ):
        pool = make(**changes)["pool1"]
        assert type(pool) is kind
        assert (pool.kernel_size, pool.stride) == ((kernel, kernel), (2, 2))


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_network_remembers_its_parts(quick, variant):
    network = make(variant, lrn=False, dropout=0.25)
    assert network.parts == Parts(lrn=False, dropout=0.25)


def test_without_towers_every_filter_sees_every_channel():
    x = np.zeros((1, 32, 5, 5), np.float32)
    x[0, 0, 2, 2] = 1  # of the first tower
    for groups, sees in ((True, 32), (False, 64)):
        conv2 = make(groups=groups)["conv2"]
        touched = np.abs(conv2.predict(x) - conv2.predict(np.zeros_like(x))).sum(axis=(0, 2, 3))
        assert (touched > 0).sum() == sees


def test_weights_between_towers_are_of_the_size_that_goes_with_all_their_inputs():
    for name, inputs in (("conv2", 32 * 25), ("conv4", 96 * 9), ("conv5", 96 * 9)):
        weight = make(groups=False)[name].params["weight"]
        assert weight.std() == pytest.approx(np.sqrt(2 / inputs), rel=0.03)
    weights = [make(groups=False)[name].params["weight"].ravel()[:4] for name in ("conv4", "conv5")]
    assert not np.allclose(*weights)


# ---- passes ------------------------------------------------------------------------------------


@every_switch
def test_gradients_of_the_whole_network(changes):
    x = np.random.default_rng(0).standard_normal((2, 3, 23, 23))
    step = 1e-3 if changes.get("activation") == "sigmoid" else 3e-5  # long steps meet kinks of ReLU
    report = check_layer(lively(23, **changes), x, max_points=4, step=step)
    assert report.ok, "\n".join(map(str, report.results))
    assert report.points > 30


@every_switch
def test_slices_and_fewer_multiplications_give_what_one_layer_after_the_other_gives(changes):
    """16 pictures: the convolutions of stride 1 take their faster way, in slices."""
    network = make(**changes)
    x = np.random.default_rng(0).standard_normal((16, 3, 31, 31), dtype=np.float32)
    y = x.astype(np.float64)
    for layer in make(**changes).astype(np.float64).layers.values():
        y = np.concatenate([layer.predict(picture[None]) for picture in y])
    np.testing.assert_allclose(network.predict(x), y, rtol=1e-3, atol=1e-3 * np.abs(y).max())
    np.testing.assert_array_equal(network.predict(x), Sequential(network.layers).predict(x))


@every_switch
def test_a_training_pass_gives_the_same_on_both_backends(backend, changes):
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((3, 3, 31, 31), dtype=np.float32), np.array([0, 4, 2])

    def pass_through(network, x):
        loss = SoftmaxCrossEntropy()
        value = loss.forward(network.forward(x, training=True), labels)
        return [value, network.backward(loss.backward()), *network.grads.values()]

    dtype = "float64" if backend.name == "cupy" else "float32"  # see test_alexnet.py
    x = x.astype(dtype)
    here = pass_through(lively(31, **changes).astype(dtype), x)
    there = pass_through(lively(31, **changes).astype(dtype).to(backend.xp), backend.put(x))
    for ours, numpys in zip(there, here, strict=True):
        backend.check(ours, numpys, dtype, tolerance=1e-4)


# ---- values and words --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"activation": "gelu"}, "activation is 'gelu'; expected one of relu, tanh, sigmoid"),
        ({"activation": None}, "activation is None; expected one of relu"),
        ({"activation": ["relu"]}, "activation is .'relu'.; expected one of relu"),
        ({"pooling": "3"}, "pooling is '3'; expected one of overlapped, tiled"),
        ({"pool": "min"}, "pool is 'min'; expected one of max, average"),
        ({"lrn": "no"}, "lrn is 'no'; expected True or False"),
        ({"groups": 1}, "groups is 1; expected True or False"),
        ({"dropout": 1.0}, "dropout is 1.0; expected a probability of at least 0 and below 1"),
        ({"dropout": -0.1}, "dropout is -0.1; expected a probability"),
        ({"dropout": float("nan")}, "dropout is nan; expected a probability"),
        ({"dropout": "half"}, "dropout is 'half'; expected a probability"),
        ({"dropout": True}, "dropout is True; expected a probability"),
    ],
)
def test_what_there_is_not_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        Parts(**changes)


def test_parts_in_words():
    assert (str(Parts()), Parts().of("mini")) == ("", "mini")
    parts = Parts("tanh", False, "tiled", "average", 0.0, False)
    assert str(parts) == "tanh, no LRN, tiled pooling, average pooling, no dropout, no groups"
    assert Parts(dropout=0.25).of("owt") == "owt, dropout 0.25"
