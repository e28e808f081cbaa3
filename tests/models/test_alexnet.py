"""The variants have exactly the layers, shapes, parameters and costs of the networks they name."""

import numpy as np
import pytest
from strict import strict, sync_count, to_strict

from minialexnet.errors import InputError
from minialexnet.layers import Sequential, SoftmaxCrossEntropy
from minialexnet.models import VARIANTS, alexnet, builder

TWO_TOWERS = {
    "conv1": 34_944,
    "conv2": 307_456,
    "conv3": 885_120,
    "conv4": 663_936,
    "conv5": 442_624,
    "fc6": 37_752_832,
    "fc7": 16_781_312,
    "fc8": 4_097_000,
}
ONE_WEIRD_TRICK = {
    "conv1": 23_296,
    "conv2": 307_392,
    "conv3": 663_936,
    "conv4": 884_992,
    "conv5": 590_080,
    "fc6": 37_752_832,
    "fc7": 16_781_312,
    "fc8": 4_097_000,
}

# Side of the maps and channels after each layer that changes them.
MAPS = {
    "two towers": {
        "conv1": (96, 55),
        "pool1": (96, 27),
        "conv2": (256, 27),
        "pool2": (256, 13),
        "conv3": (384, 13),
        "conv4": (384, 13),
        "conv5": (256, 13),
        "pool5": (256, 6),
    },
    "owt": {
        "conv1": (64, 55),
        "pool1": (64, 27),
        "conv2": (192, 27),
        "pool2": (192, 13),
        "conv3": (384, 13),
        "conv4": (256, 13),
        "conv5": (256, 13),
        "pool5": (256, 6),
        "avgpool": (256, 6),
    },
    "mini": {
        "conv1": (32, 56),
        "pool1": (32, 27),
        "conv2": (64, 27),
        "pool2": (64, 13),
        "conv3": (96, 13),
        "conv4": (96, 13),
        "conv5": (64, 13),
        "pool5": (64, 6),
    },
}
ROWS = {"fc6": 4096, "fc7": 4096, "fc8": 1000}

ORDER = {
    "paper": "conv1 relu1 norm1 pool1 conv2 relu2 norm2 pool2 conv3 relu3 conv4 relu4 conv5 relu5 "
    "pool5 flatten fc6 relu6 drop6 fc7 relu7 drop7 fc8",
    "original2012": "conv1 norm1 pool1 relu1 conv2 relu2 norm2 pool2 conv3 relu3 conv4 relu4 conv5 "
    "pool5 relu5 flatten fc6 relu6 drop6 fc7 relu7 drop7 fc8",
    "caffe": "conv1 relu1 norm1 pool1 conv2 relu2 norm2 pool2 conv3 relu3 conv4 relu4 conv5 relu5 "
    "pool5 flatten fc6 relu6 drop6 fc7 relu7 drop7 fc8",
    "owt": "conv1 relu1 pool1 conv2 relu2 pool2 conv3 relu3 conv4 relu4 conv5 relu5 pool5 avgpool "
    "flatten drop6 fc6 relu6 drop7 fc7 relu7 fc8",
    "mini": "conv1 relu1 norm1 pool1 conv2 relu2 norm2 pool2 conv3 relu3 conv4 relu4 conv5 relu5 "
    "pool5 flatten fc6 relu6 drop6 fc7 relu7 drop7 fc8",
}


class Zeros:
    """A generator whose normal numbers are zeros, which cost next to nothing to draw."""

    def standard_normal(self, shape, dtype):
        return np.zeros(shape, dtype)


@pytest.fixture
def without_weights(monkeypatch):
    """Makes `alexnet` quick where only the shapes matter."""
    monkeypatch.setattr(builder, "host_generator", lambda seed: Zeros())


def shapes_along(network):
    """{layer: shape of its output for one picture}."""
    shape, shapes = network.input_shape, {}
    for name, layer in network.layers.items():
        shape = shapes[name] = layer.output_shape(shape)
    return shapes


# ---- structure --------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", VARIANTS)
def test_layers_and_their_order(without_weights, variant):
    assert list(alexnet(variant).layers) == ORDER[variant].split()


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_shape_after_every_layer(without_weights, variant):
    network = alexnet(variant)
    shapes = shapes_along(network)
    maps = MAPS.get(variant, MAPS["two towers"])
    rows = {"fc6": 512, "fc7": 512, "fc8": 1000} if variant == "mini" else ROWS
    for name, (channels, side) in maps.items():
        assert shapes[name] == (channels, side, side), name
    for name, features in rows.items():
        assert shapes[name] == (features,), name
    assert shapes["flatten"] == (maps["pool5"][0] * 36,)
    previous = network.input_shape
    for name, shape in shapes.items():
        if name not in maps | rows and name != "flatten":
            assert shape == previous, name
        previous = shape


