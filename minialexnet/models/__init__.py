"""AlexNet in its variants."""

from minialexnet.models.alexnet import VARIANTS, AlexNet, Variant, alexnet
from minialexnet.models.initialization import INITIALIZATIONS, RAW_PIXEL_INITIALIZATIONS

__all__ = [
    "INITIALIZATIONS",
    "RAW_PIXEL_INITIALIZATIONS",
    "VARIANTS",
    "AlexNet",
    "Variant",
    "alexnet",
]
