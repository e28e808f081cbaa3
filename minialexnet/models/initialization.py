"""Which initial weights and biases each layer of an AlexNet gets.

A network that does not leave ln(number of classes) has, more often than not, an initialisation
that does not go with the scale of its pixels. With pixels as they are (0 to 255 minus the mean)
the code of 2012 trains; the paper's text alone, 0.01 everywhere, shrinks the signal 27 times more
on the way to conv5. With pixels divided by their standard deviation, use "he".
"""

from minialexnet.errors import InputError
from minialexnet.layers.initializers import Initializer, he_normal, normal, xavier_normal

LAYERS_WITH_BIAS = ("conv2", "conv4", "conv5", "fc6", "fc7")
"""Started with bias 1 by the paper, "providing the ReLUs with positive inputs"; 0.1 by Caffe."""

INITIALIZATIONS = ("paper", "2012", "caffe", "he", "xavier")

RAW_PIXEL_INITIALIZATIONS = ("paper", "2012", "caffe")
"""Those made for pixels of 0 to 255 minus the mean; the others expect a standard deviation of 1."""


def initial_values(scheme: str, layer: str, is_last: bool) -> tuple[Initializer, float]:
    """The weight initialiser and the bias of one layer.

    Args:
        scheme: "paper" (section 5: N(0, 0.01^2), bias 1 in the layers above), "2012" (the
            released code: 0.03 in conv3 to conv5), "caffe" (0.005 in fc6 and fc7, bias 0.1),
            "he" or "xavier" (bias 0; the last layer 0.001, so that the first loss is ln C).
        layer: the layer's name; is_last: it makes the logits.
    Raises: InputError for another scheme.
    """
    if scheme in ("he", "xavier"):
        by_fans = he_normal if scheme == "he" else xavier_normal
        return (normal(0.001) if is_last else by_fans), 0.0
    bias = float(layer in LAYERS_WITH_BIAS)
    if scheme == "paper":
        return normal(0.01), bias
    if scheme == "2012":
        return normal(0.03 if layer in ("conv3", "conv4", "conv5") else 0.01), bias
    if scheme == "caffe":
        return normal(0.005 if layer in ("fc6", "fc7") else 0.01), 0.1 * bias
    raise InputError(f"initialisation is {scheme!r}; expected one of {', '.join(INITIALIZATIONS)}")
