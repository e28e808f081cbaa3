"""AlexNet in the variants that go by this name, each written down layer by layer.

"AlexNet" means at least four networks, and much confusion comes from mixing them up; the fifth
here is our own:

    paper         what the text of 2012 says
    original2012  what the released code of 2012 did (its run 145 is the published network)
    caffe         Caffe's bvlc_alexnet, from which most ports and weights descend
    owt           torchvision's alexnet: cuda-convnet2's one-GPU net of 2014, no normalisation
    mini          a small relative with all of AlexNet's parts, for small pictures

Each is written down with all its parts; `Parts` takes some out, or puts others in their place.
"""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral

from minialexnet.errors import InputError
from minialexnet.layers import (
    AdaptiveAvgPool2d,
    LocalResponseNorm,
    MaxPool2d,
    ReLU,
    Sequential,
)
from minialexnet.models.builder import Builder, PicturesTooSmall
from minialexnet.models.parts import Parts


@dataclass(frozen=True)
class Variant:
    """One of the networks called AlexNet.

    Attributes:
        describe: writes the layers into a `Builder`.
        image_size: side of its own pictures, in pixels.
        smallest: side of the smallest pictures that it takes with all its parts. (Tiled pooling
            leaves something of smaller ones.)
        init: its own initialisation (see `initial_values`).
        summary: what distinguishes it.
    """

    describe: Callable[[Builder], None]
    image_size: int
    smallest: int
    init: str
    summary: str


MOST_CLASSES, LARGEST_IMAGE = 1 << 24, 1 << 13
"""Beyond these (the latter is a side in pixels) the weights take hundreds of gigabytes."""


class AlexNet(Sequential):
    """A network made by `alexnet`, which remembers how it was made."""

    def __init__(
        self, layers, input_shape, variant: str, num_classes: int, init: str, parts: Parts
    ) -> None:
        super().__init__(layers, input_shape)
        self.variant, self.num_classes, self.init, self.parts = variant, num_classes, init, parts

    @property
    def image_size(self) -> int:
        """Side of the pictures the network was made for, in pixels."""
        return self.input_shape[1]


def alexnet(
    variant: str = "paper",
    num_classes: int = 1000,
    image_size: int | None = None,
    seed: int = 0,
    init: str | None = None,
    parts: Parts | None = None,
) -> AlexNet:
    """Make an AlexNet with fresh weights.

    Args:
        variant: a name in `VARIANTS`.
        num_classes: how many logits; at least 2.
        image_size: side of the pictures in pixels; the variant's own by default. The first
            fully connected layer gets as many inputs as there are features left.
        seed: of the weights and of dropout.
        init: "paper", "2012", "caffe", "he" or "xavier"; the variant's own by default.
        parts: what is left out or replaced, as `Parts(lrn=False)`; nothing by default.
    Returns:
        a network from (N, 3, image_size, image_size) to (N, num_classes), float32, on the host.
    Raises:
        InputError: unknown name, no `Parts`, classes or pixels out of all bounds.
        PicturesTooSmall: an InputError as well.
    """
    if not isinstance(variant, str) or variant not in VARIANTS:
        raise InputError(f"variant is {variant!r}; expected one of {', '.join(VARIANTS)}")
    chosen = VARIANTS[variant]
    size = chosen.image_size if image_size is None else image_size
    for name, value, least, most in (
        ("num_classes", num_classes, 2, MOST_CLASSES),
        ("image_size", size, 1, LARGEST_IMAGE),
        ("seed", seed, 0, None),
    ):
        if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
            raise InputError(f"{name} is {value!r}; expected a whole number of at least {least}")
        if most is not None and value > most:
            raise InputError(f"{name} is {value!r}; expected a whole number of at most {most}")
    init = chosen.init if init is None else init
    parts = Parts() if parts is None else parts
    if not isinstance(parts, Parts):
        raise InputError(f"parts is {parts!r}; expected Parts, such as Parts(lrn=False)")
    builder = Builder(int(size), int(num_classes), init, int(seed), parts)
    try:
        chosen.describe(builder)
    except PicturesTooSmall as error:
        raise PicturesTooSmall(
            f"pictures of {size} pixels are too small for {variant} (no window fits at "
            f"{error.layer}); expected {chosen.smallest} or more",
            error.layer,
        ) from None
    return AlexNet(builder.layers, (3, size, size), variant, num_classes, init, parts)


