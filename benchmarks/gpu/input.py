"""What feeding adds to a training step: crops of pictures on the disk, beside one fixed batch."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from contestants import alternate, median, ratios
from reporting import Table, duration, percent, rate
from work import Work

from gpu.ours import NetworkThere
from gpu.part import Part
from gpu.place import Place
from gpu.summary import Verdict
from minialexnet.backend import Fetched, batch_memory, batches_ahead, fetch, one_late, upload_ahead
from minialexnet.datasets import PictureSet, TrainBatches
from minialexnet.training import Preprocessing, read_preset

ROUNDS = 3
CLASSES = 8
SPARE = 3
"""Batches beyond those that are timed, or made ahead: the first steps, and one crossing over."""

SMALLEST = read_preset("photos")["min_crop"]
"""Of the squares that are cut, beside the stored pictures."""

MEAN, SCALE = np.full(3, 127.5, np.float32), 1 / 64


class Fed:
    """A network of ours, fed or not, with a folder of pictures in a memory-map.

    Args: fed: variant, batch, side of the stored pictures, steps that are timed at a time.
    """

    def __init__(self, fed: tuple[str, int, int, int], place: Place, folder: Path) -> None:
        variant, batch, side, self.steps = fed
        self.place, self.one = place, NetworkThere(Work(variant, batch), place)
        self.ahead = batches_ahead(place.xp)
        count = batch * (self.steps + 2 * self.ahead + SPARE)
        pictures = _stored(folder / "pictures.u8", count, side)
        crop = self.one.work.image_size
        self.batches = TrainBatches(
            pictures, batch, crop, seed=0, min_crop=min(crop, int(SMALLEST * side))
        )
        self.preprocessing = Preprocessing(MEAN, SCALE, crop)
        self.epoch = 0

    def fixed(self) -> dict[str, float]:
        """Seconds a step takes on the same batch again and again."""
        return {"step": self._time(self.one.train_step)}

    def fed(self) -> dict[str, float]:
        """Seconds a step takes with a batch of its own, and with its results read, as in training.

        The first steps are not counted, in which the batches go that were made before there were
        steps; and there are batches left after the last. So it goes on in the middle of an epoch,
        where some are made and one crosses over to the GPU while the one before is trained on.
        """
        self.epoch += 1
        results = one_late(self._training(), self.place.xp)
        for _ in range(1 + self.ahead):
            next(results)()
        return {"step": self._time(lambda: next(results)())}

    def _training(self) -> Iterator[Fetched]:
        """The steps of an epoch, each with its loss and its logits."""
        xp, one = self.place.xp, self.one
        batches = self.batches.iterate(self.epoch, empty=batch_memory(xp), ahead=self.ahead)
        for _, (images, labels) in upload_ahead(batches, xp):
            logits = one.network.forward(self.preprocessing(images, xp), training=True)
            loss = one.criterion.forward(logits, labels)
            one.network.backward(one.criterion.backward(), input_gradient=False)
            one.optimizer.step()
            yield fetch(loss, logits)

    def made(self) -> dict[str, float]:
        """Seconds to cut a batch on the host, by itself."""
        empty, numbers = batch_memory(self.place.xp), iter(range(self.steps))
        return {"step": self._time(lambda: self.batches.batch(self.epoch, next(numbers), empty))}

    def moved(self) -> dict[str, float]:
        """Seconds to move a batch to the GPU and make the network's input of it, by itself."""
        images, _ = self.batches.batch(self.epoch, 0, batch_memory(self.place.xp))
        return {"step": self._time(lambda: self.preprocessing(images, self.place.xp))}

    def _time(self, step) -> float:
        self.place.wait()
        start = time.perf_counter()
        for _ in range(self.steps):
            step()
        self.place.wait()
        return (time.perf_counter() - start) / self.steps


def _stored(path: Path, count: int, side: int) -> PictureSet:
    """Noise: to cut it costs as much as to cut a picture."""
    pixels = np.memmap(path, np.uint8, "w+", shape=(count, side, side, 3))
    generator = np.random.default_rng(0)
    for picture in pixels:
        picture[...] = generator.integers(0, 256, picture.shape, dtype=np.uint8)
    pixels.flush()
    pixels = np.memmap(path, np.uint8, "r", shape=pixels.shape)
    labels = np.arange(count) % CLASSES
    names = [str(number) for number in range(count)]
    return PictureSet(pixels, labels, tuple(f"class {n}" for n in range(CLASSES)), names)


def run(part: Part) -> None:
    """Let a fixed batch, fed steps and the making of batches take turns."""
    precision = part.settings.precisions[-1]
    place = part.place(precision)
    variant, batch, side, _ = part.sizes.fed
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        fed = Fed(part.sizes.fed, place, Path(folder))
        part.progress(f"{variant}, batch {batch}, {precision}: pictures of {side} pixels stored")
        turns = {"fixed": fed.fixed, "fed": fed.fed, "made": fed.made, "moved": fed.moved}
        times = alternate(turns, ROUNDS, part.remark)
    about = {"precision": precision, "variant": variant, "batch": batch, "stored": side}
    part.result("input", **about, crop=fed.one.work.image_size, times=times)


def tables(results: list[dict]) -> list[Table]:
    """What feeding adds, and the times."""
    rows = []
    for r in results:
        turns = r["times"]
        added = [ratio - 1 for ratio in ratios(turns, "fed", "fixed")]
        row = [r["variant"], str(r["batch"]), r["precision"], percent(added, 1)]
        row += [duration(median(turns, kind)) for kind in ("fixed", "fed", "made", "moved")]
        rows.append([*row, f"{rate(r['batch'], median(turns, 'fed'))}/s"])
    if not rows:
        return []
    r = results[0]
    words = (
        f"Training steps on ever new squares of random size, scaled to {r['crop']} pixels, from a "
        f"memory-map of pictures of {r['stored']}, while the step before is computed, with loss "
        "and logits read, beside as many on one batch that is on the GPU already: the median of "
        "the rounds, and their range. Then, each by itself, a batch cut on the host (by one "
        "thread), and moved to the GPU and made the network's input."
    )
    columns = ["network", "batch", "precision", "feeding adds", "fixed", "fed", "cut", "moved"]
    return [Table("Feeding the training step", words, [*columns, "pictures"], rows)]


def verdict(results: list[dict]) -> Verdict:
    """It ran; how much feeding adds is told only."""
    if not results:
        return Verdict(False, "nothing was timed")
    added = [ratio - 1 for ratio in ratios(results[0]["times"], "fed", "fixed")]
    return Verdict(True, f"feeding adds {percent(added, 1)} to a step")
