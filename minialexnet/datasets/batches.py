"""Batches cut from pictures in memory: random crops to train on, central crops to measure on.

A training batch is a pure function of (seed, epoch, step): there is no generator which moves on.
So a run which is resumed in the middle of an epoch sees the same batches as if it had never
stopped, and needs to remember those three numbers only.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from numbers import Integral

import numpy as np
from PIL import Image

from minialexnet.backend import Empty
from minialexnet.datasets.arguments import whole
from minialexnet.datasets.augmentation import Augmentation, Changes
from minialexnet.datasets.colour import STRENGTH, PrincipalColours
from minialexnet.datasets.light import relit
from minialexnet.datasets.pictures import PictureSet
from minialexnet.datasets.warp import warped
from minialexnet.errors import InputError

Batch = tuple[np.ndarray, ...]

# Every use of randomness has its own key [seed, epoch, use, step]. All keys are equally long, for
# NumPy takes [1, 2] and [1, 2, 0] for the same; and no use is 0, for weights are drawn with [seed].
ORDER, CROPS, COLOURS, CHANGES = 1, 2, 3, 4


class TrainBatches:
    """Batches of random crops, in an order shuffled anew each epoch.

    pictures: a PictureSet of N pictures (S, S, 3); crop: side of the crops, at most S;
    flip: mirror every other picture, by chance; drop_last: leave out the last batch of an epoch
    if it is not full (unless it is the only one: of fewer pictures than batch_size, each batch
    holds all); colours, colour_noise: the axes of the colours, and how strongly each picture is
    moved along them, by chance (see colour.py), always or as a function of the epoch; min_crop: cut
    squares of random size, of min_crop pixels up to the whole picture, and scale them to `crop`, so
    that an object is learnt in several sizes (None, as in 2012: all squares are of `crop` pixels,
    and nothing is scaled); random_crop: cut them anywhere, otherwise always in the middle, as
    pictures to measure on are; augmentation: what else is changed by chance, and for which classes
    something is switched off.

    A square is cut, changed as `Augmentation` says (about its own centre, and with what lies around
    it in the picture), mirrored, and then its colours are moved.

    len() is the number of steps in an epoch.

    Raises: InputError for a batch_size, crop, seed or class which cannot be.
    """

    def __init__(
        self,
        pictures: PictureSet,
        batch_size: int,
        crop: int,
        seed: int,
        flip: bool = True,
        drop_last: bool = True,
        colours: PrincipalColours | None = None,
        colour_noise: float | Callable[[int], float] = STRENGTH,
        min_crop: int | None = None,
        random_crop: bool = True,
        augmentation: Augmentation | None = None,
    ) -> None:
        self.pictures = pictures
        self.batch_size = whole("batch_size", batch_size)
        self.crop = _checked_crop(pictures, crop)
        self.seed = whole("seed", seed, at_least=0)
        self.flip = flip
        self.drop_last = drop_last
        self.colours, self.colour_noise = colours, colour_noise
        self.min_crop = None if min_crop is None else _checked_crop(pictures, min_crop, "min_crop")
        self.random_crop = random_crop
        self.augmentation = Augmentation() if augmentation is None else augmentation
        self._spared = self.augmentation.spared(pictures.classes)
        self._last_order: tuple[int, np.ndarray] | None = None

    def __len__(self) -> int:
        return steps_per_epoch(len(self.pictures), self.batch_size, self.drop_last)

    def batch(self, epoch: int, step: int, empty: Empty = np.empty) -> Batch:
        """Batch number `step` of `epoch`, both from 0, in memory that `empty` makes.

        Returns: uint8 (B, crop, crop, 3), C-contiguous, and labels (B,) int64; with `colours` also
        what to add to each picture's colours, (B, 3) float32.
        Raises: InputError if the epoch has no such step.
        """
        epoch = whole("epoch", epoch, at_least=0)
        step = _checked_step("step", step, len(self) - 1)
        chosen = self._order(epoch)[step * self.batch_size : (step + 1) * self.batch_size]
        rng = np.random.default_rng([self.seed, epoch, CROPS, step])
        sides = np.full(len(chosen), self.crop)
        if self.min_crop is not None:
            sides = rng.integers(self.min_crop, self.pictures.size, len(chosen), endpoint=True)
        room = self.pictures.size - sides[:, None]
        corners = rng.integers(0, room, size=(len(chosen), 2), endpoint=True)
        if not self.random_crop:
            corners[:] = room // 2
        mirrored = rng.random(len(chosen)) < 0.5
        if not self.flip:
            mirrored[:] = False
        of_class = self.pictures.labels[chosen]
        off = {name: spared[of_class] for name, spared in self._spared.items()}
        sides[off["crop"]] = self.crop
        corners[off["crop"]] = (self.pictures.size - self.crop) // 2
        mirrored[off["flip"]] = False
        rng = np.random.default_rng([self.seed, epoch, CHANGES, step])
        changes = self.augmentation.draw(len(chosen), rng, off)
        images = _cut(
            self.pictures.images, chosen, corners, sides, mirrored, self.crop, empty, changes
        )
        labels = _labels(self.pictures, chosen, empty)
        if self.colours is None:
            return images, labels
        rng = np.random.default_rng([self.seed, epoch, COLOURS, step])
        shift = empty((len(chosen), 3), dtype=np.float32)
        noise = self.colour_noise(epoch) if callable(self.colour_noise) else self.colour_noise
        shift[:] = self.colours.shifts(len(chosen), noise, rng)
        shift[off["colour_noise"]] = 0
        return images, labels, shift

    def iterate(
        self, epoch: int, start_step: int = 0, empty: Empty = np.empty, ahead: int = 1
    ) -> Iterator[Batch]:
        """Yield the batches of `epoch` from `start_step` on, the next ones being made meanwhile.

        Args: empty: see `batch`; ahead: how many are being made, each by a thread of its own.
        Raises: InputError if start_step is not in 0..len(), or ahead is below 1.
        """
        epoch = whole("epoch", epoch, at_least=0)
        start_step = _checked_step("start_step", start_step, len(self))
        steps = range(start_step, len(self))
        ahead = whole("ahead", ahead)
        return _made_ahead(lambda step: self.batch(epoch, step, empty), steps, ahead)

    def _order(self, epoch: int) -> np.ndarray:
        # Remembered only to save time; it can be drawn again at any moment, by any thread.
        remembered = self._last_order
        if remembered is None or remembered[0] != epoch:
            rng = np.random.default_rng([self.seed, epoch, ORDER, 0])
            remembered = self._last_order = (epoch, rng.permutation(len(self.pictures)))
        return remembered[1]


def steps_per_epoch(pictures: int, batch_size: int, drop_last: bool = True) -> int:
    """How many batches an epoch of `TrainBatches` has. Raises: InputError for a batch_size < 1."""
    batch_size = whole("batch_size", batch_size)
    if drop_last and pictures >= batch_size:
        return pictures // batch_size
    return math.ceil(pictures / batch_size)


class EvalBatches:
    """Batches of crops to measure on, in the order of the pictures; the last may be short.

    batch_size: of the crops; ten_crop: each picture gives not only the crop at its centre but also
    those at its four corners, and all five mirrored (Krizhevsky 2012, section 4.1).

    len() is the number of batches; `views` how many crops follow each other of the same picture.
    Raises: InputError for a batch_size or crop which cannot be.
    """

    def __init__(
        self, pictures: PictureSet, batch_size: int, crop: int, ten_crop: bool = False
    ) -> None:
        self.pictures = pictures
        self.crop = _checked_crop(pictures, crop)
        self._corners, self._mirrored = _places(pictures.size, self.crop, ten_crop)
        self.views = len(self._mirrored)
        self.batch_size = max(1, whole("batch_size", batch_size) // self.views)

    def __len__(self) -> int:
        return math.ceil(len(self.pictures) / self.batch_size)

    def batch(self, step: int, empty: Empty = np.empty) -> Batch:
        """Batch number `step`, from 0, in memory that `empty` makes.

        Returns: uint8 (B views, crop, crop, 3), C-contiguous, and labels (B,) int64.
        Raises: InputError if there is no such batch.
        """
        start = _checked_step("step", step, len(self) - 1) * self.batch_size
        chosen = np.arange(start, min(start + self.batch_size, len(self.pictures)))
        images = _cut(
            self.pictures.images,
            np.repeat(chosen, self.views),
            np.tile(self._corners, (len(chosen), 1)),
            np.full(len(chosen) * self.views, self.crop),
            np.tile(self._mirrored, len(chosen)),
            self.crop,
            empty,
        )
        return images, _labels(self.pictures, chosen, empty)

    def iterate(self, empty: Empty = np.empty, ahead: int = 1) -> Iterator[Batch]:
        """Yield all batches, the next ones being made meanwhile.

        Args: empty: makes their memory; ahead: how many are being made, each by its own thread.
        Raises: InputError if ahead is below 1.
        """
        ahead = whole("ahead", ahead)
        return _made_ahead(lambda step: self.batch(step, empty), range(len(self)), ahead)


def cut_views(picture: np.ndarray, crop: int, ten_crop: bool = False) -> np.ndarray:
    """The crops of one picture that it is judged by: the centre, or ten.

    Args:    picture: uint8 (S, S, 3); crop: side of the crops, at most S.
    Returns: (V, crop, crop, 3).
    Raises:  InputError for another picture (`decode_picture` makes such squares), or a larger crop.
    """
    side = len(picture)
    if picture.dtype != np.uint8 or picture.shape != (side, side, 3):
        raise InputError(
            f"picture is {picture.dtype} of shape {picture.shape}; expected uint8 of shape "
            "(S, S, 3), as decode_picture makes it"
        )
    if not isinstance(crop, Integral) or not 1 <= crop <= side:
        raise InputError(f"crop is {crop!r}; expected 1 to {side}, the picture's side")
    corners, mirrored = _places(len(picture), crop, ten_crop)
    same, sides = np.zeros(len(corners), dtype=np.intp), np.full(len(corners), crop)
    return _cut(picture[None], same, corners, sides, mirrored, crop, np.empty)


def _places(size: int, crop: int, ten_crop: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Where a picture is cut to be measured on: (top, left) corners (V, 2), and which are mirrored.

    One crop at the centre; or ten, that and the four corners as they are, then all five mirrored.
    """
    far, middle = size - crop, (size - crop) // 2
    corners = [(middle, middle)]
    if ten_crop:
        corners = 2 * [*corners, (0, 0), (0, far), (far, 0), (far, far)]
    mirrored = np.arange(len(corners)) >= 5
    return np.array(corners), mirrored


