"""Memory is lent out and comes back: nothing is shared that should not be, and little is kept."""

import gc
import os
import signal
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minialexnet.backend import copy, empty, empty_like, memory, release_memory, zeros, zeros_like

LARGE = memory.SMALLEST_LOAN  # bytes from which on arrays come from the pool


@pytest.fixture(autouse=True)
def pool(monkeypatch):
    """A pool of its own for each test."""
    monkeypatch.setattr(memory, "_pool", memory._Pool())
    return memory._pool


def kept_sizes(pool):
    return [block.memory.size for shelf in pool._shelves.values() for _, block in shelf]


def address(array):
    return array.__array_interface__["data"][0]


# ---- what the arrays are ----------------------------------------------------------------------


@given(shape=st.lists(st.integers(0, 60), max_size=4), dtype=st.sampled_from(["f4", "f8", "u1"]))
def test_an_array_is_of_its_shape_and_type_and_can_be_written(shape, dtype):
    array = empty(tuple(shape), dtype, np)
    assert array.shape == tuple(shape)
    assert array.dtype == dtype
    assert array.flags.c_contiguous and array.flags.writeable and array.flags.aligned
    array[...] = 7
    assert (array == 7).all()


def test_zeros_are_zeros_in_memory_that_was_used(backend):
    for _ in range(3):
        array = zeros((LARGE,), "float32", backend.xp)
        assert (backend.get(array) == 0).all()
        array += 1
        alike = zeros_like(array)
        assert (backend.get(alike) == 0).all()
        alike += 1
        del array, alike


@pytest.mark.parametrize("axes", [(0, 1, 2, 3), (0, 3, 1, 2), (3, 2, 0, 1)])
def test_a_likeness_lies_in_memory_as_its_model_does(backend, rng, axes):
    model = backend.put(rng.standard_normal((4, 24, 20, 18))).transpose(axes)
    for alike in (empty_like(model), zeros_like(model), copy(model)):
        assert alike.shape == model.shape
        assert alike.strides == model.strides
        assert alike.dtype == model.dtype
    np.testing.assert_array_equal(backend.get(copy(model)), backend.get(model))


def test_a_likeness_of_every_other_element_fills_its_memory(backend, rng):
    model = backend.put(rng.standard_normal((4, 30, 20, 24))).transpose(0, 3, 1, 2)[:, :, ::2, 1::2]
    alike = copy(model)
    assert alike.transpose(0, 2, 3, 1).flags.c_contiguous
    np.testing.assert_array_equal(backend.get(alike), backend.get(model))


def test_a_likeness_of_a_broadcast_array_has_room_for_each_element():
    model = np.broadcast_to(np.arange(5.0), (3000, 5))
    alike = copy(model)
    alike[0] = -1
    np.testing.assert_array_equal(alike[1:], model[1:])


def test_a_likeness_can_be_of_another_type():
    assert empty_like(np.zeros((300, 300), np.float32), np.bool_).dtype == np.bool_


def test_a_likeness_has_the_order_of_axes_of_length_one_too():
    model = np.ones((64, 1, 1, 512), np.float32).transpose(0, 3, 1, 2)
    assert empty_like(model).strides == model.strides


@pytest.mark.parametrize("dtype", [object, [("a", "f4"), ("b", "i8")], "U3", "M8[s]"])
def test_arrays_of_no_numbers_are_numpys_own(dtype):
    array = empty((300, 300), dtype, np)
    assert array.dtype == np.dtype(dtype)
    assert array.flags.owndata


def test_numpys_integers_in_a_shape_do_not_overflow():
    """Their product would be 65,536 here, and the array would reach far beyond its block."""
    array = empty((np.int32(65536), np.int32(65537)), "u1", np)
    assert array.nbytes <= (array if array.base is None else array.base._block.memory).nbytes


def test_a_shape_may_be_a_list():
    assert empty([300, 300], "f4", np).shape == (300, 300)


# ---- lending and giving back ------------------------------------------------------------------


def test_memory_is_used_again_once_the_last_view_is_gone(pool):
    array = empty((LARGE,), "u1", np)
    place, view = address(array), array[5:10].reshape(1, 5)
    del array
    assert address(empty((LARGE,), "u1", np)) != place  # `view` still looks into it
    del view
    assert pool.usage()[0] == 0
    assert address(empty((LARGE,), "u1", np)) == place


def in_another_thread(function):
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


def test_arrays_begin_where_a_line_of_the_cache_does(pool):
    arrays = [empty((LARGE + 1000 * i,), "u1", np) for i in range(20)]
    assert {address(array) % 64 for array in arrays} == {0}
    for array in arrays:  # and lie within their blocks
        block = array.base._block
        assert block.address == address(array) == address(block.memory)
        assert block.memory.size >= array.size


def test_a_thread_gets_its_own_memory_back_while_there_is_room(pool):
    """Another's lies in the cache of another core."""
    much = empty((8 * LARGE,), "u1", np)
    del much
    array = empty((LARGE,), "u1", np)
    mine, theirs = address(array), []
    del array

    def borrow_twice():
        for _ in range(2):
            theirs.append(address(empty((LARGE,), "u1", np)))

    in_another_thread(borrow_twice)
    assert theirs == [theirs[0]] * 2
    assert theirs[0] != mine
    assert address(empty((LARGE,), "u1", np)) == mine


