"""A line chart as inline SVG: sharp at any size, in the colours of the page."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from minialexnet.report.html import Html, element, join

WIDTH, HEIGHT = 400, 270
LEFT, RIGHT, TOP, BOTTOM = 66, 12, 12, 46  # margins, for the numbers and names of the axes
MOST_TICKS = 6
DOTS_UP_TO = 40  # epochs; the dots of more would run together


@dataclass(frozen=True)
class Line:
    """One curve. style: "training", "validation" or "second", see page.css."""

    label: str
    style: str
    values: Sequence[float]


def chart(
    title: str,
    axis: str,
    epochs: Sequence[int],
    lines: Sequence[Line],
    show: Callable[[float], str],
    marked: int | None = None,
) -> Html:
    """A figure with one or several curves over the epochs; the vertical axis begins at 0.

    Args: axis: name of the vertical axis; show: its numbers as text; marked: an epoch to point at.
    """
    values = [value for line in lines for value in line.values if math.isfinite(value)]
    heights = ticks(max(values, default=0))
    first, last = epochs[0], epochs[-1]

    def x(epoch: float) -> float:
        share = (epoch - first) / (last - first) if last > first else 0.5
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - value / heights[-1] * (HEIGHT - TOP - BOTTOM), 1)

    middle = (TOP + HEIGHT - BOTTOM) / 2
    drawing = element(
        "svg",
        [_height(y(value), show(value)) for value in heights],
        [_epoch(x(epoch), epoch) for epoch in _whole_ticks(first, last)],
        element("text", "epoch", x=(LEFT + WIDTH - RIGHT) / 2, y=HEIGHT - 6, class_="axis"),
        element("text", axis, transform=f"translate(13 {middle}) rotate(-90)", class_="axis"),
        None if marked is None else _mark(x(marked), marked),
        [_curve(line, epochs, x, y, show) for line in lines],
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=f"{title}: " + "; ".join(_summary(line, show) for line in lines),
    )
    legend = [element("li", _sample(line.style), line.label) for line in lines if len(lines) > 1]
    return element(
        "figure",
        element("figcaption", element("h3", title), legend and element("ul", legend)),
        drawing,
        class_="chart",
    )


def ticks(top: float, most: int = MOST_TICKS) -> list[float]:
    """Round numbers from 0 up to `top` or just above it, at most so many."""
    if not top > 0:
        return [0.0, 1.0]
    power = 10 ** math.floor(math.log10(top / (most - 1)))
    steps = (factor * power for factor in (1, 2, 2.5, 5, 10, 20))
    step = next(step for step in steps if math.ceil(top / step - 1e-9) < most)
    return [i * step for i in range(math.ceil(top / step - 1e-9) + 1)]


def _whole_ticks(first: int, last: int, most: int = 8) -> list[int]:
    """Round epochs, so few that their numbers have room."""
    steps = (factor * 10**power for power in range(9) for factor in (1, 2, 5))
    step = next(step for step in steps if last - first < step * most)
    return [epoch for epoch in range(first, last + 1) if epoch % step == 0]


def _height(y: float, text: str) -> Html:
    line = element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="grid")
    return join(line, element("text", text, x=LEFT - 6, y=y + 4, class_="height"))


def _epoch(x: float, epoch: int) -> Html:
    return element("text", epoch, x=x, y=HEIGHT - BOTTOM + 18, class_="epoch")


def _mark(x: float, epoch: int) -> Html:
    line = element("line", x1=x, x2=x, y1=TOP, y2=HEIGHT - BOTTOM, class_="mark")
    return element("g", element("title", f"the weights of this report: epoch {epoch}"), line)


def _curve(line: Line, epochs: Sequence[int], x, y, show) -> Html:
    points = [
        (x(epoch), y(value), f"epoch {epoch}, {line.label}: {show(value)}")
        for epoch, value in zip(epochs, line.values, strict=True)
        if math.isfinite(value)
    ]
    path = " ".join(f"{left},{top}" for left, top, _ in points)
    radius = 2.5 if len(epochs) <= DOTS_UP_TO else 0
    dots = [
        element(
            "g",
            element("title", text),
            element("circle", cx=left, cy=top, r=radius),
            element("circle", cx=left, cy=top, r=7, class_="target"),  # easier to point at
        )
        for left, top, text in points
    ]
    return element("g", element("polyline", points=path), dots, class_=f"curve {line.style}")


def _sample(style: str) -> Html:
    """A piece of the line, for the legend."""
    line = element("polyline", points="0,4 26,4")
    curve = element("g", line, class_=f"curve {style}")
    return element("svg", curve, viewBox="0 0 26 8", width=26, height=8, aria_hidden="true")


def _summary(line: Line, show: Callable[[float], str]) -> str:
    """A curve in words, for those who cannot see it."""
    return f"{line.label} from {show(line.values[0])} to {show(line.values[-1])}"
