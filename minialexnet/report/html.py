"""HTML out of Python calls, in which no text can become markup by accident."""

import html
from collections.abc import Iterable

WITHOUT_END = {"circle", "img", "line", "polyline"}
"""Elements that are never given any content."""


class Html(str):
    """Text that is HTML already. Any other text is escaped where it is put into an element."""


Content = str | int | float | None | Iterable


def element(tag: str, *content: Content, **attributes: str | int | float | None) -> Html:
    """<tag attributes>content</tag>

    Args:
        content: see `join`.
        attributes: without the underscore at the end (`class_`), and with a hyphen for any other;
            those that are None are left out.
    """
    names = {name: name.rstrip("_").replace("_", "-") for name in attributes}
    given = "".join(
        f' {names[name]}="{_escape(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in WITHOUT_END:
        return Html(f"<{tag}{given}{'' if tag == 'img' else '/'}>")
    return Html(f"<{tag}{given}>{join(*content)}</{tag}>")


def join(*content: Content) -> Html:
    """One after the other: Html as it is, other text and numbers escaped, None left out."""
    parts = []
    for part in content:
        if isinstance(part, Html):
            parts.append(part)
        elif isinstance(part, str | int | float):
            parts.append(_escape(part))
        elif part is not None:
            parts.append(join(*part))
    return Html("".join(parts))


def _escape(text: str | int | float) -> str:
    """As text of an element or in an attribute; the bytes of file names that are no UTF-8, too."""
    return html.escape(str(text).encode("utf-8", "backslashreplace").decode("utf-8"))


def section(name: str, title: str, *content: Content) -> Html:
    """A part of the page with a heading, which can be linked to by `name`."""
    heading = element("h2", title, id=f"{name}-title")
    return element("section", heading, *content, id=name, aria_labelledby=f"{name}-title")


def percent(share: float) -> str:
    """0.796 -> "79.6%"."""
    return f"{share:.1%}"


def count(number: int, noun: str) -> str:
    """1, "picture" -> "1 picture"; 2000, "picture" -> "2,000 pictures"."""
    return f"{number:,} {noun}{'s' * (number != 1)}"
