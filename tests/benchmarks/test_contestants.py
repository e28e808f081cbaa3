"""Contestants take turns, and what each turn was like is kept with its time."""

import contestants
import pytest
from contestants import ContestantError, alternate


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
    assert [name for name, _ in contestants.stolen] == ["a", "a", "b", "b", "a", "b"]


def test_where_the_system_does_not_tell_of_it_there_is_nothing_more_to_a_turn(monkeypatch):
    monkeypatch.setattr(contestants, "stolen_seconds", lambda: None)
    assert alternate({"a": lambda: {"step": 1.0}}, 1, print) == {"a": [{"step": 1.0}]}
    assert contestants.stolen == []
