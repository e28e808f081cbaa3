"""Threads change how long training takes, and not a bit of what comes out."""

import threading

import numpy as np
import pytest
import threadpoolctl

from minialexnet.layers import SoftmaxCrossEntropy
from minialexnet.models import alexnet
from minialexnet.training import SGD


def blas_threads():
    """How many threads each BLAS library may use."""
    return [
        library["num_threads"]
        for library in threadpoolctl.threadpool_info()
        if library["user_api"] == "blas"
    ]


def trained(batch, steps=2):
    """The weights of a small AlexNet after some steps."""
    network = alexnet("mini", num_classes=10, image_size=42)
    criterion, optimizer = SoftmaxCrossEntropy(), SGD(network, lr=0.02)
    rng = np.random.default_rng(0)
    for _ in range(steps):
        x = rng.standard_normal((batch, 42, 42, 3), np.float32).transpose(0, 3, 1, 2)
        criterion.forward(network.forward(x, training=True), rng.integers(0, 10, batch))
        network.backward(criterion.backward(), input_gradient=False)
        optimizer.step()
    return {name: value.copy() for name, value in network.params.items()}


def assert_same(weights, expected):
    assert list(weights) == list(expected)
    for name, value in expected.items():
        np.testing.assert_array_equal(weights[name], value, err_msg=name)


@pytest.mark.parametrize("batch", [2, 3, 17])
def test_weights_are_the_same_to_the_bit_for_any_number_of_threads(threads, batch):
    """The pool's threads, and those that the caller has given to BLAS; and from run to run."""
    results = []
    for count, blas in ((1, 1), (1, 2), (2, 1), (2, 2), (2, 2), (5, 2)):
        threads(count)
        with threadpoolctl.threadpool_limits(limits=blas, user_api="blas"):
            before = blas_threads()
            results.append(trained(batch))
            assert blas_threads() == before
    for weights in results[1:]:
        assert_same(weights, results[0])


def test_one_picture_can_be_trained_on_with_many_threads(threads):
    threads(4)
    weights = trained(1)
    assert all(np.isfinite(value).all() for value in weights.values())


def test_callers_in_threads_of_their_own_do_not_disturb_each_other(threads):
    threads(2)
    expected, before = trained(17), blas_threads()
    found = {}

    def work(number):
        found[number] = trained(17)

    callers = [threading.Thread(target=work, args=(i,)) for i in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert blas_threads() == before
    for number in range(3):
        assert_same(found[number], expected)
