"""The page of any number of classes: whole, bounded, and without anything from outside."""

import io
from dataclasses import replace

import numpy as np
import pytest
from html_tree import parse

from minialexnet.report import Findings, examine, report_page
from minialexnet.report.neighbours import Neighbours
from minialexnet.training import Progress, Tally


def written(subject, findings=None) -> str:
    findings = examine(subject, Progress(io.StringIO())) if findings is None else findings
    return report_page(subject, findings, "minialexnet train", "1.2.3")


def findings_with(labels, answers, classes) -> Findings:
    """As if the network had answered that, each time with the same confidence."""
    shares = np.full((len(labels), classes), 0.3 / classes)
    shares[np.arange(len(labels)), answers] += 0.7
    tally = Tally(len(labels), 1.0, int((labels == answers).sum()), len(labels))
    nothing = np.zeros((0, 0), int)
    return Findings(tally, labels, shares, Neighbours(np.zeros(0, int), nothing, nothing, 0))


def test_nothing_comes_from_outside_and_nothing_runs(new_subject):
    page = parse(written(new_subject(3)))
    assert page.all("script") == []
    for element in page.walk():
        for name, value in element.attributes.items():
            assert not name.startswith("on"), name
            if name in ("src", "href", "srcset", "data", "action", "poster"):
                assert value.startswith("data:"), value
    policy = next(meta for meta in page.all("meta") if "http-equiv" in meta.attributes)["content"]
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    assert "url(" not in page.one("style").text
    assert "@import" not in page.one("style").text


def test_it_can_be_read_by_those_who_do_not_see_it(new_subject):
    page = parse(written(new_subject(3)))
    assert page.one("html")["lang"] == "en"
    assert len(page.all("h1")) == 1
    for picture in page.all("img"):
        assert "alt" in picture.attributes
    for chart in page.all("svg"):
        assert "aria-label" in chart.attributes or chart["aria-hidden"] == "true"
    ids = [element["id"] for element in page.walk() if "id" in element.attributes]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("classes", "right", "caption"),
    [
        (3, 3, "Of each class, the right answer of median confidence."),
        (9, 2, "Of each class with a right answer, the one of median confidence."),
        (9, 9, "Of 8 of the classes, the right answer of median confidence."),
        (3, 0, "None of the validation pictures is right."),
    ],
)
def test_which_right_answers_are_shown(new_subject, classes, right, caption):
    subject = new_subject(classes)
    labels = np.asarray(subject.pictures.val.labels)
    answers = np.where(labels < right, labels, (labels + 1) % classes)
    page = parse(written(subject, findings_with(labels, answers, classes)))
    section = page.part("predictions")
    assert section.all("p", "caption")[0].text == caption
    shown = section.all("div", "cards")[0].all("figure", "card")
    if right:
        assert len(shown) == min(right, 8)


@pytest.mark.parametrize("classes", [2, 6, 25])
def test_few_classes_have_a_table_of_confusions(new_subject, classes):
    page = parse(written(new_subject(classes)))
    rows = page.part("confusion").one("tbody").all("tr")
    counts = [[int(cell.text) for cell in row.all("td")] for row in rows]
    assert np.array(counts).sum(axis=1).tolist() == [2] * classes
    assert len(page.part("classes").all("tr")) == classes + 1
    assert ("top-5" in page.one("dl").text) == (classes > 5)


@pytest.mark.parametrize("classes", [26, 1000])
def test_of_many_classes_the_pairs_most_confused_are_listed(new_subject, classes):
    subject = new_subject(classes, each=2 if classes < 100 else 1)
    labels = np.repeat(subject.pictures.val.labels, 3)
    answers = labels.copy()
    answers[30:33], answers[:2] = 1, 3
    subject = replace(subject, pictures=_three_times(subject.pictures))
    page = parse(written(subject, findings_with(labels, answers, classes)))
    assert page.part("confusion").all("table") == []
    pairs = [line.text for line in page.part("confusion").all("li")]
    each = 3 * (2 if classes < 100 else 1)
    assert pairs == [
        f"class {30 // each} taken for class 1 : 3 of {each}",
        f"class 0 taken for class 3 : 2 of {each}",
    ]