def _paper(net: Builder) -> None:
    """Krizhevsky, Sutskever and Hinton 2012, section 3 and figure 2, as the text has it."""
    # 224 pixels become 55 positions only with 3 more columns and rows, which the code of 2012
    # adds at the right and the bottom.
    net.conv("conv1", 96, 11, stride=4, padding=((0, 3), (0, 3)))
    net.add("relu1", ReLU())
    net.add("norm1", LocalResponseNorm())
    net.add("pool1", MaxPool2d(3, stride=2))

    net.conv("conv2", 256, 5, padding=2, groups=2)
    net.add("relu2", ReLU())
    net.add("norm2", LocalResponseNorm())
    net.add("pool2", MaxPool2d(3, stride=2))

    net.conv("conv3", 384, 3, padding=1)
    net.add("relu3", ReLU())
    net.conv("conv4", 384, 3, padding=1, groups=2)
    net.add("relu4", ReLU())
    net.conv("conv5", 256, 3, padding=1, groups=2)
    net.add("relu5", ReLU())
    net.add("pool5", MaxPool2d(3, stride=2))

    net.flatten()
    net.hidden(6, 4096, inverted_dropout=False)
    net.hidden(7, 4096, inverted_dropout=False)
    net.logits("fc8")


def _original2012(net: Builder) -> None:
    """The released code: normalisation within each tower and before the first ReLU.

    Left out: a second normalisation after conv2, across neighbouring pixels, which the code had
    and the paper does not mention.
    """
    net.conv("conv1", 96, 11, stride=4, padding=((0, 3), (0, 3)))
    net.add("norm1", LocalResponseNorm(alpha_mode="mean", groups=2))
    net.add("pool1", MaxPool2d(3, stride=2))
    net.add("relu1", ReLU())

    net.conv("conv2", 256, 5, padding=2, groups=2)
    net.add("relu2", ReLU())
    net.add("norm2", LocalResponseNorm(alpha_mode="mean", groups=2))
    net.add("pool2", MaxPool2d(3, stride=2))

    net.conv("conv3", 384, 3, padding=1)
    net.add("relu3", ReLU())
    net.conv("conv4", 384, 3, padding=1, groups=2)
    net.add("relu4", ReLU())
    net.conv("conv5", 256, 3, padding=1, groups=2)
    net.add("pool5", MaxPool2d(3, stride=2))
    net.add("relu5", ReLU())

    net.flatten()
    net.hidden(6, 4096, inverted_dropout=False)
    net.hidden(7, 4096, inverted_dropout=False)
    net.logits("fc8")


def _caffe(net: Builder) -> None:
    """Caffe's bvlc_alexnet: pictures of 227 pixels without padding, k = 1, alpha over size."""
    net.conv("conv1", 96, 11, stride=4)
    net.add("relu1", ReLU())
    net.add("norm1", LocalResponseNorm(k=1.0, alpha_mode="mean"))
    net.add("pool1", MaxPool2d(3, stride=2, ceil_mode=True))

    net.conv("conv2", 256, 5, padding=2, groups=2)
    net.add("relu2", ReLU())
    net.add("norm2", LocalResponseNorm(k=1.0, alpha_mode="mean"))
    net.add("pool2", MaxPool2d(3, stride=2, ceil_mode=True))

    net.conv("conv3", 384, 3, padding=1)
    net.add("relu3", ReLU())
    net.conv("conv4", 384, 3, padding=1, groups=2)
    net.add("relu4", ReLU())
    net.conv("conv5", 256, 3, padding=1, groups=2)
    net.add("relu5", ReLU())
    net.add("pool5", MaxPool2d(3, stride=2, ceil_mode=True))

    net.flatten()
    net.hidden(6, 4096, inverted_dropout=True)
    net.hidden(7, 4096, inverted_dropout=True)
    net.logits("fc8")


