"""The source of functions, as notebooks show it."""

import pytest

from minialexnet import learn, ops
from minialexnet.errors import InputError


def test_begins_with_the_file():
    text = str(learn.source(ops.relu))
    assert text.startswith("# minialexnet/ops/activations.py\ndef relu(x):\n")
    assert '"""max(x, 0).' in text


def test_without_docstring():
    text = str(learn.source(ops.col2im, docstring=False))
    assert "Add every window" not in text
    assert text.rstrip().endswith(".transpose(0, 3, 1, 2)")
    compile(text, "col2im", "exec")


def test_without_docstring_where_there_is_none():
    def bare(x):
        return x

    assert str(learn.source(bare, docstring=False)).endswith("def bare(x):\n    return x")


def test_of_a_lambda():
    """It has no docstring, and its line may be a piece of a statement."""
    functions = (
        lambda x: x + 1,
    )  # fmt: skip
    assert str(learn.source(functions[0], docstring=False)).endswith("\nlambda x: x + 1,")
    named = lambda x: x + 2  # noqa: E731
    assert str(learn.source(named, docstring=False)).endswith(
        "\nnamed = lambda x: x + 2  # noqa: E731"
    )


def test_the_refusal_is_short():
    with pytest.raises(InputError) as caught:
        learn.source(list(range(1000)))
    assert len(str(caught.value)) < 200


def test_of_a_class():
    assert "class ReLU(" in str(learn.source(__import__("minialexnet").ReLU))


def test_in_colours():
    pytest.importorskip("pygments")
    assert "<span" in learn.source(ops.relu)._repr_html_()


@pytest.mark.parametrize("what", [len, 3])
def test_refuses_what_has_none(what):
    with pytest.raises(InputError, match="has no source to show"):
        learn.source(what)
