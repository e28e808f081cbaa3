"""What all layers have in common."""

import functools
from collections.abc import Callable
from typing import Any

from minialexnet.backend import float_dtype, is_array, move
from minialexnet.errors import InputError

Array = Any
Shape = tuple[int, ...]


class _Nothing:
    """Stands for "no forward pass yet" (None is what some layers remember).

    The class itself is used, not an instance: a deep copy of a class is the class again.
    """


class Layer:
    """Parameters, their gradients, and the memory that links a forward to its backward pass.

    A layer is used like this:

        y = layer.forward(x, training=True)     # remembers what backward needs
        dx = layer.backward(dy)                 # fills layer.grads

    and defined by two methods, `run` and `run_backward`, which return that memory instead of
    keeping it. So pieces of one batch can go through the same layer on several threads.

    Attributes:
        params: {"weight": array, "bias": array}; empty for layers without parameters.
        grads: gradients of the last backward pass, same keys, same shapes.
        whole_batch: the layer wants the batch in one piece (fully connected layers: one large
            matrix product; dropout: one mask); otherwise pictures may go through in slices.
    """

    whole_batch = False

    def __init__(self) -> None:
        self.params: dict[str, Array] = {}
        self.grads: dict[str, Array] = {}
        self._memory: Any = _Nothing

    def run(self, x: Array, training: bool = False) -> tuple[Array, Any]:
        """The output for the batch `x`, (N, ...), and whatever `run_backward` will need."""
        raise NotImplementedError

    def run_backward(
        self, dy: Array, memory: Any, input_gradient: bool = True
    ) -> tuple[Array | None, dict[str, Array]]:
        """The gradients with respect to the input and to each parameter.

        With `input_gradient=False` the first is not needed, and may be None.
        """
        raise NotImplementedError

    def slice_runner(
        self, pictures: int, training: bool = False
    ) -> Callable[[Array], tuple[Array, Any]]:
        """`run` for the slices of a batch of so many pictures, which may come on several threads.

        What depends on the parameters alone can be worked out here, once for all slices.
        """
        return functools.partial(self.run, training=training)

    def slice_backward_runner(
        self, pictures: int
    ) -> Callable[..., tuple[Array | None, dict[str, Array]]]:
        """`run_backward` for the slices of a batch of so many pictures, likewise."""
        return self.run_backward

    def forward(self, x: Array, training: bool = False) -> Array:
        """The output for the batch `x`, (N, ...); what `backward` needs is remembered.

        It is remembered without a copy: change neither x nor the output in place before `backward`.
        """
        y, self._memory = self.run(x, training)
        return y

    def backward(self, dy: Array, input_gradient: bool = True) -> Array | None:
        """Given dL/dy, fill `grads` and return dL/dx, which without `input_gradient` may be None.

        Raises InputError when no forward pass came before, or dy is no array of the output's shape,
        or not of the parameters' type.
        """
        if self._memory is _Nothing:
            raise InputError(
                f"{type(self).__name__}.backward came without a forward pass; call forward first"
            )
        if not is_array(dy):
            raise InputError(
                f"{type(self).__name__}.backward got {type(dy).__name__}; expected dL/dy, an array "
                "of the output's shape, such as the backward of the loss returns"
            )
        self._check_types(dy)
        dx, self.grads = self.run_backward(dy, self._memory, input_gradient)
        return dx

    def _check_types(self, dy: Array) -> None:
        """Raise InputError unless dy and all parameters are of one type, as gradients are to be."""
        types: dict[str, str] = {}  # and the first parameter of each
        for name, value in self.params.items():
            types.setdefault(str(value.dtype), name)
        if len(types) > 1:
            found = " and ".join(f"{name} is {dtype}" for dtype, name in types.items())
            raise InputError(
                f"{type(self).__name__} has parameters of different types, {found}; convert them "
                "with its method astype('float32')"
            )
        for dtype, name in types.items():
            if str(dy.dtype) != dtype:
                raise InputError(
                    f"{type(self).__name__}.backward got dy of {dy.dtype}, but {name} is {dtype}; "
                    f"expected the same: convert dy with astype('{dtype}')"
                )

    def predict(self, x: Array) -> Array:
        """The output at test time; nothing is remembered."""
        return self.run(x, training=False)[0]

    def __call__(self, x: Array) -> Array:
        """The same as `predict`."""
        return self.predict(x)

    def output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the output for one picture of `input_shape`, both without the batch axis.

        Tables show it, and slices of a batch are cut by it: a layer that changes shapes needs it.
        """
        return input_shape

    def multiply_adds(self, input_shape: Shape) -> int:
        """Multiplications (each with its addition) of the forward pass for one picture."""
        return 0

    @property
    def num_params(self) -> int:
        """How many numbers the layer learns."""
        return sum(p.size for p in self.params.values())

    def to(self, xp) -> "Layer":
        """Move the parameters to the array module `xp` (numpy, cupy). Returns the layer."""
        self.params = {name: move(value, xp) for name, value in self.params.items()}
        self.forget()
        return self

    def astype(self, dtype) -> "Layer":
        """Convert the parameters to `dtype` (float64 for gradient checks). Returns the layer.

        Raises InputError for what is no type of floats.
        """
        dtype = float_dtype(dtype)
        for name, value in self.params.items():
            self.params[name] = value.astype(dtype)
        self.forget()
        return self

    def forget(self) -> None:
        """Drop gradients and memory, as after a change of the parameters, to which they belong."""
        self.grads, self._memory = {}, _Nothing

    def state(self) -> dict[str, int]:
        """What besides the parameters decides the next training pass (dropout's counters)."""
        return {}

    def load_state(self, state: dict[str, int]) -> None:
        """Take up the state that `state` returned earlier."""

    def description(self) -> str:
        """The arguments the layer was made with, as they are shown in tables."""
        return ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.description()})"


def describe(*positional: Any, **named: tuple[Any, Any]) -> str:
    """Arguments as text: named ones, given as (value, default), only where not the default."""
    shown = [str(value) for value in positional]
    shown += [f"{key}={value}" for key, (value, default) in named.items() if value != default]
    return ", ".join(shown)