def _owt(net: Builder) -> None:
    """The one-GPU net of cuda-convnet2, which torchvision took over.

    Its paper (Krizhevsky 2014, "One weird trick for parallelizing convolutional neural networks")
    has 384 filters in conv4, in a footnote; the code and torchvision have 256. Its initial weights
    here are He's; each of those two has others.
    """
    net.conv("conv1", 64, 11, stride=4, padding=2)
    net.add("relu1", ReLU())
    net.add("pool1", MaxPool2d(3, stride=2))

    net.conv("conv2", 192, 5, padding=2)
    net.add("relu2", ReLU())
    net.add("pool2", MaxPool2d(3, stride=2))

    net.conv("conv3", 384, 3, padding=1)
    net.add("relu3", ReLU())
    net.conv("conv4", 256, 3, padding=1)
    net.add("relu4", ReLU())
    net.conv("conv5", 256, 3, padding=1)
    net.add("relu5", ReLU())
    net.add("pool5", MaxPool2d(3, stride=2))
    net.add("avgpool", AdaptiveAvgPool2d(6))

    net.flatten()
    net.dropout("drop6")
    net.linear("fc6", 4096)
    net.add("relu6", ReLU())
    net.dropout("drop7")
    net.linear("fc7", 4096)
    net.add("relu7", ReLU())
    net.logits("fc8")


def _mini(net: Builder) -> None:
    """AlexNet's parts, in its order, at a scale for pictures of some 30 to 130 pixels."""
    net.conv("conv1", 32, 5, padding=2)
    net.add("relu1", ReLU())
    net.add("norm1", LocalResponseNorm())
    net.add("pool1", MaxPool2d(3, stride=2))

    net.conv("conv2", 64, 5, padding=2, groups=2)
    net.add("relu2", ReLU())
    net.add("norm2", LocalResponseNorm())
    net.add("pool2", MaxPool2d(3, stride=2))

    net.conv("conv3", 96, 3, padding=1)
    net.add("relu3", ReLU())
    net.conv("conv4", 96, 3, padding=1, groups=2)
    net.add("relu4", ReLU())
    net.conv("conv5", 64, 3, padding=1, groups=2)
    net.add("relu5", ReLU())
    net.add("pool5", MaxPool2d(3, stride=2))

    net.flatten()
    net.hidden(6, 512, inverted_dropout=True)
    net.hidden(7, 512, inverted_dropout=True)
    net.logits("fc8")


VARIANTS: dict[str, Variant] = {
    "paper": Variant(
        _paper,
        224,
        64,
        "paper",
        "what the text of 2012 says: ReLU, then normalisation with k=2 and alpha=1e-4 times the "
        "sum, across both towers; weights N(0, 0.01^2) everywhere",
    ),
    "original2012": Variant(
        _original2012,
        224,
        64,
        "2012",
        "what the code of 2012 did: normalisation within each tower, alpha divided by 5, and in "
        "the first layer before pooling and ReLU; conv3 to conv5 start with 0.03",
    ),
    "caffe": Variant(
        _caffe,
        227,
        55,
        "caffe",
        "Caffe's bvlc_alexnet: 227 pixels without padding, k=1, alpha divided by 5, inverted "
        "dropout, pooling rounds up; biases start with 0.1",
    ),
    "owt": Variant(
        _owt,
        224,
        63,
        "he",
        "torchvision's alexnet, after the one-GPU net of 2014: no groups, no normalisation, "
        "64-192-384-256-256 filters, padding 2 on all sides, dropout before fc6 and fc7",
    ),
    "mini": Variant(
        _mini,
        56,
        15,
        "he",
        "a small relative for small pictures, not a network of history: stride 1 in conv1, a "
        "third to a quarter of the filters, 512 hidden units",
    ),
}
