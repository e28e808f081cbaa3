"""The check-up lets a healthy network pass, and finds what is wrong with an ill one."""

import dataclasses
import re

import numpy as np
import pytest

from minialexnet.datasets import PictureSet
from minialexnet.training import config, health
from minialexnet.training.health import check_health
from training.tiny import COLOURS, tiny_config, tiny_pictures


def examine(config, pictures=None):
    pictures = tiny_pictures(48) if pictures is None else pictures
    return {finding.question: finding for finding in check_health(config, pictures, np)}


def ill(findings):
    return {question for question, finding in findings.items() if not finding.ok}


pytestmark = pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """The last finding trains for fewer steps; they are enough for a healthy network."""
    monkeypatch.setattr(health, "OVERFIT_STEPS", 40)


LEARNS = "can it learn {} pictures by heart"
FIRST_LOSS, SPREAD = "first loss", "how far the outputs differ from picture to picture"
DEAD, STEP = "units that are zero for every picture", "size of a step over size of the weights"


def test_a_network_as_it_comes_is_healthy():
    findings = examine(tiny_config(batch_size=32))
    assert ill(findings) == set()
    assert list(findings) == [
        "pixels as the network sees them",
        FIRST_LOSS,
        SPREAD,
        DEAD,
        STEP,
        LEARNS.format(20),
    ]
    steps = re.fullmatch("20 of 20 right after (.*) steps", findings[LEARNS.format(20)].answer)[1]
    assert int(steps) < 40  # it stops when all are right
    assert "guessing gives ln 4 = 1.386" in findings[FIRST_LOSS].answer


def test_weights_of_the_paper_on_pixels_of_spread_1_are_too_small():
    findings = examine(tiny_config(init="paper", lr=0.01))
    assert {SPREAD, LEARNS.format(20)} <= ill(findings)
    assert LEARNS.format(20) not in ill(examine(tiny_config(init="he", lr=0.01)))


def test_weights_that_are_far_too_small_are_seen_in_the_outputs(monkeypatch):
    made = config.alexnet

    def with_small_weights(*args):
        network = made(*args)
        for name in ("conv1", "conv2", "conv3"):
            network[name].params["weight"] *= 0.01
        return network

    monkeypatch.setattr(config, "alexnet", with_small_weights)
    assert {SPREAD, LEARNS.format(20)} <= ill(examine(tiny_config()))


def test_weights_for_pixels_of_spread_1_are_too_large_for_raw_ones():
    findings = examine(tiny_config(init="he", pixel_scale=100.0))
    assert {SPREAD, LEARNS.format(20)} <= ill(findings)


@pytest.mark.parametrize(
    ("label", "side"), [(1, "far above: the logits"), (0, "far below: the network answers")]
)
def test_a_first_loss_far_from_guessing_comes_with_advice_for_its_side(monkeypatch, label, side):
    """The last layer is sure of the first class, which is never right, or always."""
    made, pictures = config.alexnet, tiny_pictures(48)
    labels = np.full_like(pictures.labels, label)
    one_class = PictureSet(pictures.images, labels, pictures.classes, pictures.names)

    def sure_of_the_first(*args):
        network = made(*args)
        network["fc8"].params["bias"][0] = 20.0
        return network

    monkeypatch.setattr(config, "alexnet", sure_of_the_first)
    found = examine(tiny_config(), one_class)[FIRST_LOSS]
    assert not found.ok
    assert found.advice.startswith(side)


def test_far_too_large_a_rate_is_seen_in_the_size_of_a_step():
    findings = examine(tiny_config(lr=50.0))
    assert {STEP, LEARNS.format(20)} <= ill(findings)
    assert DEAD not in ill(findings)


def test_units_that_never_fire_are_seen(monkeypatch):
    made = config.alexnet

    def with_negative_biases(*args):
        network = made(*args)
        network["conv3"].params["bias"][: 3 * 24] = -1e6
        return network

    monkeypatch.setattr(config, "alexnet", with_negative_biases)
    findings = examine(tiny_config())
    assert DEAD in ill(findings)
    dead = dict(part.split() for part in findings[DEAD].answer.split(", "))
    assert 75 <= int(dead["relu3"].rstrip("%")) < 90
    assert dead["relu1"] == "0%"


def test_labels_that_contradict_each_other_cannot_be_learned():
    images = np.broadcast_to(COLOURS[0].astype(np.uint8), (12, 20, 20, 3)).copy()
    same = PictureSet(images, np.arange(12) % 4, tiny_pictures().classes, [""] * 12)
    findings = examine(tiny_config(), same)
    assert LEARNS.format(12) in ill(findings)


@pytest.mark.parametrize("batch_size", [1, 2])
def test_small_batches_are_no_reason_to_look_at_few_pictures(batch_size):
    assert ill(findings := examine(tiny_config(batch_size=batch_size))) == set()
    assert LEARNS.format(20) in findings


def test_tiny_sets_are_examined_too():
    findings = examine(tiny_config(), tiny_pictures(2))
    assert LEARNS.format(2) in findings


@pytest.mark.parametrize("mean", ["colour", "image"])
def test_the_pixels_are_described_as_the_network_sees_them(mean):
    config = dataclasses.replace(tiny_config(mean=mean), pixel_scale=1.0)
    pixels = next(check_health(config, tiny_pictures(48), np))
    mean_value, spread = map(float, re.fullmatch("mean (.*), spread (.*)", pixels.answer).groups())
    assert abs(mean_value) < 3
    assert 20 < spread < 60


def test_the_network_that_will_be_trained_is_not_touched():
    """The check-up makes networks of its own, so it may come before a run."""
    first, second = (examine(tiny_config(), tiny_pictures(8)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_other_activations_have_no_dead_units_to_look_for(activation):
    findings = examine(tiny_config(activation=activation, init="xavier"))
    assert DEAD not in findings
    assert {SPREAD, STEP, FIRST_LOSS} < set(findings)


def test_what_is_examined_has_the_parts_of_the_run():
    answers = [
        examine(tiny_config(**parts))[SPREAD].answer
        for parts in ({}, {"lrn": False}, {"pool": "average"}, {"groups": False})
    ]
    assert len(set(answers)) == 4
