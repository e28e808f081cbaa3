"""Notebook 7: softmax and cross-entropy."""

import numpy as np

from minialexnet import ops
from minialexnet.backend import get_array_module
from minialexnet.gradcheck import check_function
from minialexnet.learn.exercise import Exercise, Mistake


def log_softmax(z):
    xp = get_array_module(z)
    shifted = z - z.max(axis=1, keepdims=True)
    return shifted - xp.log(xp.exp(shifted).sum(axis=1, keepdims=True))


def cross_entropy(logits, labels):
    xp = get_array_module(logits)
    log_p = log_softmax(logits)
    return -log_p[xp.arange(len(labels)), labels].mean()


def softmax_cross_entropy_backward(logits, labels):
    xp = get_array_module(logits)
    p = xp.exp(log_softmax(logits))
    p[xp.arange(len(labels)), labels] -= 1
    return p / len(labels)


def _log_softmax_cases(rng):
    return [
        (np.array([[0.0, 0.0]]),),
        (np.log([[1.0, 2.0, 5.0]]),),
        (np.array([[1.0, 2.0], [0.0, 3.0]]),),
        (rng.standard_normal((3, 3)),),
        (rng.standard_normal((4, 6)) * 3,),
        (rng.standard_normal((5, 2)) + 10,),
        (np.array([[1000.0, 1001.0], [3.0, 4.0]]),),
        (np.array([[1000.0, 0.0]]),),
        (np.array([[1000.0, 1001.0], [-1000.0, -1001.0]]),),
        (rng.standard_normal((3, 4)),),
    ]


def _loss_cases(rng):
    """Squares early, in which exchanged rows and columns give numbers and not an error."""
    return [
        (np.array([[0.0, 0.0]]), np.array([0])),
        (np.array([[1.0, 2.0], [0.0, 3.0]]), np.array([0, 0])),
        (np.log([[1.0, 2.0, 5.0]]), np.array([1])),
        (rng.standard_normal((3, 3)), np.array([2, 0, 2])),
        (rng.standard_normal((6, 4)) * 2, np.array([3, 1, 0, 0, 2, 3])),
        (rng.standard_normal((2, 5)) * 2, np.array([1, 0])),
        (np.array([[1000.0, 1001.0], [3.0, 4.0]]), np.array([0, 1])),
        (np.array([[1000.0, 0.0], [0.0, 1.0]]), np.array([1, 1])),
        (np.array([[1000.0, 1001.0], [-1000.0, -1001.0]]), np.array([0, 0])),
        (rng.standard_normal((3, 4)), np.array([1, 2, 0])),
    ]


def _check_backward(answer, xp):
    rng = np.random.default_rng(1)
    labels = xp.asarray([3, 0, 3, 1, 2])
    return check_function(
        lambda logits: ops.softmax_cross_entropy(logits, labels)[0],
        lambda dloss, logits: dloss * answer(logits, labels),
        [xp.asarray(rng.standard_normal((5, 4)) * 2)],
        ["logits"],
    )


def _with_log_of(log_p):
    """The loss as it follows from logarithms of shares, (N, C)."""
    return lambda logits, labels: -_at(log_p(logits), labels).mean()


def _with_gradient_of(p):
    """The gradient as it follows from shares, (N, C)."""
    return lambda logits, labels: (p(logits) - _target(labels, logits)) / len(logits)


def _at(array, labels):
    return array[get_array_module(array).arange(len(labels)), labels]


def _target(labels, logits):
    return get_array_module(logits).eye(logits.shape[1])[labels]


def _softmax(z, shift=None, axis=1):
    """Shares, after `shift` (the largest of each row) has been subtracted."""
    e = get_array_module(z).exp(z - (z.max(axis=1, keepdims=True) if shift is None else shift))
    return e / e.sum(axis=axis, keepdims=True)


def _shares(z, largest, total):
    """e^(z - largest(z)), divided by total(e): with an axis lost, where that happens to fit."""
    e = get_array_module(z).exp(z - largest(z))
    return e / total(e)


def _log(array):
    return get_array_module(array).log(array)


def _by_column(z):
    return log_softmax(z.T).T


def _not_kept(z):
    """Without keepdims, where that happens to fit."""
    xp = get_array_module(z)
    shifted = z - z.max(axis=1)
    return shifted - xp.log(xp.exp(shifted).sum(axis=1))


