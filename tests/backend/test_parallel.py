"""Sharing out work changes how long it takes and nothing else."""

import gc
import os
import subprocess
import sys
import textwrap
import threading
import warnings
import weakref

import numpy as np
import pytest
import threadpoolctl
from hypothesis import given
from hypothesis import strategies as st
from strict import to_strict

from minialexnet.backend import (
    cached_blocks,
    empty,
    for_each_block,
    halve_slice,
    map_ordered,
    matmul,
    memory,
    num_threads,
    parallel,
    release_memory,
    set_num_threads,
    slice_batch,
)
from minialexnet.errors import InputError


@pytest.fixture(autouse=True)
def threads_as_before():
    before = num_threads()
    yield
    set_num_threads(before)


def blas_threads():
    """How many threads each BLAS library may use."""
    return [
        library["num_threads"]
        for library in threadpoolctl.threadpool_info()
        if library["user_api"] == "blas"
    ]


# ---- the number of threads --------------------------------------------------------------------


def test_the_number_of_threads_is_as_set():
    for count in (3, 1):
        set_num_threads(count)
        assert num_threads() == count


@pytest.mark.parametrize("count", [0, -1, 2.0, "2", True, None])
def test_what_is_no_number_of_threads_is_refused(count):
    with pytest.raises(InputError, match=f"threads is {count!r}; expected a whole number from 1"):
        set_num_threads(count)


def test_the_environment_decides_until_it_is_set(monkeypatch):
    monkeypatch.setenv("MINIALEXNET_THREADS", "3")
    monkeypatch.setattr(parallel, "_threads", None)
    assert num_threads() == 3


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5"])
def test_an_environment_without_a_number_is_refused(monkeypatch, value):
    monkeypatch.setenv("MINIALEXNET_THREADS", value)
    monkeypatch.setattr(parallel, "_threads", None)
    with pytest.raises(InputError, match=f"MINIALEXNET_THREADS is '{value}'; expected a whole"):
        num_threads()
    monkeypatch.setattr(parallel, "_threads", 1)


def test_without_a_choice_there_is_a_thread_for_each_usable_core(monkeypatch):
    monkeypatch.delenv("MINIALEXNET_THREADS", raising=False)
    monkeypatch.setattr(parallel, "_threads", None)
    monkeypatch.setattr(parallel.os, "sched_getaffinity", lambda _: {0, 5, 7}, raising=False)
    assert num_threads() == 3


# ---- slices of a batch ------------------------------------------------------------------------


@given(count=st.integers(1, 70), size=st.integers(1, 300))
def test_slices_cover_the_batch_once_in_order(count, size):
    x = np.broadcast_to(np.float32(0), (count, 3, size, size))
    slices = slice_batch(x)
    covered = [i for part in slices for i in range(count)[part]]
    assert covered == list(range(count))
    lengths = [part.stop - part.start for part in slices]
    assert min(lengths) >= 1
    assert max(lengths) - min(lengths) <= 1
    together = parallel.SMALL_SLICE // (3 * size * size)
    if (
        together > parallel.SLICE_PICTURES
    ):  # small pictures: fewer slices, for an even count of cores
        assert max(lengths) <= together
        assert len(slices) == 1 == count or len(slices) % 2 == 0 or len(slices) == count
    else:
        assert max(lengths) <= parallel.SLICE_PICTURES
        assert len(slices) >= min(count, parallel.MIN_SLICES)


@pytest.mark.parametrize(("count", "size", "slices"), [(50, 24, 4), (32, 28, 2), (64, 42, 8)])
def test_small_pictures_go_together(count, size, slices):
    assert len(slice_batch(np.zeros((count, 3, size, size), np.float32))) == slices


def test_slices_depend_on_the_shape_alone():
    x = np.zeros((37, 3, 32, 32), np.float32)
    before = slice_batch(x)
    set_num_threads(num_threads() + 1)
    assert slice_batch(x) == before


@pytest.mark.parametrize("x", [np.zeros((9, 5)), np.zeros((0, 3, 8, 8))])
def test_rows_of_features_and_empty_batches_stay_whole(x):
    assert slice_batch(x) == [slice(0, len(x))]


def test_on_a_device_the_batch_stays_whole():
    assert slice_batch(to_strict(np.zeros((9, 3, 8, 8)))) == [slice(0, 9)]


@given(count=st.integers(0, 9), elements=st.integers(0, parallel.SLICE_ELEMENTS + 1))
def test_a_slice_is_halved_when_a_layer_makes_too_much_of_it(count, elements):
    x = np.broadcast_to(np.float32(0), (count, 3, 8, 8))
    halves = halve_slice(x, elements)
    assert [i for part in halves for i in range(count)[part]] == list(range(count))
    too_much = count > 1 and count * elements > parallel.SLICE_ELEMENTS
    assert len(halves) == (2 if too_much else 1)
    lengths = [part.stop - part.start for part in halves]
    assert max(lengths) - min(lengths) <= 1


