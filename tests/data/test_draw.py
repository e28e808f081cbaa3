"""The built-in picture set: drawn the same every time, and shipped as described."""

import importlib.util
import io
import tarfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

DATA = Path(__file__).resolve().parents[2] / "data"
ARCHIVE = DATA / "shapes.tgz"


def load_draw():
    """Import data/draw.py by its path, whether or not the project is installed."""
    spec = importlib.util.spec_from_file_location("draw", DATA / "draw.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


draw = load_draw()


def pixels(jpeg: bytes) -> np.ndarray:
    """The decoded picture, as numbers that may be subtracted."""
    return np.asarray(Image.open(io.BytesIO(jpeg)), dtype=np.float32)


@pytest.fixture(scope="module")
def shipped() -> dict[str, bytes]:
    """The files of the shipped archive, by name, in the order of the archive."""
    with tarfile.open(ARCHIVE) as archive:
        return {entry.name: archive.extractfile(entry).read() for entry in archive}


def test_ten_classes():
    assert len(draw.CLASSES) == 10
    assert sorted({*draw.SHAPES, *draw.TEXTURES}) == draw.CLASSES


@pytest.mark.parametrize("name", draw.CLASSES)
def test_same_picture_twice(name):
    first, again = (np.asarray(draw.picture("train", name, 7)) for _ in range(2))
    assert first.shape == (draw.SIZE, draw.SIZE, 3)
    np.testing.assert_array_equal(first, again)


def test_pictures_differ():
    places = [("train", "disc", 1), ("train", "disc", 2), ("val", "disc", 1), ("train", "star", 1)]
    assert len({draw.picture(*place).tobytes() for place in places}) == len(places)


def test_same_archive_twice(tmp_path):
    paths = [tmp_path / "first.tgz", tmp_path / "again.tgz"]
    for path in paths:
        draw.write_archive(path, train=2, val=1)
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize("name", sorted(draw.SHAPES))
def test_shapes_fit_into_the_unit_circle(name):
    rng = np.random.default_rng(0)
    line = np.linspace(-1.5, 1.5, 301)
    u, v = np.meshgrid(line, line)
    for _ in range(10):
        inside = draw.SHAPES[name](u, v, rng)
        assert inside.any()
        assert np.hypot(u, v)[inside].max() < 1.15


def test_archive_is_small():
    assert ARCHIVE.stat().st_size < 3_000_000


def test_archive_layout(shipped):
    expected = [
        f"shapes/{split}/{name}/{number:04d}.jpg"
        for split, name, number in draw.picture_names(draw.TRAIN_PER_CLASS, draw.VAL_PER_CLASS)
    ]
    assert list(shipped) == expected == sorted(expected)


def test_classes_are_balanced(shipped):
    counts = Counter(tuple(name.split("/")[1:3]) for name in shipped)
    assert counts == {
        (split, name): count
        for split, count in (("train", draw.TRAIN_PER_CLASS), ("val", draw.VAL_PER_CLASS))
        for name in draw.CLASSES
    }


def test_no_picture_is_there_twice(shipped):
    assert len(set(shipped.values())) == len(shipped)


def test_every_picture_opens(shipped):
    for name, jpeg in shipped.items():
        image = Image.open(io.BytesIO(jpeg))
        image.load()
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (draw.SIZE,) * 2), name


@pytest.mark.parametrize("split", ["train", "val"])
@pytest.mark.parametrize("name", draw.CLASSES)
def test_archive_holds_what_the_script_draws(shipped, split, name):
    for number in (1, 2, 3):
        drawn = pixels(draw.jpeg_bytes(draw.picture(split, name, number)))
        stored = pixels(shipped[f"shapes/{split}/{name}/{number:04d}.jpg"])
        # Another version of Pillow may pack JPEG files a little differently.
        assert abs(drawn - stored).mean() < 3.0
