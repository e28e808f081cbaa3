"""How tests ask a checker."""

from minialexnet import learn


def accepted(name, answer):
    """The verdict on an answer that is right."""
    verdict = learn.check(name, answer)
    assert verdict.ok, verdict
    return verdict


def refused(name, answer, hint):
    """The verdict on an answer that is wrong; it must name the mistake."""
    verdict = learn.check(name, answer)
    assert not verdict.ok, f"{name} accepts a wrong answer"
    assert hint in str(verdict), f"expected a hint with {hint!r}:\n{verdict}"
    return verdict