def test_rows_of_features_are_not_halved():
    assert halve_slice(np.zeros((9, 5)), parallel.SLICE_ELEMENTS) == [slice(0, 9)]


def test_on_a_device_nothing_is_halved():
    x = to_strict(np.zeros((9, 3, 8, 8)))
    assert halve_slice(x, parallel.SLICE_ELEMENTS) == [slice(0, 9)]


@given(count=st.integers(0, 70), size=st.integers(1, 300), channels=st.integers(1, 8))
def test_cached_blocks_cover_the_batch_once_in_order(count, size, channels):
    x = np.broadcast_to(np.float32(0), (count, channels, size, size))
    covered = [i for part in cached_blocks(x) for i in range(count)[part]]
    assert covered == list(range(count))


def test_cached_blocks_are_as_large_as_the_cache_allows():
    x = np.broadcast_to(np.float32(0), (64, 4, 256, parallel.CACHED_ELEMENTS // 4096))
    assert cached_blocks(x) == [slice(start, start + 4) for start in range(0, 64, 4)]


def test_on_a_device_blocks_are_larger_and_equal(monkeypatch):
    x = to_strict(np.zeros((9, 3, 800, 800)))
    assert [len(x[part]) for part in cached_blocks(x)] == [9]
    monkeypatch.setattr(parallel, "DEVICE_ELEMENTS", 4 * 3 * 800 * 800)
    assert [len(x[part]) for part in cached_blocks(x)] == [3, 3, 3]


# ---- matmul -----------------------------------------------------------------------------------


@given(m=st.integers(0, 5), k=st.integers(0, 6), n=st.integers(0, 1300))
def test_a_product_in_blocks_is_the_product(backend, m, k, n):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((m, k)), rng.standard_normal((n, k))
    product = matmul(backend.put(a, "float32"), backend.put(b, "float32").T)
    backend.check(product, a @ b.T, "float32")


@pytest.mark.parametrize(("m", "n"), [(2, 1000), (7, 100), (64, 700), (200, 513)])
def test_a_product_is_the_same_to_the_bit_for_any_number_of_threads(rng, m, n):
    a, b = (rng.standard_normal(shape, np.float32) for shape in ((m, 3000), (3000, n)))
    products = []
    for count, blas in ((1, 1), (1, 2), (2, 1), (2, 2), (3, 2)):
        set_num_threads(count)
        with threadpoolctl.threadpool_limits(limits=blas, user_api="blas"):
            before = blas_threads()
            products.append(matmul(a, b))
            assert blas_threads() == before
    for product in products[1:]:
        np.testing.assert_array_equal(product, products[0])


# ---- map_ordered ------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3])
def test_results_come_in_the_order_of_the_items(count):
    set_num_threads(count)
    waits = [threading.Event() for _ in range(6)]

    def work(i):
        if count == 2 and i == 0:
            assert waits[1].wait(10)  # the first result is ready only after the second
        waits[i].set()
        return i * i

    assert list(map_ordered(work, range(6))) == [0, 1, 4, 9, 16, 25]


def test_results_are_not_kept_until_the_last_one_is_there():
    set_num_threads(2)
    results, references = map_ordered(lambda i: np.full(1000, i), range(5)), []
    for result in results:
        references.append(weakref.ref(result))
        del result
        gc.collect()
        assert sum(reference() is not None for reference in references[:-1]) == 0


def test_work_runs_on_that_many_threads_at_once():
    set_num_threads(3)
    all_there = threading.Barrier(3)
    assert list(map_ordered(lambda _: all_there.wait(10) >= 0, range(3))) == [True] * 3


def test_a_worker_that_shares_out_work_does_it_itself():
    """Otherwise workers would wait for each other for ever, once all of them wait."""
    set_num_threads(3)

    def outer(_):
        inner = list(map_ordered(lambda _: threading.get_ident(), range(4)))
        return {*inner} == {threading.get_ident()}

    assert list(map_ordered(outer, range(2))) == [True, True]


@pytest.mark.parametrize("count", [1, 2])
def test_an_error_in_a_worker_comes_out_and_the_pool_lives_on(count):
    set_num_threads(count)

    def work(i):
        if i == 2:
            raise InputError("picture 2 is broken")
        return i

    before = blas_threads()
    with pytest.raises(InputError, match="picture 2 is broken"):
        list(map_ordered(work, range(5)))
    assert blas_threads() == before
    assert list(map_ordered(lambda i: i, range(5))) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_blas_has_one_thread_meanwhile_and_its_own_number_afterwards(count):
    """With one thread too: how BLAS cuts its sums would show in the last bits of the results."""
    set_num_threads(count)
    with threadpoolctl.threadpool_limits(limits=2, user_api="blas"):
        if 2 not in blas_threads():
            pytest.skip("this BLAS has one thread only")
        seen = list(map_ordered(lambda _: blas_threads(), range(4)))
        assert all(set(threads) == {1} for threads in seen)
        assert 2 in blas_threads()


@pytest.mark.parametrize("count", [1, 2])
def test_blas_has_one_thread_whichever_thread_calls_and_whoever_has_set_its_number(count):
    """threadpoolctl listens to the first thread that sets a number, and to no other."""
    set_num_threads(count)
    seen = []

    def work():
        seen.extend(map_ordered(lambda _: blas_threads(), range(3)))

    with threadpoolctl.threadpool_limits(limits=2, user_api="blas"):
        if 2 not in blas_threads():
            pytest.skip("this BLAS has one thread only")
        for _ in range(2):
            work()
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
            assert 2 in blas_threads()
        assert len(seen) == 12
        assert all(set(threads) == {1} for threads in seen)
        with threadpoolctl.threadpool_limits(limits=1, user_api="blas"):
            assert set(blas_threads()) == {1}  # the caller can still set it
        assert 2 in blas_threads()


@pytest.mark.parametrize("count", [1, 2])
def test_users_that_overlap_leave_blas_as_it_was(count):
    """The first to come is not the last to go: its limit must outlive it and then be lifted."""
    set_num_threads(count)
    with threadpoolctl.threadpool_limits(limits=2, user_api="blas"):
        if 2 not in blas_threads():
            pytest.skip("this BLAS has one thread only")
        first, second = (map_ordered(lambda i: i, range(3)) for _ in range(2))
        assert next(first) == next(second) == 0
        assert list(first) == [1, 2]
        assert set(blas_threads()) == {1}
        assert list(second) == [1, 2]
        assert 2 in blas_threads()


@pytest.mark.parametrize("error", [InputError, KeyboardInterrupt])
def test_after_an_error_no_worker_is_still_at_work(error):
    """It would go on writing into arrays that the caller believes to be its own again."""
    set_num_threads(2)
    begun, let_go, finished = threading.Event(), threading.Event(), []

    def work(i):
        if i == 0:
            assert begun.wait(10)
            threading.Timer(0.2, let_go.set).start()
            raise error("stop")
        begun.set()
        assert let_go.wait(10)
        finished.append(i)

    with pytest.raises(error, match="stop"):
        list(map_ordered(work, range(2)))
    assert finished == [1]
    assert list(map_ordered(lambda i: i, range(5))) == [0, 1, 2, 3, 4]


def test_an_interrupt_of_the_caller_leaves_the_pool_usable():
    set_num_threads(2)
    results = map_ordered(lambda i: i, range(50))
    next(results)
    with pytest.raises(KeyboardInterrupt):
        results.throw(KeyboardInterrupt)
    assert list(map_ordered(lambda i: i, range(5))) == [0, 1, 2, 3, 4]


def test_an_interrupt_while_the_pool_shuts_down_leaves_no_dead_pool(monkeypatch):
    set_num_threads(2)
    assert list(map_ordered(lambda i: i, range(3))) == [0, 1, 2]
    shutdown = parallel.ThreadPoolExecutor.shutdown

    def interrupted(pool):
        shutdown(pool)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(parallel.ThreadPoolExecutor, "shutdown", interrupted)
        set_num_threads(3)
    assert list(map_ordered(lambda i: i, range(3))) == [0, 1, 2]


def run_python(code):
    """Run a program by itself, for faults that would stop this one for ever."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_worker_that_sets_the_number_of_threads_is_told_so():
    done = run_python("""
        import os, threading
        from minialexnet.backend import map_ordered, set_num_threads
        threading.Timer(20, os._exit, [3]).start()  # the workers would wait for each other
        set_num_threads(2)
        try:
            list(map_ordered(lambda i: set_num_threads(3), range(4)))
        except Exception as error:
            print(type(error).__name__, error, flush=True)
        os._exit(0)
    """)
    assert done.returncode == 0
    assert "InputError set_num_threads was called in a worker" in done.stdout


@pytest.mark.parametrize("count", [1, 2])
def test_numpys_error_state_and_the_filters_of_warnings_are_the_callers(count):
    """Also of the calls after, which in a free-threaded Python had those of the first caller."""
    large = np.full(1000, 1e38, np.float32)

    def overflow():
        list(map_ordered(lambda i: large * large, range(4)))

    set_num_threads(3)  # other than count, so that threads begin here
    set_num_threads(count)
    for _ in range(2):
        with np.errstate(over="raise"), pytest.raises(FloatingPointError):
            overflow()
        with np.errstate(over="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error")
            overflow()
        with pytest.warns(RuntimeWarning, match="overflow"):
            overflow()


@pytest.mark.parametrize("count", [1, 2])
def test_released_memory_is_also_that_of_what_workers_have_made(monkeypatch, count):
    """A free-threaded Python keeps it until these run again, or end."""
    monkeypatch.setattr(memory, "_pool", memory._Pool())
    set_num_threads(count)
    arrays = list(map_ordered(lambda i: empty((1 << 20,), np.float32, np), range(4)))
    assert memory._pool.usage()[0] == 4 << 22
    del arrays
    release_memory()
    assert memory._pool.usage() == (0, 0, 0)
    assert list(map_ordered(lambda i: i * i, range(4))) == [0, 1, 4, 9]


def test_a_worker_may_release_memory():
    done = run_python("""
        import os, threading
        from minialexnet.backend import map_ordered, release_memory, set_num_threads
        threading.Timer(20, os._exit, [3]).start()  # a worker must not wait for its own end
        set_num_threads(2)
        list(map_ordered(lambda i: release_memory(), range(4)))
        os._exit(0)
    """)
    assert done.returncode == 0, done.stderr


def test_garbage_collected_while_work_is_given_out_may_release_memory():
    done = run_python("""
        import gc, os, threading
        from minialexnet.backend import map_ordered, release_memory, set_num_threads
        threading.Timer(20, os._exit, [3]).start()  # it would wait for a lock it holds itself
        set_num_threads(2)

        class Releases:
            def __del__(self):
                release_memory()

        class Items(list):
            def __iter__(self):
                for i in range(4):
                    garbage = Releases()
                    garbage.cycle = garbage
                    del garbage
                    gc.collect()
                    yield i

        assert list(map_ordered(lambda i: i, Items([0, 1]))) == [0, 1, 2, 3]
        os._exit(0)
    """)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no other process can send SIGINT there")
@pytest.mark.parametrize("waits", ["release_memory()", "set_num_threads(3)"])
def test_nobody_is_at_work_behind_the_caller_when_waiting_for_the_pool_was_interrupted(waits):
    done = run_python(f"""
        import os, signal, threading, time
        from minialexnet.backend import map_ordered, release_memory, set_num_threads
        set_num_threads(2)
        begun, ended = [], []

        def slow(i):
            begun.append(i)
            time.sleep(0.3)
            ended.append(i)

        results = map_ordered(slow, range(20))
        next(results)
        threading.Timer(0.1, os.kill, [os.getpid(), signal.SIGINT]).start()
        try:
            {waits}
        except KeyboardInterrupt:
            print("interrupted")
        results.close()
        print(len(begun) == len(ended) < 20)
        time.sleep(0.7)
        print(len(begun) == len(ended) < 20)
    """)
    assert done.stdout.split() == ["interrupted", "True", "True"], done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_process_makes_its_own_pool():
    done = run_python("""
        import os, signal
        from minialexnet.backend import map_ordered, set_num_threads
        set_num_threads(2)
        suspended = map_ordered(lambda i: i, range(4))
        next(suspended)
        if os.fork() == 0:
            signal.alarm(10)  # ends it if it waits for threads that exist in the parent alone
            suspended.close()
            assert list(map_ordered(lambda i: i * i, range(4))) == [0, 1, 4, 9]
            os._exit(7)
        status = os.waitstatus_to_exitcode(os.wait()[1])
        assert list(suspended) == [1, 2, 3]
        print("the child ended with", status)
    """)
    assert "the child ended with 7" in done.stdout, done.stderr


# ---- for_each_block ---------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("size", [0, 1, 7, 24, 100, 101, 1000])
def test_blocks_cover_matching_elements_once(monkeypatch, count, size):
    monkeypatch.setattr(parallel, "BLOCK_ELEMENTS", 8)
    monkeypatch.setattr(parallel, "SHARED_ELEMENTS", 24)
    set_num_threads(count)
    a, b = np.arange(float(size)), np.ones(size)

    def add(a, b):
        assert len(a) <= 8
        a += b

    for_each_block(add, a, b)
    np.testing.assert_array_equal(a, np.arange(1.0, size + 1))


def test_blocks_work_in_place_whatever_the_order_of_the_axes(monkeypatch, rng):
    monkeypatch.setattr(parallel, "BLOCK_ELEMENTS", 8)
    monkeypatch.setattr(parallel, "SHARED_ELEMENTS", 24)
    w, g = (rng.standard_normal((4, 3, 3, 2)).transpose(0, 3, 1, 2) for _ in range(2))
    expected = w - g

    def subtract(w, g):
        w -= g

    for_each_block(subtract, w, g)
    np.testing.assert_array_equal(w, expected)


def test_on_a_device_there_is_one_block():
    x, calls = to_strict(np.zeros((200, 300))), []
    for_each_block(lambda block: calls.append(block), x)
    assert len(calls) == 1
    assert calls[0] is x
