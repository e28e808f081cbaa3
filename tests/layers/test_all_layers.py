"""What every layer promises, in one table.

A new layer in `minialexnet.layers` must be added to LAYERS, or a test here fails.
"""

import copy

import numpy as np
import pytest
from strict import strict, sync_count, to_strict

from minialexnet import layers
from minialexnet.errors import InputError

# name -> (how to make it, shape of one picture or row, shape of its output, its description)
LAYERS = {
    "AdaptiveAvgPool2d": (
        lambda: layers.AdaptiveAvgPool2d((2, 3)),
        (4, 7, 6),
        (4, 2, 3),
        "AdaptiveAvgPool2d((2, 3))",
    ),
    "AvgPool2d": (
        lambda: layers.AvgPool2d(3, 2, 1, ceil_mode=True),
        (4, 7, 6),
        (4, 4, 4),
        "AvgPool2d(3, stride=2, padding=1, ceil_mode=True)",
    ),
    "Conv2d": (
        lambda: layers.Conv2d(4, 6, (3, 2), stride=2, padding=((0, 1), (2, 0)), groups=2),
        (4, 7, 6),
        (6, 3, 4),
        "Conv2d(4, 6, (3, 2), stride=2, padding=((0, 1), (2, 0)), groups=2)",
    ),
    "Dropout": (lambda: layers.Dropout(0.3), (20,), (20,), "Dropout(0.3)"),
    "Flatten": (layers.Flatten, (4, 7, 6), (168,), "Flatten()"),
    "Linear": (lambda: layers.Linear(20, 5), (20,), (5,), "Linear(20, 5)"),
    "LocalResponseNorm": (
        lambda: layers.LocalResponseNorm(4, 0.5, alpha_mode="mean", groups=2),
        (4, 3, 2),
        (4, 3, 2),
        "LocalResponseNorm(4, alpha=0.5, alpha_mode=mean, groups=2)",
    ),
    "MaxPool2d": (lambda: layers.MaxPool2d(3, 2), (4, 7, 6), (4, 3, 2), "MaxPool2d(3, stride=2)"),
    "ReLU": (layers.ReLU, (4, 3, 2), (4, 3, 2), "ReLU()"),
    "Sequential": (
        lambda: layers.Sequential([layers.Conv2d(4, 3, 2), layers.Flatten(), layers.Linear(12, 2)]),
        (4, 3, 3),
        (2,),
        "Sequential(0=Conv2d(4, 3, 2), 1=Flatten(), 2=Linear(12, 2))",
    ),
    "Sigmoid": (layers.Sigmoid, (4, 3, 2), (4, 3, 2), "Sigmoid()"),
    "Tanh": (layers.Tanh, (4, 3, 2), (4, 3, 2), "Tanh()"),
}
every_layer = pytest.mark.parametrize("name", LAYERS)


def make(name, xp, dtype):
    return LAYERS[name][0]().to(xp).astype(dtype)


def batch(backend, dtype, shape, n=3):
    return backend.put(np.random.default_rng(n).standard_normal((n, *shape)), dtype)


def test_the_table_holds_every_layer():
    assert {*LAYERS, "Layer", "SoftmaxCrossEntropy"} == set(layers.__all__)


@every_layer
def test_shapes_dtypes_and_names_forward_and_backward(backend, dtype, name):
    _, inputs, outputs, _ = LAYERS[name]
    layer, x = make(name, backend.xp, dtype), batch(backend, dtype, inputs)
    assert layer.output_shape(inputs) == outputs
    y = layer.forward(x, training=True)
    assert backend.get(y).shape == (3, *outputs)
    dx = layer.backward(batch(backend, dtype, outputs))
    assert backend.get(dx).shape == x.shape
    assert y.dtype == dx.dtype == dtype
    assert list(layer.grads) == list(layer.params)
    for key, parameter in layer.params.items():
        assert backend.get(layer.grads[key]).shape == parameter.shape
        assert layer.grads[key].dtype == parameter.dtype == dtype
    assert layer.num_params == sum(p.size for p in layer.params.values())


