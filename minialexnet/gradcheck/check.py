"""Numeric gradients against analytic ones.

The derivative of a function is measured by moving one number of its input a little to both sides:

    dL/dx  ~  (L(x + h) - L(x - h)) / 2h  =:  D(h),      L = sum of y * dy,  dy random

What makes the comparison sharp:

- float64 throughout; float32 has no room for a difference of nearly equal numbers.
- The difference is taken for each output before it is summed, so outputs that did not change
  cancel exactly, and their rounding errors with them.
- Two step sizes, h and h/2, combined as (4 D(h/2) - D(h)) / 3: the error falls as h^4.
- A random upstream gradient dy: with all ones, sums that should be weighted go unnoticed.
- Points where the function has a kink (ReLU at 0, two equal values in a pooling window) have no
  derivative. There the two step sizes disagree, whatever the analytic gradient says: such points
  are left out and counted.
"""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minialexnet.backend import get_array_module, host_generator, to_host
from minialexnet.errors import InputError
from minialexnet.layers import Layer, SoftmaxCrossEntropy

Array = Any

STEP = 1e-4
TOLERANCE = 1e-6
KINK = 2e-7  # disagreement of the two step sizes, relative to the largest gradient
SMALL = 1e-3  # gradients below this share of the largest are compared on that scale


@dataclass(frozen=True)
class Result:
    """How well the gradient with respect to one array agrees.

    Attributes:
        target: "x", or the parameter's name.
        error: the largest relative error |analytic - numeric| / max(|analytic|, |numeric|),
            where gradients below a thousandth of the array's largest count as that large.
        points: how many numbers were compared; kinks: how many had to be left out.
        worst: (index, analytic, numeric) of the largest error.
        tolerance: what the error was held against.
    """

    target: str
    error: float
    points: int
    kinks: int
    worst: tuple[tuple[int, ...], float, float] | None
    tolerance: float

    @property
    def verdict(self) -> str:
        """ "ok", "WRONG", or "NO VERDICT" when there was no point without a kink."""
        if self.points == 0:
            return "NO VERDICT"
        return "ok" if self.error < self.tolerance else "WRONG"

    def __str__(self) -> str:
        text = f"{self.target:12s} error {self.error:8.1e}  {self.points:5d} points"
        text += f"  {self.kinks} at kinks" if self.kinks else ""
        text += f"  {self.verdict}"
        if self.verdict == "WRONG" and self.worst is not None:
            index, analytic, numeric = self.worst
            text += f": at {list(index)} analytic {analytic:.6g}, numeric {numeric:.6g}"
        return text


@dataclass(frozen=True)
class Report:
    """The results for all arrays of one layer or function."""

    results: tuple[Result, ...]

    @property
    def ok(self) -> bool:
        """Every gradient agrees."""
        return all(result.verdict == "ok" for result in self.results)

    @property
    def error(self) -> float:
        """The largest relative error."""
        return max(result.error for result in self.results)

    @property
    def points(self) -> int:
        """How many numbers were compared."""
        return sum(result.points for result in self.results)

    @property
    def kinks(self) -> int:
        """How many points were left out because the function has a kink there."""
        return sum(result.kinks for result in self.results)

    def __str__(self) -> str:
        return "\n".join(str(result) for result in self.results)


