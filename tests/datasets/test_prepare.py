from __future__ import annotations

import errno
import json
import os
import random
import shutil
import subprocess
import sys
import tarfile
import time
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from minialexnet.datasets import decode_all, load_or_prepare, load_pictures, prepare
from minialexnet.errors import InputError

module = sys.modules[prepare.__module__]  # its function has the same name
KILLED = Path(__file__).with_name("prepare_slowly.py")
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def mixed_set(good_set, draw_set):
    """The good set with more of a class, a file that is no picture, and one in no class folder."""
    draw_set(good_set, {"train/cat": 90})
    (good_set / "train/cat/40.png").write_bytes(b"broken")
    (good_set / "val/dog/1.png").write_bytes(b"")
    (good_set / "val/loose.jpg").write_bytes(b"loose")
    return good_set


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(module, "SHARD_BYTES", 20 * 8 * 8 * 3)


def assert_same(first, second):
    assert first.classes == second.classes
    assert first.skipped == second.skipped
    assert first.fit == second.fit
    for one, other in ((first.train, second.train), (first.val, second.val)):
        assert np.array_equal(one.images[:], other.images[:])
        assert np.array_equal(one.labels, other.labels)
        assert one.names == other.names
        assert one.fingerprint() == other.fingerprint()
        for name, value in vars(one.statistics).items():
            assert np.array_equal(value, getattr(other.statistics, name))


def contents(folder):
    """Of all files: what the prepared set is, without where its pictures came from."""
    return {
        path.name: path.read_bytes() for path in folder.iterdir() if path.name != "manifest.json"
    }, json.loads((folder / "manifest.json").read_text())


# What is prepared


@pytest.mark.parametrize("fit", ["crop", "stretch"])
@pytest.mark.parametrize("archive", [None, "x.tgz", "x.tar"])
def test_it_holds_what_would_be_loaded(mixed_set, pack, tmp_path, archive, fit):
    source = mixed_set if archive is None else pack(mixed_set, archive, mode="w")
    if archive == "x.tgz":
        source = pack(mixed_set)
    loaded = load_pictures(source, 8, fit=fit)
    folder, prepared = prepare(source, tmp_path / "out", 8, fit)
    assert folder == prepared.folder == tmp_path / "out"
    assert len(prepared.skipped) == 3
    assert_same(loaded, prepared)
    assert_same(loaded, load_pictures(folder))
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "manifest.json", "train.tsv", "val.tsv", "train-mean.npy", "val-mean.npy", "val-000.npy",
        *(f"train-{i:03}.npy" for i in range(5)),
    }  # fmt: skip


def test_the_size_is_chosen_as_when_loading(mixed_set, tmp_path):
    assert_same(load_pictures(mixed_set), prepare(mixed_set, tmp_path / "out")[1])


def test_the_number_of_threads_does_not_matter(mixed_set, tmp_path):
    for workers in (1, 5):
        prepare(mixed_set, tmp_path / str(workers), 8, workers=workers)
    assert contents(tmp_path / "1") == contents(tmp_path / "5")


def test_the_files_are_plain_arrays_and_text(mixed_set, tmp_path):
    folder, pictures = prepare(mixed_set, tmp_path / "out", 8)
    shards = [np.load(folder / f"train-{i:03}.npy") for i in range(5)]
    assert [len(shard) for shard in shards] == [20, 20, 20, 20, 13]
    pixels = np.concatenate(shards)
    for line, image in zip(
        (folder / "train.tsv").read_text().splitlines(), pictures.train.images[:], strict=True
    ):
        slot, label, name = line.split("\t")
        assert np.array_equal(pixels[int(slot)], image)
        assert name.split("/")[1] == pictures.classes[int(label)]
    manifest = json.loads((folder / "manifest.json").read_text())
    statistics = pictures.train.statistics
    assert manifest["train"]["mean_colour"] == statistics.mean_colour.tolist()
    axes = np.array(manifest["train"]["principal_colours"]["directions"])
    std = np.array(manifest["train"]["principal_colours"]["std"])
    np.testing.assert_allclose(axes.T * std**2 @ axes, statistics.covariance, rtol=1e-9)


