"""Layers: parameters and memory around the pure functions of `minialexnet.ops`."""

from minialexnet.layers.activations import ReLU, Sigmoid, Tanh
from minialexnet.layers.base import Layer
from minialexnet.layers.conv import Conv2d
from minialexnet.layers.dropout import Dropout
from minialexnet.layers.flatten import Flatten
from minialexnet.layers.linear import Linear
from minialexnet.layers.loss import SoftmaxCrossEntropy
from minialexnet.layers.lrn import LocalResponseNorm
from minialexnet.layers.pooling import AdaptiveAvgPool2d, AvgPool2d, MaxPool2d
from minialexnet.layers.sequential import Sequential

__all__ = [
    "AdaptiveAvgPool2d",
    "AvgPool2d",
    "Conv2d",
    "Dropout",
    "Flatten",
    "Layer",
    "Linear",
    "LocalResponseNorm",
    "MaxPool2d",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "SoftmaxCrossEntropy",
    "Tanh",
]
