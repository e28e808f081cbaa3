"""A network runs its layers in order, backwards in reverse, and names their parameters."""

import numpy as np
import pytest
from strict import strict, to_strict

from minialexnet.backend import host_generator, num_threads, set_num_threads
from minialexnet.errors import InputError
from minialexnet.layers import (
    Conv2d,
    Dropout,
    Flatten,
    Linear,
    LocalResponseNorm,
    MaxPool2d,
    ReLU,
    Sequential,
)


@pytest.fixture(autouse=True)
def threads_as_before():
    before = num_threads()
    yield
    set_num_threads(before)


def features():
    return {
        "conv": Conv2d(3, 6, 3, groups=3, generator=host_generator(1)),
        "relu": ReLU(),
        "norm": LocalResponseNorm(alpha=0.1),
    }


def classifier():
    return {
        "fc1": Linear(24, 8, generator=host_generator(2)),
        "act": ReLU(),
        "drop": Dropout(0.5, seed=4),
        "fc2": Linear(8, 5, generator=host_generator(3)),
    }


def small_network():
    pooling = {"pool": MaxPool2d(3, 2), "flatten": Flatten()}
    return Sequential(features() | pooling | classifier(), input_shape=(3, 7, 8))


def nested_network():
    """The same layers, in two networks within one."""
    return Sequential(
        {
            "features": Sequential(features()),
            "pool": MaxPool2d(3, 2),
            "flatten": Flatten(),
            "classifier": Sequential(classifier()),
        }
    )


def pictures(backend, dtype, n=5):
    return backend.put(np.random.default_rng(n).standard_normal((n, 3, 7, 8)), dtype)


def gradients_layer_by_layer(backend, dtype, network, x, dy):
    """y, dx and the named gradients, with every layer called for the whole batch by itself."""
    for layer in network.layers.values():
        x = layer.forward(x, training=True)
    y, grads = x, {}
    for name, layer in reversed(network.layers.items()):
        dy = layer.backward(dy)
        grads |= {f"{name}.{key}": value for key, value in layer.grads.items()}
    return y, dy, grads


def test_a_network_is_its_layers_one_after_another(backend, dtype):
    x, dy = pictures(backend, dtype), backend.put(np.ones((5, 5)), dtype)
    network = small_network().to(backend.xp).astype(dtype)
    expected = gradients_layer_by_layer(backend, dtype, network, x, dy)
    network.load_state({"drop.seed": 4, "drop.passes": 0})  # the same mask again

    backend.check(network.forward(x, training=True), backend.get(expected[0]), dtype)
    backend.check(network.backward(dy), backend.get(expected[1]), dtype)
    assert set(network.grads) == set(expected[2])
    for name, gradient in expected[2].items():
        backend.check(network.grads[name], backend.get(gradient), dtype)


