"""Taking slices of the batch through several layers changes the speed and not the result."""

import numpy as np
import pytest
import threadpoolctl

from minialexnet.backend import (
    halve_slice,
    host_generator,
    num_threads,
    parallel,
    set_num_threads,
    slice_batch,
)
from minialexnet.errors import InputError
from minialexnet.layers import Conv2d, LocalResponseNorm, MaxPool2d, ReLU
from minialexnet.layers.depth_first import DepthFirst
from minialexnet.models import alexnet

SIZES = [1, 2, 3, 7, 8, 9, 30, 37]


@pytest.fixture(autouse=True)
def slices_of_small_pictures(monkeypatch):
    """The pictures of these tests are small, and are to be cut as large ones are."""
    monkeypatch.setattr(parallel, "SMALL_SLICE", 0)


@pytest.fixture(autouse=True)
def threads_as_before():
    before = num_threads()
    yield
    set_num_threads(before)


# What the layers make of a picture: conv1, relu1, norm1 8*13*12, pool1 8*6*5, conv2 6*6*5.
WHOLE, HALVES, QUARTERS = 8 * 8 * 13 * 12, 4 * 8 * 13 * 12, 2 * 8 * 13 * 12


@pytest.fixture(params=[WHOLE, HALVES, QUARTERS], ids=["whole", "halves", "quarters"])
def elements(request, monkeypatch):
    """How much of a slice of eight pictures goes through the first layers together."""
    monkeypatch.setattr(parallel, "SLICE_ELEMENTS", request.param)
    return request.param


def make_layers():
    generator = host_generator(0)
    return {
        "conv1": Conv2d(3, 8, 3, padding=1, generator=generator),
        "relu1": ReLU(),
        "norm1": LocalResponseNorm(alpha=0.1),
        "pool1": MaxPool2d(3, 2),
        "conv2": Conv2d(8, 6, 3, groups=2, bias=False, generator=generator),
    }


def run(network, n, **options):
    """Output, gradients of the input and of all parameters, for a batch of n pictures."""
    rng = np.random.default_rng(0)
    y = network.forward(rng.standard_normal((n, 3, 13, 12), dtype=np.float32), training=True)
    dx = network.backward(rng.standard_normal(y.shape, dtype=np.float32), **options)
    return {"y": y, "dx": dx, **network.grads}


@pytest.mark.parametrize("n", SIZES)
def test_the_number_of_threads_does_not_change_a_single_bit(n, elements):
    results = []
    for threads in (1, 2, 3):
        set_num_threads(threads)
        results.append(run(DepthFirst(make_layers()), n))
    for other in results[1:]:
        assert list(other) == list(results[0])
        for name, value in results[0].items():
            np.testing.assert_array_equal(other[name], value, err_msg=name)


