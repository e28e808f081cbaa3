"""What is chosen for a run when nobody says, and which choices are refused."""

import json

import numpy as np
import pytest

from minialexnet.errors import InputError
from minialexnet.models import (
    INITIALIZATIONS,
    PART_NAMES,
    RAW_PIXEL_INITIALIZATIONS,
    Parts,
    alexnet,
)
from minialexnet.training import TrainConfig, default_config
from training.tiny import tiny_config

PARTS = {
    "activation": "tanh",
    "lrn": False,
    "pooling": "tiled",
    "pool": "average",
    "dropout": 0.25,
    "groups": False,
}


def chosen(num_pictures=10_000, picture_size=160, pixel_std=70.0, **options):
    return default_config("data", 10, num_pictures, picture_size, pixel_std, "numpy", **options)


class TestDefaults:
    @pytest.mark.parametrize(
        ("size", "variant"),
        [(32, "mini"), (64, "mini"), (95, "mini"), (96, "paper"), (256, "paper")],
    )
    def test_small_pictures_get_the_small_network(self, size, variant):
        assert chosen(picture_size=size).variant == variant

    @pytest.mark.parametrize(("size", "crop"), [(256, 224), (64, 56), (160, 140), (32, 28)])
    def test_crops_are_seven_eighths_of_the_pictures(self, size, crop):
        assert chosen(picture_size=size).image_size == crop

    @pytest.mark.parametrize("variant", ["mini", "paper"])
    @pytest.mark.parametrize("pictures", [1, 10, 500, 2000, 10_000, 1_000_000])
    def test_epochs_lie_within_bounds(self, variant, pictures):
        assert 8 <= chosen(pictures, variant=variant).epochs <= 60

    def test_small_sets_get_more_epochs(self):
        epochs = [chosen(pictures).epochs for pictures in (100, 5000, 20_000, 10**6)]
        assert epochs == sorted(epochs, reverse=True)
        assert (epochs[0], epochs[-1]) == (60, 8)

    def test_in_between_the_number_of_steps_is_what_the_recipe_aims_at(self):
        config = chosen(6400, 64)
        assert config.epochs * 100 == 800

    def test_pixels_are_scaled_to_a_spread_of_1(self):
        config = chosen(pixel_std=64.0)
        assert (config.init, config.pixel_scale, config.mean) == ("he", 1 / 64, "colour")

    @pytest.mark.parametrize("init", INITIALIZATIONS)
    def test_initialisations_made_for_raw_pixels_get_them(self, init):
        config = chosen(init=init)
        raw = init in RAW_PIXEL_INITIALIZATIONS
        assert config.pixel_scale == (1.0 if raw else 1 / 70)
        assert config.mean == ("image" if raw else "colour")
        assert config.lr == (0.01 if raw else 0.02)

    def test_pictures_of_one_colour_are_no_division_by_zero(self):
        assert chosen(pixel_std=0.0).pixel_scale == 1.0

    def test_momentum_and_decay_are_the_papers(self):
        assert (chosen().momentum, chosen().weight_decay) == (0.9, 5e-4)


class TestChoices:
    def test_replace_the_defaults(self):
        options = {
            "variant": "owt",
            "epochs": 3,
            "batch_size": 17,
            "lr": 0.5,
            "schedule": "plateau",
            "image_size": 100,
            "momentum": 0.5,
            "weight_decay": 0.0,
            "label_smoothing": 0.1,
            "flip": False,
            "mean": "image",
            "pixel_scale": 2.0,
            "seed": 9,
        }
        config = chosen(**options)
        assert {name: getattr(config, name) for name in options} == options

    def test_of_none_are_no_choices(self):
        assert chosen(variant=None, epochs=None, lr=None) == chosen()

    def test_the_variant_decides_on_epochs_also_where_it_was_chosen(self):
        assert chosen(6400, 64, variant="paper").epochs == 29

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("epochs", 0, "epochs is 0; expected at least 1"),
            ("batch_size", 0, "batch_size is 0; expected at least 1"),
            ("batch_size", -3, "batch_size is -3; expected at least 1"),
            ("image_size", 0, "image_size is 0; expected at least 1"),
            ("seed", -1, "seed is -1; expected at least 0"),
            ("lr", 0.0, "lr is 0.0; expected a learning rate above 0"),
            ("lr", -0.1, "lr is -0.1; expected a learning rate above 0"),
            ("lr", float("nan"), "lr is nan; expected a learning rate above 0"),
            ("mean", "none", "mean is 'none'; expected 'colour' or 'image'"),
            ("activation", "gelu", "activation is 'gelu'; expected one of relu, tanh, sigmoid"),
            ("dropout", 1.0, "dropout is 1.0; expected a probability"),
            ("pooling", "none", "pooling is 'none'; expected one of overlapped, tiled"),
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

    def test_are_chosen_like_everything_else(self):
        assert chosen(**PARTS).parts == Parts(**PARTS)
        assert chosen().parts == Parts()

    def test_a_run_of_before_there_were_any_has_all(self):
        values = tiny_config().as_dict()
        for name in (*PART_NAMES, "random_crop"):
            del values[name]
        config = TrainConfig.from_dict(values)
        assert config.parts == Parts()
        assert config.random_crop is True


class TestAsValues:
    def test_there_and_back_through_json(self):
        config = tiny_config(seed=5, lr=0.1 + 0.2)
        assert TrainConfig.from_dict(json.loads(json.dumps(config.as_dict()))) == config

    def test_unknown_settings_are_named(self):
        values = tiny_config().as_dict() | {"zoom": 2, "angle": 3}
        with pytest.raises(InputError, match="unknown settings in the configuration: angle, zoom"):
            TrainConfig.from_dict(values)

    def test_missing_settings_are_named(self):
        values = tiny_config().as_dict()
        del values["variant"]
        with pytest.raises(InputError, match=r"the configuration is incomplete: .*'variant'"):
            TrainConfig.from_dict(values)

    def test_bad_values_are_refused_as_in_a_new_run(self):
        with pytest.raises(InputError, match="epochs is 0"):
            TrainConfig.from_dict(tiny_config().as_dict() | {"epochs": 0})