def _cut(
    pictures: np.ndarray,
    chosen: np.ndarray,
    corners: np.ndarray,
    sides: np.ndarray,
    mirrored: np.ndarray,
    crop: int,
    empty: Empty,
    changes: Changes | None = None,
) -> np.ndarray:
    """Squares of the chosen pictures, given by their (top, left) corners and sides, as crops.

    One of another side than `crop` is scaled to it. Some are changed, and mirrored left to right.
    """
    out = empty((len(chosen), crop, crop, 3), dtype=np.uint8)
    for i, picture in enumerate(chosen):
        top, left = corners[i].tolist()
        side = int(sides[i])
        if changes is not None and changes.moves[i]:
            matrix, shift = changes.matrix[i], changes.shift[i]
            view = warped(pictures, picture, (top, left), side, crop, matrix, shift)
        else:
            view = pictures[picture, top : top + side, left : left + side]
            if side != crop:
                square = Image.fromarray(np.ascontiguousarray(view))
                view = np.asarray(square.resize((crop, crop), Image.Resampling.BILINEAR))
        if changes is not None and changes.lights[i]:
            view = relit(view, changes.contrast[i], changes.brightness[i])
        if mirrored[i]:
            for channel in range(3):  # at once, this copy takes three times as long
                out[i, :, :, channel] = view[:, ::-1, channel]
        else:
            out[i] = view
    return out


