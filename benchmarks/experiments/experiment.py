"""A claim at some scale: which runs that takes, and carrying them out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.claim import Claim, Configuration, Scale
from experiments.runs import can_evaluate, evaluated, folder_name, identity, read_result, train
from experiments.shelf import Shelf
from minialexnet.backend import Device
from minialexnet.models import alexnet
from minialexnet.training import Progress, TrainConfig, planned_for

RECIPE = "mini"
"""The preset of all runs, whatever the network: it does no more than the paper to the pictures."""


@dataclass(frozen=True)
class Request:
    """What the command line asks for.

    variant: the network; picture_size, image_size, epochs: the claim's where None; batch_size: of
    the recipe where None; runs: the folder of the run folders.
    """

    variant: str
    picture_size: int | None
    image_size: int | None
    epochs: int | None
    batch_size: int | None
    runs: Path


class Experiment:
    """The runs of one claim, one seed after the other.

    Args:
        claim: it; request: the scale; shelf: the pictures; device: what computes; progress: who
        tells the user; known: runs of earlier records, which are not trained again.

    Attributes:
        runs: all so far, in order; has_news: the last of them was not in the claim's record before.
    """

    def __init__(
        self,
        claim: Claim,
        request: Request,
        shelf: Shelf,
        device: Device,
        progress: Progress,
        known: Sequence[dict[str, Any]] = (),
    ) -> None:
        self.claim, self.device, self.progress, self.known = claim, device, progress, known
        size = request.picture_size or claim.picture_size
        self.shelved = shelf.at(size, claim.one_in)
        self.scale = Scale(
            variant=request.variant,
            picture_size=size,
            image_size=request.image_size or self._crop_size(request.variant, size),
            epochs=request.epochs or claim.epochs,
            pixel_std=self.shelved.pixel_std,
        )
        self.batch_size = request.batch_size
        name = f"{self.shelved.name}-{request.variant}-{size}"
        self.folder = request.runs / (name if claim.one_in == 1 else f"{name}-1in{claim.one_in}")
        self.has_news = False
        self.runs: list[dict[str, Any]] = []
        self._chosen: dict[str, float] = {}

    def _crop_size(self, variant: str, picture_size: int) -> int:
        is_cut_anywhere = self.claim.settings.get("random_crop", True)
        return crop_size(variant, round(picture_size * 7 / 8) if is_cut_anywhere else picture_size)

    def run_seed(self, seed: int) -> Iterator[None]:
        """Train all configurations with this seed; yields after each run."""
        for configuration in self.claim.configurations:
            rates = self._rates(configuration)
            for lr in rates:
                self.runs.append(self._run(configuration, seed, lr))
                if lr == rates[-1]:
                    self._choose(configuration)
                yield

    def _rates(self, configuration: Configuration) -> tuple[float | None, ...]:
        """The learning rates to train with: all with the first seed, then the best of them."""
        chosen = self._chosen.get(configuration.name)
        return configuration.lrs or (None,) if chosen is None else (chosen,)

    def _choose(self, configuration: Configuration) -> None:
        if not configuration.lrs or configuration.name in self._chosen:
            return
        tried = [run for run in self.runs if run["configuration"] == configuration.name]
        best = min(tried, key=self.claim.best)
        for run in tried:
            run["counted"] = run is best
        self._chosen[configuration.name] = best["lr"]

    def _run(self, configuration: Configuration, seed: int, lr: float | None) -> dict[str, Any]:
        settings = self._settings(configuration, lr)
        config = self.config(settings, seed)
        folder = self.folder / folder_name(settings | {"epochs": config.epochs}, seed)
        measures = (self.claim.measure_of(configuration), *self.claim.also)
        names = [m.evaluation for m in measures if m.evaluation is not None]
        run, recorded = self._find(configuration, config, names, folder)
        own = (self.claim.name, configuration.name)
        self.has_news = not recorded or (run["claim"], run["configuration"]) != own
        words = f"{self.claim.name}: {configuration.name}, seed {seed}, learning rate {config.lr:g}"
        self.progress.say(words + (f" (recorded, {run['date']})" if recorded else ""))
        if not recorded:
            run = train(config, self.shelved, folder, self.device, self.progress)
            run = evaluated(run, names, config, self.shelved, folder, self.device.xp)
        done = run["evaluations"]  # perhaps also what other claims wanted to know of this run
        is_trial = configuration.lrs and configuration.name not in self._chosen
        return run | {
            "evaluations": {name: done[name] for name in names if name in done},
            "claim": self.claim.name,
            "configuration": configuration.name,
            "counted": not is_trial,
        }

    def _settings(self, configuration: Configuration, lr: float | None) -> dict[str, Any]:
        """What the runs have in place of the recipe's."""
        settings = dict(self.claim.settings) | configuration.settings(self.scale)
        return settings if lr is None else settings | {"lr": lr}

    def difference(self, run: dict[str, Any]) -> str:
        """In what an earlier run of the claim is not as it would be now; empty if in nothing."""
        of_claim = {c.name: c for c in self.claim.configurations}
        configuration = of_claim.get(run["configuration"])
        if configuration is None:  # which the claim no longer has, so it is in no table
            return ""
        settings = self._settings(configuration, run["lr"] if configuration.lrs else None)
        wanted = identity(self.config(settings, run["seed"]), self.shelved)
        if run["pictures"] != wanted["pictures"]:
            return "other pictures"
        now, then = wanted["settings"], run["settings"]
        names = [name for name in {**then, **now} if then.get(name) != now.get(name)]
        return ", ".join(f"{name} {then.get(name)}, not {now.get(name)}" for name in names)

    def _find(
        self,
        configuration: Configuration,
        config: TrainConfig,
        evaluations: list[str],
        folder: Path,
    ) -> tuple[dict[str, Any] | None, bool]:
        """A run like this that was finished before, if any; and whether only a record has it.

        The claim's own record comes first, so that the same command gives the same record, then the
        run's folder, then records of other claims.
        """
        wanted = identity(config, self.shelved)
        known = [
            run
            for run in self.known
            if {name: run[name] for name in wanted} == wanted
            and (run["ended"] or set(evaluations) <= set(run["evaluations"]))
        ]
        for run in known:
            if (run["claim"], run["configuration"]) == (self.claim.name, configuration.name):
                return run, True
        finished = read_result(config, self.shelved, folder)
        if finished and (
            finished["ended"]
            or set(evaluations) <= set(finished["evaluations"])
            or can_evaluate(folder)
        ):
            return finished, False
        return (known[0], True) if known else (None, False)

    def config(self, settings: dict[str, Any], seed: int) -> TrainConfig:
        """The recipe with these settings."""
        return planned_for(
            self.shelved.pictures,
            data=self.shelved.data,
            backend=self.device.name,
            preset=RECIPE,
            precision=self.device.precision,
            variant=self.scale.variant,
            image_size=self.scale.image_size,
            batch_size=self.batch_size,
            seed=seed,
            **({"epochs": self.scale.epochs} | settings),
        )


def crop_size(variant: str, largest: int) -> int:
    """The largest crop that suits both ways of pooling; `largest` if all of them are much smaller.

    A map of 8 n + 7 pixels a side has an odd number before each of the three poolings, as the
    paper's 55, 27 and 13: so overlapped and tiled windows give maps of the same size.
    """
    conv1 = alexnet(variant, 2, VARIANT_SIZE)["conv1"]
    for size in range(largest, largest * 3 // 4, -1):
        if size >= conv1.kernel_size[0] and conv1.output_shape((3, size, size))[1] % 8 == 7:
            return size
    return largest


VARIANT_SIZE = 71
"""Any size that each network takes, for a look at its first layer."""
