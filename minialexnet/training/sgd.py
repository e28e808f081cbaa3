"""Stochastic gradient descent with momentum and weight decay, as the paper has it."""

import math
from collections.abc import Callable, Mapping
from numbers import Real

from minialexnet.backend import (
    Kernels,
    asarray_like,
    for_each_block,
    get_array_module,
    has_kernels,
    memory_order_view,
)
from minialexnet.errors import InputError
from minialexnet.layers.base import Array, Layer
from minialexnet.ops.shapes import check_same_shape

_kernels = Kernels(__package__, "sgd.cu")


class SGD:
    """The update rule of Krizhevsky 2012, section 5.

        v  <-  momentum * v  -  weight_decay * lr * w  -  lr * dL/dw
        w  <-  w + v

    The learning rate is inside the velocity v, so after a drop the old, larger steps fade out
    over some ten steps. (PyTorch multiplies by the rate outside: the same while it is constant.)
    As in the code of 2012, biases do not decay and learn at twice the rate.

    Args:
        network: any layer with parameters; updated in place.
        lr: learning rate; change the attribute at any time.
        bias_lr_factor: rate of the biases over that of the weights.

    Attributes:
        velocity: v of each parameter, by its name.
    """

    def __init__(
        self,
        network: Layer,
        lr: float,
        momentum: float = 0.9,
        weight_decay: float = 5e-4,
        bias_lr_factor: float = 2.0,
    ) -> None:
        if not isinstance(getattr(network, "params", None), Mapping):
            raise InputError(f"SGD got {network!r} to train; expected a layer or a network")
        numbers = lr, momentum, weight_decay, bias_lr_factor
        finite = all(isinstance(number, Real) and math.isfinite(number) for number in numbers)
        if not finite or min(numbers) < 0 or momentum >= 1:
            raise InputError(
                f"SGD got lr={lr!r}, momentum={momentum!r}, weight_decay={weight_decay!r}, "
                f"bias_lr_factor={bias_lr_factor!r}; expected finite numbers of at least 0, and a "
                "momentum below 1"
            )
        self.network, self.lr = network, lr
        self.momentum, self.weight_decay = momentum, weight_decay
        self.bias_lr_factor = bias_lr_factor
        self.velocity = {
            name: get_array_module(w).zeros_like(w) for name, w in network.params.items()
        }

    def step(self, factor: Callable[[str], float] = lambda name: 1.0) -> None:
        """Update every parameter by the gradients of the network's last backward pass.

        Args:   factor: what the rate is multiplied by for the parameter of that name.
        Raises: InputError if there was no backward pass, or a parameter has another shape than its
            gradient, or than when the optimizer was made.
        """
        if not self.network.grads:
            raise InputError("SGD.step came without gradients; call network.backward first")
        for name, w in self.network.params.items():
            is_bias = name.rpartition(".")[2] == "bias"
            gradient = self.network.grads[name]
            check_same_shape(gradient, w.shape, f"the gradient of {name}")
            check_same_shape(self.velocity[name], w.shape, f"the velocity of {name}")
            self.velocity[name] = _laid_out_like(w, self.velocity[name])
            self._update(
                w,
                gradient,
                self.velocity[name],
                lr=self.lr * (self.bias_lr_factor if is_bias else 1.0) * factor(name),
                weight_decay=0.0 if is_bias else self.weight_decay,
            )

    def set_velocity(self, values: Mapping[str, Array]) -> None:
        """Take up the velocities of an earlier run, by the parameters' names.

        Raises InputError when the names or shapes are not those of the network's parameters.
        """
        shapes = {name: tuple(v.shape) for name, v in self.velocity.items()}
        if {name: tuple(value.shape) for name, value in values.items()} != shapes:
            raise InputError(
                "the velocities of the momentum do not fit the parameters of this network; were "
                "they saved with another one?"
            )
        for name, value in values.items():
            self.velocity[name][...] = asarray_like(value, self.velocity[name])

    def _update(self, w, gradient, v, lr: float, weight_decay: float) -> None:
        # Python's own numbers: NumPy's float64 would make float64 of a float32 array.
        lr, weight_decay, momentum = float(lr), float(weight_decay), float(self.momentum)

        def on_block(w, gradient, v):
            v *= momentum
            if weight_decay:
                v -= (weight_decay * lr) * w
            v -= lr * gradient
            w += v

        gradient = _laid_out_like(w, gradient)
        if has_kernels(w, gradient, v):  # the same in one pass
            flat = [memory_order_view(array) for array in (gradient, w, v)]
            _kernels("sgd", w, w.size, *flat, lr, momentum, weight_decay * lr)
        else:
            for_each_block(on_block, w, gradient, v)


def _laid_out_like(w, array):
    """`array` in the memory layout of `w`, which one who set it by hand may have changed."""
    if array.strides == w.strides:
        return array
    aligned = get_array_module(w).empty_like(w)
    aligned[...] = array
    return aligned
