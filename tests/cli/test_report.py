"""`minialexnet report`."""

import argparse
import base64
import html
import io
import os
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from html_tree import Element, parse
from PIL import Image

from minialexnet.cli import train as train_command
from minialexnet.cli.common import absolute, load_network, planned_config
from minialexnet.cli.options import as_arguments
from minialexnet.datasets import Pictures, PictureSet, load_pictures
from minialexnet.training import TrainConfig, evaluate, load_checkpoint, save_checkpoint


def page_of(path: Path) -> Element:
    return parse(path.read_text(encoding="utf-8"))


def fact(page: Element, name: str) -> tuple[str, str]:
    """The value of that name at the top of the page, and the remark below it."""
    (found,) = (f for f in page.one("dl", "facts").all("div") if f.one("dt").text == name)
    return found.one("strong").text, found.one("small").text


@pytest.fixture(scope="module")
def measured(trained, tiny):
    """(checkpoint, validation pictures, tally, answers) of the best weights, by hand."""
    options = argparse.Namespace(backend="numpy", gpu=None, precision=None)
    network, checkpoint, preprocessing, xp = load_network(trained / "best.npz", options)
    val = load_pictures(tiny, checkpoint.config["picture_size"]).val
    return network, val, preprocessing, evaluate(network, val, preprocessing, xp)


@pytest.fixture
def reported(cli, trained, tmp_path) -> Element:
    """The page of `trained`."""
    answer = cli("report", trained, "--out", tmp_path / "page.html")
    assert (answer.status, answer.err) == (0, "")
    return page_of(tmp_path / "page.html")


def test_the_page_takes_the_place_of_no_weights(cli, trained, tmp_path):
    run = shutil.copytree(trained, tmp_path / "tiny-1")
    before = (run / "best.npz").read_bytes()
    answer = cli("report", run, "--out", run / "best.npz")
    assert (answer.status, answer.out) == (1, "")
    answer.sentence("--out is", "best.npz", "expected a name that ends in .html")
    assert (run / "best.npz").read_bytes() == before


@pytest.mark.parametrize("last", ["missing", "damaged"])
def test_weights_without_their_run_do_not_say_how_it_went_on(cli, trained, tmp_path, last):
    checkpoint = load_checkpoint(trained / "best.npz")
    checkpoint.progress["epoch"], checkpoint.progress["history"] = (
        1,
        checkpoint.progress["history"][:1],
    )
    save_checkpoint(tmp_path / "net.npz", checkpoint)
    if last == "damaged":
        (tmp_path / "last.npz").write_bytes(b"PK")
    assert cli("report", tmp_path / "net.npz").status == 0
    page = page_of(tmp_path / "report.html")
    assert page.one("p", "note").text.startswith("There is no whole last.npz of this run")
    assert fact(page, "training")[1].startswith("1 of 2 epochs")


def test_the_newest_run_gets_its_page_in_its_folder(cli, trained, tmp_path):
    run = shutil.copytree(trained, tmp_path / "runs" / "tiny-1")
    answer = cli("report", "--runs", tmp_path / "runs")
    assert (answer.status, answer.err) == (0, "")
    assert answer.out.startswith(f"{run / 'best.npz'}: ")
    assert str(run / "report.html") in answer.out
    assert {path.name for path in run.iterdir()} == {
        *(path.name for path in trained.iterdir()),
        "report.html",
    }
    assert page_of(run / "report.html").one("h1").text == "AlexNet, variant mini, on tiny"


def test_its_figures_are_those_of_evaluate(reported, measured):
    network, _, _, (tally, _) = measured
    value, remark = fact(reported, "top-1 accuracy")
    assert value == f"{1 - tally.top1_error:.1%}"
    assert remark == f"{tally.top1} of 12 pictures right"
    assert fact(reported, "mean loss")[0] == f"{tally.loss:.4f}"
    assert fact(reported, "parameters")[0] == f"{network.num_params:,}"


def test_its_table_of_confusions_counts_every_picture(reported, measured):
    _, val, _, (tally, logits) = measured
    expected = [[0] * 3 for _ in range(3)]
    for label, answer in zip(val.labels, logits.argmax(axis=1), strict=True):
        expected[label][answer] += 1
    rows = reported.part("confusion").one("tbody").all("tr")
    assert [row.one("th").text for row in rows] == ["blue", "green", "red"]
    found = [[int(cell.text) for cell in row.all("td")] for row in rows]
    assert found == expected
    assert sum(found[i][i] for i in range(3)) == tally.top1
    right = {
        row.one("th").text: row.all("td")[1].text
        for row in reported.part("classes").one("tbody").all("tr")
    }
    assert right == {
        name: f"{expected[i][i]} of 4" for i, name in enumerate(["blue", "green", "red"])
    }


