"""What does not fit into a GPU's memory is found before training, and what does is named."""

import dataclasses
import re
import tracemalloc

import numpy as np
import pytest
from strict import strict

from minialexnet.backend import Device, GpuMemory, gpu_memory, register_pool
from minialexnet.errors import InputError
from minialexnet.training import TrainingStopped, run_folder, trainer
from minialexnet.training.rehearsal import rehearse
from training.tiny import STEPS, tiny_pictures, tiny_trainer

GIB = 2**30


class PretendPool:
    """A GPU of so many bytes, whose pool grows as it is told."""

    def __init__(self, total, others=0):
        self.total, self.others, self.held, self.largest = total, others, 0, 0

    def memory(self):
        return GpuMemory(self.held, self.total - self.others, self.total)

    def release(self):
        self.held = 0

    def take(self, size):
        if size > self.total - self.others:
            raise MemoryError(f"no room for {size} bytes")
        self.held = max(self.held, size)
        self.largest = max(self.largest, size)


@pytest.fixture
def card():
    """register(pool) lets the strict stand-in live in that pool."""
    yield lambda pool: register_pool(strict, pool)
    register_pool(strict, None)


@pytest.mark.parametrize("room", [1, 7, 10, 31, 100, 511, 512, 1000])
@pytest.mark.parametrize("batch_size", [1, 2, 64, 512])
def test_the_batch_size_that_is_named_fits_and_is_nearly_the_largest(card, room, batch_size):
    """With 3 bytes for the weights and 5 for each picture."""
    pool = PretendPool(3 + 5 * room)
    card(pool)

    def step(pictures):
        pool.take(3 + 5 * pictures)

    if batch_size <= room:
        assert rehearse(step, batch_size, strict) == 3 + 5 * batch_size
        return
    with pytest.raises(InputError, match=f"batches of {batch_size} do not fit") as refusal:
        rehearse(step, batch_size, strict)
    named = int(re.search(r"--batch-size (\d+) fits", str(refusal.value))[1])
    assert room - max(room // 8, 1) <= named <= room
    assert pool.held == 0


def test_not_even_one_picture(card):
    pool = PretendPool(3 * GIB, others=GIB)
    card(pool)
    with pytest.raises(InputError, match="nor does a single picture") as refusal:
        rehearse(lambda pictures: pool.take(4 * GIB), 8, strict)
    assert "2.0 of 3.0 GiB are available" in str(refusal.value)


def test_other_faults_are_no_lack_of_memory(card):
    card(PretendPool(GIB))

    def step(pictures):
        raise InputError("something else")

    with pytest.raises(InputError, match="something else"):
        rehearse(step, 8, strict)


def test_on_the_host_nothing_is_tried():
    def step(pictures):
        raise AssertionError("a step was tried")

    assert gpu_memory(np) is None
    assert rehearse(step, 8, np) is None


@pytest.fixture
def on_device(card, monkeypatch):
    monkeypatch.setattr(run_folder, "draw_curves", lambda history, file: file.write(b"curves"))
    monkeypatch.setattr(trainer, "select_device", lambda name, precision: Device("cupy", strict))
    return card


def test_a_rehearsal_leaves_everything_as_it_was(tmp_path, on_device):
    one, other = tiny_trainer(tmp_path / "one"), tiny_trainer(tmp_path / "other")
    on_device(pool := PretendPool(2 * GIB))
    pool.held = GIB
    pool.release = lambda: None
    assert one.rehearse() == (
        "batches of 8 take 1.0 GiB of the GPU's memory, 2.0 GiB are available"
    )
    assert one.network.grads == {} and one.network["conv1"].grads == {}
    assert one.network.state() == other.network.state()
    one.fit(), other.fit()
    for name, value in one.network.params.items():
        np.testing.assert_array_equal(value.get(), other.network.params[name].get())


def test_as_much_is_measured_as_training_takes(tmp_path, on_device):
    """At its peak, with all that a step leaves behind for the next."""
    on_device(PretendPool(8 * GIB))
    pictures = tiny_pictures(24, size=40)
    tracemalloc.start()
    sizes = {"batch_size": 24, "image_size": 40, "picture_size": 40}
    one = tiny_trainer(tmp_path, train=pictures, val=pictures, **sizes)
    images, labels = (strict.array(part) for part in one.batches.batch(0, 0))
    before = tracemalloc.get_traced_memory()[0]

    def peak(work) -> int:
        tracemalloc.reset_peak()
        work()
        return tracemalloc.get_traced_memory()[1] - before

    tried = peak(one.rehearse)
    taken = max(peak(lambda: one.step(images, labels)) for _ in range(3))
    tracemalloc.stop()
    assert 0.95 * taken < tried < 1.1 * taken


def test_fewer_pictures_than_a_batch_are_tried_as_they_are(tmp_path, on_device):
    on_device(PretendPool(8 * GIB))
    one = tiny_trainer(tmp_path, batch_size=1000)
    assert one.rehearse().startswith("batches of 24 take ")


def test_validation_takes_no_larger_batches_than_fit(tmp_path, on_device, monkeypatch):
    on_device(PretendPool(8 * GIB))
    one, sizes = tiny_trainer(tmp_path, batch_size=4), []
    predict = one.network.predict
    one.network.predict = lambda x: sizes.append(len(x)) or predict(x)
    one.config = dataclasses.replace(one.config, epochs=1)
    one.fit()
    assert sizes == [4, 4]


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("out of memory"),
        RuntimeError("CUDA_ERROR_OUT_OF_MEMORY: out of memory"),
        RuntimeError("CUBLAS_STATUS_ALLOC_FAILED"),
    ],
)
def test_memory_that_runs_out_in_training_is_a_sentence(tmp_path, on_device, error):
    on_device(PretendPool(8 * GIB, others=3 * GIB))
    one, done = tiny_trainer(tmp_path), 0
    step = one.step

    def failing(images, labels):
        nonlocal done
        done += 1
        if done > STEPS + 1:
            raise error
        return step(images, labels)

    one.step = failing
    with pytest.raises(TrainingStopped) as caught:
        one.fit()
    message = str(caught.value)
    assert "ran out in epoch 2: this run holds 0.0 GiB and 5.0 of 8.0 GiB are free" in message
    assert f"minialexnet train --resume {tmp_path}" in message
    assert message.endswith("or start anew with a --batch-size below 8")


def test_on_the_host_it_is_the_hosts_business(tmp_path, monkeypatch):
    monkeypatch.setattr(run_folder, "draw_curves", lambda history, file: file.write(b"curves"))
    one = tiny_trainer(tmp_path)
    assert one.rehearse() is None
    monkeypatch.setattr(one, "step", lambda *batch: (_ for _ in ()).throw(MemoryError()))
    with pytest.raises(MemoryError):
        one.fit()


def test_other_errors_of_training_are_not_taken_for_it(tmp_path, on_device):
    on_device(PretendPool(8 * GIB))
    one = tiny_trainer(tmp_path)
    one.step = lambda *batch: (_ for _ in ()).throw(RuntimeError("cudaErrorIllegalAddress"))
    with pytest.raises(RuntimeError, match="IllegalAddress"):
        one.fit()
