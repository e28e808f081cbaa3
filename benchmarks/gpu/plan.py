"""Which parts there are, how the time is shared out among them, and how much work each has."""

from collections.abc import Sequence
from dataclasses import dataclass

WEIGHTS = {
    "tests": 80,
    "gradients": 80,
    "parity": 80,
    "speed": 140,
    "input": 20,
    "training": 155,
}
"""The parts in their order, and what each needs beside the others, in seconds or so."""

KINDS = ("ours", "torch", "torch channels_last")
"""Of the contestants, as `contestants.RIVALS` has them."""


def shares(parts: Sequence[str], seconds: float) -> dict[str, float]:
    """How many seconds each of the parts gets. They add up to `seconds`."""
    total = sum(WEIGHTS[part] for part in parts)
    return {part: seconds * WEIGHTS[part] / total for part in parts}


def next_share(part: str, parts: Sequence[str], seconds: float) -> float:
    """How much of the seconds left `part` gets; what earlier parts did not need is in them.

    Args: parts: all, in their order.
    """
    return shares(parts[list(parts).index(part) :], max(seconds, 0.0))[part]


@dataclass(frozen=True)
class Sizes:
    """How much work the parts have.

    Attributes:
        tests: files of the test suite; none means all of it.
        gradchecks: options of `minialexnet gradcheck`, by what they check.
        pictures: of a batch, where operations and networks are compared.
        networks: variants that are compared.
        trained: variant, side and batch of the network that is trained on both.
        few, many: steps of that training; memory is looked at after both.
        works: variants and batches that are timed, the most important first.
        rounds, turn: how often each contestant has its turn, and for how many seconds.
        products, copied: sides of the matrices, and bytes, that the ceilings are measured with.
        watched: steps in which the layers are timed.
        fed: variant and batch that are fed, the side of the stored pictures, and steps of a turn.
        recipe: options of `minialexnet train`.
    """

    tests: tuple[str, ...]
    gradchecks: dict[str, tuple[str, ...]]
    pictures: int
    networks: tuple[str, ...]
    trained: tuple[str, int, int]
    few: int
    many: int
    works: tuple[tuple[str, int], ...]
    rounds: int
    turn: float
    products: tuple[int, ...]
    copied: int
    watched: int
    fed: tuple[str, int, int, int]
    recipe: tuple[str, ...]


REAL = Sizes(
    tests=(),
    gradchecks={
        "all layers": (),
        "paper": ("--variant", "paper"),
        "mini": ("--variant", "mini"),
    },
    pictures=8,
    networks=("paper", "owt", "mini"),
    trained=("paper", 112, 32),
    few=20,
    many=200,
    works=(("paper", 128), ("paper", 512), ("owt", 128), ("owt", 512)),
    rounds=5,
    turn=0.2,
    products=(2048, 4096, 8192, 16384),
    copied=1 << 29,
    watched=10,
    fed=("paper", 128, 256, 15),
    recipe=("--picture-size", "128"),
)

TRIAL = Sizes(
    tests=("tests/ops/test_linear.py", "tests/layers/test_flatten.py"),
    gradchecks={
        "layers called linear": ("--layer", "linear"),
        "layers called flatten": ("--layer", "flatten"),
    },
    pictures=1,
    networks=("mini",),
    trained=("mini", 42, 4),
    few=3,
    many=6,
    works=(("mini", 2),),
    rounds=2,
    turn=0.01,
    products=(256,),
    copied=1 << 22,
    watched=2,
    fed=("mini", 4, 64, 3),
    recipe=("--epochs", "2", "--batch-size", "8"),
)
"""Of no meaning on its own: to see on any machine that the command works."""
