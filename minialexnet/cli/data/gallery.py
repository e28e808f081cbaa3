"""One picture under each augmentation, and a batch as the network gets it: rows for a sheet."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image

from minialexnet.cli.data.sheet import Row
from minialexnet.datasets import (
    PrincipalColours,
    TrainBatches,
    matrices,
    relit,
    warped,
)
from minialexnet.training import Preprocessing, TrainConfig

EXAMPLES = {
    "shift": 0.15,
    "scale": 0.4,
    "rotation": 30.0,
    "shear": 20.0,
    "contrast": 0.8,
    "brightness": 0.6,
    "colour_noise": 0.1,
}
"""Strengths that are shown of what is not on."""

COLUMNS = 6
SPREAD = np.linspace(-1, 1, COLUMNS)
EXAGGERATED = 5
Tile = tuple[np.ndarray, str]


def changes_of(picture: np.ndarray, config: TrainConfig, colours: PrincipalColours) -> list[Row]:
    """Rows of `picture`, uint8 (S, S, 3), under each augmentation, from one end to the other.

    As strong as `config` has it; what is off there, as in EXAMPLES, and the row says so.
    """
    one = _OnePicture(picture, config.image_size)
    rng = np.random.default_rng(config.seed)
    rows = [
        Row("the picture", "what is measured on is the crop at its centre", one.plain(config.flip)),
        Row("crop", f"{config.image_size} of {len(picture)} pixels, anywhere", one.crops(rng)),
        Row(
            "crop of random size",
            _note(config.min_crop, "from", _smallest(config, picture), "pixels", "up to all"),
            one.sized_crops(_smallest(config, picture), rng),
        ),
    ]
    for name, (unit, tiles) in {
        "shift": ("of the side", one.shifted),
        "scale": ("times as large", one.scaled),
        "rotation": ("°", one.turned),
        "shear": ("°", one.slanted),
        "contrast": ("times the contrast", one.contrasted),
        "brightness": ("times as bright", one.brightened),
    }.items():
        strength, chosen = getattr(config, name) or EXAMPLES[name], getattr(config, name)
        rows.append(Row(name, _described(name, chosen, strength, unit), list(tiles(strength))))
    strength = config.colour_noise or EXAMPLES["colour_noise"]
    note = _note(config.colour_noise, f"{strength:g} of their spread,", "added to red, green, blue")
    shifts = colours.shifts(COLUMNS, strength, rng)
    rows.append(Row("noise in the colours", note, list(one.tinted(shifts))))
    note = f"the same {EXAGGERATED} times as strong, to see what it does"
    rows.append(Row("exaggerated", note, list(one.tinted(EXAGGERATED * shifts))))
    return rows


def batch_of(
    batches: TrainBatches, preprocessing: Preprocessing, class_names: list[str], count: int
) -> list[Row]:
    """Rows of the first pictures of a training batch: as changed, and as numbers seen as greys."""
    images, labels, *shift = batches.batch(0, 0)
    x = preprocessing(images, np, *shift).transpose(0, 2, 3, 1)
    added = shift[0][:, None, None] if shift else 0
    seen = _as_pixels(images + added)
    reach = float(f"{np.quantile(np.abs(x), 0.99):.2g}") or 1.0
    numbers = _as_pixels(127.5 + 127.5 * x / reach)
    names = [class_names[label] for label in labels]
    rows = []
    for start in range(0, min(count, len(images)), COLUMNS):
        some = range(start, min(start + COLUMNS, count, len(images)))
        rows.append(
            Row("in colour", "cut, changed and mirrored", [(seen[i], names[i]) for i in some])
        )
        note = f"less the mean, and scaled: grey is 0, white {reach:g} and black -{reach:g}"
        rows.append(Row("as numbers", note, [(numbers[i], "") for i in some]))
    return rows


class _OnePicture:
    """The tiles of each row."""

    def __init__(self, picture: np.ndarray, crop: int) -> None:
        self.picture, self.crop, self.far = picture, crop, len(picture) - crop
        self.centre = self._at(self.far // 2, self.far // 2)

    def _at(self, top: int, left: int) -> np.ndarray:
        return self.picture[top : top + self.crop, left : left + self.crop]

    def plain(self, flip: bool) -> list[Tile]:
        return [
            (self.picture, f"whole, {len(self.picture)} pixels"),
            (self.centre, f"centre, {self.crop} pixels"),
            (self.centre[:, ::-1], "mirrored (flip)" if flip else "mirrored; off"),
        ]

    def crops(self, rng: np.random.Generator) -> list[Tile]:
        places = [(0, 0), (0, self.far), (self.far, 0), (self.far, self.far)]
        places += rng.integers(0, self.far, (COLUMNS - 4, 2), endpoint=True).tolist()
        return [(self._at(*place), f"row {place[0]}, column {place[1]}") for place in places]

    def sized_crops(self, smallest: int, rng: np.random.Generator) -> list[Tile]:
        tiles = []
        for side in np.linspace(smallest, len(self.picture), COLUMNS).round().astype(int):
            top, left = rng.integers(0, len(self.picture) - side, 2, endpoint=True)
            square = np.ascontiguousarray(self.picture[top : top + side, left : left + side])
            image = Image.fromarray(square)
            image = image.resize((self.crop, self.crop), Image.Resampling.BILINEAR)
            tiles.append((np.asarray(image), f"{side} pixels"))
        return tiles

    def _warped(self, scale=1.0, rotation=0.0, shear=0.0, shift=(0.0, 0.0)) -> np.ndarray:
        matrix = matrices(*(np.array([value]) for value in (scale, rotation, shear)))[0]
        corner = self.far // 2, self.far // 2
        crop = self.crop
        return warped(self.picture[None], 0, corner, crop, crop, matrix, np.array(shift))

    def shifted(self, strength: float) -> Iterator[Tile]:
        share = f"{strength:.0%}"
        for x, y, caption in (
            (-1, 0, f"{share} left"),
            (1, 0, f"{share} right"),
            (0, -1, f"{share} up"),
            (0, 1, f"{share} down"),
            (-1, -1, "left and up"),
            (1, 1, "right and down"),
        ):
            yield self._warped(shift=(strength * x, strength * y)), caption

    def scaled(self, strength: float) -> Iterator[Tile]:
        return self._factors(strength, lambda factor: self._warped(scale=factor))

    def contrasted(self, strength: float) -> Iterator[Tile]:
        return self._factors(strength, lambda factor: relit(self.centre, factor, 1))

    def brightened(self, strength: float) -> Iterator[Tile]:
        return self._factors(strength, lambda factor: relit(self.centre, 1, factor))

    def turned(self, strength: float) -> Iterator[Tile]:
        return self._angles(strength, lambda degrees: self._warped(rotation=degrees))

    def slanted(self, strength: float) -> Iterator[Tile]:
        return self._angles(strength, lambda degrees: self._warped(shear=degrees))

    def tinted(self, shifts: np.ndarray) -> Iterator[Tile]:
        for shift in shifts:
            red, green, blue = (f"{round(float(value)):+d}" for value in shift)
            yield _as_pixels(self.centre + shift), f"{red}, {green}, {blue}"

    @staticmethod
    def _factors(strength: float, change: Callable[[float], np.ndarray]) -> Iterator[Tile]:
        for part in SPREAD:
            factor = math.exp(part * math.log1p(strength))
            yield change(factor), f"{factor:.2f} times"

    @staticmethod
    def _angles(strength: float, change: Callable[[float], np.ndarray]) -> Iterator[Tile]:
        for degrees in strength * SPREAD:
            yield change(degrees), f"{degrees:+.3g}°"


def _as_pixels(values: np.ndarray) -> np.ndarray:
    return np.rint(values).clip(0, 255).astype(np.uint8)


def _smallest(config: TrainConfig, picture: np.ndarray) -> int:
    return config.min_crop or max(1, len(picture) // 2)


def _described(name: str, chosen: float, strength: float, unit: str) -> str:
    if name in ("scale", "contrast", "brightness"):
        return _note(chosen, f"{1 / (1 + strength):.2f} to {1 + strength:.2f}", unit)
    if name == "shift":
        return _note(chosen, "by up to", f"{strength:.0%}", unit)
    return _note(chosen, "by up to", f"{strength:g}{unit}", "to either side")


def _note(chosen: object, *words: object) -> str:
    text = " ".join(str(word) for word in words if word != "")
    return text if chosen else f"off; shown: {text}"
