"""What an experiment is: ways to train a network, and what is compared of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from experiments.measures import TOP1, Measure


@dataclass(frozen=True)
class Scale:
    """At what size a claim is tried.

    variant: the network; picture_size, image_size: sides of pictures and crops, in pixels; epochs:
    of each run; pixel_std: standard deviation of the training pixels, on the scale of 0 to 255.
    """

    variant: str
    picture_size: int
    image_size: int
    epochs: int
    pixel_std: float


@dataclass(frozen=True)
class Configuration:
    """One way to train, compared with others.

    name: in tables; changes: settings of `TrainConfig` in place of the recipe's, or functions that
    make one of the `Scale`; lrs: learning rates of which the first seed chooses one (`Claim.best`);
    none: the recipe's; measure: in place of the claim's.
    """

    name: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    lrs: tuple[float, ...] = ()
    measure: Measure | None = None

    def settings(self, scale: Scale) -> dict[str, Any]:
        """The changes as values."""
        return {k: v(scale) if callable(v) else v for k, v in self.changes.items()}


@dataclass(frozen=True)
class Claim:
    """Something the paper says, and the runs that try it.

    Attributes:
        name: on the command line; title: of the report.
        paper: what the paper said and where; here: what is different here.
        configurations: the first is what the others are compared with.
        measure: by which they are; also: what else the table shows.
        settings: of all configurations, in place of the recipe's.
        epochs, picture_size: unless others are asked for.
        one_in: of each class one picture in so many is trained on: what is against overfitting
            shows where there are few pictures, each seen often.
        curves: columns of the history to draw, the first in the foreground; none: no curves.
        line: a value that the picture marks, by the number of classes; and its name.
        best: of runs with different learning rates, the one with the lowest value is chosen.
    """

    name: str
    title: str
    paper: str
    here: str
    configurations: tuple[Configuration, ...]
    measure: Measure = TOP1
    also: tuple[Measure, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    epochs: int = 5
    picture_size: int = 64
    one_in: int = 1
    curves: tuple[str, ...] = ("val_top1_error",)
    line: tuple[Callable[[int], float], str] | None = None
    best: Callable[[dict], Any] | None = None

    def measure_of(self, configuration: Configuration) -> Measure:
        """What is compared of the runs of `configuration`."""
        return configuration.measure or self.measure
