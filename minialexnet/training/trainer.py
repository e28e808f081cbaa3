"""The training loop."""

import copy
import dataclasses
import math
import os
import shlex
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from minialexnet.backend import (
    Fetched,
    batch_memory,
    batches_ahead,
    fetch,
    get_array_module,
    gpu_memory,
    is_on_host,
    is_out_of_memory,
    lead_of_host,
    select_device,
    to_host,
    upload_ahead,
)
from minialexnet.datasets import PictureSet
from minialexnet.errors import InputError
from minialexnet.layers import Sequential, SoftmaxCrossEntropy
from minialexnet.layers.base import Array
from minialexnet.training.checkpoint import Checkpoint
from minialexnet.training.config import TrainConfig
from minialexnet.training.epoch_table import EpochTable
from minialexnet.training.evaluation import Preprocessing, evaluate
from minialexnet.training.feeding import training_batches
from minialexnet.training.metrics import TOP_K, Tally
from minialexnet.training.progress import Progress, duration
from minialexnet.training.rehearsal import GIB, rehearse
from minialexnet.training.run_folder import RunFolder
from minialexnet.training.schedules import make_schedule
from minialexnet.training.sgd import SGD

CHECKPOINT_EVERY_SECONDS = 600
"""Within long epochs a checkpoint is also written so often; otherwise after each epoch."""


VALIDATION_BATCH = 128
"""Pictures are validated so many at a time."""


class TrainingStopped(InputError):
    """Training ended before its last epoch; the message says why and how to go on."""


class TrainingInterrupted(TrainingStopped):
    """Somebody pressed Ctrl-C, closed the terminal, or ended the process.

    Args: signal_number: which signal it was.
    """

    def __init__(self, message: str, signal_number: int = signal.SIGINT) -> None:
        super().__init__(message)
        self.exit_status = 128 + signal_number  # as shells have it


class TrainingDiverged(TrainingStopped):
    """The loss or a weight is no longer a finite number: the same run would end so again."""


@dataclass
class Position:
    """How far training has come: `step` steps of epoch `epoch` are done, both counted from 0."""

    epoch: int = 0
    step: int = 0


