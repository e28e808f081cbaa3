"""Every operation gives what PyTorch gives, forward and backward, on drawn configurations.

float32 on both sides; the largest difference may be 1e-5 of the largest value.
"""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch, the oracle of these tests, is not installed")
from torch.nn import functional as F  # noqa: E402

from minialexnet import ops  # noqa: E402

SEEDS = range(40)
seeds = pytest.mark.parametrize("seed", SEEDS)


def agree(ours, theirs, tolerance=1e-5):
    """The same shape, float32, and values within `tolerance` of the largest."""
    theirs = theirs.detach().numpy()
    assert ours.dtype == np.float32
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= tolerance * np.abs(theirs).max()


def draw(seed):
    """A generator, and a function for arrays and the tensors of the same values."""
    rng = np.random.default_rng(seed)

    def pair(*shape, scale=1.0):
        array = scale * rng.standard_normal(shape, dtype=np.float32)
        return array, torch.tensor(array, requires_grad=True)

    return rng, pair


def window(rng, largest_padding):
    """Kernel, stride, padding and size of the picture along one axis."""
    kernel, stride = int(rng.integers(1, 6)), int(rng.integers(1, 5))
    padding = int(rng.integers(0, largest_padding(kernel) + 1))
    return kernel, stride, padding, max(1, kernel - 2 * padding) + int(rng.integers(0, 9))


def both(padding):
    """PyTorch's (height, width) as ((top, bottom), (left, right))."""
    return tuple((side, side) for side in padding)


@seeds
def test_conv2d(seed):
    rng, pair = draw(seed)
    kernel, stride, padding, size = zip(*(window(rng, lambda k: k) for _ in "hw"), strict=True)
    groups, inputs, outputs = (int(n) for n in rng.integers(1, 5, 3))
    x, x_ = pair(int(rng.integers(1, 5)), groups * inputs, *size)
    weight, weight_ = pair(groups * outputs, inputs, *kernel)
    bias, bias_ = pair(groups * outputs)
    y_ = F.conv2d(x_, weight_, bias_, stride, padding, groups=groups)
    agree(ops.conv2d(x, weight, bias, stride, both(padding), groups), y_)
    dy, dy_ = pair(*y_.shape)
    y_.backward(dy_)
    gradients = ops.conv2d_backward(dy, x, weight, stride, both(padding), groups)
    for ours, theirs in zip(gradients, (x_, weight_, bias_), strict=True):
        agree(ours, theirs.grad)


