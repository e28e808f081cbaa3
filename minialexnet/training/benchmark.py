"""How fast a network trains and predicts here, and which of its layers take the time.

The layers are timed from outside: for some steps their `run` and `run_backward` are hidden behind
clocks, and taken back afterwards. So nothing in the layers knows of it, and the steps that count
run without. Slices of a batch go through different layers at the same time, on several threads;
such a moment is shared equally between the calls that are under way. So the times of the layers
add up to the time on the wall.
"""

import functools
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from minialexnet.backend import (
    get_array_module,
    host_generator,
    is_on_host,
    map_ordered,
    num_threads,
    synchronize,
)
from minialexnet.errors import InputError
from minialexnet.layers import Sequential, SoftmaxCrossEntropy
from minialexnet.training.sgd import SGD

try:
    import resource
except ImportError:  # on Windows
    resource = None

WATCHED_STEPS = 3  # steps with clocks at the layers, if so many are asked for
LATENCY_SECONDS = 0.5  # so long at least one picture after the other
PRODUCTS_SECONDS = 0.8  # so long the best rate of matrix products is looked for
SMALLEST_PRODUCT, LARGEST_PRODUCT = 512, 8192

DIRECTIONS = {"forward": "run", "backward": "run_backward"}
Call = tuple[str, str, float, float]
"""A layer's name, a direction, and when the call began and ended."""


@dataclass(frozen=True)
class StepTime:
    """Seconds of a training step."""

    forward: float
    loss: float
    backward: float
    update: float

    @property
    def total(self) -> float:
        """All four together."""
        return self.forward + self.loss + self.backward + self.update


@dataclass(frozen=True)
class LayerTime:
    """What one layer takes of a training step.

    Attributes:
        name, kind: of the layer.
        forward, backward: seconds; moments that several layers share count in parts.
        operations: floating-point operations in both directions, for layers that multiply, as the
            plain matrix products have them (some convolutions take fewer, see `ops.winograd`).
    """

    name: str
    kind: str
    forward: float
    backward: float
    operations: int

    @property
    def total(self) -> float:
        """Seconds in both directions."""
        return self.forward + self.backward


@dataclass(frozen=True)
class Benchmark:
    """What `measure` found.

    Attributes:
        batch_size: pictures in a batch; steps: how many training steps were timed.
        step: of these steps the one with the median time.
        watched: another such step, in which the layers were timed; it has its own time.
        layers: in the order of the network, as they were in the step `watched`.
        inference: seconds for a batch; latency: seconds for one picture by itself.
        operations: floating-point operations of a step inside the plain matrix products.
        sgemm: such operations a second, when this machine does nothing but multiply matrices.
        peak_memory: bytes that this process had at most until the last training step; None where
            the system does not say.
    """

    batch_size: int
    steps: int
    step: StepTime
    watched: StepTime
    layers: tuple[LayerTime, ...]
    inference: float
    latency: float
    operations: int
    sgemm: float
    peak_memory: int | None

    @property
    def between_layers(self) -> float:
        """Seconds of `watched` forward and backward in no layer.

        Batches are cut and joined, and what the slices share is worked out.
        """
        spent = self.watched.forward + self.watched.backward
        return spent - sum(layer.total for layer in self.layers)

    @property
    def floor(self) -> float:
        """Seconds the plain matrix products of a step would take by themselves."""
        return self.operations / self.sgemm

    @property
    def reached(self) -> float:
        """The floor as a share of the time a step takes, which fewer multiplications can beat."""
        return self.floor / self.step.total