def check_function(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    inputs: Sequence[Array],
    names: Sequence[str] | None = None,
    *,
    max_points: int | None = None,
    seed: int = 0,
    tolerance: float = TOLERANCE,
    step: float = STEP,
) -> Report:
    """Check a pair of functions that you wrote yourself.

    Either   y = forward(*inputs)             and   gradients = backward(dy, *inputs)
    or       y, cache = forward(*inputs)      and   gradients = backward(dy, cache)

    where `gradients` is one array, or a tuple with one for each input (None: do not check).

        def forward(x, w):  return x @ w.T
        def backward(dy, x, w):  return dy @ w, dy.T @ x
        print(check_function(forward, backward, [x, w], ["x", "w"]))

    Args:
        inputs: float64 arrays.
        max_points: compare so many numbers of each array, drawn at random; all by default.
        seed: of the upstream gradient and of that choice.
        tolerance: relative error from which a gradient counts as wrong.
        step: h.
    Raises:
        InputError: inputs are not float64, or a gradient is missing or of the wrong shape.
    """
    inputs = [get_array_module(array).array(array) for array in inputs]
    names = [f"input {i}" for i in range(len(inputs))] if names is None else list(names)
    _check_float64(inputs, names)

    result = forward(*inputs)
    with_cache = isinstance(result, tuple)

    def output(result: Any) -> Array:
        y = result[0] if with_cache else result
        return np.asarray(y) if isinstance(y, float | np.generic) else y  # a loss is one number

    y = output(result)
    _check_float64([y], ["the output of forward"])
    dy = _random_like(y, seed)
    gradients = backward(dy, result[1]) if with_cache else backward(dy, *inputs)
    gradients = list(gradients) if isinstance(gradients, tuple | list) else [gradients]
    if len(gradients) != len(inputs):
        raise InputError(
            f"backward returned {len(gradients)} gradients for {len(inputs)} inputs; expected one "
            "each (None where there is nothing to check)"
        )

    def evaluate() -> np.ndarray:
        return np.array(to_host(output(forward(*inputs))))  # a copy: it may share x's memory

    return _compare(evaluate, dy, names, inputs, gradients, max_points, seed, tolerance, step)


def check_layer(
    layer: Layer,
    x: Array,
    *,
    training: bool = True,
    max_points: int | None = None,
    seed: int = 0,
    tolerance: float = TOLERANCE,
    step: float = STEP,
) -> Report:
    """Check a layer, or a whole network: the gradients of its input and all its parameters.

    The layer itself is not changed; a float64 copy of it is checked. Dropout draws the same mask
    in every pass.

    Args: x: a batch; converted to float64. The rest as for `check_function`.
    """
    xp = get_array_module(x)
    x = xp.array(x, dtype=xp.float64)
    layer = copy.deepcopy(layer).astype(xp.float64)
    state = layer.state()

    def run() -> Array:
        layer.load_state(state)
        return layer.forward(x, training)

    dy = _random_like(run(), seed)
    dx = layer.backward(dy)
    names, arrays = ["x", *layer.params], [x, *layer.params.values()]
    missing = set(layer.params) - set(layer.grads)
    if missing:
        raise InputError(f"the backward pass filled no gradient for {', '.join(sorted(missing))}")
    gradients = [dx, *(layer.grads[name] for name in layer.params)]
    return _compare(
        lambda: np.array(to_host(run())),
        dy,
        names,
        arrays,
        gradients,
        max_points,
        seed,
        tolerance,
        step,
    )


def check_loss(
    criterion: SoftmaxCrossEntropy,
    logits: Array,
    labels: Array,
    *,
    seed: int = 0,
    tolerance: float = TOLERANCE,
    step: float = STEP,
) -> Report:
    """Check a loss: the gradient of its logits, for a loss that is itself weighted at random."""
    xp = get_array_module(logits)
    logits = xp.array(logits, dtype=xp.float64)
    dloss = float(host_generator(seed).uniform(1.5, 3.0))
    criterion.forward(logits, labels)
    gradient = criterion.backward(dloss)

    def evaluate() -> np.ndarray:
        return to_host(criterion.forward(logits, labels)).reshape(1)

    dy = xp.full((1,), dloss)
    return _compare(evaluate, dy, ["logits"], [logits], [gradient], None, seed, tolerance, step)


