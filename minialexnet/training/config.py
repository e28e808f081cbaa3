"""All choices of a training run in one place, and how they are chosen when nobody says."""

from dataclasses import asdict, dataclass, fields
from typing import Any

from minialexnet.errors import InputError
from minialexnet.models import PART_NAMES, RAW_PIXEL_INITIALIZATIONS, AlexNet, Parts, alexnet


@dataclass(frozen=True)
class TrainConfig:
    """What decides a run: the same configuration and pictures give the same weights.

    Attributes:
        data: the folder or archive the pictures came from.
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
            image_size; None, as in 2012: all crops are of image_size.
        flip: mirror half of the training pictures.
        colour_noise: how strongly colours vary in training: 0 not at all, 0.1 as in the paper.
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
    min_crop: int | None = None
    flip: bool = True
    colour_noise: float = 0.0
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

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("batch_size", 1), ("image_size", 1), ("seed", 0)):
            if getattr(self, name) < least:
                raise InputError(f"{name} is {getattr(self, name)}; expected at least {least}")
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
        if self.min_crop is not None and not 1 <= self.min_crop <= self.picture_size:
            raise InputError(
                f"min_crop is {self.min_crop}; expected 1 to {self.picture_size}, the side of the "
                "pictures"
            )
        _ = self.parts  # which refuses what there is not

    @property
    def parts(self) -> Parts:
        """Which of its parts the network has."""
        return Parts(**{name: getattr(self, name) for name in PART_NAMES})

    def network(self) -> AlexNet:
        """The network with its initial weights, on the host."""
        return alexnet(
            self.variant, self.num_classes, self.image_size, self.seed, self.init, self.parts
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
        try:  # runs of before there was a choice were in float32
            return cls(**({"precision": "float32"} | values))
        except TypeError as error:
            raise InputError(f"the configuration is incomplete: {error}") from None


SMALL_PICTURES = 96
"""Pictures below this side get the `mini` variant by default, larger ones `paper`."""


SMALL_STEPS, LARGE_STEPS = 650, 2900
"""How many steps of 64 pictures the default recipe aims at, for `mini` and for the large nets."""


def default_config(
    data: str,
    num_classes: int,
    num_pictures: int,
    picture_size: int,
    pixel_std: float,
    backend: str,
    **chosen: Any,
) -> TrainConfig:
    """A recipe that works for most picture folders, with what the user chose put in its place.

    A short training from scratch: He's initialisation on pixels of standard deviation 1, one
    cycle of the learning rate, crops of 7/8 of the pictures (the paper's 224 of 256), and enough
    epochs that every set gets some thousands of steps.

    Args:
        num_pictures: in the training part.
        pixel_std: standard deviation of its pixels, on the scale of 0 to 255.
        chosen: any attribute of `TrainConfig`; None counts as not chosen.
    """
    chosen = {name: value for name, value in chosen.items() if value is not None}
    variant = chosen.setdefault("variant", "mini" if picture_size < SMALL_PICTURES else "paper")
    init = chosen.setdefault("init", "he")
    raw_pixels = init in RAW_PIXEL_INITIALIZATIONS
    batch_size = chosen.setdefault("batch_size", 64)
    steps_per_epoch = max(1, num_pictures // batch_size)
    target_steps = SMALL_STEPS if variant == "mini" else LARGE_STEPS
    recipe = {
        "image_size": round(picture_size * 7 / 8),
        "epochs": max(8, min(60, -(-target_steps // steps_per_epoch))),
        "schedule": "one-cycle",
        "lr": 0.01 if raw_pixels else 0.02,
        "pixel_scale": 1.0 if raw_pixels or pixel_std == 0 else 1 / pixel_std,
        "mean": "image" if raw_pixels else "colour",
    }
    fixed = {
        "data": data,
        "num_classes": num_classes,
        "picture_size": picture_size,
        "backend": backend,
    }
    return TrainConfig(**(recipe | chosen | fixed))
