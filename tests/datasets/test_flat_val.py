"""Sets that come in a layout of their own: Tiny ImageNet and Kaggle's copy of ImageNet."""

from __future__ import annotations

import os

import pytest

from minialexnet.datasets import load_pictures, open_source
from minialexnet.errors import InputError

TINY = ["val_0.JPEG\tn02\t0\t0\t9\t9", "val_1.JPEG\tn01\t0\t0\t9\t9", "val_2.JPEG\tn02\t0\t0\t9\t9"]
KAGGLE = ["ILSVRC2012_val_0,n02 1 2 3 4 ", "ILSVRC2012_val_1,n01 1 2 3 4 n01 5 6 7 8 "]
CLS_LOC = "ILSVRC/Data/CLS-LOC"


def rename(folder, count, name):
    """0.png ... of `folder` become name(0) ..."""
    for i in range(count):
        (folder / f"{i}.png").rename(folder / name(i))


@pytest.fixture
def tiny(tmp_path, draw_set):
    """Three pictures to validate with, of two classes."""
    counts = {"train/n01/images": 2, "train/n02/images": 2, "val/images": 3, "test/images": 1}
    folder = draw_set(tmp_path / "tiny-imagenet-200", counts)
    rename(folder / "val/images", 3, lambda i: f"val_{i}.JPEG")
    for name in ("n01", "n02"):
        (folder / f"train/{name}/{name}_boxes.txt").write_text("n01_0.JPEG\t0\t0\t9\t9\n")
    (folder / "val/val_annotations.txt").write_text("\n".join(TINY) + "\n")
    (folder / "wnids.txt").write_text("n02\nn01\n")
    (folder / "words.txt").write_text("n00\tthing\nn01\tgoldfish, Carassius auratus\nn02\ttoad\n")
    return folder


@pytest.fixture
def kaggle(tmp_path, draw_set):
    """ImageNet as it comes from Kaggle."""
    counts = {f"{CLS_LOC}/train/{name}": 2 for name in ("n01", "n02")}
    counts |= {f"{CLS_LOC}/val": 2, f"{CLS_LOC}/test": 1}
    folder = draw_set(tmp_path / "imagenet", counts)
    rename(folder / CLS_LOC / "val", 2, lambda i: f"ILSVRC2012_val_{i}.JPEG")
    (folder / "ILSVRC/Annotations/CLS-LOC/train/n01").mkdir(parents=True)
    (folder / "ILSVRC/Annotations/CLS-LOC/train/n01/n01_0.xml").write_text("<xml/>")
    (folder / "LOC_synset_mapping.txt").write_text("n01 tench, Tinca tinca\nn02 goldfish\n")
    rows = ["ImageId,PredictionString", *KAGGLE]
    (folder / "LOC_val_solution.csv").write_text("\r\n".join(rows) + "\r\n")
    return folder


def both(folder, pack):
    """The source of the folder, and of an archive of it."""
    return open_source(folder), open_source(pack(folder))


def test_tiny_imagenet(tiny, pack):
    for source in both(tiny, pack):
        assert source.classes == ("n01", "n02")
        assert source.splits["train"].names == tuple(
            f"train/{name}/images/{i}.png" for name in ("n01", "n02") for i in range(2)
        )
        val = source.splits["val"]
        assert dict(zip(val.names, val.labels, strict=True)) == {
            "val/images/val_1.JPEG": 0,
            "val/images/val_0.JPEG": 1,
            "val/images/val_2.JPEG": 1,
        }
        assert list(val.labels) == [0, 1, 1]
        assert source.loose == ()
        assert source.display_names == {"n01": "goldfish", "n02": "toad"}
        for name, _, content in val:
            assert content == (tiny / name).read_bytes()


def test_tiny_imagenet_is_loaded_without_anything_to_skip(tiny):
    pictures = load_pictures(tiny, 8)
    assert pictures.skipped == []
    assert list(pictures.val.labels) == [0, 1, 1]
    assert pictures.display_names == {"n01": "goldfish", "n02": "toad"}


def test_tiny_imagenet_below_a_top_folder(tiny, pack):
    for source in (open_source(tiny.parent), open_source(pack(tiny, top="top"))):
        assert len(source.splits["val"]) == 3
        assert source.display_names["n02"] == "toad"


def test_tiny_imagenet_with_its_val_sorted_into_folders(tiny):
    """As many scripts do, and leave the table where it was."""
    for line in TINY:
        name, folder = line.split("\t")[:2]
        (tiny / "val" / folder / "images").mkdir(parents=True, exist_ok=True)
        (tiny / "val/images" / name).rename(tiny / "val" / folder / "images" / name)
    (tiny / "val/images").rmdir()
    source = open_source(tiny)
    assert source.splits["val"].names[0] == "val/n01/images/val_1.JPEG"
    assert source.splits["val"].labels == (0, 1, 1)
    assert source.loose == ()


