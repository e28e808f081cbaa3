"""Layers one after another: a network."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from minialexnet.backend import asarray_like, get_array_module
from minialexnet.errors import InputError
from minialexnet.layers.base import Array, Layer, Shape
from minialexnet.layers.depth_first import DepthFirst
from minialexnet.layers.table import layer_table


class Sequential(Layer):
    """A network is a layer too; its parameters have dotted names ("conv1.weight").

    Args:
        layers: by name (without dots), or a plain list (then they are called "0", "1", ...).
        input_shape: (C, H, W) of a picture, for the table that `print(network)` shows.

    To put another layer in the place of one, make another network of the same layers:
    Sequential({**network.layers, "fc8": Linear(512, 3)}).
    """

    def __init__(
        self, layers: Mapping[str, Layer] | Sequence[Layer], input_shape: Shape | None = None
    ) -> None:
        super().forget()  # and not `__init__`: the parameters are those of the layers
        if not isinstance(layers, Iterable) or isinstance(layers, str):
            raise InputError(
                f"Sequential got {_kind(layers)}; expected layers by name, or a list of them, such "
                "as Sequential([Flatten(), Linear(12, 3)])"
            )
        named = layers if isinstance(layers, Mapping) else dict(enumerate(layers))
        self._layers: dict[str, Layer] = {str(name): layer for name, layer in named.items()}
        if not self._layers:
            raise InputError("Sequential got no layers; give it at least one")
        if len(self.layers) != len(named):
            raise InputError(f"two layers have the same name among {', '.join(map(str, named))}")
        _check_layers(self.layers)
        if input_shape is not None and not isinstance(input_shape, tuple | list):
            raise InputError(
                f"input_shape is {input_shape!r}; expected that of one picture, such as "
                "(channels, height, width)"
            )
        self.input_shape = input_shape
        self.whole_batch = any(layer.whole_batch for layer in self.layers.values())
        self._stages = dict(_stages(self.layers))

    @property
    def layers(self) -> Mapping[str, Layer]:
        """The layers by name, in order. Read only: what is computed was settled with them."""
        return MappingProxyType(self._layers)

    @property
    def params(self) -> Mapping[str, Array]:
        """The parameters of all layers. Change one in place, or several with `set_params`."""
        return MappingProxyType(
            {
                f"{name}.{key}": value
                for name, layer in self.layers.items()
                for key, value in layer.params.items()
            }
        )

    def __getitem__(self, name: str | int) -> Layer:
        """The layer called `name`; the layers of a plain list have numbers for names.

        Raises InputError when there is none.
        """
        if str(name) not in self.layers:
            raise InputError(
                f"there is no layer {str(name)!r} in this network; there are "
                f"{', '.join(self.layers)}"
            )
        return self.layers[str(name)]

    def __contains__(self, name: object) -> bool:
        """Whether there is a layer called `name`."""
        return str(name) in self.layers

    def __iter__(self) -> Iterator[str]:
        """The layers' names, in order."""
        return iter(self.layers)

    def __len__(self) -> int:
        """How many layers there are."""
        return len(self.layers)

    def before(self, name: str | int) -> "Sequential":
        """The layers before the one called `name`, as a network of their own.

        They are the same layers, not copies. So `network.before("fc8")` makes the features which
        the last layer tells the classes by, at the speed of the whole network.

        Raises InputError when there is no such layer, or none before it.
        """
        names = list(self.layers)
        if str(name) not in names[1:]:
            raise InputError(
                f"there is nothing before a layer {str(name)!r} in this network; expected one of "
                f"{', '.join(names[1:]) or 'two layers or more'}"
            )
        wanted = names[: names.index(str(name))]
        return Sequential({n: self.layers[n] for n in wanted}, self.input_shape)

    def run(self, x: Array, training: bool = False):
        self._check_input(x)
        memories = []
        for stage in self._stages.values():
            x, memory = stage.run(x, training)
            memories.append(memory)
        return x, memories

    def run_backward(self, dy: Array, memory, input_gradient: bool = True):
        grads: dict[str, Array] = {}
        gradient: Array | None = dy
        first = next(iter(self._stages))
        for (name, stage), remembered in reversed(
            list(zip(self._stages.items(), memory, strict=True))
        ):
            gradient, own = stage.run_backward(
                gradient, remembered, input_gradient or name != first
            )
            prefix = "" if isinstance(stage, DepthFirst) else f"{name}."
            grads |= {prefix + parameter: value for parameter, value in own.items()}
        if missing := [name for name in self.params if name not in grads]:
            raise InputError(
                f"the backward pass returned no gradient for {', '.join(missing)}; expected one "
                "for each parameter"
            )
        return gradient, {name: grads[name] for name in self.params}

    def backward(self, dy: Array, input_gradient: bool = True) -> Array | None:
        dx = super().backward(dy, input_gradient)
        self._share_grads()
        return dx

    def _share_grads(self) -> None:
        """Let each layer have its own gradients too: the same arrays, not copies."""
        for name, layer in self.layers.items():
            layer.grads = {key: self.grads[f"{name}.{key}"] for key in layer.params}
            if isinstance(layer, Sequential):
                layer._share_grads()

    def predict(self, x: Array) -> Array:
        self._check_input(x)
        for stage in self._stages.values():
            x = stage.predict(x)
        return x

    def set_params(self, values: Mapping[str, Array]) -> None:
        """Copy `values` (dotted names) into the parameters.

        Raises InputError when a name is missing or unknown, or a shape differs.
        """
        if set(values) != set(self.params):
            missing = sorted(set(self.params) - set(values))
            unknown = sorted(set(values) - set(self.params))
            raise InputError(
                f"the parameters do not fit this network: missing {missing or 'none'}, "
                f"unknown {unknown or 'none'}"
            )
        own = self.params
        for name, value in values.items():
            get_array_module(value)  # refuses what is no array
            if tuple(value.shape) != tuple(own[name].shape):
                raise InputError(
                    f"parameter {name} has shape {tuple(value.shape)}; this network expects "
                    f"{tuple(own[name].shape)}"
                )
        for name, value in values.items():
            own[name][...] = asarray_like(value, own[name])

    def to(self, xp) -> "Sequential":
        for layer in self.layers.values():
            layer.to(xp)
        self.forget()
        return self

    def astype(self, dtype) -> "Sequential":
        for layer in self.layers.values():
            layer.astype(dtype)
        self.forget()
        return self

    def forget(self) -> None:
        super().forget()
        for layer in self.layers.values():
            layer.forget()

    def state(self) -> dict[str, int]:
        return {
            f"{name}.{key}": value
            for name, layer in self.layers.items()
            for key, value in layer.state().items()
        }

    def load_state(self, state: dict[str, int]) -> None:
        for name, layer in self.layers.items():
            prefix = f"{name}."
            own = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
            if own:
                layer.load_state(own)

    def output_shape(self, input_shape: Shape) -> Shape:
        for layer in self.layers.values():
            input_shape = layer.output_shape(input_shape)
        return input_shape

    def multiply_adds(self, input_shape: Shape) -> int:
        total = 0
        for layer in self.layers.values():
            total += layer.multiply_adds(input_shape)
            input_shape = layer.output_shape(input_shape)
        return total

    def description(self) -> str:
        return ", ".join(f"{name}={layer!r}" for name, layer in self.layers.items())

    def _check_input(self, x: Array) -> None:
        get_array_module(x)  # refuses what is no array
        if self.input_shape is not None and tuple(x.shape[1:]) != tuple(self.input_shape):
            raise InputError(
                f"x has shape {tuple(x.shape)}; this network was made for pictures of shape "
                f"{tuple(self.input_shape)}: give (pictures, channels, height, width), or make the "
                "network for the size of these pictures"
            )

    def __str__(self) -> str:
        return repr(self) if self.input_shape is None else layer_table(self, self.input_shape)


