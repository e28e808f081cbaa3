"""AlexNet from scratch: every operation forward and backward by hand, on NumPy or CuPy."""

from minialexnet import gradcheck
from minialexnet.errors import InputError
from minialexnet.layers import (
    AdaptiveAvgPool2d,
    AvgPool2d,
    Conv2d,
    Dropout,
    Flatten,
    Layer,
    Linear,
    LocalResponseNorm,
    MaxPool2d,
    ReLU,
    Sequential,
    Sigmoid,
    SoftmaxCrossEntropy,
    Tanh,
)
from minialexnet.models import Parts, alexnet
from minialexnet.training import SGD

__all__ = [
    "SGD",
    "AdaptiveAvgPool2d",
    "AvgPool2d",
    "Conv2d",
    "Dropout",
    "Flatten",
    "InputError",
    "Layer",
    "Linear",
    "LocalResponseNorm",
    "MaxPool2d",
    "Parts",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "SoftmaxCrossEntropy",
    "Tanh",
    "alexnet",
    "gradcheck",
]
