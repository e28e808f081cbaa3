"""Every array finds its module, crosses over only when asked to, and can be seen flat."""

import sys
import types

import numpy as np
import pytest
from strict import StrictArray, strict, sync_count, to_strict

from minialexnet.backend import arrays as arrays_module
from minialexnet.backend import (
    asarray_like,
    get_array_module,
    is_on_host,
    memory_order_view,
    move,
    to_host,
)
from minialexnet.errors import InputError


def test_an_array_is_computed_with_the_module_it_came_from(backend, xp):
    x = backend.put(np.ones(3))
    assert get_array_module(x) is xp
    assert get_array_module(x, x[:1]) is xp


def test_a_memory_map_is_a_numpy_array(tmp_path):
    pictures = np.memmap(tmp_path / "pictures", np.uint8, "w+", shape=(2, 3))
    assert get_array_module(pictures) is np
    assert get_array_module(pictures, np.ones(2)) is np
    assert is_on_host(pictures)


def test_cupys_arrays_are_recognised_without_importing_cupy(monkeypatch):
    cupy = types.ModuleType("cupy")
    cupy.ndarray = type("ndarray", (), {"__module__": "cupy"})
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setattr(arrays_module, "_registered", {np.ndarray: np})
    assert get_array_module(cupy.ndarray()) is cupy
    assert get_array_module(cupy.ndarray(), cupy.ndarray()) is cupy


def test_arrays_of_two_backends_are_refused_with_the_way_out():
    x = np.ones(3)
    with pytest.raises(
        InputError, match=r"different backends .*StrictArray, numpy\.ndarray.*asarray_like"
    ):
        get_array_module(to_strict(x), x)


@pytest.mark.parametrize("value", [[1.0], 1.0, None, np.float32(1)])
def test_what_is_no_array_is_refused(value):
    kind = type(value).__name__
    with pytest.raises(InputError, match=f"expected a NumPy or CuPy array, got {kind}; convert it"):
        get_array_module(value)


def test_to_host_gives_numpys_own_array_itself_and_copies_others(rng):
    x = rng.standard_normal((2, 3))
    assert to_host(x) is x
    there = to_strict(x)
    assert not is_on_host(there)
    before = sync_count()
    np.testing.assert_array_equal(to_host(there), x)
    assert sync_count() == before + 1


def test_asarray_like_moves_only_what_is_elsewhere():
    x, there = np.arange(3.0), to_strict(np.arange(4.0))
    assert asarray_like(x, x) is x
    assert asarray_like(there, there) is there
    moved = asarray_like(x, there)
    assert isinstance(moved, StrictArray)
    assert get_array_module(moved) is strict
    np.testing.assert_array_equal(to_host(moved), x)
    np.testing.assert_array_equal(asarray_like(there, x), np.arange(4.0))


@pytest.mark.parametrize("axes", [(0, 1, 2, 3), (0, 3, 1, 2), (3, 2, 1, 0)])
def test_move_keeps_the_order_in_memory_there_and_back(axes):
    """So that a convolution's filters stay a matrix without being copied."""
    x = np.arange(120.0).reshape(2, 3, 4, 5).transpose(axes)
    there = move(x, strict)
    back = move(there, np)
    assert isinstance(there, StrictArray)
    assert there.strides == back.strides == x.strides
    np.testing.assert_array_equal(to_host(there), x)
    np.testing.assert_array_equal(back, x)
    assert move(x, np) is x
    assert move(there, strict) is there


def test_to_host_takes_the_numbers_that_numpy_returns_for_arrays_without_axes():
    assert to_host(np.float32(2)) == to_host(to_strict(np.array(2.0))) == 2


@pytest.mark.parametrize("axes", [(0, 1, 2, 3), (0, 3, 1, 2), (3, 2, 1, 0), (1, 0, 3, 2)])
@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (2, 1, 4, 1), (1, 1, 1, 1)])
def test_memory_order_view_is_a_view_of_all_elements_in_their_order(backend, xp, axes, shape):
    memory = xp.arange(int(np.prod(shape)))
    flat = memory_order_view(memory.reshape(shape).transpose(axes))
    np.testing.assert_array_equal(backend.get(flat), backend.get(memory))
    flat += 1
    np.testing.assert_array_equal(backend.get(flat), backend.get(memory))


def test_memory_order_view_of_an_array_with_holes_is_refused(xp):
    with pytest.raises(InputError, match=r"one solid piece of memory, got one of shape \(2, 3\)"):
        memory_order_view(xp.zeros((2, 6))[:, ::2])


def test_moving_an_array_keeps_the_order_of_its_elements_in_memory(xp):
    host = np.arange(24.0).reshape(2, 3, 2, 2).transpose(0, 3, 1, 2)
    moved = move(host, xp)
    assert moved.shape == host.shape
    assert moved.strides == host.strides
    assert np.array_equal(to_host(moved), host)
