"""Each scheme gives each layer the weights and biases that its source gives it."""

import math

import numpy as np
import pytest

from minialexnet.errors import InputError
from minialexnet.models import INITIALIZATIONS, RAW_PIXEL_INITIALIZATIONS
from minialexnet.models.initialization import initial_values

LAYERS = ["conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"]
FAN_IN, FAN_OUT = 400, 200
HE, XAVIER = math.sqrt(2 / 400), math.sqrt(2 / 600)

# Standard deviations and biases of conv1 … conv5, fc6, fc7, fc8.
EXPECTED = {
    "paper": ([0.01] * 8, [0, 1, 0, 1, 1, 1, 1, 0]),
    "2012": ([0.01, 0.01, 0.03, 0.03, 0.03, 0.01, 0.01, 0.01], [0, 1, 0, 1, 1, 1, 1, 0]),
    "caffe": ([0.01] * 5 + [0.005, 0.005, 0.01], [0, 0.1, 0, 0.1, 0.1, 0.1, 0.1, 0]),
    "he": ([HE] * 7 + [0.001], [0] * 8),
    "xavier": ([XAVIER] * 7 + [0.001], [0] * 8),
}


def test_the_table_holds_every_scheme():
    assert set(EXPECTED) == set(INITIALIZATIONS)
    assert set(RAW_PIXEL_INITIALIZATIONS) == {"paper", "2012", "caffe"}


@pytest.mark.parametrize("scheme", EXPECTED)
def test_standard_deviations_and_biases_are_those_of_the_source(scheme):
    for layer, std, bias in zip(LAYERS, *EXPECTED[scheme], strict=True):
        initializer, ours = initial_values(scheme, layer, is_last=layer == "fc8")
        assert ours == bias, layer
        weights = initializer(np.random.default_rng(0), (200, 400), FAN_IN, FAN_OUT)
        assert weights.std() == pytest.approx(std, rel=0.02), layer


def test_an_unknown_scheme_is_refused():
    with pytest.raises(InputError, match="initialisation is 'zeros'; expected one of paper, 2012"):
        initial_values("zeros", "conv1", is_last=False)
