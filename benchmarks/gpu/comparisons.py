"""Every operation with the paper's shapes, to be computed on two backends and compared."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from minialexnet import ops
from minialexnet.datasets import to_network_input

Arrays = dict[str, Any]

EXACT, ROUNDING = 0.0, 1e-4
"""How far results may be apart, relative to the largest value: not at all where nothing is
rounded; else some hundred times what float32 rounds."""


@dataclass(frozen=True)
class Comparison:
    """Something to compute on both.

    Attributes:
        operation, shapes: what, and with which layer's shapes.
        inputs: host arrays.
        compute: takes the array module and the inputs in it; returns results by name.
        allowed: how far each may be apart.
    """

    operation: str
    shapes: str
    inputs: tuple[np.ndarray, ...]
    compute: Callable[..., Arrays]
    allowed: float = ROUNDING


def comparisons(pictures: int) -> Iterator[Comparison]:
    """All of them, for batches of so many pictures; made one by one, for some are large."""
    draw = _Draw(pictures)
    yield from _convolutions(draw)
    yield from _linear(draw)
    yield from _between_layers(draw)
    yield from _activations(draw)
    yield from _dropout(draw)
    yield from _loss(draw)
    yield from _pixels(draw)


class _Draw:
    """Random arrays as they occur in a network."""

    def __init__(self, count: int) -> None:
        self.count, self.generator = count, np.random.default_rng(2012)

    def normal(self, *shape: int) -> np.ndarray:
        return self.generator.standard_normal(shape, dtype=np.float32)

    def pictures(self, channels: int, side: int) -> np.ndarray:
        """(N, C, H, W) that lies channels-last in memory."""
        return self.normal(self.count, side, side, channels).transpose(0, 3, 1, 2)

    def filters(self, outputs: int, channels: int, side: int) -> np.ndarray:
        """(O, C, K, K) that lies channels-last in memory."""
        return self.normal(outputs, side, side, channels).transpose(0, 3, 1, 2)


# Layer: channels and side of the pictures; filters, their channels and side; options; output side.
_CONVOLUTIONS = {
    "conv1": ((3, 224), (96, 3, 11), {"stride": 4, "padding": ((0, 3), (0, 3))}, 55),
    "conv2": ((96, 27), (256, 48, 5), {"padding": 2, "groups": 2}, 27),
    "conv3": ((256, 13), (384, 256, 3), {"padding": 1}, 13),
    "conv4": ((384, 13), (384, 192, 3), {"padding": 1, "groups": 2}, 13),
    "conv5": ((384, 13), (256, 192, 3), {"padding": 1, "groups": 2}, 13),
}


def _convolutions(draw: _Draw) -> Iterator[Comparison]:
    for layer, (pictures, filters, options, side) in _CONVOLUTIONS.items():
        x, weight, bias = draw.pictures(*pictures), draw.filters(*filters), draw.normal(filters[0])
        dy = draw.pictures(filters[0], side)
        inputs = (x, weight, bias, dy)
        yield Comparison("conv2d", layer, inputs, partial(_convolve, options))
        if layer in ("conv2", "conv3"):
            yield Comparison("winograd_conv2d", layer, inputs, partial(_winograd, options))
    windows = {"kernel_size": 5, "padding": 2}
    x = draw.pictures(96, 27)
    yield Comparison(
        "im2col", "conv2", (x,), lambda xp, x: {"cols": ops.im2col(x, **windows)}, EXACT
    )
    cols = draw.normal(draw.count, 27, 27, 5, 5, 96)
    yield Comparison(
        "col2im", "conv2", (cols,), lambda xp, cols: {"x": ops.col2im(cols, 27, padding=2)}
    )


def _convolve(options, xp, x, weight, bias, dy) -> Arrays:
    gradients = ops.conv2d_backward(dy, x, weight, **options)
    return {"y": ops.conv2d(x, weight, bias, **options), **_named(gradients)}


def _winograd(options, xp, x, weight, bias, dy) -> Arrays:
    gradients = ops.winograd_conv2d_backward(dy, x, weight, **options)
    return {"y": ops.winograd_conv2d(x, weight, bias, **options), **_named(gradients)}


def _named(gradients) -> Arrays:
    return dict(zip(("dx", "dweight", "dbias"), gradients, strict=True))


def _linear(draw: _Draw) -> Iterator[Comparison]:
    def compute(xp, x, weight, bias, dy) -> Arrays:
        return {"y": ops.linear(x, weight, bias), **_named(ops.linear_backward(dy, x, weight))}

    for layer, inputs, outputs in (("fc6", 9216, 4096), ("fc7", 4096, 4096), ("fc8", 4096, 1000)):
        x, dy = draw.normal(draw.count, inputs), draw.normal(draw.count, outputs)
        weight, bias = draw.normal(outputs, inputs), draw.normal(outputs)
        yield Comparison("linear", layer, (x, weight, bias, dy), compute)


def _between_layers(draw: _Draw) -> Iterator[Comparison]:
    """Normalisation and pooling."""
    for layer, channels, side in (("norm1", 96, 55), ("norm2", 256, 27)):
        inputs = draw.pictures(channels, side), draw.pictures(channels, side)
        yield Comparison("local_response_norm", layer, inputs, partial(_normalise, {}))
    yield Comparison(
        "local_response_norm", "norm2, two towers", inputs, partial(_normalise, {"groups": 2})
    )
    for layer, channels, side, output in (("pool1", 96, 55, 27), ("pool5", 256, 13, 6)):
        inputs = draw.pictures(channels, side), draw.pictures(channels, output)
        yield Comparison("max_pool2d", layer, inputs, _max_pool)
        yield Comparison("avg_pool2d", layer, inputs, _avg_pool)
    yield Comparison("adaptive_avg_pool2d", "pool5", inputs, _adaptive_pool)


def _normalise(options, xp, x, dy) -> Arrays:
    dx = ops.local_response_norm_backward(dy, x, **options)
    return {"y": ops.local_response_norm(x, **options), "dx": dx}


def _max_pool(xp, x, dy) -> Arrays:
    y = ops.max_pool2d(x, 3, 2)
    return {"y": y, "dx": ops.max_pool2d_backward(dy, x, y, 3, 2)}


def _avg_pool(xp, x, dy) -> Arrays:
    return {"y": ops.avg_pool2d(x, 3, 2), "dx": ops.avg_pool2d_backward(dy, x, 3, 2)}


def _adaptive_pool(xp, x, dy) -> Arrays:
    dx = ops.adaptive_avg_pool2d_backward(dy, x, 6)
    return {"y": ops.adaptive_avg_pool2d(x, 6), "dx": dx}


def _activations(draw: _Draw) -> Iterator[Comparison]:
    inputs = draw.pictures(96, 55), draw.pictures(96, 55)
    for name, allowed in (("relu", EXACT), ("tanh", ROUNDING), ("sigmoid", ROUNDING)):
        yield Comparison(name, "relu1", inputs, partial(_activate, name), allowed)


def _activate(name: str, xp, x, dy) -> Arrays:
    y = getattr(ops, name)(x)
    return {"y": y, "dx": getattr(ops, f"{name}_backward")(dy, y)}


def _dropout(draw: _Draw) -> Iterator[Comparison]:
    def compute(xp, x, dy) -> Arrays:
        mask = ops.dropout_mask(x.shape, 0.5, (20, 12), xp)
        found: Arrays = {"mask": mask, "at test": ops.dropout_at_test(x, 0.5, inverted=False)}
        for inverted in (False, True):
            found[f"y {inverted}"] = ops.dropout(x, mask, 0.5, inverted)
            found[f"dx {inverted}"] = ops.dropout_backward(dy, mask, 0.5, inverted)
        return found

    inputs = draw.normal(draw.count, 4096), draw.normal(draw.count, 4096)
    yield Comparison("dropout", "drop6", inputs, compute, EXACT)


def _loss(draw: _Draw) -> Iterator[Comparison]:
    def compute(xp, logits, labels) -> Arrays:
        found: Arrays = {"softmax": ops.softmax(logits)}
        for smoothing in (0.0, 0.1):
            loss, p = ops.softmax_cross_entropy(logits, labels, smoothing)
            gradient = ops.softmax_cross_entropy_backward(1.0, p, labels, smoothing)
            found |= {f"loss {smoothing}": loss, f"dlogits {smoothing}": gradient}
        return found

    labels = draw.generator.integers(0, 1000, draw.count)
    yield Comparison(
        "softmax_cross_entropy", "fc8", (draw.normal(draw.count, 1000), labels), compute
    )


def _pixels(draw: _Draw) -> Iterator[Comparison]:
    def compute(xp, pictures, mean) -> Arrays:
        return {"x": to_network_input(pictures, mean, 1 / 64, xp)}

    pictures = draw.generator.integers(0, 256, (draw.count, 224, 224, 3), dtype=np.uint8)
    mean = np.array([120.5, 115.25, 103.125], np.float32)
    yield Comparison("to_network_input", "pixels", (pictures, mean), compute)
