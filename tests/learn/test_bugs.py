"""The planted bugs: each can be found, and is the only one in its function."""

import inspect
import textwrap

import numpy as np
import pytest

from minialexnet.errors import InputError
from minialexnet.gradcheck import check_function
from minialexnet.learn import bugs


def wrong(report):
    return {result.target for result in report.results if result.verdict == "WRONG"}


def mended(bug):
    """The backward pass with its wrong line replaced."""
    line = next(
        line for line in inspect.getsource(bug.backward).splitlines() if line.strip() == bug.line
    )
    space = line[: len(line) - len(line.lstrip())]
    new = textwrap.indent(bug.mended, space)
    text = inspect.getsource(bug.backward).replace(line, new)
    if "+=" in bug.mended:  # what the comment in it says
        loop = "    for n in range"
        text = text.replace(loop, f"    dweight = 0\n{loop}")
    namespace = dict(vars(bugs))
    exec(text, namespace)
    return namespace[bug.backward.__name__]


@pytest.mark.parametrize("name", bugs.BUGS)
class TestEachBug:
    def test_the_gradients_it_names_are_wrong_and_no_others(self, name, xp):
        bug = bugs.BUGS[name]
        assert wrong(bug.check(xp)) == bug.wrong

    def test_its_wrong_line_stands_once_in_the_code(self, name):
        bug = bugs.BUGS[name]
        assert inspect.getsource(bug.backward).count(bug.line) == 1

    def test_mended_it_passes(self, name):
        bug = bugs.BUGS[name]
        report = check_function(bug.forward, mended(bug), bug.inputs(), bug.arguments)
        assert report.ok, report

    def test_it_runs_without_complaint_and_gives_the_right_shapes(self, name):
        """So only the numbers can tell."""
        bug = bugs.BUGS[name]
        inputs = bug.inputs()
        dy = np.ones_like(bug.forward(*inputs))
        gradients = bug.backward(dy, *inputs)
        gradients = gradients if isinstance(gradients, tuple) else (gradients,)
        assert [g.shape for g in gradients] == [array.shape for array in inputs]

    def test_the_right_guess_is_told_the_line(self, name):
        bug = bugs.BUGS[name]
        found = bugs.guess(name, bug.wrong, bug.kind)
        assert found.ok
        assert bug.line in str(found) and bug.why in str(found)

    def test_no_other_kind_is_taken_for_right(self, name):
        bug = bugs.BUGS[name]
        for kind in set(bugs.KINDS) - {bug.kind}:
            answer = bugs.guess(name, sorted(bug.wrong), kind)
            assert not answer.ok
            assert bug.look in str(answer)
            assert bug.line not in str(answer)

    def test_those_who_give_up_are_told(self, name):
        assert bugs.BUGS[name].line in str(bugs.tell(name))


def test_the_kinds_differ():
    kinds = [bug.kind for bug in bugs.BUGS.values()]
    assert len(set(kinds)) == len(kinds)
    assert set(kinds) < set(bugs.KINDS)


def test_one_gradient_may_be_given_as_a_word():
    assert bugs.guess("convolve", "weight", "overwritten").ok


def test_other_gradients_are_no_find():
    answer = bugs.guess("two_layers", ["x", "w1", "w2"], "stale")
    assert not answer.ok and "others" in str(answer)
    assert not bugs.guess("two_layers", ["w1"], "stale").ok


@pytest.mark.parametrize("given", [{}, {"wrong": ..., "kind": ...}, {"wrong": "x"}])
def test_what_is_left_open_is_still_to_be_found(given):
    assert "still to be found" in str(bugs.guess("centre", **given))


def test_unknown_words():
    with pytest.raises(InputError, match="no bug 'center'; there are centre"):
        bugs.guess("center", "x", "axis")
    with pytest.raises(InputError, match="no bug"):
        bugs.tell("center")
    with pytest.raises(InputError, match="no argument w; it has x"):
        bugs.guess("centre", ["w"], "axis")
    with pytest.raises(InputError, match="no kind 'axes'; there are axis"):
        bugs.guess("centre", ["x"], "axes")
    with pytest.raises(InputError, match="no bug"):
        bugs.tell(["centre"])
    with pytest.raises(InputError, match="no argument 1; it has x"):
        bugs.guess("centre", 1, "axis")
    with pytest.raises(InputError, match="no argument 1, w; it has x"):
        bugs.guess("centre", ["w", 1], "axis")
    with pytest.raises(InputError, match="no kind"):
        bugs.guess("centre", ["x"], ["axis"])
