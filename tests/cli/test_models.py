"""`minialexnet models`."""

import re


def test_totals_are_those_of_the_literature(cli):
    out = cli("models").out
    counts = dict(re.findall(r"^(\w+) +\d+ +([\d,]+) ", out, re.MULTILINE))
    assert counts["paper"] == counts["original2012"] == counts["caffe"] == "60,965,224"
    assert counts["owt"] == "61,100,840"
    for name in counts:
        assert len(re.findall(rf"^{name} ", out, re.MULTILINE)) == 2  # a row and a description


def test_a_variant_is_shown_layer_by_layer(cli):
    out = cli("models", "paper").out
    assert re.search(r"^conv1 .*Conv2d\(3, 96, 11, .* 96 x 55 x 55 +34,944 ", out, re.MULTILINE)
    assert re.search(r"^fc8 ", out, re.MULTILINE)
    assert re.search(r"^total +60,965,224 ", out, re.MULTILINE)


def test_classes_and_size_can_be_chosen(cli):
    out = cli("models", "mini", "--classes", 7, "--image-size", 40).out
    assert "3 x 40 x 40" in out
    assert re.search(r"^fc8 +Linear\(512, 7\) +7 +3,591 ", out, re.MULTILINE)


def test_pictures_too_small_for_the_network_are_refused(cli):
    answer = cli("models", "paper", "--image-size", 30)
    assert (answer.status, answer.out) == (1, "")
    answer.sentence("30 pixels", "too small")


def test_parts_can_be_taken_out_of_one_network_or_all(cli):
    out = cli("models", "paper", "--no-groups", "--no-lrn", "--activation", "tanh").out
    assert "\nhere: tanh, no LRN, no groups\n" in out
    assert re.search(r"^conv2 +Conv2d\(96, 256, 5, padding=2\) .* 614,656 ", out, re.MULTILINE)
    assert re.search(r"^tanh5 +Tanh\(\)", out, re.MULTILINE)
    assert not re.search(r"^(relu|norm)", out, re.MULTILINE)
    assert len(re.findall("62,378,344", cli("models", "--no-groups").out)) == 3
    assert "here:" not in cli("models", "paper").out


def test_parts_there_are_not_are_refused(cli):
    for option, value in (("--activation", "gelu"), ("--pooling", "4"), ("--dropout", "1")):
        answer = cli("models", "mini", option, value)
        assert answer.status == 2
        answer.sentence(option, value)