def test_the_threads_of_blas_do_not_change_a_single_bit_either():
    """Matrices large enough for BLAS to share out, which it does by other sums."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4, 32, 28, 28), dtype=np.float32)
    dy = rng.standard_normal((4, 64, 28, 28), dtype=np.float32)
    results = []
    with threadpoolctl.threadpool_limits(limits=2, user_api="blas"):
        for threads in (1, 2, 3):
            set_num_threads(threads)
            network = DepthFirst(
                {"conv": Conv2d(32, 64, 5, padding=2, generator=host_generator(0))}
            )
            results.append([network.forward(x), network.backward(dy), *network.grads.values()])
    for other in results[1:]:
        for value, expected in zip(other, results[0], strict=True):
            np.testing.assert_array_equal(value, expected)


@pytest.mark.parametrize("n", SIZES)
def test_slices_give_what_the_whole_batch_gives_layer_by_layer(n, elements):
    """That includes batches with fewer pictures than there would be slices."""
    set_num_threads(2)
    sliced = run(DepthFirst(make_layers()), n)

    layers = make_layers()
    rng = np.random.default_rng(0)
    y = rng.standard_normal((n, 3, 13, 12), dtype=np.float32)
    for layer in layers.values():
        y = layer.forward(y, training=True)
    dy = rng.standard_normal(y.shape, dtype=np.float32)
    for layer in reversed(layers.values()):
        dy = layer.backward(dy)
    whole = {"y": y, "dx": dy}
    for name, layer in layers.items():
        whole |= {f"{name}.{key}": gradient for key, gradient in layer.grads.items()}

    assert set(sliced) == set(whole)
    for name, expected in whole.items():
        assert sliced[name].dtype == np.float32
        assert sliced[name].shape == expected.shape
        assert abs(sliced[name] - expected).max() <= 1e-6 * abs(expected).max(), name


def test_the_batches_of_these_tests_are_really_cut():
    counts = [len(slice_batch(np.zeros((n, 3, 13, 12)))) for n in SIZES]
    assert counts == [1, 2, 3, 4, 4, 4, 4, 5]


def test_layers_that_make_much_of_a_picture_get_the_slice_in_parts(elements):
    """And later ones, which make less of it, get it whole again."""
    network, seen = DepthFirst(make_layers()), {}
    for name, layer in network.layers.items():

        def run_backward(dy, memory, input_gradient=True, name=name, right=layer.run_backward):
            seen.setdefault(name, []).append(len(dy))
            return right(dy, memory, input_gradient)

        layer.run_backward = run_backward
    set_num_threads(1)
    run(network, 32)
    parts = {WHOLE: [8] * 4, HALVES: [4] * 8, QUARTERS: [2] * 16}[elements]
    assert seen == {
        "conv1": parts, "relu1": parts, "norm1": parts, "pool1": parts, "conv2": [8] * 4
    }  # fmt: skip


@pytest.mark.parametrize(
    ("variant", "last"), [("paper", "pool2"), ("owt", "pool1"), ("mini", None)]
)
def test_where_the_networks_are_cut(variant, last):
    """As it was measured: behind the pooling after which the rest of a slice fits the cache."""
    network = alexnet(variant, num_classes=10)
    stage, (c, h, w) = network._stages["conv1"], network.input_shape
    x = np.broadcast_to(np.float32(0), (parallel.SLICE_PICTURES, c, h, w))
    halved = [len(halve_slice(x, elements)) > 1 for elements in stage._elements(x)]
    names = [name for name, cut in zip(stage.layers, halved, strict=True) if cut]
    assert (names[-1] if names else None) == last


def test_a_large_layer_behind_small_ones_is_cut_with_all_before_it(monkeypatch):
    monkeypatch.setattr(parallel, "SLICE_ELEMENTS", 8 * 3 * 6 * 6)
    generator, x = host_generator(0), np.ones((9, 3, 6, 6), np.float32)
    network = DepthFirst(
        {"small": ReLU(), "large": Conv2d(3, 5, 3, padding=1, generator=generator)}
    )
    y = network.forward(x)
    assert y.shape == (9, 5, 6, 6)
    assert network.backward(y).shape == x.shape


def test_a_batch_axis_that_was_forgotten_is_one_sentence():
    for call in (DepthFirst(make_layers()).forward, DepthFirst(make_layers()).predict):
        with pytest.raises(InputError, match=r"x has shape \(3, 13, 12\); expected"):
            call(np.zeros((3, 13, 12), np.float32))


def test_slices_share_the_parameters_but_not_their_memories(monkeypatch):
    """Two forward passes, each with its own backward: nothing of one leaks into the other."""
    network, rng = DepthFirst(make_layers()), np.random.default_rng(0)
    first, second = (rng.standard_normal((9, 3, 13, 12), dtype=np.float32) for _ in range(2))
    _, memory_of_first = network.run(first, training=True)
    y, _ = network.run(second, training=True)
    dy = rng.standard_normal(y.shape, dtype=np.float32)
    late = network.run_backward(dy, memory_of_first)
    y, memory = network.run(first, training=True)
    at_once = network.run_backward(dy, memory)
    np.testing.assert_array_equal(late[0], at_once[0])
    for name, gradient in at_once[1].items():
        np.testing.assert_array_equal(late[1][name], gradient)


def test_without_input_gradient_the_others_stay_the_same(elements):
    with_dx = run(DepthFirst(make_layers()), 9)
    without = run(DepthFirst(make_layers()), 9, input_gradient=False)
    assert without.pop("dx") is None
    for name, value in without.items():
        np.testing.assert_array_equal(value, with_dx[name])


@pytest.mark.parametrize("n", SIZES)
def test_predicting_gives_the_output_of_forward(n, elements):
    network = DepthFirst(make_layers())
    x = np.random.default_rng(0).standard_normal((n, 3, 13, 12), dtype=np.float32)
    np.testing.assert_array_equal(network.predict(x), network.forward(x))


def test_gradients_of_the_previous_pass_are_not_added_to():
    network = DepthFirst(make_layers())
    once, twice = run(network, 9), run(network, 9)
    for name, value in once.items():
        np.testing.assert_array_equal(twice[name], value)


def test_on_a_device_the_batch_goes_through_in_one_piece(backend, monkeypatch):
    if backend.name == "numpy":
        monkeypatch.setattr(parallel, "is_on_host", lambda array: False)
    pieces = []
    layers = make_layers()
    original = layers["relu1"].run
    layers["relu1"].run = lambda x, training=False: (pieces.append(len(x)), original(x))[1]
    network = DepthFirst(layers)
    for layer in layers.values():
        layer.to(backend.xp)
    network.forward(backend.put(np.ones((9, 3, 13, 12), np.float32)))
    assert pieces == [9]


def test_the_threads_of_blas_are_left_as_they_were():
    def blas():
        return [(i["filepath"], i["num_threads"]) for i in threadpoolctl.threadpool_info()]

    set_num_threads(2)
    before = blas()
    run(DepthFirst(make_layers()), 9)
    assert blas() == before