def measure(
    network: Sequential,
    batch_size: int,
    steps: int = 5,
    progress: Callable[[int, int, str], None] | None = None,
) -> Benchmark:
    """Time training and inference of `network`, where its parameters are, on random pictures.

    The learning rate is 0, which is as much work as any other: the parameters stay as they are
    (unless a gradient is no number), and so does the state of dropout.

    Args:
        network: one that knows its `input_shape`, and ends in a row of logits.
        steps: after one that is not counted.
        progress: called with the stages done, their number, and what comes next.
    Raises:
        InputError: no pictures, no steps, or no such network.
    """
    if batch_size < 1 or steps < 1:
        raise InputError(
            f"batch_size is {batch_size} and steps is {steps}; expected at least 1 of each"
        )
    if network.input_shape is None or not network.params:
        raise InputError(
            "to be measured, a network needs parameters and the shape of its pictures; give "
            "Sequential an input_shape"
        )
    xp = get_array_module(*network.params.values())
    x, labels = _pictures(network, batch_size, xp)
    bench = _Bench(network, SGD(network, lr=0.0), SoftmaxCrossEntropy(), x, labels, xp)
    watched_steps = min(steps, WATCHED_STEPS)
    say = _stages(progress, 1 + steps + watched_steps + 3)
    state = network.state()
    try:
        say("warming up")
        bench.train()
        times = []
        for _ in range(steps):
            say("training")
            times.append(bench.train())
        with _clocks_at(network.layers, xp) as calls:
            watched = []
            for _ in range(watched_steps):
                say("timing the layers")
                calls.clear()
                watched.append((bench.train(), tuple(calls)))
    finally:
        network.load_state(state)
        network.forget()
    peak_memory = _peak_memory()
    say("inference")
    inference = _typical_time(lambda: network.predict(x), steps, 0.0, xp)
    say("inference of one picture")
    latency = _typical_time(lambda: network.predict(x[:1]), steps, LATENCY_SECONDS, xp)
    say("matrix products")
    sgemm = _sgemm_rate(xp, PRODUCTS_SECONDS)
    chosen, its_calls = _median(watched, key=lambda pair: pair[0].total)
    return Benchmark(
        batch_size=batch_size,
        steps=steps,
        step=_median(times, key=lambda step: step.total),
        watched=chosen,
        layers=tuple(_layer_times(network, batch_size, its_calls)),
        inference=inference,
        latency=latency,
        operations=sum(_operations(network, batch_size).values()),
        sgemm=sgemm,
        peak_memory=peak_memory,
    )


@dataclass(frozen=True)
class _Bench:
    """All that a training step takes."""

    network: Sequential
    optimizer: SGD
    criterion: SoftmaxCrossEntropy
    x: object
    labels: np.ndarray
    xp: object

    def train(self) -> StepTime:
        """One step, as a `Trainer` does it."""
        moments = [self._now()]
        logits = self.network.forward(self.x, training=True)
        moments.append(self._now())
        self.criterion.forward(logits, self.labels)
        gradient = self.criterion.backward()
        moments.append(self._now())
        self.network.backward(gradient, input_gradient=False)
        moments.append(self._now())
        self.optimizer.step()
        moments.append(self._now())
        return StepTime(*np.diff(moments).tolist())

    def _now(self) -> float:
        synchronize(self.xp)
        return time.perf_counter()


def _pictures(network: Sequential, count: int, xp):
    """Pixels of mean 0 and spread 1, channels last in memory as batches of pictures are."""
    channels, height, width = network.input_shape
    generator = host_generator(0)
    x = generator.standard_normal((count, height, width, channels), dtype=np.float32)
    num_classes = network.output_shape(network.input_shape)[-1]
    return xp.asarray(x).transpose(0, 3, 1, 2), np.arange(count) % num_classes


def _stages(progress, total: int) -> Callable[[str], None]:
    done = 0

    def say(text: str) -> None:
        nonlocal done
        if progress is not None:
            progress(done, total, text)
        done += 1

    return say


