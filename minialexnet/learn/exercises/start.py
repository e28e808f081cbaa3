"""Notebook 0: what a network is given."""

import numpy as np

from minialexnet.backend import get_array_module
from minialexnet.learn.exercise import Exercise, Mistake


def to_network_input(batch, mean, scale):
    xp = get_array_module(batch)
    centred = batch.astype(xp.float32) - mean.astype(xp.float32)
    x = centred.transpose(0, 3, 1, 2)
    return x * xp.float32(scale)


def _cases(rng):
    def case(n, h, w, mean, scale):
        return rng.integers(0, 256, (n, h, w, 3), dtype=np.uint8), np.array(mean), scale

    by_hand = np.arange(10, 100, 10, dtype=np.uint8).reshape(1, 1, 3, 3)
    return [
        (by_hand, np.array([20, 10, 30], dtype=np.uint8), 1.0),
        (by_hand, np.array([20.0, 10.0, 30.0]), 0.5),
        (by_hand.reshape(1, 3, 1, 3), np.array([20.0, 10.0, 30.0]), 1.0),
        case(1, 3, 3, [120.0, 110.0, 100.0], 1.0),
        case(2, 3, 4, [120.5, 110.25, 100.75], 0.25),
        case(3, 5, 4, [127.25, 119.5, 104.0], 1 / 64),
    ]


def _float(array):
    return array.astype(get_array_module(array).float32)


def _own_mean(batch, axes):
    return _float(batch).mean(axis=axes, keepdims=True)


def _first(x):
    """Channels first."""
    return x.transpose(0, 3, 1, 2)


WRAPS = (
    "It subtracts in uint8, which knows only 0 to 255: 10 - 20 gives 246 there. Make float32 of "
    "the pixels first, then subtract."
)

EXERCISES = (
    Exercise(
        name="to_network_input",
        task="From pictures, uint8 (N, H, W, 3), to what a network takes, float32 (N, 3, H, W): "
        "minus the mean colour (3,), which may be uint8 or float, and then times the scale.",
        solution=to_network_input,
        cases=_cases,
        tolerance=1e-5,
        mistakes=(
            Mistake(
                WRAPS,
                lambda batch, mean, scale: _first(batch - mean) * scale,
            ),
            Mistake(
                WRAPS,
                lambda batch, mean, scale: _first(batch - mean.astype(batch.dtype)) * scale,
            ),
            Mistake(
                "reshape does not move numbers: it only counts the same row of numbers in another "
                "way, and so mixes colours and pixels. transpose(0, 3, 1, 2) exchanges the axes.",
                lambda batch, mean, scale: (
                    (_float(batch) - _float(mean)).reshape(_first(batch).shape) * scale
                ),
            ),
            Mistake(
                "The colours still come last: the result is to be (N, 3, H, W).",
                lambda batch, mean, scale: (_float(batch) - _float(mean)) * scale,
            ),
            Mistake(
                "Height and width are exchanged: rows come before columns, transpose(0, 3, 1, 2).",
                lambda batch, mean, scale: (
                    (_float(batch) - _float(mean)).transpose(0, 3, 2, 1) * scale
                ),
            ),
            Mistake(
                "It scales before it subtracts. The mean is in pixel values, as the pixels are: "
                "subtract first, and scale the difference.",
                lambda batch, mean, scale: _first(_float(batch) * scale - _float(mean)),
            ),
            Mistake(
                "The scale is forgotten: the difference is to be multiplied by it.",
                lambda batch, mean, scale: _first(_float(batch) - _float(mean)),
            ),
            Mistake(
                "It divides by the scale; the difference is to be multiplied by it.",
                lambda batch, mean, scale: _first(_float(batch) - _float(mean)) / scale,
            ),
            Mistake(
                "The mean is forgotten: subtract it from every pixel.",
                lambda batch, mean, scale: _first(_float(batch)) * scale,
            ),
            Mistake(
                "The mean is added; it is to be subtracted.",
                lambda batch, mean, scale: _first(_float(batch) + _float(mean)) * scale,
            ),
            Mistake(
                "It subtracts the mean of each picture. Take the one that is given: it is the same "
                "for all pictures, in training and afterwards.",
                lambda batch, mean, scale: _first(_float(batch) - _own_mean(batch, (1, 2))) * scale,
            ),
            Mistake(
                "It subtracts the mean of this batch. Take the one that is given: a picture must "
                "not look different to the network because of those beside it.",
                lambda batch, mean, scale: (
                    _first(_float(batch) - _own_mean(batch, (0, 1, 2))) * scale
                ),
            ),
            Mistake(
                "It subtracts one number from all colours: red, green and blue have a mean each.",
                lambda batch, mean, scale: _first(_float(batch) - _float(mean).mean()) * scale,
            ),
            Mistake(
                "The mean is not lined up with the colours, which are axis 1 after the transpose: "
                "subtract before you transpose, or make it mean.reshape(1, 3, 1, 1).",
                lambda batch, mean, scale: (_first(_float(batch)) - _float(mean)) * scale,
            ),
            Mistake(
                "Red and blue are exchanged: the colours stay in their order.",
                lambda batch, mean, scale: _first(_float(batch) - _float(mean))[:, ::-1] * scale,
            ),
            Mistake(
                "The pixels are divided by 255 as well. The mean is in pixel values from 0 to 255, "
                "and `scale` is all the scaling there is.",
                lambda batch, mean, scale: _first(_float(batch) / 255 - _float(mean)) * scale,
            ),
        ),
    ),
)
