"""Which choices for a run are refused, and how they are kept."""

import dataclasses
import json
import re

import numpy as np
import pytest

from minialexnet.datasets import Augmentation
from minialexnet.errors import InputError
from minialexnet.models import PART_NAMES, Parts, alexnet
from minialexnet.training import TrainConfig, planned
from training.tiny import tiny_config

PARTS = {
    "activation": "tanh",
    "lrn": False,
    "pooling": "tiled",
    "pool": "average",
    "dropout": 0.25,
    "groups": False,
}


class TestChoices:
    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("epochs", 0, "epochs is 0; expected a whole number of at least 1"),
            ("batch_size", 0, "batch_size is 0; expected a whole number of at least 1"),
            ("batch_size", -3, "batch_size is -3; expected a whole number of at least 1"),
            ("image_size", 0, "image_size is 0; expected a whole number of at least 1"),
            ("epochs", 2.5, "epochs is 2.5; expected a whole number of at least 1"),
            ("epochs", "3", "epochs is '3'; expected a whole number of at least 1"),
            ("seed", -1, "seed is -1; expected a whole number of at least 0"),
            ("lr", 0.0, "lr is 0.0; expected a learning rate above 0"),
            ("lr", -0.1, "lr is -0.1; expected a learning rate above 0"),
            ("lr", float("nan"), "lr is nan; expected a learning rate above 0"),
            ("mean", "none", "mean is 'none'; expected 'colour' or 'image'"),
            ("activation", "gelu", "activation is 'gelu'; expected one of relu, tanh, sigmoid"),
            ("dropout", 1.0, "dropout is 1.0; expected a probability"),
            ("pooling", "none", "pooling is 'none'; expected one of overlapped, tiled"),
            ("min_crop", -1, "squares of -1 pixels .* pictures of 20; expected 1 to 20"),
            ("min_crop", 21, "squares of 21 pixels .* pictures of 20; expected 1 to 20"),
            ("rotation", 181, "rotation is 181; expected 0"),
            ("shift", -0.1, "shift is -0.1; expected 0"),
            ("except_for", {"turn": ["6"]}, "no augmentation 'turn'"),
            ("except_for", {"flip": "bd"}, "flip is switched off for 'bd'; expected a list of cla"),
            ("image_size", 21, "crops of 21 pixels do not fit into pictures of 20"),
        ],
    )
    def test_that_cannot_be_are_refused(self, name, value, message):
        with pytest.raises(InputError, match=message):
            tiny_config(**{name: value})


class TestParts:
    def test_are_those_of_the_network_that_the_configuration_makes(self):
        assert set(PARTS) == set(PART_NAMES)
        config = tiny_config(**PARTS, seed=3, image_size=15)
        network = config.network()
        assert config.parts == network.parts == Parts(**PARTS)
        assert (network.variant, network.image_size, network.num_classes) == ("mini", 15, 4)
        expected = alexnet("mini", 4, 15, 3, "he", Parts(**PARTS))
        assert str(network) == str(expected)
        for name, value in expected.params.items():
            np.testing.assert_array_equal(network.params[name], value)

    def test_go_there_and_back_through_json(self):
        config = tiny_config(**PARTS)
        assert TrainConfig.from_dict(json.loads(json.dumps(config.as_dict()))) == config

    @pytest.mark.parametrize(
        ("variant", "picture_size", "image_size", "enough"),
        [
            ("paper", 57, 50, (73, 64)),
            ("paper", 63, 10, (74, 64)),
            ("paper", 128, 50, (128, 64)),
            ("mini", 12, 12, (15, 15)),
        ],
    )
    def test_crops_too_small_for_the_network_come_with_sizes_that_are_enough(
        self, variant, picture_size, image_size, enough
    ):
        sizes = {"picture_size": picture_size, "image_size": image_size}
        config = tiny_config(variant=variant, **sizes)
        with pytest.raises(InputError, match=f"of {image_size} .* {variant} .* at ") as caught:
            config.network()
        advice = re.findall(r"--(\w+)-size (\d+)", str(caught.value))
        sizes |= {f"{name}_size": int(pixels) for name, pixels in advice}
        assert tuple(sizes.values()) == enough
        assert dataclasses.replace(config, **sizes).network().image_size == enough[1]
        assert ("--variant mini" in str(caught.value)) == (variant != "mini")

    def test_are_chosen_like_everything_else(self):
        given = ("data", 10, 10_000, 64, 70.0, "numpy")
        assert planned(*given, **PARTS).parts == Parts(**PARTS)
        assert planned(*given).parts == Parts()

    def test_a_run_of_before_there_were_any_has_all(self):
        values = tiny_config().as_dict()
        for name in (*PART_NAMES, "random_crop"):
            del values[name]
        config = TrainConfig.from_dict(values)
        assert config.parts == Parts()
        assert config.random_crop is True


class TestAsValues:
    def test_there_and_back_through_json(self):
        config = tiny_config(seed=5, lr=0.1 + 0.2, scale=0.1, except_for={"scale": ["a", "b"]})
        assert TrainConfig.from_dict(json.loads(json.dumps(config.as_dict()))) == config

    def test_unknown_settings_are_named(self):
        values = tiny_config().as_dict() | {"zoom": 2, "angle": 3}
        with pytest.raises(InputError, match="unknown settings in the configuration: angle, zoom"):
            TrainConfig.from_dict(values)

    def test_missing_settings_are_named(self):
        values = tiny_config().as_dict()
        del values["variant"]
        with pytest.raises(InputError, match="incomplete: there is no variant"):
            TrainConfig.from_dict(values)

    def test_values_of_another_kind_are_called_damage(self):
        with pytest.raises(InputError, match=r"configuration is damaged: .*str"):
            TrainConfig.from_dict(tiny_config().as_dict() | {"colour_noise": "much"})

    def test_bad_values_are_refused_as_in_a_new_run(self):
        with pytest.raises(InputError, match="epochs is 0"):
            TrainConfig.from_dict(tiny_config().as_dict() | {"epochs": 0})

    def test_runs_of_before_there_were_augmentations_have_none(self):
        values = tiny_config().as_dict()
        for name in ("shift", "scale", "rotation", "shear", "contrast", "brightness", "except_for"):
            del values[name]
        assert TrainConfig.from_dict(values) == tiny_config()
        assert TrainConfig.from_dict(values).augmentation == Augmentation()


def test_each_strength_is_that_of_its_own_augmentation():
    names = ("shift", "scale", "rotation", "shear", "contrast", "brightness")
    strengths = {name: (i + 1) / 10 for i, name in enumerate(names)}
    given = strengths | {"except_for": {"scale": ["red"]}}
    assert tiny_config(**given).augmentation == Augmentation(**given)
