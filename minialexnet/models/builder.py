"""Writing a network down layer by layer, with input sizes worked out along the way."""

from minialexnet.backend import host_generator
from minialexnet.errors import InputError
from minialexnet.layers import Conv2d, Dropout, Flatten, Layer, Linear, ReLU
from minialexnet.models.initialization import initial_values
from minialexnet.models.parts import Parts

WITHOUT_TOWERS = 2
"""Sets the weights of convolutions that lost their towers apart from those of all others."""


class PicturesTooSmall(InputError):
    """No window of a layer fits into what is left of the pictures. Args: layer: its name."""

    def __init__(self, message: str, layer: str) -> None:
        super().__init__(message)
        self.layer = layer


class Builder:
    """Collects named layers and knows the shape that the next one receives.

    Args:
        image_size: side of the (square) pictures, in pixels.
        num_classes: outputs of the layer added with `logits`.
        init: which initialisation, see `initial_values`.
        seed: of the weights and of dropout.
        parts: what is put in the place of layers, or left out; nothing by default.
    """

    def __init__(
        self, image_size: int, num_classes: int, init: str, seed: int, parts: Parts | None = None
    ) -> None:
        self.layers: dict[str, Layer] = {}
        self.shape: tuple[int, ...] = (3, image_size, image_size)
        self.num_classes = num_classes
        self.parts = Parts() if parts is None else parts
        self._image_size, self._init, self._seed = image_size, init, seed
        self._generator = host_generator(seed)
        self._place = 0  # of the next layer among all of the variant, those left out included

    def add(self, name: str, layer: Layer) -> None:
        """Append a layer, or what `parts` has in its place ("relu1" may become "tanh1").

        Raises PicturesTooSmall when what is left of them is too small for it.
        """
        if isinstance(layer, ReLU):
            name = name.replace("relu", self.parts.activation)
        layer = self.parts.instead_of(layer)
        if layer is not None:
            self._append(name, layer)
        self._place += 1

    def _append(self, name: str, layer: Layer) -> None:
        try:
            self.shape = layer.output_shape(self.shape)
        except InputError as error:
            raise PicturesTooSmall(
                f"pictures of {self._image_size} pixels are too small for this network: at "
                f"{name}, {error}",
                name,
            ) from None
        self.layers[name] = layer

    def conv(self, name: str, channels: int, kernel_size: int, groups: int = 1, **options) -> None:
        """Append a convolution to `channels` channels; options as for `Conv2d`."""
        weight_init, bias_init = initial_values(self._init, name, is_last=False)

        def layer(groups: int, generator) -> Conv2d:
            return Conv2d(
                self.shape[0],
                channels,
                kernel_size,
                **options,
                groups=groups,
                weight_init=weight_init,
                bias_init=bias_init,
                generator=generator,
            )

        made = layer(groups, self._generator)  # also for its draws, on which later layers depend
        if groups > 1 and not self.parts.groups:
            made = layer(1, host_generator(self._seed, WITHOUT_TOWERS, self._place))
        self.add(name, made)

    def flatten(self) -> None:
        """Append the step from feature maps to a row of features."""
        self.add("flatten", Flatten())

    def hidden(self, number: int, features: int, inverted_dropout: bool) -> None:
        """Append a fully connected layer with ReLU and dropout: "fc6", "relu6", "drop6"."""
        self._linear(f"fc{number}", features, is_last=False)
        self.add(f"relu{number}", ReLU())
        self.dropout(f"drop{number}", inverted_dropout)

    def dropout(self, name: str, inverted: bool = True) -> None:
        """Append dropout, of one half by default, with a seed of its own."""
        seed = self._seed * 1000 + self._place
        if self.parts.dropout:
            self._append(name, Dropout(self.parts.dropout, inverted=inverted, seed=seed))
        self._place += 1

    def linear(self, name: str, features: int) -> None:
        """Append a fully connected layer by itself."""
        self._linear(name, features, is_last=False)

    def logits(self, name: str) -> None:
        """Append the last fully connected layer: one output a class."""
        self._linear(name, self.num_classes, is_last=True)

    def _linear(self, name: str, features: int, is_last: bool) -> None:
        weight_init, bias_init = initial_values(self._init, name, is_last)
        layer = Linear(
            self.shape[0],
            features,
            weight_init=weight_init,
            bias_init=bias_init,
            generator=self._generator,
        )
        self.add(name, layer)
