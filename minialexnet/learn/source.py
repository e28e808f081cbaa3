"""The source of a function, to be read in a notebook."""

from __future__ import annotations

import ast
import inspect
import os
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

import minialexnet
from minialexnet.errors import InputError


@dataclass(frozen=True)
class Source:
    """Code as text; notebooks show it in colours."""

    text: str

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__

    def _repr_html_(self) -> str | None:
        try:  # comes with notebooks, and is of no use elsewhere
            from pygments import highlight
            from pygments.formatters import HtmlFormatter
            from pygments.lexers import PythonLexer
        except ImportError:
            return None
        return highlight(self.text, PythonLexer(), HtmlFormatter(noclasses=True, style="default"))


def source(function: Callable, docstring: bool = True) -> Source:
    """The code of one of the library's functions, under the name of its file.

    Args: docstring: False leaves it out, where the text beside it says the same.
    Raises: InputError if it was not written in Python.
    """
    try:
        text = textwrap.dedent(inspect.getsource(function))
        file = inspect.getsourcefile(function) or ""
    except (OSError, TypeError):
        raise InputError(
            f"{textwrap.shorten(repr(function), 80)} has no source to show; expected a function or "
            "class written in Python"
        ) from None
    root = os.path.dirname(os.path.dirname(os.path.abspath(minialexnet.__file__)))
    is_ours = os.path.abspath(file).startswith(os.path.join(root, ""))
    head = f"# {os.path.relpath(file, root)}\n".replace(os.sep, "/") if is_ours else ""
    return Source(head + (text if docstring else without_docstring(text)).rstrip())


def without_docstring(text: str) -> str:
    """The code of one function or class without its docstring."""
    try:
        definition = ast.parse(text).body[0]
    except SyntaxError:  # the line of a lambda may be a piece of a statement
        return text
    is_definition = isinstance(definition, ast.FunctionDef | ast.ClassDef)
    if not is_definition or ast.get_docstring(definition) is None:
        return text
    first = definition.body[0]
    lines = text.splitlines(keepends=True)
    return "".join(lines[: first.lineno - 1] + lines[first.end_lineno :])
