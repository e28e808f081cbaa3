"""How the network was trained, and how to do it again."""

import time

from minialexnet.report.html import Html, element, section
from minialexnet.report.subject import Subject


def configuration(subject: Subject, command: str, version: str) -> Html:
    """The command, all settings, and the layers."""
    settings = [
        element("tr", element("th", name, scope="row"), element("td", _value(value)))
        for name, value in subject.checkpoint.config.items()
    ]
    written = time.strftime("%Y-%m-%d")
    return section(
        "configuration",
        "How to do it again",
        element("pre", element("code", command)),
        element(
            "p",
            "The same pictures and command give the same weights, bit by bit on the same kind of "
            f"processor. This page was written by minialexnet {version} on {written}.",
            class_="caption",
        ),
        element(
            "details",
            element("summary", "All settings"),
            element("table", element("tbody", settings), class_="settings"),
        ),
        element(
            "details",
            element("summary", "The layers"),
            element("pre", element("code", str(subject.network)), class_="scroll", tabindex=0),
        ),
    )


def _value(value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