def test_progress(mixed_set, tmp_path):
    calls = []
    prepare(mixed_set, tmp_path / "out", 8, progress=lambda *call: calls.append(call))
    assert calls == [(done, 97) for done in range(1, 98)]


def test_what_is_there_is_not_made_again(mixed_set, tmp_path, monkeypatch):
    folder, first = prepare(mixed_set, tmp_path / "out", 8)
    monkeypatch.setattr(decode_all, "decode_picture", lambda *_: pytest.fail("decoded again"))
    assert_same(first, prepare(mixed_set, folder, 8)[1])


# Interrupted


def test_an_error_in_between_loses_nothing(mixed_set, tmp_path, monkeypatch):
    """Also one by which Python ends in order, as by Ctrl-C."""
    decode, decoded = decode_all.decode_picture, []

    def interrupted(content, size, fit):
        if len(decoded) == 60:
            raise KeyboardInterrupt
        decoded.append(content)
        return decode(content, size, fit)

    monkeypatch.setattr(decode_all, "decode_picture", interrupted)
    with pytest.raises(KeyboardInterrupt):
        prepare(mixed_set, tmp_path / "out", 8, workers=1)
    with pytest.raises(InputError, match=r"interrupted; go on with: .*--picture-size 8 .*out"):
        load_pictures(tmp_path / "out")
    again = []
    monkeypatch.setattr(
        decode_all, "decode_picture", lambda *args: again.append(1) or decode(*args)
    )
    calls = []
    _, pictures = prepare(mixed_set, tmp_path / "out", 8, progress=lambda *call: calls.append(call))
    assert len(again) < 97 - 60 + 15
    assert calls[-1] == (97, 97)
    assert calls[0][0] > 40
    assert_same(load_pictures(mixed_set, 8), pictures)


@pytest.mark.parametrize("archive", [False, True])
def test_killed_ten_times(mixed_set, pack, tmp_path, archive):
    """At random moments; the result is that of a preparation which never stopped."""
    source = pack(mixed_set) if archive else mixed_set
    command = [sys.executable, str(KILLED), str(source)]
    subprocess.run([*command, str(tmp_path / "whole")], check=True, capture_output=True)
    rng, kills, out = random.Random(0), 0, tmp_path / "out"
    while kills < 10:
        process = subprocess.Popen([*command, str(out)], stdout=subprocess.PIPE)
        for _ in range(rng.randrange(0, 12)):
            process.stdout.readline()
        time.sleep(rng.uniform(0, 0.01))
        process.kill()
        process.stdout.close()
        if process.wait() == 0:  # it was quicker: once more from the beginning
            shutil.rmtree(out)
            continue
        kills += 1
    subprocess.run([*command, str(out)], check=True, capture_output=True)
    assert contents(out) == contents(tmp_path / "whole")


def test_a_mark_stands_only_for_what_is_there(mixed_set, tmp_path, monkeypatch):
    """Killed at the worst moment, before the pictures are marked, they are decoded again."""

    class Killed(BaseException):
        pass

    def killed(room):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module._Room, "sync", killed)
        with pytest.raises(Killed):
            prepare(mixed_set, tmp_path / "out", 8)
    for path in (tmp_path / "out").glob("*.npy"):  # what was not safe is lost
        np.lib.format.open_memmap(path, "r+")[:] = 77
    assert_same(load_pictures(mixed_set, 8), prepare(mixed_set, tmp_path / "out", 8)[1])


def test_two_at_a_time(mixed_set, tmp_path):
    process = subprocess.Popen(
        [sys.executable, str(KILLED), str(mixed_set), str(tmp_path / "out")],
        stdout=subprocess.PIPE,
    )
    process.stdout.readline()
    with pytest.raises(InputError, match="another process is preparing"):
        prepare(mixed_set, tmp_path / "out", 8)
    process.communicate()
    assert process.returncode == 0


# What is refused


