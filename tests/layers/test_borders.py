"""What cannot be computed is answered with one sentence, not with a NumPy traceback."""

import numpy as np
import pytest

from minialexnet.errors import InputError
from minialexnet.layers import (
    AdaptiveAvgPool2d,
    AvgPool2d,
    Conv2d,
    Dropout,
    Flatten,
    Linear,
    LocalResponseNorm,
    MaxPool2d,
    ReLU,
    Sequential,
    Sigmoid,
    SoftmaxCrossEntropy,
    Tanh,
)
from minialexnet.models import alexnet
from minialexnet.ops import conv2d, dropout, linear


@pytest.fixture(scope="module")
def network():
    return alexnet("mini", 3, 24)


def pictures(dtype="float32", shape=(2, 3, 24, 24)):
    return np.ones(shape, dtype)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (pictures(shape=(0, 3, 24, 24)), "at least one picture"),
        (pictures("uint8"), r"x is uint8; expected floats: .*astype\('float32'\)"),
        (pictures("float64"), r"x is float64 and weight float32; .*astype\('float32'\)"),
        (pictures(shape=(2, 3, 24, 25)), r"shape \(2, 3, 24, 25\); this network was made for"),
        (pictures(shape=(3, 24, 24)), r"shape \(3, 24, 24\); this network was made for"),
        ([[1.0]], "expected a NumPy or CuPy array, got list"),
    ],
)
def test_what_is_no_batch_for_this_network_is_refused(network, x, message):
    for use in (network.predict, network.forward):
        with pytest.raises(InputError, match=message):
            use(x)


@pytest.mark.parametrize("layer", [Conv2d(3, 4, 3), MaxPool2d(2)])
def test_whole_numbers_and_empty_batches_are_refused_by_layers(layer):
    with pytest.raises(InputError, match="expected floats"):
        layer.forward(pictures("int64"))
    with pytest.raises(InputError, match="at least one picture"):
        layer.forward(pictures(shape=(0, 3, 24, 24)))


def test_a_float64_row_into_a_float32_layer_is_refused():
    with pytest.raises(InputError, match="x is float64 and weight float32"):
        Linear(4, 2).forward(np.ones((1, 4)))


def test_a_bias_of_another_shape_is_refused_instead_of_broadcast():
    with pytest.raises(InputError, match=r"bias has shape \(1,\); expected \(4,\)"):
        conv2d(pictures(), pictures(shape=(4, 3, 2, 2)), np.ones(1, "float32"))
    with pytest.raises(InputError, match=r"bias has shape \(1,\); expected \(4,\)"):
        linear(np.ones((2, 3)), np.ones((4, 3)), np.ones(1))


def test_a_mask_of_another_shape_is_refused_instead_of_broadcast():
    with pytest.raises(InputError, match=r"mask has shape \(3,\); expected \(2, 3\)"):
        dropout(np.ones((2, 3)), np.ones(3, bool), 0.5)


def test_two_layers_of_one_name_are_refused():
    with pytest.raises(InputError, match="same name among 1, 1"):
        Sequential({1: ReLU(), "1": ReLU()})


def test_labels_are_looked_at_on_the_host_before_they_move(xp):
    logits = xp.asarray(np.zeros((2, 3)))
    with pytest.raises(InputError, match="labels run from 0 to 3; expected 0 to 2"):
        SoftmaxCrossEntropy().forward(logits, np.array([0, 3]))


def test_sizes_may_be_numpys_whole_numbers():
    assert Conv2d(3, 4, np.int64(3), stride=np.int32(2)).kernel_size == (3, 3)


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "3", None])
@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("in_features", lambda value: Linear(value, 2)),
        ("out_features", lambda value: Linear(2, value)),
        ("in_channels", lambda value: Conv2d(value, 2, 3)),
        ("out_channels", lambda value: Conv2d(2, value, 3)),
        ("groups", lambda value: Conv2d(2, 2, 3, groups=value)),
        ("kernel_size", lambda value: Conv2d(2, 2, value)),
        ("size", lambda value: LocalResponseNorm(value)),
        ("groups", lambda value: LocalResponseNorm(groups=value)),
    ],
)
def test_what_is_no_count_is_refused_when_the_layer_is_made(name, make, value):
    with pytest.raises(InputError, match=f"^{name} is {value!r}; expected a whole number of at"):
        make(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "1", None])
@pytest.mark.parametrize("name", ["alpha", "beta", "k"])
def test_constants_of_response_normalisation_are_finite_numbers(name, value):
    with pytest.raises(InputError, match=f"{name} is {value!r}; expected a finite number"):
        LocalResponseNorm(**{name: value})


