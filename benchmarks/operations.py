"""Each operation by itself, forward and backward, by this project and by PyTorch.

Every layer gets what it gets inside the network: conv1 need not compute the gradient of the
pixels, and inputs lie in memory as the layers before leave them. A forward and a backward pass
take turns, for that is how they occur.
"""

import time
from collections.abc import Callable

import numpy as np
from work import LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, Work

OPERATIONS = (
    *("conv1", "conv2", "conv3", "conv4", "conv5", "relu1", "norm1", "norm2"),
    *("pool1", "pool2", "pool5", "drop6", "fc6", "fc7", "fc8", "loss", "update"),
    "update, fused",  # PyTorch's, which one must ask for
)

Passes = tuple[Callable[[], object], Callable[[], object]]


class OurOperations:
    """The operations of the `paper` network by this project."""

    def __init__(self, work: Work, threads: int) -> None:
        from minialexnet import alexnet
        from minialexnet.backend import set_num_threads

        set_num_threads(threads)
        self.work = work
        self.network = alexnet("paper", work.classes, init="he")

    def passes(self, operation: str) -> Passes:
        """Its forward and its backward pass, to be called in turn."""
        if operation == "loss":
            return self._loss()
        if operation == "update":
            return self._update()
        from minialexnet import Sequential

        x, dy = self._input_and_gradient(operation)
        alone = Sequential([self.network[operation]])
        return (
            lambda: alone.forward(x, training=True),
            lambda: alone.backward(dy, input_gradient=operation != "conv1"),
        )

    def _input_and_gradient(self, operation: str) -> tuple[np.ndarray, np.ndarray]:
        """Random x and dy of the layer, laid out in memory as in the network."""
        x = np.zeros((2, self.work.image_size, self.work.image_size, 3), np.float32)
        x = x.transpose(0, 3, 1, 2)  # as `to_network_input` gives it
        for name, layer in self.network.layers.items():
            y = layer.predict(x)
            if name == operation:
                return (
                    random_like(x, self.work.batch_size, 0),
                    random_like(y, self.work.batch_size, 1),
                )
            x = y
        raise ValueError(operation)

    def _loss(self) -> Passes:
        from minialexnet import SoftmaxCrossEntropy

        logits, labels = _logits_and_labels(self.work)
        criterion = SoftmaxCrossEntropy()
        return lambda: criterion.forward(logits, labels), criterion.backward

    def _update(self) -> Passes:
        from minialexnet import SGD

        x, _ = Work("paper", 1, self.work.classes).batch()
        self.network.backward(self.network.forward(x, training=True), input_gradient=False)
        optimizer = SGD(self.network, LEARNING_RATE, MOMENTUM, WEIGHT_DECAY)
        return optimizer.step, _nothing


class TorchOperations:
    """The operations of the `paper` network by PyTorch."""

    def __init__(self, work: Work, threads: int) -> None:
        import torch
        from torch_networks import torch_network

        torch.set_num_threads(threads)
        self.work, self.torch = work, torch
        self.network = torch_network(Work("paper", work.batch_size, work.classes))

    def passes(self, operation: str) -> Passes:
        """Its forward and its backward pass, to be called in turn."""
        torch = self.torch
        if operation.startswith("update"):
            return self._update(fused=operation == "update, fused")
        if operation == "loss":
            logits, labels = map(torch.from_numpy, _logits_and_labels(self.work))
            function = lambda x: torch.nn.functional.cross_entropy(x, labels)  # noqa: E731
            return self._forward_backward(function, logits.requires_grad_(), None, [])
        module = self.network.get_submodule(operation)
        if operation.startswith("relu"):
            module = torch.nn.ReLU()  # in place it would spoil the input that it is given again
        x, dy = self._input_and_gradient(operation)
        x.requires_grad_(operation != "conv1")
        return self._forward_backward(module, x, dy, list(module.parameters()))

    def _forward_backward(self, function, x, dy, parameters) -> Passes:
        wanted = [*parameters, *([x] if x.requires_grad else [])]
        outputs = []

        def forward() -> None:
            outputs[:] = [function(x)]

        def backward() -> None:
            self.torch.autograd.grad(outputs.pop(), wanted, dy)

        return forward, backward

    def _input_and_gradient(self, operation: str):
        """Random x and dy of the layer, in PyTorch's default layout."""
        torch = self.torch
        x = torch.zeros(2, 3, self.work.image_size, self.work.image_size)
        with torch.inference_mode():
            for name, module in self.network.named_children():
                y = module(x.clone())  # some work in place
                if name == operation:
                    break
                x = y
        return tuple(
            torch.from_numpy(random_like(array.numpy(), self.work.batch_size, seed))
            for seed, array in enumerate((x, y))
        )

    def _update(self, fused: bool) -> Passes:
        from torch_networks import torch_sgd

        for parameter in self.network.parameters():
            parameter.grad = self.torch.randn_like(parameter)
        return torch_sgd(self.network, **({"fused": True} if fused else {})).step, _nothing


def _nothing() -> None:
    """The update has no backward pass."""


def random_like(example: np.ndarray, batch_size: int, seed: int) -> np.ndarray:
    """Random numbers of the example's shape, but `batch_size` pictures, with axes in its order."""
    order = sorted(range(example.ndim), key=lambda axis: (-example.strides[axis], axis))
    shape = (batch_size, *example.shape[1:])
    generator = np.random.default_rng(seed)
    inside = generator.standard_normal([shape[axis] for axis in order], dtype=np.float32)
    return inside.transpose(np.argsort(order))


def _logits_and_labels(work: Work) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    logits = generator.standard_normal((work.batch_size, work.classes), dtype=np.float32)
    return logits, generator.integers(0, work.classes, work.batch_size)


def time_passes(passes: Passes, seconds: float) -> dict[str, float]:
    """Seconds of a forward and of a backward pass: the mean over as many as fit in `seconds`.

    It is one pair at least. A first one is left out: it asks for fresh memory.
    """
    _one_pair(*passes)
    forward, backward, count = 0.0, 0.0, 0
    while forward + backward < seconds:
        pair = _one_pair(*passes)
        forward, backward, count = forward + pair[0], backward + pair[1], count + 1
    return {"forward": forward / count, "backward": backward / count}


def _one_pair(forward, backward) -> tuple[float, float]:
    start = time.perf_counter()
    forward()
    middle = time.perf_counter()
    backward()
    return middle - start, time.perf_counter() - middle
