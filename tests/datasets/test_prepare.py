from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
import weakref
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minialexnet.datasets import (
    MANIFEST,
    decode_all,
    load_or_prepare,
    load_pictures,
    plan,
    prepare,
)
from minialexnet.datasets.plan import PLAN
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
    """Of all files."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class Calls(list):
    """What a progress function was called with, by what was going on."""

    def __call__(self, done, total, of_what="decoding"):
        self.append((of_what, done, total))

    def of(self, of_what):
        return [(done, total) for what, done, total in self if what == of_what]


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
        MANIFEST, "train.tsv", "val.tsv", "train-mean.npy", "val-mean.npy", "val-000.npy",
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
    manifest = json.loads((folder / MANIFEST).read_text())
    statistics = pictures.train.statistics
    assert manifest["train"]["mean_colour"] == statistics.mean_colour.tolist()
    axes = np.array(manifest["train"]["principal_colours"]["directions"])
    std = np.array(manifest["train"]["principal_colours"]["std"])
    np.testing.assert_allclose(axes.T * std**2 @ axes, statistics.covariance, rtol=1e-9)


def test_progress(mixed_set, tmp_path):
    calls = Calls()
    prepare(mixed_set, tmp_path / "out", 8, progress=calls)
    assert calls.of("decoding") == [(done, 97) for done in range(1, 98)]
    assert calls.of("taking the mean of train") == [(92, 92)]
    assert calls.of("taking the mean of val") == [(3, 3)]


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
    calls = Calls()
    _, pictures = prepare(mixed_set, tmp_path / "out", 8, progress=calls)
    assert len(again) < 97 - 60 + 15
    assert calls.of("decoding")[-1] == (97, 97)
    assert calls.of("decoding")[0][0] > 40
    assert_same(load_pictures(mixed_set, 8), pictures)


@pytest.mark.parametrize("archive", [False, True])
def test_killed_ten_times(mixed_set, pack, tmp_path, archive):
    """At random moments; the result is that of a preparation which never stopped."""
    source = pack(mixed_set) if archive else mixed_set
    command = [sys.executable, str(KILLED), str(source)]
    subprocess.run([*command, str(tmp_path / "whole")], check=True, capture_output=True)
    rng, kills, out, begun = random.Random(0), 0, tmp_path / "out", []
    while kills < 10:
        process = subprocess.Popen([*command, str(out)], stdout=subprocess.PIPE)
        lines = [process.stdout.readline() for _ in range(rng.randrange(0, 12))]
        time.sleep(rng.uniform(0, 0.01))
        process.kill()
        process.stdout.close()
        if process.wait() == 0:  # it was quicker: once more from the beginning
            shutil.rmtree(out)
            continue
        begun += [int(line) for line in lines[:1] if line]
        kills += 1
    subprocess.run([*command, str(out)], check=True, capture_output=True)
    assert contents(out) == contents(tmp_path / "whole")
    assert max(begun) > 10  # or else it began anew each time


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


@pytest.mark.parametrize("lost", ["content", "headers", "shards", "marks"])
def test_the_power_fails_while_room_is_made(mixed_set, tmp_path, monkeypatch, lost):
    """What was not safe on the disk may be missing, cut off or zero, in any order."""
    with monkeypatch.context() as patch:
        patch.setattr(decode_all, "decode_picture", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            prepare(mixed_set, tmp_path / "out", 8)
    for path in (tmp_path / "out").glob("*.npy"):
        if lost == "content":
            path.write_bytes(path.read_bytes()[:200])
        elif lost == "headers":
            path.write_bytes(bytes(path.stat().st_size))
        elif lost == "shards":
            path.unlink()
    if lost == "marks":
        for path in (tmp_path / "out").glob("*.done"):
            path.write_bytes(b"")
    assert_same(load_pictures(mixed_set, 8), prepare(mixed_set, tmp_path / "out", 8)[1])


def test_pictures_are_safe_before_their_marks_are(mixed_set, tmp_path, monkeypatch):
    """And now and then in between, not only at the end."""
    flushed, flush = [], np.memmap.flush

    def remembered(array):
        flushed.append("pictures" if array.ndim == 4 else "marks")
        flush(array)

    monkeypatch.setattr(np.memmap, "flush", remembered)
    monkeypatch.setattr(module, "SYNC_SECONDS", 0.0)
    prepare(mixed_set, tmp_path / "out", 8)
    assert flushed.count("marks") > 90
    marked = [i for i, what in enumerate(flushed) if what == "marks"]
    last_of_val = 1  # nothing new in that split
    assert sum(flushed[i - 1] == "pictures" for i in marked) >= 90 - last_of_val


@pytest.fixture
def stopped_in_the_middle():
    """stopped_in_the_middle(source, folder) -> a process that has begun to prepare, and stands."""
    started = []

    def start(source, folder):
        process = subprocess.Popen(
            [sys.executable, str(KILLED), str(source), str(folder)], stdout=subprocess.PIPE
        )
        started.append(process)
        process.stdout.readline()
        process.send_signal(signal.SIGSTOP)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_two_at_a_time(mixed_set, tmp_path, stopped_in_the_middle):
    process = stopped_in_the_middle(mixed_set, tmp_path / "out")
    with pytest.raises(InputError, match="another process is preparing"):
        prepare(mixed_set, tmp_path / "out", 8)
    process.send_signal(signal.SIGCONT)
    assert process.wait() == 0


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


def test_a_disk_that_is_too_small_is_said_at_once(mixed_set, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 97 * 8 * 8 * 3 - 1))
    with pytest.raises(InputError, match=r"need 0\.0 GiB, and in .*out' 0\.0 GiB are free"):
        prepare(mixed_set, tmp_path / "out", 8)
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("beside", [None, "diary.txt", ".notes.tmp"])
def test_nothing_of_ours_is_left_of_a_set_that_cannot_be_finished(good_set, tmp_path, beside):
    """And everything that is somebody else's."""
    for path in (good_set / "train/dog").iterdir():
        path.write_bytes(b"broken")
    decoded = []

    def then_somebody_writes(done, total):
        decoded.append(done)
        if beside is not None:
            (tmp_path / "out" / beside).write_text("dear diary")

    with pytest.raises(InputError, match="'train/dog' has no pictures"):
        prepare(good_set, tmp_path / "out", 8, progress=then_somebody_writes)
    assert len(decoded) == 10
    if beside is None:
        assert not (tmp_path / "out").exists()
    else:
        assert [path.name for path in (tmp_path / "out").iterdir()] == [beside]