def _median(items: Sequence, key: Callable):
    """The item in the middle; of two the quicker one."""
    return sorted(items, key=key)[(len(items) - 1) // 2]


def _typical_time(function: Callable[[], object], times: int, seconds: float, xp) -> float:
    """The median of so many calls or more, until so many seconds are over, after one call."""
    function()
    synchronize(xp)
    taken: list[float] = []
    while len(taken) < times or sum(taken) < seconds:
        start = time.perf_counter()
        function()
        synchronize(xp)
        taken.append(time.perf_counter() - start)
    return float(np.median(taken))


# --- layers ---


@contextmanager
def _clocks_at(layers, xp) -> Iterator[list[Call]]:
    """Inside `with`, every call of the layers' `run` and `run_backward` is noted in the list."""
    calls: list[Call] = []

    def timed(name: str, direction: str, method: Callable) -> Callable:
        @functools.wraps(method)
        def call(*args, **kwargs):
            synchronize(xp)
            start = time.perf_counter()
            result = method(*args, **kwargs)
            synchronize(xp)
            calls.append((name, direction, start, time.perf_counter()))
            return result

        return call

    try:
        for name, layer in layers.items():
            for direction, method in DIRECTIONS.items():
                # An attribute of the object hides the method of its class.
                setattr(layer, method, timed(name, direction, getattr(layer, method)))
        yield calls
    finally:
        for layer in layers.values():
            for method in DIRECTIONS.values():
                vars(layer).pop(method, None)


def _layer_times(network: Sequential, batch_size: int, calls) -> Iterator[LayerTime]:
    seconds = _shared_time(calls)
    operations = _operations(network, batch_size)
    for name, layer in network.layers.items():
        forward, backward = (seconds[name, direction] for direction in DIRECTIONS)
        yield LayerTime(name, type(layer).__name__, forward, backward, operations[name])


def _shared_time(calls: Sequence[Call]) -> Counter:
    """Seconds by (name, direction); a moment with n calls under way counts 1/n for each."""
    borders = [(start, 1, (name, direction)) for name, direction, start, _ in calls]
    borders += [(end, -1, (name, direction)) for name, direction, _, end in calls]
    seconds, under_way, before = Counter(), Counter(), 0.0
    for moment, change, key in sorted(borders):
        if moment > before and under_way:
            share = (moment - before) / under_way.total()
            for running, count in under_way.items():
                seconds[running] += share * count
        under_way[key] += change
        if not under_way[key]:  # negative for a moment, where a call ended as it began
            del under_way[key]
        before = moment
    return seconds


def _operations(network: Sequential, batch_size: int) -> dict[str, int]:
    """Floating-point operations of a training step inside plain matrix products, by layer.

    Each multiply-add of the forward pass is two of them, and has two multiply-adds in backward:
    one for the weights' gradient and one for the input's, which the first layer need not have.
    """
    found: dict[str, int] = {}
    shape = network.input_shape
    for name, layer in network.layers.items():
        passes = 1 + bool(layer.params) + bool(found)
        found[name] = 2 * passes * batch_size * layer.multiply_adds(shape)
        shape = layer.output_shape(shape)
    return found


# --- the machine ---


def _sgemm_rate(xp, seconds: float) -> float:
    """The best rate of float32 matrix products, in operations a second, on all threads.

    The matrices grow until the time is used up; each thread has products of its own.
    """
    end, size, best = time.perf_counter() + seconds, SMALLEST_PRODUCT, 0.0
    generator = host_generator(0)
    while True:
        a = xp.asarray(generator.standard_normal((size, size), dtype=np.float32))
        # Two at least: a single piece of work would have all of BLAS's threads.
        pieces = max(2, num_threads()) if is_on_host(a) else 1
        products = [xp.empty_like(a) for _ in range(pieces)]
        while True:
            taken = _time_products(a, products, xp)
            best = max(best, pieces * 2 * size**3 / taken)
            left = end - time.perf_counter()
            if left < taken:
                return best
            if 3 * 8 * taken < left and size < LARGEST_PRODUCT:
                break
        size *= 2


def _time_products(a, products: list, xp) -> float:
    synchronize(xp)
    start = time.perf_counter()
    for _ in map_ordered(lambda product: xp.matmul(a, a, out=product), products):
        pass
    synchronize(xp)
    return time.perf_counter() - start


def _peak_memory() -> int | None:
    """The most bytes this process has had in memory so far."""
    if resource is None:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
