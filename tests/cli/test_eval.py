"""`minialexnet eval`."""

import csv
import re
import shutil

import pytest

from minialexnet.training import load_checkpoint, save_checkpoint


def test_the_newest_run_is_measured_on_its_own_pictures(cli, trained):
    answer = cli("eval", "--runs", trained.parent)
    assert (answer.status, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert lines[0].startswith(f"{trained / 'best.npz'}: mini on 12 pictures of ")
    assert [line.split()[0] for line in lines[2:]] == ["blue", "green", "red"]
    assert all(line.endswith("of 4") for line in lines[2:])


def test_errors_are_those_that_training_found(cli, trained):
    with open(trained / "metrics.csv", newline="") as file:
        best = min(csv.DictReader(file), key=lambda row: float(row["val_top1_error"]))
    loss, error = re.search(
        r"loss ([\d.]+), top-1 error ([\d.]+)%", cli("eval", "--checkpoint", trained).out
    ).groups()
    assert float(loss) == pytest.approx(float(best["val_loss"]), abs=1e-4)
    assert float(error) / 100 == pytest.approx(float(best["val_top1_error"]), abs=1e-4)


def test_shares_of_the_classes_add_up_to_the_error(cli, trained):
    out = cli("eval", "--checkpoint", trained / "last.npz").out
    right = sum(int(share) / 100 * 4 for share in re.findall(r"(\d+)% of 4", out))
    error = float(re.search(r"top-1 error ([\d.]+)%", out)[1])
    assert right / 12 == pytest.approx(1 - error / 100, abs=0.01)


def test_top_5_is_left_out_where_it_says_nothing(cli, trained):
    assert "top-5" not in cli("eval", "--checkpoint", trained).out


def test_the_training_part_can_be_measured_too(cli, trained):
    assert "on 30 pictures" in cli("eval", "--checkpoint", trained, "--split", "train").out


def test_a_run_without_a_whole_epoch_is_measured_as_it_stands(cli, trained, tmp_path):
    run = tmp_path / "runs" / "young-1"
    run.mkdir(parents=True)
    shutil.copy(trained / "last.npz", run)
    answer = cli("eval", "--runs", tmp_path / "runs")
    assert answer.status == 0
    assert str(run / "last.npz") in answer.out


def test_other_classes_are_refused_and_both_lists_named(cli, trained, new_set, tmp_path):
    other = new_set(tmp_path / "pets", "cat dog red", train=1, val=1)
    answer = cli("eval", "--checkpoint", trained, "--data", other)
    assert (answer.status, answer.out) == (1, "")
    answer.sentence(str(other), "cat, dog, red", "blue, green, red", "--data")
    answer.sentence("red: blue, green missing and cat, dog besides; give")


def test_classes_that_have_none_in_common_are_named_once(cli, trained, new_set, tmp_path):
    other = new_set(tmp_path / "pets", "cat dog", train=1, val=1)
    sentence = cli("eval", "--checkpoint", trained, "--data", other).sentence("cat, dog", "; give")
    assert sentence.count("cat") == sentence.count("blue, green, red") == 1


def test_pictures_that_were_moved_are_asked_for(cli, trained, own_tiny, tmp_path):
    checkpoint = load_checkpoint(trained / "best.npz")
    checkpoint.config["data"] = str(tmp_path / "gone")
    save_checkpoint(tmp_path / "moved.npz", checkpoint)
    answer = cli("eval", "--checkpoint", tmp_path / "moved.npz")
    assert answer.status == 1
    answer.sentence(str(tmp_path / "gone"), "--data")
    assert cli("eval", "--checkpoint", tmp_path / "moved.npz", "--data", own_tiny).status == 0


def test_without_a_run_it_says_how_to_get_one(cli, tmp_path):
    answer = cli("eval", "--runs", tmp_path)
    assert answer.status == 1
    answer.sentence(str(tmp_path), "minialexnet train", "RUN")


def test_a_run_is_an_argument_or_an_option_as_in_predict(cli, trained):
    named = cli("eval", trained / "last.npz")
    assert named.out.startswith(str(trained / "last.npz"))
    assert named.out == cli("eval", "--checkpoint", trained / "last.npz").out


@pytest.mark.parametrize("command", ["eval", "report"])
@pytest.mark.parametrize("swapped", [False, True])
def test_two_runs_are_refused(cli, command, swapped):
    words = ["--checkpoint", "b"], ["a"]
    answer = cli(command, *words[swapped], *words[not swapped])
    assert (answer.status, answer.out) == (2, "")
    answer.sentence("RUN", "--checkpoint", f"minialexnet {command} --help")


def test_ten_crops_of_each_picture_can_be_taken(cli, trained):
    answer = cli("eval", "--checkpoint", trained, "--ten-crop")
    assert answer.status == 0
    first, errors = answer.out.splitlines()[:2]
    assert first.endswith(", ten crops of each")
    assert errors != cli("eval", "--checkpoint", trained).out.splitlines()[1]
