"""PyTorch as a contestant: the same layers, under the same names, used as its manual says."""

from collections import OrderedDict

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from work import LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, Work


class TorchNetwork:
    """A PyTorch network, the batch it works on, and its optimizer.

    Args: channels_last: network and pictures are converted to that memory format.
    """

    def __init__(self, work: Work, threads: int, channels_last: bool = False) -> None:
        torch.set_num_threads(threads)
        self.work = work
        layout = torch.channels_last if channels_last else torch.contiguous_format
        self.network = torch_network(work).to(memory_format=layout)
        pixels, labels = work.batch()
        self.x = torch.from_numpy(pixels).to(memory_format=layout)
        self.labels = torch.from_numpy(labels)
        self.optimizer = torch_sgd(self.network)

    @property
    def threads(self) -> int:
        """How many threads it computes on."""
        return torch.get_num_threads()

    def train_step(self) -> None:
        """Forward with dropout, loss, backward without the pixels' gradient, update."""
        self.network.train()
        self.optimizer.zero_grad(set_to_none=True)
        functional.cross_entropy(self.network(self.x), self.labels).backward()
        self.optimizer.step()

    def infer(self) -> None:
        """The logits of the batch."""
        self.network.eval()
        with torch.inference_mode():
            self.network(self.x)

    def logits(self, pixels: np.ndarray) -> np.ndarray:
        """The logits of other pictures, with the paper's padding, to compare contestants by."""
        self.network.eval()
        conv1 = self.network.conv1
        padding, x = conv1.padding, torch.from_numpy(pixels)
        if self.work.variant == "paper":
            conv1.padding, x = (0, 0), functional.pad(x, (0, 3, 0, 3))
        with torch.inference_mode():
            result = self.network(x).numpy()
        conv1.padding = padding
        return result

    def load_weights(self, path: str) -> None:
        """Take the parameters which our network saved."""
        parameters = dict(self.network.named_parameters())
        with np.load(path) as saved, torch.no_grad():
            for name in saved.files:
                value = torch.from_numpy(saved[name])
                if self.work.variant == "paper" and name in ("fc7.weight", "fc8.weight"):
                    # PyTorch's dropout doubles in training, the paper's halves at test. With half
                    # the weights after it both compute the same, in training and at test.
                    value = value / 2
                parameters[name].copy_(value)


def torch_network(work: Work) -> nn.Sequential:
    """The variant's layers, with He's initialisation."""
    network = nn.Sequential(OrderedDict(_LAYERS[work.variant](work.classes)))
    for module in network:
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight)
            nn.init.zeros_(module.bias)
    return network


def torch_sgd(network: nn.Sequential, **options) -> torch.optim.SGD:
    """SGD as in the code of 2012: biases do not decay and learn at twice the rate."""
    weights = [p for name, p in network.named_parameters() if name.endswith("weight")]
    biases = [p for name, p in network.named_parameters() if name.endswith("bias")]
    groups = [
        {"params": weights, "weight_decay": WEIGHT_DECAY},
        {"params": biases, "lr": 2 * LEARNING_RATE},
    ]
    return torch.optim.SGD(groups, lr=LEARNING_RATE, momentum=MOMENTUM, **options)


def _lrn() -> nn.LocalResponseNorm:
    # PyTorch divides alpha by the size; this is the paper's 1e-4 times the sum.
    return nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)


def _relu() -> nn.ReLU:
    return nn.ReLU(inplace=True)  # as torchvision's alexnet has it; saves memory and time


def _pool() -> nn.MaxPool2d:
    return nn.MaxPool2d(3, stride=2)


def _paper(classes: int) -> list[tuple[str, nn.Module]]:
    """As text and figure 2 of 2012 have it.

    conv1 is padded by 2 on all sides where the paper's network has 3 at the right and bottom: the
    same output of 55 x 55 and the same arithmetic, without the copy that an uneven padding would
    cost PyTorch.
    """
    return [
        ("conv1", nn.Conv2d(3, 96, 11, stride=4, padding=2)),
        ("relu1", _relu()),
        ("norm1", _lrn()),
        ("pool1", _pool()),
        ("conv2", nn.Conv2d(96, 256, 5, padding=2, groups=2)),
        ("relu2", _relu()),
        ("norm2", _lrn()),
        ("pool2", _pool()),
        ("conv3", nn.Conv2d(256, 384, 3, padding=1)),
        ("relu3", _relu()),
        ("conv4", nn.Conv2d(384, 384, 3, padding=1, groups=2)),
        ("relu4", _relu()),
        ("conv5", nn.Conv2d(384, 256, 3, padding=1, groups=2)),
        ("relu5", _relu()),
        ("pool5", _pool()),
        *_head(256 * 6 * 6, 4096, classes),
    ]


def _owt(classes: int) -> list[tuple[str, nn.Module]]:
    """As torchvision has it."""
    return [
        ("conv1", nn.Conv2d(3, 64, 11, stride=4, padding=2)),
        ("relu1", _relu()),
        ("pool1", _pool()),
        ("conv2", nn.Conv2d(64, 192, 5, padding=2)),
        ("relu2", _relu()),
        ("pool2", _pool()),
        ("conv3", nn.Conv2d(192, 384, 3, padding=1)),
        ("relu3", _relu()),
        ("conv4", nn.Conv2d(384, 256, 3, padding=1)),
        ("relu4", _relu()),
        ("conv5", nn.Conv2d(256, 256, 3, padding=1)),
        ("relu5", _relu()),
        ("pool5", _pool()),
        ("avgpool", nn.AdaptiveAvgPool2d(6)),
        ("flatten", nn.Flatten()),
        ("drop6", nn.Dropout(0.5)),
        ("fc6", nn.Linear(256 * 6 * 6, 4096)),
        ("relu6", _relu()),
        ("drop7", nn.Dropout(0.5)),
        ("fc7", nn.Linear(4096, 4096)),
        ("relu7", _relu()),
        ("fc8", nn.Linear(4096, classes)),
    ]


def _mini(classes: int) -> list[tuple[str, nn.Module]]:
    """Our small relative, for pictures of 56 pixels."""
    return [
        ("conv1", nn.Conv2d(3, 32, 5, padding=2)),
        ("relu1", _relu()),
        ("norm1", _lrn()),
        ("pool1", _pool()),
        ("conv2", nn.Conv2d(32, 64, 5, padding=2, groups=2)),
        ("relu2", _relu()),
        ("norm2", _lrn()),
        ("pool2", _pool()),
        ("conv3", nn.Conv2d(64, 96, 3, padding=1)),
        ("relu3", _relu()),
        ("conv4", nn.Conv2d(96, 96, 3, padding=1, groups=2)),
        ("relu4", _relu()),
        ("conv5", nn.Conv2d(96, 64, 3, padding=1, groups=2)),
        ("relu5", _relu()),
        ("pool5", _pool()),
        *_head(64 * 6 * 6, 512, classes),
    ]


def _head(features: int, hidden: int, classes: int) -> list[tuple[str, nn.Module]]:
    return [
        ("flatten", nn.Flatten()),
        ("fc6", nn.Linear(features, hidden)),
        ("relu6", _relu()),
        ("drop6", nn.Dropout(0.5)),
        ("fc7", nn.Linear(hidden, hidden)),
        ("relu7", _relu()),
        ("drop7", nn.Dropout(0.5)),
        ("fc8", nn.Linear(hidden, classes)),
    ]


_LAYERS = {"paper": _paper, "owt": _owt, "mini": _mini}
