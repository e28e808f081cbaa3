import numpy as np
import pytest

from learn.exercises.answers import accepted, refused
from minialexnet import learn
from minialexnet.backend import get_array_module
from minialexnet.learn.exercises import training
from minialexnet.training import Tally

# ------------------------------------------------------------- right answers, as readers write them


def with_all_options(network, criterion, optimizer, x, labels):
    logits = network.forward(x, True)
    loss = float(criterion.forward(logits, labels))
    network.backward(criterion.backward(1.0), input_gradient=False)
    optimizer.step()
    return loss


def own_softmax(network, criterion, optimizer, x, labels):
    xp = get_array_module(x)
    logits = network.forward(x, training=True)
    shares = xp.exp(logits - logits.max(axis=1, keepdims=True))
    shares = shares / shares.sum(axis=1, keepdims=True)
    truth = xp.zeros_like(shares)
    for i in range(len(x)):
        truth[i, int(labels[i])] = 1
    network.backward((shares - truth) / len(x))
    optimizer.step()
    return -(truth * xp.log(shares)).sum() / len(x)


def own_update(network, criterion, optimizer, x, labels):
    loss = criterion.forward(network.forward(x, training=True), labels)
    network.backward(criterion.backward())
    for name, w in network.params.items():
        v, is_bias = optimizer.velocity[name], name.endswith("bias")
        rate = optimizer.lr * (2 if is_bias else 1)
        decay = 0 if is_bias else optimizer.weight_decay
        v[...] = optimizer.momentum * v - decay * rate * w - rate * network.grads[name]
        w += v
    return loss


@pytest.mark.parametrize("answer", [with_all_options, own_softmax, own_update])
def test_other_ways_to_make_a_step_are_right(answer):
    accepted("train_step", answer)


def by_loops(logits, labels, k):
    wrong = 0
    for row, label in zip(logits, labels, strict=True):
        best = sorted(range(len(row)), key=lambda c: row[c])[::-1][:k]
        wrong += int(label) not in best
    return wrong / len(labels)


def by_rank(logits, labels, k):
    true = np.take_along_axis(logits, labels[:, None], axis=1)
    return ((logits > true).sum(axis=1) >= k).mean()


@pytest.mark.parametrize("answer", [by_loops, by_rank])
def test_other_ways_to_count_errors_are_right(answer):
    accepted("topk_error", answer)


# ------------------------------------------------------------------------------ beside the library


def test_the_errors_are_those_of_the_library(rng):
    logits, labels = rng.standard_normal((60, 12)), rng.integers(0, 12, 60)
    tally = Tally()
    tally.add(0.0, logits, labels)
    assert training.topk_error(logits, labels, 1) == pytest.approx(tally.top1_error)
    assert training.topk_error(logits, labels, 5) == pytest.approx(tally.top5_error)


# ---------------------------------------------------------- wrong answers, as readers write them


def at_test_time(network, criterion, optimizer, x, labels):
    loss = criterion.forward(network.forward(x), labels)
    network.backward(criterion.backward())
    optimizer.step()
    return loss


def called(network, criterion, optimizer, x, labels):
    loss = criterion.forward(network(x), labels)
    network.backward(criterion.backward())
    optimizer.step()
    return loss


def step_before_backward(network, criterion, optimizer, x, labels):
    logits = network.forward(x, training=True)
    loss = criterion.forward(logits, labels)
    optimizer.step()
    network.backward(criterion.backward())
    return loss


def without_step(network, criterion, optimizer, x, labels):
    logits = network.forward(x, training=True)
    loss = criterion.forward(logits, labels)
    network.backward(criterion.backward())
    return loss


def gradient_before_loss(network, criterion, optimizer, x, labels):
    logits = network.forward(x, training=True)
    network.backward(criterion.backward())
    optimizer.step()
    return criterion.forward(logits, labels)


def gradient_not_handed_on(network, criterion, optimizer, x, labels):
    logits = network.forward(x, training=True)
    loss = criterion.forward(logits, labels)
    criterion.backward()
    network.backward(logits)
    optimizer.step()
    return loss


def loss_afterwards(network, criterion, optimizer, x, labels):
    criterion.forward(network.forward(x, training=True), labels)
    network.backward(criterion.backward())
    optimizer.step()
    return criterion.forward(network.predict(x), labels)


def forward_for_each_use(network, criterion, optimizer, x, labels):
    guesses = network.forward(x, training=True).argmax(axis=1)
    loss = criterion.forward(network.forward(x, training=True), labels)
    network.backward(criterion.backward())
    optimizer.step()
    assert len(guesses) == len(x)
    return loss