def _check_layers(layers: Mapping[str, Layer]) -> None:
    """Raise InputError for what cannot be told apart later, or is no layer at all."""
    for name, layer in layers.items():
        if "." in name:
            raise InputError(
                f"a layer is called {name!r}; expected a name without dots, which part the name "
                "of a layer from that of its parameter"
            )
        if not isinstance(layer, Layer):
            raise InputError(
                f"layer {name} is {_kind(layer)}; expected a layer object, such as ReLU()"
            )
    found: dict[int, str] = {}
    for name, layer in _with_inner_layers(layers):
        if id(layer) in found:
            raise InputError(
                f"layers {found[id(layer)]} and {name} are one and the same object; make a layer "
                "of its own for each place"
            )
        found[id(layer)] = name


def _kind(thing: object) -> str:
    """What stands where a layer should, in words."""
    return f"the class {thing.__name__}" if isinstance(thing, type) else type(thing).__name__


def _with_inner_layers(layers: Mapping[str, Layer]) -> Iterator[tuple[str, Layer]]:
    """All layers by dotted name, networks within the network included."""
    for name, layer in layers.items():
        yield name, layer
        if isinstance(layer, Sequential):
            for inner, its_layer in _with_inner_layers(layer.layers):
                yield f"{name}.{inner}", its_layer


def _stages(layers: Mapping[str, Layer]) -> Iterator[tuple[str, Layer]]:
    """The layers, with each stretch of picture-by-picture ones bound into one `DepthFirst`."""
    stretch: dict[str, Layer] = {}
    for name, layer in _computing_layers(layers):
        if layer.whole_batch:
            if stretch:
                yield next(iter(stretch)), DepthFirst(stretch)
                stretch = {}
            yield name, layer
        else:
            stretch[name] = layer
    if stretch:
        yield next(iter(stretch)), DepthFirst(stretch)


def _computing_layers(layers: Mapping[str, Layer]) -> Iterator[tuple[str, Layer]]:
    """The layers by dotted name, with those of a network within the network in its place.

    So a nested network computes exactly what the flat one does, in the same slices.
    """
    for name, layer in layers.items():
        # A subclass may compute something else, and a size that was asked for is to be checked.
        if type(layer) is Sequential and layer.input_shape is None:
            for inner, its_layer in _computing_layers(layer.layers):
                yield f"{name}.{inner}", its_layer
        else:
            yield name, layer
