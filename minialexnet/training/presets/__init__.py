"""Ways to train that are known to work, each a small file with the choices of a `TrainConfig`.

Sides are given as a share of the pictures' side, and the length of the training in steps where it
is to suit sets of any size.
"""

import tomllib
from importlib import resources
from typing import Any

from minialexnet.datasets import Pictures, steps_per_epoch
from minialexnet.errors import InputError
from minialexnet.models import RAW_PIXEL_INITIALIZATIONS
from minialexnet.training.config import TrainConfig

PRESETS = ("mini", "photos", "2012")

SMALL_PICTURES = 96
"""Pictures below this side get the preset `mini` by default, larger ones `photos`.

A variant that was chosen decides instead: `mini` has its own preset, the others `photos`.
"""

FEWEST_EPOCHS, MOST_EPOCHS = 8, 60
"""Of a training whose length is given in steps."""

RAW_PIXEL_LR = 0.01
"""Highest learning rate for pixels that are not scaled, unless the preset is for them."""


def planned(
    data: str,
    num_classes: int,
    num_pictures: int,
    picture_size: int,
    pixel_std: float,
    backend: str,
    preset: str | None = None,
    **chosen: Any,
) -> TrainConfig:
    """The choices of a preset, with what the user chose put in their place.

    Args:
        num_pictures: in the training part.
        pixel_std: standard deviation of its pixels, on the scale of 0 to 255.
        preset: a name in `PRESETS`; None takes the one that suits the pictures.
        chosen: any attribute of `TrainConfig`; None counts as not chosen.
    """
    chosen = {name: value for name, value in chosen.items() if value is not None}
    if preset is None:
        variant = chosen.get("variant", "mini" if picture_size < SMALL_PICTURES else "paper")
        preset = "mini" if variant == "mini" else "photos"
    recipe = read_preset(preset)
    init = chosen.setdefault("init", recipe["init"])
    raw_pixels = init in RAW_PIXEL_INITIALIZATIONS
    if raw_pixels and recipe["init"] not in RAW_PIXEL_INITIALIZATIONS:
        recipe |= {"mean": "image", "lr": RAW_PIXEL_LR}
    recipe["pixel_scale"] = 1.0 if raw_pixels or pixel_std == 0 else 1 / pixel_std
    recipe["image_size"] = round(picture_size * recipe.pop("crop"))
    if "min_crop" in recipe:
        recipe["min_crop"] = max(1, round(picture_size * recipe["min_crop"]))
    if "steps" in recipe:
        per_epoch = steps_per_epoch(num_pictures, chosen.get("batch_size", recipe["batch_size"]))
        epochs = -(-recipe.pop("steps") // max(per_epoch, 1))
        recipe["epochs"] = max(FEWEST_EPOCHS, min(MOST_EPOCHS, epochs))
    fixed = {
        "data": data,
        "num_classes": num_classes,
        "picture_size": picture_size,
        "backend": backend,
        "preset": preset,
    }
    return TrainConfig(**(recipe | chosen | fixed))


def planned_for(pictures: Pictures, data: str, backend: str, **chosen: Any) -> TrainConfig:
    """`planned` for a whole set, whose numbers are taken from it; `chosen` as there."""
    return planned(
        data=data,
        num_classes=len(pictures.classes),
        num_pictures=len(pictures.train),
        picture_size=pictures.size,
        fit=pictures.fit,
        pixel_std=float(pictures.train.statistics.colour_std.mean()),
        backend=backend,
        **chosen,
    )


def read_preset(name: str) -> dict[str, Any]:
    """What stands in the preset's file. Raises InputError for an unknown name."""
    if name not in PRESETS:
        raise InputError(f"preset is {name!r}; expected one of {', '.join(PRESETS)}")
    text = (resources.files(__package__) / f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
