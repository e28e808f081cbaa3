"""Notebook 12: training."""

from numbers import Real

import numpy as np

from minialexnet.backend import get_array_module, host_generator, to_host
from minialexnet.layers import (
    Conv2d,
    Dropout,
    Flatten,
    Linear,
    MaxPool2d,
    ReLU,
    Sequential,
    SoftmaxCrossEntropy,
)
from minialexnet.learn.exercise import Exercise, Mistake
from minialexnet.learn.outcome import NoResult
from minialexnet.learn.wording import kind_of
from minialexnet.ops import softmax
from minialexnet.training import SGD


def train_step(network, criterion, optimizer, x, labels):
    logits = network.forward(x, training=True)
    loss = criterion.forward(logits, labels)
    dlogits = criterion.backward()
    network.backward(dlogits)
    optimizer.step()
    return loss


def topk_error(logits, labels, k):
    best = logits.argsort(axis=1)[:, -k:]
    right = (best == labels[:, None]).any(axis=1)
    return 1 - right.mean()


def _take_steps(answer, x, labels):
    """One step on each of the batches x[0], x[1], ...: the losses, and the weights at the end.

    Before them the network sees another batch, without a step: so what was remembered and the
    gradients of a batch before are there, as in the midst of a training, for those who take them
    by mistake.
    """
    xp = get_array_module(x)
    network = _network(x[0]).astype(x.dtype).to(xp)
    criterion, optimizer = SoftmaxCrossEntropy(), SGD(network, lr=0.1)
    criterion.forward(network.forward(1 - x[0], training=True), (labels[0] + 1) % CLASSES)
    network.backward(criterion.backward())
    losses = []
    for i in range(len(x)):
        loss = answer(network, criterion, optimizer, x[i], labels[i])
        if loss is None:
            return None
        if not isinstance(loss, Real) and not hasattr(loss, "dtype"):
            raise NoResult(f"It returned {kind_of(loss)}; expected the loss, one number.")
        losses.append(to_host(loss) if hasattr(loss, "get") else loss)
    weights = [to_host(w).ravel() for w in network.params.values()]
    return np.array(losses, dtype=x.dtype), np.concatenate(weights)


CLASSES = 3


def _network(x):
    """One layer of zeros for vectors; for pictures a convolution, dropout and two layers more."""
    if x.ndim == 2:
        layer = Linear(x.shape[1], CLASSES)
        layer.params["weight"][...] = 0
        return Sequential({"fc": layer})
    generator, side = host_generator(12), x.shape[2] // 2
    return Sequential(
        {
            "conv": Conv2d(x.shape[1], 4, 3, padding=1, generator=generator),
            "relu": ReLU(),
            "pool": MaxPool2d(2),
            "flatten": Flatten(),
            "fc6": Linear(4 * side * side, 8, generator=generator),
            "relu6": ReLU(),
            "drop6": Dropout(0.5, seed=12),
            "fc7": Linear(8, CLASSES, generator=generator),
        }
    )


def _step_cases(rng):
    return [
        (np.array([[[2.0, 1.0]]]), np.array([[0]])),
        (
            np.array([[[2.0, 1.0], [0.0, 3.0]], [[1.0, 1.0], [4.0, 0.0]]]),
            np.array([[0, 2], [1, 1]]),
        ),
        (
            rng.standard_normal((3, 4, 3, 4, 4)),
            np.array([[0, 1, 2, 1], [2, 2, 0, 1], [1, 0, 0, 2]]),
        ),
        (rng.standard_normal((2, 5, 2, 6, 6)), np.array([[0, 1, 2, 0, 0], [2, 1, 1, 0, 2]])),
    ]


def _topk_cases(rng):
    def case(n, c, k):
        return rng.standard_normal((n, c)), rng.integers(0, c, n), k

    by_hand = np.array([[1.0, 5.0, 3.0, 2.0], [7.0, 0.0, 4.0, 6.0]])
    return [
        (by_hand, np.array([1, 3]), 1),
        (by_hand, np.array([2, 2]), 2),
        (by_hand, np.array([0, 1]), 3),
        case(9, 6, 1),
        case(40, 10, 3),
        case(50, 10, 5),
        case(30, 20, 5),
    ]


def _with_logits(forward, network, criterion, optimizer, x, labels):
    loss = criterion.forward(forward(x), labels)
    network.backward(criterion.backward())
    optimizer.step()
    return loss


