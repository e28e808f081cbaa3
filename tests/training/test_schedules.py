"""Each schedule gives the learning rates its description promises."""

import json

import numpy as np
import pytest

from minialexnet.errors import InputError
from minialexnet.training import SCHEDULES, make_schedule
from minialexnet.training.schedules import OneCycle, Plateau, Published, Step


def rates_after_epochs(schedule, errors):
    """The rate of each epoch that follows validation errors `errors`."""
    rates = []
    for error in errors:
        schedule.epoch_ended(error)
        rates.append(schedule.rate(0))
    return rates


class TestPlateau:
    def test_divides_by_ten_after_patience_epochs_without_a_new_best(self):
        schedule = Plateau(1.0, 10, 90, patience=3)
        assert schedule.rate(0) == 1.0
        rates = rates_after_epochs(schedule, [0.5, 0.5, 0.6, 0.5, 0.4, 0.4, 0.4, 0.4])
        np.testing.assert_allclose(rates, [1, 1, 1, 0.1, 0.1, 0.1, 0.1, 0.01])

    def test_does_not_divide_while_it_improves(self):
        schedule = Plateau(1.0, 10, 90, patience=1)
        assert rates_after_epochs(schedule, np.linspace(0.9, 0.1, 30)) == [1.0] * 30

    def test_an_improvement_begins_the_count_anew(self):
        schedule = Plateau(1.0, 10, 90, patience=2)
        rates = rates_after_epochs(schedule, [0.5, 0.5, 0.4, 0.4, 0.3, 0.3, 0.3])
        np.testing.assert_allclose(rates, [1, 1, 1, 1, 1, 1, 0.1])

    def test_a_division_begins_the_count_anew(self):
        schedule = Plateau(1.0, 10, 90, patience=2)
        rates = rates_after_epochs(schedule, [0.5] * 7)
        np.testing.assert_allclose(rates, [1, 1, 0.1, 0.1, 0.01, 0.01, 0.001])

    def test_divides_three_times_at_most(self):
        schedule = Plateau(1.0, 10, 90, patience=1)
        rates = rates_after_epochs(schedule, [0.5] * 10)
        np.testing.assert_allclose(rates, [1, 0.1, 0.01] + [0.001] * 7)

    def test_by_default_it_waits_five_epochs(self):
        schedule = make_schedule("plateau", 0.01, 10, 90)
        rates = rates_after_epochs(schedule, [0.5] * 6)
        np.testing.assert_allclose(rates, [0.01] * 5 + [0.001])

    @pytest.mark.parametrize("moment", range(12))
    def test_goes_on_from_its_state(self, moment):
        errors = [0.5, 0.5, 0.5, 0.4, 0.4, 0.4, 0.3, 0.35, 0.36, 0.3, 0.3, 0.3]
        whole, first = Plateau(1.0, 10, 90, patience=2), Plateau(1.0, 10, 90, patience=2)
        second = Plateau(1.0, 10, 90, patience=2)
        rates = rates_after_epochs(first, errors[:moment])
        second.load_state(json.loads(json.dumps(first.state())))
        rates += rates_after_epochs(second, errors[moment:])
        assert rates == rates_after_epochs(whole, errors)


class TestStep:
    def test_divides_by_ten_after_each_third(self):
        schedule = Step(1.0, 10, 3)
        rates = [schedule.rate(step) for step in range(30)]
        np.testing.assert_allclose(rates, [1.0] * 10 + [0.1] * 10 + [0.01] * 10)

    def test_a_training_of_one_step(self):
        assert Step(1.0, 1, 1).rate(0) == 1.0


