"""The table that grows by one line an epoch while the network trains."""

from minialexnet.training.metrics import TOP_K


class EpochTable:
    """Lines for a terminal of 80 columns.

    Args: epochs: how many there will be; num_classes: with five or fewer, top-5 says nothing.
    """

    def __init__(self, epochs: int, num_classes: int) -> None:
        self._epochs = epochs
        self._with_top5 = num_classes > TOP_K
        self._width = max(len("epoch"), 2 * len(str(epochs)) + 1)

    def header(self) -> str:
        """Two lines: the parts of the pictures, and what is told of each."""
        names = ("loss", "top-1", "top-5") if self._with_top5 else ("loss", "error")
        columns = "".join(f"{name:>8}" for name in names)
        what = " errors " if self._with_top5 else " "  # narrower columns have no room for it
        parts = [
            f" {part}{what}".center(len(columns) - 2, "-") for part in ("training", "validation")
        ]
        return (
            f"{'':{self._width}}  {parts[0]}    {parts[1]}\n"
            f"{'epoch':{self._width}}{columns}  {columns}  {'images/s':>9}"
        )

    def row(self, entry: dict[str, float]) -> str:
        """One epoch, from its entry in the history."""
        number = f"{entry['epoch']}/{self._epochs}"
        parts = [self._part(entry, part) for part in ("train", "val")]
        speed = f"{entry['images_per_second']:.0f}"
        return f"{number:>{self._width}}{parts[0]}  {parts[1]}  {speed:>9}"

    def _part(self, entry: dict[str, float], part: str) -> str:
        text = f"{entry[f'{part}_loss']:8.3f}{entry[f'{part}_top1_error']:8.1%}"
        return text + (f"{entry[f'{part}_top5_error']:8.1%}" if self._with_top5 else "")