def test_empty_batches_and_whole_numbers_are_refused_by_the_loss():
    with pytest.raises(InputError, match=r"logits have shape \(0, 3\); expected at least one pic"):
        SoftmaxCrossEntropy().forward(np.ones((0, 3), "float32"), np.zeros(0, int))
    with pytest.raises(InputError, match=r"logits is int64; expected floats: .*astype"):
        SoftmaxCrossEntropy().forward(np.ones((2, 3), "int64"), np.zeros(2, int))


@pytest.mark.parametrize(
    "layer",
    [
        Dropout(np.float64(0.5)),
        Dropout(np.float64(0.5), inverted=False),
        LocalResponseNorm(np.int64(5), np.float64(1e-4), np.float64(0.7), np.float64(2)),
    ],
)
def test_numpys_scalars_among_the_constants_leave_float32_alone(layer):
    x = pictures(shape=(2, 6, 3, 3))
    for training in (True, False):
        assert layer.forward(x, training).dtype == np.float32
        assert layer.backward(x).dtype == np.float32


def test_numpys_scalars_leave_a_float32_loss_alone():
    criterion = SoftmaxCrossEntropy(np.float64(0.1))
    assert criterion.forward(np.ones((2, 3), "float32"), np.zeros(2, int)).dtype == np.float32
    assert criterion.backward().dtype == np.float32


LAYERS = {
    "conv": lambda: Conv2d(3, 3, 1),
    "max pooling": lambda: MaxPool2d(2),
    "average pooling": lambda: AvgPool2d(2),
    "adaptive pooling": lambda: AdaptiveAvgPool2d(2),
    "lrn": LocalResponseNorm,
    "relu": ReLU,
    "tanh": Tanh,
    "sigmoid": Sigmoid,
    "dropout": Dropout,
    "flatten": Flatten,
    "linear": lambda: Linear(4, 4),
    "network": lambda: Sequential([Conv2d(3, 3, 1), ReLU()]),
}


@pytest.fixture(params=LAYERS)
def made_layer(request):
    return LAYERS[request.param]()


def batch_for(layer):
    return np.ones((2, 4) if isinstance(layer, Linear) else (2, 3, 4, 4), "float32")


@pytest.mark.parametrize("thing", [1.0, None, [[1.0]]])
def test_what_is_no_array_is_refused_on_the_way_in_and_back(made_layer, thing):
    kind = type(thing).__name__
    for training in (True, False):
        with pytest.raises(InputError, match=f"expected a NumPy or CuPy array, got {kind}; conve"):
            made_layer.forward(thing, training)
        made_layer.forward(batch_for(made_layer), training)
        with pytest.raises(InputError, match=f"backward got {kind}; expected dL/dy, an array of"):
            made_layer.backward(thing)


@pytest.mark.parametrize("change", ["one picture more", "one picture", "a row", "a number"])
def test_a_gradient_of_another_shape_is_refused_instead_of_broadcast_or_cut(made_layer, change):
    y = made_layer.forward(batch_for(made_layer), training=True)
    shape = {
        "one picture more": (3, *y.shape[1:]),
        "one picture": (1, *y.shape[1:]),
        "a row": y.shape[-1:],
        "a number": (),
    }[change]
    with pytest.raises(InputError) as raised:
        made_layer.backward(np.ones(shape, "float32"))
    assert str(raised.value).endswith(f" has shape {shape}; expected {y.shape}")


@pytest.mark.parametrize("dtype", ["int32", bool, "nonsense", None, object])
def test_parameters_are_of_floats_only(network, dtype):
    for layer in (network, Linear(2, 2)):
        with pytest.raises(InputError, match=r"dtype is .*; expected one of floats, such as 'fl"):
            layer.astype(dtype)


def test_an_array_module_is_given_itself_and_not_by_name():
    with pytest.raises(InputError, match="xp is 'numpy'; expected the module itself, numpy or"):
        Linear(2, 2).to("numpy")


def test_parameters_are_set_from_arrays(network):
    with pytest.raises(InputError, match="expected a NumPy or CuPy array, got float"):
        network.set_params(dict.fromkeys(network.params, 1.0))


@pytest.mark.parametrize("layer", [Conv2d(1, 4, 3), MaxPool2d(2), AdaptiveAvgPool2d(2)])
@pytest.mark.parametrize("shape", [(28, 28), (2, 1, 28, 28), 28])
def test_a_shape_that_is_not_of_one_picture_is_refused(layer, shape):
    with pytest.raises(InputError, match=r"a picture has shape .*; expected \(channels, hei"):
        layer.output_shape(shape)


def test_an_input_shape_that_is_a_number_is_refused():
    with pytest.raises(InputError, match="input_shape is 28; expected that of one picture"):
        Sequential([ReLU()], input_shape=28)


def test_linear_takes_a_matrix_for_its_weight():
    with pytest.raises(InputError, match=r"weight has shape \(3,\); expected two axes, \(out"):
        linear(np.ones((2, 3)), np.ones(3))
