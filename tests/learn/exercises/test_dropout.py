"""The exercises on dropout: right answers pass, wrong ones get their hint."""

import numpy as np
import pytest

from learn.exercises.answers import accepted, refused
from minialexnet import learn, ops

NAMES = ("dropout", "dropout_backward", "paper_dropout")


def test_the_solutions_are_the_librarys(rng):
    x, uniform = rng.standard_normal((4, 5, 3)), rng.random((4, 5, 3))
    mask = uniform >= 0.3
    dropout, backward, paper = (learn.exercise(name).solution for name in NAMES)
    np.testing.assert_allclose(dropout(x, uniform, 0.3), ops.dropout(x, mask, 0.3))
    np.testing.assert_allclose(backward(x, uniform, 0.3), ops.dropout_backward(x, mask, 0.3))
    in_training, at_test = paper(x, uniform, 0.3, True), paper(x, uniform, 0.3, False)
    np.testing.assert_allclose(in_training, ops.dropout(x, mask, 0.3, inverted=False))
    np.testing.assert_allclose(at_test, ops.dropout_at_test(x, 0.3, inverted=False))


# Right answers, as readers write them.


def by_where(x, uniform, p):
    return np.where(uniform < p, 0.0, x / (1 - p))


def by_assignment(x, uniform, p):
    y = x / (1 - p)
    y[uniform < p] = 0
    return y


def by_loops(x, uniform, p):
    y = np.zeros(x.shape)
    for place in np.ndindex(*x.shape):
        if not uniform[place] < p:
            y[place] = x[place] * (1 / (1 - p))
    return y


@pytest.mark.parametrize("name", ["dropout", "dropout_backward"])
@pytest.mark.parametrize("answer", [by_where, by_assignment, by_loops])
def test_other_ways_to_write_the_inverted_form_are_accepted(name, answer):
    verdict = learn.check(name, answer)
    assert verdict.ok, verdict


def paper_by_where(x, uniform, p, training):
    return np.where(uniform < p, 0.0, x) if training else x - p * x


def paper_by_assignment(x, uniform, p, training):
    y = x.copy()
    if not training:
        y *= 1 - p
    else:
        y[uniform < p] = 0
    return y


@pytest.mark.parametrize("answer", [paper_by_where, paper_by_assignment])
def test_other_ways_to_write_the_papers_form_are_accepted(answer):
    accepted("paper_dropout", answer)


# Wrong answers, as readers write them.


def keeps_with_p(x, uniform, p):
    return np.where(uniform < p, x / (1 - p), 0)


def p_for_one_minus_p(x, uniform, p):
    mask = (uniform < p).astype(float) / p
    return x * mask


def other_units(x, uniform, p):
    keep = 1 - p
    return x * (uniform < keep) / keep


def not_scaled(x, uniform, p):
    y = x.copy()
    y[uniform < p] = 0
    return y


def multiplied(x, uniform, p):
    return np.where(uniform < p, 0, x) * (1 - p)


def divided_by_p(x, uniform, p):
    return np.where(uniform < p, 0, x) / p


def cut_out(x, uniform, p):
    return x[~(uniform < p)] / (1 - p)


def for_all_pictures(x, uniform, p):
    return x * (uniform[0] >= p) / (1 - p)


def for_the_whole_row(x, uniform, p):
    return x * (uniform[:, 0:1] >= p) / (1 - p)


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (keeps_with_p, "keeps the units that should be dropped"),
        (p_for_one_minus_p, "and divides by p"),
        (other_units, "not the right units"),
        (not_scaled, "not scaled"),
        (multiplied, "multiplied by 1 - p"),
        (divided_by_p, "divided by p"),
        (cut_out, "cut out of the array"),
        (for_all_pictures, "for all pictures"),
        (for_the_whole_row, "whole row"),
    ],
)
def test_a_wrong_forward_pass_gets_its_hint(answer, phrase):
    refused("dropout", answer, phrase)


def test_random_numbers_of_its_own_are_noticed():
    def draws_anew(dy, uniform, p):
        mask = np.random.default_rng().random(dy.shape) >= p
        return dy * mask / (1 - p)

    verdict = learn.check("dropout_backward", draws_anew)
    assert not verdict.ok
    assert "random numbers of its own" in " ".join(verdict.hints)


def unchanged(dy, uniform, p):
    return dy


def no_mask(dy, uniform, p):
    return dy * (1 / (1 - p))


def backward_not_scaled(dy, uniform, p):
    return np.where(uniform < p, 0, dy)


def undone(dy, uniform, p):
    return np.where(uniform < p, 0, dy) * (1 - p)


def to_the_dropped(dy, uniform, p):
    dx = dy / (1 - p)
    dx[uniform >= p] = 0
    return dx


def mask_from_dy(dy, uniform, p):
    return np.maximum(dy, 0) / (1 - p)


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (unchanged, "goes through unchanged"),
        (no_mask, "mask is missing"),
        (backward_not_scaled, "not scaled"),
        (undone, "does not undo"),
        (to_the_dropped, "units that were dropped"),
        (mask_from_dy, "mask is made from dy"),
    ],
)
def test_a_wrong_backward_pass_gets_its_hint(answer, phrase):
    refused("dropout_backward", answer, phrase)


@pytest.mark.parametrize(
    ("in_training", "at_test", "phrase"),
    [
        (lambda x, kept, p: x * kept, lambda x, kept, p: x, "At test nothing is scaled"),
        (lambda x, kept, p: x * kept, lambda x, kept, p: p * x, "multiplies by p"),
        (lambda x, kept, p: x * kept, lambda x, kept, p: x / (1 - p), "divides by 1 - p"),
        (lambda x, kept, p: x * kept / (1 - p), lambda x, kept, p: x, "the inverted form"),
        (lambda x, kept, p: x * kept / (1 - p), lambda x, kept, p: (1 - p) * x, "both in training"),
        (lambda x, kept, p: x * kept, lambda x, kept, p: x * kept, "dropped at test"),
        (lambda x, kept, p: x * (1 - p), lambda x, kept, p: x * kept, "exchanged"),
    ],
)
def test_a_wrong_form_of_the_paper_gets_its_hint(in_training, at_test, phrase):
    def answer(x, uniform, p, training):
        kept = uniform >= p
        return in_training(x, kept, p) if training else at_test(x, kept, p)

    refused("paper_dropout", answer, phrase)


@pytest.mark.parametrize("name", ["dropout", "dropout_backward"])
def test_an_answer_that_changes_its_argument_is_told_so(name):
    def in_place(x, uniform, p):
        x[uniform < p] = 0
        return x / (1 - p)

    verdict = learn.check(name, in_place)
    assert not verdict.ok
    assert "in place" in str(verdict)
