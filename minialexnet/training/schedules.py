"""Learning rates over the course of training."""

import math
from typing import Any

from minialexnet.errors import InputError


class Schedule:
    """The learning rate as a function of the step, and perhaps of how validation goes.

    Args:
        peak: the highest learning rate.
        steps_per_epoch, epochs: length of the training.
    """

    def __init__(self, peak: float, steps_per_epoch: int, epochs: int) -> None:
        self.peak, self.steps_per_epoch, self.epochs = peak, steps_per_epoch, epochs

    def rate(self, step: int) -> float:
        """The learning rate of training step `step`, counted from 0 over all epochs."""
        raise NotImplementedError

    def rate_factor(self, name: str, step: int) -> float:
        """What the rate is multiplied by for the parameter of that name."""
        return 1.0

    def colour_noise_factor(self, epoch: int) -> float:
        """What the noise in the colours is multiplied by in that epoch, counted from 0."""
        return 1.0

    def epoch_ended(self, validation_error: float) -> None:
        """Take note of the validation error (share of wrong pictures) after an epoch."""

    def state(self) -> dict[str, Any]:
        """What `load_state` needs to go on from here."""
        return {}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from where `state` was taken."""


class Constant(Schedule):
    """The same rate throughout."""

    def rate(self, step: int) -> float:
        return self.peak


class Plateau(Schedule):
    """The paper's: divide by ten when validation stops improving; stop dividing after three times.

    "Stops improving" was judged by eye in 2012; here it is `patience` epochs without a new best.
    """

    def __init__(
        self,
        peak: float,
        steps_per_epoch: int,
        epochs: int,
        patience: int = 5,
        factor: float = 0.1,
        reductions: int = 3,
    ) -> None:
        super().__init__(peak, steps_per_epoch, epochs)
        self.patience, self.factor, self.reductions = patience, factor, reductions
        self._best, self._epochs_without, self._reduced = math.inf, 0, 0

    def rate(self, step: int) -> float:
        return self.peak * self.factor**self._reduced

    def epoch_ended(self, validation_error: float) -> None:
        if validation_error < self._best:
            self._best, self._epochs_without = validation_error, 0
            return
        self._epochs_without += 1
        if self._epochs_without >= self.patience and self._reduced < self.reductions:
            self._reduced, self._epochs_without = self._reduced + 1, 0

    def state(self) -> dict[str, Any]:
        best = None if math.isinf(self._best) else self._best
        return {"best": best, "without": self._epochs_without, "reduced": self._reduced}

    def load_state(self, state: dict[str, Any]) -> None:
        self._best = math.inf if state["best"] is None else state["best"]
        self._epochs_without, self._reduced = state["without"], state["reduced"]


class Step(Schedule):
    """Divide by ten at fixed times: after each third of the training."""

    def rate(self, step: int) -> float:
        total = self.steps_per_epoch * self.epochs
        return self.peak * 0.1 ** (3 * step // max(total, 1))


class Published(Schedule):
    """What was really done in 2012, over 91 epochs; here over however many there are.

    By the published code (run 145) the rate of the weights was divided by ten after 25, 51 and 79
    epochs, that of the biases only the first time. After 67 epochs there was no more noise in the
    colours, and conv1 learned at a tenth of the rate; after 72 it learned nothing.
    """

    EPOCHS, DROPS, CALM, FROZEN = 91, (25, 51, 79), 67, 72

    def rate(self, step: int) -> float:
        return self.peak * 0.1 ** self._drops(step)

    def rate_factor(self, name: str, step: int) -> float:
        layer, _, kind = name.rpartition(".")
        factor = 10.0 ** max(self._drops(step) - 1, 0) if kind == "bias" else 1.0
        if layer == "conv1" and self._has_passed(self.CALM, step):
            factor *= 0.0 if self._has_passed(self.FROZEN, step) else 0.1
        return factor

    def colour_noise_factor(self, epoch: int) -> float:
        return float(not self._has_passed(self.CALM, epoch * self.steps_per_epoch))

    def _drops(self, step: int) -> int:
        return sum(self._has_passed(epoch, step) for epoch in self.DROPS)

    def _has_passed(self, epoch: int, step: int) -> bool:
        """Whether the run is as far as the one of 2012 was after that epoch."""
        return step * self.EPOCHS >= epoch * self.steps_per_epoch * self.epochs


class OneCycle(Schedule):
    """Up to the peak and down to nothing, each along half a cosine.

    After Smith and Topin 2017, "Super-convergence", who went along straight lines.

    Rises from peak/25 over the first `warmup` share of all steps, and falls over the rest.
    Short trainings end much better this way than with a constant rate.
    """

    def __init__(
        self, peak: float, steps_per_epoch: int, epochs: int, warmup: float = 0.25
    ) -> None:
        super().__init__(peak, steps_per_epoch, epochs)
        self.warmup = warmup

    def rate(self, step: int) -> float:
        total = max(self.steps_per_epoch * self.epochs - 1, 1)
        top = self.warmup * total
        if step < top:
            return _half_cosine(self.peak / 25, self.peak, step / top)
        return _half_cosine(self.peak, 0.0, min((step - top) / (total - top), 1.0))


def _half_cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2


SCHEDULES: dict[str, type[Schedule]] = {
    "2012": Published,
    "plateau": Plateau,
    "step": Step,
    "one-cycle": OneCycle,
    "constant": Constant,
}


def make_schedule(name: str, peak: float, steps_per_epoch: int, epochs: int) -> Schedule:
    """The schedule called `name`. Raises InputError for an unknown name."""
    if name not in SCHEDULES:
        raise InputError(f"schedule is {name!r}; expected one of {', '.join(SCHEDULES)}")
    return SCHEDULES[name](peak, steps_per_epoch, epochs)