def test_without_room_a_thread_gets_the_memory_of_another(pool):
    array = empty((LARGE,), "u1", np)
    place = address(array)
    del array
    places = []
    in_another_thread(lambda: places.append(address(empty((LARGE,), "u1", np))))
    assert places == [place]
    assert pool.usage() == (0, LARGE, LARGE)


def test_arrays_in_use_never_share_memory(rng):
    alive = []
    for number in range(300):
        array = empty((int(rng.integers(1, 4)) * LARGE,), "u1", np)
        array[...] = number % 256
        alive.append((number % 256, array))
        if len(alive) > 5:
            del alive[int(rng.integers(len(alive)))]
        for expected, other in alive:
            assert other[0] == other[-1] == expected


def test_small_arrays_do_not_come_from_the_pool(pool):
    small = empty((LARGE - 1,), "u1", np)
    assert small.flags.owndata
    assert pool.usage()[0] == 0


def test_threads_can_borrow_and_give_back_at_once(pool):
    wrong = []

    def work(number):
        for _ in range(300):
            array = empty((LARGE + number % 2 * LARGE,), "u1", np)
            array[...] = number
            other = array[::-1]
            del array
            if (other != number).any():
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert pool.usage()[0] == 0
    assert pool.usage()[1] == sum(kept_sizes(pool))


def test_arrays_in_a_circle_of_references_give_back_too(pool):
    circle = [empty((LARGE,), "u1", np)]
    circle.append(circle)
    del circle
    gc.collect()
    assert pool.usage()[0] == 0


# ---- how much is kept -------------------------------------------------------------------------


def test_no_more_is_kept_than_was_in_use_and_what_is_to_spare(pool):
    for size in range(1, 40):  # each of another size, so nothing can be used again
        array = empty((size * LARGE,), "u1", np)
        used, free, most = pool.usage()
        assert used + free <= memory.SPARE * most
        del array
    used, free, most = pool.usage()
    assert (used, most) == (0, 39 * LARGE)
    assert free <= memory.SPARE * most


def test_what_was_unused_for_longest_is_dropped_first(pool):
    first, second = empty((4 * LARGE,), "u1", np), empty((2 * LARGE,), "u1", np)
    del first, second
    third = empty((3 * LARGE,), "u1", np)  # 6 + 3 would be more than 1.4 times 6
    assert kept_sizes(pool) == [2 * LARGE]
    del third


def test_released_memory_is_gone_and_arrays_in_use_stay(pool):
    used, unused = empty((LARGE,), "u1", np), empty((LARGE,), "u1", np)
    used[...] = 3
    del unused
    release_memory()
    assert pool.usage() == (LARGE, 0, LARGE)
    assert not pool._shelves  # nor are the books of threads that are gone kept
    assert (used == 3).all()


def test_no_books_are_kept_of_sizes_and_threads_without_blocks(pool):
    in_another_thread(lambda: empty((LARGE,), "u1", np))
    array = empty((LARGE,), "u1", np)  # the block of that thread
    assert not pool._shelves
    del array


def test_a_count_that_an_interruption_left_too_high_is_put_right(pool):
    array = empty((LARGE,), "u1", np)
    pool._free_bytes += LARGE
    del array
    release_memory()
    assert pool.usage() == (0, 0, 0)


def test_without_memory_the_books_still_balance(pool, monkeypatch):
    def no_memory(*args):
        raise MemoryError

    with monkeypatch.context() as patch, pytest.raises(MemoryError):
        patch.setattr(memory.np, "empty", no_memory)
        empty((LARGE,), "u1", np)
    assert pool.usage()[0] == 0


def test_when_memory_is_short_what_is_kept_makes_room(pool, monkeypatch):
    right = np.empty

    def empty_if_nothing_is_kept(size, dtype):
        if pool._free_bytes:
            raise MemoryError
        return right(size, dtype)

    several = [empty((LARGE,), "u1", np) for _ in range(4)]
    del several
    monkeypatch.setattr(memory.np, "empty", empty_if_nothing_is_kept)
    array = empty((2 * LARGE,), "u1", np)
    assert pool.usage() == (2 * LARGE, 0, 4 * LARGE)
    del array


def test_a_pool_that_cannot_be_asked_is_done_without(pool, monkeypatch):
    """Its lock may be held by a thread that collects garbage, and waits there for this one."""
    monkeypatch.setattr(memory, "PATIENCE", 0.05)
    arrays = []

    def work():
        array = empty((LARGE,), "u1", np)
        array[...] = 5
        arrays.append(array)

    thread = threading.Thread(target=work)
    with pool._lock:
        thread.start()
        thread.join(10)
    assert (arrays[0] == 5).all()
    assert pool.usage() == (0, 0, 0)
    arrays.clear()
    assert pool.usage() == (0, 0, 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_can_borrow_and_give_back_though_another_thread_was_at_it(pool):
    """In the child nobody would ever open a lock that another thread of its parent held."""
    holding, let_go = threading.Event(), threading.Event()
    array = empty((LARGE,), "u1", np)

    def hold():
        with pool._lock:
            holding.set()
            let_go.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    assert holding.wait(10)
    child = os.fork()
    if child == 0:
        signal.alarm(10)
        pool.begin_anew_after_fork()  # as is done for the real one
        del array
        release_memory()
        empty((LARGE,), "u1", np)
        os._exit(0)
    let_go.set()
    holder.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
