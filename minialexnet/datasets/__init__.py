"""Pictures on disk -> batches of arrays."""

from minialexnet.datasets.augmentation import AUGMENTATIONS, LIMITS, Augmentation
from minialexnet.datasets.batches import EvalBatches, TrainBatches, cut_views, steps_per_epoch
from minialexnet.datasets.builtin import BUILTIN, builtin_archive
from minialexnet.datasets.colour import PrincipalColours, principal_colours
from minialexnet.datasets.decode import (
    FITS,
    MAX_FILE_BYTES,
    PictureError,
    decode_picture,
    shorter_side,
)
from minialexnet.datasets.light import relit
from minialexnet.datasets.load import load_pictures
from minialexnet.datasets.lookalikes import lookalikes
from minialexnet.datasets.names import display_name, printable
from minialexnet.datasets.normalize import to_network_input
from minialexnet.datasets.pictures import Pictures, PictureSet
from minialexnet.datasets.plan import MANIFEST
from minialexnet.datasets.prepare import load_or_prepare, prepare
from minialexnet.datasets.source import Source, Split, open_source
from minialexnet.datasets.statistics import Statistics, statistics_of
from minialexnet.datasets.warp import matrices, warped

__all__ = [
    "AUGMENTATIONS",
    "BUILTIN",
    "FITS",
    "LIMITS",
    "MANIFEST",
    "MAX_FILE_BYTES",
    "Augmentation",
    "EvalBatches",
    "PictureError",
    "PictureSet",
    "Pictures",
    "PrincipalColours",
    "Source",
    "Split",
    "Statistics",
    "TrainBatches",
    "builtin_archive",
    "cut_views",
    "decode_picture",
    "display_name",
    "load_or_prepare",
    "load_pictures",
    "lookalikes",
    "matrices",
    "open_source",
    "prepare",
    "principal_colours",
    "printable",
    "relit",
    "shorter_side",
    "statistics_of",
    "steps_per_epoch",
    "to_network_input",
    "warped",
]
