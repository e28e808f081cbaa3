"""Is this network, on these pictures, in a state from which it can learn?

"It does not train" is the most frequent complaint about networks of this kind, and the cause is
usually visible before the first epoch is over: initial weights that do not go with the scale of
the pixels, a learning rate that does not go with the weights, units that are dead from the start.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from minialexnet.backend import to_host
from minialexnet.datasets import PictureSet, TrainBatches
from minialexnet.layers import ReLU, SoftmaxCrossEntropy
from minialexnet.training.config import TrainConfig
from minialexnet.training.evaluation import Preprocessing, mean_to_subtract
from minialexnet.training.sgd import SGD

OVERFIT_PICTURES = 20
OVERFIT_STEPS = 200


@dataclass(frozen=True)
class Finding:
    """One question of the check-up.

    Attributes:
        question: what was looked at; answer: what was found; ok: whether it is as it should be;
        advice: what to do if it is not.
    """

    question: str
    answer: str
    ok: bool
    advice: str = ""


def check_health(config: TrainConfig, train: PictureSet, xp) -> Iterator[Finding]:
    """Yield the findings one by one; the last of them trains on 20 pictures for a while.

    Args: config: the run that is planned; train: its pictures; xp: array module to compute with.
    """
    mean = mean_to_subtract(config.mean, train.statistics)
    preprocessing = Preprocessing(mean, config.pixel_scale, config.image_size)
    # Of one picture, or a few, the spread says nothing, and they are soon learnt by heart.
    pictures = min(max(config.batch_size, OVERFIT_PICTURES), 64)
    batch = TrainBatches(train, pictures, config.image_size, config.seed)
    pixels, labels = batch.batch(epoch=0, step=0)
    x = preprocessing(pixels, xp)
    network = config.network().to(xp)
    criterion = SoftmaxCrossEntropy()

    yield _pixels(x)
    loss = float(criterion.forward(network.forward(x, training=True), labels))
    yield _first_loss(loss, config.num_classes)
    yield from _activations(network, x)
    network.backward(criterion.backward(), input_gradient=False)
    yield from _updates(network, config)
    yield _overfit(config, pixels, labels, preprocessing, xp)


def _pixels(x) -> Finding:
    mean, std = float(x.mean()), float(x.std())
    return Finding("pixels as the network sees them", f"mean {mean:.3g}, spread {std:.3g}", True)


def _first_loss(loss: float, num_classes: int) -> Finding:
    expected = math.log(num_classes)
    return Finding(
        "first loss",
        f"{loss:.3f}; guessing gives ln {num_classes} = {expected:.3f}",
        math.isfinite(loss) and abs(loss - expected) < 0.5 * expected,
        "far below: the network answers before it has learnt; look whether nearly all pictures are "
        "of one class"
        if loss < expected
        else "far above: the logits start too large, take smaller initial weights in the last "
        "layer or a smaller scale of the pixels",
    )


def _activations(network, x) -> Iterator[Finding]:
    """The spread of each layer with parameters, and the units of each ReLU that never fire."""
    spreads, dead = {}, {}
    for name, layer in network.layers.items():
        x = layer.predict(x)
        if layer.params:
            spreads[name] = float(x.std(axis=0).mean())  # biases are the same for all pictures
        if isinstance(layer, ReLU):
            axes = (0, 2, 3) if x.ndim == 4 else (0,)
            dead[name] = float(to_host((x <= 0).all(axis=axes)).mean())
    hidden = list(spreads.values())[:-1]
    yield Finding(
        "how far the outputs differ from picture to picture",
        ", ".join(f"{name} {spread:.2g}" for name, spread in spreads.items()),
        all(0.01 < spread < 1000 for spread in hidden),
        "a signal that fades or explodes from layer to layer: --init he goes with pixels of "
        "spread 1, --init 2012 with pixels of 0 to 255",
    )
    if not dead:  # tanh and sigmoid have no such units
        return
    yield Finding(
        "units that are zero for every picture",
        ", ".join(f"{name} {share:.0%}" for name, share in dead.items()),
        all(share < 0.5 for share in dead.values()),
        "dead units learn nothing: use a smaller --lr or other initial weights",
    )


def _updates(network, config: TrainConfig) -> Iterator[Finding]:
    """How large a step is beside the weights, at the planned learning rate and full momentum."""
    before = {name: to_host(w).copy() for name, w in network.params.items()}
    optimizer = SGD(network, config.lr, config.momentum, config.weight_decay)
    optimizer.step()
    ratios = {}
    for name, old in before.items():
        if name.endswith(".weight"):
            new = to_host(network.params[name])
            step = np.linalg.norm(np.float64(new) - old) / (1 - config.momentum)
            ratios[name.removesuffix(".weight")] = float(step / np.linalg.norm(old))
    ratios.popitem()  # the last layer starts near 0, so that its first step is large beside it
    yield Finding(
        "size of a step over size of the weights",
        ", ".join(f"{name} {ratio:.1g}" for name, ratio in ratios.items()),
        all(1e-6 < ratio < 0.3 for ratio in ratios.values()),
        "healthy is about 0.001 to 0.05 once training is under way: change --lr accordingly",
    )


def _overfit(config: TrainConfig, pixels, labels, preprocessing: Preprocessing, xp) -> Finding:
    """Can it learn 20 pictures by heart? If not, it will not learn a set."""
    network = config.network().to(xp)
    x, labels = preprocessing(pixels[:OVERFIT_PICTURES], xp), labels[:OVERFIT_PICTURES]
    criterion = SoftmaxCrossEntropy()
    # Half of the highest rate, to which a schedule climbs only when the first steps are done.
    optimizer = SGD(network, config.lr / 2, config.momentum, weight_decay=0.0)
    loss, right, steps = math.inf, 0, 0
    for steps in range(1, OVERFIT_STEPS + 1):
        loss = float(criterion.forward(network.forward(x, training=True), labels))
        if not math.isfinite(loss):
            break
        network.backward(criterion.backward(), input_gradient=False)
        optimizer.step()
        if steps % 10 == 0:
            right = int((to_host(network.predict(x)).argmax(axis=1) == to_host(labels)).sum())
            if right == len(labels):
                break
    return Finding(
        f"can it learn {len(labels)} pictures by heart",
        f"{right} of {len(labels)} right after {steps} steps",
        math.isfinite(loss) and right == len(labels),
        "a network that cannot is not started right: see the findings above, and try another --lr",
    )
