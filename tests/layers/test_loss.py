"""The loss layer is its operation, and takes labels from either side."""

import numpy as np
import pytest

from minialexnet.errors import InputError
from minialexnet.layers import SoftmaxCrossEntropy
from minialexnet.ops import softmax_cross_entropy, softmax_cross_entropy_backward


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("labels_on_host", [True, False])
def test_the_layer_is_the_operation(backend, dtype, rng, smoothing, labels_on_host):
    logits, labels = backend.put(rng.standard_normal((4, 3)), dtype), np.array([2, 0, 1, 1])
    there = backend.put(labels)
    loss, p = softmax_cross_entropy(logits, there, smoothing)
    layer = SoftmaxCrossEntropy(smoothing)
    ours = layer.forward(logits, labels if labels_on_host else there)
    backend.check(ours, backend.get(loss), dtype)
    for arguments, dloss in (((), 1.0), ((3.0,), 3.0)):
        dlogits = softmax_cross_entropy_backward(dloss, p, there, smoothing)
        backend.check(layer.backward(*arguments), backend.get(dlogits), dtype)


def test_backward_before_forward_is_refused(backend):
    with pytest.raises(InputError, match=r"SoftmaxCrossEntropy\.backward came without a forward"):
        SoftmaxCrossEntropy().backward()


def test_labels_out_of_range_are_refused():
    with pytest.raises(InputError, match="labels run from 0 to 3; expected 0 to 2"):
        SoftmaxCrossEntropy().forward(np.zeros((2, 3), np.float32), np.array([0, 3]))


@pytest.mark.parametrize("smoothing", [-0.1, 1, float("nan")])
def test_what_is_no_share_is_refused(smoothing):
    with pytest.raises(InputError, match=f"label_smoothing is {smoothing}; expected 0"):
        SoftmaxCrossEntropy(smoothing)
