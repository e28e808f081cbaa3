"""Contestants take turns, and what each turn was like is kept with its time."""

import itertools

import contestants
import measurements
import pytest
from contestants import ContestantError, alternate
from reporting import Report


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    monkeypatch.setattr(contestants, "PAUSE", 0)
    monkeypatch.setattr(contestants, "stolen", [])


def test_turns_go_round_and_each_round_begins_with_another_after_two_to_warm_up():
    order = []

    def turn(name):
        order.append(name)
        return {"step": float(len(order))}

    times = alternate({name: lambda name=name: turn(name) for name in "abc"}, 3, print)
    assert "".join(order) == "aabbcc" + "abc" + "bca" + "cab"
    assert [turn["step"] for turn in times["a"]] == [7, 12, 14]


def test_who_fails_leaves_and_the_others_go_on():
    said = []

    def fails():
        raise ContestantError("no memory")

    times = alternate({"a": lambda: {"step": 1.0}, "b": fails}, 2, said.append)
    assert list(times) == ["a"] and len(times["a"]) == 2
    assert said == ["left out: no memory"]


def test_a_turn_tells_what_share_of_the_processors_the_host_gave_to_others(monkeypatch):
    clock, taken = [0.0], [100.0]
    monkeypatch.setattr(contestants.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(contestants.os, "cpu_count", lambda: 4)
    monkeypatch.setattr(contestants, "stolen_seconds", lambda: taken[0])

    def turn(stolen):
        clock[0] += 2.0
        taken[0] += stolen
        return {"step": 2.0}

    times = alternate({"a": lambda: turn(0.0), "b": lambda: turn(0.4)}, 1, print)
    assert times["a"] == [{"step": 2.0, "stolen": 0.0}]
    assert times["b"][0]["stolen"] == pytest.approx(0.05)
    assert contestants.stolen == [(pytest.approx(s), 8.0) for s in (0, 0, 0.4, 0.4, 0, 0.4)]


@pytest.mark.parametrize("known_before", [False, True])
def test_where_the_system_does_not_tell_of_it_a_turn_has_no_more(monkeypatch, known_before):
    told = itertools.cycle([1.0 if known_before else None, None])
    monkeypatch.setattr(contestants, "stolen_seconds", lambda: next(told))
    assert alternate({"a": lambda: {"step": 1.0}}, 1, print) == {"a": [{"step": 1.0}]}
    assert contestants.stolen == []


@pytest.mark.parametrize(
    ("turns", "remarks"),
    [
        ([], []),
        # One long turn weighs more than many short ones.
        ([(0.06, 0.6)] * 9 + [(0.0, 60.0)], ["during the turns others on the host got 0.8%"]),
        ([(0.0, 0.6), (0.0, 60.0)], ["during the turns the system counted no time"]),
    ],
)
def test_the_report_says_what_part_of_the_whole_that_was(monkeypatch, turns, remarks):
    monkeypatch.setattr(contestants, "stolen", turns)
    report = Report("title", "command", {})
    measurements.stealing(report)
    assert len(report.remarks) == len(remarks)
    assert all(map(str.startswith, report.remarks, remarks))