def _compare(
    evaluate: Callable[[], np.ndarray],
    dy: Array,
    names: Sequence[str],
    arrays: Sequence[Array],
    gradients: Sequence[Array | None],
    max_points: int | None,
    seed: int,
    tolerance: float,
    step: float,
) -> Report:
    """Compare `gradients` with numeric ones, got by changing the numbers of `arrays` in place."""
    weights, results = to_host(dy), []
    for name, array, gradient in zip(names, arrays, gradients, strict=True):
        if gradient is None:
            continue
        if tuple(gradient.shape) != tuple(array.shape):
            raise InputError(
                f"the gradient with respect to {name} has shape {tuple(gradient.shape)}; expected "
                f"{tuple(array.shape)}, the shape of {name} itself"
            )
        analytic = to_host(gradient)
        indices = _choose_indices(analytic, max_points, seed)
        measured = [_measure(evaluate, weights, array, index, step) for index in indices]
        results.append(_judge(name, indices, analytic, measured, tolerance))
    return Report(tuple(results))


def _measure(
    evaluate: Callable[[], np.ndarray],
    weights: np.ndarray,
    array: Array,
    index: tuple[int, ...],
    h: float,
) -> tuple[float, float]:
    """The numeric gradient of one number of `array`, and how much two step sizes disagree on it."""
    original = float(array[index])

    def at(offset: float) -> np.ndarray:
        array[index] = original + offset
        return evaluate()

    try:
        far_below, below, here, above, far_above = (at(h * s) for s in (-1, -0.5, 0, 0.5, 1))
    finally:
        array[index] = original
    wide = (far_above - far_below) / (2 * h)
    narrow = (above - below) / h
    # At a kink the slope jumps. On a smooth function the second difference divided by h shrinks
    # with h and slopes agree; a kink anywhere within h violates one of the two, if not both.
    bend_wide = (far_above - 2 * here + far_below) / h
    bend_narrow = (above - 2 * here + below) / (h / 2)
    disagreement = np.abs(bend_wide - 2 * bend_narrow) + np.abs(wide - narrow)
    numeric = float(((4 * narrow - wide) / 3 * weights).sum())
    return numeric, float((disagreement * np.abs(weights)).sum())


def _judge(
    name: str,
    indices: Sequence[tuple[int, ...]],
    analytic: np.ndarray,
    measured: Sequence[tuple[float, float]],
    tolerance: float,
) -> Result:
    largest = max((abs(numeric) for numeric, _ in measured), default=0.0)
    largest = max(largest, float(np.abs(analytic).max(initial=0.0)))
    error, worst, kinks = 0.0, None, 0
    for index, (numeric, disagreement) in zip(indices, measured, strict=True):
        if disagreement > KINK * largest:
            kinks += 1
            continue
        value = float(analytic[index])
        scale = max(abs(value), abs(numeric), SMALL * largest)
        this = 0.0 if scale == 0 else abs(value - numeric) / scale
        if not this <= error:  # also when it is NaN
            error, worst = (math.inf if math.isnan(this) else this), (index, value, numeric)
    return Result(name, error, len(indices) - kinks, kinks, worst, tolerance)


def _choose_indices(
    analytic: np.ndarray, max_points: int | None, seed: int
) -> list[tuple[int, ...]]:
    """All indices, or `max_points` drawn at random, half of them where the gradient is not 0.

    Behind dropout and ReLU most gradients of a large layer are 0, and would prove little.
    """
    if max_points is None or analytic.size <= max_points:
        return list(np.ndindex(analytic.shape))
    generator = host_generator(seed, 1)
    nonzero = np.flatnonzero(analytic)
    some = generator.choice(nonzero, min(max_points // 2, len(nonzero)), replace=False)
    rest = generator.choice(analytic.size, max_points - len(some), replace=False)
    chosen = np.unique(np.concatenate([some, rest]))
    return [tuple(int(i) for i in np.unravel_index(flat, analytic.shape)) for flat in chosen]


def _random_like(y: Array, seed: int) -> Array:
    return get_array_module(y).asarray(host_generator(seed).standard_normal(y.shape))


def _check_float64(arrays: Sequence[Array], names: Sequence[str]) -> None:
    for array, name in zip(arrays, names, strict=True):
        if array.dtype != np.float64:
            raise InputError(
                f"{name} is {array.dtype}; expected float64, since in smaller types the "
                "difference of two nearly equal numbers is mostly rounding error"
            )