def _step_first(network, criterion, optimizer, x, labels):
    loss = criterion.forward(network.forward(x, training=True), labels)
    optimizer.step()
    network.backward(criterion.backward())
    return loss


def _no_step(network, criterion, optimizer, x, labels):
    loss = criterion.forward(network.forward(x, training=True), labels)
    network.backward(criterion.backward())
    return loss


def _no_backward(network, criterion, optimizer, x, labels):
    loss = criterion.forward(network.forward(x, training=True), labels)
    optimizer.step()
    return loss


def _backward_before_loss(network, criterion, optimizer, x, labels):
    logits = network.forward(x, training=True)
    network.backward(criterion.backward())
    loss = criterion.forward(logits, labels)
    optimizer.step()
    return loss


def _loss_afterwards(network, criterion, optimizer, x, labels):
    train_step(network, criterion, optimizer, x, labels)
    return criterion.forward(network.predict(x), labels)


def _loss_of_another_pass_afterwards(network, criterion, optimizer, x, labels):
    train_step(network, criterion, optimizer, x, labels)
    return criterion.forward(network.forward(x, training=True), labels)


def _forward_twice(network, criterion, optimizer, x, labels):
    network.forward(x, training=True)
    return train_step(network, criterion, optimizer, x, labels)


def _loss_and_gradient_of_two_passes(network, criterion, optimizer, x, labels):
    loss = criterion.forward(network.forward(x, training=True), labels)
    train_step(network, criterion, optimizer, x, labels)
    return loss


def _gradient(change, network, criterion, optimizer, x, labels):
    logits = network.forward(x, training=True)
    loss = criterion.forward(logits, labels)
    network.backward(change(criterion, logits, loss))
    optimizer.step()
    return loss


def _softmax_twice(network, criterion, optimizer, x, labels):
    loss = criterion.forward(softmax(network.forward(x, training=True)), labels)
    network.backward(criterion.backward())
    optimizer.step()
    return loss


def _two_steps(network, criterion, optimizer, x, labels):
    loss = train_step(network, criterion, optimizer, x, labels)
    optimizer.step()
    return loss


def _returns_logits(network, criterion, optimizer, x, labels):
    logits = network.forward(x, training=True)
    criterion.forward(logits, labels)
    network.backward(criterion.backward())
    optimizer.step()
    return logits


def _share_of_wrong(right):
    return 1 - right.mean()


def _isin(logits, labels, k):
    xp = get_array_module(logits)
    return _share_of_wrong(xp.isin(labels, logits.argsort(axis=1)[:, -k:]))


FORWARD_TWICE = (
    "network.forward is called twice with training=True: each such pass draws a dropout mask of "
    "its own, and overwrites what the pass before has kept for backward. One pass is enough: keep "
    "its logits."
)
LOSS_AFTERWARDS = (
    "The loss is that of after the step. Return the one that was computed before it: it is what "
    "the gradient belongs to, and it costs no second pass."
)

