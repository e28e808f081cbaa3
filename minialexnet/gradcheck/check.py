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
  derivative. There the step sizes disagree, and go on to do so with a third, h/4, which tells them
  from points where a function is smooth but steep (see numeric.py). They are left out and counted.
- So are points within a step of which the function is not finite (the logarithm near 0).
- When more points had to be left out than could be compared, there is no verdict.
"""

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minialexnet.backend import get_array_module, host_generator, to_host
from minialexnet.errors import InputError
from minialexnet.gradcheck.numeric import Index, Probe
from minialexnet.layers import Layer, SoftmaxCrossEntropy
from minialexnet.layers.arguments import finite_number, whole_number

Array = Any

STEP = 1e-4
TOLERANCE = 1e-6
KINK = 2e-7  # disagreement of the step sizes, relative to the largest gradient
UPSTREAM = 4  # with the seed: readers draw their inputs from the seed alone, and dy must differ
SMALL = 1e-3  # gradients below this share of the largest are compared on that scale


@dataclass(frozen=True)
class Result:
    """How well the gradient with respect to one array agrees.

    Attributes:
        target: "x", or the parameter's name.
        error: the largest relative error |analytic - numeric| / max(|analytic|, |numeric|),
            where gradients below a thousandth of the array's largest count as that large (the
            largest of those compared). Infinite if an analytic gradient is not a finite number,
            be it at a point that would otherwise not have been compared.
        points: how many numbers were compared; kinks: how many were left out at kinks;
        not_finite: how many, because the function is not finite at the point or nearby.
        worst: (index, analytic, numeric) of the largest error.
        tolerance: what the error was held against.
    """

    target: str
    error: float
    points: int
    kinks: int
    not_finite: int
    worst: tuple[Index, float, float] | None
    tolerance: float

    @property
    def verdict(self) -> str:
        """ "ok", "WRONG", or "NO VERDICT": none was wrong, but too few could be compared.

        Too few: none, or less than were left out.
        """
        if not self.error < self.tolerance:
            return "WRONG"
        enough = self.points >= max(1, self.kinks + self.not_finite)
        return "ok" if enough else "NO VERDICT"

    def __str__(self) -> str:
        text = f"{self.target:12s} error {self.error:8.1e}  {self.points:5d} points"
        text += f"  {self.kinks} at kinks" if self.kinks else ""
        text += f"  {self.not_finite} not finite nearby" if self.not_finite else ""
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
        """Every gradient agrees, and there was one to check."""
        return bool(self.results) and all(result.verdict == "ok" for result in self.results)

    @property
    def error(self) -> float:
        """The largest relative error; infinite if nothing was checked."""
        return max((result.error for result in self.results), default=math.inf)

    @property
    def points(self) -> int:
        """How many numbers were compared."""
        return sum(result.points for result in self.results)

    @property
    def kinks(self) -> int:
        """How many points were left out because the function has a kink there."""
        return sum(result.kinks for result in self.results)

    @property
    def not_finite(self) -> int:
        """How many points were left out because the function is not finite there or nearby."""
        return sum(result.not_finite for result in self.results)

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
        inputs: float64 arrays; whole numbers, such as labels, where the gradient is None.
        max_points: compare so many numbers of each array, drawn at random; all by default.
        seed: of the upstream gradient and of that choice.
        tolerance: relative error from which a gradient counts as wrong.
        step: h for numbers up to 1; for larger ones it grows in proportion to them.
    Returns: a Report; `report.ok` if all agree, and `print(report)` says where not.
    Raises:
        InputError: inputs are not float64, a gradient is missing or of the wrong shape, or one of
            the functions changes its arguments in place.
    """
    if not isinstance(inputs, tuple | list):
        raise InputError(
            f"inputs is {type(inputs).__name__}; expected a list of arrays, such as [x, w]"
        )
    inputs = [get_array_module(array).array(array) for array in inputs]
    names = [f"input {i}" for i in range(len(inputs))] if names is None else list(names)
    if len(names) != len(inputs):
        raise InputError(f"got {len(names)} names for {len(inputs)} inputs; expected one each")
    if max_points is not None:
        max_points = whole_number(max_points, "max_points")
    for name, number in (("tolerance", tolerance), ("step", step)):
        if finite_number(number, name) <= 0:
            raise InputError(f"{name} is {number!r}; expected a number above 0")
    floats = [(array, name) for array, name in zip(inputs, names, strict=True) if _is_float(array)]
    for array, name in floats:
        _check_float64(array, name)

    untouched = _Untouched(names, inputs)
    result = forward(*inputs)
    untouched.check("forward")
    with_cache = isinstance(result, tuple)
    if with_cache and len(result) != 2:
        raise InputError(
            f"forward returned {len(result)} values; expected y alone, or y and a cache: put what "
            "backward needs into one tuple, as in `return y, (x, w)`"
        )

    def output(result: Any) -> Array:
        y = result[0] if with_cache else result
        return np.asarray(y) if isinstance(y, float | np.generic) else y  # a loss is one number

    y = output(result)
    _check_float64(y, "the output of forward")
    dy = _random_like(y, seed)
    untouched.add("dy", dy)
    gradients = backward(dy, result[1]) if with_cache else backward(dy, *inputs)
    untouched.check("backward")
    if gradients is None:
        raise InputError("backward returned nothing (None); is there a `return` at its end?")
    if isinstance(gradients, Mapping):
        raise InputError(
            "backward returned a dictionary; expected the gradients in the order of the inputs, as "
            "in `return dx, dw`"
        )
    gradients = list(gradients) if isinstance(gradients, tuple | list) else [gradients]
    if len(gradients) != len(inputs):
        raise InputError(
            f"backward returned {len(gradients)} gradients for {len(inputs)} inputs; expected one "
            "each (None where there is nothing to check)"
        )
    for array, name, gradient in zip(inputs, names, gradients, strict=True):
        if gradient is not None:
            _check_float64(array, name)

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

    Args:    x: (N, ...), a batch; converted to float64. The rest as for `check_function`.
    Returns: a Report, as `check_function` does.
    Raises:  InputError if a gradient is missing or of the wrong shape, x does not fit the layer, or
        the layer changes x or dy in place.
    """
    if not isinstance(layer, Layer):
        raise InputError(f"got {layer!r} to check; expected a layer object, such as ReLU()")
    xp = get_array_module(x)
    x = xp.array(x, dtype=xp.float64)
    layer = copy.deepcopy(layer).astype(xp.float64)
    state = layer.state()

    def run() -> Array:
        layer.load_state(state)
        return layer.forward(x, training)

    untouched = _Untouched(["x"], [x])
    dy = _random_like(run(), seed)
    untouched.check("forward")
    untouched.add("dy", dy)
    dx = layer.backward(dy)
    untouched.check("backward")
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
    """Check a loss: the gradient of its logits, for a loss that is itself weighted at random.

    The criterion itself is not changed; a copy of it is checked.

    Args:    logits: (N, C), converted to float64; labels: (N,). The rest as for `check_function`.
    Returns: a Report, as `check_function` does.
    Raises:  InputError for logits and labels that do not go together.
    """
    xp = get_array_module(logits)
    logits, criterion = xp.array(logits, dtype=xp.float64), copy.deepcopy(criterion)
    dloss = float(host_generator(seed, UPSTREAM).uniform(1.5, 3.0))
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
    results = []
    for name, array, gradient in zip(names, arrays, gradients, strict=True):
        if gradient is None:
            continue
        get_array_module(gradient)  # refuses what is no array
        if tuple(gradient.shape) != tuple(array.shape):
            raise InputError(
                f"the gradient with respect to {name} has shape {tuple(gradient.shape)}; expected "
                f"{tuple(array.shape)}, the shape of {name} itself"
            )
        probe = Probe(evaluate, to_host(dy), array, step)
        analytic = to_host(gradient)
        indices = _choose_indices(analytic, max_points, seed)
        results.append(_check_array(name, probe, analytic, indices, tolerance))
    return Report(tuple(results))


def _check_array(
    name: str, probe: Probe, analytic: np.ndarray, indices: Sequence[Index], tolerance: float
) -> Result:
    """Measure at `indices`, sort out where there is no derivative, and compare the others."""
    measured = [probe.measure(index) for index in indices]
    largest = max((abs(m.value) for m in measured if m.finite), default=0.0)
    compared, kinks, not_finite = [], 0, 0
    for index, measurement in zip(indices, measured, strict=True):
        value = float(analytic[index])
        # Analytic gradients of other points have no say here: one that is far too large would
        # make kinks seem small, and be wrong at one place only.
        bound = KINK * max(largest, abs(value))
        if measurement.finite and measurement.disagreement > bound:
            measurement = probe.measure_finer(index)
        if not math.isfinite(value):  # wrong even where there is nothing to compare it with
            compared.append((index, value, measurement.value))
        elif not measurement.finite:
            not_finite += 1
        elif measurement.disagreement > bound:
            kinks += 1
        else:
            compared.append((index, value, measurement.value))
    error, worst = _largest_error(compared)
    return Result(name, error, len(compared), kinks, not_finite, worst, tolerance)


def _largest_error(
    compared: Sequence[tuple[Index, float, float]],
) -> tuple[float, tuple[Index, float, float] | None]:
    """The largest relative error of (index, analytic, numeric), and the one that has it."""
    sizes = [max(abs(analytic), abs(numeric)) for _, analytic, numeric in compared]
    smallest = SMALL * max((size for size in sizes if math.isfinite(size)), default=0.0)
    error, worst = 0.0, None
    for point, size in zip(compared, sizes, strict=True):
        _, analytic, numeric = point
        scale, difference = max(size, smallest), abs(analytic - numeric)
        if not math.isfinite(difference):
            this = math.inf
        else:
            this = 0.0 if scale == 0 else difference / scale
        if this > error:
            error, worst = this, point
    return error, worst


def _choose_indices(analytic: np.ndarray, max_points: int | None, seed: int) -> list[Index]:
    """All indices, or `max_points` drawn at random, half of them where the gradient is not 0.

    Behind dropout and ReLU most gradients of a large layer are 0, and would prove little. If there
    are gradients that are no finite numbers, the first of them is always among the indices.
    """
    if max_points is None or analytic.size <= max_points:
        return list(np.ndindex(analytic.shape))
    generator = host_generator(seed, 1)
    nonzero = np.flatnonzero(analytic)
    some = generator.choice(nonzero, min(max_points // 2, len(nonzero)), replace=False)
    rest = generator.choice(analytic.size, max_points - len(some), replace=False)
    broken = np.flatnonzero(~np.isfinite(analytic))[:1]
    chosen = np.unique(np.concatenate([some, rest, broken]))
    return [tuple(int(i) for i in np.unravel_index(flat, analytic.shape)) for flat in chosen]


class _Untouched:
    """Arrays that a function is given, and that it should leave as they are.

    A gradient of numbers that backward itself has changed would be compared with theirs.
    """

    def __init__(self, names: Sequence[str], arrays: Sequence[Array]) -> None:
        self._arrays: list[tuple[str, Array, np.ndarray]] = []
        for name, array in zip(names, arrays, strict=True):
            self.add(name, array)

    def add(self, name: str, array: Array) -> None:
        """From now on, `array` too."""
        self._arrays.append((name, array, np.array(to_host(array))))

    def check(self, function: str) -> None:
        """Raise InputError if one has changed, naming the `function` that was called."""
        for name, array, before in self._arrays:
            if not np.array_equal(to_host(array), before, equal_nan=before.dtype.kind in "fc"):
                raise InputError(
                    f"{function} changes {name} in place, which belongs to the caller; expected "
                    f"it to leave its arguments as they are: work on a copy of {name}"
                )


def _random_like(y: Array, seed: int) -> Array:
    generator = host_generator(seed, UPSTREAM)
    return get_array_module(y).asarray(generator.standard_normal(y.shape))


def _is_float(array: Array) -> bool:
    return array.dtype.kind in "fc"


def _check_float64(array: Array, name: str) -> None:
    if getattr(array, "dtype", None) is None:
        raise InputError(f"{name} is {type(array).__name__}; expected an array of float64")
    if array.dtype != np.float64:
        message = (
            f"{name} is {array.dtype}; expected float64, since in smaller types the "
            "difference of two nearly equal numbers is mostly rounding error"
        )
        if not _is_float(array):
            message += " (for labels and the like, backward returns None)"
        raise InputError(message)
