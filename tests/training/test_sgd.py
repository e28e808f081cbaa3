"""The optimizer follows the paper's formula, number by number."""

import numpy as np
import pytest

from minialexnet.errors import InputError
from minialexnet.layers import Conv2d, Flatten, Linear, Sequential
from minialexnet.training import SGD


def network(xp=np, dtype="float64"):
    net = Sequential(
        {
            "conv": Conv2d(3, 4, 3, bias_init=0.5),
            "flatten": Flatten(),
            "fc": Linear(16, 5, bias_init=-0.5),
        }
    )
    return net.to(xp).astype(dtype)


def gradients(net, rng, xp=np):
    """Random gradients, in the C order that no convolution's weights have."""
    return {name: xp.asarray(rng.standard_normal(w.shape)) for name, w in net.params.items()}


def paper_loop(start, all_gradients, rates, momentum, weight_decay, bias_factor):
    """Section 5 of the paper for each single number, in Python's own arithmetic."""
    result = {}
    for name, w0 in start.items():
        numbers, is_bias = [], name.endswith("bias")
        for position in np.ndindex(w0.shape):
            w, v = float(w0[position]), 0.0
            for gradient, rate in zip(all_gradients, rates, strict=True):
                lr = rate * (bias_factor if is_bias else 1)
                decay = 0.0 if is_bias else weight_decay
                v = momentum * v - decay * lr * w - lr * float(gradient[name][position])
                w = w + v
            numbers.append(w)
        result[name] = np.array(numbers).reshape(w0.shape)
    return result


def run(net, all_gradients, rates, **options):
    optimizer = SGD(net, rates[0], **options)
    for gradient, rate in zip(all_gradients, rates, strict=True):
        net.grads = gradient
        optimizer.lr = rate
        optimizer.step()
    return optimizer


@pytest.mark.parametrize(
    ("momentum", "weight_decay", "bias_factor"),
    [(0.9, 5e-4, 2.0), (0.5, 0.1, 1.0), (0.0, 0.1, 2.0), (0.9, 0.0, 3.0)],
)
def test_five_steps_are_those_of_the_paper(backend, rng, momentum, weight_decay, bias_factor):
    net, rates = network(backend.xp), [0.1, 0.1, 0.01, 0.01, 0.3]
    start = {name: backend.get(w).copy() for name, w in net.params.items()}
    all_gradients = [gradients(net, rng) for _ in rates]
    expected = paper_loop(start, all_gradients, rates, momentum, weight_decay, bias_factor)
    on_device = [{k: backend.put(v) for k, v in g.items()} for g in all_gradients]
    run(
        net,
        on_device,
        rates,
        momentum=momentum,
        weight_decay=weight_decay,
        bias_lr_factor=bias_factor,
    )
    for name, w in net.params.items():
        backend.check(w, expected[name], "float64", 1e-14)


def test_by_default_the_constants_are_the_papers_and_biases_learn_twice_as_fast(rng):
    net, rates = network(), [0.1, 0.01, 0.1]
    start = {name: w.copy() for name, w in net.params.items()}
    all_gradients = [gradients(net, rng) for _ in rates]
    run(net, all_gradients, rates)
    expected = paper_loop(start, all_gradients, rates, 0.9, 5e-4, 2.0)
    for name, w in net.params.items():
        np.testing.assert_allclose(w, expected[name], rtol=1e-13)


def test_the_learning_rate_is_inside_the_momentum_buffer(rng):
    """After the rate has dropped to 0, the old velocity carries the weights on."""
    net = network()
    net.grads = gradients(net, rng)
    optimizer = SGD(net, 0.1, weight_decay=0.0)
    optimizer.step()
    first = optimizer.velocity["fc.weight"].copy()
    before = net.params["fc.weight"].copy()
    optimizer.lr = 0.0
    optimizer.step()
    np.testing.assert_allclose(net.params["fc.weight"] - before, 0.9 * first, rtol=1e-9)


