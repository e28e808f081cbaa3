"""Whatever is given: one sentence that names the culprit, no traceback, and nothing is lost."""

import io
import json
import os
import shutil
import struct
import tarfile
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from minialexnet.training import load_checkpoint, save_checkpoint
from minialexnet.training.schedules import OneCycle


def bomb(side: int = 10_000) -> bytes:
    """A PNG of some kilobytes that says it has side x side pixels, and has."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    pixels = zlib.compress(bytes((side // 8 + 1) * side))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


@pytest.fixture
def train(cli, tmp_path, recipe):
    """train(data, options...) -> Answer; checks that a failure leaves no run folder behind."""

    def call(data, *options):
        runs = tmp_path / "runs"
        answer = cli("train", "--data", data, "--runs", runs, *recipe, *options)
        if answer.status:
            assert not runs.exists() or not list(runs.iterdir())
        return answer

    return call


@pytest.fixture(params=["train", "prepare"])
def take(request, train, cli, tmp_path):
    """take(data) -> Answer of a command that reads all the pictures."""
    if request.param == "train":
        return lambda data: train(data, "--lr", "0.001")

    def prepare(data):
        answer = cli("data", "prepare", data, "--out", tmp_path / "out")
        assert (answer.status == 0) == (tmp_path / "out").exists()
        return answer

    return prepare


def _total(answer) -> str:
    """How many pictures were taken, in training and validation together."""
    words = (answer.err + answer.out).replace(" to validate", "").split("pictures to train on and ")
    return f"{int(words[0].split()[-1]) + int(words[1].split(',')[0])} pictures"


class TestFolders:
    @pytest.mark.parametrize(
        ("spoil", "parts"),
        [
            (lambda d: shutil.rmtree(d), ["does not exist"]),
            (lambda d: [shutil.rmtree(d / s) for s in ("train", "val")], ["is empty"]),
            (lambda d: shutil.rmtree(d / "val"), ["no class folders in val"]),
            (lambda d: shutil.rmtree(d / "train"), ["no class folders in train"]),
            (lambda d: [f.unlink() for f in (d / "train/red").iterdir()], ["train/red"]),
            (lambda d: [f.write_bytes(b"?") for f in d.rglob("*.png")], ["none", "blue/0.png"]),
            (lambda d: [f.write_bytes(b"?") for f in d.glob("val/red/*")], ["val/red"]),
            (lambda d: (d / "val/red").rename(d / "val/pink"), ["pink"]),
        ],
        ids=[
            "missing",
            "empty",
            "no val",
            "no train",
            "a class without files",
            "all pictures bad",
            "all pictures of a class bad",
            "classes that differ",
        ],
    )
    def test_a_set_that_cannot_be_used_is_named_with_the_reason(self, take, own_tiny, spoil, parts):
        spoil(own_tiny)
        answer = take(own_tiny)
        assert answer.status == 1
        answer.sentence(str(own_tiny), *parts)

    def test_bad_files_among_good_ones_are_named_counted_and_left_out(self, take, own_tiny):
        whole = (own_tiny / "train/red/1.png").read_bytes()
        (own_tiny / "train/red/1.png").write_bytes(whole[: len(whole) // 2])
        (own_tiny / "train/blue/notes.txt").write_text("these are my pictures")
        (own_tiny / "val/green/huge.png").write_bytes(bomb())
        answer = take(own_tiny)
        assert answer.status == 0, answer.err
        lines = answer.err.splitlines()
        assert lines[0] == "skipped 3 files that could not be read:"
        assert sorted(line.split(":")[0].strip() for line in lines[1:4]) == [
            "train/blue/notes.txt",
            "train/red/1.png",
            "val/green/huge.png",
        ]
        assert "10000 x 10000 pixels" in "".join(lines[1:4])
        assert "29 pictures to train on and 12 to validate" in (lines + answer.out.splitlines())[4]

    def test_one_percent_of_the_files_spoiled_at_random(self, take, draw_pictures, tmp_path):
        """At random bytes: whatever Pillow says of them, each is taken or named."""
        rng, folder = np.random.default_rng(0), tmp_path / "set"
        draw_pictures(folder, train=200, val=20)
        for path in sorted(folder.rglob("*.png"))[::2]:  # a JPEG shows more of what is wrong
            Image.open(path).save(path.with_suffix(".jpg"), quality=80)
            path.unlink()
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        spoiled = rng.choice(len(files), len(files) // 100 + 20, replace=False)
        for i in spoiled:
            data = bytearray(files[i].read_bytes())
            for place in rng.integers(0, len(data), rng.integers(1, 40)):
                data[place] = rng.integers(0, 256)
            files[i].write_bytes(data[: rng.integers(1, 2 * len(data))])
        answer = take(folder)
        assert answer.status == 0, answer.err
        assert "Traceback" not in answer.err
        first, *others = answer.err.splitlines()
        count = int(first.split()[1])
        assert 3 <= count <= len(spoiled)
        names = {str(files[i].relative_to(folder)) for i in spoiled}
        named = [line.split(":")[0].strip() for line in others[: min(count, 10)]]
        assert set(named) <= names
        assert f"{660 - count} pictures" in _total(answer)
        if (tmp_path / "out").exists():
            assert "all of them in" in answer.err
            skipped = json.loads((tmp_path / "out/minialexnet-set.json").read_text())["skipped"]
            assert len(skipped) == count
            assert {name for name, _ in skipped} <= names


class TestArchives:
    @pytest.mark.parametrize(
        ("name", "kind", "reason"),
        [
            ("../evil.png", tarfile.REGTYPE, ".."),
            ("{tmp}/evil.png", tarfile.REGTYPE, "absolute path"),
            ("train/red/evil.png", tarfile.SYMTYPE, "link"),
            ("train/red/evil.png", tarfile.LNKTYPE, "link"),
        ],
        ids=["parent", "absolute", "symlink", "hardlink"],
    )
    def test_an_entry_that_reaches_outside_is_refused(
        self, take, tiny, tmp_path, name, kind, reason
    ):
        name = name.format(tmp=tmp_path)
        archive = tmp_path / "inside" / "set.tgz"
        archive.parent.mkdir()
        with tarfile.open(archive, "w:gz") as tar:
            for split in ("train", "val"):
                tar.add(tiny / split, split)
            entry = tarfile.TarInfo(name)
            entry.type = kind
            if kind == tarfile.REGTYPE:
                entry.size = 4
            else:
                entry.linkname = "/etc/passwd"
            tar.addfile(entry, io.BytesIO(b"evil"))
        answer = take(archive)
        assert answer.status == 1
        answer.sentence(str(archive), repr(name), reason)
        assert not list(tmp_path.rglob("evil*"))

    def test_an_archive_cut_short_is_named(self, take, tiny, tmp_path):
        archive = tmp_path / "set.tgz"
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(tiny, "tiny")
        archive.write_bytes(archive.read_bytes()[:-20_000])
        answer = take(archive)
        assert answer.status == 1
        answer.sentence(str(archive), "cut off or damaged")


class TestSizes:
    def test_crops_larger_than_the_pictures(self, train, tiny):
        answer = train(tiny, "--image-size", 33)
        assert answer.status == 1
        answer.last_sentence("33", "32", "--image-size")

    def test_pictures_too_small_for_the_network(self, train, tiny):
        answer = train(tiny, "--variant", "paper")
        assert answer.status == 1
        answer.last_sentence("crops of 28 pixels", "too small", "--picture-size 74 --image-size 64")

    def test_a_name_that_is_a_path(self, train, tiny):
        answer = train(tiny, "--name", "a/b")
        assert answer.status == 1
        answer.sentence("--name", "'a/b'", "--runs")


class TestCheckpoints:
    @pytest.mark.parametrize("keep", [0, 10, 5_000, -1000, -1])
    def test_one_that_was_cut_short_is_named(self, cli, trained, tiny, tmp_path, keep):
        cut = tmp_path / "cut.npz"
        cut.write_bytes((trained / "best.npz").read_bytes()[:keep])
        answer = cli("predict", "--checkpoint", cut, tiny / "val/red/0.png")
        assert (answer.status, answer.out) == (1, "")
        answer.sentence(str(cut), "cut short")

    def test_a_damaged_one_is_noticed(self, cli, trained, tiny, tmp_path):
        damaged = tmp_path / "damaged.npz"
        content = bytearray((trained / "best.npz").read_bytes())
        content[len(content) // 2] ^= 1
        damaged.write_bytes(content)
        answer = cli("predict", "--checkpoint", damaged, tiny / "val/red/0.png")
        assert (answer.status, answer.out) == (1, "")
        answer.sentence(str(damaged))

    def test_one_with_the_parameters_of_another_network_is_refused(
        self, cli, trained, tiny, tmp_path
    ):
        checkpoint = load_checkpoint(trained / "best.npz")
        checkpoint.params["fc8.weight"] = checkpoint.params["fc8.weight"][:2]
        save_checkpoint(tmp_path / "mixed.npz", checkpoint)
        answer = cli("predict", "--checkpoint", tmp_path / "mixed.npz", tiny / "val/red/0.png")
        assert (answer.status, answer.out) == (1, "")
        answer.sentence(str(tmp_path / "mixed.npz"), "fc8.weight")

    def test_a_file_that_is_none_is_never_unpickled(self, cli, tiny, tmp_path):
        stranger = tmp_path / "stranger.npz"
        np.savez(stranger, text=np.array([print], dtype=object))
        answer = cli("predict", "--checkpoint", stranger, tiny / "val/red/0.png")
        assert (answer.status, answer.out) == (1, "")
        answer.sentence(str(stranger))

    @pytest.mark.parametrize("command", ["predict", "eval", "resume"])
    def test_one_that_is_missing_is_named(self, cli, tiny, tmp_path, command):
        missing = tmp_path / "runs" / "cats-1"
        answer = {
            "predict": lambda: cli("predict", "--checkpoint", missing, tiny / "val/red/0.png"),
            "eval": lambda: cli("eval", "--checkpoint", missing),
            "resume": lambda: cli("train", "--resume", missing),
        }[command]()
        assert (answer.status, answer.out) == (1, "")
        answer.sentence(str(missing))


class TestNumbersThatAreNone:
    """A learning rate with which the weights explode."""

    def explode_in(self, monkeypatch, step):
        monkeypatch.setattr(OneCycle, "rate", lambda self, now: 1e-3 if now < step else 1e30)

    def test_training_stops_and_says_where_it_began(self, cli, tiny, tmp_path, recipe):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            answer = cli("train", "--data", tiny, "--runs", tmp_path, *recipe, "--lr", "1e6")
        assert answer.status == 1
        answer.last_sentence("no longer a finite number", "epoch 1", "it began in", "smaller --lr")

    def test_the_last_good_checkpoint_is_kept(self, cli, tiny, tmp_path, recipe, monkeypatch):
        self.explode_in(monkeypatch, step=3)  # the first of epoch 2
        answer = cli("train", "--data", tiny, "--runs", tmp_path, *recipe)
        assert answer.status == 1
        last = tmp_path / "tiny-1" / "last.npz"
        answer.last_sentence("epoch 2", str(last))
        checkpoint = load_checkpoint(last)
        assert checkpoint.progress["epoch"] == 1
        assert all(np.isfinite(array).all() for array in checkpoint.params.values())

    def test_a_network_that_breaks_in_the_last_step_of_an_epoch_is_not_saved(
        self, cli, tiny, tmp_path, recipe, monkeypatch
    ):
        self.explode_in(monkeypatch, step=2)  # the last of epoch 1
        answer = cli("train", "--data", tiny, "--runs", tmp_path, *recipe)
        assert answer.status == 1
        answer.last_sentence("no longer a finite number")
        assert not list((tmp_path / "tiny-1").glob("*.npz"))


class TestDisks:
    def test_a_folder_for_runs_that_cannot_be_made(self, cli, tiny, tmp_path, recipe):
        (tmp_path / "file").touch()
        runs = tmp_path / "file" / "runs"
        answer = cli("train", "--data", tiny, "--runs", runs, *recipe)
        assert answer.status == 1
        answer.last_sentence(str(runs), "--runs")

    def test_a_full_disk_leaves_the_previous_checkpoint_whole(self, spawn, finished, stopped):
        resource = pytest.importorskip("resource")
        before = (stopped / "last.npz").read_bytes()
        names = sorted(os.listdir(stopped))

        def fill_the_disk():
            resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, resource.RLIM_INFINITY))

        answer = finished(spawn("train", "--resume", stopped, preexec_fn=fill_the_disk))
        assert answer.status == 1
        answer.last_sentence(str(stopped / "last.npz"), "could not write")
        assert (stopped / "last.npz").read_bytes() == before
        assert sorted(os.listdir(stopped)) == names