def test_curves_go_on_after_the_best_epoch(cli, trained, tmp_path):
    run = shutil.copytree(trained, tmp_path / "tiny-1")
    first = load_checkpoint(run / "best.npz")
    first.progress |= {"epoch": 1, "history": first.progress["history"][:1]}
    save_checkpoint(run / "best.npz", first)
    assert cli("report", run).status == 0
    page = page_of(run / "report.html")
    assert len(page.part("curves").one("tbody").all("tr")) == 2
    assert fact(page, "weights of")[1] == "best.npz, after epoch 1"
    assert fact(page, "training")[1].startswith("2 of 2 epochs")
    assert page.all("p", "note") == []


@pytest.mark.parametrize("spoil", ["of another run", "damaged"])
def test_a_last_checkpoint_that_cannot_be_used_is_not(cli, trained, tmp_path, spoil):
    run = shutil.copytree(trained, tmp_path / "tiny-1")
    if spoil == "damaged":
        (run / "last.npz").unlink()
        (run / "last.npz").write_bytes(b"PK")
    else:
        last = load_checkpoint(run / "last.npz")
        last.progress["history"][0]["lr"] += 1
        (run / "last.npz").unlink()  # it may be the same file as best.npz
        save_checkpoint(run / "last.npz", last)
    own = load_checkpoint(run / "best.npz").progress["history"]
    assert cli("report", run).status == 0
    assert len(page_of(run / "report.html").part("curves").one("tbody").all("tr")) == len(own)


def test_a_training_that_is_not_over_is_said_to_be_so(cli, stopped, tmp_path):
    (stopped / "best.npz").unlink()
    answer = cli("report", stopped)
    assert answer.status == 0
    assert str(stopped / "last.npz") in answer.out
    page = page_of(stopped / "report.html")
    assert page.one("p", "note").text.startswith("The training is not over: 1 of 2 epochs done.")


def test_a_run_in_its_first_epoch_has_no_curves(cli, stopped):
    last = load_checkpoint(stopped / "last.npz")
    last.progress |= {"epoch": 0, "step": 1, "history": []}
    (stopped / "best.npz").unlink()
    save_checkpoint(stopped / "last.npz", last)
    assert cli("report", stopped).status == 0
    page = page_of(stopped / "report.html")
    assert "no curves yet" in page.part("curves").text
    assert fact(page, "weights of")[1] == "last.npz, in epoch 1, after 1 step"


def test_two_classes_and_names_of_any_kind(cli, new_set, recipe, tmp_path):
    """They come with archives from strangers, and nothing in them may run or break the page."""
    names = ["<img src=x onerror=alert(1)>", os.fsdecode(b'caf\xe9"><script>')]
    data = new_set(tmp_path / "data", "a b", train=8, val=2)
    for split in ("train", "val"):
        for short, name in zip("ab", names, strict=True):
            (data / split / short).rename(data / split / name)
        (data / split / names[0] / "0.png").rename(data / split / names[0] / "<b>'.png")
    assert cli("train", "--data", data, "--runs", tmp_path / "runs", *recipe).status == 0
    answer = cli("report", "--runs", tmp_path / "runs")
    assert (answer.status, answer.err) == (0, "")
    text = next((tmp_path / "runs").glob("*/report.html")).read_text(encoding="utf-8")
    page = parse(text)
    assert page.all("script") == page.all("b") == []
    assert "alert" not in text.replace(html.escape(names[0]), "")
    rows = page.part("confusion").one("tbody").all("tr")
    assert sorted(row.one("th").text for row in rows) == [
        "<img src=x onerror=alert(1)>",
        'caf\\udce9"><script>',
    ]


def test_over_ten_crops_it_says_so_and_has_their_figures(cli, trained, measured, tmp_path):
    network, val, preprocessing, _ = measured
    assert cli("report", trained, "--ten-crop", "--out", tmp_path / "page.html").status == 0
    page = page_of(tmp_path / "page.html")
    tally, _ = evaluate(network, val, preprocessing, np, ten_crop=True)
    assert fact(page, "mean loss")[0] == f"{tally.loss:.4f}"
    assert "ten crops" in page.one("p", "lead").text


