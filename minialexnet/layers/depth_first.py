"""Slices of a batch, each taken through several layers before the next slice begins.

Going layer by layer with the whole batch, a convnet writes hundreds of megabytes, and by the
time the next layer reads them they have left the cache. A slice of a few pictures stays in it
all the way; and slices are independent, so each core works on its own. On a GPU there is one
slice, the whole batch.

The result does not depend on the number of cores: the slices are cut by the shape of the batch,
and the gradients of the parameters are added up in the order of the slices.
"""

from collections.abc import Callable

from minialexnet.backend import blas_on_one_thread, get_array_module, map_ordered, slice_batch
from minialexnet.layers.base import Array, Layer


class DepthFirst(Layer):
    """A stretch of layers which treat every picture by itself.

    Args: layers: by name; the gradients' names are "name.parameter".
    """

    def __init__(self, layers: dict[str, Layer]) -> None:
        super().__init__()
        self.layers = layers

    def run(self, x: Array, training: bool = False):
        def through_all_layers(part: slice):
            y, memories = x[part], []
            for run in runners:
                y, memory = run(y)
                memories.append(memory)
            return y, memories

        runners = self._runners(lambda layer: layer.slice_runner(len(x), training))
        slices = slice_batch(x)
        outputs, memories = zip(*map_ordered(through_all_layers, slices), strict=True)
        return _join(outputs), (slices, memories)

    def run_backward(self, dy: Array, memory, input_gradient: bool = True):
        def back_through_all_layers(item):
            part, memories = item
            gradient, grads = dy[part], {}
            for (name, run_backward), remembered in reversed(
                list(zip(runners.items(), memories, strict=True))
            ):
                needed = input_gradient or name != first
                gradient, own = run_backward(gradient, remembered, needed)
                grads |= {f"{name}.{parameter}": value for parameter, value in own.items()}
            return gradient, grads

        first = next(iter(self.layers))
        runners = dict(
            zip(
                self.layers,
                self._runners(lambda layer: layer.slice_backward_runner(len(dy))),
                strict=True,
            )
        )
        slices, memories = memory
        gradients, total = [], {}
        for gradient, grads in map_ordered(
            back_through_all_layers, list(zip(slices, memories, strict=True))
        ):
            gradients.append(gradient)
            for name, value in grads.items():
                if name in total:
                    total[name] += value
                else:
                    total[name] = value
        return _join(gradients) if input_gradient else None, total

    def predict(self, x: Array) -> Array:
        def through_all_layers(part: slice):
            y = x[part]
            for run in runners:
                y = run(y)[0]
            return y

        runners = self._runners(lambda layer: layer.slice_runner(len(x)))
        return _join(list(map_ordered(through_all_layers, slice_batch(x))))

    def _runners(self, make: Callable[[Layer], Callable]) -> list[Callable]:
        """What `make` returns for each layer; it may have work to do, which the threads share."""
        with blas_on_one_thread():
            return list(map_ordered(make, list(self.layers.values())))


def _join(parts) -> Array:
    return parts[0] if len(parts) == 1 else get_array_module(parts[0]).concatenate(parts)
