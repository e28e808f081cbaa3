"""Which names of classes are known to become each other, by which augmentation."""

from __future__ import annotations

import pytest

from minialexnet.datasets import Augmentation, lookalikes

DIGITS = [str(digit) for digit in range(10)]
SHAPES = ["cross", "crescent", "checks", "disc", "heart", "ring", "square", "star", "stripes"]
EVERYTHING = {"shift": 1, "scale": 3, "rotation": 180, "shear": 60, "contrast": 9, "brightness": 9}


def found(classes, flip=False, colour_noise=0.0, random_sizes=False, names=None, **strengths):
    augmentation = Augmentation(**strengths)
    return lookalikes(classes, augmentation, flip, colour_noise, random_sizes, names)


def test_a_6_that_is_turned_far_enough_is_a_9():
    assert found(DIGITS, rotation=180) == {"rotation": [("6", "9")]}
    assert found(DIGITS, rotation=80) == {"rotation": [("6", "9")]}
    assert found(DIGITS, rotation=60) == {}  # 120 of 180 degrees between them: still told apart


@pytest.mark.parametrize(
    ("off", "rotation", "warned"),
    [
        (["6", "9"], 180, False),
        (["6"], 180, True),  # a 9 on its head still looks like a 6
        (["6"], 80, False),
        (["1", "2"], 180, True),
    ],
)
def test_a_class_for_which_it_is_off_stays_where_it_is(off, rotation, warned):
    pairs = found(DIGITS, rotation=rotation, except_for={"rotation": off})
    assert bool(pairs) == warned


def test_mirrored_letters_and_digits():
    assert found(DIGITS, flip=True) == {"flip": [("2", "5")]}
    assert found(list("abcd"), flip=True) == {"flip": [("b", "d")]}
    assert found(list("abcd")) == {}
    assert found(list("ABCD"), flip=True) == {}
    assert found(["a", "b"], flip=True) == {}  # there is no d to be taken for


@pytest.mark.parametrize(
    ("classes", "options", "augmentation"),
    [
        (["turn_left", "turn_right"], {"flip": True}, "flip"),
        (["thumb Up", "thumb Down"], {"rotation": 90}, "rotation"),
        (["arrow-up", "arrow-left"], {"rotation": 30}, "rotation"),
        (["square", "diamond"], {"rotation": 10}, "rotation"),
        (["rectangle", "parallelogram"], {"shear": 5}, "shear"),
        (["small dog", "large dog"], {"scale": 0.1}, "scale"),
        (["small dog", "large dog"], {"random_sizes": True}, "crop"),
        (["day", "night"], {"brightness": 0.1}, "brightness"),
        (["red", "brown"], {"colour_noise": 0.1}, "colour_noise"),
    ],
)
def test_words(classes, options, augmentation):
    assert found(classes, **options) == {augmentation: [tuple(classes)]}
    assert found(classes) == {}


@pytest.mark.parametrize(
    "classes",
    [SHAPES, ["left hand", "right foot"], ["left", "left turn"], ["leftover", "rightful"], ["6"]],
)
def test_others_are_none(classes):
    assert found(classes, True, 1.0, True, **EVERYTHING) == {}


def test_names_may_be_others_than_the_classes():
    pairs = found(["n01", "n02"], flip=True, names=["left", "right"])
    assert pairs == {"flip": [("n01", "n02")]}
