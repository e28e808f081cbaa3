"""Softmax, and its cross-entropy with the true classes (Krizhevsky 2012, section 3.5)."""

from minialexnet.backend import get_array_module, is_on_host
from minialexnet.errors import InputError
from minialexnet.ops.shapes import check_floats


def softmax(logits):
    """p_c = e^(z_c) / (sum of e^(z_j)), over the last axis.

    The largest logit is subtracted first. That changes nothing (it cancels) but keeps e^z from
    overflowing for logits of any size.

    Args:    logits: (..., C), any float dtype; not modified.
    Returns: like logits; every row sums to 1.
    Raises:  InputError: logits are no floats.
    """
    xp = get_array_module(logits)
    check_floats(logits, "logits")
    p = xp.exp(logits - logits.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)
    return p


def log_softmax(logits):
    """log p_c = z_c - max - log(sum of e^(z_j - max)), over the last axis; never log(0).

    Args:    logits: (..., C), any float dtype; not modified.
    Returns: like logits.
    Raises:  InputError: logits are no floats.
    """
    xp = get_array_module(logits)
    check_floats(logits, "logits")
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - xp.log(xp.exp(shifted).sum(axis=-1, keepdims=True))


def softmax_cross_entropy(logits, labels, label_smoothing: float = 0.0):
    """Mean over the batch of  -log softmax(z)[label],  computed without ever taking log(0).

        log p_c = z_c - max - log(sum of e^(z_j - max))

    With `label_smoothing` e the target is (1 - e) on the true class plus e/C on every class
    (Szegedy 2016), and the loss is the mean of  -sum over c of target_c log p_c.

    Args:
        logits: (N, C), any float dtype; not modified.
        labels: (N,) whole numbers in [0, C).
        label_smoothing: e, in [0, 1).
    Returns:
        loss: array without axes, of the logits' dtype;  p: (N, C), the softmax.
    Raises:
        InputError: shapes do not match, there is no picture, logits are no floats, or a label
        is out of range. (On a GPU the range is not looked at here: it would have to wait for the
        device.)
    """
    xp = get_array_module(logits, labels)
    check_labels(logits, labels)
    shifted = logits - logits.max(axis=1, keepdims=True)
    p = xp.exp(shifted)
    total = p.sum(axis=1, keepdims=True)
    log_p = shifted - xp.log(total)
    p /= total
    loss = -log_p[xp.arange(len(labels)), labels].mean()
    if label_smoothing:
        loss = (1 - label_smoothing) * loss - label_smoothing * log_p.mean()
    return loss, p


def softmax_cross_entropy_backward(dloss, p, labels, label_smoothing: float = 0.0):
    """Gradient with respect to the logits:  dloss * (p - target) / N.

    Args:
        dloss: gradient with respect to the mean loss: a number, 1 when training.
        p, labels, label_smoothing: from the forward pass; not modified.
    Returns:
        dlogits: (N, C).
    """
    xp = get_array_module(p, labels)
    n, classes = p.shape
    dlogits = p - label_smoothing / classes if label_smoothing else xp.array(p)
    dlogits[xp.arange(n), labels] -= 1 - label_smoothing
    dlogits *= dloss / n
    return dlogits


def check_labels(logits, labels) -> None:
    """Raise InputError unless logits are floats, and labels whole numbers that fit them.

    Their range is looked at where they are on the host; on a GPU that would mean waiting for it.
    """
    for array in (logits, labels):
        get_array_module(array)  # refuses what is none; labels may be elsewhere
    if logits.ndim != 2 or tuple(labels.shape) != (logits.shape[0],):
        raise InputError(
            f"logits have shape {tuple(logits.shape)} and labels {tuple(labels.shape)}; expected "
            "(pictures, classes) and (pictures,)"
        )
    if logits.size == 0:
        raise InputError(
            f"logits have shape {tuple(logits.shape)}; expected at least one picture and one class"
        )
    check_floats(logits, "logits")
    if labels.dtype.kind not in "iu":
        raise InputError(f"labels are of dtype {labels.dtype}; expected whole numbers")
    if is_on_host(labels):
        low, high = int(labels.min()), int(labels.max())
        if low < 0 or high >= logits.shape[1]:
            raise InputError(
                f"labels run from {low} to {high}; expected 0 to {logits.shape[1] - 1}, since "
                f"there are {logits.shape[1]} classes"
            )
