"""Whole networks give PyTorch's logits, loss and gradients, with the same weights."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch, the oracle of these tests, is not installed")
from torch import nn  # noqa: E402

from minialexnet.layers import SoftmaxCrossEntropy  # noqa: E402
from minialexnet.models import alexnet  # noqa: E402

CLASSES = 10


def owt():
    """As in torchvision, without dropout."""
    return {
        "conv1": nn.Conv2d(3, 64, 11, stride=4, padding=2),
        "relu1": nn.ReLU(),
        "pool1": nn.MaxPool2d(3, 2),
        "conv2": nn.Conv2d(64, 192, 5, padding=2),
        "relu2": nn.ReLU(),
        "pool2": nn.MaxPool2d(3, 2),
        "conv3": nn.Conv2d(192, 384, 3, padding=1),
        "relu3": nn.ReLU(),
        "conv4": nn.Conv2d(384, 256, 3, padding=1),
        "relu4": nn.ReLU(),
        "conv5": nn.Conv2d(256, 256, 3, padding=1),
        "relu5": nn.ReLU(),
        "pool5": nn.MaxPool2d(3, 2),
        "avgpool": nn.AdaptiveAvgPool2d(6),
        "flatten": nn.Flatten(),
        "fc6": nn.Linear(256 * 6 * 6, 4096),
        "relu6": nn.ReLU(),
        "fc7": nn.Linear(4096, 4096),
        "relu7": nn.ReLU(),
        "fc8": nn.Linear(4096, CLASSES),
    }


def two_towers(norm, ceil_mode, features):
    """The network of 2012, in which `norm()` makes the normalisation; without dropout."""
    return {
        "conv1": nn.Conv2d(3, 96, 11, stride=4),
        "relu1": nn.ReLU(),
        "norm1": norm(),
        "pool1": nn.MaxPool2d(3, 2, ceil_mode=ceil_mode),
        "conv2": nn.Conv2d(96, 256, 5, padding=2, groups=2),
        "relu2": nn.ReLU(),
        "norm2": norm(),
        "pool2": nn.MaxPool2d(3, 2, ceil_mode=ceil_mode),
        "conv3": nn.Conv2d(256, 384, 3, padding=1),
        "relu3": nn.ReLU(),
        "conv4": nn.Conv2d(384, 384, 3, padding=1, groups=2),
        "relu4": nn.ReLU(),
        "conv5": nn.Conv2d(384, 256, 3, padding=1, groups=2),
        "relu5": nn.ReLU(),
        "pool5": nn.MaxPool2d(3, 2, ceil_mode=ceil_mode),
        "flatten": nn.Flatten(),
        "fc6": nn.Linear(features, 4096),
        "relu6": nn.ReLU(),
        "fc7": nn.Linear(4096, 4096),
        "relu7": nn.ReLU(),
        "fc8": nn.Linear(4096, CLASSES),
    }


def caffe():
    """PyTorch's normalisation divides alpha by the size, as Caffe's does."""
    return two_towers(lambda: nn.LocalResponseNorm(5, 1e-4, 0.75, k=1.0), True, 256 * 3 * 3)


def paper():
    """The paper's does not divide; and three rows and columns of zeros go on the far sides."""
    layers = two_towers(lambda: nn.LocalResponseNorm(5, 5 * 1e-4, 0.75, k=2.0), False, 256 * 2 * 2)
    return {"far zeros": nn.ZeroPad2d((0, 3, 0, 3)), **layers}


# Pixels with the spread of 2012 make the normalisation count; "owt" has none and gets 1.
NETWORKS = {
    "owt": (owt, 96, 1.0),
    "caffe": (caffe, 112, 60.0),
    "paper": (paper, 98, 60.0),
}


@pytest.mark.parametrize("variant", NETWORKS)
def test_logits_loss_and_gradients(variant, dtype):
    """To 1e-9 in float64. In float32 the gradients are compared in the mean (see `agree`)."""
    their_layers, image_size, spread = NETWORKS[variant]
    network = alexnet(variant, CLASSES, image_size, init="he", seed=1).astype(dtype)
    rng = np.random.default_rng(2)
    for name, value in network.params.items():
        if name.endswith("bias"):
            value[...] = 0.1 * rng.standard_normal(value.shape)
    for name in ("drop6", "drop7"):
        network[name].p = 0.0
    x = (spread * rng.standard_normal((2, 3, image_size, image_size))).astype(dtype)
    labels = np.array([7, 3])
    # Logits of about 2: neither equal nor with one class that takes all.
    network["fc8"].params["weight"] *= 2 / network.predict(x).std()

    theirs = nn.Sequential()
    for name, layer in their_layers().items():
        theirs.add_module(name, layer)
    theirs.to(getattr(torch, dtype))
    assert {name for name, _ in theirs.named_parameters()} == set(network.params)
    with torch.no_grad():
        for name, parameter in theirs.named_parameters():
            parameter.copy_(torch.tensor(network.params[name]))
    x_ = torch.tensor(x, requires_grad=True)
    logits_ = theirs(x_)
    loss_ = nn.functional.cross_entropy(logits_, torch.tensor(labels))
    loss_.backward()

    if "norm1" in network.layers:  # it must count, or its agreement would mean nothing
        _, (_, scale) = network["norm1"].run(network["conv1"].predict(x))
        assert scale.max() > 1.2 * network["norm1"].k

    loss = SoftmaxCrossEntropy()
    logits = network.forward(x, training=True)
    value = loss.forward(logits, labels)
    dx = network.backward(loss.backward())

    agree(logits, logits_, "logits", dtype)
    agree(np.asarray(value), loss_, "loss", dtype)
    agree(dx, x_.grad, "pictures", dtype, in_the_mean=True)
    for name, parameter in theirs.named_parameters():
        agree(network.grads[name], parameter.grad, name, dtype, in_the_mean=True)


def agree(ours, theirs, name, dtype, in_the_mean=False):
    """The largest difference is small beside the largest value.

    Where two pixels of a window differ by less than a rounding error, the two sides may find
    different ones to be the maximum, and a few gradients go elsewhere. So in float32 gradients
    are compared by the norm of the difference.
    """
    theirs = theirs.detach().numpy()
    assert ours.shape == theirs.shape, name
    assert ours.dtype == dtype, name
    difference = ours - theirs
    if dtype == "float64":
        assert np.abs(difference).max() <= 1e-9 * np.abs(theirs).max(), name
    elif in_the_mean:
        assert np.linalg.norm(difference) <= 1e-2 * np.linalg.norm(theirs), name
    else:
        assert np.abs(difference).max() <= 2e-5 * np.abs(theirs).max(), name