@pytest.mark.parametrize("name", [".notes.tmp", "manifest.json", "unfinished.json"])
def test_nothing_that_is_not_ours_is_touched(mixed_set, tmp_path, name):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_text("{}")
    with pytest.raises(InputError, match="not empty and holds no prepared pictures"):
        prepare(mixed_set, tmp_path / "out", 8)
    assert (tmp_path / "out" / name).read_text() == "{}"


def test_what_a_killed_process_was_writing_is_removed(mixed_set, tmp_path):
    folder, _ = prepare(mixed_set, tmp_path / "out", 8)
    (folder / f".{PLAN}.123.tmp").write_text("half")
    prepare(mixed_set, folder, 8)
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize("name", [f".{PLAN}.123.tmp", f".{MANIFEST}.4.tmp", ".train.tsv.5.tmp"])
def test_killed_in_its_first_or_last_moment_it_goes_on(mixed_set, tmp_path, name):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_text("half")
    folder, pictures = prepare(mixed_set, tmp_path / "out", 8)
    assert_same(load_pictures(mixed_set, 8), pictures)
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EACCES, errno.EIO])
def test_what_cannot_be_opened_just_now_is_not_begun_anew(mixed_set, tmp_path, monkeypatch, number):
    with monkeypatch.context() as patch:
        patch.setattr(decode_all, "decode_picture", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            prepare(mixed_set, tmp_path / "out", 8)
    marks = tmp_path / "out" / "train.done"
    marks.write_bytes(b"\1" * marks.stat().st_size)
    before = contents(tmp_path / "out")

    def fail(*args):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(module, "open_shard", fail)
        message = rf"cannot be prepared in .* \({os.strerror(number)}\): mend that and go on"
        with pytest.raises(InputError, match=message):
            prepare(mixed_set, tmp_path / "out", 8)
    assert contents(tmp_path / "out") == before


@pytest.mark.parametrize("name", [MANIFEST, "train-000.npy", "val.tsv", "train-mean.npy"])
def test_what_may_not_be_read_is_not_called_damaged(mixed_set, tmp_path, monkeypatch, name):
    """Or somebody would delete a set that is all right."""
    folder, _ = prepare(mixed_set, tmp_path / "out", 8)
    real_open = open

    def denied(file, *args, **kwargs):
        if os.path.basename(os.fspath(file)) == name:
            raise PermissionError(errno.EACCES, "Permission denied", str(file))
        return real_open(file, *args, **kwargs)

    for place in ("builtins.open", "io.open"):
        monkeypatch.setattr(place, denied)
    with pytest.raises(InputError, match=r"cannot be read \(Permission denied\): mend that"):
        load_pictures(folder)


def test_pictures_too_large_for_all_cores_at_once_are_decoded_one_by_one(mixed_set, monkeypatch):
    class Pixels:
        """What a try has in memory."""

    decode, tried = decode_all.decode_picture, set()
    in_memory, together = weakref.WeakSet(), []
    all_tried = threading.Barrier(4, timeout=10)

    def short_of_memory(content, size, fit):
        if content not in tried and len(tried) == 4:
            return decode(content, size, fit)  # beside the others' second tries: it is small
        pixels = Pixels()
        in_memory.add(pixels)
        if content not in tried:
            tried.add(content)
            all_tried.wait()
            raise MemoryError
        together.append(len(in_memory))
        return decode(content, size, fit)

    expected = load_pictures(mixed_set, 8)
    monkeypatch.setattr(decode_all, "decode_picture", short_of_memory)
    assert_same(expected, load_pictures(mixed_set, 8, workers=4))
    assert len(together) == 4
    assert together[-1] == 1  # of the first tries nothing is left


def test_a_picture_too_large_for_the_machine_is_left_out_but_not_for_good(
    mixed_set, tmp_path, monkeypatch
):
    decode, large = decode_all.decode_picture, (mixed_set / "train/cat/0.png").read_bytes()

    def short_of_memory(content, size, fit):
        if content == large:
            raise MemoryError
        return decode(content, size, fit)

    with monkeypatch.context() as patch:
        patch.setattr(decode_all, "decode_picture", short_of_memory)
        skipped = load_pictures(mixed_set, 8).skipped
        assert ("train/cat/0.png", "there is not enough memory to decode it") in skipped
        with pytest.raises(InputError, match=r"'train/cat/0\.png': .*; .* with the same command"):
            prepare(mixed_set, tmp_path / "out", 8)
    assert_same(load_pictures(mixed_set, 8), prepare(mixed_set, tmp_path / "out", 8)[1])


@pytest.mark.parametrize("inside", ["out", "train/out", "train/cat/out"])
def test_a_folder_inside_the_pictures(mixed_set, inside):
    with pytest.raises(InputError, match="whose pictures are to be prepared: name a folder beside"):
        prepare(mixed_set, mixed_set / inside, 8)
    assert not (mixed_set / inside).exists()


def test_a_prepared_set_is_not_prepared(mixed_set, tmp_path):
    folder, _ = prepare(mixed_set, tmp_path / "out", 8)
    with pytest.raises(InputError, match="is a prepared set already"):
        prepare(folder)


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


def test_a_size_asked_for_is_found_where_it_would_be_chosen(mixed_set, pack, many):
    for source in (mixed_set, pack(mixed_set)):
        folder, _ = prepare(source, size=8)
        assert load_or_prepare(source).folder == load_pictures(source).folder == folder


def test_pictures_that_changed_are_decoded(mixed_set, many):
    folder, said = load_or_prepare(mixed_set, 8).folder, []
    (mixed_set / "train/cat/0.png").unlink()
    loaded = load_or_prepare(mixed_set, 8, say=said.append)
    assert loaded.folder is None
    assert len(loaded.train) == 91
    assert len(load_pictures(folder).train) == 92
    assert len(said) == 1
    assert said[0] == (
        f"'{folder}' holds something else or older, so these are decoded anew each time"
    )


@pytest.mark.parametrize("archive", [False, True])
def test_pictures_that_changed_are_noticed_though_sizes_and_times_did_not(tmp_path, pack, archive):
    """As pictures without compression, in archives that are made reproducibly."""
    given, sizes = tmp_path / "set.tar" if archive else tmp_path / "set", []
    for colours in ({"cat": 0, "dog": 250}, {"cat": 250, "dog": 0}):
        shutil.rmtree(tmp_path / "set", ignore_errors=True)
        for split in ("train", "val"):
            for name, colour in colours.items():
                path = tmp_path / "set" / split / name / "0.bmp"
                path.parent.mkdir(parents=True)
                Image.new("RGB", (12, 12), (colour, 0, 0)).save(path)
                os.utime(path, (0, 0))
        if archive:
            pack(tmp_path / "set", given.name, mode="w")
            os.utime(given, (0, 0))
        sizes.append(given.stat().st_size)
        if len(sizes) == 1:
            prepared, _ = prepare(given, size=8)
            assert load_pictures(given, 8).folder == prepared
        assert load_pictures(given, 8).train.images[0][0, 0, 0] == colours["cat"]
    assert sizes[0] == sizes[1]


def test_labels_that_changed_are_noticed(tmp_path, draw_set):
    """Also where they stand in a table, as in Tiny ImageNet."""
    folder = draw_set(
        tmp_path / "tiny", {"train/a/images": 2, "train/b/images": 2, "val/images": 2}
    )
    table = folder / "val/val_annotations.txt"
    table.write_text("0.png\ta\n1.png\tb\n")
    prepare(folder, size=8)
    assert load_pictures(folder, 8).folder is not None
    table.write_text("0.png\tb\n1.png\tb\n")
    assert load_pictures(folder, 8).folder is None
    assert load_pictures(folder, 8).val.labels.tolist() == [1, 1]


def test_another_decoder_decodes_anew(mixed_set, tmp_path, monkeypatch):
    folder, _ = prepare(mixed_set, size=8)
    monkeypatch.setattr(module, "DECODER", "another")
    monkeypatch.setattr(plan, "DECODER", "another")
    assert load_pictures(mixed_set, 8).folder is None
    assert load_pictures(folder).folder == folder
    with pytest.raises(InputError, match=r"as decoded by 2, .* not another"):
        prepare(mixed_set, folder, 8)


def test_nothing_is_written_where_there_is_no_room(mixed_set, many, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 97 * 8 * 8 * 3))
    assert load_or_prepare(mixed_set, 8).folder is None
    assert not mixed_set.with_name("good-8px").exists()