def test_a_disk_that_is_full(mixed_set, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", full)
        with pytest.raises(InputError, match=r"out.*No space left on device.*same command"):
            prepare(mixed_set, tmp_path / "out", 8)
    assert_same(load_pictures(mixed_set, 8), prepare(mixed_set, tmp_path / "out", 8)[1])


def test_a_folder_that_holds_something_else(mixed_set, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/diary.txt").write_text("dear diary")
    with pytest.raises(InputError, match="not empty and holds no prepared pictures"):
        prepare(mixed_set, tmp_path / "out", 8)
    assert (tmp_path / "out/diary.txt").read_text() == "dear diary"


def test_a_folder_prepared_otherwise(mixed_set, tmp_path):
    folder, _ = prepare(mixed_set, tmp_path / "out", 8)
    with pytest.raises(InputError, match=r"pictures of 8 pixels \(fit crop\): delete it"):
        prepare(mixed_set, folder, 9)
    with pytest.raises(InputError, match=r"pictures of 8 pixels \(fit crop\): delete it"):
        prepare(mixed_set, folder, 8, "stretch")
    (mixed_set / "train/cat/0.png").unlink()
    with pytest.raises(InputError, match=r"other pictures .* or they have changed"):
        prepare(mixed_set, folder, 8)


def test_nothing_is_left_of_a_set_that_cannot_be_finished(good_set, tmp_path):
    for path in (good_set / "train/dog").iterdir():
        path.write_bytes(b"broken")
    with pytest.raises(InputError, match="'train/dog' has no pictures"):
        prepare(good_set, tmp_path / "out", 8)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"size": 0}, "size must be"), ({"workers": 0}, "workers must"), ({"fit": "x"}, "crop, str")],
)
def test_wrong_wishes(good_set, tmp_path, wrong, message):
    with pytest.raises(InputError, match=message):
        prepare(good_set, tmp_path / "out", **wrong)
    assert not (tmp_path / "out").exists()


# By itself


@pytest.fixture
def many(monkeypatch):
    monkeypatch.setattr(module, "MANY", 90)


def test_many_pictures_are_prepared_beside_them(mixed_set, many):
    loaded = load_or_prepare(mixed_set, 8)
    assert loaded.folder == mixed_set.with_name("good-8px")
    shutil.rmtree(loaded.folder)
    assert_same(load_pictures(mixed_set, 8), load_or_prepare(mixed_set, 8))


def test_few_pictures_are_not(good_set, many):
    assert load_or_prepare(good_set, 8).folder is None


def test_what_was_prepared_is_found_again(mixed_set, pack, many, monkeypatch):
    for source in (mixed_set, pack(mixed_set)):
        first = load_or_prepare(source)
        with monkeypatch.context() as patch:
            patch.setattr(decode_all, "decode_picture", lambda *_: pytest.fail("decoded again"))
            for size in (None, 8):
                assert load_or_prepare(source, size).folder == first.folder
                assert load_pictures(source, size).folder == first.folder
        assert load_pictures(source, 7).folder is None
        assert load_pictures(source, 8, fit="stretch").folder is None


def test_pictures_that_changed_are_decoded(mixed_set, many):
    folder = load_or_prepare(mixed_set, 8).folder
    (mixed_set / "train/cat/0.png").unlink()
    loaded = load_or_prepare(mixed_set, 8)
    assert loaded.folder is None
    assert len(loaded.train) == 91
    assert len(load_pictures(folder).train) == 92


def test_nothing_is_written_where_there_is_no_room(mixed_set, many, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 97 * 8 * 8 * 3))
    assert load_or_prepare(mixed_set, 8).folder is None
    assert not mixed_set.with_name("good-8px").exists()


def test_a_folder_in_its_place_is_left_alone(mixed_set, many):
    mixed_set.with_name("good-8px").mkdir()
    assert load_or_prepare(mixed_set, 8).folder is None


# Real photographs


def test_imagewoof(photographs, tmp_path):
    source = photographs("imagewoof320.tgz")
    _, prepared = prepare(source, tmp_path / "out", 64)
    assert_same(load_pictures(source, 64), prepared)
    with tarfile.open(source) as tar:
        assert len(prepared.train) + len(prepared.val) == sum(m.isfile() for m in tar)
