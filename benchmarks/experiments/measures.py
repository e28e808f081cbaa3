"""What is measured of a run; a run is a dictionary as `runs.py` returns it."""

import math
from collections.abc import Callable
from dataclasses import dataclass

MISSING = "-"


@dataclass(frozen=True)
class Measure:
    """A number of each run, of which less is better.

    Attributes:
        name: in tables; unit: "%" (of a share), "epochs", or "" (a plain number).
        of: the number of a run, or None where there is none.
        evaluation: what has to be evaluated after training, a name in `runs.EVALUATIONS`.
    """

    name: str
    unit: str
    of: Callable[[dict], float | None]
    evaluation: str | None = None

    def text(self, value: float | None, sign: str = "") -> str:
        """The number in words."""
        if value is None:
            return MISSING
        if self.unit == "%":
            return f"{100 * value:{sign}.1f}%"
        return f"{value:{sign}.{2 if self.unit == 'epochs' else 3}f}"


def last(column: str) -> Callable[[dict], float | None]:
    """The value in the last epoch; None where the run diverged before."""

    def of(run: dict) -> float | None:
        return None if run["ended"] or not run["history"] else run["history"][-1][column]

    return of


def evaluated(name: str) -> Callable[[dict], float | None]:
    """The top-1 error of an evaluation after training."""
    return lambda run: run["evaluations"].get(name, {}).get("top1_error")


def epochs_to(error: float) -> Callable[[dict], float | None]:
    """Epochs until the training error is down to `error`; None where it never is.

    Nor is there one where the run diverged later. Between two epochs a straight line is taken, from
    guessing (1 - 1/C) at the start.
    """

    def of(run: dict) -> float | None:
        if run["ended"]:  # it was there, but no such training would be chosen
            return None
        before = 1 - 1 / run["num_classes"]
        for entry in run["history"]:
            now = entry["train_top1_error"]
            if now <= error:
                return entry["epoch"] - 1 + (before - error) / (before - now)
            before = now
        return None

    return of


def epochs_to_start(run: dict) -> float | None:
    """The first epoch after which the validation loss is below ln C by a tenth of it."""
    bound = 0.9 * math.log(run["num_classes"])
    return next((float(e["epoch"]) for e in run["history"] if e["val_loss"] < bound), None)


def overfitting(run: dict) -> float | None:
    """Validation error less training error, both measured alike after training."""
    trained, validated = evaluated("train")(run), last("val_top1_error")(run)
    return None if trained is None or validated is None else validated - trained


TOP1 = Measure("validation error", "%", last("val_top1_error"))
TEN_CROPS = Measure("validation error", "%", evaluated("ten crops"), "ten crops")
TRAINING_ERROR = Measure("error while training", "%", last("train_top1_error"))
ERROR_ON_TRAINING = Measure("error on the training pictures", "%", evaluated("train"), "train")
OVERFITTING = Measure("validation less training error", "%", overfitting, "train")
TO_25 = Measure("epochs to 25% training error", "epochs", epochs_to(0.25))
TO_START = Measure("epochs to leave ln C", "epochs", epochs_to_start)
LAST_LOSS = Measure("validation loss", "", last("val_loss"))
LAST_TRAINING_LOSS = Measure("training loss", "", last("train_loss"))