EXERCISES = (
    Exercise(
        name="train_step",
        task="One step of training on the pictures x (N, C, H, W) and their labels (N,): forward, "
        "loss, backward, update. Returns the loss, as it was before the update.",
        solution=train_step,
        cases=_step_cases,
        call=_take_steps,
        results=("the loss of each step", "the vector of all parameters afterwards"),
        mistakes=(
            Mistake(
                "The forward pass is the one for test time, in which dropout drops nothing: "
                "forward(x, training=True).",
                lambda n, c, o, x, labels: _with_logits(n.forward, n, c, o, x, labels),
            ),
            Mistake(
                "predict remembers nothing, so backward works with what an earlier forward pass "
                "has left: call network.forward(x, training=True).",
                lambda n, c, o, x, labels: _with_logits(n.predict, n, c, o, x, labels),
            ),
            Mistake(
                "The step comes before network.backward: it goes by the gradients of the batch "
                "before (and the very first one would find none).",
                _step_first,
            ),
            Mistake(
                "The parameters never change: optimizer.step() is missing, which has to come after "
                "network.backward.",
                _no_step,
            ),
            Mistake(
                "network.backward is missing: the step goes by gradients that were left from "
                "earlier, always the same.",
                _no_backward,
            ),
            Mistake(
                "criterion.backward() comes before criterion.forward(logits, labels), so it is the "
                "gradient of the batch before: first the loss, then its gradient.",
                _backward_before_loss,
            ),
            Mistake(LOSS_AFTERWARDS, _loss_afterwards),
            Mistake(LOSS_AFTERWARDS, _loss_of_another_pass_afterwards),
            Mistake(FORWARD_TWICE, _forward_twice),
            Mistake(FORWARD_TWICE, _loss_and_gradient_of_two_passes),
            Mistake(
                "The gradient is multiplied by the loss: criterion.backward(loss) takes it for the "
                "gradient of the loss by itself, which is 1. Call criterion.backward().",
                lambda n, c, o, x, labels: _gradient(
                    lambda criterion, logits, loss: criterion.backward(float(loss)),
                    n,
                    c,
                    o,
                    x,
                    labels,
                ),
            ),
            Mistake(
                "network.backward got the logits; what flows back is the gradient of the loss, "
                "which criterion.backward() returns.",
                lambda n, c, o, x, labels: _gradient(
                    lambda criterion, logits, loss: logits, n, c, o, x, labels
                ),
            ),
            Mistake(
                "The gradient is divided by the number of pictures once too often: the loss is a "
                "mean already, and criterion.backward() its gradient.",
                lambda n, c, o, x, labels: _gradient(
                    lambda criterion, logits, loss: criterion.backward() / len(logits),
                    n,
                    c,
                    o,
                    x,
                    labels,
                ),
            ),
            Mistake(
                "The gradient is that of the sum of the losses, but the loss is their mean: divide "
                "by the number of pictures, as criterion.backward() does.",
                lambda n, c, o, x, labels: _gradient(
                    lambda criterion, logits, loss: criterion.backward() * len(logits),
                    n,
                    c,
                    o,
                    x,
                    labels,
                ),
            ),
            Mistake(
                "The criterion was given softmax(logits). It takes the logits themselves, and "
                "contains the softmax: now there are two.",
                _softmax_twice,
            ),
            Mistake(
                "There are two updates: optimizer.step() once for each batch.",
                _two_steps,
            ),
            Mistake(
                "The labels are those of other pictures: whatever changes the order of the "
                "pictures must change that of their labels in the same way.",
                lambda n, c, o, x, labels: train_step(n, c, o, x[::-1], labels),
            ),
            Mistake(
                "The logits are returned; the loss is what criterion.forward(logits, labels) "
                "returns.",
                _returns_logits,
            ),
        ),
    ),
    Exercise(
        name="topk_error",
        task="The share of pictures whose true class is not among the k classes with the largest "
        "logits; logits (N, C), labels (N,).",
        solution=topk_error,
        cases=_topk_cases,
        mistakes=(
            Mistake(
                "That is the share of the right ones; the error is 1 minus it.",
                lambda logits, labels, k: 1 - topk_error(logits, labels, k),
            ),
            Mistake(
                "Those are the k *smallest* logits: argsort begins with the smallest, so the best "
                "are the last k.",
                lambda logits, labels, k: topk_error(-logits, labels, k),
            ),
            Mistake(
                "k is ignored: only the best class of each picture is looked at.",
                lambda logits, labels, k: topk_error(logits, labels, 1),
            ),
            Mistake(
                "Each row has k places and at most one of them is the true class: ask for each "
                "picture whether *any* of them is, before taking the mean.",
                lambda logits, labels, k: _share_of_wrong(
                    logits.argsort(axis=1)[:, -k:] == labels[:, None]
                ),
            ),
            Mistake(
                "Only the class in place k is compared: the true one may be in any place from 1 to "
                "k.",
                lambda logits, labels, k: _share_of_wrong(logits.argsort(axis=1)[:, -k] == labels),
            ),
            Mistake(
                "One class too few is looked at: k - 1 instead of k.",
                lambda logits, labels, k: topk_error(logits, labels, k - 1) if k > 1 else 1.0,
            ),
            Mistake(
                "One class too many is looked at: k + 1 instead of k.",
                lambda logits, labels, k: topk_error(logits, labels, k + 1),
            ),
            Mistake(
                "The true class is looked for among the best classes of *all* pictures (isin does "
                "that): compare each row with its own label, labels[:, None].",
                _isin,
            ),
            Mistake(
                "That is how many are wrong; divide by the number of pictures.",
                lambda logits, labels, k: topk_error(logits, labels, k) * len(labels),
            ),
            Mistake(
                "It is in percent; a share is between 0 and 1.",
                lambda logits, labels, k: topk_error(logits, labels, k) * 100,
            ),
        ),
    ),
)
