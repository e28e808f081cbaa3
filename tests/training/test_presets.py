"""What is chosen for a run when nobody says."""

import math
from dataclasses import fields

import pytest

from minialexnet.errors import InputError
from minialexnet.models import INITIALIZATIONS, RAW_PIXEL_INITIALIZATIONS, alexnet
from minialexnet.training import PRESETS, TrainConfig, make_schedule, planned
from minialexnet.training.presets import read_preset


def chosen(num_pictures=10_000, picture_size=160, pixel_std=70.0, **options):
    return planned("data", 10, num_pictures, picture_size, pixel_std, "numpy", **options)


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

    def test_in_between_the_number_of_steps_is_what_the_preset_aims_at(self):
        assert chosen(3200, 64).epochs * 50 == read_preset("mini")["steps"]
        assert chosen(12_800, 128).epochs == math.ceil(read_preset("photos")["steps"] / 200)

    def test_imagenette_gets_the_epochs_it_was_measured_with(self):
        assert chosen(9469, 128).epochs == 50

    @pytest.mark.parametrize("variant, preset", [("mini", "mini"), ("paper", "photos")])
    def test_a_variant_that_was_chosen_decides_the_preset_whatever_the_pictures(
        self, variant, preset
    ):
        presets = [chosen(picture_size=size, variant=variant).preset for size in (48, 160)]
        assert presets == [preset, preset]

    def test_pixels_are_scaled_to_a_spread_of_1(self):
        config = chosen(pixel_std=64.0)
        assert (config.init, config.pixel_scale, config.mean) == ("he", 1 / 64, "colour")

    @pytest.mark.parametrize("init", INITIALIZATIONS)
    def test_initialisations_made_for_raw_pixels_get_them(self, init):
        config = chosen(init=init)
        raw = init in RAW_PIXEL_INITIALIZATIONS
        assert config.pixel_scale == (1.0 if raw else 1 / 70)
        assert config.mean == ("image" if raw else "colour")
        assert config.lr == (0.01 if raw else read_preset("photos")["lr"])

    def test_pictures_of_one_colour_are_no_division_by_zero(self):
        assert chosen(pixel_std=0.0).pixel_scale == 1.0

    def test_the_smallest_squares_are_a_share_of_the_pictures(self):
        assert [chosen(picture_size=size).min_crop for size in (128, 256, 64)] == [64, 128, 0]

    @pytest.mark.parametrize("preset, decay", [("mini", 5e-4), ("2012", 5e-4), ("photos", 2e-3)])
    def test_momentum_is_the_papers_and_so_is_the_decay_but_for_photos(self, preset, decay):
        config = chosen(preset=preset)
        assert (config.momentum, config.weight_decay) == (0.9, decay)


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
            "shift": 0.1,
            "scale": 0.2,
            "rotation": 15.0,
            "shear": 10.0,
            "contrast": 0.3,
            "brightness": 0.4,
            "except_for": {"rotation": ["6", "9"], "flip": ["b"]},
            "mean": "image",
            "pixel_scale": 2.0,
            "seed": 9,
        }
        config = chosen(**options)
        assert {name: getattr(config, name) for name in options} == options

    def test_of_none_are_no_choices(self):
        assert chosen(variant=None, epochs=None, lr=None) == chosen()

    def test_the_variant_decides_on_the_preset_where_it_was_chosen(self):
        assert chosen(picture_size=64, variant="paper").preset == "photos"
        assert chosen(picture_size=160, variant="mini").preset == "mini"

    def test_a_preset_can_be_chosen_for_any_pictures(self):
        assert chosen(picture_size=160, preset="mini").variant == "mini"
        assert chosen(picture_size=64, preset="photos").variant == "paper"

    def test_what_is_off_stays_off(self):
        off = {"min_crop": 0, "colour_noise": 0.0, "label_smoothing": 0.0}
        config = chosen(**off)
        assert {name: getattr(config, name) for name in off} == off


class TestPresets:
    @pytest.mark.parametrize("preset", PRESETS)
    def test_all_of_them_make_a_configuration_that_a_run_can_have(self, preset):
        config = chosen(preset=preset)
        assert config.preset == preset
        make_schedule(config.schedule, config.lr, 10, config.epochs)
        alexnet(config.variant, 10, config.image_size, init=config.init)

    @pytest.mark.parametrize("preset", PRESETS)
    def test_nothing_in_the_files_is_overlooked(self, preset):
        known = {field.name for field in fields(TrainConfig)} | {"crop", "steps"}
        assert set(read_preset(preset)) <= known

    def test_2012_is_that_of_2012(self):
        config = chosen(1_281_167, 256, preset="2012")
        expected = {
            "variant": "original2012", "init": "2012", "mean": "image", "pixel_scale": 1.0,
            "image_size": 224, "min_crop": 0, "flip": True, "colour_noise": 0.1, "batch_size": 128,
            "epochs": 91, "schedule": "2012", "lr": 0.01, "momentum": 0.9, "weight_decay": 5e-4,
            "label_smoothing": 0.0,
        }  # fmt: skip
        assert {name: getattr(config, name) for name in expected} == expected

    def test_an_unknown_name_is_refused_with_the_known_ones(self):
        with pytest.raises(InputError, match="preset is 'x'; expected one of mini, photos, 2012"):
            chosen(preset="x")
