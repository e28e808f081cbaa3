"""The builder knows the shape that the next layer receives."""

import pytest

from minialexnet.errors import InputError
from minialexnet.layers import MaxPool2d
from minialexnet.models.builder import Builder


def test_input_sizes_are_worked_out_along_the_way():
    net = Builder(image_size=17, num_classes=5, init="he", seed=3)
    net.conv("conv1", 4, 3, stride=2)
    net.add("pool1", MaxPool2d(2))
    net.flatten()
    net.hidden(6, 10, inverted_dropout=False)
    net.dropout("drop")
    net.linear("between", 7)
    net.logits("last")
    assert net.shape == (5,)
    assert list(net.layers) == (
        ["conv1", "pool1", "flatten", "fc6", "relu6", "drop6", "drop", "between", "last"]
    )
    assert net.layers["conv1"].in_channels == 3
    assert net.layers["fc6"].in_features == 4 * 4 * 4
    assert not net.layers["drop6"].inverted
    assert net.layers["drop"].inverted
    assert net.layers["between"].in_features == 10
    assert net.layers["last"].params["weight"].shape == (5, 7)


def test_dropout_layers_have_seeds_of_their_own_in_networks_of_any_seed():
    seeds = set()
    for seed in (0, 1, 2):
        net = Builder(image_size=8, num_classes=5, init="he", seed=seed)
        net.dropout("a")
        net.dropout("b")
        seeds |= {layer.seed for layer in net.layers.values()}
    assert len(seeds) == 6


def test_a_layer_that_does_not_fit_is_refused_and_not_added():
    net = Builder(image_size=4, num_classes=5, init="he", seed=0)
    with pytest.raises(InputError, match=r"pictures of 4 pixels are too small .*: at deep, a"):
        net.conv("deep", 8, 5)
    assert net.layers == {}
    assert net.shape == (3, 4, 4)


def test_the_first_layer_sees_three_colours():
    net = Builder(image_size=4, num_classes=5, init="he", seed=0)
    assert net.shape == (3, 4, 4)
