"""`minialexnet predict`."""

import re
import shutil

import pytest

from minialexnet.training import load_checkpoint, save_checkpoint


def test_classes_stand_in_order_with_bars_and_shares(cli, trained, tiny):
    picture = tiny / "val/red/0.png"
    answer = cli("predict", "--runs", trained.parent, picture)
    assert answer.status == 0
    assert answer.err == f"{trained / 'best.npz'}: mini, blue, green, red\n"
    first, *lines = answer.out.splitlines()
    assert first == str(picture)
    found = [re.fullmatch(r"  (\w+) +([█·#.]{24}) +([\d.]+)%", line).groups() for line in lines]
    assert {name for name, _, _ in found} == {"red", "green", "blue"}
    shares = [float(share) for _, _, share in found]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(100, abs=0.2)
    for _, bar, share in found:
        assert abs(len(re.findall("[█#]", bar)) - float(share) * 24 / 100) <= 0.6


def test_predictions_are_those_that_eval_counts(cli, trained, tiny):
    answer = cli("predict", "--checkpoint", trained, tiny / "val")
    said = re.findall(r"val/(\w+)/\d+\.png\n  (\w+)", answer.out)
    assert len(said) == 12
    right = sum(true == best for true, best in said)
    assert f"top-1 error {1 - right / 12:.2%}" in cli("eval", "--checkpoint", trained).out


def test_of_a_folder_all_pictures_are_taken_and_nothing_else(cli, trained, own_tiny):
    (own_tiny / "val" / "notes.txt").write_text("not a picture")
    answer = cli("predict", "--checkpoint", trained, own_tiny / "val")
    assert (answer.status, answer.err) == (0, "")
    assert answer.out.count(".png\n") == 12


def test_folders_and_hidden_files_are_no_pictures_whatever_their_names(cli, trained, own_tiny):
    (own_tiny / "val" / "2020.jpg").mkdir()
    (own_tiny / "val" / "red" / "._0.png").write_bytes(b"what macOS leaves there")
    answer = cli("predict", "--checkpoint", trained, own_tiny / "val")
    assert (answer.status, answer.err) == (0, "")
    assert answer.out.count(".png\n") == 12


def test_a_huge_file_is_not_read_whole(cli, trained, tiny, tmp_path):
    huge = tmp_path / "huge.jpg"
    with open(huge, "wb") as file:
        file.truncate(1 << 40)
    answer = cli("predict", "--checkpoint", trained, huge, tiny / "val/red/0.png")
    assert answer.status == 1
    answer.sentence("huge.jpg: ", "larger than 128 MiB")
    assert answer.out.count(".png\n") == 1


def test_names_do_not_command_the_terminal(cli, trained, tiny, tmp_path):
    for name in ("a\x1b[31mb.png", "c\x1b[31md.png"):
        shutil.copy(tiny / "val/red/0.png", tmp_path / name)
    (tmp_path / "c\x1b[31md.png").write_bytes(b"")
    answer = cli("predict", "--checkpoint", trained, tmp_path)
    assert r"a\x1b[31mb.png" in answer.out and r"c\x1b[31md.png" in answer.err
    assert "\x1b" not in answer.out + answer.err


def test_an_empty_folder_is_an_error(cli, trained, tmp_path):
    answer = cli("predict", "--checkpoint", trained, tmp_path)
    assert (answer.status, answer.out) == (1, "")
    answer.sentence(str(tmp_path), "no pictures")


def test_a_bad_file_does_not_keep_the_others_from_being_predicted(cli, trained, tiny, tmp_path):
    good = tiny / "val/red/0.png"
    broken = tmp_path / "broken.png"
    broken.write_bytes(good.read_bytes()[:300])
    missing, text = tmp_path / "missing.png", tmp_path / "letter.jpg"
    text.write_text("Dear Sir or Madam")
    answer = cli("predict", "--checkpoint", trained, missing, good, broken, text, good)
    assert answer.status == 1
    assert answer.out.count(f"{good}\n") == 2
    lines = answer.err.splitlines()
    assert len(lines) == 3
    for line, file, reason in zip(
        lines,
        (missing, broken, text),
        ("No such file", "truncated", "not a picture"),
        strict=True,
    ):
        assert line.startswith(f"minialexnet: {file}: ")
        assert reason in line


def test_wordnet_ids_are_shown_as_words(cli, trained, tiny, tmp_path):
    checkpoint = load_checkpoint(trained / "best.npz")
    checkpoint.classes = ["n01440764", "n03000684", "zebra"]
    save_checkpoint(tmp_path / "wordnet.npz", checkpoint)
    out = cli("predict", "--checkpoint", tmp_path / "wordnet.npz", tiny / "val/red/0.png").out
    assert sorted(re.findall(r"^  (.+?)  ", out, re.MULTILINE)) == ["chain saw", "tench", "zebra"]


def test_the_newest_run_is_taken(cli, trained, tiny, tmp_path):
    for name in ("b-1", "a-2"):
        shutil.copytree(trained, tmp_path / name)
    checkpoint = load_checkpoint(trained / "best.npz")
    checkpoint.classes = ["one", "two", "three"]
    save_checkpoint(tmp_path / "a-2" / "best.npz", checkpoint)
    save_checkpoint(tmp_path / "a-2" / "last.npz", checkpoint)
    assert "three" in cli("predict", "--runs", tmp_path, tiny / "val/red/0.png").out


def test_ten_crops_can_be_taken(cli, trained, tiny):
    picture = next((tiny / "val").rglob("*.png"))
    one = cli("predict", "--checkpoint", trained, picture)
    ten = cli("predict", "--checkpoint", trained, "--ten-crop", picture)
    assert one.status == ten.status == 0
    assert one.out.splitlines()[0] == ten.out.splitlines()[0]
    assert one.out != ten.out
    shares = [float(line.split()[-1].strip("%")) for line in ten.out.splitlines()[1:]]
    assert sum(shares) == pytest.approx(100, abs=0.3)
