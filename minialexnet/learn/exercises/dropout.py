"""Notebook 6: dropout."""

import numpy as np

from minialexnet import ops
from minialexnet.gradcheck import check_function
from minialexnet.learn.exercise import Exercise, Mistake


def dropout(x, uniform, p):
    kept = uniform >= p
    return x * kept / (1 - p)


def dropout_backward(dy, uniform, p):
    kept = uniform >= p
    return dy * kept / (1 - p)


def paper_dropout(x, uniform, p, training):
    if training:
        return x * (uniform >= p)
    return x * (1 - p)


def _cases(rng):
    """The numbers in the second case hold p itself: drawn in [0, 1), below p is a share of p."""
    return [
        (np.array([[1.0, 2.0, 3.0, 4.0]]), np.array([[0.1, 0.6, 0.9, 0.3]]), 0.5),
        (np.array([[3.0, 6.0], [9.0, 12.0]]), np.array([[0.0, 0.25], [0.75, 0.125]]), 0.25),
        (rng.standard_normal((4, 5)), rng.random((4, 5)), 0.3),
        (rng.standard_normal((3, 4, 2, 5)), rng.random((3, 4, 2, 5)), 0.8),
        (rng.standard_normal((6, 7)), rng.random((6, 7)), 0.5),
    ]


def _both_ways(rng):
    return [(*case, training) for case in _cases(rng) for training in (True, False)]


def _inputs(xp):
    rng = np.random.default_rng(1)
    return xp.asarray(rng.standard_normal((5, 6))), xp.asarray(rng.random((5, 6)))


def _check_forward(answer, xp):
    x, uniform = _inputs(xp)
    return check_function(
        lambda x: answer(x, uniform, 0.3),
        lambda dy, x: ops.dropout_backward(dy, uniform >= 0.3, 0.3),
        [x],
        ["x"],
    )


def _check_backward(answer, xp):
    x, uniform = _inputs(xp)
    return check_function(
        lambda x: ops.dropout(x, uniform >= 0.3, 0.3),
        lambda dy, x: answer(dy, uniform, 0.3),
        [x],
        ["x"],
    )


def _one_each(uniform, axis):
    """The first number along an axis stands for all of them."""
    first = uniform[tuple(slice(0, 1) if i == axis else slice(None) for i in range(uniform.ndim))]
    return first + 0 * uniform


KEEPS_WITH_P = (
    "It keeps the units that should be dropped: p is the probability of being *dropped*, so those "
    "whose number is below p are silenced, and the others stay."
)
OTHER_UNITS = (
    "The right share is kept, but not the right units: dropped are those whose number is below p "
    "(so kept are those with uniform >= p, not those with uniform < 1 - p)."
)
AT_P_ITSELF = (
    "A unit whose number is exactly p is dropped; dropped are only those *below* p. (Numbers in "
    "[0, 1) can be 0: with uniform > p and p = 0, some units would be dropped nevertheless.)"
)
NOT_SCALED = (
    "The kept units are not scaled: in the inverted form they are divided by 1 - p, so that the "
    "mean stays what it was."
)
MULTIPLIED = (
    "The kept units are multiplied by 1 - p, which makes the sum smaller still: divide by it. "
    "(Multiplying belongs to the paper's form, and there to the test.)"
)
DIVIDED_BY_P = (
    "The kept units are divided by p, the probability of being dropped; divide by that of being "
    "kept, 1 - p. (With p = 0.5 one does not notice.)"
)
TWICE_SCALED = "It is divided by 1 - p twice."
BY_ROW = (
    "One random number decides over a whole row (all units of one picture, or all of an axis): "
    "each unit has a number of its own in `uniform`."
)
BY_COLUMN = (
    "One random number decides for all pictures of the batch: each picture drops units of its own, "
    "and `uniform` has a number for each of them."
)

