"""Slices of a batch, each taken through several layers before the next slice begins.

Going layer by layer with the whole batch, a convnet writes hundreds of megabytes, and by the
time the next layer reads them they have left the cache. A slice of a few pictures stays in it
all the way; and slices are independent, so each core works on its own. On a GPU there is one
slice, the whole batch.

The first layers make so much of a picture that a slice goes through them in halves, or in halves
of those. The later ones, which make less, get it in one piece: larger matrices, and fewer of them.

The result does not depend on the number of cores: where slices are cut follows from the shapes of
the batch and of what the layers make of it, and the gradients of the parameters are added up in the
order of the slices.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

from minialexnet.backend import (
    blas_on_one_thread,
    get_array_module,
    halve_slice,
    is_on_host,
    map_ordered,
    slice_batch,
)
from minialexnet.layers.base import Array, Layer
from minialexnet.ops.shapes import check_same_shape


class DepthFirst(Layer):
    """A stretch of layers which treat every picture by itself.

    Args: layers: by name; the gradients' names are "name.parameter".
    """

    def __init__(self, layers: dict[str, Layer]) -> None:
        super().__init__()
        self.layers = layers

    def run(self, x: Array, training: bool = False):
        runners = self._runners(x, lambda layer: layer.slice_runner(len(x), training))
        elements = self._elements(x)
        slices = slice_batch(x)
        results = map_ordered(lambda part: _run(x[part], runners, elements), slices)
        outputs, memories = zip(*results, strict=True)
        y = _join(outputs)
        return y, (y.shape, slices, memories)

    def run_backward(self, dy: Array, memory, input_gradient: bool = True):
        def on_slice(item):
            part, remembered = item
            return _run_backward(dy[part], remembered, named_runners, input_gradient)

        shape, *of_slices = memory
        check_same_shape(dy, shape, "dy")  # also that no slice of it is left over
        runners = self._runners(dy, lambda layer: layer.slice_backward_runner(len(dy)))
        named_runners = list(zip(self.layers, runners, strict=True))
        gradients, total = [], {}
        for gradient, grads in map_ordered(on_slice, list(zip(*of_slices, strict=True))):
            gradients.append(gradient)
            _add(grads, total)
        return _join(gradients) if input_gradient else None, total

    def predict(self, x: Array) -> Array:
        runners = self._runners(x, lambda layer: _forgetting(layer.slice_runner(len(x))))
        elements = self._elements(x)
        results = map_ordered(lambda part: _run(x[part], runners, elements), slice_batch(x))
        return _join([y for y, _ in results])

    def _runners(self, x: Array, make: Callable[[Layer], Callable]) -> list[Callable]:
        """What `make` returns for each layer; it may have work to do, which the threads share."""
        layers = list(self.layers.values())
        if not is_on_host(x):  # a thread of the pool has a GPU of its own choice
            return [make(layer) for layer in layers]
        with blas_on_one_thread():
            return list(map_ordered(make, layers))

    def _elements(self, x: Array) -> list[int]:
        """How many numbers each layer gets or makes of a picture, whichever are more."""
        if x.ndim != 4:  # no pictures, which are not cut, or a mistake, which the layers explain
            return [0] * len(self.layers)
        shapes = [tuple(x.shape[1:])]
        for layer in self.layers.values():
            shapes.append(layer.output_shape(shapes[-1]))
        return [max(map(math.prod, pair)) for pair in itertools.pairwise(shapes)]


def _run(x: Array, runners: Sequence[Callable], elements: Sequence[int]):
    """A slice through all layers, which have to do with so many `elements` of each picture.

    It goes in halves as far as the last layer for which the whole is too much.

    Returns: the output;  memory: (half, its memory) of both, if there are any, and the further
    layers' memories.
    """
    cuts = [halve_slice(x, of_picture) for of_picture in elements]
    early = max((i for i, parts in enumerate(cuts, start=1) if len(parts) > 1), default=0)
    outputs, of_halves, memories = [], [], []
    for half in cuts[early - 1] if early else ():
        y, memory = _run(x[half], runners[:early], elements[:early])
        outputs.append(y)
        of_halves.append((half, memory))
    y = _join(outputs) if early else x
    del outputs
    for run in runners[early:]:
        y, memory = run(y)
        memories.append(memory)
    return y, (of_halves, memories)


def _run_backward(
    dy: Array, memory: Any, named_runners: Sequence[tuple[str, Callable]], input_gradient: bool
) -> tuple[Array | None, dict[str, Array]]:
    """The slice's way back: its gradients with respect to the input and to each parameter."""
    of_halves, memories = memory
    early = len(named_runners) - len(memories)
    gradient, grads = dy, {}
    for place in reversed(range(early, len(named_runners))):
        name, run_backward = named_runners[place]
        gradient, own = run_backward(gradient, memories[place - early], input_gradient or place > 0)
        grads |= {f"{name}.{parameter}": value for parameter, value in own.items()}
    if not of_halves:
        return gradient, grads
    gradients, total = [], {}
    for half, remembered in of_halves:
        dx, own = _run_backward(gradient[half], remembered, named_runners[:early], input_gradient)
        gradients.append(dx)
        _add(own, total)
    return _join(gradients) if input_gradient else None, grads | total


def _forgetting(run: Callable) -> Callable:
    """The same without a memory, which would only take room in the cache."""
    return lambda x: (run(x)[0], None)


def _add(grads: dict[str, Array], total: dict[str, Array]) -> None:
    """Add gradients of a slice to those of the slices before it."""
    for name, value in grads.items():
        if name in total:
            total[name] += value
        else:
            total[name] = value


def _join(parts: Sequence[Array]) -> Array:
    return parts[0] if len(parts) == 1 else get_array_module(parts[0]).concatenate(parts)