def _log_sum(z, shift, axis=1):
    """(z - shift) - log(sum of e^(z - shift))."""
    xp = get_array_module(z)
    return z - shift - xp.log(xp.exp(z - shift).sum(axis=axis, keepdims=True))


def _shift_forgotten(z):
    xp = get_array_module(z)
    return z - xp.log(xp.exp(z - z.max(axis=1, keepdims=True)).sum(axis=1, keepdims=True))


def _bits_in_the_sum(z):
    xp = get_array_module(z)
    shifted = z - z.max(axis=1, keepdims=True)
    return shifted - xp.log2(xp.exp(shifted).sum(axis=1, keepdims=True))


def _minus_one_in_columns(logits, labels):
    p = _softmax(logits)
    p[:, labels] -= 1
    return p / len(labels)


def _rows_by_label(logits, labels):
    p = _softmax(logits)
    p[labels, get_array_module(p).arange(len(labels))] -= 1
    return p / len(labels)


def _through_softmax_again(logits, labels):
    p = _softmax(logits)
    return (p - _target(labels, logits)) * p * (1 - p) / len(labels)


OVERFLOW = (
    "For large logits e^z is infinite (float64: from 710 on, float32: from 89 on). Subtract each "
    "row's largest logit first: it cancels in the share, and no power is larger than e^0 = 1."
)
LOG_OF_ZERO = (
    "The logarithm is taken of a share that has become 0, which gives minus infinity. Never take "
    "it of p: log p = z - max - log(sum of e^(z - max))."
)
EPSILON = (
    "A small number is added to the share, or the share is not let below one, so that its "
    "logarithm stays finite. That bounds the loss, and makes it wrong for small shares. It is not "
    "needed: log p = z - max - log(sum of e^(z - max))."
)
MAX_OVER_ALL = (
    "The maximum is taken over the whole array. A picture whose logits are all far below it is "
    "left with nothing but zeros: take each row's own, max(axis=1, keepdims=True)."
)
MAX_OVER_PICTURES = (
    "The maximum is taken over the pictures (axis 0). Then each class has something else "
    "subtracted, which does not cancel: it has to be one number for each row (axis 1)."
)
SUM_OVER_PICTURES = (
    "The sum goes over the pictures (axis 0). It belongs over the classes of one picture, axis 1: "
    "each picture's shares sum to 1."
)
SUM_OVER_ALL = (
    "The sum goes over the whole array, all pictures together. Each picture's shares sum to 1: "
    "sum(axis=1, keepdims=True)."
)
ALL_OVER_PICTURES = (
    "Rows and columns are exchanged: shares are taken over the pictures of a class. A row is a "
    "picture: maximum and sum go over axis 1."
)
KEEPDIMS = (
    "The row's maximum or sum has lost its axis, and is taken for a column's: keepdims=True keeps "
    "the shape (N, 1), which fits beside each row."
)
BITS = "It is the logarithm to base 2 (the surprise in bits). Networks use the natural one, log."
DIGITS = "It is the logarithm to base 10. Networks use the natural one, log."
EPSILONS = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-16)

LOGARITHMS = (
    (OVERFLOW, lambda z: _log(_softmax(z, 0))),
    (OVERFLOW, lambda z: _log_sum(z, 0)),
    (LOG_OF_ZERO, lambda z: _log(_softmax(z))),
    (MAX_OVER_ALL, lambda z: _log_sum(z, z.max())),
    (MAX_OVER_ALL, lambda z: _log(_softmax(z, z.max()))),
    (MAX_OVER_PICTURES, lambda z: _log(_softmax(z, z.max(axis=0)))),
    (SUM_OVER_PICTURES, lambda z: _log_sum(z, z.max(axis=1, keepdims=True), axis=0)),
    (SUM_OVER_PICTURES, lambda z: _log(_softmax(z, axis=0))),
    (SUM_OVER_ALL, lambda z: _log_sum(z, z.max(axis=1, keepdims=True), axis=(0, 1))),
    (SUM_OVER_ALL, lambda z: _log_sum(z, z.max(), axis=(0, 1))),
    (ALL_OVER_PICTURES, _by_column),
    (KEEPDIMS, _not_kept),
    (BITS, lambda z: log_softmax(z) / np.log(2)),
    (BITS, _bits_in_the_sum),
    (DIGITS, lambda z: log_softmax(z) / np.log(10)),
    (
        "The maximum is subtracted in the sum but not from z itself, so everything is too large by "
        "the maximum: log p = (z - max) - log(sum of e^(z - max)).",
        _shift_forgotten,
    ),
    *((EPSILON, lambda z, e=e: _log(_softmax(z) + e)) for e in EPSILONS),
)
"""What goes wrong in log-softmax, also on the way to the loss: (hint, log-softmax gone wrong)."""