@every_layer
def test_inputs_and_parameters_are_left_alone(backend, dtype, name):
    _, inputs, outputs, _ = LAYERS[name]
    layer = make(name, backend.xp, dtype)
    x, dy = batch(backend, dtype, inputs), batch(backend, dtype, outputs)
    arrays = [x, dy, *layer.params.values()]
    before = [backend.get(array).copy() for array in arrays]
    layer.forward(x, training=True)
    layer.backward(dy)
    layer.predict(x)
    for array, values in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(backend.get(array), values)


@every_layer
def test_backward_before_forward_is_refused(backend, name):
    layer = make(name, backend.xp, "float32")
    with pytest.raises(InputError, match=f"{name}.backward came without a forward pass"):
        layer.backward(batch(backend, "float32", LAYERS[name][2]))


@every_layer
def test_a_copy_made_before_any_forward_pass_refuses_backward_too(name):
    layer = copy.deepcopy(LAYERS[name][0]())
    with pytest.raises(InputError, match=f"{name}.backward came without a forward pass"):
        layer.backward(np.ones((3, *LAYERS[name][2]), np.float32))


@pytest.mark.parametrize("training", [True, False])
@every_layer
def test_backward_follows_either_kind_of_forward(backend, dtype, name, training):
    """Gradient checks run without dropout, so `training=False` must remember as well."""
    _, inputs, outputs, _ = LAYERS[name]
    layer, x = make(name, backend.xp, dtype), batch(backend, dtype, inputs)
    layer.forward(x, training)
    assert backend.get(layer.backward(batch(backend, dtype, outputs))).shape == x.shape


@every_layer
def test_predict_and_call_are_forward_without_training(backend, dtype, name):
    layer, x = make(name, backend.xp, dtype), batch(backend, dtype, LAYERS[name][1])
    expected = backend.get(layer.forward(x, training=False))
    np.testing.assert_array_equal(backend.get(layer.predict(x)), expected)
    np.testing.assert_array_equal(backend.get(layer(x)), expected)


@every_layer
def test_predicting_does_not_disturb_a_training_pass(backend, dtype, name):
    """A validation between forward and backward must not change the gradients."""
    _, inputs, outputs, _ = LAYERS[name]
    x, dy = batch(backend, dtype, inputs), batch(backend, dtype, outputs)
    original, gradients = make(name, backend.xp, dtype), []
    for interrupted in (False, True):
        layer = copy.deepcopy(original)
        layer.forward(x, training=True)
        if interrupted:
            layer.predict(batch(backend, dtype, inputs, n=2))
        gradients.append([layer.backward(dy), *layer.grads.values()])
    for plain, disturbed in zip(*gradients, strict=True):
        np.testing.assert_array_equal(backend.get(disturbed), backend.get(plain))


@every_layer
def test_the_description_is_how_it_was_made(name):
    make_layer, *_, description = LAYERS[name]
    assert repr(make_layer()) == description


@every_layer
def test_moving_a_layer_there_and_back_changes_nothing(name):
    layer = LAYERS[name][0]()
    before = {key: value.copy() for key, value in layer.params.items()}
    assert layer.to(strict) is layer
    for value in layer.params.values():
        assert isinstance(value, strict.ndarray)
    layer.to(np)
    assert list(layer.params) == list(before)
    for key, value in before.items():
        np.testing.assert_array_equal(layer.params[key], value)


@every_layer
def test_moving_or_converting_forgets_what_belongs_to_the_old_arrays(backend, name):
    _, inputs, outputs, _ = LAYERS[name]
    for change in (lambda layer: layer.to(np), lambda layer: layer.astype("float64")):
        layer = make(name, backend.xp, "float32")
        layer.forward(batch(backend, "float32", inputs))
        layer.backward(batch(backend, "float32", outputs))
        change(layer)
        assert not layer.grads
        with pytest.raises(InputError, match="without a forward pass"):
            layer.backward(batch(backend, "float32", outputs))


@every_layer
def test_no_layer_waits_for_the_device(name):
    _, inputs, outputs, _ = LAYERS[name]
    layer = make(name, strict, "float32")
    x, dy = (to_strict(np.ones((3, *shape), np.float32)) for shape in (inputs, outputs))
    before = sync_count()
    layer.forward(x, training=True)
    layer.backward(dy)
    layer.predict(x)
    assert sync_count() == before