@pytest.mark.parametrize(
    ("variant", "per_layer", "total"),
    [
        ("paper", TWO_TOWERS, 60_965_224),
        ("original2012", TWO_TOWERS, 60_965_224),
        ("caffe", TWO_TOWERS, 60_965_224),
        ("owt", ONE_WEIRD_TRICK, 61_100_840),
    ],
)
def test_the_number_of_parameters_is_the_published_one(without_weights, variant, per_layer, total):
    network = alexnet(variant)
    counts = {name: layer.num_params for name, layer in network.layers.items() if layer.params}
    assert counts == per_layer
    assert network.num_params == total
    assert sum(value.size for value in network.params.values()) == total


@pytest.mark.parametrize(
    ("variant", "total"), [("paper", 56_909_194), ("caffe", 56_909_194), ("owt", 57_044_810)]
)
def test_ten_classes_leave_out_what_a_thousand_need(without_weights, variant, total):
    network = alexnet(variant, num_classes=10)
    assert network["fc8"].num_params == 40_970
    assert network.num_params == total


@pytest.mark.parametrize("variant", ["paper", "original2012", "caffe"])
def test_the_two_towers_cost_724_million_multiply_adds(without_weights, variant):
    network, shape, millions = alexnet(variant), alexnet(variant).input_shape, {}
    for name, layer in network.layers.items():
        if layer.params:
            millions[name] = round(layer.multiply_adds(shape) / 1e6, 1)
        shape = layer.output_shape(shape)
    assert millions == {
        "conv1": 105.4,
        "conv2": 223.9,
        "conv3": 149.5,
        "conv4": 112.1,
        "conv5": 74.8,
        "fc6": 37.7,
        "fc7": 16.8,
        "fc8": 4.1,
    }
    assert round(network.multiply_adds(network.input_shape) / 1e6, 1) == 724.4


@pytest.mark.parametrize(
    ("variant", "norms"),
    [
        ("paper", dict(size=5, effective_alpha=1e-4, beta=0.75, k=2.0, groups=1)),
        ("original2012", dict(size=5, effective_alpha=2e-5, beta=0.75, k=2.0, groups=2)),
        ("caffe", dict(size=5, effective_alpha=2e-5, beta=0.75, k=1.0, groups=1)),
        ("mini", dict(size=5, effective_alpha=1e-4, beta=0.75, k=2.0, groups=1)),
    ],
)
def test_the_constants_of_normalisation(without_weights, variant, norms):
    network = alexnet(variant)
    for name in ("norm1", "norm2"):
        for key, value in norms.items():
            assert getattr(network[name], key) == pytest.approx(value), (name, key)


@pytest.mark.parametrize(
    ("variant", "inverted"),
    [("paper", False), ("original2012", False), ("caffe", True), ("owt", True), ("mini", True)],
)
def test_both_dropouts_drop_half_in_the_form_of_their_time_and_differently(
    without_weights, variant, inverted
):
    drop6, drop7 = (alexnet(variant)[name] for name in ("drop6", "drop7"))
    assert drop6.p == drop7.p == 0.5
    assert drop6.inverted is drop7.inverted is inverted
    assert drop6.seed != drop7.seed


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_network_remembers_how_it_was_made(without_weights, variant):
    network = alexnet(variant, num_classes=7, init="he")
    assert (network.variant, network.num_classes, network.init) == (variant, 7, "he")
    assert network.image_size == VARIANTS[variant].image_size
    assert network.input_shape == (3, network.image_size, network.image_size)
    assert alexnet(variant).init == VARIANTS[variant].init


def test_the_paper_is_the_default(without_weights):
    network = alexnet()
    assert (network.variant, network.num_classes, network.image_size) == ("paper", 1000, 224)


# ---- pictures of other sizes ------------------------------------------------------------------