def test_pictures_are_those_that_the_network_saw(reported, measured):
    """The query of each class is the middle one of its four validation pictures."""
    _, val, preprocessing, _ = measured
    queries = reported.part("neighbours").all("figure", "query")
    assert [query.one("figcaption").text for query in queries] == ["blue", "green", "red"]
    margin = (val.size - preprocessing.crop) // 2
    for label, query in enumerate(queries):
        data = query.one("img")["src"].partition(",")[2]
        shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
        seen = val.images[4 * label + 2][margin:, margin:][: len(shown), : len(shown)]
        assert len(shown) == preprocessing.crop
        np.testing.assert_array_equal(shown, seen)


def test_the_command_it_names_plans_the_same_training(reported, trained, tiny):
    command = shlex.split(reported.part("configuration").all("pre")[0].text)
    assert command[:2] == ["minialexnet", "train"]
    parser = argparse.ArgumentParser()
    train_command.add_arguments(parser)
    options = parser.parse_args(command[2:])
    config = load_checkpoint(trained / "best.npz").config
    pictures = load_pictures(tiny, options.picture_size)
    device = argparse.Namespace(name="numpy", precision="float32")
    assert planned_config(options, options.data, pictures, device).as_dict() == config


def test_any_settings_make_a_command_that_plans_them_again(tmp_path):
    """Also what is off, though a preset has it, and what came to be chosen after older runs."""
    config = TrainConfig(
        data="my pictures", variant="owt", init="paper", num_classes=3, picture_size=40,
        image_size=35, epochs=9, batch_size=5, schedule="step", lr=0.03, backend="cupy",
        precision="tf32", flip=False, min_crop=0, colour_noise=0.0, label_smoothing=0.0,
        except_for={"rotation": ["a", "b:c"], "colour_noise": ["a"]}, rotation=9.0, mean="image",
        fit="stretch", seed=4,
    )  # fmt: skip
    arguments = as_arguments(config)
    assert "--no-flip" in arguments
    parser = argparse.ArgumentParser()
    train_command.add_arguments(parser)
    options = parser.parse_args(arguments)
    one = PictureSet(
        np.zeros((3, 40, 40, 3), np.uint8), np.arange(3), ("a", "b:c", "d"), ["x", "y", "z"]
    )
    device = argparse.Namespace(name="cupy", precision="tf32")
    planned = planned_config(options, options.data, Pictures(one, one, [], "stretch"), device)
    expected = config.as_dict() | {"data": absolute("my pictures"), "preset": "photos"}
    assert planned.as_dict() == expected


def test_all_settings_are_listed(reported, trained):
    rows = reported.part("configuration").one("table", "settings").all("tr")
    config = load_checkpoint(trained / "best.npz").config
    assert [row.one("th").text for row in rows] == list(config)


def test_pictures_that_were_moved_are_asked_for(cli, trained, own_tiny, tmp_path):
    checkpoint = load_checkpoint(trained / "best.npz")
    checkpoint.config["data"] = str(tmp_path / "gone")
    save_checkpoint(tmp_path / "moved.npz", checkpoint)
    answer = cli("report", tmp_path / "moved.npz")
    assert answer.status == 1
    answer.sentence(str(tmp_path / "gone"), "--data")
    assert cli("report", tmp_path / "moved.npz", "--data", own_tiny).status == 0
    assert page_of(tmp_path / "report.html").one("h1").text.endswith("on own")


def test_without_a_run_it_says_how_to_get_one(cli, tmp_path):
    answer = cli("report", "--runs", tmp_path)
    assert answer.status == 1
    answer.sentence(str(tmp_path), "minialexnet train", "name one with RUN")


@pytest.mark.parametrize("out", ["", "no/such/folder/page.html"])
def test_where_it_cannot_write_is_said_before_the_work(cli, trained, tmp_path, monkeypatch, out):
    monkeypatch.setattr("minialexnet.cli.report.examine", None)
    answer = cli("report", trained, "--out", tmp_path / out)
    assert (answer.status, answer.out) == (1, "")
    answer.sentence(str((tmp_path / out).parent) if out else str(tmp_path), "--out")