def test_parameters_have_dotted_names_in_order_and_are_the_layers_own():
    network = small_network()
    names = ["conv.weight", "conv.bias", "fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]
    assert list(network.params) == names
    assert network.params["fc1.weight"] is network["fc1"].params["weight"]
    assert network.num_params == 54 + 6 + 24 * 8 + 8 + 8 * 5 + 5
    network.forward(pictures_on_host(2))
    network.backward(np.ones((2, 5), np.float32))
    assert list(network.grads) == names


def pictures_on_host(n):
    return np.random.default_rng(n).standard_normal((n, 3, 7, 8), dtype=np.float32)


def test_a_list_of_layers_is_numbered():
    network = Sequential([Linear(4, 3), ReLU(), Linear(3, 2)])
    assert list(network.params) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert isinstance(network["1"], ReLU)


def test_parameters_cannot_be_replaced_behind_the_layers_back():
    with pytest.raises(TypeError):
        small_network().params["fc1.weight"] = np.zeros((8, 24), np.float32)


def test_a_network_without_layers_is_refused():
    with pytest.raises(InputError, match="Sequential got no layers"):
        Sequential([])


def test_a_nested_network_is_convolved_in_the_same_way():
    """With fewer multiplications, since the batch is large, though its slices are small."""
    flat = Sequential({"conv": Conv2d(16, 4, 3, generator=host_generator(0)), "relu": ReLU()})
    nested = Sequential({"inner": Sequential(flat.layers)})
    x = np.random.default_rng(0).standard_normal((16, 16, 6, 9), np.float32)
    y = flat.forward(x)
    np.testing.assert_array_equal(nested.predict(x), y)
    np.testing.assert_array_equal(y, flat.predict(x))
    assert not np.array_equal(y[:2], flat.predict(x[:2]))


def test_a_nested_network_refuses_what_it_was_not_made_for():
    network = Sequential({"inner": Sequential([ReLU()], input_shape=(3, 8, 8))})
    with pytest.raises(InputError, match=r"made for pictures of shape \(3, 8, 8\)"):
        network.predict(np.zeros((2, 3, 9, 9), np.float32))


class Doubled(Sequential):
    """A network that computes something else than its layers one after another."""

    def run(self, x, training=False):
        y, memory = super().run(x, training)
        return 2 * y, memory

    def run_backward(self, dy, memory, input_gradient=True):
        return super().run_backward(2 * dy, memory, input_gradient)


def test_a_subclass_within_a_network_computes_in_its_own_way(rng):
    network = Sequential({"inner": Doubled([ReLU()]), "outer": ReLU()})
    x, dy = rng.standard_normal((2, 5, 3, 4, 4))
    np.testing.assert_array_equal(network.forward(x), 2 * np.maximum(x, 0))
    np.testing.assert_array_equal(network.backward(dy), 2 * dy * (x > 0))


def test_a_nested_network_computes_what_the_flat_one_does(backend, dtype):
    x, dy = pictures(backend, dtype), backend.put(np.ones((5, 5)), dtype)
    flat, nested = (n().to(backend.xp).astype(dtype) for n in (small_network, nested_network))
    np.testing.assert_array_equal(
        backend.get(nested.forward(x, training=True)), backend.get(flat.forward(x, training=True))
    )
    np.testing.assert_array_equal(backend.get(nested.backward(dy)), backend.get(flat.backward(dy)))
    outer = {"conv": "features.", "fc1": "classifier.", "fc2": "classifier."}
    assert list(nested.params) == [outer[n.partition(".")[0]] + n for n in flat.params]
    assert list(nested.grads) == list(nested.params)
    for ours, plain in zip(nested.grads.values(), flat.grads.values(), strict=True):
        np.testing.assert_array_equal(backend.get(ours), backend.get(plain))
    np.testing.assert_array_equal(backend.get(nested.predict(x)), backend.get(flat.predict(x)))
    assert nested.state() == {"classifier.drop.seed": 4, "classifier.drop.passes": 1}


@pytest.mark.parametrize("n", [1, 3, 20])
@pytest.mark.parametrize("make", [small_network, nested_network])
def test_the_number_of_threads_does_not_change_a_single_bit(make, n):
    results = []
    for threads in (1, 2, 3):
        set_num_threads(threads)
        network = make()
        y = network.forward(pictures_on_host(n), training=True)
        dx = network.backward(np.ones_like(y))
        results.append([y, dx, *network.grads.values()])
    for other in results[1:]:
        for a, b in zip(other, results[0], strict=True):
            np.testing.assert_array_equal(a, b)


def test_predicting_is_forward_without_training_and_leaves_the_state_alone(backend, dtype):
    network, x = small_network().to(backend.xp).astype(dtype), pictures(backend, dtype)
    y = backend.get(network.forward(x, training=False))
    np.testing.assert_array_equal(backend.get(network.predict(x)), y)
    np.testing.assert_array_equal(backend.get(network(x)), y)
    assert network.state() == {"drop.seed": 4, "drop.passes": 0}


def test_without_input_gradient_only_the_first_layers_is_left_out(backend, dtype):
    network, x = small_network().to(backend.xp).astype(dtype), pictures(backend, dtype)
    dy = backend.put(np.ones((5, 5)), dtype)
    network.forward(x, training=True)
    network.backward(dy)
    expected = {name: backend.get(value).copy() for name, value in network.grads.items()}
    assert network.backward(dy, input_gradient=False) is None
    for name, value in expected.items():
        np.testing.assert_array_equal(backend.get(network.grads[name]), value)


def test_a_network_with_the_state_of_another_drops_the_same_units(backend):
    x = pictures(backend, "float32")
    network, resumed = small_network().to(backend.xp), small_network().to(backend.xp)
    for _ in range(3):
        network.forward(x, training=True)
    resumed.load_state(network.state())
    assert resumed.state() == network.state() == {"drop.seed": 4, "drop.passes": 3}
    np.testing.assert_array_equal(
        backend.get(resumed.forward(x, training=True)),
        backend.get(network.forward(x, training=True)),
    )


# ---- setting parameters -----------------------------------------------------------------------


def test_set_params_copies_values_in_from_the_host_too(backend, rng):
    network = small_network().to(backend.xp)
    values = {n: rng.standard_normal(p.shape).astype("f") for n, p in network.params.items()}
    own = dict(network.params)
    network.set_params(values)
    for name, value in values.items():
        assert network.params[name] is own[name]
        np.testing.assert_array_equal(backend.get(own[name]), value)
        value[...] = 0
        assert backend.get(own[name]).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v.pop("fc1.bias"), r"missing \['fc1.bias'\], unknown none"),
        (lambda v: v.update(fc9=np.zeros(1)), r"missing none, unknown \['fc9'\]"),
        (
            lambda v: v.update({"fc2.bias": np.zeros(3)}),
            r"parameter fc2.bias has shape \(3,\); this network expects \(5,\)",
        ),
    ],
)
def test_parameters_that_do_not_fit_are_refused_and_nothing_is_changed(change, message):
    network = small_network()
    before = {name: value.copy() for name, value in network.params.items()}
    values = {name: value + 1 for name, value in before.items()}
    change(values)
    with pytest.raises(InputError, match=message):
        network.set_params(values)
    for name, value in before.items():
        np.testing.assert_array_equal(network.params[name], value)