def _three_times(pictures):
    val = pictures.val
    images, labels = np.repeat(val.images, 3, axis=0), np.repeat(val.labels, 3)
    return replace(pictures, val=replace(val, images=images, labels=labels, names=val.names * 3))


def test_of_many_classes_the_best_and_the_worst_are_shown_first(new_subject):
    subject = new_subject(200, each=1)
    labels = subject.pictures.val.labels
    answers = np.where(labels < 100, labels, 0)
    text = written(subject, findings_with(labels, answers, 200))
    best, worst, all_of_them = parse(text).part("classes").all("tbody")
    assert [row.one("th").text for row in best.all("tr")] == [f"class {i}" for i in range(10)]
    assert {row.all("td")[1].text for row in worst.all("tr")} == {"0 of 1"}
    assert len(all_of_them.all("tr")) == 200
    assert len(text) < 1e6


@pytest.mark.parametrize(("answer", "sentence"), [(0, "None of"), (None, "All of")])
def test_all_or_none_may_be_right(new_subject, answer, sentence):
    subject = new_subject(3)
    labels = subject.pictures.val.labels
    answers = labels if answer is None else (labels + 1) % 3
    page = parse(written(subject, findings_with(labels, answers, 3)))
    assert f"{sentence} the validation pictures" in page.part("predictions").text
    assert len(page.part("predictions").all("div", "cards")) == 1


def test_a_class_without_validation_pictures_is_said_to_be_so(new_subject):
    subject = new_subject(3)
    val = subject.pictures.val
    kept = val.labels != 1
    names = [name for name, keep in zip(val.names, kept, strict=True) if keep]
    val = replace(val, images=val.images[kept], labels=val.labels[kept], names=names)
    page = parse(written(replace(subject, pictures=replace(subject.pictures, val=val))))
    assert "1 of the 3 classes have no validation pictures" in page.part("classes").text
    assert len(page.part("neighbours").all("div", "neighbours")) == 2


def test_a_page_with_large_pictures_of_ten_classes_is_bounded(new_subject):
    """Noise is what JPEG makes the largest files of."""
    subject = new_subject(10, each=2, size=240, crop=230)
    labels = subject.pictures.val.labels
    answers = np.where(np.arange(len(labels)) % 2, labels, (labels + 1) % 10)
    findings = findings_with(labels, answers, 10)
    rows = np.arange(6)
    nearest = np.arange(36).reshape(6, 6) % len(labels)
    findings = replace(findings, neighbours=Neighbours(rows, nearest, nearest * 1.0, 20))
    text = written(subject, findings)
    assert len(parse(text).all("img")) == 32 + 8 + 8 + 6 * 7
    assert len(text) < 5e6


def test_names_from_strangers_stay_text(new_subject):
    names = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "$style &amp; ${x}"]
    subject = new_subject(names)
    subject.checkpoint.config["data"] = "<b>bold</b>"
    subject = replace(subject, data="/pictures/<i>data")
    text = written(subject)
    page = parse(text)
    assert page.all("script") == page.all("b") == page.all("i") == []
    assert all(picture["src"].startswith("data:") for picture in page.all("img"))
    rows = page.part("classes").one("tbody").all("th")
    assert {row.text for row in rows} == set(names)
    assert page.one("h1").text == "AlexNet, variant mini, on <i>data"


def test_without_an_epoch_there_are_no_curves_yet(new_subject):
    subject = new_subject(3, epochs=0)
    page = parse(written(subject))
    assert "first epoch is not over" in page.part("curves").text
    assert "0 of 3 epochs" in page.one("p", "note").text


def test_the_curves_are_those_of_the_history(new_subject):
    page = parse(written(new_subject(6)))
    titles = [title.text for title in page.part("curves").all("title")]
    assert "epoch 2, validation, top-5: 30%" in titles
    assert "epoch 3, learning rate: 0.01" in titles
    assert len(page.part("curves").one("tbody").all("tr")) == 3
    assert page.all("p", "note") == []


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_a_network_that_diverged_answers_is_not_reported(new_subject, value):
    subject = new_subject(3)
    subject.network.params["fc8.bias"][0] = value
    with pytest.raises(ValueError, match=r"best\.npz answers with NaN"):
        written(subject)
