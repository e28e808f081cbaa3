"""All choices of a training run in one place."""

import math
from dataclasses import MISSING, asdict, dataclass, field, fields
from numbers import Integral
from typing import Any

from minialexnet.datasets import Augmentation
from minialexnet.errors import InputError
from minialexnet.models import PART_NAMES, VARIANTS, AlexNet, Parts, PicturesTooSmall, alexnet


@dataclass(frozen=True)
class TrainConfig:
    """What decides a run: the same configuration and pictures give the same weights.

    Attributes:
        data: the folder, archive or prepared set the pictures came from.
        preset: where what was not chosen comes from, see `planned`.
        variant, init: see `minialexnet.models.alexnet`.
        num_classes: how many classes the pictures have.
        picture_size: side the pictures are resized to when loaded, in pixels.
        fit: how pictures become square, "crop" (their central square is kept) or "stretch".
        image_size: side of the crops that the network sees, in pixels.
        epochs, batch_size: length of the training, pictures a step.
        schedule, lr: name of the schedule and its highest learning rate.
        momentum, weight_decay: of SGD.
        label_smoothing: see `SoftmaxCrossEntropy`.
        random_crop: cut training pictures anywhere; False: always in the middle.
        min_crop: cut squares of this side up to the whole picture, by chance, and scale them to
            image_size; 0, as in 2012: all crops are of image_size.
        flip: mirror half of the training pictures.
        colour_noise: how strongly colours vary in training: 0 not at all, 0.1 as in the paper.
        shift, scale, rotation, shear, contrast, brightness: see `Augmentation`; 0 is not at all.
        except_for: {augmentation: classes for which it is off}, see `Augmentation`.
        mean: what is subtracted from the pixels: "colour" (one value a channel) or "image"
            (one a pixel, as in 2012).
        pixel_scale: what the pixels (0 to 255 minus the mean) are multiplied by.
        activation, lrn, pooling, pool, dropout, groups: parts of the network, see `Parts`.
        seed: of weights, order, crops and dropout.
        backend: "numpy" or "cupy".
        precision: in which a GPU multiplies matrices, "float32" or "tf32"; None stands for the
            default of the GPU, and in the configuration of a run there is what that was.
    """

    data: str
    variant: str
    init: str
    num_classes: int
    picture_size: int
    image_size: int
    epochs: int
    batch_size: int
    schedule: str
    lr: float
    momentum: float = 0.9
    weight_decay: float = 5e-4
    label_smoothing: float = 0.0
    fit: str = "crop"
    random_crop: bool = True
    min_crop: int = 0
    flip: bool = True
    colour_noise: float = 0.0
    shift: float = 0.0
    scale: float = 0.0
    rotation: float = 0.0
    shear: float = 0.0
    contrast: float = 0.0
    brightness: float = 0.0
    except_for: dict[str, list[str]] = field(default_factory=dict)
    mean: str = "colour"
    pixel_scale: float = 1.0
    activation: str = "relu"
    lrn: bool = True
    pooling: str = "overlapped"
    pool: str = "max"
    dropout: float = 0.5
    groups: bool = True
    seed: int = 0
    backend: str = "numpy"
    precision: str | None = None
    preset: str = ""

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("batch_size", 1), ("image_size", 1), ("seed", 0)):
            value = getattr(self, name)
            if not isinstance(value, Integral) or value < least:
                raise InputError(
                    f"{name} is {value!r}; expected a whole number of at least {least}"
                )
        if not self.lr > 0:
            raise InputError(f"lr is {self.lr}; expected a learning rate above 0")
        if not self.colour_noise >= 0:
            raise InputError(f"colour_noise is {self.colour_noise}; expected at least 0")
        if self.mean not in ("colour", "image"):
            raise InputError(f"mean is {self.mean!r}; expected 'colour' or 'image'")
        if self.image_size > self.picture_size:
            raise InputError(
                f"crops of {self.image_size} pixels do not fit into pictures of "
                f"{self.picture_size}; choose a smaller --image-size or a larger --picture-size"
            )
        if not 0 <= self.min_crop <= self.picture_size:
            raise InputError(
                f"squares of {self.min_crop} pixels cannot be cut out of pictures of "
                f"{self.picture_size}; expected 1 to {self.picture_size} for --min-crop, or 0"
            )
        _ = self.augmentation, self.parts  # which look at what they are given

    @property
    def parts(self) -> Parts:
        """Which of its parts the network has."""
        return Parts(**{name: getattr(self, name) for name in PART_NAMES})

    def network(self) -> AlexNet:
        """The network with its initial weights, on the host.

        Raises InputError as `alexnet` does; for crops that are too small it says what to do.
        """
        try:
            return alexnet(
                self.variant, self.num_classes, self.image_size, self.seed, self.init, self.parts
            )
        except PicturesTooSmall as error:
            crop, square = self.image_size, self.picture_size
            enough = VARIANTS[self.variant].smallest
            advice = f"--image-size {enough}"
            if square < enough:
                cut_away = square / max(crop, round(square * 7 / 8))
                advice = f"--picture-size {math.ceil(enough * cut_away)} {advice}"
            if self.variant != "mini":
                advice += ", or --variant mini"
            raise InputError(
                f"crops of {crop} pixels, cut out of pictures of {square}, are too small for "
                f"{self.variant} (no window fits at {error.layer}); expected {enough} or more: "
                f"choose {advice}"
            ) from None

    @property
    def augmentation(self) -> Augmentation:
        """How pictures are changed in training, besides crops, flips and noise in the colours."""
        return Augmentation(
            **{each.name: getattr(self, each.name) for each in fields(Augmentation)}
        )

    def as_dict(self) -> dict[str, Any]:
        """The configuration as plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TrainConfig":
        """The inverse of `as_dict`. Raises InputError when a value is missing or unknown."""
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise InputError(f"unknown settings in the configuration: {', '.join(unknown)}")
        always = {f.name for f in fields(cls) if f.default is f.default_factory is MISSING}
        if missing := sorted(always - set(values)):
            raise InputError(f"the configuration is incomplete: there is no {', '.join(missing)}")
        try:  # runs of before there was a choice were in float32
            return cls(**({"precision": "float32"} | values))
        except TypeError as error:  # a text where a number should be, and the like
            raise InputError(f"the configuration is damaged: {error}") from None
