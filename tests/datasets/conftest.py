"""Pictures drawn for the tests, in folders and archives."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

PHOTOGRAPHS = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.fixture
def photographs() -> Callable[[str], Path]:
    """photographs(name) -> the path of an archive of real ones, or the test is skipped."""

    def find(name: str) -> Path:
        if not (PHOTOGRAPHS / name).is_file():
            pytest.skip(f"the photographs {PHOTOGRAPHS / name} are not there")
        return PHOTOGRAPHS / name

    return find


@pytest.fixture
def encode() -> Callable[..., bytes]:
    """encode(image, format, **options) -> bytes; an array will do for the image."""

    def encode(image: Image.Image | np.ndarray, format: str = "PNG", **options: object) -> bytes:
        if isinstance(image, np.ndarray):
            image = Image.fromarray(image)
        buffer = io.BytesIO()
        image.save(buffer, format, **options)
        return buffer.getvalue()

    return encode


@pytest.fixture
def draw_set(encode) -> Callable[..., Path]:
    """draw_set(folder, {"train/cat": 3, ...}, size=(w, h)) -> folder, with noise as pictures."""

    def draw(folder: Path, counts: dict[str, int], size: tuple[int, int] = (12, 8)) -> Path:
        rng = np.random.default_rng(0)
        for name, count in counts.items():
            (folder / name).mkdir(parents=True, exist_ok=True)
            for i in range(count):
                pixels = rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
                (folder / name / f"{i}.png").write_bytes(encode(pixels))
        return folder

    return draw


@pytest.fixture
def good_set(tmp_path, draw_set) -> Path:
    """A folder with 2 x 3 pictures to train on and 2 x 2 to validate, 12 x 8 pixels."""
    counts = {"train/cat": 3, "train/dog": 3, "val/cat": 2, "val/dog": 2}
    return draw_set(tmp_path / "good", counts)


@pytest.fixture
def pack(tmp_path) -> Callable[..., Path]:
    """pack(folder, "x.tgz", top="top", mode="w:gz") -> archive of the folder's files, backwards."""

    def pack(folder: Path, name: str = "x.tgz", top: str = "", mode: str = "w:gz") -> Path:
        with tarfile.open(tmp_path / name, mode) as tar:
            for path in sorted(folder.rglob("*"), reverse=True):
                tar.add(path, Path(top) / path.relative_to(folder), recursive=False)
        return tmp_path / name

    return pack
