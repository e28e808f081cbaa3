"""What it costs to make batches: from a folder of pictures and from a prepared set.

The set was written just before, so its pages are in memory: no disk is read.
"""

import time
from pathlib import Path

import numpy as np
from our_networks import OurNetwork
from PIL import Image
from work import Work

from minialexnet.datasets import TrainBatches, load_pictures, prepare, to_network_input

STORED = 256  # side of the stored pictures, from which crops are cut, as in the paper
CLASSES = 8
MEAN, SCALE = np.full(3, 127.5, np.float32), 1 / 64


class Feeding:
    """A network of ours, training steps of which are fed in one of three ways.

    Args:
        work: the training step.
        threads: of the network.
        steps: how many steps are timed at a time.
        folder: an empty one, for the pictures.
    """

    def __init__(self, work: Work, threads: int, steps: int, folder: str) -> None:
        self.work, self.steps = work, steps
        self.contestant = OurNetwork(work, threads)
        count = work.batch_size * (steps + 1)
        pictures = Path(folder) / "pictures"
        _draw(pictures, np.arange(count) % CLASSES)
        start = time.perf_counter()
        from_folder = load_pictures(pictures, STORED).train
        self.loading = {"pictures": count, "seconds": time.perf_counter() - start}
        mapped = prepare(pictures, Path(folder) / "prepared", STORED)[1].train
        self.batches = {
            name: TrainBatches(pictures, work.batch_size, work.image_size, seed=0)
            for name, pictures in (("folder", from_folder), ("memory-map", mapped))
        }
        self.epoch = 0

    def fixed(self) -> dict[str, float]:
        """Seconds a step takes on the same batch again and again."""
        start = time.perf_counter()
        for _ in range(self.steps):
            self.contestant.train_step()
        return {"step": (time.perf_counter() - start) / self.steps}

    def fed(self, source: str) -> dict[str, float]:
        """Seconds a step takes with a batch of its own, and making one such batch by itself.

        The batch before the first step is not counted, the one after the last is: so it goes on
        in the middle of an epoch, where one batch is made while the one before is trained on.
        """
        batches = self.batches[source]
        self.epoch += 1
        stream = batches.iterate(self.epoch)
        images, labels = next(stream)
        start = time.perf_counter()
        for _ in range(self.steps):
            self.contestant.train_on(to_network_input(images, MEAN, SCALE), labels)
            images, labels = next(stream)
        step = (time.perf_counter() - start) / self.steps
        stream.close()
        start = time.perf_counter()
        for number in range(self.steps):
            to_network_input(batches.batch(self.epoch, number)[0], MEAN, SCALE)
        return {"step": step, "batch": (time.perf_counter() - start) / self.steps}


def _draw(folder: Path, labels: np.ndarray) -> None:
    """Smooth random pictures as JPEG files of a usual size."""
    generator = np.random.default_rng(0)
    for number, label in enumerate(labels):
        coarse = Image.fromarray(generator.integers(0, 256, (12, 12, 3), dtype=np.uint8))
        for split in ("train", "val") if number < 2 * CLASSES else ("train",):
            place = folder / split / f"class{label}"
            place.mkdir(parents=True, exist_ok=True)
            picture = coarse.resize((500, 375), Image.Resampling.BICUBIC)
            picture.save(place / f"{number}.jpg", quality=90)