# ---- moving and converting --------------------------------------------------------------------


def test_to_and_astype_reach_every_layer(dtype):
    network = small_network().astype(dtype)
    assert network.to(strict) is network
    x = to_strict(pictures_on_host(2).astype(dtype))
    y = network.forward(x, training=True)
    network.backward(y)
    for value in (y, *network.params.values(), *network.grads.values()):
        assert isinstance(value, strict.ndarray)
        assert value.dtype == dtype


def test_both_backends_compute_the_same(backend, dtype):
    x = pictures_on_host(5).astype(dtype)
    here, there = small_network().astype(dtype), small_network().astype(dtype).to(backend.xp)
    y = here.forward(x, training=True)
    backend.check(there.forward(backend.put(x), training=True), y, dtype)
    backend.check(there.backward(backend.put(y)), here.backward(y), dtype)
    for name, gradient in here.grads.items():
        backend.check(there.grads[name], gradient, dtype)


# ---- as text ----------------------------------------------------------------------------------


def test_shapes_and_costs_are_those_of_the_layers():
    network = small_network()
    assert network.output_shape((3, 7, 8)) == (5,)
    assert network.multiply_adds((3, 7, 8)) == 5 * 6 * 54 + 24 * 8 + 8 * 5
    assert nested_network().multiply_adds((3, 7, 8)) == network.multiply_adds((3, 7, 8))


def test_a_network_with_an_input_shape_prints_as_a_table_and_without_as_its_layers():
    assert str(small_network()).splitlines()[0].split() == [
        "name",
        "layer",
        "output",
        "parameters",
        "multiply-adds",
    ]
    assert str(Sequential([ReLU()])) == "Sequential(0=ReLU())"


# ---- layers and names -------------------------------------------------------------------------


def test_calling_a_network_is_its_own_predict(monkeypatch):
    monkeypatch.setattr(Sequential, "predict", lambda self, x: "predicted")
    assert small_network()(np.zeros((1, 3, 7, 8), np.float32)) == "predicted"


def test_layers_of_a_plain_list_are_found_by_number():
    first, second = Linear(2, 3), ReLU()
    network = Sequential([first, second])
    assert network[0] is network["0"] is first
    assert network[1] is second


@pytest.mark.parametrize("make", [small_network, nested_network])
def test_after_backward_each_layer_has_its_gradients_without_a_copy(make):
    network = make()
    y = network.forward(np.ones((2, 3, 7, 8), np.float32), training=True)
    network.backward(np.ones_like(y))

    def check(layer, prefix):
        assert set(layer.grads) == set(layer.params)
        for key, gradient in layer.grads.items():
            assert gradient is network.grads[f"{prefix}{key}"]
        for name, inner in getattr(layer, "layers", {}).items():
            check(inner, f"{prefix}{name}.")

    check(network, "")


