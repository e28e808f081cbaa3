from __future__ import annotations

import tracemalloc
from fractions import Fraction

import numpy as np
import pytest

from minialexnet.datasets import to_network_input
from minialexnet.errors import InputError


@pytest.fixture
def batch():
    return np.random.default_rng(0).integers(0, 256, (4, 6, 5, 3), dtype=np.uint8)


def reference(batch, mean, scale):
    return ((batch.astype(np.float64) - mean) * scale).transpose(0, 3, 1, 2)


@pytest.mark.parametrize(
    "scale", [1.0, 1, 1 / 64, np.float64(0.5), np.float32(0.5), Fraction(1, 2)]
)
@pytest.mark.parametrize("kind", ["colour", "image"])
def test_mean_and_scale(backend, dtype, batch, kind, scale):
    mean = np.random.default_rng(1).uniform(90, 130, (3,) if kind == "colour" else (6, 5, 3))
    x = to_network_input(backend.put(batch), backend.put(mean, dtype), scale, backend.xp)
    backend.check(x, reference(batch, mean, float(scale)), np.float32)


def test_a_scale_for_each_colour(backend, batch):
    mean, scale = np.array([1.0, 2.0, 3.0]), np.array([0.5, 1.0, 2.0])
    x = to_network_input(backend.put(batch), backend.put(mean), backend.put(scale), backend.xp)
    backend.check(x, reference(batch, mean, scale), np.float32)


@pytest.mark.parametrize("kind", ["colour", "image"])
@pytest.mark.parametrize("by_colour", [False, True])
def test_each_picture_can_have_a_colour_added(backend, batch, kind, by_colour):
    rng = np.random.default_rng(1)
    mean = rng.uniform(90, 130, (3,) if kind == "colour" else (6, 5, 3))
    shift = rng.normal(0, 20, (4, 3)).astype("float32")
    scale = np.array([0.5, 1.0, 2.0]) if by_colour else 0.5
    given = backend.put(scale) if by_colour else scale
    x = to_network_input(
        backend.put(batch), backend.put(mean), given, backend.xp, backend.put(shift)
    )
    backend.check(x, reference(batch + shift[:, None, None], mean, scale), np.float32)


@pytest.mark.parametrize("shift", [np.zeros(3, "f4"), np.zeros((3, 3), "f4"), np.zeros((4, 3))])
def test_a_shift_of_another_shape_or_type_is_refused(backend, batch, shift):
    with pytest.raises(InputError, match=r"shift must be float32 of shape \(4, 3\)"):
        to_network_input(backend.put(batch), [1, 2, 3], 1, backend.xp, backend.put(shift))


def test_what_lies_on_the_host_will_do(backend, batch):
    """Means are computed on the host; so they need not be moved first."""
    expected = reference(batch, [1, 2, 3], 2)
    for mean in ([1, 2, 3], np.array([1.0, 2.0, 3.0])):
        x = to_network_input(backend.put(batch), mean, [2, 2, 2], backend.xp)
        backend.check(x, expected, np.float32)


def test_memory_is_channels_last_and_the_batch_is_left_alone(backend, batch):
    given = backend.put(batch)
    x = to_network_input(given, backend.put(np.zeros(3)), 2.0, backend.xp)
    assert x.shape == (4, 3, 6, 5)
    assert x.transpose(0, 2, 3, 1).flags.c_contiguous
    assert np.array_equal(backend.get(given), batch)


def test_no_float64_on_the_way():
    batch = np.zeros((8, 64, 64, 3), np.uint8)
    tracemalloc.start()
    x = to_network_input(batch, np.zeros(3, np.float64), 0.5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.5 * x.nbytes


def test_the_array_module_given_makes_every_array(batch):
    used = set()

    class Recorder:
        """Lends NumPy's functions, and takes down their names."""

        def __getattr__(self, name):
            used.add(name)
            return getattr(np, name)

    to_network_input(batch, [1, 2, 3], [1, 2, 3], xp=Recorder())
    assert used == {"uint8", "float32", "asarray", "broadcast_to", "empty"}


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((4, 6, 5, 3), np.float32), ((4, 3, 6, 5), np.uint8), ((6, 5, 3), np.uint8)],
)
def test_a_wrong_batch(shape, dtype):
    with pytest.raises(InputError, match=r"batch must be uint8 of shape \(B, H, W, 3\), not"):
        to_network_input(np.zeros(shape, dtype), np.zeros(3))


@pytest.mark.parametrize("shape", [(), (1,), (4,), (5, 6, 3), (3, 6, 5), (4, 6, 5, 3)])
def test_a_wrong_mean_or_scale(batch, shape):
    with pytest.raises(InputError, match=r"mean must be a colour .*\(6, 5, 3\), not"):
        to_network_input(batch, np.zeros(shape))
    with pytest.raises(InputError, match=r"scale must be a colour .*\(6, 5, 3\), not"):
        to_network_input(batch, np.zeros(3), np.zeros(shape))
