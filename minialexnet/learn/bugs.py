"""Five backward passes, each WRONG ON PURPOSE in one line, for the reader of notebook 8 to find.

    bug = BUGS["centre"]
    print(bug.check())                              # which gradients are wrong
    learn.source(bug.backward)                      # the code, to be read
    guess("centre", wrong=["x"], kind="factor")     # is that it?

Nothing else uses these functions.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from minialexnet import ops
from minialexnet.backend import get_array_module, host_generator
from minialexnet.errors import InputError
from minialexnet.gradcheck import Report, check_function

Array = Any

KINDS = {
    "axis": "a sum or a mean goes over the wrong axis",
    "constant": "something that depends on the input is taken for a constant",
    "factor": "a constant factor is missing, or is one too many",
    "overwritten": "a gradient is overwritten where it should be added to",
    "sign": "a sign is the wrong way round",
    "stale": "a value from another place, computed for something else, is used",
    "sum": "a number is used in several places, and only one of them is counted",
}
"""What may be wrong, by the word that `guess` takes."""


def centre(x):
    """Each picture, a row of x, minus its mean."""
    return x - x.mean(axis=1, keepdims=True)


def centre_backward(dy, x):
    """The gradient of x."""
    return dy - dy.mean(axis=0, keepdims=True)


def convolve(x, weight, bias):
    """A convolution of stride 1 without padding."""
    return ops.conv2d(x, weight, bias)


def convolve_backward(dy, x, weight, bias):
    """The gradients of x, weight and bias."""
    o, c, k, _ = weight.shape
    filters = weight.transpose(0, 2, 3, 1).reshape(o, -1)
    dx = get_array_module(x).zeros_like(x)
    for n in range(len(x)):  # picture by picture, to save memory
        cols = ops.im2col(x[n : n + 1], k)
        rows = dy[n].transpose(1, 2, 0).reshape(-1, o)
        dweight = rows.T @ cols.reshape(len(rows), -1)
        dx[n] = ops.col2im((rows @ filters).reshape(cols.shape), x.shape[2:])[0]
    dweight = dweight.reshape(o, k, k, c).transpose(0, 3, 1, 2)
    return dx, dweight, dy.sum(axis=(0, 2, 3))


def two_layers(x, w1, w2):
    """Two fully connected layers, each with a ReLU."""
    return ops.relu(ops.relu(x @ w1) @ w2)


def two_layers_backward(dy, x, w1, w2):
    """The gradients of x, w1 and w2."""
    before1 = x @ w1
    hidden = ops.relu(before1)
    before2 = hidden @ w2
    active = before2 > 0
    d2 = dy * active
    dw2 = hidden.T @ d2
    d1 = (d2 @ w2.T) * active
    dw1 = x.T @ d1
    return d1 @ w1.T, dw1, dw2


def standardise(x):
    """Each picture, a row of x, minus its mean and divided by its standard deviation."""
    centred = x - x.mean(axis=1, keepdims=True)
    return centred / ((centred**2).mean(axis=1, keepdims=True) + 1e-5) ** 0.5


def standardise_backward(dy, x):
    """The gradient of x."""
    centred = x - x.mean(axis=1, keepdims=True)
    s = ((centred**2).mean(axis=1, keepdims=True) + 1e-5) ** 0.5
    dcentred = dy / s
    return dcentred - dcentred.mean(axis=1, keepdims=True)


def neighbours(a):
    """Each channel plus the one before and the one after it."""
    padded = get_array_module(a).pad(a, ((0, 0), (1, 1), (0, 0), (0, 0)))
    return padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]


def normalise(x):
    """Local response normalisation over three channels."""
    s = 1 + neighbours(x**2)
    return x * s**-0.75


def normalise_backward(dy, x):
    """The gradient of x."""
    s = 1 + neighbours(x**2)
    r = dy * s**-0.75
    return r - 1.5 * x * (r * x / s)


@dataclass(frozen=True)
class Bug:
    """One backward pass with one wrong line.

    Attributes:
        forward, backward: as `check_function` takes them; arguments: names of their inputs.
        shapes: of the inputs.
        wrong: the arguments whose gradients are wrong; kind: one of KINDS.
        line: the wrong line; mended: what stands there when it is right; why: the reason.
        look: for a reader who has found which gradients are wrong, but not the kind.
    """

    forward: Callable[..., Array]
    backward: Callable[..., Any]
    arguments: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    wrong: frozenset[str]
    kind: str
    line: str
    mended: str
    why: str
    look: str

    def inputs(self, xp: Any = np, seed: int = 0) -> list[Array]:
        """Random numbers for the arguments, float64 arrays of the module `xp`."""
        generator = host_generator(seed, 8)
        return [xp.asarray(generator.standard_normal(shape)) for shape in self.shapes]

    def check(self, xp: Any = np) -> Report:
        """The gradient check."""
        return check_function(self.forward, self.backward, self.inputs(xp), self.arguments)


@dataclass(frozen=True)
class Guess:
    """Whether a bug was found; printed, it is what the reader sees."""

    ok: bool
    text: str

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__


def guess(name: str, wrong: Iterable[str] | str = (), kind: str | None = None) -> Guess:
    """Whether that is what is wrong with a bug.

    Args:
        name: one of BUGS; wrong: the arguments whose gradients are wrong; kind: one of KINDS.
    Raises:
        InputError: there is no such bug, argument or kind.
    """
    bug = _bug(name)
    if wrong is ... or kind is ... or not wrong or kind is None:
        return Guess(False, f"? {name} is still to be found: say what is wrong, and the kind")
    named = {wrong} if isinstance(wrong, str) or not isinstance(wrong, Iterable) else set(wrong)
    if unknown := sorted(map(str, named - set(bug.arguments))):
        raise InputError(
            f"{name} has no argument {', '.join(unknown)}; it has {', '.join(bug.arguments)}"
        )
    if not isinstance(kind, str) or kind not in KINDS:
        raise InputError(f"there is no kind {kind!r}; there are {', '.join(KINDS)}")
    if named != bug.wrong:
        return Guess(
            False,
            f"✗ The wrong gradients of {name} are others. BUGS[{name!r}].check() says for each "
            "argument whether its gradient agrees.",
        )
    if kind != bug.kind:
        return Guess(
            False, f"✗ Those gradients are wrong, but not because {KINDS[kind]}. {bug.look}"
        )
    return Guess(True, f"✓ Found: {KINDS[kind]}.\n{_told(bug)}")


def tell(name: str) -> Guess:
    """What is wrong, for those who give up. Raises: InputError if there is no such bug."""
    bug = _bug(name)
    wrong = " and ".join(argument for argument in bug.arguments if argument in bug.wrong)
    return Guess(False, f"Wrong for {wrong}: {KINDS[bug.kind]}.\n{_told(bug)}")


def _bug(name: str) -> Bug:
    if not isinstance(name, str) or name not in BUGS:
        raise InputError(f"there is no bug {name!r}; there are {', '.join(BUGS)}")
    return BUGS[name]


def _told(bug: Bug) -> str:
    mended = textwrap.indent(bug.mended, "    ")
    return f"    {bug.line}\nshould be\n{mended}\n{bug.why}"


BUGS = {
    "centre": Bug(
        centre,
        centre_backward,
        ("x",),
        ((3, 5),),
        frozenset({"x"}),
        "axis",
        "return dy - dy.mean(axis=0, keepdims=True)",
        "return dy - dy.mean(axis=1, keepdims=True)",
        "Each picture's own mean was subtracted, so its gradients go back through that mean.",
        "Which numbers of y does one pixel influence? Then, which numbers of dy may its gradient "
        "hold?",
    ),
    "convolve": Bug(
        convolve,
        convolve_backward,
        ("x", "weight", "bias"),
        ((3, 2, 5, 4), (3, 2, 3, 3), (3,)),
        frozenset({"weight"}),
        "overwritten",
        "dweight = rows.T @ cols.reshape(len(rows), -1)",
        "dweight += rows.T @ cols.reshape(len(rows), -1)  # with dweight = 0 before the loop",
        "All pictures share the filters, so their gradients add up; here the last picture's stays.",
        "Follow dweight through the loop: what is left of the first picture at its end?",
    ),
    "two_layers": Bug(
        two_layers,
        two_layers_backward,
        ("x", "w1", "w2"),
        ((6, 4), (4, 5), (5, 5)),
        frozenset({"x", "w1"}),
        "stale",
        "d1 = (d2 @ w2.T) * active",
        "d1 = (d2 @ w2.T) * (before1 > 0)",
        "`active` says where the second ReLU let numbers through; the first has a mask of its own. "
        "The shapes happen to agree.",
        "w2 is right, x and w1 are not: so the gradient is still right at d2, and wrong at d1. "
        "What goes into d1?",
    ),
    "standardise": Bug(
        standardise,
        standardise_backward,
        ("x",),
        ((3, 6),),
        frozenset({"x"}),
        "constant",
        "return dcentred - dcentred.mean(axis=1, keepdims=True)",
        "through_s = centred / s**2 * (dcentred * centred).mean(axis=1, keepdims=True)\n"
        "return dcentred - dcentred.mean(axis=1, keepdims=True) - through_s",
        "The standard deviation depends on x too: a pixel far from the mean widens it, and makes "
        "all others smaller. What is new is the way through s.",
        "In how many ways does x reach y? Look for each of them in the backward pass.",
    ),
    "normalise": Bug(
        normalise,
        normalise_backward,
        ("x",),
        ((2, 5, 2, 2),),
        frozenset({"x"}),
        "sum",
        "return r - 1.5 * x * (r * x / s)",
        "return r - 1.5 * x * neighbours(r * x / s)",
        "Channel c stands in its own divisor and in those of both neighbours, so all three outputs "
        "send a gradient back to it.",
        "Where, in how many of the s, does the square of one x stand? Does a channel hear from all "
        "of these outputs?",
    ),
}
"""The five, easier ones first."""