def test_one_layer_in_two_places_is_refused():
    shared = Linear(3, 3)
    with pytest.raises(InputError, match="layers a and c are one and the same object; make"):
        Sequential({"a": shared, "b": ReLU(), "c": shared})
    with pytest.raises(InputError, match=r"layers a and b\.0 are one and the same object"):
        Sequential({"a": shared, "b": Sequential([shared])})


@pytest.mark.parametrize(("thing", "kind"), [(ReLU, "the class ReLU"), (np.tanh, "ufunc")])
def test_what_is_no_layer_is_refused(thing, kind):
    with pytest.raises(InputError, match=f"layer 1 is {kind}; expected a layer object"):
        Sequential([Linear(2, 2), thing])


@pytest.mark.parametrize(
    ("thing", "kind"), [(ReLU(), "ReLU"), (ReLU, "the class ReLU"), ("relu", "str"), (None, "None")]
)
def test_layers_come_by_name_or_in_a_list(thing, kind):
    with pytest.raises(InputError, match=f"Sequential got {kind}.*; expected layers by name, or a"):
        Sequential(thing)


def test_layers_are_read_only_and_a_network_of_them_can_have_another():
    """Another layer in the dictionary would be in the table, but not in what is computed."""
    network = Sequential({"fc6": Linear(4, 3), "relu6": ReLU(), "fc7": Linear(3, 2)})
    with pytest.raises(TypeError, match="does not support item assignment"):
        network.layers["fc7"] = Linear(3, 5)
    other = Sequential({**network.layers, "fc7": Linear(3, 5)})
    assert other.predict(np.ones((1, 4), "float32")).shape == (1, 5)
    assert other["fc6"] is network["fc6"]


def test_a_network_knows_the_names_of_its_layers():
    network = Sequential({"fc6": Linear(4, 3), "relu6": ReLU()})
    assert list(network) == ["fc6", "relu6"] and len(network) == 2
    assert "fc6" in network and "fc8" not in network
    with pytest.raises(InputError, match="there is no layer 'fc8' in this network; there are fc6,"):
        network["fc8"]


def test_names_with_dots_are_refused():
    """A layer "a.b" and a layer "b" in a network "a" would share the name of their weights."""
    with pytest.raises(InputError, match=r"a layer is called 'a\.b'; expected a name without dots"):
        Sequential({"a": Sequential({"b": Linear(2, 2)}), "a.b": Linear(2, 2)})


class TestBefore:
    """The layers before one of them are a network too."""

    def test_the_rest_finishes_what_they_began(self, backend, dtype):
        network = small_network().to(backend.xp).astype(dtype)
        x = pictures(backend, dtype)
        features = network.before("fc2").predict(x)
        assert features.shape == (5, 8)
        expected = backend.get(network.predict(x))
        backend.check(network["fc2"].predict(features), expected, dtype)

    def test_they_are_the_same_layers(self):
        network = small_network()
        part = network.before("pool")
        assert list(part.layers) == ["conv", "relu", "norm"]
        assert all(part[name] is network[name] for name in part.layers)
        network["conv"].params["bias"] += 1
        np.testing.assert_array_equal(part.params["conv.bias"], network.params["conv.bias"])

    def test_the_network_remembers_its_forward_pass(self):
        network = small_network()
        y = network.forward(pictures_of_numpy(), training=True)
        network.before("fc2")
        network.backward(np.ones_like(y))

    def test_a_plain_list_is_cut_by_number(self):
        assert list(Sequential([ReLU(), Flatten(), ReLU()]).before(2).layers) == ["0", "1"]

    @pytest.mark.parametrize("name", ["fc9", "conv"])
    def test_where_there_is_nothing_it_says_what_there_is(self, name):
        with pytest.raises(InputError, match=f"nothing before a layer '{name}'.*one of relu, norm"):
            small_network().before(name)

    def test_a_single_layer_has_nothing_before_it(self):
        with pytest.raises(InputError, match="expected one of two layers or more"):
            Sequential([ReLU()]).before(0)


def pictures_of_numpy():
    return np.random.default_rng(5).standard_normal((5, 3, 7, 8)).astype("float32")
