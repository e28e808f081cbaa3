"""AlexNet in its variants."""

from minialexnet.models.alexnet import VARIANTS, AlexNet, Variant, alexnet
from minialexnet.models.builder import PicturesTooSmall
from minialexnet.models.initialization import INITIALIZATIONS, RAW_PIXEL_INITIALIZATIONS
from minialexnet.models.parts import ACTIVATIONS, PART_NAMES, POOLINGS, POOLS, Parts

__all__ = [
    "ACTIVATIONS",
    "INITIALIZATIONS",
    "PART_NAMES",
    "POOLINGS",
    "POOLS",
    "RAW_PIXEL_INITIALIZATIONS",
    "VARIANTS",
    "AlexNet",
    "Parts",
    "PicturesTooSmall",
    "Variant",
    "alexnet",
]
