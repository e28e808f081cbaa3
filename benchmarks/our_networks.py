"""This project as a contestant."""

import numpy as np
from work import LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, Work

from minialexnet import SGD, SoftmaxCrossEntropy, alexnet
from minialexnet.backend import num_threads, set_num_threads


class OurNetwork:
    """A network of this project, the batch it works on, and its optimizer."""

    def __init__(self, work: Work, threads: int) -> None:
        set_num_threads(threads)
        self.work = work
        self.network = alexnet(work.variant, work.classes, init="he")
        self.criterion = SoftmaxCrossEntropy()
        self.optimizer = SGD(self.network, LEARNING_RATE, MOMENTUM, WEIGHT_DECAY)
        # Pictures come from the disk with the colours last, and `to_network_input` leaves them so.
        pixels, self.labels = work.batch()
        self.x = np.ascontiguousarray(pixels.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)

    @property
    def threads(self) -> int:
        """How many threads it computes on."""
        return num_threads()

    def train_step(self) -> None:
        """Forward with dropout, loss, backward without the pixels' gradient, update."""
        self.train_on(self.x, self.labels)

    def train_on(self, x, labels) -> None:
        """`train_step` on another batch."""
        self.criterion.forward(self.network.forward(x, training=True), labels)
        self.network.backward(self.criterion.backward(), input_gradient=False)
        self.optimizer.step()

    def infer(self) -> np.ndarray:
        """The logits of the batch."""
        return self.network.predict(self.x)

    def logits(self, pixels: np.ndarray) -> np.ndarray:
        """The logits of other pictures, to compare contestants by."""
        return self.network.predict(pixels)

    def save_weights(self, path: str) -> None:
        """Write the parameters for other contestants to load."""
        np.savez(path, **self.network.params)

    def flops(self) -> dict[str, int]:
        """Floating-point operations of all matrix products of a training step and of inference.

        The backward pass has two products for each of the forward pass: the gradient of the
        weights, and that of the input, which the first layer does not need.
        """
        network, shape = self.network, self.network.input_shape
        forward = 2 * self.work.batch_size * network.multiply_adds(shape)
        first = 2 * self.work.batch_size * network["conv1"].multiply_adds(shape)
        return {"train": 3 * forward - first, "infer": forward}
