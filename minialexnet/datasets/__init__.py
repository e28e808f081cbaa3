"""Pictures on disk -> batches of arrays."""

from minialexnet.datasets.augmentation import AUGMENTATIONS, Augmentation
from minialexnet.datasets.batches import EvalBatches, TrainBatches, cut_views
from minialexnet.datasets.builtin import builtin_archive
from minialexnet.datasets.colour import PrincipalColours, principal_colours
from minialexnet.datasets.decode import PictureError, decode_picture, shorter_side
from minialexnet.datasets.light import relit
from minialexnet.datasets.lookalikes import lookalikes
from minialexnet.datasets.means import colour_std, mean_colour, mean_image
from minialexnet.datasets.names import display_name
from minialexnet.datasets.normalize import to_network_input
from minialexnet.datasets.pictures import Pictures, PictureSet, load_pictures
from minialexnet.datasets.source import Source, Split, open_source
from minialexnet.datasets.warp import matrices, warped

__all__ = [
    "AUGMENTATIONS",
    "Augmentation",
    "EvalBatches",
    "PictureError",
    "PictureSet",
    "Pictures",
    "PrincipalColours",
    "Source",
    "Split",
    "TrainBatches",
    "builtin_archive",
    "colour_std",
    "cut_views",
    "decode_picture",
    "display_name",
    "load_pictures",
    "lookalikes",
    "matrices",
    "mean_colour",
    "mean_image",
    "open_source",
    "principal_colours",
    "relit",
    "shorter_side",
    "to_network_input",
    "warped",
]