@pytest.mark.parametrize("ceil_mode", [False, True])
@seeds
def test_max_pool2d(seed, ceil_mode):
    rng, pair = draw(seed)
    kernel, stride, padding, size = zip(*(window(rng, lambda k: k // 2) for _ in "hw"), strict=True)
    x, x_ = pair(2, 3, *size)
    if seed % 4 == 0:  # many ties: PyTorch gives the gradient to the first as well
        x = np.round(x)
        x_ = torch.tensor(x, requires_grad=True)
    y_ = F.max_pool2d(x_, kernel, stride, padding, ceil_mode=ceil_mode)
    y = ops.max_pool2d(x, kernel, stride, both(padding), ceil_mode)
    agree(y, y_, tolerance=0)
    dy, dy_ = pair(*y_.shape)
    y_.backward(dy_)
    agree(ops.max_pool2d_backward(dy, x, y, kernel, stride, both(padding), ceil_mode), x_.grad)


@pytest.mark.parametrize("count_include_pad", [False, True])
@pytest.mark.parametrize("ceil_mode", [False, True])
@seeds
def test_avg_pool2d(seed, ceil_mode, count_include_pad):
    rng, pair = draw(seed)
    kernel, stride, padding, size = zip(*(window(rng, lambda k: k // 2) for _ in "hw"), strict=True)
    x, x_ = pair(2, 3, *size)
    y_ = F.avg_pool2d(x_, kernel, stride, padding, ceil_mode, count_include_pad)
    ours = kernel, stride, both(padding), ceil_mode, count_include_pad
    agree(ops.avg_pool2d(x, *ours), y_)
    dy, dy_ = pair(*y_.shape)
    y_.backward(dy_)
    agree(ops.avg_pool2d_backward(dy, x, *ours), x_.grad)


@seeds
def test_adaptive_avg_pool2d(seed):
    rng, pair = draw(seed)
    size, output_size = (tuple(int(n) for n in rng.integers(1, 14, 2)) for _ in "io")
    x, x_ = pair(2, 3, *size)
    y_ = F.adaptive_avg_pool2d(x_, output_size)
    agree(ops.adaptive_avg_pool2d(x, output_size), y_)
    dy, dy_ = pair(*y_.shape)
    y_.backward(dy_)
    agree(ops.adaptive_avg_pool2d_backward(dy, x, output_size), x_.grad)


@seeds
def test_local_response_norm(seed):
    """Windows of odd and even size, and wider than there are channels; alpha near 1."""
    rng, pair = draw(seed)
    size, channels = int(rng.integers(1, 8)), int(rng.integers(1, 10))
    alpha, k = (float(number) for number in rng.uniform(0.3, 2, 2))
    beta = 0.75 if seed % 2 else float(rng.uniform(0.2, 1.5))
    x, x_ = pair(2, channels, 4, 3, scale=2.0)
    y_ = F.local_response_norm(x_, size, alpha, beta, k)
    agree(ops.local_response_norm(x, size, alpha / size, beta, k), y_)
    dy, dy_ = pair(*y_.shape)
    y_.backward(dy_)
    agree(ops.local_response_norm_backward(dy, x, size, alpha / size, beta, k), x_.grad)


@seeds
def test_cross_entropy(seed):
    rng, pair = draw(seed)
    n, classes = int(rng.integers(1, 9)), int(rng.integers(2, 20))
    smoothing = 0.0 if seed % 2 else float(rng.uniform(0, 1))
    logits, logits_ = pair(n, classes, scale=10.0)
    labels = rng.integers(0, classes, n)
    loss_ = F.cross_entropy(logits_, torch.tensor(labels), label_smoothing=smoothing)
    loss, p = ops.softmax_cross_entropy(logits, labels, smoothing)
    agree(np.asarray(loss), loss_)
    agree(p, torch.softmax(logits_, dim=1))
    dloss = float(rng.uniform(-2, 2))
    loss_.backward(torch.tensor(dloss))
    agree(ops.softmax_cross_entropy_backward(dloss, p, labels, smoothing), logits_.grad)


@seeds
def test_linear(seed):
    rng, pair = draw(seed)
    n, inputs, outputs = (int(extent) for extent in rng.integers(1, 40, 3))
    x, x_ = pair(n, inputs)
    weight, weight_ = pair(outputs, inputs)
    bias, bias_ = pair(outputs)
    y_ = F.linear(x_, weight_, bias_)
    agree(ops.linear(x, weight, bias), y_)
    dy, dy_ = pair(*y_.shape)
    y_.backward(dy_)
    for ours, theirs in zip(ops.linear_backward(dy, x, weight), (x_, weight_, bias_), strict=True):
        agree(ours, theirs.grad)


@pytest.mark.parametrize(
    ("forward", "backward", "theirs"),
    [
        (ops.relu, ops.relu_backward, torch.relu),
        (ops.tanh, ops.tanh_backward, torch.tanh),
        (ops.sigmoid, ops.sigmoid_backward, torch.sigmoid),
    ],
)
@seeds
def test_activations(seed, forward, backward, theirs):
    rng, pair = draw(seed)
    x, x_ = pair(*(int(extent) for extent in rng.integers(3, 9, 3)), scale=3.0)
    if seed % 4 == 0:
        x = np.round(x)  # zeros too, where ReLU has no derivative
        x_ = torch.tensor(x, requires_grad=True)
    y_ = theirs(x_)
    y = forward(x)
    agree(y, y_)
    dy, dy_ = pair(*y_.shape)
    y_.backward(dy_)
    agree(backward(dy, y), x_.grad)
