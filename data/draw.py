"""Draw the built-in picture set, ten classes of shapes and textures, into ``shapes.tgz``.

``python data/draw.py`` writes the same archive, byte for byte, every time, as long as the versions
of Pillow (which packs the JPEG files) and NumPy stay the same. The archive holds

    shapes/train/<class name>/0001.jpg ...
    shapes/val/<class name>/0001.jpg ...

How a picture comes about: everything is drawn on a canvas four times as wide as the picture, and
the canvas is averaged down in the end, so that all edges come out smooth. A shape is a function
of two coordinates (u, v) that says which points lie inside it. The shape itself sits upright in
the middle of the (u, v) plane and fits into the unit circle; moving, turning and squashing it
means computing other (u, v) for the points of the canvas.

Nothing but the form tells the classes apart: colours, backgrounds, clutter, sizes and noise are
drawn from the same distributions for all of them. What belongs to the class is, as a rule,
lighter than what lies behind it. All classes stay what they are in a mirror, so that training
may flip the pictures.
"""

import argparse
import colorsys
import gzip
import io
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = 48  # the side of a picture, in pixels
ZOOM = 4  # the canvas is this many times as wide while we draw
TRAIN_PER_CLASS = 400
VAL_PER_CLASS = 50
JPEG_QUALITY = 80
MOST_TURN = np.radians(30)  # shapes are tilted by up to this much, either way

Array = np.ndarray
Random = np.random.Generator


# ---------------------------------------------------------------------------------------------
# The ten classes: each function says which of the points (u, v) are inside. v points upwards.
# ---------------------------------------------------------------------------------------------


def disc(u: Array, v: Array, rng: Random) -> Array:
    """A filled circle."""
    return np.hypot(u, v) < 0.9


def ring(u: Array, v: Array, rng: Random) -> Array:
    """A circle with a round hole."""
    radius = np.hypot(u, v)
    return (radius < 0.95) & (radius > 0.95 * rng.uniform(0.5, 0.7))


def crescent(u: Array, v: Array, rng: Random) -> Array:
    """A moon: a circle out of which another circle has taken a bite."""
    side = rng.choice([-1.0, 1.0])  # waxing or waning
    bite = np.hypot(u - side * rng.uniform(0.4, 0.55), v) < 0.8
    return (np.hypot(u, v) < 1.0) & ~bite


def square(u: Array, v: Array, rng: Random) -> Array:
    """A square with its corners a little inside the unit circle."""
    return np.maximum(abs(u), abs(v)) < 0.78


def triangle(u: Array, v: Array, rng: Random) -> Array:
    """A triangle with three equal sides."""
    slope = np.sqrt(3)
    return (v > -0.55) & (v + slope * abs(u) < 1.1)


def star(u: Array, v: Array, rng: Random) -> Array:
    """A star with five points."""
    # Fold the plane so that one half of one point stands for all ten halves.
    tenth = np.pi / 5
    angle = abs((np.arctan2(u, v) + tenth) % (2 * tenth) - tenth)
    radius = np.hypot(u, v)
    x, y = radius * np.sin(angle), radius * np.cos(angle)
    # The edge runs from the tip (0, 1) to the inner corner, which lies in direction ``tenth``.
    inner = rng.uniform(0.4, 0.48)
    corner_x, corner_y = inner * np.sin(tenth), inner * np.cos(tenth)
    return corner_x * (1.0 - y) > x * (1.0 - corner_y)


def cross(u: Array, v: Array, rng: Random) -> Array:
    """Two bars that cross at right angles, a plus sign."""
    width = rng.uniform(0.24, 0.34)
    longer, shorter = np.maximum(abs(u), abs(v)), np.minimum(abs(u), abs(v))
    return (longer < 0.95) & (shorter < width)


def heart(u: Array, v: Array, rng: Random) -> Array:
    """A heart: a circle whose points are the higher the farther they are from the middle line."""
    x, y = 1.15 * u, 1.3 * v + 0.2
    return np.hypot(x, y - 0.8 * np.sqrt(abs(x))) < 1.0


def stripes(u: Array, v: Array, rng: Random) -> Array:
    """Parallel bands, a little wavy."""
    period = rng.uniform(0.35, 0.6)
    wave = rng.uniform(0.0, 0.08) * np.sin(rng.uniform(2.0, 4.0) * v)
    return np.sin(2 * np.pi * (u + wave) / period + rng.uniform(0.0, 6.28)) > 0


def checks(u: Array, v: Array, rng: Random) -> Array:
    """The fields of a chessboard."""
    period = rng.uniform(0.6, 0.95)
    columns = np.sin(2 * np.pi * u / period + rng.uniform(0.0, 6.28))
    rows = np.sin(2 * np.pi * v / period + rng.uniform(0.0, 6.28))
    return columns * rows > 0