@pytest.mark.parametrize("size", [64, 65, 97, 128, 160, 227, 255, 300])
@pytest.mark.parametrize("variant", VARIANTS)
def test_pictures_of_many_sizes_come_through_in_the_shapes_worked_out(
    without_weights, variant, size
):
    network = alexnet(variant, num_classes=2, image_size=size)
    shapes = shapes_along(network)
    assert shapes["fc8"] == (2,)
    assert network["fc6"].in_features == shapes["flatten"][0]
    x = np.zeros((1, 3, size, size), np.float32)
    for name, layer in network.layers.items():
        x = layer.predict(x)
        assert x.shape == (1, *shapes[name]), name
        if name == "flatten":
            break


# By hand: pool5 needs 3 positions, so pool2 gives 3, pool1 7 (6 where pooling rounds up), conv1 15
# (12), and the first kernel that many times its stride.
SMALLEST = {"paper": 64, "original2012": 64, "caffe": 55, "owt": 63, "mini": 15}


@pytest.mark.parametrize("variant", VARIANTS)
def test_pictures_too_small_are_refused_by_pixels_and_layer(without_weights, variant):
    smallest = SMALLEST[variant]
    assert VARIANTS[variant].smallest == smallest
    assert alexnet(variant, image_size=smallest).image_size == smallest
    message = rf"{smallest - 1} pixels are too small for {variant} \(.* at pool5\); .* {smallest}"
    with pytest.raises(InputError, match=message):
        alexnet(variant, image_size=smallest - 1)


def test_the_layer_named_is_the_first_that_does_not_fit(without_weights):
    with pytest.raises(InputError, match=r"pictures of 7 pixels .* at conv1"):
        alexnet("paper", image_size=7)


@pytest.mark.parametrize("num_classes", [2, 3, 10, 1000])
def test_any_number_of_classes(num_classes):
    network = alexnet("mini", num_classes, image_size=32)
    x = np.random.default_rng(0).standard_normal((2, 3, 32, 32), dtype=np.float32)
    assert network.predict(x).shape == (2, num_classes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(variant=["paper"]), r"variant is \['paper'\]; expected one of paper, original2012"),
        (dict(parts="lrn"), r"parts is 'lrn'; expected Parts, such as Parts\(lrn=False\)"),
        (dict(num_classes=True), "num_classes is True; expected a whole number of at least 2"),
        (dict(seed=True), "seed is True; expected a whole number of at least 0"),
        (dict(variant="resnet"), "variant is 'resnet'; expected one of paper, original2012"),
        (dict(num_classes=1), "num_classes is 1; expected a whole number of at least 2"),
        (dict(num_classes=10**12), "num_classes is 1000000000000; expected a whole number of at "),
        (dict(image_size=10**9), "image_size is 1000000000; expected a whole number of at most"),
        (dict(num_classes=10.0), "num_classes is 10.0; expected a whole number"),
        (dict(image_size="64"), "image_size is '64'; expected a whole number of at least 1"),
        (dict(seed=-1), "seed is -1; expected a whole number of at least 0"),
        (dict(init="ones"), "initialisation is 'ones'; expected one of paper, 2012"),
    ],
)
def test_what_there_is_not_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        alexnet(**arguments)


# ---- weights ----------------------------------------------------------------------------------

STANDARD_DEVIATIONS = {
    "paper": dict.fromkeys(TWO_TOWERS, 0.01),
    "original2012": dict.fromkeys(TWO_TOWERS, 0.01)
    | dict.fromkeys(("conv3", "conv4", "conv5"), 0.03),
    "caffe": dict.fromkeys(TWO_TOWERS, 0.01) | dict.fromkeys(("fc6", "fc7"), 0.005),
    "owt": {
        "conv1": np.sqrt(2 / 363),
        "conv2": np.sqrt(2 / 1600),
        "conv3": np.sqrt(2 / 1728),
        "conv4": np.sqrt(2 / 3456),
        "conv5": np.sqrt(2 / 2304),
        "fc6": np.sqrt(2 / 9216),
        "fc7": np.sqrt(2 / 4096),
        "fc8": 0.001,
    },
}
RAISED = {"paper": 1.0, "original2012": 1.0, "caffe": 0.1, "owt": 0.0}


@pytest.mark.parametrize("variant", STANDARD_DEVIATIONS)
def test_the_initial_weights_of_each_variant(variant):
    network = alexnet(variant, num_classes=100)
    for name, std in STANDARD_DEVIATIONS[variant].items():
        weight, bias = network[name].params["weight"], network[name].params["bias"]
        assert weight.dtype == bias.dtype == np.float32
        assert weight.std() == pytest.approx(std, rel=0.02), name
        assert abs(weight.mean()) < 5 * std / np.sqrt(weight.size), name
        raised = RAISED[variant] if name in ("conv2", "conv4", "conv5", "fc6", "fc7") else 0.0
        np.testing.assert_array_equal(bias, np.full(len(bias), raised, np.float32), name)


