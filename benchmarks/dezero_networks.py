"""DeZero 0.0.13 as a contestant, with its own layers and its own optimizer.

It has no groups and no local response normalisation, so it can do `owt` only. It also differs in
three ways that it offers no choice about: it always computes the gradient of the pixels, biases
decay and learn as weights do, and weight decay is a pass of its own over the gradients.

It was written for an older NumPy:

- it asks for `numpy.int`, which NumPy no longer has, and would not even start; so it is given back;
- with NumPy 2 its weights become float64, and all that meets them. As this is not what its author
  meant, it is measured twice: as released, and kept in float32.
"""

import numpy as np
from threadpoolctl import threadpool_limits
from work import LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, Work

if not hasattr(np, "int"):
    np.int = int  # noqa: NPY001

import dezero
import dezero.functions as F
import dezero.layers as L
from dezero import core, optimizers


class DezeroNetwork:
    """A DeZero network, the batch it works on, and its optimizer."""

    def __init__(self, work: Work, threads: int, keep_float32: bool) -> None:
        self.threads = threads  # of NumPy's BLAS, which are all that it has
        threadpool_limits(threads, user_api="blas")
        np.random.seed(0)  # noqa: NPY002 - DeZero draws weights and dropout from this generator
        self.network = Owt(work.classes)
        self.x, self.labels = work.batch()
        if keep_float32:
            _keep_float32()
            self.network.draw_float32_weights()
            self.labels = self.labels.astype(np.int16)
        self.optimizer = optimizers.MomentumSGD(LEARNING_RATE, MOMENTUM).setup(self.network)
        self.optimizer.add_hook(optimizers.WeightDecay(WEIGHT_DECAY))

    def train_step(self) -> None:
        """Forward with dropout, loss, backward, update."""
        loss = F.softmax_cross_entropy(self.network(dezero.Variable(self.x)), self.labels)
        self.network.cleargrads()
        loss.backward()
        self.optimizer.update()

    def infer(self) -> None:
        """The logits of the batch."""
        self.logits(self.x)

    def logits(self, pixels: np.ndarray) -> np.ndarray:
        """The logits of other pictures, to compare contestants by."""
        with dezero.no_grad(), dezero.test_mode():
            return self.network(dezero.Variable(pixels)).data

    def load_weights(self, path: str) -> None:
        """Take the parameters which our network saved."""
        with np.load(path) as saved:
            for name in saved.files:
                layer, parameter = name.split(".")
                own = getattr(getattr(self.network, layer), "W" if parameter == "weight" else "b")
                value = (
                    saved[name].T if parameter == "weight" and layer[:2] == "fc" else saved[name]
                )
                own.data = np.ascontiguousarray(value)


class Owt(dezero.Model):
    """torchvision's AlexNet; its adaptive pooling of 6 x 6 to 6 x 6 is left out."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.conv1 = L.Conv2d(64, 11, stride=4, pad=2, in_channels=3)
        self.conv2 = L.Conv2d(192, 5, pad=2, in_channels=64)
        self.conv3 = L.Conv2d(384, 3, pad=1, in_channels=192)
        self.conv4 = L.Conv2d(256, 3, pad=1, in_channels=384)
        self.conv5 = L.Conv2d(256, 3, pad=1, in_channels=256)
        self.fc6 = L.Linear(4096, in_size=256 * 6 * 6)
        self.fc7 = L.Linear(4096, in_size=4096)
        self.fc8 = L.Linear(classes, in_size=4096)

    def draw_float32_weights(self) -> None:
        """He's initialisation."""
        generator = np.random.default_rng(0)
        for parameter in self.params():
            if parameter.name == "W":
                shape = parameter.data.shape
                fan_in = np.prod(shape[1:]) if len(shape) == 4 else shape[0]
                parameter.data = generator.standard_normal(shape, dtype=np.float32)
                parameter.data *= np.float32(np.sqrt(2 / fan_in))

    def forward(self, x):
        """Pictures (N, 3, 224, 224) to logits."""
        x = F.pooling(F.relu(self.conv1(x)), 3, 2)
        x = F.pooling(F.relu(self.conv2(x)), 3, 2)
        x = F.relu(self.conv3(x))
        x = F.relu(self.conv4(x))
        x = F.pooling(F.relu(self.conv5(x)), 3, 2)
        x = F.reshape(x, (x.shape[0], -1))
        x = F.relu(self.fc6(F.dropout(x)))
        x = F.relu(self.fc7(F.dropout(x)))
        return self.fc8(x)


def _keep_float32() -> None:
    """Let Python's numbers become float32: as arrays of float64 they would widen all they meet."""
    as_array = core.as_array

    def as_float32_array(x, array_module=np):
        return np.array(x, np.float32) if isinstance(x, int | float) else as_array(x, array_module)

    core.as_array = as_float32_array
