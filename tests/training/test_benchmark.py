"""The benchmark measures what it says, and leaves the network as it was."""

import sys
import types

import numpy as np
import pytest

from minialexnet.backend import num_threads, synchronize, to_host
from minialexnet.errors import InputError
from minialexnet.layers import Conv2d, Dropout, Flatten, Layer, Linear, MaxPool2d, ReLU, Sequential
from minialexnet.models import alexnet
from minialexnet.training import benchmark
from minialexnet.training.benchmark import StepTime, measure


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(benchmark, "LATENCY_SECONDS", 0.0)
    monkeypatch.setattr(benchmark, "PRODUCTS_SECONDS", 0.0)
    monkeypatch.setattr(benchmark, "SMALLEST_PRODUCT", 16)


def network(**more: Layer) -> Sequential:
    """All kinds of parts: slices of the batch on threads, then the batch as a whole."""
    layers = {
        "conv": Conv2d(3, 4, 3),
        "relu": ReLU(),
        "pool": MaxPool2d(2),
        "flatten": Flatten(),
        "drop": Dropout(0.5),
        "fc": Linear(100, 5),
    }
    return Sequential(more | layers, input_shape=(3, 12, 12))


class Witness(Layer):
    """Lets everything pass, and notes whether a clock hides its methods meanwhile."""

    def __init__(self, fail_when_watched: bool = False) -> None:
        super().__init__()
        self.watched: list[bool] = []
        self.fail = fail_when_watched

    def run(self, x, training=False):
        if training:
            self.watched.append("run" in vars(self))
        if self.fail and self.watched[-1]:
            raise MemoryError
        return x, None

    def run_backward(self, dy, memory, input_gradient=True):
        return dy, {}


def test_each_layer_is_timed_in_both_directions_and_in_order(xp):
    found = measure(network().to(xp), batch_size=3, steps=2)
    assert [(layer.name, layer.kind) for layer in found.layers] == [
        ("conv", "Conv2d"),
        ("relu", "ReLU"),
        ("pool", "MaxPool2d"),
        ("flatten", "Flatten"),
        ("drop", "Dropout"),
        ("fc", "Linear"),
    ]
    for layer in found.layers:
        assert layer.forward > 0, layer.name
        assert layer.backward > 0, layer.name
    for seconds in (*vars(found.step).values(), found.inference, found.latency, found.sgemm):
        assert seconds > 0


@pytest.mark.parametrize("count", [1, 3])
def test_the_layers_take_no_longer_than_the_step_however_many_threads(threads, count):
    threads(count)
    found = measure(network(), batch_size=16, steps=3)
    spent = sum(layer.total for layer in found.layers)
    assert 0 < spent < found.watched.forward + found.watched.backward
    shares = spent + found.between_layers + found.watched.loss + found.watched.update
    assert shares == pytest.approx(found.watched.total)
    assert num_threads() == count


@pytest.mark.parametrize("size", [16, 33])
def test_no_layer_of_alexnet_is_gone_round(size):
    """By a short cut for some neighbours, say: their time would count as "between the layers"."""
    for layer in measure(alexnet("mini", 3, size), batch_size=2, steps=1).layers:
        assert layer.forward > 0, layer.name
        assert layer.backward > 0, layer.name


@pytest.mark.parametrize("batch_size", [1, 2])
def test_the_network_is_left_as_it_was(xp, batch_size):
    net = network().to(xp)
    before = {name: to_host(value).copy() for name, value in net.params.items()}
    state = net.state()
    measure(net, batch_size, steps=2)
    assert net.state() == state
    for name, value in net.params.items():
        np.testing.assert_array_equal(to_host(value), before[name])
    for layer in net.layers.values():
        assert not {"run", "run_backward"} & set(vars(layer))


def test_clocks_are_there_only_for_the_steps_of_their_own():
    witness = Witness()
    measure(network(witness=witness), batch_size=1, steps=2)
    assert witness.watched == [False] * 3 + [True] * 2


def test_clocks_are_taken_away_when_a_step_fails():
    witness = Witness(fail_when_watched=True)
    net = network(witness=witness)
    state = net.state()
    with pytest.raises(MemoryError):
        measure(net, batch_size=1, steps=1)
    assert witness.watched[-1]
    assert net.state() == state
    for layer in net.layers.values():
        assert not {"run", "run_backward"} & set(vars(layer))


def test_a_moment_is_shared_between_the_calls_under_way():
    calls = [
        ("a", "forward", 0.0, 4.0),
        ("b", "forward", 1.0, 3.0),  # beside a
        ("a", "forward", 2.0, 3.0),  # beside both, on a third thread
        ("b", "backward", 10.0, 11.0),
        ("a", "backward", 11.0, 13.0),
    ]
    shared = benchmark._shared_time(calls[::-1])
    assert shared == pytest.approx(
        {
            ("a", "forward"): 1 + 1 / 2 + 2 / 3 + 1,
            ("b", "forward"): 1 / 2 + 1 / 3,
            ("b", "backward"): 1,
            ("a", "backward"): 2,
        }
    )


def test_the_step_in_the_middle_is_taken(monkeypatch):
    seconds = iter([99.0, 5.0, 1.0, 3.0, 2.0, 4.0, 8.0, 6.0, 7.0])  # warm-up, 5 steps, 3 watched
    monkeypatch.setattr(
        benchmark._Bench, "train", lambda self: StepTime(next(seconds), 0.5, 0.25, 0.125)
    )
    found = measure(network(), batch_size=2, steps=5)
    assert (found.step.forward, found.step.total) == (3.0, 3.875)
    assert found.watched.forward == 7.0


