"""How tests ask a checker."""

from minialexnet import learn


def accepted(name, answer):
    """The verdict on an answer that is right."""
    verdict = learn.check(name, answer)
    assert verdict.ok, verdict
    return verdict


def refused(name, answer, hint):
    """The verdict on an answer that is wrong; a hint or a finding must name the mistake."""
    verdict = learn.check(name, answer)
    assert not verdict.ok, f"{name} accepts a wrong answer"
    said = (*verdict.hints, *verdict.findings)
    assert any(hint in each for each in said), f"expected a hint with {hint!r}:\n{verdict}"
    return verdict