OF_ROWS = {"axis": 1, "keepdims": True}
SHARES = (
    (OVERFLOW, lambda z: _softmax(z, 0)),
    (MAX_OVER_ALL, lambda z: _softmax(z, z.max())),
    (MAX_OVER_PICTURES, lambda z: _softmax(z, z.max(axis=0))),
    (ALL_OVER_PICTURES, lambda z: _softmax(z.T).T),
    (SUM_OVER_PICTURES, lambda z: _softmax(z, axis=0)),
    (SUM_OVER_ALL, lambda z: _shares(z, lambda z: z.max(**OF_ROWS), lambda e: e.sum())),
    (SUM_OVER_ALL, lambda z: _shares(z, lambda z: z.max(), lambda e: e.sum())),
    (KEEPDIMS, lambda z: _shares(z, lambda z: z.max(axis=1), lambda e: e.sum(**OF_ROWS))),
    (KEEPDIMS, lambda z: _shares(z, lambda z: z.max(**OF_ROWS), lambda e: e.sum(axis=1))),
    (KEEPDIMS, lambda z: _shares(z, lambda z: z.max(axis=1), lambda e: e.sum(axis=1))),
)
"""What goes wrong in softmax, on the way to the gradient: (hint, softmax gone wrong)."""

EXERCISES = (
    Exercise(
        name="log_softmax",
        task="The logarithms of the shares: log(e^(z_c) / sum of e^(z_j)) over each row of z "
        "(N, C), for logits of any size.",
        solution=log_softmax,
        cases=_log_softmax_cases,
        mistakes=(
            *(Mistake(hint, answer) for hint, answer in LOGARITHMS),
            Mistake(
                "These are the shares themselves; their logarithms are asked for.",
                lambda z: _softmax(z),
            ),
            Mistake(
                "The sign is the wrong way round: shares are below 1, so their logarithms are "
                "negative. (Minus the logarithm is the loss.)",
                lambda z: -log_softmax(z),
            ),
            Mistake(
                "The logarithm of the sum is missing: z - max are the logits moved, and do not yet "
                "sum to 1 as powers of e.",
                lambda z: z - z.max(axis=1, keepdims=True),
            ),
        ),
    ),
    Exercise(
        name="cross_entropy",
        task="The mean over the pictures of -log p[label], from logits (N, C) and labels (N,). One "
        "number.",
        solution=cross_entropy,
        cases=_loss_cases,
        results=("the loss",),
        mistakes=(
            *(Mistake(hint, _with_log_of(answer)) for hint, answer in LOGARITHMS),
            Mistake(
                "It is the sum over the pictures, so it grows with the batch: take the mean.",
                lambda logits, labels: cross_entropy(logits, labels) * len(labels),
            ),
            Mistake(
                "It is divided by the number of classes as well (the mean of an array (N, C) that "
                "is zero but at the labels?): sum over the classes, then mean over the pictures.",
                lambda logits, labels: cross_entropy(logits, labels) / logits.shape[1],
            ),
            Mistake(
                "The sign is the wrong way round: log p is negative, and a loss is positive.",
                lambda logits, labels: -cross_entropy(logits, labels),
            ),
            Mistake(
                "log_p[:, labels] takes the columns of all labels in every row. One number of each "
                "row is wanted: log_p[arange(N), labels].",
                lambda logits, labels: -log_softmax(logits)[:, labels].mean(),
            ),
            Mistake(
                "It is one loss for each picture; their mean is asked for.",
                lambda logits, labels: -_at(log_softmax(logits), labels),
            ),
            Mistake(
                "The logarithm is missing: this is the mean of 1 - p[label].",
                lambda logits, labels: (1 - _at(_softmax(logits), labels)).mean(),
            ),
            Mistake(
                "The mean is taken before the logarithm. Each picture has its own surprise, -log "
                "p[label]; then their mean.",
                lambda logits, labels: -np.log(float(_at(_softmax(logits), labels).mean())),
            ),
            Mistake(
                "This is the loss of C separate yes-or-no questions: -log(1 - p) of the other "
                "classes is added. With softmax the shares hang together, and the true one's is "
                "all that counts.",
                lambda logits, labels: (
                    -(
                        _at(log_softmax(logits), labels).sum()
                        + (_log(1 - _softmax(logits)) * (1 - _target(labels, logits))).sum()
                    )
                    / len(labels)
                ),
            ),
            Mistake(
                "The labels play no part: this is the entropy of the shares. The true class's "
                "surprise counts alone, not all of them weighted by p.",
                lambda logits, labels: -(_softmax(logits) * log_softmax(logits)).sum(axis=1).mean(),
            ),
            Mistake(
                "The best-rated class is taken for the true one; the label says which it is.",
                lambda logits, labels: -log_softmax(logits).max(axis=1).mean(),
            ),
        ),
    ),
    Exercise(
        name="softmax_cross_entropy_backward",
        task="The gradient of the mean loss with respect to the logits (N, C); labels are (N,).",
        solution=softmax_cross_entropy_backward,
        cases=_loss_cases,
        results=("dlogits",),
        gradient_check=_check_backward,
        mistakes=(
            Mistake(
                "The mean is forgotten: the loss is the mean over N pictures, so is its gradient. "
                "Divide by N.",
                lambda z, labels: _softmax(z) - _target(labels, z),
            ),
            Mistake(
                "It is divided by N * C. The loss is the mean over the N pictures only; over the "
                "classes it was a sum.",
                lambda z, labels: (_softmax(z) - _target(labels, z)) / z.size,
            ),
            Mistake(
                "It is divided by C, the number of classes, where the N pictures belong: len(logits"
                ") or logits.shape[0].",
                lambda z, labels: (_softmax(z) - _target(labels, z)) / z.shape[1],
            ),
            Mistake(
                "The sign is the wrong way round. If the true class's logit rises, the loss falls: "
                "its gradient is p - 1, which is negative.",
                lambda z, labels: (_target(labels, z) - _softmax(z)) / len(z),
            ),
            Mistake(
                "The 1 at the label is not subtracted: this is p / N, the gradient of the logarithm"
                " of the sum alone.",
                lambda z, labels: _softmax(z) / len(z),
            ),
            Mistake(
                "1 is subtracted everywhere: it belongs at the label only.",
                lambda z, labels: (_softmax(z) - 1) / len(z),
            ),
            Mistake(
                "1 is added at the label; it has to be subtracted.",
                lambda z, labels: (_softmax(z) + _target(labels, z)) / len(z),
            ),
            Mistake(
                "p[:, labels] are the columns of all labels in every row. Each row has one label: "
                "p[arange(N), labels].",
                _minus_one_in_columns,
            ),
            Mistake(
                "The 1 is subtracted at [label, picture]: rows are pictures and columns classes, "
                "so p[arange(N), labels].",
                _rows_by_label,
            ),
            Mistake(
                "The division by N comes before the 1 is subtracted, so the 1 is not divided: "
                "(p - target) / N.",
                lambda z, labels: _softmax(z) / len(z) - _target(labels, z),
            ),
            Mistake(
                "Only the 1 is divided by N, and p is not: (p - target) / N.",
                lambda z, labels: _softmax(z) - _target(labels, z) / len(z),
            ),
            Mistake(
                "Only the true class's logit gets a gradient. The others are in the sum below the "
                "fraction: each of them gets p.",
                lambda z, labels: (_softmax(z) - 1) * _target(labels, z) / len(z),
            ),
            Mistake(
                "The derivative of the softmax is multiplied in once more: p - target has it "
                "already, times the derivative of the logarithm.",
                _through_softmax_again,
            ),
            Mistake(
                "This is the gradient with respect to the shares p. It has still to go back "
                "through the softmax; together they give (p - target) / N.",
                lambda z, labels: -_target(labels, z) / _softmax(z) / len(z),
            ),
            Mistake(
                "The logits stand where the shares belong: p - target, with p = softmax(logits).",
                lambda z, labels: (z - _target(labels, z)) / len(z),
            ),
            *(Mistake(hint, _with_gradient_of(answer)) for hint, answer in SHARES),
        ),
    ),
)
