"""This project as a contestant on the GPU, and the GPU's own ceilings."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from our_networks import OurNetwork
from work import LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, Work

from gpu.clocks import kernel_times, mean_time
from gpu.place import Place
from minialexnet import SGD
from minialexnet.backend import is_out_of_memory, num_threads, to_host

DIRECTIONS = {"forward": "run", "backward": "run_backward"}


class NetworkThere(OurNetwork):
    """A network of this project with its batch and its optimizer, all of it at a place."""

    def __init__(self, work: Work, place: Place) -> None:
        super().__init__(work, num_threads())
        self.network.to(place.xp)
        self.optimizer = SGD(self.network, LEARNING_RATE, MOMENTUM, WEIGHT_DECAY)
        self.x, self.labels = place.put(self.x), place.put(self.labels)


class Ours:
    """What the worker of this project can be told to do; each method is a command.

    Args: place: where it computes.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._one: NetworkThere | None = None

    def about(self) -> dict:
        """Nothing that is not known already."""
        return {}

    def work(self, variant: str, batch_size: int) -> dict:
        """Take up this work in place of the last. Returns its floating-point operations."""
        self._one = None
        self._place.free()
        self._one = NetworkThere(Work(variant, batch_size), self._place)
        return self._one.flops()

    def train(self, seconds: float) -> dict:
        """Seconds of a training step."""
        return mean_time(self._one.train_step, self._place.wait, seconds)

    def infer(self, seconds: float) -> dict:
        """Seconds of inference on the batch."""
        return mean_time(self._one.infer, self._place.wait, seconds)

    def memory(self) -> dict:
        """Bytes of the device that are held."""
        return {"held": self._place.memory()["total"]}

    def save_weights(self, path: str) -> dict:
        """Write the parameters to a file."""
        np.savez(path, **{name: to_host(v) for name, v in self._one.network.params.items()})
        return {}

    def logits(self, pictures: int) -> dict:
        """The logits of the first pictures of the work."""
        pixels = self._place.put(self._one.work.batch()[0][:pictures])
        return {"logits": to_host(self._one.logits(pixels)).tolist()}

    def kernels(self, steps: int) -> dict:
        """The kernels of a training step."""
        return {"kernels": kernel_times(self._one.train_step, self._place.wait, steps)}

    def rates(self, seconds: float, sizes: list[int], copied: int) -> dict:
        """The ceilings: {"products": [[side, FLOP/s], ...], "best": FLOP/s, "copy": bytes/s}."""
        self._one = None
        self._place.free()
        products = []
        for size in sizes:
            try:
                products.append([size, self._product_rate(size, seconds)])
            except Exception as error:
                if not (products and is_out_of_memory(error)):
                    raise
                break
        copy = self._copy_rate(copied, seconds)
        self._place.free()
        return {"products": products, "best": max(rate for _, rate in products), "copy": copy}

    def _product_rate(self, size: int, seconds: float) -> float:
        """Of square float32 matrices of that side."""
        xp, generator = self._place.xp, np.random.default_rng(0)
        tile = self._place.put(generator.standard_normal((256, 256), dtype=np.float32))
        a = xp.tile(tile, (size // 256, size // 256))
        b, product = a.T.copy(), xp.empty_like(a)
        step = mean_time(lambda: xp.matmul(a, b, out=product), self._place.wait, seconds)["step"]
        return 2 * size**3 / step

    def _copy_rate(self, count: int, seconds: float) -> float:
        """Bytes copied a second; each is read once and written once."""
        xp = self._place.xp
        source = xp.ones(count // 4, dtype=xp.float32)
        target = xp.empty_like(source)
        step = mean_time(lambda: xp.copyto(target, source), self._place.wait, seconds)["step"]
        return count / step

    def layers(self, steps: int) -> dict:
        """Seconds of each layer in a training step, and its work.

        Returns: "layers": by name "forward" and "backward" in seconds, "operations" of its plain
        products in both, and "bytes" that it must read and write at least; and the seconds of
        "loss", "update" and the whole "step".
        """
        one, place = self._one, self._place
        one.train_step()
        with _marks_at(one.network.layers, place) as calls:
            for _ in range(steps):
                start = place.mark()
                logits = one.network.forward(one.x, training=True)
                before_loss = place.mark()
                one.criterion.forward(logits, one.labels)
                gradient = one.criterion.backward()
                after_loss = place.mark()
                one.network.backward(gradient, input_gradient=False)
                before_update = place.mark()
                one.optimizer.step()
                end = place.mark()
                calls.append(("loss", "forward", before_loss, after_loss))
                calls.append(("update", "forward", before_update, end))
                calls.append(("step", "forward", start, end))
        place.wait()
        spent = {name: dict.fromkeys(DIRECTIONS, 0.0) for name, *_ in calls}
        for name, direction, begun, done in calls:
            spent[name][direction] += place.seconds(begun, done) / steps
        others = {name: spent.pop(name)["forward"] for name in ("loss", "update", "step")}
        works = _works(one.network, one.work.batch_size)
        return {"layers": {name: {**spent[name], **works[name]} for name in works}, **others}


@contextmanager
def _marks_at(layers, place: Place) -> Iterator[list[tuple]]:
    """Inside `with`, every call of a layer is noted: its name, the direction, and two marks."""
    calls: list[tuple] = []

    def marked(name: str, direction: str, method):
        def call(*args, **kwargs):
            start = place.mark()
            result = method(*args, **kwargs)
            calls.append((name, direction, start, place.mark()))
            return result

        return call

    try:
        for name, layer in layers.items():
            for direction, method in DIRECTIONS.items():
                # An attribute of the object hides the method of its class.
                setattr(layer, method, marked(name, direction, getattr(layer, method)))
        yield calls
    finally:
        for layer in layers.values():
            for method in DIRECTIONS.values():
                vars(layer).pop(method, None)


def _works(network, count: int) -> dict[str, dict[str, int]]:
    """Each layer's "operations" and "bytes" in a training step with so many pictures.

    Bytes: x read and y written; then dy and something of x's size read, and dx written.
    """
    works, shape = {}, network.input_shape
    for name, layer in network.layers.items():
        passes = 1 + bool(layer.params) + bool(works)  # the first layer's input needs no gradient
        output = layer.output_shape(shape)
        sizes = int(np.prod(shape)), int(np.prod(output))
        works[name] = {
            "operations": 2 * count * passes * layer.multiply_adds(shape),
            "bytes": 4 * count * (3 * sizes[0] + 2 * sizes[1]),
        }
        shape = output
    return works