def test_each_parameter_has_its_factor(rng):
    """Half of twice the rate is the rate, and nothing of it leaves a parameter as it was."""
    net = network()
    start, gradient = {name: w.copy() for name, w in net.params.items()}, gradients(net, rng)
    after = []
    for lr, factor in ((0.2, 0.5), (0.1, 1.0)):
        net.set_params(start)
        net.grads = gradient
        SGD(net, lr).step(lambda name, factor=factor: factor if name == "fc.weight" else 0.0)
        after.append({name: w.copy() for name, w in net.params.items()})
    for name, w in start.items():
        np.testing.assert_allclose(after[0][name], after[1][name], rtol=1e-12)
        assert np.array_equal(after[0][name], w) == (name != "fc.weight")


def test_only_weights_decay():
    net = network()
    start = {name: w.copy() for name, w in net.params.items()}
    net.grads = {name: np.zeros_like(w) for name, w in net.params.items()}
    SGD(net, 0.1, weight_decay=0.5).step()
    for name, w in net.params.items():
        expected = start[name] * (1 if name.endswith("bias") else 0.95)
        np.testing.assert_allclose(w, expected, rtol=1e-14)


def test_parameters_and_velocity_are_updated_in_place(rng):
    net = network()
    net.grads = gradients(net, rng)
    optimizer, params = SGD(net, 0.1), dict(net.params)
    velocity = dict(optimizer.velocity)
    optimizer.step()
    assert all(net.params[name] is w for name, w in params.items())
    assert all(optimizer.velocity[name] is v for name, v in velocity.items())


def test_gradients_are_not_modified(rng):
    net = network()
    net.grads = gradients(net, rng)
    before = {name: g.copy() for name, g in net.grads.items()}
    SGD(net, 0.1).step()
    for name, gradient in net.grads.items():
        np.testing.assert_array_equal(gradient, before[name])


def test_float32_stays_float32(backend, rng):
    net = network(backend.xp, "float32")
    net.grads = {
        name: backend.put(rng.standard_normal(w.shape), "float32") for name, w in net.params.items()
    }
    optimizer = SGD(net, 0.1)
    optimizer.step()
    assert all(w.dtype == np.float32 for w in net.params.values())
    assert all(v.dtype == np.float32 for v in optimizer.velocity.values())


@pytest.mark.parametrize("number", [np.float64, np.float32, float])
def test_numbers_of_any_kind_give_the_same_weights(rng, number):
    """A float64 of NumPy among float32 arrays would make the products float64."""
    nets = [network(dtype="float32") for _ in range(2)]
    nets[1].set_params(nets[0].params)
    grads = {k: rng.standard_normal(w.shape, "float32") for k, w in nets[0].params.items()}
    for net, kind in zip(nets, (float, number), strict=True):
        net.grads = grads
        # Halves and eighths, which all kinds have exactly.
        half = kind(0.5)
        optimizer = SGD(net, kind(0.125), momentum=half, weight_decay=half, bias_lr_factor=half)
        for _ in range(3):
            optimizer.step(lambda name, kind=kind: kind(0.75))
    for name, w in nets[0].params.items():
        np.testing.assert_array_equal(w, nets[1].params[name])


@pytest.mark.parametrize("when", [0, 1, 2])
def test_the_layout_of_parameters_set_by_hand_does_not_matter(backend, rng, when):
    """Convolution weights lie channels-last in memory; one who replaces them may not know."""
    xp = backend.xp
    ours, by_hand = network(xp), network(xp)
    by_hand.set_params(ours.params)
    rates = [0.1, 0.2, 0.05]
    all_gradients = [gradients(ours, rng, xp) for _ in rates]
    our_optimizer = run(ours, all_gradients, rates)

    optimizer = SGD(by_hand, rates[0])
    for step, (gradient, rate) in enumerate(zip(all_gradients, rates, strict=True)):
        if step == when:
            weight = backend.get(by_hand["conv"].params["weight"])
            by_hand["conv"].params["weight"] = backend.put(np.ascontiguousarray(weight.T)).T
        by_hand.grads, optimizer.lr = gradient, rate
        optimizer.step()
    assert by_hand.params["conv.weight"].strides != ours.params["conv.weight"].strides
    for name, w in by_hand.params.items():
        backend.check(w, backend.get(ours.params[name]), "float64", 1e-30)
        velocity = backend.get(our_optimizer.velocity[name])
        backend.check(optimizer.velocity[name], velocity, "float64", 1e-30)


