"""The training loop of the course: all of it on one page, for arrays in memory.

`minialexnet.training.Trainer` is the same with all that long trainings need: checkpoints, resuming,
augmentation, schedules, progress.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minialexnet.backend import get_array_module, host_generator
from minialexnet.errors import InputError
from minialexnet.layers import Layer, SoftmaxCrossEntropy
from minialexnet.layers.arguments import whole_number
from minialexnet.training import SGD

CHUNK = 250
"""Pictures that are measured at a time."""


def train(
    network: Layer,
    x: Any,
    labels: Any,
    epochs: int = 5,
    *,
    val: tuple[Any, Any] | None = None,
    batch_size: int = 50,
    lr: float = 0.02,
    momentum: float = 0.9,
    weight_decay: float = 5e-4,
    seed: int = 0,
    watch: Callable[[int, Layer], None] | None = None,
) -> dict[str, list[float]]:
    """Train a network by SGD with momentum.

    Args:
        x: (N, C, H, W) float32; labels: (N,), both where the network is.
        val: (x, labels) to measure after each epoch.
        watch: called as watch(steps done, network) after the backward pass of each step.
    Returns:
        {"loss": of each step, "error": share of training pictures that were wrong, of each epoch
        (while it learnt), "val_error": likewise after each epoch, if there is `val`}.
    Raises:
        InputError: there are no pictures, or not one label for each; a number makes no sense.
    """
    epochs, batch_size = whole_number(epochs, "epochs", 0), whole_number(batch_size, "batch_size")
    seed = whole_number(seed, "seed", 0)
    _check_labels(x, labels)
    if val is not None:
        if not isinstance(val, tuple | list) or len(val) != 2:
            raise InputError("val is no pair; expected (pictures, labels)")
        _check_labels(*val, "val ")
    xp = get_array_module(x)
    generator = host_generator(seed, 0)
    criterion, optimizer = SoftmaxCrossEntropy(), SGD(network, lr, momentum, weight_decay)
    history: dict[str, list[float]] = {"loss": [], "error": [], "val_error": []}
    for _ in range(epochs):
        order, wrong = xp.asarray(generator.permutation(len(x))), 0
        for start in range(0, len(x), batch_size):
            batch = order[start : start + batch_size]
            logits = network.forward(x[batch], training=True)
            history["loss"].append(float(criterion.forward(logits, labels[batch])))
            network.backward(criterion.backward(), input_gradient=False)
            if watch is not None:
                watch(len(history["loss"]), network)
            optimizer.step()
            wrong += int((logits.argmax(axis=1) != labels[batch]).sum())
        history["error"].append(wrong / len(x))
        if val is not None:
            history["val_error"].append(error(network, *val))
    return history


def error(network: Layer, x: Any, labels: Any) -> float:
    """The share of pictures whose best-rated class is not theirs.

    Raises: InputError if there are no pictures, or not one label for each.
    """
    _check_labels(x, labels)
    wrong = 0
    for start in range(0, len(x), CHUNK):
        piece = slice(start, start + CHUNK)
        wrong += int((network.predict(x[piece]).argmax(axis=1) != labels[piece]).sum())
    return wrong / len(x)


def _check_labels(x: Any, labels: Any, what: str = "") -> None:
    """One label would be compared with every picture, and labels too many go unnoticed."""
    get_array_module(x, labels)  # refuses what is no array
    if tuple(labels.shape) != (len(x),) or not len(x):
        raise InputError(
            f"got {len(x)} {what}pictures and labels of shape {tuple(labels.shape)}; expected as "
            "many labels as pictures, (N,), and at least one"
        )