class TestPublished:
    schedule = Published(0.01, steps_per_epoch=100, epochs=91)

    def rates(self, name):
        """At the beginning of each epoch."""
        return [
            round(self.schedule.rate(step) * self.schedule.rate_factor(name, step), 9)
            for step in range(0, 9100, 100)
        ]

    def test_weights_drop_three_times(self):
        expected = [0.01] * 25 + [0.001] * 26 + [0.0001] * 28 + [0.00001] * 12
        assert self.rates("fc6.weight") == expected

    def test_biases_drop_once(self):
        assert self.rates("fc6.bias") == [0.01] * 25 + [0.001] * 66

    def test_conv1_slows_down_and_stops(self):
        expected = [0.01] * 25 + [0.001] * 26 + [0.0001] * 16 + [0.00001] * 5 + [0.0] * 19
        assert self.rates("conv1.weight") == expected
        assert self.rates("conv1.bias")[72:] == [0.0] * 19

    def test_the_colours_calm_down(self):
        factors = [self.schedule.colour_noise_factor(epoch) for epoch in range(91)]
        assert factors == [1.0] * 67 + [0.0] * 24

    def test_it_is_stretched_over_other_lengths(self):
        short = Published(1.0, steps_per_epoch=7, epochs=13)
        drops = [step for step in range(1, 91) if short.rate(step) < 0.5 * short.rate(step - 1)]
        assert drops == [25, 51, 79]


class TestOneCycle:
    def test_begins_at_a_25th_of_the_peak_and_ends_at_nothing(self):
        schedule = OneCycle(0.5, 20, 5)
        assert schedule.rate(0) == pytest.approx(0.02)
        assert schedule.rate(99) == pytest.approx(0, abs=1e-12)

    def test_reaches_the_peak_after_a_quarter(self):
        rates = [OneCycle(0.5, 81, 5).rate(step) for step in range(405)]  # 404 / 4 is whole
        assert np.argmax(rates) == 101
        assert rates[101] == pytest.approx(0.5)

    def test_rises_then_falls_without_a_jump(self):
        rates = np.array([OneCycle(1.0, 50, 8).rate(step) for step in range(400)])
        top = rates.argmax()
        assert (np.diff(rates[: top + 1]) > 0).all()
        assert (np.diff(rates[top:]) < 0).all()
        assert np.abs(np.diff(rates)).max() < 1.6 / 100  # a cosine's steepest: pi/2 / length

    def test_both_branches_meet_at_the_peak(self):
        schedule = OneCycle(1.0, 101, 1, warmup=0.5)
        for step in (49.999, 50, 50.001):
            assert schedule.rate(step) == pytest.approx(1.0, abs=1e-6)

    @pytest.mark.parametrize(("steps", "epochs"), [(1, 1), (1, 2), (2, 1), (1, 3), (3, 1)])
    def test_the_shortest_trainings_have_a_rate_too(self, steps, epochs):
        rates = [OneCycle(1.0, steps, epochs).rate(step) for step in range(steps * epochs)]
        assert all(0 <= rate <= 1 for rate in rates)
        assert max(rates) > 0

    def test_it_stays_at_the_end_beyond_the_last_step(self):
        schedule = OneCycle(1.0, 10, 2)
        assert schedule.rate(20) == schedule.rate(500) == pytest.approx(0, abs=1e-12)


def test_constant_is_constant():
    schedule = make_schedule("constant", 0.3, 10, 2)
    assert {schedule.rate(step) for step in range(30)} == {0.3}
    assert set(rates_after_epochs(schedule, [0.5] * 30)) == {0.3}


@pytest.mark.parametrize("name", SCHEDULES)
def test_no_rate_exceeds_the_peak_or_is_negative(name):
    schedule = make_schedule(name, 0.3, 7, 6)
    for epoch in range(6):
        for step in range(7):
            assert 0 <= schedule.rate(7 * epoch + step) <= 0.3
        schedule.epoch_ended(0.5)


@pytest.mark.parametrize("name", SCHEDULES)
def test_states_are_plain_values(name):
    schedule = make_schedule(name, 0.3, 7, 6)
    for _ in range(2):
        state = schedule.state()
        assert json.loads(json.dumps(state, allow_nan=False)) == state
        schedule.epoch_ended(0.5)


def test_an_unknown_name_is_refused_with_the_known_ones():
    message = "schedule is 'cosine'; expected one of 2012, plateau, step, one-cycle, constant"
    with pytest.raises(InputError, match=message):
        make_schedule("cosine", 0.1, 10, 10)
