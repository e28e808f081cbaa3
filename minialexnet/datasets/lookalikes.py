"""Which classes an augmentation may turn into each other, as far as their names tell.

Pairs of names are known: characters, directions, shapes, sizes, shades, colours. Words count
wherever they stand: "thumb up" and "thumb down" differ like "up" and "down". Only pairs of which
both are there are told: a mirrored b looks like a d, which does not matter where there is no d.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import combinations

from minialexnet.datasets.augmentation import Augmentation

Pair = frozenset[str]


def _pairs(text: str) -> set[Pair]:
    """Of "b d, p q"."""
    return {frozenset(pair.split()) for pair in text.split(",")}


def _all_pairs(text: str) -> set[Pair]:
    """Any two of "black white grey"."""
    return {frozenset(pair) for pair in combinations(text.split(), 2)}


SIZES = _all_pairs("tiny little small medium big large huge") | _pairs("near far, short long")
ALIKE = {
    "crop": SIZES,
    "flip": _pairs(
        "b d, p q, 2 5, s z, S Z, J L, left right, east west, clockwise counterclockwise, "
        "clockwise anticlockwise"
    ),
    "scale": SIZES,
    "shear": _pairs(
        "rectangle parallelogram, square parallelogram, square rhombus, italic regular, "
        "italic roman, italic upright, slanted upright"
    ),
    "brightness": _all_pairs("black white grey gray")
    | _pairs("dark light, dark bright, day night"),
    "colour_noise": _all_pairs(
        "red green blue yellow orange brown pink purple violet magenta cyan turquoise beige"
    ),
}
ALIKE_WHEN_TURNED = {  # by so many degrees
    180: _pairs(
        "6 9, b q, d p, n u, m w, M W, up down, left right, top bottom, north south, east west"
    ),
    90: _pairs(
        "N Z, n c, u c, horizontal vertical, portrait landscape, up left, up right, down left, "
        "down right, north east, north west, south east, south west"
    ),
    45: _pairs("square diamond, plus cross, + x, diagonal horizontal, diagonal vertical"),
}
HARD_TO_TELL = 30
"""Things that are turned are hard to tell apart where fewer degrees are between them."""


def lookalikes(
    classes: Sequence[str],
    augmentation: Augmentation,
    flip: bool = True,
    colour_noise: float = 0.0,
    random_sizes: bool = False,
    names: Sequence[str] | None = None,
) -> dict[str, list[tuple[str, str]]]:
    """{name of AUGMENTATIONS: pairs of classes which that may turn into each other}.

    Two that are a turn apart meet where one is turned half of it, and the other half of it back;
    so how far both are turned counts. A class for which an augmentation is off stays as it is.

    Args:
        flip, colour_noise: of `TrainBatches`; random_sizes: crops are of random size.
        names: what the classes are called, if that is something else.
    """
    strengths = {
        "crop": float(random_sizes),
        "flip": float(flip),
        "scale": augmentation.scale,
        "rotation": augmentation.rotation,
        "shear": augmentation.shear,
        "brightness": augmentation.brightness,
        "colour_noise": colour_noise,
    }
    spared = augmentation.spared(classes)
    found: dict[str, list[tuple[str, str]]] = {}
    for i, j, difference in _differences(names or classes):
        for name, strength in strengths.items():
            reach = strength * (2 - int(spared[name][i]) - int(spared[name][j]))
            if reach > 0 and any(difference in alike for alike in _within(name, reach)):
                found.setdefault(name, []).append((classes[i], classes[j]))
    return found


def _within(name: str, reach: float) -> Iterable[set[Pair]]:
    """The pairs that an augmentation may bring together which reaches so far."""
    if name != "rotation":
        return [ALIKE[name]]
    return [pairs for turn, pairs in ALIKE_WHEN_TURNED.items() if reach >= turn - HARD_TO_TELL]


def _differences(names: Sequence[str]) -> Iterable[tuple[int, int, Pair]]:
    """Positions of any two names that differ in one known word, and that word of either."""
    known = set().union(*(pair for pairs in _all_known() for pair in pairs))
    words = {i: _words(name) for i, name in enumerate(names)}
    words = {i: found for i, found in words.items() if known.intersection(found)}
    for (i, one), (j, other) in combinations(words.items(), 2):
        if len(one) == len(other):
            differing = [
                frozenset(pair) for pair in zip(one, other, strict=True) if len({*pair}) > 1
            ]
            if len(differing) == 1:
                yield i, j, differing[0]


def _all_known() -> list[set[Pair]]:
    return [*ALIKE.values(), *ALIKE_WHEN_TURNED.values()]


def _words(name: str) -> list[str]:
    """In small letters, but for single ones: a mirrored B is no D."""
    words = re.findall(r"[^\W_]+|\+", name)
    return [word if len(word) == 1 else word.lower() for word in words]
