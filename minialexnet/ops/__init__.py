"""The mathematics of AlexNet: pure functions on arrays, one file per operation.

Forward and backward of an operation stand side by side. Functions take arrays of NumPy or CuPy,
of any strides and any float dtype, and modify none of them.
"""

from minialexnet.ops.activations import (
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    tanh,
    tanh_backward,
)
from minialexnet.ops.conv import conv2d, conv2d_backward
from minialexnet.ops.dropout import dropout, dropout_at_test, dropout_backward, dropout_mask
from minialexnet.ops.im2col import col2im, im2col
from minialexnet.ops.linear import linear, linear_backward
from minialexnet.ops.lrn import local_response_norm, local_response_norm_backward
from minialexnet.ops.pooling import (
    adaptive_avg_pool2d,
    adaptive_avg_pool2d_backward,
    avg_pool2d,
    avg_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
)
from minialexnet.ops.softmax import (
    log_softmax,
    softmax,
    softmax_cross_entropy,
    softmax_cross_entropy_backward,
)
from minialexnet.ops.winograd import (
    winograd_conv2d,
    winograd_conv2d_backward,
    winograd_filters,
)

__all__ = [
    "adaptive_avg_pool2d",
    "adaptive_avg_pool2d_backward",
    "avg_pool2d",
    "avg_pool2d_backward",
    "col2im",
    "conv2d",
    "conv2d_backward",
    "dropout",
    "dropout_at_test",
    "dropout_backward",
    "dropout_mask",
    "im2col",
    "linear",
    "linear_backward",
    "local_response_norm",
    "local_response_norm_backward",
    "log_softmax",
    "max_pool2d",
    "max_pool2d_backward",
    "relu",
    "relu_backward",
    "sigmoid",
    "sigmoid_backward",
    "softmax",
    "softmax_cross_entropy",
    "softmax_cross_entropy_backward",
    "tanh",
    "tanh_backward",
    "winograd_conv2d",
    "winograd_conv2d_backward",
    "winograd_filters",
]
