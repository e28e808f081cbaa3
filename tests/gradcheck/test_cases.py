"""Every layer with every option passes its gradient check, by a margin."""

import functools
from collections import Counter

import numpy as np
import pytest

from minialexnet import layers
from minialexnet.backend import to_host
from minialexnet.gradcheck import TOLERANCE, all_cases, cases, check_layer, check_loss

NAMES = [f"{case.group} {case.option}".strip() for case in all_cases()]


@pytest.mark.parametrize("name", NAMES)
def test_gradients_agree(backend, name):
    """All numbers on NumPy; some on the others, where each evaluation takes much longer."""
    case = all_cases()[NAMES.index(name)]
    if backend.name != "numpy":
        options = {"max_points": 6}
    else:
        options = {"max_points": 200} if case.group == "Sequential" else {}
    report = case.check(backend.xp, **options)
    assert report.ok, f"\n{report}"
    assert report.error < 1e-6
    assert report.points >= (20 if backend.name == "numpy" else 3)
    assert report.kinks <= 0.05 * report.points


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_gradients_agree_for_other_seeds(xp, name, seed):
    case = all_cases()[NAMES.index(name)]
    report = case.check(xp, seed=seed, max_points=6)
    assert report.ok, f"\n{report}"


def test_every_layer_has_a_case():
    kinds = set(layers.__all__) - {"Layer"}
    assert {case.group for case in all_cases()} == kinds


def test_no_two_cases_have_the_same_name():
    assert max(Counter(NAMES).values()) == 1


def test_the_tolerance_is_as_narrow_as_is_said():
    assert TOLERANCE <= 1e-6


def test_a_case_passes_options_on(xp):
    case = all_cases()[0]
    assert case.check(xp, max_points=4).points < case.check(xp, max_points=8).points
    assert not case.check(xp, max_points=4, tolerance=1e-15).ok


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides_inputs_and_upstream_gradient(xp, name, monkeypatch):
    """Both, or other seeds would prove less than they seem to."""
    seeds, inputs = [], []

    def spy(checked, what, x, *labels, seed=0, **options):
        seeds.append(seed)
        inputs.append(np.array(to_host(x)))
        return checked(what, x, *labels, seed=seed, **options)

    monkeypatch.setattr(cases, "check_layer", functools.partial(spy, check_layer))
    monkeypatch.setattr(cases, "check_loss", functools.partial(spy, check_loss))
    for seed in (5, 6):
        all_cases()[NAMES.index(name)].check(xp, seed=seed, max_points=1)
    assert seeds == [5, 6]
    assert not np.array_equal(*inputs)
