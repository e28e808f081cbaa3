"""Loss, errors and learning rate over the epochs."""

from minialexnet.report.chart import Line, chart
from minialexnet.report.html import Html, element, section
from minialexnet.report.subject import Subject
from minialexnet.training import TOP_K

COLUMNS = {
    "epoch": ("epoch", "{:d}"),
    "lr": ("learning rate", "{:.4g}"),
    "train_loss": ("training loss", "{:.4f}"),
    "train_top1_error": ("training top-1 error", "{:.2%}"),
    "train_top5_error": ("training top-5 error", "{:.2%}"),
    "val_loss": ("validation loss", "{:.4f}"),
    "val_top1_error": ("validation top-1 error", "{:.2%}"),
    "val_top5_error": ("validation top-5 error", "{:.2%}"),
    "images_per_second": ("images/s", "{:.0f}"),
    "seconds": ("seconds", "{:.0f}"),
}
"""Of the history: what to call them, and how to write their values."""


def curves(subject: Subject) -> Html:
    """Three charts, and the numbers behind them."""
    history, progress = subject.history, subject.checkpoint.progress
    if not history:
        text = "There are no curves yet, for the first epoch is not over."
        return section("curves", "How it learnt", element("p", text))
    marked = progress["epoch"] if progress["step"] == 0 else None

    def line(label: str, style: str, column: str) -> Line:
        return Line(label, style, [entry[column] for entry in history])

    def draw(title: str, axis: str, lines: list[Line], show=_short) -> Html:
        return chart(title, axis, [entry["epoch"] for entry in history], lines, show, marked)

    errors = [
        line("training, top-1", "training", "train_top1_error"),
        line("validation, top-1", "validation", "val_top1_error"),
    ]
    if len(subject.checkpoint.classes) > TOP_K:
        errors.append(line("validation, top-5", "second", "val_top5_error"))
    losses = [
        line("training", "training", "train_loss"),
        line("validation", "validation", "val_loss"),
    ]
    rates = [line("learning rate", "validation", "lr")]
    caption = (
        "Training figures are those of the steps themselves: of random crops, with dropout, by "
        "weights that change meanwhile. So they may well be worse than those of validation."
    )
    if marked is not None:
        caption += f" The vertical line is epoch {marked}, whose weights this page is about."
    return section(
        "curves",
        "How it learnt",
        element(
            "div",
            draw("Loss", "loss", losses),
            draw("Errors", "error", errors, _short_percent),
            draw("Learning rate at the epoch's end", "learning rate", rates),
            class_="charts",
        ),
        element("p", caption, class_="caption"),
        element("details", element("summary", "The numbers"), _numbers(history)),
    )


def _short(value: float) -> str:
    return f"{value:.3g}"


def _short_percent(share: float) -> str:
    return f"{100 * share:.3g}%"


def _numbers(history: list[dict[str, float]]) -> Html:
    head = element("tr", [element("th", name, scope="col") for name, _ in COLUMNS.values()])
    rows = [
        element(
            "tr", [element("td", form.format(entry[key])) for key, (_, form) in COLUMNS.items()]
        )
        for entry in history
    ]
    table = element("table", element("thead", head), element("tbody", rows), class_="numbers")
    name = "the numbers of each epoch"
    return element("div", table, class_="scroll", tabindex=0, role="region", aria_label=name)
