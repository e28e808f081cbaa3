"""The loss at the end of the network."""

from minialexnet.backend import asarray_like
from minialexnet.errors import InputError
from minialexnet.layers.arguments import share
from minialexnet.layers.base import Array
from minialexnet.ops.softmax import (
    check_labels,
    softmax_cross_entropy,
    softmax_cross_entropy_backward,
)


class SoftmaxCrossEntropy:
    """Multinomial logistic regression: softmax of the logits, and -log of the true class's share.

    Args: label_smoothing: how much of the target is spread evenly over all classes.
    """

    def __init__(self, label_smoothing: float = 0.0) -> None:
        self.label_smoothing = share(label_smoothing, "label_smoothing")
        self._memory: tuple[Array, Array] | None = None

    def forward(self, logits: Array, labels: Array) -> Array:
        """The mean loss over the batch: one number of the logits' dtype, where they are.

        Args:   logits (N, C); labels (N,), whole numbers in [0, C), on the host or like logits.
        Raises: InputError for labels of another shape, or that are no class.
        """
        check_labels(logits, labels)
        labels = asarray_like(labels, logits)
        loss, p = softmax_cross_entropy(logits, labels, self.label_smoothing)
        self._memory = p, labels
        return loss

    def forget(self) -> None:
        """Drop what `forward` remembered."""
        self._memory = None

    def backward(self, dloss: float = 1.0) -> Array:
        """dL/dlogits, (N, C), where the loss itself has the gradient `dloss`.

        Raises: InputError when no forward pass came before.
        """
        if self._memory is None:
            raise InputError(
                "SoftmaxCrossEntropy.backward came without a forward pass; call forward first"
            )
        p, labels = self._memory
        return softmax_cross_entropy_backward(dloss, p, labels, self.label_smoothing)