def test_the_number_of_threads_does_not_matter(threads, rng):
    def trained(count):
        threads(count)
        layer = Linear(500, 300, generator=np.random.default_rng(1))  # several blocks
        rng = np.random.default_rng(0)
        optimizer = SGD(layer, 0.1)
        for _ in range(3):
            layer.grads = {
                name: rng.standard_normal(w.shape).astype("float32")
                for name, w in layer.params.items()
            }
            optimizer.step()
        return layer.params["weight"]

    one = trained(1)
    for count in (2, 3, 7):
        np.testing.assert_array_equal(trained(count), one)


def test_at_a_constant_rate_it_is_pytorchs(rng):
    torch = pytest.importorskip("torch")
    net, lr = network(), 0.05
    rates = [lr] * 6
    all_gradients = [gradients(net, rng) for _ in rates]
    theirs = {
        name: torch.nn.Parameter(torch.tensor(np.ascontiguousarray(w)))
        for name, w in net.params.items()
    }
    weights = [p for name, p in theirs.items() if name.endswith("weight")]
    biases = [p for name, p in theirs.items() if name.endswith("bias")]
    optimizer = torch.optim.SGD(
        [
            {"params": weights, "weight_decay": 0.01},
            {"params": biases, "weight_decay": 0.0, "lr": 2 * lr},
        ],
        lr=lr,
        momentum=0.9,
    )
    for gradient in all_gradients:
        for name, parameter in theirs.items():
            parameter.grad = torch.tensor(gradient[name])
        optimizer.step()
    run(net, all_gradients, rates, weight_decay=0.01)
    for name, w in net.params.items():
        np.testing.assert_allclose(w, theirs[name].detach().numpy(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    "options",
    [
        {"lr": -0.1},
        {"lr": float("nan")},
        {"lr": 0.1, "momentum": 1.0},
        {"lr": 0.1, "momentum": -0.1},
        {"lr": 0.1, "momentum": float("nan")},
        {"lr": 0.1, "weight_decay": -1e-4},
        {"lr": float("inf")},
        {"lr": 0.1, "weight_decay": float("inf")},
        {"lr": 0.1, "bias_lr_factor": -3},
        {"lr": "0.1"},
        {"lr": None},
        {"lr": 0.1, "bias_lr_factor": float("nan")},
    ],
)
def test_impossible_settings_are_refused(options):
    with pytest.raises(InputError, match=r"SGD got lr=.*momentum=.*weight_decay=.*; expected"):
        SGD(network(), **options)


@pytest.mark.parametrize("thing", [None, {"weight": np.ones(3)}, Linear, Sequential])
def test_what_is_no_layer_is_refused(thing):
    with pytest.raises(InputError, match=r"SGD got .* to train; expected a layer or a network"):
        SGD(thing, 0.1)


def test_a_step_without_gradients_is_refused():
    with pytest.raises(InputError, match=r"without gradients; call network\.backward first"):
        SGD(network(), 0.1).step()


class OneMatrix:
    """The least that can be trained: a parameter, and a gradient given by hand."""

    def __init__(self, weight, gradient):
        self.params, self.grads = {"weight": weight}, {"weight": gradient}


@pytest.mark.parametrize("shape", [(6, 3), (3,), (1, 3), (3, 4)])
def test_a_gradient_of_another_shape_is_refused_and_nothing_moves(shape):
    """Some of these would be broadcast, or read as the first of their numbers."""
    network = OneMatrix(np.ones((4, 3)), np.ones(shape))
    with pytest.raises(InputError, match=r"the gradient of weight has shape .*; expected \(4, 3\)"):
        SGD(network, 0.1).step()
    np.testing.assert_array_equal(network.params["weight"], 1)


def test_a_parameter_of_another_shape_than_before_is_refused():
    """The momentum of the old one would move the new one."""
    network = OneMatrix(np.ones((5, 3)), np.ones((5, 3)))
    optimizer = SGD(network, 0.1)
    optimizer.step()
    network.params["weight"], network.grads["weight"] = np.ones((2, 3)), np.zeros((2, 3))
    with pytest.raises(InputError, match=r"the velocity of weight has shape \(5, 3\); expected"):
        optimizer.step()
