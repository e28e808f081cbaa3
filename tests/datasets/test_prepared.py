from __future__ import annotations

import json
import multiprocessing

import numpy as np
import pytest

from minialexnet.datasets import MANIFEST, load_pictures, prepare
from minialexnet.errors import InputError


@pytest.fixture
def folder(good_set, tmp_path):
    return prepare(good_set, tmp_path / "out", 8)[0]


def pixels_of(folder):
    return load_pictures(folder).train.images[:]


def test_processes_share_one_copy(folder):
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        first, second = pool.map(pixels_of, [folder, folder])
    assert np.array_equal(first, second)
    assert np.array_equal(first, pixels_of(folder))


def test_the_pictures_cannot_be_written_to(folder):
    with pytest.raises(ValueError, match="read-only"):
        load_pictures(folder).train.images[0][:] = 1


def test_it_goes_with_its_folder(folder):
    there = folder.rename(folder.with_name("elsewhere"))
    assert load_pictures(there).folder == there


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"size": 9}, "with the size 8, and 9 is needed"),
        ({"fit": "stretch"}, "the fit crop, and stretch is needed"),
    ],
)
def test_it_is_as_it_is(folder, wish, message):
    assert load_pictures(folder, 8, fit="crop").size == 8
    with pytest.raises(InputError, match=message):
        load_pictures(folder, **wish)


def without_last_line(path):
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def with_another_slot(path):
    path.write_text(path.read_text().replace("\n5\t", "\n6\t"))


def with_a_slot_twice(path):
    path.write_text(path.read_text().replace("\n5\t", "\n4\t"))


def with_another_label(path):
    path.write_text(path.read_text().replace("\t1\t", "\t2\t"))


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("train-000.npy", lambda path: path.unlink()),
        ("train-000.npy", lambda path: path.write_bytes(path.read_bytes()[:-1])),
        ("train-000.npy", lambda path: path.write_bytes(b"")),
        ("val-000.npy", lambda path: np.save(path, np.zeros((4, 8, 8, 3), np.float32))),
        ("val-000.npy", lambda path: np.save(path, np.zeros((3, 8, 8, 3), np.uint8))),
        ("val-000.npy", lambda path: np.save(path, np.array([{}]), allow_pickle=True)),
        ("train.tsv", lambda path: path.unlink()),
        ("train.tsv", lambda path: path.write_text("")),
        ("train.tsv", lambda path: path.write_text("nonsense\n" * 6)),
        ("train.tsv", lambda path: path.write_bytes(b"\xff\xfe\n" * 6)),
        ("train.tsv", without_last_line),
        ("train.tsv", with_another_slot),
        ("train.tsv", with_another_label),
        ("train.tsv", with_a_slot_twice),
        ("train-mean.npy", lambda path: path.unlink()),
        ("train-mean.npy", lambda path: np.save(path, np.zeros((4, 4, 3)))),
        ("train-mean.npy", lambda path: path.write_bytes(b"x")),
        ("train-mean.npy", lambda path: path.write_bytes(b"")),
    ],
)
def test_damage_is_named(folder, name, spoil):
    spoil(folder / name)
    with pytest.raises(InputError, match=r"out' is damaged \(.+\): delete it and prepare"):
        load_pictures(folder)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "7", '{"format": 1}', '{"format": 1, "plan": {"x": 1}}', "\0"]
)
def test_a_damaged_manifest_is_named(folder, text):
    (folder / MANIFEST).write_text(text)
    with pytest.raises(
        InputError, match=r"minialexnet-set.json' is damaged: prepare the pictures again"
    ):
        load_pictures(folder)


@pytest.mark.parametrize("missing", ["classes", "train", "skipped"])
def test_a_manifest_that_lacks_something(folder, missing):
    text = json.loads((folder / MANIFEST).read_text())
    del text[missing]
    (folder / MANIFEST).write_text(json.dumps(text))
    with pytest.raises(InputError, match="is damaged"):
        load_pictures(folder)


def test_what_is_not_ours_is_no_prepared_set(good_set):
    """A page of the web has a manifest.json, too."""
    (good_set / "manifest.json").write_text("{}")
    (good_set / "unfinished.json").write_text("{}")
    assert len(load_pictures(good_set, 8).train) == 6


def test_another_format(folder):
    text = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(text | {"format": 2}))
    with pytest.raises(InputError, match=r"format 2, and this version .* reads 1"):
        load_pictures(folder)
