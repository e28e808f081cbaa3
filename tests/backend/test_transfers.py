"""Copies under way arrive whole, whatever the order in which a GPU gets its work done."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pretend_streams import GARBAGE, DeviceArray, PretendGpu
from strict import strict, to_strict

from minialexnet.backend import (
    batch_memory,
    batches_ahead,
    fetch,
    one_late,
    register_array_module,
    register_streams,
    transfers,
    upload_ahead,
)


@pytest.fixture(scope="module")
def make_gpu():
    made = []

    def make(seed: int) -> PretendGpu:
        gpu = PretendGpu(seed)
        register_array_module(DeviceArray, gpu.xp)
        register_streams(gpu.xp, gpu)
        made.append(gpu)
        return gpu

    yield make
    for gpu in made:
        del transfers._streams[gpu.xp]


def batches_of(sizes, empty):
    """Batches of two arrays, which hold their number, and nobody else holds."""
    for number, size in enumerate(sizes):
        pixels, labels = empty((size, 3), np.uint8), empty((size,), np.int64)
        pixels[:], labels[:] = number, 1000 + number
        yield pixels, labels


SIZES = st.lists(st.sampled_from([1, 4]), max_size=8)


@given(sizes=SIZES, seed=st.integers(0, 2**32), pace=st.lists(st.integers(0, 12), min_size=8))
def test_every_batch_arrives_whole_and_stays_until_the_next(sizes, seed, pace, make_gpu):
    gpu, seen, on_host = make_gpu(seed), [], []

    def compute(arrays):
        seen.append([array.values.copy() for array in arrays])

    stream = upload_ahead(batches_of(sizes, batch_memory(gpu.xp)), gpu.xp)
    for step, (batch, arrays) in enumerate(stream):
        on_host.append([array.copy() for array in batch])
        for _ in range(2):  # reads it twice, at its leisure
            gpu.do(lambda arrays=arrays: compute(arrays))
        del batch, arrays
        gpu.work(pace[step])
    gpu.default.synchronize()
    for number, size in enumerate(sizes):
        for pixels, labels in (seen[2 * number], seen[2 * number + 1], on_host[number]):
            assert pixels.shape == (size, 3) and (pixels == number).all()
            assert labels.shape == (size,) and (labels == 1000 + number).all()
    assert len(seen) == 2 * len(sizes)


@given(seed=st.integers(0, 2**32), pace=st.integers(0, 3))
def test_what_is_fetched_is_as_it_was_when_it_was_asked_for(seed, pace, make_gpu):
    gpu = make_gpu(seed)
    array = gpu.xp.empty((3,), np.float32)

    def results():
        for number in range(5):
            gpu.do(lambda number=number: array.values.fill(number))
            yield fetch(array)
            gpu.work(pace)

    for number, fetched in enumerate(one_late(results(), gpu.xp)):
        (values,) = fetched()
        assert (values == number).all()


def test_the_host_is_one_step_ahead_and_never_waits_for_the_last(make_gpu):
    gpu, done = make_gpu(0), []

    def results():
        for number in range(4):
            gpu.do(lambda number=number: done.append(number))
            yield number, fetch(gpu.xp.empty((1,), np.float32))

    begun = []
    for number, fetched in one_late((begun.append(r[0]) or r for r in results()), gpu.xp):
        assert begun[-1] == min(number + 1, 3)
        fetched()
        assert number in done


def test_a_loop_that_is_left_waits_for_what_is_under_way(make_gpu):
    gpu = make_gpu(0)
    stream = upload_ahead(batches_of([4, 4, 4], batch_memory(gpu.xp)), gpu.xp)
    next(stream)
    stream.close()
    assert not any(s.queue for s in gpu.streams if s is not gpu.default)


def test_a_gpu_is_given_batches_by_several_cores(make_gpu, monkeypatch):
    for cores, ahead in ((1, 1), (2, 2), (64, transfers.MOST_AHEAD)):
        monkeypatch.setattr(transfers, "usable_cores", lambda cores=cores: cores)
        assert batches_ahead(make_gpu(0).xp) == ahead


def test_memory_is_used_again(make_gpu):
    gpu = make_gpu(0)
    rooms = {
        id(arrays[0])
        for _, arrays in upload_ahead(batches_of([4] * 9, batch_memory(gpu.xp)), gpu.xp)
    }
    assert len(rooms) <= 3


def test_memory_that_nobody_holds_is_garbage_here():
    """Or the tests above could not fail."""
    gpu = PretendGpu()
    array = gpu.pinned()((2,), np.uint8)
    memory = gpu.memory_of(array)
    array[:] = 1
    assert (memory == 1).all()
    del array
    assert (memory == GARBAGE).all()


@pytest.mark.parametrize("fault", ["wait_event", "synchronize"])
def test_the_tests_see_a_wait_that_is_missing(make_gpu, monkeypatch, fault):
    """Without either kind of wait some batch is wrong, for some order of the work."""
    import pretend_streams

    kind = pretend_streams.Stream if fault == "wait_event" else pretend_streams.Event
    monkeypatch.setattr(kind, fault, lambda self, *event: None)
    wrong = 0
    for seed in range(40):
        gpu, seen = make_gpu(seed), []
        stream = upload_ahead(batches_of([4] * 6, batch_memory(gpu.xp)), gpu.xp)
        for _, arrays in stream:
            gpu.do(lambda arrays=arrays, seen=seen: seen.append(arrays[0].values.copy()))
            del _, arrays
            gpu.work(seed % 4)
        gpu.default.synchronize()
        wrong += any((pixels != number).any() for number, pixels in enumerate(seen))
    assert wrong > 0


def test_on_the_host_nothing_is_copied_and_nothing_late():
    assert batch_memory(np) is np.empty
    assert batches_ahead(np) == 1
    pixels, labels = np.ones((2, 3), np.uint8), np.arange(2)
    ((batch, arrays),) = upload_ahead(iter([(pixels, labels)]), np)
    assert batch[0] is arrays[0] is pixels and batch[1] is arrays[1] is labels
    loss = np.float32(3)
    assert fetch(loss, pixels)() == (loss, pixels)
    begun = []
    for number in one_late((begun.append(i) or i for i in range(3)), np):
        assert begun[-1] == number


def test_arrays_of_another_backend_are_refused():
    with pytest.raises(Exception, match="arrays of different backends met"):
        fetch(to_strict(np.ones(2)), np.ones(2))


def test_without_streams_values_are_fetched_when_asked_for():
    (values,) = fetch(to_strict(np.arange(3.0)))()
    np.testing.assert_array_equal(values, np.arange(3.0))
    ((_, (array,)),) = upload_ahead(iter([(np.arange(3),)]), strict)
    assert isinstance(array, strict.ndarray)
