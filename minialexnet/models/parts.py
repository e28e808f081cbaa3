"""The parts that made AlexNet win, each of which can be taken out or put back to what was before.

To see what a part is good for, train the network with and without it, and with everything else as
it was: whatever a switch does not concern begins with the same weights, bit by bit.
"""

from dataclasses import dataclass, fields
from numbers import Real

from minialexnet.errors import InputError
from minialexnet.layers import (
    AvgPool2d,
    Layer,
    LocalResponseNorm,
    MaxPool2d,
    ReLU,
    Sigmoid,
    Tanh,
)

ACTIVATIONS: dict[str, type[Layer]] = {"relu": ReLU, "tanh": Tanh, "sigmoid": Sigmoid}
POOLINGS = ("overlapped", "tiled")
POOLS: dict[str, type[Layer]] = {"max": MaxPool2d, "average": AvgPool2d}


@dataclass(frozen=True)
class Parts:
    """Which of its parts a network has. By default all that its variant has.

    A switch takes out or replaces, and adds nothing: `owt` has neither normalisation nor groups,
    whatever `lrn` and `groups` say.

    Attributes:
        activation: "relu", or what came before it (section 3.1 of the paper): "tanh", "sigmoid".
        lrn: keep the local response normalisation (section 3.3).
        pooling: "overlapped", windows of 3 pixels 2 apart (section 3.4), or "tiled", windows as
            large as they are apart, 2 pixels. Where the maps have an odd number of pixels a side,
            as the paper's have, both give maps of the same size; where it is even, and pooling does
            not round up, tiled windows give one row and column more.
        pool: takes the "max" of a window, or its "average", as was usual before.
        dropout: probability of dropping a hidden unit (section 4.2); 0 leaves dropout out.
        groups: keep the two towers (section 3.2), which see each other in conv3 and from fc6 on
            only. Without them conv2, conv4 and conv5 have twice the weights, and normalisation
            within towers goes across all channels.

    Raises: InputError for values there are not.
    """

    activation: str = "relu"
    lrn: bool = True
    pooling: str = "overlapped"
    pool: str = "max"
    dropout: float = 0.5
    groups: bool = True

    def __post_init__(self) -> None:
        choices = {"activation": ACTIVATIONS, "pooling": POOLINGS, "pool": POOLS}
        for name, allowed in choices.items():
            value = getattr(self, name)
            if not isinstance(value, str) or value not in allowed:
                raise InputError(f"{name} is {value!r}; expected one of {', '.join(allowed)}")
        for name in ("lrn", "groups"):
            if not isinstance(getattr(self, name), bool):
                raise InputError(f"{name} is {getattr(self, name)!r}; expected True or False")
        p = self.dropout
        if not isinstance(p, Real) or isinstance(p, bool) or not 0 <= p < 1:
            raise InputError(f"dropout is {p!r}; expected a probability of at least 0 and below 1")

    def instead_of(self, layer: Layer) -> Layer | None:
        """What a network with these parts has in the place of `layer`; None: nothing."""
        if isinstance(layer, ReLU):
            return ACTIVATIONS[self.activation]()
        if isinstance(layer, LocalResponseNorm):
            return self._norm(layer)
        if isinstance(layer, MaxPool2d):
            return self._pooling(layer)
        return layer

    def _pooling(self, layer: MaxPool2d) -> Layer:
        """Its windows are square, and there is no padding: so it is in all variants."""
        (kernel_size, _), (stride, _) = layer.kernel_size, layer.stride
        if self.pooling == "tiled":  # without rounding up, or there would be more windows
            return POOLS[self.pool](stride)
        return POOLS[self.pool](kernel_size, stride, ceil_mode=layer.ceil_mode)

    def _norm(self, layer: LocalResponseNorm) -> LocalResponseNorm | None:
        if not self.lrn:
            return None
        if not self.groups:
            layer.groups = 1
        return layer

    def __str__(self) -> str:
        """What is not as the variant has it: "tanh, no LRN, dropout 0.2"; empty if nothing is."""
        words = {
            "activation": self.activation,
            "lrn": "no LRN",
            "pooling": "tiled pooling",
            "pool": "average pooling",
            "dropout": f"dropout {self.dropout:g}" if self.dropout else "no dropout",
            "groups": "no groups",
        }
        return ", ".join(
            text for name, text in words.items() if getattr(self, name) != getattr(Parts, name)
        )

    def of(self, variant: str) -> str:
        """The network in words: "mini", or "mini, tanh, no LRN"."""
        return ", ".join(filter(None, (variant, str(self))))


PART_NAMES = tuple(field.name for field in fields(Parts))
