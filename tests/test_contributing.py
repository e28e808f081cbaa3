"""The example that CONTRIBUTING.md tells people to follow works as it stands."""

import re
import textwrap
from pathlib import Path

import numpy as np

from minialexnet.backend import get_array_module
from minialexnet.gradcheck import check_layer
from minialexnet.layers.base import Layer, describe

TEXT = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")


def leaky_relu():
    """The class of the example: its code blocks are those indented under a numbered step."""
    blocks = re.findall(r"\n\n((?: {8}.*\n|\n)+)", TEXT)
    assert len(blocks) == 2
    names = {"Layer": Layer, "describe": describe, "get_array_module": get_array_module}
    for block in blocks:
        exec(textwrap.dedent(block), names)
    return names["LeakyReLU"]


def test_the_example_computes_what_it_says_in_float32(backend, dtype, rng):
    x, dy = rng.standard_normal((2, 3, 4, 5)), rng.standard_normal((2, 3, 4, 5))
    layer = leaky_relu()(0.25)
    y = layer.forward(backend.put(x, dtype))
    backend.check(y, np.where(x > 0, x, 0.25 * x), dtype)
    dx = layer.backward(backend.put(dy, dtype))
    backend.check(dx, np.where(x > 0, dy, 0.25 * dy), dtype)
    assert repr(layer) == "LeakyReLU(slope=0.25)"
    assert repr(leaky_relu()()) == "LeakyReLU()"


def test_the_gradients_of_the_example_are_right(backend, rng):
    x = backend.put(rng.standard_normal((2, 3, 4, 5)))
    report = check_layer(leaky_relu()(), x)
    assert report.ok, str(report)