def test_boxes_are_pictures_to_nobody_but_other_texts_are_named(tiny):
    (tiny / "train/n01/images/notes.txt").write_text("x")
    assert [name for name, _ in load_pictures(tiny, 8).skipped] == ["train/n01/images/notes.txt"]


def test_kaggles_imagenet(kaggle, pack):
    for source in both(kaggle, pack):
        assert source.classes == ("n01", "n02")
        assert source.splits["train"].names[0] == "train/n01/0.png"
        assert source.splits["val"].names == (
            "val/ILSVRC2012_val_1.JPEG",
            "val/ILSVRC2012_val_0.JPEG",
        )
        assert source.splits["val"].labels == (0, 1)
        assert source.loose == ()
        assert source.display_names == {"n01": "tench", "n02": "goldfish"}
        for _, _, content in source.splits["val"]:
            assert content.startswith(b"\x89PNG")


def test_kaggles_tables_may_lie_beside_train_and_val(kaggle):
    for name in ("LOC_val_solution.csv", "LOC_synset_mapping.txt"):
        (kaggle / name).rename(kaggle / CLS_LOC / name)
    for folder in (kaggle, kaggle / CLS_LOC):
        source = open_source(folder)
        assert source.splits["val"].labels == (0, 1)
        assert source.display_names["n01"] == "tench"


def test_annotations_are_not_searched(kaggle, monkeypatch):
    """Half a million files."""
    scanned = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: scanned.append(str(path)) or scandir(path))
    open_source(kaggle)
    assert not [path for path in scanned if "Annotations" in path or path.endswith("/test")]
    assert [path for path in scanned if path.endswith("train/n01")]


def test_imagenet_in_class_folders(tmp_path, draw_set):
    counts = {f"{split}/{name}": 1 for split in ("train", "val") for name in ("n01", "n02")}
    folder = draw_set(tmp_path / "x", counts)
    (folder / "LOC_val_solution.csv").write_text("ImageId,PredictionString\nother,n77 1 2 3 4\n")
    (folder / "synset_words.txt").write_text("n01 tench, Tinca tinca\n")
    source = open_source(folder)
    assert source.splits["val"].names == ("val/n01/0.png", "val/n02/0.png")
    assert source.display_names == {"n01": "tench"}


def test_a_flat_val_without_a_table(kaggle):
    (kaggle / "LOC_val_solution.csv").unlink()
    with pytest.raises(InputError, match=r"no class folders in val"):
        open_source(kaggle)


BAD = [
    ("val_9.JPEG\tn01", ["line 4", "'val_9.JPEG'", "not there"]),
    ("val_0.JPEG\tn09", ["line 4", "class 'n09'", "train has no such folder"]),
    ("val_0.JPEG n01", ["line 4", "'val_0.JPEG n01'", "a tab"]),
    ("val_0.JPEG\tn01", ["line 4", "'val_0.JPEG' again"]),
    ("\x1b[2J\tn01", ["line 4", "\\x1b[2J"]),
]


@pytest.mark.parametrize(("line", "words"), BAD)
def test_bad_annotations_of_tiny_imagenet(tiny, pack, line, words):
    (tiny / "val/val_annotations.txt").write_text("\n".join([*TINY, line]))
    for path in (tiny, pack(tiny)):
        message = refused(path)
        for word in (str(path), "val/val_annotations.txt", *words):
            assert word in message


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ILSVRC2012_val_7,n01 1 2 3 4", ["line 4", "'ILSVRC2012_val_7'", "not there"]),
        ("ILSVRC2012_val_0,n09 1 2 3 4", ["line 4", "'n09'", "no such folder"]),
        ("ILSVRC2012_val_0", ["line 4", "a comma"]),
    ],
)
def test_bad_solutions_of_kaggle(kaggle, line, words):
    table = kaggle / "LOC_val_solution.csv"
    table.write_text("\n".join(["ImageId,PredictionString", *KAGGLE, line]))
    message = refused(kaggle)
    for word in (str(kaggle), "LOC_val_solution.csv", *words):
        assert word in message


def test_pictures_without_a_line(tiny):
    (tiny / "val/val_annotations.txt").write_text("\n".join(TINY[:2]))
    message = refused(tiny)
    assert "no line for 1 of the 3 pictures" in message
    assert "'images/val_2.JPEG'" in message


def test_blank_lines_and_a_mark_at_the_start_do_not_matter(tiny):
    (tiny / "val/val_annotations.txt").write_text("\ufeff" + "\n\n".join(TINY), encoding="utf-8")
    assert len(open_source(tiny).splits["val"]) == 3


def refused(path) -> str:
    with pytest.raises(InputError) as caught:
        open_source(path)
    message = str(caught.value)
    assert message.isprintable()
    return message