def loss_handed_to_backward(network, criterion, optimizer, x, labels):
    loss = criterion.forward(network.forward(x, training=True), labels)
    network.backward(criterion.backward(loss))
    optimizer.step()
    return loss


def mean_twice(network, criterion, optimizer, x, labels):
    loss = criterion.forward(network.forward(x, training=True), labels)
    network.backward(criterion.backward() / x.shape[0])
    optimizer.step()
    return loss


def pictures_turned_round(network, criterion, optimizer, x, labels):
    logits = network.forward(x[::-1], training=True)
    loss = criterion.forward(logits, labels)
    network.backward(criterion.backward())
    optimizer.step()
    return loss


def logits_returned(network, criterion, optimizer, x, labels):
    logits = network.forward(x, training=True)
    criterion.forward(logits, labels)
    network.backward(criterion.backward())
    optimizer.step()
    return logits


@pytest.mark.parametrize(
    "answer, words",
    [
        (at_test_time, "training=True"),
        (called, "predict remembers nothing"),
        (step_before_backward, "step comes before network.backward"),
        (without_step, "optimizer.step() is missing"),
        (gradient_before_loss, "first the loss, then its gradient"),
        (gradient_not_handed_on, "got the logits"),
        (loss_afterwards, "after the step"),
        (forward_for_each_use, "called twice"),
        (loss_handed_to_backward, "multiplied by the loss"),
        (mean_twice, "once too often"),
        (pictures_turned_round, "those of other pictures"),
        (logits_returned, "logits are returned"),
    ],
)
def test_a_wrong_step_gets_a_hint(answer, words):
    refused("train_step", answer, words)


def test_a_step_that_returns_nothing_is_told_so():
    def no_return(network, criterion, optimizer, x, labels):
        training.train_step(network, criterion, optimizer, x, labels)

    assert "no `return`" in str(learn.check("train_step", no_return))


def test_a_habit_of_another_library_is_told_with_its_line():
    def zero_grad(network, criterion, optimizer, x, labels):
        optimizer.zero_grad()

    assert "optimizer.zero_grad()" in str(learn.check("train_step", zero_grad))


def test_the_first_case_is_the_one_computed_by_hand():
    x, labels = training._step_cases(np.random.default_rng(0))[0]
    losses, parameters = training._take_steps(training.train_step, x, labels)
    assert losses == pytest.approx([np.log(3)])
    third = 0.1 / 3  # learning rate times share; biases learn at twice the rate
    weights = [[4 * third, 2 * third], [-2 * third, -third], [-2 * third, -third]]
    expected = np.array([*np.ravel(weights), 4 * third, -2 * third, -2 * third])
    assert parameters == pytest.approx(expected)


def accuracy(logits, labels, k):
    best = np.argsort(logits, axis=1)[:, -k:]
    return np.mean([label in row for row, label in zip(best, labels, strict=True)])


def smallest(logits, labels, k):
    best = np.argsort(logits, axis=1)[:, :k]
    return 1 - np.mean([label in row for row, label in zip(best, labels, strict=True)])


def only_the_best(logits, labels, k):
    return (logits.argmax(axis=1) != labels).mean()


def mean_over_places(logits, labels, k):
    best = np.argsort(-logits, axis=1)[:, :k]
    return 1 - (best == labels[:, None]).mean()


def only_the_kth(logits, labels, k):
    order = np.argsort(-logits, axis=1)
    return (order[:, k - 1] != labels).mean()


def in_any_row(logits, labels, k):
    best = np.argsort(-logits, axis=1)[:, :k]
    return np.mean([label not in best for label in labels])


def one_too_many(logits, labels, k):
    true = np.take_along_axis(logits, labels[:, None], axis=1)
    return ((logits > true).sum(axis=1) > k).mean()


def how_many(logits, labels, k):
    best = np.argsort(-logits, axis=1)[:, :k]
    return (~(best == labels[:, None]).any(axis=1)).sum()


@pytest.mark.parametrize(
    "answer, words",
    [
        (accuracy, "share of the right ones"),
        (smallest, "smallest"),
        (only_the_best, "k is ignored"),
        (mean_over_places, "*any* of them"),
        (only_the_kth, "place k"),
        (in_any_row, "best classes of *all* pictures"),
        (one_too_many, "One class too many"),
        (how_many, "how many are wrong"),
    ],
)
def test_miscounted_errors_get_a_hint(answer, words):
    refused("topk_error", answer, words)


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (lambda loss: (loss, "logits"), "It returned a tuple; expected the loss, one number"),
        (lambda loss: "ok", "expected the loss, one number"),
    ],
)
def test_a_step_that_returns_something_else(extra, words):
    verdict = learn.check("train_step", lambda *given: extra(training.train_step(*given)))
    assert not verdict.ok and words in str(verdict)