def test_one_seed_gives_one_network_and_another_seed_another():
    first, second, other = (alexnet("mini", 10, 32, seed=seed) for seed in (5, 5, 6))
    for name, value in first.params.items():
        np.testing.assert_array_equal(second.params[name], value)
        if name.endswith("weight"):
            assert not np.array_equal(other.params[name], value)
    assert first.state() == second.state()
    assert first.state() != other.state()


def test_no_two_layers_begin_alike():
    network = alexnet("mini", 10, 32)
    beginnings = [network[name].params["weight"].ravel()[:4] for name in TWO_TOWERS]
    for i, one in enumerate(beginnings):
        for other in beginnings[:i]:
            assert not np.allclose(one / one.std(), other / other.std())


def test_the_first_loss_of_the_default_mini_network_is_the_logarithm_of_the_classes():
    x = np.random.default_rng(0).standard_normal((8, 3, 32, 32), dtype=np.float32)
    loss = SoftmaxCrossEntropy().forward(alexnet("mini", 10, 32).forward(x), np.arange(8))
    assert float(loss) == pytest.approx(np.log(10), abs=0.05)


# ---- a pass through a whole network -----------------------------------------------------------


@pytest.mark.parametrize("training", [True, False])
def test_a_pass_through_mini_gives_the_same_on_both_backends(backend, training):
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((3, 3, 32, 32), dtype=np.float32), np.array([0, 4, 2])

    def pass_through(network, x):
        loss = SoftmaxCrossEntropy()
        value = loss.forward(network.forward(x, training), labels)
        return [value, network.backward(loss.backward()), *network.grads.values()]

    # Another BLAS rounds otherwise, and where two numbers are nearly equal pooling then takes the
    # other one; in float64 none are so near.
    dtype = "float64" if backend.name == "cupy" else "float32"
    x = x.astype(dtype)
    here = pass_through(alexnet("mini", 5, 32).astype(dtype), x)
    there = pass_through(alexnet("mini", 5, 32).astype(dtype).to(backend.xp), backend.put(x))
    for ours, numpys in zip(there, here, strict=True):
        backend.check(ours, numpys, dtype, tolerance=1e-4)


def test_a_step_through_mini_never_waits_for_the_device():
    """Forward, loss and backward: what a GPU is given to do while the host goes on."""
    network, loss = alexnet("mini", 5, 32).to(strict), SoftmaxCrossEntropy(label_smoothing=0.1)
    x = to_strict(np.random.default_rng(0).standard_normal((3, 3, 32, 32), dtype=np.float32))
    labels = to_strict(np.array([0, 4, 2]))
    before = sync_count()
    loss.forward(network.forward(x, training=True), labels)
    dx = network.backward(loss.backward(), input_gradient=True)
    network.backward(loss.backward(), input_gradient=False)
    network.predict(x)
    assert sync_count() == before
    assert isinstance(dx, strict.ndarray)


def test_float64_goes_through_mini_unrounded():
    network = alexnet("mini", 5, 32).astype("float64")
    y = network.forward(np.random.default_rng(0).standard_normal((2, 3, 32, 32)), training=True)
    dx = network.backward(y)
    for value in (y, dx, *network.grads.values()):
        assert value.dtype == np.float64


def test_the_towers_meet_in_conv3_and_in_the_fully_connected_layers_only(without_weights):
    groups = {name: getattr(layer, "groups", 1) for name, layer in alexnet("paper").layers.items()}
    assert {name for name, count in groups.items() if count == 2} == {"conv2", "conv4", "conv5"}


def test_an_alexnet_is_a_network_and_prints_as_a_table(without_weights):
    network = alexnet("paper")
    assert isinstance(network, Sequential)
    lines = [line.split() for line in str(network).splitlines()]
    assert ["total", "60,965,224", "724,406,816"] in lines
    conv1 = next(line for line in lines if line[0] == "conv1")
    assert conv1[-6:] == ["x", "55", "x", "55", "34,944", "105,415,200"]


def test_every_variant_says_what_distinguishes_it():
    for name, variant in VARIANTS.items():
        assert len(variant.summary.split()) > 8, name