class Trainer:
    """Trains a network on pictures, and leaves its progress in a run folder.

    Args:
        config: all choices.
        train, val: the pictures.
        mean: what is subtracted from the pixels, (3,) or (S, S, 3).
        run: where the results go.
        progress: who tells the user.
        display_names: what classes are called; kept in the checkpoints.
    """

    def __init__(
        self,
        config: TrainConfig,
        train: PictureSet,
        val: PictureSet,
        mean: np.ndarray,
        run: RunFolder,
        progress: Progress | None = None,
        display_names: Mapping[str, str] | None = None,
    ) -> None:
        if train.classes != val.classes:
            raise InputError(
                f"the training pictures have the classes {_listing(list(train.classes))}, the "
                f"validation pictures {_listing(list(val.classes))}; expected the same, in the "
                "same order"
            )
        for part, pictures in (("training", train), ("validation", val)):
            _check_labels(pictures, config.num_classes, part)
        precision = config.precision if config.backend == "cupy" else None
        self.device = select_device(config.backend, precision=precision)
        self.xp = self.device.xp
        config = dataclasses.replace(config, precision=self.device.precision)
        self.config, self.val, self.run = config, val, run
        self._pictures = {
            "train": train.fingerprint(),
            "val": val.fingerprint(),
            "train_count": len(train),
        }
        self.classes = list(train.classes)
        self.display_names = dict(display_names or {})
        self.progress = Progress() if progress is None else progress
        self.network = config.network().to(self.xp)
        self.criterion = SoftmaxCrossEntropy(config.label_smoothing)
        self.optimizer = SGD(self.network, config.lr, config.momentum, config.weight_decay)
        self.batches = training_batches(config, train)
        self.schedule = make_schedule(config.schedule, config.lr, len(self.batches), config.epochs)
        self.preprocessing = Preprocessing(mean, config.pixel_scale, config.image_size)
        self.position = Position()
        self.tally = Tally()
        self.history: list[dict[str, float]] = []
        self._table = EpochTable(config.epochs, config.num_classes)
        self._seconds = 0.0  # of the epoch so far

    def fit(self) -> list[dict[str, float]]:
        """Train up to the last epoch. Returns the history, one entry an epoch.

        Raises:
            TrainingStopped: interrupted (Ctrl-C; everything is saved), or the loss is no longer
                a number, or the GPU's memory ran out (the last good checkpoint is kept).
        """
        with self.run.in_use(), _interruptible() as interrupted:
            self.run.save_config(self.config.as_dict())
            self.progress.say(self._table.header())
            try:
                while self.position.epoch < self.config.epochs:
                    self._train_epoch(interrupted)
                    self._end_epoch(interrupted)
            except KeyboardInterrupt:
                number = interrupted.signal_number
                raise TrainingInterrupted(self._describe_abandoned(), number) from None
            except Exception as error:
                of_host = isinstance(error, MemoryError) and "numpy" in type(error).__module__
                if not is_out_of_memory(error) or of_host or gpu_memory(self.xp) is None:
                    raise
                raise TrainingStopped(self._describe_out_of_memory()) from None
            finally:
                self.progress.finish()
        return self.history

    def rehearse(self) -> str | None:
        """Try whether a step fits into the GPU's memory. Returns how much it takes, in words.

        Nothing is learnt, and None returned on the CPU, where there is nothing to try.
        Raises InputError, which names a batch size that fits, if this one does not.
        """
        pictures = min(self.config.batch_size, len(self.batches.pictures))
        needed = rehearse(self._blank_step, pictures, self.xp)
        if needed is None:
            return None
        memory = gpu_memory(self.xp)
        return (
            f"batches of {pictures} take {needed / GIB:.1f} GiB of the GPU's memory, "
            f"{memory.available / GIB:.1f} GiB are available"
        )

    def _blank_step(self, pictures: int) -> None:
        """A step on blank pictures that leaves everything as it was."""
        size, state = self.config.image_size, self.network.state()
        try:
            # As in training, where the next batch is on its way.
            images, _ = (self.xp.zeros((pictures, size, size, 3), "uint8") for _ in range(2))
            labels = self.xp.zeros(pictures, "int64")
            logits = self.network.forward(self.preprocessing(images, self.xp), training=True)
            self.criterion.forward(logits, labels)
            self.network.backward(self.criterion.backward(), input_gradient=False)
        finally:
            self.network.load_state(state)
            self.network.forget()
            self.criterion.forget()

    def step(self, images: Array, labels: Array, shift: Array | None = None) -> tuple[Array, Array]:
        """One step of training on one batch. Returns its loss and logits.

        Args: images: uint8 (N, image_size, image_size, 3); labels: (N,); shift: (N, 3), to be added
            to their colours, or None; all where the network is.
        Raises TrainingDiverged, before the weights are touched, when the loss is not a number. (On
        a GPU that is found when the loss is fetched: looking at it here would mean waiting.)
        """
        self.optimizer.lr = self.schedule.rate(self._steps_done())
        x = self.preprocessing(images, self.xp, shift)
        logits = self.network.forward(x, training=True)
        loss = self.criterion.forward(logits, labels)
        if is_on_host(logits) and not math.isfinite(loss):
            where = first_nonfinite(self.network, x) or "the loss itself"
            raise TrainingDiverged(self._describe_nonfinite(self.position.step + 1, where))
        self.network.backward(self.criterion.backward(), input_gradient=False)
        step = self._steps_done()
        self.optimizer.step(lambda name: self.schedule.rate_factor(name, step))
        # Activations and gradients must not be there still while the next step makes its own.
        self.network.forget()
        self.criterion.forget()
        return loss, logits

    def checkpoint(self) -> Checkpoint:
        """Everything that decides how training goes on from here, copied to the host."""
        moment = self._moment()
        moment.params = {name: np.array(to_host(w)) for name, w in moment.params.items()}
        moment.velocity = {name: np.array(to_host(v)) for name, v in moment.velocity.items()}
        moment.progress = copy.deepcopy(moment.progress)
        return moment

    def _moment(self) -> Checkpoint:
        """The same without a copy, which is half a gigabyte: the next step changes it."""
        return Checkpoint(
            params=dict(self.network.params),
            velocity=self.optimizer.velocity,
            mean=self.preprocessing.mean,
            config=self.config.as_dict(),
            classes=self.classes,
            progress={
                "epoch": self.position.epoch,
                "step": self.position.step,
                "tally": self.tally.state(),
                "seconds": self._seconds,
                "history": self.history,
                "schedule": self.schedule.state(),
                "layers": self.network.state(),
                "pictures": self._pictures,
            },
            display_names=self.display_names,
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from `checkpoint`, to the same weights as if it had never stopped.

        Bit by bit on the same backend in the same precision, otherwise but for rounding.
        """
        if checkpoint.classes != self.classes:
            raise InputError(
                f"the checkpoint was trained on the classes {_listing(checkpoint.classes)}, but "
                f"these pictures have {_listing(self.classes)}; resume with the same pictures"
            )
        self._compare_pictures(checkpoint.progress["pictures"])
        self.network.set_params(checkpoint.params)
        self.optimizer.set_velocity(checkpoint.velocity)
        progress = checkpoint.progress
        self.position = Position(progress["epoch"], progress["step"])
        self.tally = Tally(**progress["tally"])
        self._seconds = progress["seconds"]
        self.history = list(progress["history"])
        self.schedule.load_state(progress["schedule"])
        self.optimizer.lr = self.schedule.rate(max(self._steps_done() - 1, 0))
        self.network.load_state(progress["layers"])

    def _steps_done(self) -> int:
        return self.position.epoch * len(self.batches) + self.position.step

    def _compare_pictures(self, before: dict[str, Any]) -> None:
        """Refuse to go on with fewer or more pictures; say so if they are others."""
        if before["train_count"] != self._pictures["train_count"]:
            raise InputError(
                f"the run began with {before['train_count']} training pictures, and now there are "
                f"{self._pictures['train_count']}; put them back as they were, or start a new run"
            )
        if before != self._pictures:
            self.progress.say(
                "note: these are not quite the pictures that the run began with, so its weights "
                "and errors will not be the same as without a break"
            )

    def _train_epoch(self, interrupted: "_Interrupt") -> None:
        batch_size = self.batches.batch_size
        total = min(len(self.batches) * batch_size, len(self.batches.pictures))
        self.progress.start(self._title(), total, self.position.step * batch_size)
        started = time.monotonic() - self._seconds
        saved = time.monotonic()
        uncounted: deque[tuple[np.ndarray, Fetched]] = deque()
        for (_, labels, *_), batch in upload_ahead(self._batches(), self.xp):
            uncounted.append((labels, fetch(*self.step(*batch))))
            self.position.step += 1
            self._seconds = time.monotonic() - started
            self._count(uncounted, leave=lead_of_host(self.xp))
            if interrupted.is_set():
                self._count(uncounted)
                self._save_and_stop(interrupted)
            if time.monotonic() - saved > CHECKPOINT_EVERY_SECONDS:
                self._count(uncounted)
                self._save()
                saved = time.monotonic()
        self._count(uncounted)
        self._seconds = time.monotonic() - started

    def _batches(self) -> Iterator[tuple[np.ndarray, ...]]:
        """The rest of this epoch's; nobody else may hold it, so that its threads end with it."""
        position, memory = self.position, batch_memory(self.xp)
        ahead = batches_ahead(self.xp)
        return self.batches.iterate(position.epoch, position.step, memory, ahead)

    def _count(self, uncounted: "deque[tuple[np.ndarray, Fetched]]", leave: int = 0) -> None:
        """Add the results of the oldest steps to the tally, until some are left."""
        while len(uncounted) > leave:
            labels, fetched = uncounted.popleft()
            loss, logits = fetched()
            if not math.isfinite(loss):
                step = self.position.step - len(uncounted)
                raise TrainingDiverged(self._describe_nonfinite(step))
            self.tally.add(float(loss), logits, labels)
            self.progress.update(len(labels), self._status())

    def _end_epoch(self, interrupted: "_Interrupt") -> None:
        tally = self._validate(interrupted)
        best = min((entry["val_top1_error"] for entry in self.history), default=math.inf)
        self.history.append(
            {
                "epoch": self.position.epoch + 1,
                "lr": self.optimizer.lr,
                "train_loss": self.tally.loss,
                "train_top1_error": self.tally.top1_error,
                "train_top5_error": self.tally.top5_error,
                "val_loss": tally.loss,
                "val_top1_error": tally.top1_error,
                "val_top5_error": tally.top5_error,
                "images_per_second": self._images_per_second(),
                "seconds": self._seconds,
            }
        )
        self.progress.say(self._table.row(self.history[-1]))
        self.schedule.epoch_ended(tally.top1_error)
        self.position = Position(self.position.epoch + 1, 0)
        self.tally, self._seconds = Tally(), 0.0
        self._save(is_best=tally.top1_error < best)
        if problem := self.run.save_metrics(self.history):
            self.progress.say(problem)

    def _validate(self, interrupted: "_Interrupt") -> Tally:
        self.progress.start(self._title("validation"), len(self.val))
        seen = 0

        def show(done: int) -> None:
            nonlocal seen
            self.progress.update(done - seen, "")
            seen = done
            if interrupted.is_set():  # the epoch's last step is done; this is repeated later
                self._save_and_stop(interrupted)

        batch_size = VALIDATION_BATCH
        if gpu_memory(self.xp) is not None:
            batch_size = min(batch_size, self.config.batch_size)  # which is known to fit
        tally, _ = evaluate(
            self.network, self.val, self.preprocessing, self.xp, batch_size, progress=show
        )
        self.progress.finish()
        if not math.isfinite(tally.loss):
            where = first_nonfinite(self.network)
            raise TrainingDiverged(self._describe_nonfinite(self.position.step, where))
        return tally

    def _save_and_stop(self, interrupted: "_Interrupt") -> NoReturn:
        self.progress.finish()
        self._save()
        raise TrainingInterrupted(
            f"stopped in epoch {self.position.epoch + 1} of {self.config.epochs} after "
            f"{self.position.step} of {len(self.batches)} steps, everything is saved; go on with: "
            f"{self._command_to_resume()}",
            interrupted.signal_number,
        )

    def _describe_abandoned(self) -> str:
        if not self.run.last.exists():
            return "stopped at once, before anything was saved"
        return (
            f"stopped at once; what came after the last checkpoint is lost; go on from there with: "
            f"{self._command_to_resume()}"
        )

    def _command_to_resume(self) -> str:
        return f"minialexnet train --resume {shlex.quote(str(self.run.path))}"

    def _images_per_second(self) -> float:
        return self.tally.pictures / max(self._seconds, 1e-9)

    def _save(self, is_best: bool = False) -> None:
        """Write a checkpoint, unless the last step broke the weights: then the one before stays."""
        where = first_nonfinite(self.network)
        if where is not None:
            raise TrainingDiverged(self._describe_nonfinite(self.position.step, where))
        self.run.save_checkpoint(self._moment(), is_best)

    def _title(self, what: str = "") -> str:
        width = len(str(self.config.epochs))
        title = f"epoch {self.position.epoch + 1:{width}}/{self.config.epochs}"
        return f"{title} {what}" if what else title

    def _status(self) -> str:
        text = f"loss {self.tally.loss:.3f}, top-1 error {self.tally.top1_error:5.1%}"
        if self.config.num_classes > TOP_K:
            text += f", top-5 error {self.tally.top5_error:5.1%}"
        speed = self._images_per_second()
        epochs_left = self.config.epochs - self.position.epoch
        steps_left = epochs_left * len(self.batches) - self.position.step
        left = duration(steps_left * self.batches.batch_size / speed)
        return f"{text}, {speed:.0f} images/s, {left} left"

    def _describe_out_of_memory(self) -> str:
        memory = gpu_memory(self.xp)
        text = (
            f"the GPU's memory ran out in epoch {self.position.epoch + 1}: this run holds "
            f"{memory.held / GIB:.1f} GiB and {(memory.available - memory.held) / GIB:.1f} of "
            f"{memory.total / GIB:.1f} GiB are free; end what else uses it"
        )
        if self.run.last.exists():
            text += f" and go on with: {self._command_to_resume()}"
        return f"{text}, or start anew with a --batch-size below {self.config.batch_size}"

    def _describe_nonfinite(self, step: int, where: str | None = None) -> str:
        text = (
            f"the loss is no longer a finite number in epoch {self.position.epoch + 1}, step {step}"
        )
        if where is not None:
            text += f"; it began in {where}"
        if self.run.last.exists():
            text += f"; the last good checkpoint is {self.run.last}"
        return text + f"; try again with a smaller --lr than {self.config.lr}"


def first_nonfinite(network: Sequential, x=None) -> str | None:
    """The first place where a number is infinite or NaN: input, parameter or a layer's output.

    Args: x: a batch; without one only the parameters are looked at.
    """

    def broken(array) -> bool:
        return not bool(to_host(get_array_module(array).isfinite(array).all()))

    if x is not None and broken(x):
        return "the pictures"
    for name, layer in network.layers.items():
        for key, value in layer.params.items():
            if broken(value):
                return f"the {key} of {name}"
        if x is None:
            continue
        x = layer.predict(x)
        if broken(x):
            return f"the output of {name} ({type(layer).__name__})"
    return None


def _check_labels(pictures: PictureSet, num_classes: int, part: str) -> None:
    labels = pictures.labels
    if len(labels) == 0:
        raise InputError(f"the {part} part has no pictures; expected at least one")
    if labels.min() < 0 or labels.max() >= num_classes:
        raise InputError(
            f"labels of the {part} pictures run from {labels.min()} to {labels.max()}; expected "
            f"0 to {num_classes - 1}, since there are {num_classes} classes"
        )


def _listing(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown}, ... ({len(names)} in all)" if len(names) > 3 else shown


class _Interrupt(threading.Event):
    """Set by a signal that asks the training to end."""

    signal_number = signal.SIGINT


@contextmanager
def _interruptible() -> Iterator[_Interrupt]:
    """Within the block, Ctrl-C and its like set an event; a second one raises at once."""
    interrupted = _Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupted
        return

    def on_signal(number, frame):
        if interrupted.is_set():
            raise KeyboardInterrupt
        interrupted.signal_number = number
        interrupted.set()
        with suppress(OSError):  # the terminal may be what was closed
            # Not by `print`, which the signal may have interrupted.
            os.write(2, b"\nsaving and stopping; once more to stop without saving\n")

    names = ("SIGINT", "SIGTERM", "SIGHUP")  # the last one, a closed terminal, is not on Windows
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    previous = {
        number: signal.signal(number, on_signal)
        for number in numbers
        if signal.getsignal(number) is not signal.SIG_IGN  # as after `nohup`
    }
    try:
        yield interrupted
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