EXERCISES = (
    Exercise(
        name="dropout",
        task="Inverted dropout in training: units whose number in `uniform` (drawn in [0, 1), like "
        "x) is below p become 0, the others are divided by their probability of being kept.",
        solution=dropout,
        cases=_cases,
        gradient_check=_check_forward,
        mistakes=(
            Mistake(KEEPS_WITH_P, lambda x, u, p: x * (u < p) / (1 - p)),
            Mistake(
                "It keeps the units that should be dropped, and divides by p: p is the probability "
                "of being *dropped*. Kept are those with uniform >= p, and divided by 1 - p.",
                lambda x, u, p: x * (u < p) / p,
            ),
            Mistake(
                "It keeps the units that should be dropped (those below p), and does not scale "
                "what is kept: kept are those with uniform >= p, divided by 1 - p.",
                lambda x, u, p: x * (u < p),
            ),
            Mistake(OTHER_UNITS, lambda x, u, p: x * (u < 1 - p) / (1 - p)),
            Mistake(AT_P_ITSELF, lambda x, u, p: x * (u > p) / (1 - p)),
            Mistake(NOT_SCALED, lambda x, u, p: x * (u >= p)),
            Mistake(MULTIPLIED, lambda x, u, p: x * (u >= p) * (1 - p)),
            Mistake(DIVIDED_BY_P, lambda x, u, p: x * (u >= p) / p),
            Mistake(TWICE_SCALED, lambda x, u, p: x * (u >= p) / (1 - p) ** 2),
            Mistake(
                "It returns the mask, without x: the kept units keep their value (divided by "
                "1 - p).",
                lambda x, u, p: (u >= p) / (1 - p),
            ),
            Mistake(
                "It returns the mask of zeros and ones, without x: the kept units keep their value "
                "(divided by 1 - p).",
                lambda x, u, p: (u >= p) * 1.0,
            ),
            Mistake(
                "All units are scaled, and none is dropped: where is the mask?",
                lambda x, u, p: x / (1 - p),
            ),
            Mistake(
                "x is multiplied by the random numbers themselves. They only decide: a unit is "
                "dropped or kept, by whether its number is below p.",
                lambda x, u, p: x * u / (1 - p),
            ),
            Mistake(
                "The dropped units are cut out of the array, which no longer has its shape: they "
                "stay in their places, as zeros. Multiply by the mask.",
                lambda x, u, p: x[u >= p] / (1 - p),
            ),
            Mistake(BY_ROW, lambda x, u, p: dropout(x, _one_each(u, 1), p)),
            Mistake(BY_COLUMN, lambda x, u, p: dropout(x, _one_each(u, 0), p)),
        ),
    ),
    Exercise(
        name="dropout_backward",
        task="The gradient of inverted dropout: from dy (like y) to dx, with the `uniform` numbers "
        "and the p that the forward pass had.",
        solution=dropout_backward,
        cases=_cases,
        results=("dx",),
        gradient_check=_check_backward,
        mistakes=(
            Mistake(
                "dy goes through unchanged. A unit that was dropped did not influence the loss, so "
                "its gradient is 0; one that was kept had been divided by 1 - p.",
                lambda dy, u, p: dy,
            ),
            Mistake(
                "The mask is missing: a unit that was dropped did not influence the loss, so its "
                "gradient is 0.",
                lambda dy, u, p: dy / (1 - p),
            ),
            Mistake(
                "The gradient is not scaled: y was x divided by 1 - p, so dx is dy divided by "
                "1 - p.",
                lambda dy, u, p: dy * (u >= p),
            ),
            Mistake(
                "The gradient is multiplied by 1 - p. Backward does not undo the forward pass: y "
                "is x times 1 / (1 - p), so dx is dy times the same number.",
                lambda dy, u, p: dy * (u >= p) * (1 - p),
            ),
            Mistake(DIVIDED_BY_P, lambda dy, u, p: dy * (u >= p) / p),
            Mistake(TWICE_SCALED, lambda dy, u, p: dy * (u >= p) / (1 - p) ** 2),
            Mistake(
                "The gradient goes to the units that were dropped: it must go to those that were "
                "kept, uniform >= p.",
                lambda dy, u, p: dy * (u < p) / (1 - p),
            ),
            Mistake(OTHER_UNITS, lambda dy, u, p: dy * (u < 1 - p) / (1 - p)),
            Mistake(AT_P_ITSELF, lambda dy, u, p: dy * (u > p) / (1 - p)),
            Mistake(
                "The mask is made from dy: it has to be that of the forward pass, from `uniform`.",
                lambda dy, u, p: dy * (dy > 0) / (1 - p),
            ),
            Mistake(
                "It returns the mask, without dy: the chain rule multiplies them.",
                lambda dy, u, p: (u >= p) / (1 - p),
            ),
            Mistake(BY_ROW, lambda dy, u, p: dropout(dy, _one_each(u, 1), p)),
            Mistake(BY_COLUMN, lambda dy, u, p: dropout(dy, _one_each(u, 0), p)),
        ),
    ),
    Exercise(
        name="paper_dropout",
        task="Dropout as the paper has it: in training units whose number in `uniform` is below p "
        "become 0, and the others stay as they are; otherwise (at test) every unit is multiplied "
        "by its probability of being kept.",
        solution=paper_dropout,
        cases=_both_ways,
        mistakes=(
            Mistake(
                "At test nothing is scaled: every unit speaks then, so the next layer would "
                "receive more than it was trained with. Multiply by 1 - p.",
                lambda x, u, p, training: x * (u >= p) if training else x,
            ),
            Mistake(
                "At test it multiplies by p; it is the probability of being kept, 1 - p. (With "
                "p = 0.5 one does not notice.)",
                lambda x, u, p, training: x * (u >= p) if training else x * p,
            ),
            Mistake(
                "At test it divides by 1 - p: more units speak than in training, so each has to "
                "speak more softly. Multiply.",
                lambda x, u, p, training: x * (u >= p) if training else x / (1 - p),
            ),
            Mistake(
                "That is the inverted form, which scales in training. The paper's leaves the kept "
                "units as they are in training, and multiplies by 1 - p at test.",
                lambda x, u, p, training: x * (u >= p) / (1 - p) if training else x,
            ),
            Mistake(
                "It is scaled both in training and at test; either of them is enough, and in the "
                "paper's form it is the test.",
                lambda x, u, p, training: x * (u >= p) / (1 - p) if training else x * (1 - p),
            ),
            Mistake(
                "In training the kept units are multiplied by 1 - p; that belongs to the test.",
                lambda x, u, p, training: x * (u >= p) * (1 - p) if training else x * (1 - p),
            ),
            Mistake(
                "In training the kept units are multiplied by 1 - p, and at test nothing is: it is "
                "the other way round.",
                lambda x, u, p, training: x * (u >= p) * (1 - p) if training else x,
            ),
            Mistake(
                "Units are dropped at test, too. A trained network uses all of them; chance has no "
                "place in its answers.",
                lambda x, u, p, training: x * (u >= p),
            ),
            Mistake(
                "Units are dropped at test, too, and the rest scaled: at test all of them speak, "
                "each times 1 - p.",
                lambda x, u, p, training: x * (u >= p) * (1 if training else 1 - p),
            ),
            Mistake(
                "Training and test are exchanged: in training units are dropped.",
                lambda x, u, p, training: paper_dropout(x, u, p, not training),
            ),
            Mistake(
                "It keeps the units that should be dropped: p is the probability of being "
                "*dropped*. In training those with uniform >= p stay.",
                lambda x, u, p, training: x * (u < p) if training else x * (1 - p),
            ),
            Mistake(
                "It takes p for the probability of being kept: it is that of being *dropped*. In "
                "training those with uniform >= p stay, and at test all are multiplied by 1 - p.",
                lambda x, u, p, training: x * (u < p) if training else x * p,
            ),
            Mistake(
                OTHER_UNITS,
                lambda x, u, p, training: x * (u < 1 - p) if training else x * (1 - p),
            ),
            Mistake(
                AT_P_ITSELF, lambda x, u, p, training: x * (u > p) if training else x * (1 - p)
            ),
        ),
    ),
)
