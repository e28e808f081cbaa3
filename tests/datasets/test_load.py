from __future__ import annotations

import tempfile
import threading
import time
import warnings

import numpy as np
import pytest
from PIL import Image

from minialexnet.datasets import decode_all, load, load_pictures, storage
from minialexnet.datasets.source import Source, open_source
from minialexnet.errors import InputError


def assert_same(first, second):
    assert first.classes == second.classes
    assert first.skipped == second.skipped
    for one, other in ((first.train, second.train), (first.val, second.val)):
        assert np.array_equal(one.images, other.images)
        assert np.array_equal(one.labels, other.labels)
        assert one.names == other.names


def read(path):
    return np.asarray(Image.open(path).convert("RGB"))


# What is loaded


def test_arrays_and_names(good_set):
    loaded = load_pictures(good_set, size=8)
    assert loaded.classes == loaded.train.classes == loaded.val.classes == ("cat", "dog")
    assert loaded.size == loaded.train.size == loaded.val.size == 8
    assert loaded.skipped == []
    assert len(loaded.train) == 6
    assert len(loaded.val) == 4
    for part in (loaded.train, loaded.val):
        assert part.images.shape == (len(part), 8, 8, 3)
        assert part.images.dtype == np.uint8
        assert part.labels.dtype == np.int64
        for image, label, name in zip(part.images, part.labels, part.names, strict=True):
            assert np.array_equal(image, read(good_set / name)[:, 2:10])
            assert name.split("/")[1] == loaded.classes[label]
    assert loaded.train.names[0] == "train/cat/0.png"


@pytest.mark.parametrize("top", ["", "top"])
@pytest.mark.parametrize("size", [None, 5, 8])
def test_folder_and_archive_give_the_same(good_set, pack, size, top):
    (good_set / "train/cat/broken.jpg").write_bytes(b"broken")
    (good_set / "val/loose.jpg").write_bytes(b"loose")
    folder = load_pictures(good_set, size)
    assert len(folder.skipped) == 2
    assert_same(folder, load_pictures(pack(good_set, top=top), size))
    assert_same(folder, load_pictures(pack(good_set, "x.tar", top, "w"), size))


def test_the_number_of_threads_does_not_matter(good_set, draw_set, monkeypatch):
    draw_set(good_set, {"train/cat": 40, "val/dog": 30}, size=(9, 9))
    one = load_pictures(good_set, 8, workers=1)
    decode = decode_all.decode_picture
    rng, lock, names = np.random.default_rng(0), threading.Lock(), set()

    def dawdle(content, size, fit):
        with lock:
            pause = rng.uniform(0, 0.003)
            names.add(threading.current_thread().name)
        time.sleep(pause)
        return decode(content, size, fit)

    monkeypatch.setattr(decode_all, "decode_picture", dawdle)
    assert_same(one, load_pictures(good_set, 8, workers=7))
    assert len(names) == 7


def test_a_class_missing_in_val_is_fine(tmp_path, draw_set):
    folder = draw_set(tmp_path / "x", {"train/a": 2, "train/b": 2, "train/c": 1, "val/b": 1})
    loaded = load_pictures(folder)
    assert loaded.classes == ("a", "b", "c")
    assert loaded.val.labels.tolist() == [1]


def test_progress(good_set):
    (good_set / "train/cat/broken.jpg").write_bytes(b"broken")
    calls = []
    load_pictures(good_set, 8, progress=lambda *call: calls.append(call))
    assert calls == [(done, 11) for done in range(1, 12)]


