"""Every layer with every option, on inputs that would show a mistake.

Values are of the size of 1.5, and normalisation gets alpha of about 1: at the paper's 1e-4 its
cross-channel term is so small that a backward pass without it would agree to three digits.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from minialexnet.backend import host_generator
from minialexnet.gradcheck.check import Report, check_layer, check_loss
from minialexnet.layers import (
    AdaptiveAvgPool2d,
    AvgPool2d,
    Conv2d,
    Dropout,
    Flatten,
    Layer,
    Linear,
    LocalResponseNorm,
    MaxPool2d,
    ReLU,
    Sequential,
    Sigmoid,
    SoftmaxCrossEntropy,
    Tanh,
)


@dataclass(frozen=True)
class Case:
    """One line of the table.

    Attributes:
        group: the layer's name; option: what is special about this case.
        check: runs it; takes the array module, a seed and further options of `check_layer`.
    """

    group: str
    option: str
    check: Callable[..., Report]


def all_cases() -> list[Case]:
    """Every layer with every option, and small networks made of all of them."""
    return list(_layers()) + list(_losses()) + list(_networks())


def _layers() -> Iterator[Case]:
    picture = (2, 4, 7, 6)
    conv = [
        ("3x3", Conv2d(4, 6, 3), picture),
        ("1x1", Conv2d(4, 6, 1), picture),
        ("3x2 kernel", Conv2d(4, 6, (3, 2)), picture),
        ("stride 2", Conv2d(4, 6, 3, stride=2), picture),
        ("stride 2x1", Conv2d(4, 6, 3, stride=(2, 1)), picture),
        ("padding 2", Conv2d(4, 6, 3, padding=2), picture),
        ("padding after only, as in 2012", Conv2d(4, 6, 3, 2, ((0, 2), (0, 1))), picture),
        ("groups 2", Conv2d(4, 6, 3, padding=1, groups=2), picture),
        ("groups 4, stride, padding", Conv2d(4, 8, 3, 2, 1, groups=4), picture),
        ("no bias", Conv2d(4, 6, 3, bias=False), picture),
        ("3x3, fewer multiplications", Conv2d(16, 3, 3, padding=1), (16, 16, 2, 5)),
        ("5x5, the same, groups 2", Conv2d(32, 4, 5, padding=2, groups=2), (16, 32, 2, 3)),
        ("11x11 stride 4, as conv1", Conv2d(3, 4, 11, 4, ((0, 3), (0, 3))), (1, 3, 16, 16)),
    ]
    pooling = [
        ("MaxPool2d", "2x2 tiled", MaxPool2d(2), picture),
        ("MaxPool2d", "3x3 stride 2, overlapping", MaxPool2d(3, 2), picture),
        ("MaxPool2d", "padding 1", MaxPool2d(3, 2, 1), picture),
        ("MaxPool2d", "ceil mode", MaxPool2d(3, 2, ceil_mode=True), picture),
        ("MaxPool2d", "3x2 kernel", MaxPool2d((3, 2), (2, 1)), picture),
        ("AvgPool2d", "3x3 stride 2", AvgPool2d(3, 2), picture),
        ("AvgPool2d", "padding 1", AvgPool2d(3, 2, 1), picture),
        ("AvgPool2d", "padding not counted", AvgPool2d(3, 2, 1, False, False), picture),
        ("AvgPool2d", "ceil mode", AvgPool2d(3, 2, 1, ceil_mode=True), picture),
        ("AdaptiveAvgPool2d", "7x6 to 3x4", AdaptiveAvgPool2d((3, 4)), picture),
        ("AdaptiveAvgPool2d", "2x2 to 6x6", AdaptiveAvgPool2d(6), (2, 4, 2, 2)),
    ]
    channels = (2, 8, 3, 2)
    norm = [
        ("size 5", LocalResponseNorm(5, alpha=1.0), channels),
        ("size 3", LocalResponseNorm(3, alpha=0.7), channels),
        ("size 4 (even)", LocalResponseNorm(4, alpha=1.0), channels),
        ("size 1", LocalResponseNorm(1, alpha=1.0), channels),
        ("fewer channels than size", LocalResponseNorm(5, alpha=1.0), (2, 3, 3, 2)),
        ("alpha over size", LocalResponseNorm(5, alpha=4.0, alpha_mode="mean"), channels),
        ("two towers", LocalResponseNorm(5, alpha=1.0, groups=2), channels),
        ("beta 0.5, k 1", LocalResponseNorm(5, alpha=1.0, beta=0.5, k=1.0), channels),
        ("the paper's constants", LocalResponseNorm(), channels),
    ]
    other = [
        ("ReLU", "", ReLU(), picture),
        ("Tanh", "", Tanh(), picture),
        ("Sigmoid", "", Sigmoid(), picture),
        ("Linear", "", Linear(7, 5), (3, 7)),
        ("Linear", "no bias", Linear(7, 5, bias=False), (3, 7)),
        ("Flatten", "", Flatten(), picture),
        ("Dropout", "inverted", Dropout(0.5, seed=0), (4, 9)),
        ("Dropout", "the paper's form", Dropout(0.4, inverted=False, seed=0), (4, 9)),
    ]
    for option, layer, shape in conv:
        yield _layer_case("Conv2d", option, layer, shape)
    for group, option, layer, shape in pooling:
        yield _layer_case(group, option, layer, shape)
    for option, layer, shape in norm:
        yield _layer_case("LocalResponseNorm", option, layer, shape)
    for group, option, layer, shape in other:
        yield _layer_case(group, option, layer, shape)
    yield _layer_case("Dropout", "at test, inverted", Dropout(0.5, seed=0), (4, 9), training=False)
    paper = Dropout(0.4, inverted=False, seed=0)
    yield _layer_case("Dropout", "at test, the paper's form", paper, (4, 9), training=False)


def _losses() -> Iterator[Case]:
    yield _loss_case("plain", SoftmaxCrossEntropy(), 1.0)
    yield _loss_case("logits of size 30", SoftmaxCrossEntropy(), 30.0)
    yield _loss_case("label smoothing", SoftmaxCrossEntropy(0.1), 1.0)


def _networks() -> Iterator[Case]:
    def towers(seed: int) -> Sequential:
        generator = host_generator(seed)
        return Sequential(
            {
                "conv1": Conv2d(3, 4, 5, 2, ((0, 2), (0, 2)), generator=generator),
                "relu1": ReLU(),
                "norm1": LocalResponseNorm(3, alpha=1.0, groups=2),
                "pool1": MaxPool2d(3, 2),
                "conv2": Conv2d(4, 6, 3, padding=1, groups=2, bias_init=0.5, generator=generator),
                "relu2": ReLU(),
                "pool2": MaxPool2d(2, 1),
                "flatten": Flatten(),
                "fc3": Linear(24, 8, generator=generator),
                "relu3": ReLU(),
                "drop3": Dropout(0.5, inverted=False, seed=0),
                "fc4": Linear(8, 4, generator=generator),
            }
        )

    def check(xp, seed: int = 0, **options: object) -> Report:
        x = _input((3, 3, 18, 18), xp, seed)
        return check_layer(towers(seed).to(xp), x, seed=seed, **options)

    yield Case("Sequential", "a small AlexNet with two towers", check)


def _layer_case(
    group: str, option: str, layer: Layer, shape: tuple[int, ...], training: bool = True
) -> Case:
    def check(xp, seed: int = 0, **options: object) -> Report:
        x = _input(shape, xp, seed)
        return check_layer(layer.to(xp), x, training=training, seed=seed, **options)

    return Case(group, option, check)


def _loss_case(option: str, criterion: SoftmaxCrossEntropy, size: float) -> Case:
    def check(xp, seed: int = 0, **options: object) -> Report:
        options.pop("max_points", None)
        generator = host_generator(seed, 2)
        logits = xp.asarray(generator.standard_normal((4, 6)) * size)
        labels = xp.asarray(generator.integers(0, 6, 4))
        return check_loss(criterion, logits, labels, seed=seed, **options)

    return Case("SoftmaxCrossEntropy", option, check)


def _input(shape: tuple[int, ...], xp, seed: int):
    """Numbers of both signs with magnitudes from 0 to 3 or so."""
    return xp.asarray(host_generator(seed, 3).standard_normal(shape) * 1.5)