def test_nothing_is_written_where_we_may_not(mixed_set, many, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert load_or_prepare(mixed_set, 8).folder is None
    assert not mixed_set.with_name("good-8px").exists()


@pytest.mark.parametrize("leftover", [None, f".{PLAN}.12.tmp"])
def test_a_folder_that_may_not_be_written_to_is_no_reason_not_to_begin(
    mixed_set, many, monkeypatch, leftover
):
    folder, access = mixed_set.with_name("good-8px"), os.access
    folder.mkdir()
    if leftover:
        (folder / leftover).write_text("half")
    monkeypatch.setattr(
        os, "access", lambda path, mode: Path(path) != folder and access(path, mode)
    )
    loaded = load_or_prepare(mixed_set, 8)
    assert loaded.folder is None
    assert_same(load_pictures(mixed_set, 8), loaded)


def test_one_that_was_interrupted_goes_on_though_the_disk_is_nearly_full(
    mixed_set, many, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr(decode_all, "decode_picture", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            load_or_prepare(mixed_set, 8)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 10))
    assert load_or_prepare(mixed_set, 8).folder is not None


def test_an_empty_folder_in_its_place_is_used(mixed_set, many):
    mixed_set.with_name("good-8px").mkdir()
    assert load_or_prepare(mixed_set, 8).folder == mixed_set.with_name("good-8px")


def test_a_folder_of_somebody_in_its_place_is_left_alone(mixed_set, many):
    mixed_set.with_name("good-8px").mkdir()
    (mixed_set.with_name("good-8px") / "diary.txt").write_text("dear diary")
    assert load_or_prepare(mixed_set, 8).folder is None
    assert (mixed_set.with_name("good-8px") / "diary.txt").read_text() == "dear diary"


def test_another_process_is_waited_for(mixed_set, many, monkeypatch, stopped_in_the_middle):
    monkeypatch.setattr(module, "LOOK_AGAIN_SECONDS", 0.01)
    folder, said = mixed_set.with_name("good-8px"), []
    process = stopped_in_the_middle(mixed_set, folder)

    def hear(text):
        said.append(text)
        process.send_signal(signal.SIGCONT)

    loaded = load_or_prepare(mixed_set, 8, say=hear)
    assert process.wait() == 0
    assert loaded.folder == folder
    assert said == ["another process is preparing these pictures: waiting for it"]


@pytest.mark.parametrize("here", [".", "", "train/.."])
def test_the_current_folder_has_a_name_too(mixed_set, many, monkeypatch, here):
    monkeypatch.chdir(mixed_set)
    assert load_or_prepare(here or ".", 8).folder == mixed_set.with_name("good-8px")


def test_a_path_that_is_no_text(mixed_set, tmp_path):
    source = mixed_set.rename(tmp_path / os.fsdecode(b"caf\xe9"))
    folder, pictures = prepare(source, size=8)
    assert_same(load_pictures(folder), pictures)
    assert load_pictures(source, 8).folder == folder


def test_tilde_is_the_home(mixed_set, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert prepare(mixed_set, "~/out", 8)[0] == tmp_path / "out"


# Real photographs


def test_imagewoof(photographs, tmp_path):
    source = photographs("imagewoof320.tgz")
    _, prepared = prepare(source, tmp_path / "out", 64)
    assert_same(load_pictures(source, 64), prepared)
    with tarfile.open(source) as tar:
        assert len(prepared.train) + len(prepared.val) == sum(m.isfile() for m in tar)
