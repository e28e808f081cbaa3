"""PyTorch as a contestant on the GPU."""

import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch_networks import TorchNetwork, torch_sgd
from work import Work

from gpu.clocks import kernel_times, mean_time


class TorchThere(TorchNetwork):
    """A PyTorch network with its batch and its optimizer, all of it on a device."""

    def __init__(self, work: Work, device: torch.device, channels_last: bool) -> None:
        super().__init__(work, torch.get_num_threads(), channels_last)
        self.device = device
        self.network.to(device)
        self.x, self.labels = self.x.to(device), self.labels.to(device)
        self.optimizer = torch_sgd(self.network)

    def logits(self, pixels: np.ndarray) -> np.ndarray:
        """The logits of other pictures, with the paper's padding, to compare contestants by."""
        self.network.eval()
        conv1, x = self.network.conv1, torch.from_numpy(pixels).to(self.device)
        padding = conv1.padding
        if self.work.variant == "paper":
            conv1.padding, x = (0, 0), functional.pad(x, (0, 3, 0, 3))
        with torch.inference_mode():
            result = self.network(x).cpu().numpy()
        conv1.padding = padding
        return result


class Torch:
    """What PyTorch's worker can be told to do; each method is a command.

    Args:
        trial: on the CPU.
        precision: "float32" or "tf32", of matrix products and of convolutions alike.
        channels_last: network and pictures are converted to that memory format.
    """

    def __init__(self, trial: bool, precision: str, channels_last: bool) -> None:
        if not trial and not torch.cuda.is_available():
            raise RuntimeError(f"PyTorch {torch.__version__} sees no GPU; is it built for CPUs?")
        self._on_gpu, self._channels_last = not trial, channels_last
        self._device = torch.device("cuda" if self._on_gpu else "cpu")
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        torch.backends.cudnn.allow_tf32 = precision == "tf32"
        torch.backends.cudnn.benchmark = True  # looks for the fastest way of each convolution
        self._one: TorchThere | None = None

    def about(self) -> dict:
        """Its version, and those of the libraries that it brings."""
        cudnn = torch.backends.cudnn.version() if self._on_gpu else None
        text = f"{torch.__version__}, built for CUDA {torch.version.cuda}, cuDNN {cudnn}"
        return {"version": text if self._on_gpu else f"{torch.__version__}, on the CPU"}

    def work(self, variant: str, batch_size: int) -> dict:
        """Take up this work in place of the last."""
        self._one = None
        if self._on_gpu:
            torch.cuda.empty_cache()
        self._one = TorchThere(Work(variant, batch_size), self._device, self._channels_last)
        return {}

    def train(self, seconds: float) -> dict:
        """Seconds of a training step."""
        return mean_time(self._one.train_step, self._wait, seconds)

    def infer(self, seconds: float) -> dict:
        """Seconds of inference on the batch."""
        return mean_time(self._one.infer, self._wait, seconds)

    def memory(self) -> dict:
        """Bytes of the device that are held."""
        return {"held": torch.cuda.memory_reserved() if self._on_gpu else 0}

    def load_weights(self, path: str) -> dict:
        """Take the parameters from a file."""
        self._one.load_weights(path)
        return {}

    def logits(self, pictures: int) -> dict:
        """The logits of the first pictures of the work."""
        return {"logits": self._one.logits(self._one.work.batch()[0][:pictures]).tolist()}

    def kernels(self, steps: int) -> dict:
        """The kernels of a training step."""
        return {"kernels": kernel_times(self._one.train_step, self._wait, steps)}

    def layers(self, steps: int) -> dict:
        """Seconds of each layer in a training step, taken layer by layer.

        Returns: "layers": by name "forward" and "backward" in seconds; and the seconds of "loss"
        and "update".
        """
        self._one.train_step()
        passes = [self._layer_by_layer() for _ in range(steps + 1)][1:]
        self._wait()
        spent: dict[str, dict[str, float]] = {}
        for name, direction, start, end in (call for calls in passes for call in calls):
            of_layer = spent.setdefault(name, {"forward": 0.0, "backward": 0.0})
            of_layer[direction] += self._seconds(start, end) / steps
        others = {name: spent.pop(name)["forward"] for name in ("loss", "update")}
        return {"layers": spent, **others}

    def _layer_by_layer(self) -> list[tuple]:
        """One step: for each layer its name, the direction, and two marks."""
        one, calls, passed = self._one, [], []
        one.network.train()
        x = one.x
        for name, module in one.network.named_children():
            # Each layer gets an input of its own, which its gradient is asked for by.
            x = x.detach().requires_grad_(bool(passed))
            in_place = isinstance(module, nn.ReLU)  # which such an input does not allow
            start = self._mark()
            y = functional.relu(x) if in_place else module(x)
            calls.append((name, "forward", start, self._mark()))
            passed.append((name, module, x, y))
            x = y
        logits = x.detach().requires_grad_()
        start = self._mark()
        loss = functional.cross_entropy(logits, one.labels)
        (gradient,) = torch.autograd.grad(loss, logits)
        calls.append(("loss", "forward", start, self._mark()))
        for name, module, x, y in reversed(passed):
            parameters = list(module.parameters())
            wanted = [*parameters, *([x] if x.requires_grad else [])]
            start = self._mark()
            found = torch.autograd.grad(y, wanted, gradient)
            calls.append((name, "backward", start, self._mark()))
            for parameter, its_gradient in zip(parameters, found, strict=False):
                parameter.grad = its_gradient
            gradient = found[-1]
        start = self._mark()
        one.optimizer.step()
        calls.append(("update", "forward", start, self._mark()))
        return calls

    def _wait(self) -> None:
        if self._on_gpu:
            torch.cuda.synchronize()

    def _mark(self):
        if not self._on_gpu:
            return time.perf_counter()
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def _seconds(self, start, end) -> float:
        return start.elapsed_time(end) / 1000 if self._on_gpu else end - start
