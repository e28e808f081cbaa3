"""The picture of a run: pictures a second of all contestants, relative to PyTorch."""

import statistics
from pathlib import Path

from contestants import RIVALS, Times, median, ratios

# Colours by Okabe and Ito, which colour-blind people can tell apart; ours is the strongest.
COLOURS = {
    "ours": "#0072B2",
    "torch": "#999999",
    "torch channels_last": "#56B4E9",
    "dezero": "#E69F00",
    "dezero float32": "#F0C571",
}
NAMES = {
    "paper": "the paper of 2012\nwith LRN and groups",
    "owt": "torchvision's alexnet\nno LRN, no groups",
    "mini": "mini\n56 pixels",
}
WORK = {"train": "Training step", "infer": "Inference"}


def draw(path: Path, found: dict[str, Times], variants, batch: int, facts: dict[str, str]) -> bool:
    """Draw bars for training and inference of the variants at one batch size.

    Args: found: what the section `steps` measured; facts: about the machine.
    Returns: False if that does not hold PyTorch's times, and nothing was drawn.
    """
    variants = [
        variant
        for variant in variants
        if all(ratios(found.get(f"{variant} {batch} {do}", {}), "torch", "ours") for do in WORK)
    ]
    if not variants:
        return False
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    rows = len(variants)
    figure, panels = plt.subplots(
        *(rows, 2), figsize=(10, 1.1 + 1.7 * rows), dpi=110, layout="constrained", squeeze=False
    )
    figure.get_layout_engine().set(h_pad=0.08, w_pad=0.1, hspace=0.06)
    longest = 0.0
    for row, variant in zip(panels, variants, strict=True):
        row[0].set_ylabel(NAMES[variant], fontsize=10, labelpad=10)
        for axes, do in zip(row, WORK, strict=True):
            longest = max(longest, _bars(axes, found[f"{variant} {batch} {do}"], batch))
    for axes in panels.flat:
        axes.set(xlim=(0, 1.55 * longest), xticks=[])  # one scale; room for the numbers
        axes.spines[["top", "right", "bottom"]].set_visible(False)
        axes.tick_params(left=False)
    for axes, title in zip(panels[0], WORK.values(), strict=True):
        axes.set_title(title, fontsize=12, fontweight="bold", loc="left")
    figure.suptitle(
        f"Pictures a second on the CPU, in batches of {batch}: PyTorch = 1", fontsize=14
    )
    small = f"{facts['processor']}; PyTorch {facts['PyTorch']}; NumPy {facts['NumPy']}"
    when = f"all in turn in one run, medians, {facts['date']}"
    figure.supxlabel(f"{small}\n{when}", fontsize=8, color="0.35")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    plt.close(figure)
    return True


def _bars(axes, result: Times, batch: int) -> float:
    """A bar for each contestant. Returns the length of the longest."""
    axes.axvline(1, color="0.35", lw=1, ls=(0, (4, 3)), zorder=0)
    longest = 0.0
    for place, kind in enumerate(RIVALS):
        faster = ratios(result, "torch", kind)
        length = statistics.median(faster) if faster else 0.0
        longest = max(longest, length)
        axes.barh(place, length, color=COLOURS[kind], height=0.72)
        text, style = "not measured", {"fontstyle": "italic", "color": "0.35"}
        if faster:
            text = f"{length:.2f}x   {batch / median(result, kind):.3g}/s"
            style = {"fontweight": "bold" if kind == "ours" else "normal"}
        elif "dezero" in kind:
            text = "has no LRN and no groups"
        axes.annotate(
            text,
            (length, place),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
            **style,
        )
    axes.set_yticks(range(len(RIVALS)), [name for name, _ in RIVALS.values()], fontsize=9)
    axes.invert_yaxis()
    return longest