def _labels(pictures: PictureSet, chosen: np.ndarray, empty: Empty) -> np.ndarray:
    labels = empty((len(chosen),), dtype=np.int64)
    labels[:] = pictures.labels[chosen]
    return labels


def _made_ahead(make: Callable[[int], Batch], steps: range, count: int) -> Iterator[Batch]:
    """Yield make(step) for each step; so many threads make the next ones meanwhile.

    An exception in `make` is raised here. The threads end with the generator, also when the
    consumer breaks out of its loop.
    """
    if not steps:
        return
    with ThreadPoolExecutor(count, thread_name_prefix="batches") as threads:
        begun = deque(threads.submit(make, step) for step in steps[:count])
        for step in steps:
            ready = begun.popleft().result()
            if step + count in steps:
                begun.append(threads.submit(make, step + count))
            yield ready


def _checked_crop(pictures: PictureSet, crop: int, name: str = "crop") -> int:
    if len(pictures) == 0:
        raise InputError("there are no pictures to make batches of; there must be at least one")
    crop = whole(name, crop)
    if crop > pictures.size:
        raise InputError(
            f"{name} is {crop} pixels, but the pictures have only {pictures.size} a side: load "
            f"them with a size of at least {crop}, or take a smaller crop"
        )
    return crop


def _checked_step(name: str, step: int, last: int) -> int:
    step = whole(name, step, at_least=0)
    if step > last:
        raise InputError(f"{name} must lie in 0..{last}, the steps of an epoch, not be {step}")
    return step
