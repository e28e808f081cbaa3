"""The convolutional layer hands its arguments on to the operation, and its filters lie ready."""

import numpy as np
import pytest
from strict import strict, to_strict

from minialexnet.backend import to_host
from minialexnet.errors import InputError
from minialexnet.layers import Conv2d, ReLU, Sequential
from minialexnet.layers.initializers import normal
from minialexnet.ops import conv2d, conv2d_backward, winograd_conv2d, winograd_conv2d_backward

ARGUMENTS = {
    "plain": dict(kernel_size=3),
    "AlexNet's first": dict(kernel_size=5, stride=4, padding=((0, 3), (0, 3))),
    "everything": dict(kernel_size=(3, 2), stride=(1, 2), padding=(2, 1), groups=2, bias=False),
}
FULL = {
    "plain": ((1, 1), ((0, 0), (0, 0)), 1),
    "AlexNet's first": ((4, 4), ((0, 3), (0, 3)), 1),
    "everything": ((1, 2), ((2, 2), (1, 1)), 2),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_the_layer_is_the_operation_with_its_parameters(backend, dtype, rng, name):
    layer = Conv2d(4, 6, **ARGUMENTS[name], bias_init=0.5).to(backend.xp).astype(dtype)
    weight, bias = layer.params["weight"], layer.params.get("bias")
    x = backend.put(rng.standard_normal((2, 4, 6, 7)), dtype)
    y = conv2d(x, weight, bias, *FULL[name])
    np.testing.assert_array_equal(backend.get(layer.forward(x)), backend.get(y))
    dy = backend.put(rng.standard_normal(y.shape), dtype)
    dx, dweight, dbias = conv2d_backward(dy, x, weight, *FULL[name])
    np.testing.assert_array_equal(backend.get(layer.backward(dy)), backend.get(dx))
    np.testing.assert_array_equal(backend.get(layer.grads["weight"]), backend.get(dweight))
    if bias is not None:
        np.testing.assert_array_equal(backend.get(layer.grads["bias"]), backend.get(dbias))
    assert layer.backward(dy, input_gradient=False) is None


PICTURES = {"many": 16, "few": 15}


@pytest.mark.parametrize(("count", "on_host"), [("many", True), ("few", True), ("many", False)])
def test_many_pictures_on_the_host_take_fewer_multiplications(rng, count, on_host):
    layer = Conv2d(32, 6, 3, padding=1, groups=2)
    x = rng.standard_normal((PICTURES[count], 32, 3, 4), "float32")
    weight, bias = layer.params["weight"], layer.params["bias"]
    if count == "many" and on_host:
        y = winograd_conv2d(x, weight, bias, 1, 2)
        dx, dweight, _ = winograd_conv2d_backward(y, x, weight, 1, 2)
    else:
        y = conv2d(x, weight, bias, 1, 1, 2)
        dx, dweight, _ = conv2d_backward(y, x, weight, 1, 1, 2)
    if not on_host:
        layer, x, y = layer.to(strict), to_strict(x), to_strict(y)
    np.testing.assert_array_equal(to_host(layer.forward(x)), to_host(y))
    np.testing.assert_array_equal(to_host(layer.backward(y)), dx)
    np.testing.assert_array_equal(to_host(layer.grads["weight"]), dweight)


@pytest.mark.parametrize("count", PICTURES)
def test_slices_are_convolved_as_the_whole_batch_is(rng, count):
    """Whether it pays is decided by the batch; the slices, which have fewer pictures, follow."""
    layer = Conv2d(32, 6, 3, padding=1, groups=2)
    x = rng.standard_normal((PICTURES[count], 32, 3, 4), "float32")
    y = layer.forward(x)
    dx = layer.backward(y)
    run, run_backward = layer.slice_runner(len(x)), layer.slice_backward_runner(len(x))
    total = 0
    for part in slice(0, 5), slice(5, 6), slice(6, len(x)):
        of_slice, memory = run(x[part])
        # A product of fewer rows may take other sums: what cancels is as wrong as the largest is.
        np.testing.assert_allclose(of_slice, y[part], rtol=1e-5, atol=1e-5 * abs(y).max())
        dx_of_slice, grads = run_backward(y[part], memory)
        np.testing.assert_allclose(dx_of_slice, dx[part], rtol=1e-5, atol=1e-5)
        total = total + grads["weight"]
    np.testing.assert_allclose(total, layer.grads["weight"], rtol=1e-4, atol=1e-4)
    # The two ways differ in the last digits, which shows that the slices took the right one.
    expected = (
        winograd_conv2d if count == "many" else lambda x, w, b, p, g: conv2d(x, w, b, 1, p, g)
    )
    y = expected(x[:5], *layer.params.values(), 1, 2)
    np.testing.assert_array_equal(run(x[:5])[0], y)


@pytest.mark.parametrize("count", PICTURES)
def test_a_subclass_with_a_run_of_its_own_goes_into_networks(rng, count):
    """Slices of a batch reach it by the two methods that define a layer, and by no others."""
    calls = []

    class Watched(Conv2d):
        def run(self, x, training=False):
            calls.append("run")
            return super().run(x, training)

        def run_backward(self, dy, memory, input_gradient=True):
            calls.append("run_backward")
            return super().run_backward(dy, memory, input_gradient)

    network = Sequential([Watched(16, 4, 3), ReLU()])
    y = network.forward(rng.standard_normal((PICTURES[count], 16, 4, 4), "float32"))
    network.backward(y)
    assert {*calls} == {"run", "run_backward"}


def test_what_is_no_batch_of_pictures_is_refused():
    for wrong in (np.zeros(()), np.zeros((3, 4))):
        with pytest.raises(InputError, match="expected four axes"):
            Conv2d(3, 4, 3).forward(wrong)


def test_parameters_have_pytorchs_names_and_shapes():
    layer = Conv2d(4, 6, (3, 2), groups=2)
    assert {name: value.shape for name, value in layer.params.items()} == {
        "weight": (6, 2, 3, 2),
        "bias": (6,),
    }
    assert list(Conv2d(4, 6, 3, bias=False).params) == ["weight"]
    assert layer.num_params == 6 * 2 * 3 * 2 + 6


def test_filters_lie_channels_last_so_that_they_are_a_matrix_without_a_copy(backend, dtype):
    weight = Conv2d(4, 6, 3).to(backend.xp).astype(dtype).params["weight"]
    assert weight.transpose(0, 2, 3, 1).flags.c_contiguous


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("channels", [4, 32])
def test_gradients_of_the_filters_lie_in_memory_as_the_filters_do(
    backend, dtype, rng, channels, groups
):
    """So that the optimizer can go through both at once."""
    layer = Conv2d(channels, 6, 3, groups=groups).to(backend.xp).astype(dtype)
    layer.forward(backend.put(rng.standard_normal((2, channels, 5, 5)), dtype))
    layer.backward(backend.put(rng.standard_normal((2, 6, 3, 3)), dtype))
    assert layer.grads["weight"].strides == layer.params["weight"].strides


def test_parameters_begin_as_asked():
    layer = Conv2d(
        16, 64, 5, weight_init=normal(0.02), bias_init=0.3, generator=np.random.default_rng(1)
    )
    assert layer.params["weight"].std() == pytest.approx(0.02, rel=0.02)
    np.testing.assert_array_equal(layer.params["bias"], np.full(64, 0.3, np.float32))
    he = Conv2d(16, 64, 5, groups=2).params
    assert he["weight"].std() == pytest.approx(np.sqrt(2 / (8 * 25)), rel=0.02)
    assert not he["bias"].any()


def test_cost_is_one_multiplication_for_each_tap_of_each_output():
    assert Conv2d(4, 6, (3, 2), padding=1, groups=2).multiply_adds((4, 5, 5)) == 5 * 6 * 6 * 2 * 6


@pytest.mark.parametrize("groups", [3, 4])
def test_groups_that_do_not_divide_the_channels_are_refused(groups):
    with pytest.raises(InputError, match=f"4 input and 6 output channels .* groups={groups}"):
        Conv2d(4, 6, 3, groups=groups)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(kernel_size=0), "kernel_size is 0; expected a whole number of at least 1"),
        (dict(kernel_size=3, stride=0), "stride is 0"),
        (dict(kernel_size=3, padding=-1), "padding is -1; expected a whole number of at least 0"),
    ],
)
def test_sizes_that_are_none_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        Conv2d(4, 6, **arguments)


def test_pictures_too_small_are_refused_when_shapes_are_worked_out():
    with pytest.raises(InputError, match="window of 3 pixels does not fit into a picture of 2"):
        Conv2d(4, 6, 3).output_shape((4, 5, 2))
