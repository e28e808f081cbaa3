"""Dropout: each unit is silenced with probability p in training (Krizhevsky 2012, section 4.2).

The paper multiplies by the probability of being kept at test time, so that what the next layer
receives has the same mean as in training. Today's "inverted" form divides by it in training
instead and leaves the test alone. Up to the scale of the next layer's weights they are the same.
"""

from minialexnet.backend import get_array_module, uniform_stream
from minialexnet.ops.shapes import check_same_shape


def dropout_mask(shape: tuple[int, ...], p: float, key: tuple[int, ...], xp):
    """Which units are kept: True with probability 1 - p.

    A function of `key` (whole numbers, such as seed, layer and step) and position alone, the same
    on every backend, so nothing has to be stored to repeat it.

    Args:    shape: of the mask; p: probability of being dropped, in [0, 1); xp: array module.
    Returns: boolean array.
    """
    return uniform_stream(shape, key, xp) >= p


def dropout(x, mask, p: float, inverted: bool = True):
    """Training: silence the units outside the mask.

    Args:
        x: any shape, any float dtype; not modified. mask: boolean, of x's shape.
        p: probability of being dropped, with which the mask was made.
        inverted: also divide by 1 - p (then `dropout_at_test` has nothing to do).
    Returns:
        like x.
    Raises:
        InputError: the mask is of another shape.
    """
    get_array_module(x, mask)
    check_same_shape(mask, x.shape, "mask")
    kept = x * mask
    return kept * (1 / (1 - p)) if inverted else kept


def dropout_backward(dy, mask, p: float, inverted: bool = True):
    """dx = dy where the mask is True, scaled as in the forward pass; else 0.

    That is the forward pass itself, for it is linear in x.

    Args:    dy: gradient with respect to the output; mask, p, inverted: as in the forward pass.
    Returns: dx: like dy.
    Raises:  InputError: dy is not of the mask's shape.
    """
    check_same_shape(dy, mask.shape, "dy")
    return dropout(dy, mask, p, inverted)


def dropout_at_test(x, p: float, inverted: bool = True):
    """Test: every unit speaks; in the paper's form each times its probability of being kept.

    Args:    x: any shape, any float dtype; p, inverted: as in training.
    Returns: like x; x itself if `inverted`.
    """
    return x if inverted else x * (1 - p)