def test_no_more_than_a_few_files_are_held(good_set, draw_set, monkeypatch):
    draw_set(good_set, {"train/cat": 100})
    source_read, decode = Source.read, decode_all.decode_picture
    lock, state = threading.Lock(), {"held": 0, "most": 0}

    def counted_read(self, done=None):
        for item in source_read(self, done):
            with lock:
                state["held"] += 1
                state["most"] = max(state["most"], state["held"])
            yield item

    def slow_decode(content, size, fit):
        time.sleep(0.001)
        with lock:
            state["held"] -= 1
        return decode(content, size, fit)

    monkeypatch.setattr(Source, "read", counted_read)
    monkeypatch.setattr(decode_all, "decode_picture", slow_decode)
    load_pictures(good_set, 8, workers=2)
    assert 2 <= state["most"] <= 2 * decode_all.WAITING_PER_WORKER + 2


def test_an_archive_is_read_once_for_both_splits(good_set, pack, monkeypatch):
    passes = []
    reader = type(open_source(pack(good_set)).reader)
    read = reader.read
    monkeypatch.setattr(
        reader, "read", lambda self, paths: passes.append(len(paths)) or read(self, paths)
    )
    load_pictures(pack(good_set), 8)
    assert passes == [10]


def test_an_error_in_a_thread_which_is_no_picture_error_comes_through(good_set, monkeypatch):
    def fail(content, size, fit):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(decode_all, "decode_picture", fail)
    with pytest.raises(RuntimeError, match="a fault of ours"):
        load_pictures(good_set, 8)


def test_large_sets_lie_in_a_temporary_file(good_set, tmp_path, monkeypatch):
    (good_set / "train/cat/0.png").write_bytes(b"broken")
    (good_set / "val/dog/0.png").write_bytes(b"broken")
    in_memory = load_pictures(good_set, 8)
    assert not isinstance(in_memory.train.images, np.memmap)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setattr(storage, "MEMORY_LIMIT", 100)
    on_disk = load_pictures(good_set, 8)
    assert isinstance(on_disk.train.images, np.memmap)
    assert isinstance(on_disk.val.images, np.memmap)
    assert_same(in_memory, on_disk)


# The size


def test_the_size_chosen_is_the_median_of_shorter_sides(tmp_path, draw_set, pack):
    folder = tmp_path / "x"
    draw_set(folder, {"train/a": 2, "val/a": 2}, size=(60, 70))
    draw_set(folder, {"train/b": 1, "val/b": 2}, size=(10, 99))
    draw_set(folder, {"train/c": 2}, size=(30, 20))
    assert load_pictures(folder).size == 20
    assert load_pictures(pack(folder)).size == 20


def test_the_size_chosen_is_at_most_256(tmp_path, draw_set):
    counts = {"train/a": 1, "train/b": 1, "val/a": 1}
    assert load_pictures(draw_set(tmp_path / "x", counts, size=(300, 270))).size == 256


def test_up_to_200_pictures_all_over_train_are_looked_at(tmp_path, draw_set, pack, monkeypatch):
    folder = draw_set(tmp_path / "x", {"train/a": 250, "train/b": 251, "val/a": 1}, size=(4, 4))
    sides = []
    monkeypatch.setattr(load, "shorter_side", lambda content: sides.append(content) or 4)
    for path in (folder, pack(folder)):
        sides.clear()
        load_pictures(path)
        seen = sum((folder / f"train/b/{i}.png").read_bytes() in sides for i in range(251))
        assert 150 < len(sides) <= 200
        assert abs(seen - len(sides) / 2) < 3


def test_broken_pictures_do_not_choose_the_size(good_set):
    (good_set / "train/cat/0.png").write_bytes(b"broken")
    assert load_pictures(good_set).size == 8


# What is left out, and said