@pytest.mark.parametrize(
    ("times", "seconds", "expected"), [(1, 0.0, 3.0), (3, 0.0, 4.0), (1, 14.0, 4.0)]
)
def test_the_first_call_does_not_count_and_the_others_are_enough(
    monkeypatch, times, seconds, expected
):
    now = 0.0
    taken = iter([1000.0, 3.0, 4.0, 8.0, 6.0])

    def work():
        nonlocal now
        now += next(taken)

    monkeypatch.setattr(benchmark, "time", types.SimpleNamespace(perf_counter=lambda: now))
    assert benchmark._typical_time(work, times, seconds, np) == expected
    left = 3 if times == 1 and not seconds else 1
    assert len(list(taken)) == left


def test_a_call_without_length_takes_no_time():
    """Clocks may stand still for so short a call."""
    calls = [("a", "forward", 0.0, 4.0), ("b", "forward", 1.0, 1.0)]
    assert benchmark._shared_time(calls) == {("a", "forward"): 4.0}


def test_operations_are_those_of_the_products():
    """Twice the multiply-adds: forward, gradient of the weights, and of the input but the first."""
    conv, fc = 10 * 10 * 4 * 3 * 3 * 3, 100 * 5
    net = network()
    operations = {layer.name: layer.operations for layer in measure(net, 7, steps=1).layers}
    assert operations.pop("conv") == 7 * 2 * 2 * conv
    assert operations.pop("fc") == 7 * 2 * 3 * fc
    assert not any(operations.values())
    found = measure(net, 7, steps=1)
    assert found.operations == 7 * 2 * (2 * conv + 3 * fc)
    assert found.floor == pytest.approx(found.operations / found.sgemm)
    assert found.reached == pytest.approx(found.floor / found.step.total)


@pytest.mark.parametrize("count", [1, 4])
def test_the_rate_of_products_counts_all_threads(monkeypatch, threads, count):
    threads(count)

    def take(a, products, xp):
        assert {product.shape for product in products} == {a.shape}
        return len(products) * 2 * len(a) ** 3 / 5e9

    monkeypatch.setattr(benchmark, "_time_products", take)
    assert benchmark._sgemm_rate(np, 0.01) == pytest.approx(5e9)


def test_products_are_computed_in_float32(xp, monkeypatch):
    seen = []

    def note(a, products, xp):
        time_products(a, products, xp)
        seen.extend([a, *products])
        return 1.0

    time_products = benchmark._time_products
    monkeypatch.setattr(benchmark, "_time_products", note)
    benchmark._sgemm_rate(xp, 0.0)
    a, *products = (to_host(array) for array in seen)
    assert a.dtype == np.float32
    for product in products:
        np.testing.assert_allclose(product, a @ a, rtol=1e-4, atol=1e-4)


def test_pictures_are_laid_out_as_in_training(xp):
    x, labels = benchmark._pictures(network(), 60, xp)
    assert x.transpose(0, 2, 3, 1).flags.c_contiguous
    x = to_host(x)
    assert (x.shape, x.dtype) == ((60, 3, 12, 12), np.float32)
    assert abs(x.mean()) < 0.05
    assert abs(x.std() - 1) < 0.05
    assert sorted(set(labels)) == [0, 1, 2, 3, 4]


def test_peak_memory_is_in_bytes_or_unknown(monkeypatch):
    peak = measure(network(), 1, steps=1).peak_memory
    if benchmark.resource is not None:
        assert 2**24 < peak < 2**40
    monkeypatch.setattr(benchmark, "resource", None)
    assert measure(network(), 1, steps=1).peak_memory is None


def test_progress_goes_through_all_stages():
    told = []
    measure(network(), 1, steps=4, progress=lambda *stage: told.append(stage))
    assert [done for done, _, _ in told] == list(range(len(told)))
    assert {total for _, total, _ in told} == {len(told)}
    assert len(told) == 1 + 4 + 3 + 3


@pytest.mark.parametrize(
    ("net", "batch_size", "steps", "message"),
    [
        (network(), 0, 1, "batch_size is 0"),
        (network(), 1, 0, "steps is 0"),
        (Sequential([Linear(2, 2)]), 1, 1, "input_shape"),
        (Sequential([ReLU()], input_shape=(3, 4, 4)), 1, 1, "needs parameters"),
    ],
)
def test_what_cannot_be_measured_is_refused(net, batch_size, steps, message):
    with pytest.raises(InputError, match=message):
        measure(net, batch_size, steps)


def test_a_clock_waits_for_the_device_before_and_after(monkeypatch):
    events = []

    class Worker(Layer):
        def run(self, x, training=False):
            events.append("work")
            return x, None

    monkeypatch.setattr(benchmark, "synchronize", lambda xp: events.append("wait"))
    layer = Worker()
    with benchmark._clocks_at({"a": layer}, np) as calls:
        assert layer.run(1) == (1, None)
    assert events == ["wait", "work", "wait"]
    assert [call[:2] for call in calls] == [("a", "forward")]


def test_only_cupy_is_waited_for(monkeypatch, xp):
    waits = []
    device = types.SimpleNamespace(synchronize=lambda: waits.append(1))
    cupy = types.SimpleNamespace(cuda=types.SimpleNamespace(Device=lambda: device))
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    synchronize(xp)
    assert not waits
    synchronize(cupy)
    assert waits == [1]
