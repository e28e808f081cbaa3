"""The fully connected layer: y = x W^T + b."""

from minialexnet.backend import get_array_module, matmul
from minialexnet.errors import InputError
from minialexnet.ops.shapes import check_same_dtype, check_same_shape


def linear(x, weight, bias=None):
    """y[n, o] = b[o] + sum over i of W[o, i] x[n, i].

    Args:
        x: (N, I), any float dtype; weight: (O, I); bias: (O,) or None; none is modified.
    Returns:
        (N, O).
    Raises:
        InputError: x is not a matrix with I columns of weight's type.
    """
    _check(x, weight)
    y = matmul(x, weight.T)
    if bias is not None:
        check_same_shape(bias, (weight.shape[0],), "bias")
        y += bias
    return y


def linear_backward(dy, x, weight, input_gradient: bool = True):
    """Gradients of `linear`: dx = dy W,  dW = dy^T x,  db = sum of dy over the batch.

    Args:
        dy: (N, O); x, weight: from the forward pass; none is modified.
        input_gradient: False leaves out dx.
    Returns:
        dx: (N, I), None without `input_gradient`;  dweight: (O, I);  dbias: (O,).
    Raises:
        InputError: x does not fit weight, or dy is not of the output's shape.
    """
    _check(x, weight)
    check_same_shape(dy, (x.shape[0], weight.shape[0]), "dy")
    dx = matmul(dy, weight) if input_gradient else None
    return dx, matmul(dy.T, x), dy.sum(axis=0)


def _check(x, weight) -> None:
    """Raise InputError unless x is a matrix that fits weight."""
    get_array_module(x, weight)
    if weight.ndim != 2:
        raise InputError(f"weight has shape {tuple(weight.shape)}; expected two axes, (out, in)")
    if x.ndim != 2 or x.shape[1] != weight.shape[1]:
        raise InputError(
            f"x has shape {tuple(x.shape)} and weight {tuple(weight.shape)}; expected x of shape "
            f"(pictures, {weight.shape[1]})"
        )
    check_same_dtype(x, weight)