def test_what_cannot_be_decoded_is_left_out_and_named(good_set, encode):
    whole = {name: read(good_set / f"train/dog/{name}.png") for name in (0, 2)}
    (good_set / "train/dog/1.png").write_bytes(b"not a picture")
    (good_set / "val/cat/0.png").write_bytes(b"")
    (good_set / "train/cat/notes.txt").write_bytes(b"hello")
    (good_set / "train/list.csv").write_bytes(b"x")
    loaded = load_pictures(good_set, 8)
    assert [name for name, _ in loaded.skipped] == [
        "train/list.csv", "train/cat/notes.txt", "train/dog/1.png", "val/cat/0.png",
    ]  # fmt: skip
    reasons = dict(loaded.skipped)
    assert reasons["train/list.csv"] == "it lies in no class folder"
    assert "not a picture" in reasons["train/dog/1.png"]
    assert "empty" in reasons["val/cat/0.png"]
    assert loaded.train.names[3:] == ["train/dog/0.png", "train/dog/2.png"]
    assert loaded.train.labels.tolist() == [0, 0, 0, 1, 1]
    assert len(loaded.train.images) == 5
    assert np.array_equal(loaded.train.images[3], whole[0][:, 2:10])
    assert np.array_equal(loaded.train.images[4], whole[2][:, 2:10])
    assert loaded.val.names == ["val/cat/1.png", "val/dog/0.png", "val/dog/1.png"]


def test_extensions_do_not_matter(good_set):
    (good_set / "train/cat/0.png").rename(good_set / "train/cat/0")
    (good_set / "train/cat/1.png").rename(good_set / "train/cat/1.txt")
    assert load_pictures(good_set, 8).skipped == []


@pytest.mark.parametrize("size", [None, 8])
def test_all_broken(good_set, size):
    for path in good_set.rglob("*.png"):
        path.write_bytes(b"broken")
    with pytest.raises(InputError) as caught:
        load_pictures(good_set, size)
    for word in (str(good_set), "none of", "6" if size is None else "10", "not a picture"):
        assert word in str(caught.value)


@pytest.mark.parametrize(("broken", "count"), [("train/dog", 3), ("val/cat", 2)])
def test_a_class_of_broken_pictures_only(good_set, pack, broken, count):
    for path in (good_set / broken).iterdir():
        path.write_bytes(b"broken")
    for path in (good_set, pack(good_set)):
        with pytest.raises(InputError) as caught:
            load_pictures(path, 8)
        for word in (f"'{broken}' has no pictures", f"none of its {count} files",
                     f"'{broken}/0.png': not a picture"):  # fmt: skip
            assert word in str(caught.value)


def test_pillows_warnings_are_not_shown(good_set, encode):
    pixels = np.zeros((8, 8, 3), np.uint8)
    data = encode(pixels, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    with pytest.warns(UserWarning, match="Corrupt EXIF"):
        decode_all.decode_picture(data, 8)
    (good_set / "train/cat/0.png").write_bytes(data)
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        loaded = load_pictures(good_set, 8)
    assert shown == []
    assert loaded.skipped == []


# What is refused


@pytest.mark.parametrize("value", [0, -1, 8.0, "8", True])
def test_wrong_numbers(good_set, value):
    with pytest.raises(InputError, match=f"size must be a whole number .* not {value!r}"):
        load_pictures(good_set, size=value)
    with pytest.raises(InputError, match=f"workers must be a whole number .* not {value!r}"):
        load_pictures(good_set, workers=value)


def test_errors_of_the_source_come_through(tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        load_pictures(tmp_path / "nowhere")


# Real photographs


def test_imagewoof(photographs):
    loaded = load_pictures(photographs("imagewoof320.tgz"))
    assert loaded.train.images.shape == (600, 256, 256, 3)
    assert loaded.val.images.shape == (200, 256, 256, 3)
    assert np.bincount(loaded.train.labels).tolist() == [60] * 10
    assert np.bincount(loaded.val.labels).tolist() == [20] * 10
    assert loaded.skipped == []
    assert (loaded.train.images.std(axis=(1, 2, 3)) > 5).all()


@pytest.mark.slow
def test_imagenette(photographs):
    loaded = load_pictures(photographs("imagenette128.tgz"))
    assert loaded.train.images.shape == (9469, 128, 128, 3)
    assert loaded.val.images.shape == (1000, 128, 128, 3)
    assert loaded.skipped == []
    assert (loaded.train.images[::50].std(axis=(1, 2, 3)) > 5).all()