SHAPES: dict[str, Callable[[Array, Array, Random], Array]] = {
    "crescent": crescent,
    "cross": cross,
    "disc": disc,
    "heart": heart,
    "ring": ring,
    "square": square,
    "star": star,
    "triangle": triangle,
}
# Textures have no outline of their own: they fill the whole picture or a patch of it.
TEXTURES: dict[str, Callable[[Array, Array, Random], Array]] = {
    "checks": checks,
    "stripes": stripes,
}
CLASSES = sorted([*SHAPES, *TEXTURES])


# ---------------------------------------------------------------------------------------------
# Places and colours
# ---------------------------------------------------------------------------------------------


def canvas_points() -> tuple[Array, Array]:
    """The coordinates of all points of the canvas: x to the right, y up, both from -1 to 1."""
    line = (np.arange(SIZE * ZOOM, dtype=np.float32) + 0.5) / (SIZE * ZOOM) * 2 - 1
    return np.meshgrid(line, -line)


def place(
    x: Array, y: Array, centre: Array, radius: float, squash: float, turn: float
) -> tuple[Array, Array]:
    """The coordinates (u, v) of the canvas points, seen from a shape that lies somewhere.

    The shape's unit circle lands on an ellipse round ``centre`` whose half axes are ``radius``
    and ``radius * squash``, turned by ``turn`` (in radians).
    """
    dx, dy = x - centre[0], y - centre[1]
    u = (np.cos(turn) * dx + np.sin(turn) * dy) / radius
    v = (np.cos(turn) * dy - np.sin(turn) * dx) / (radius * squash)
    return u, v


def random_colour(rng: Random) -> Array:
    """Any hue, from pale to strong, from rather dark to bright; red, green, blue from 0 to 1."""
    hue, saturation, value = rng.uniform([0.0, 0.1, 0.2], [1.0, 0.9, 1.0])
    return np.array(colorsys.hsv_to_rgb(hue, saturation, value), dtype=np.float32)


def brightness(colour: Array) -> float:
    """How bright a colour looks to the eye."""
    return float(colour @ np.array([0.299, 0.587, 0.114], dtype=np.float32))


def differing_colour(other: Array, rng: Random) -> Array:
    """A random colour clearly lighter or darker than the other one."""
    while True:
        colour = random_colour(rng)
        if abs(brightness(colour) - brightness(other)) > 0.3:
            return colour


# ---------------------------------------------------------------------------------------------
# The parts of a picture. ``canvas`` is an array (height, width, 3) of values from 0 to 1.
# ---------------------------------------------------------------------------------------------


def paint(canvas: Array, inside: Array, colour: Array) -> None:
    """Give the points inside one colour, or each its own if ``colour`` is a whole canvas."""
    canvas[inside] = colour[inside] if colour.ndim == 3 else colour


def clouds(x: Array, y: Array, rng: Random) -> Array:
    """A soft random pattern from 0 to 1: a few broad waves that run in all directions."""
    total = np.zeros_like(x)
    for _ in range(6):
        angle, phase = rng.uniform(0.0, 6.28, size=2)
        length = rng.uniform(2.0, 7.0)
        total += np.sin(length * (np.cos(angle) * x + np.sin(angle) * y) + phase)
    return 1.0 / (1.0 + np.exp(-1.2 * total))


def surface(x: Array, y: Array, first: Array, second: Array, rng: Random) -> Array:
    """A canvas full of one colour, or of two that run into each other."""
    kind = rng.choice(["plain", "gradient", "clouds"])
    if kind == "plain":
        mix = np.zeros_like(x)
    elif kind == "gradient":
        angle = rng.uniform(0.0, 6.28)
        mix = 0.5 + 0.4 * (np.cos(angle) * x + np.sin(angle) * y)
    else:
        mix = clouds(x, y, rng)
    mix = np.clip(mix, 0.0, 1.0)[:, :, None]
    return (1.0 - mix) * first + mix * second


def blob(u: Array, v: Array, rng: Random) -> Array:
    """A patch with an uneven outline, like a pebble."""
    angle = np.arctan2(v, u)
    outline = np.full_like(u, 0.85)
    for waves in (2, 3, 5):
        outline += rng.uniform(0.03, 0.1) * np.sin(waves * angle + rng.uniform(0.0, 6.28))
    return np.hypot(u, v) < outline


def stroke(u: Array, v: Array, rng: Random) -> Array:
    """A thin line with round ends."""
    return np.hypot(np.maximum(abs(u) - 0.85, 0.0), v) < 0.15


def add_clutter(canvas: Array, x: Array, y: Array, colours: list[Array], rng: Random) -> None:
    """Strew small pebbles and strokes over the picture: things that mean nothing."""
    for _ in range(rng.integers(2, 7)):
        form = blob if rng.random() < 0.5 else stroke
        radius = rng.uniform(0.08, 0.16) if form is blob else rng.uniform(0.15, 0.4)
        centre, turn = rng.uniform(-1.0, 1.0, size=2), rng.uniform(0.0, 6.28)
        u, v = place(x, y, centre, radius, 1.0, turn)
        paint(canvas, form(u, v, rng), colours[rng.integers(len(colours))])


