"""The picture of a run: loss, error and learning rate over the epochs."""

from typing import IO


def draw_curves(history: list[dict[str, float]], file: IO[bytes]) -> None:
    """Write a PNG with the curves of `history` (one entry an epoch) to `file`."""
    # Imported here, because it takes longer than everything else that `import minialexnet` does.
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    epochs = [entry["epoch"] for entry in history]
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    loss, error, rate = figure.subplots(1, 3)
    marker = "o" if len(epochs) < 30 else None

    def line(axes, column, label, **style):
        axes.plot(epochs, [e[column] for e in history], label=label, marker=marker, ms=3, **style)

    line(loss, "train_loss", "training", color="0.55", linestyle="--")
    line(loss, "val_loss", "validation", color="C0")
    loss.set_title("loss")
    line(error, "train_top1_error", "training, top-1", color="0.55", linestyle="--")
    line(error, "val_top1_error", "validation, top-1", color="C0")
    if any(entry["val_top5_error"] > 0 for entry in history):
        line(error, "val_top5_error", "validation, top-5", color="C0", linestyle=":", mfc="none")
    error.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    error.set_ylim(bottom=0)
    error.set_title("error")
    line(rate, "lr", "learning rate", color="C0")
    rate.set_title("learning rate at the epoch's end")
    rate.set_ylim(bottom=0)
    for axes in (loss, error, rate):
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.spines[["top", "right"]].set_visible(False)
    loss.legend(frameon=False)
    error.legend(frameon=False)
    figure.savefig(file, format="png", dpi=110)