def add_shape(canvas: Array, x: Array, y: Array, name: str, fill: Array, rng: Random) -> None:
    """Paint the shape ``name`` at a random place, in a random size and tilted at random."""
    radius = rng.uniform(0.45, 0.75)
    room = 0.95 - radius  # so that it stays within the picture
    centre = rng.uniform(-room, room, size=2)
    u, v = place(x, y, centre, radius, rng.uniform(0.8, 1.0), rng.uniform(-MOST_TURN, MOST_TURN))
    inside = SHAPES[name](u, v, rng)
    paint(canvas, inside, fill)
    if rng.random() < 0.3:
        add_bar(canvas, x, y, centre, radius, rng)


def add_bar(canvas: Array, x: Array, y: Array, centre: Array, radius: float, rng: Random) -> None:
    """Lay a bar across the outer part of a shape, so that some of it is hidden."""
    angle = rng.uniform(0.0, 6.28)
    away = radius * rng.uniform(0.5, 0.9) * np.array([np.cos(angle), np.sin(angle)])
    # The bar lies roughly at right angles to the line from the centre of the shape.
    u, v = place(x, y, centre + away, radius, 1.0, angle + rng.uniform(0.8, 2.3))
    bar = (abs(u) < rng.uniform(0.7, 1.5)) & (abs(v) < rng.uniform(0.09, 0.17))
    paint(canvas, bar, random_colour(rng))


def add_texture(canvas: Array, x: Array, y: Array, name: str, fill: Array, rng: Random) -> None:
    """Paint the texture ``name`` over the whole picture or over a large patch of it."""
    turn = rng.uniform(0.0, 6.28)
    u, v = place(x, y, np.zeros(2), 1.0, rng.uniform(0.8, 1.0), turn)
    inside = TEXTURES[name](u, v, rng)
    if rng.random() < 0.7:
        radius = rng.uniform(0.7, 0.95)
        centre = rng.uniform(radius - 1.0, 1.0 - radius, size=2)
        inside &= blob(*place(x, y, centre, radius, rng.uniform(0.8, 1.0), turn), rng)
    paint(canvas, inside, fill)


def draw_picture(name: str, rng: Random) -> Image.Image:
    """One picture of the class ``name``; ``rng`` decides everything else about it."""
    x, y = canvas_points()
    back = random_colour(rng)
    front = differing_colour(back, rng)
    if brightness(front) < brightness(back):
        front, back = back, front
    # The second colours stay near the first, so that the shape stands out (nearly) everywhere.
    back2, front2 = (c + 0.45 * (random_colour(rng) - c) for c in (back, front))

    canvas = surface(x, y, back, back2, rng)
    if rng.random() < 0.6:
        add_clutter(canvas, x, y, [front, back2, random_colour(rng)], rng)
    add = add_shape if name in SHAPES else add_texture
    add(canvas, x, y, name, surface(x, y, front, front2, rng), rng)

    small = canvas.reshape(SIZE, ZOOM, SIZE, ZOOM, 3).mean(axis=(1, 3))
    small += rng.normal(0.0, rng.uniform(0.0, 0.04), size=small.shape)  # grain, as from a camera
    return Image.fromarray((np.clip(small, 0.0, 1.0) * 255).round().astype(np.uint8))


# ---------------------------------------------------------------------------------------------
# The archive
# ---------------------------------------------------------------------------------------------


def picture(split: str, name: str, number: int) -> Image.Image:
    """Picture ``number`` (from 1) of a class. It depends on nothing but these three."""
    seed = [["train", "val"].index(split), CLASSES.index(name), number]
    return draw_picture(name, np.random.default_rng(seed))


def picture_names(train: int, val: int) -> Iterator[tuple[str, str, int]]:
    """The split, class and number of all the pictures, sorted, for so many of each class."""
    for split, count in (("train", train), ("val", val)):
        for name in CLASSES:
            for number in range(1, count + 1):
                yield split, name, number


def jpeg_bytes(image: Image.Image) -> bytes:
    """The picture as the contents of a JPEG file."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()


def write_archive(path: Path, train: int = TRAIN_PER_CLASS, val: int = VAL_PER_CLASS) -> None:
    """Draw all pictures into a .tgz file in which nothing tells when or where it was made."""
    with (
        open(path, "wb") as file,
        gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=9, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for split, name, number in picture_names(train, val):
            jpeg = jpeg_bytes(picture(split, name, number))
            # A fresh TarInfo has time 0 and no owner.
            entry = tarfile.TarInfo(f"shapes/{split}/{name}/{number:04d}.jpg")
            entry.size = len(jpeg)
            archive.addfile(entry, io.BytesIO(jpeg))


def main() -> None:
    """Write the archive next to this file, or where ``--out`` says."""
    parser = argparse.ArgumentParser(description="Draw the built-in picture set.")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("shapes.tgz"))
    out = parser.parse_args().out
    write_archive(out)
    print(f"wrote {out}: {out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
