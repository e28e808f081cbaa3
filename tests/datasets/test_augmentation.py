"""What is drawn, for whom it is off, and that batches with it are a function of their numbers."""

from __future__ import annotations

import numpy as np
import pytest

from datasets.test_batches import assert_same, numbered, places
from minialexnet.datasets import (
    AUGMENTATIONS,
    Augmentation,
    PictureSet,
    PrincipalColours,
    TrainBatches,
    matrices,
    relit,
    warped,
)
from minialexnet.datasets import batches as batches_module
from minialexnet.errors import InputError

STRENGTHS = {
    "shift": 0.1,
    "scale": 0.5,
    "rotation": 30,
    "shear": 15,
    "contrast": 0.7,
    "brightness": 0.4,
}
FACTORS = ("scale", "contrast", "brightness")


def drawn(count=20_000, off=None, seed=0, **strengths):
    return Augmentation(**strengths).draw(count, np.random.default_rng(seed), off)


def angles(changes):
    """Degrees of rotation and slant, and the scale, back from the matrices."""
    m = changes.matrix
    rotation = np.degrees(np.arctan2(-m[:, 1, 0], m[:, 0, 0]))
    scale = np.sqrt(np.linalg.det(m))
    slant = (m[:, :, 0] * m[:, :, 1]).sum(axis=1) / scale**2  # columns are at right angles without
    return rotation, np.degrees(np.arctan(slant)), scale


def noise(count=12, size=20, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, size, size, 3), dtype=np.uint8)
    labels = np.arange(count) % 3
    return PictureSet(images, labels, ("a", "b", "c"), [str(i) for i in range(count)])


def batches(pictures=None, **options):
    augmentation = Augmentation(**options.pop("given", STRENGTHS))
    pictures = noise() if pictures is None else pictures
    return TrainBatches(
        pictures, len(pictures), crop=12, seed=3, augmentation=augmentation, **options
    )


# What is drawn


@pytest.mark.parametrize("name", FACTORS)
def test_twice_as_large_is_as_likely_as_half(name):
    """And twice as bright as half as bright: logarithms are uniform between the bounds."""
    changes = drawn(**{name: 0.5})
    factor = angles(changes)[2] if name == "scale" else getattr(changes, name)
    share = np.log(factor) / np.log(1.5)
    assert -1 <= share.min() < -0.99
    assert 0.99 < share.max() <= 1 + 1e-12
    counts, _ = np.histogram(share, bins=10, range=(-1, 1 + 1e-9))
    assert counts.sum() == 20_000
    assert np.abs(counts - 2000).max() < 220  # five deviations


@pytest.mark.parametrize(("name", "strength"), [("rotation", 30), ("shear", 15)])
def test_angles_are_uniform_to_either_side(name, strength):
    rotation, shear, _ = angles(drawn(**{name: strength}))
    share = {"rotation": rotation, "shear": shear}[name] / strength
    assert np.abs(share).max() <= 1 + 1e-9
    counts, _ = np.histogram(share, bins=10, range=(-1 - 1e-9, 1 + 1e-9))
    assert np.abs(counts - 2000).max() < 220


def test_shifts_are_uniform_and_each_axis_has_its_own():
    shift = drawn(shift=0.2).shift
    assert np.abs(shift).max() <= 0.2
    for axis in (0, 1):
        counts, _ = np.histogram(shift[:, axis], bins=10, range=(-0.2, 0.2))
        assert np.abs(counts - 2000).max() < 220
    assert abs(np.corrcoef(shift.T)[0, 1]) < 0.04


def test_one_does_not_follow_another():
    changes = drawn(**STRENGTHS)
    values = [*changes.shift.T, *angles(changes), changes.contrast, changes.brightness]
    correlation = np.corrcoef(values) - np.eye(7)
    assert np.abs(correlation).max() < 0.04


@pytest.mark.parametrize("name", STRENGTHS)
def test_switching_one_on_leaves_the_others_as_they_were(name):
    """Numbers are drawn for all of them in any case."""
    without = drawn(50, **(STRENGTHS | {name: 0}))
    all_on = drawn(50, **STRENGTHS)
    for other in ("shift", "contrast", "brightness"):
        same = np.array_equal(getattr(all_on, other), getattr(without, other))
        assert same == (other != name)
    for other, before, after in zip(
        ("rotation", "shear", "scale"), angles(without), angles(all_on), strict=True
    ):
        assert np.allclose(before, after) == (other != name)


def test_what_changes_nothing_is_not_done():
    changes = drawn(9)
    assert not changes.moves.any()
    assert not changes.lights.any()
    for name in STRENGTHS:
        changes = drawn(9, **{name: STRENGTHS[name]})
        assert changes.moves.all() == (name not in ("contrast", "brightness"))
        assert changes.lights.all() == (name in ("contrast", "brightness"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"shift": -0.1}, "shift is -0.1; expected 0"),
        ({"shift": 1.1}, "shift is 1.1; expected 0"),
        ({"rotation": 181}, "rotation is 181; expected 0 .* to 180"),
        ({"shear": 90}, "shear is 90; expected 0 .* to 60"),
        ({"scale": float("nan")}, "scale is nan"),
        ({"brightness": float("inf")}, "brightness is inf"),
        ({"except_for": {"rotate": ["a"]}}, "no augmentation 'rotate' .* rotation, shear"),
    ],
)
def test_what_cannot_be_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        Augmentation(**given)


# What becomes of pictures


def test_a_batch_is_cut_warped_lit_and_mirrored_in_this_order():
    pictures = noise()
    cut = list(places(batches(numbered(12, 20), given={}).batch(2, 0)[0]))
    changes = Augmentation(**STRENGTHS).draw(12, np.random.default_rng([3, 2, 4, 0]))
    got, labels = batches(pictures).batch(2, 0)
    assert np.array_equal(labels, pictures.labels[[which for which, *_ in cut]])
    assert {mirrored for *_, mirrored in cut} == {True, False}
    for i, (which, *corner, mirrored) in enumerate(cut):
        moved = warped(
            pictures.images, which, tuple(corner), 12, 12, changes.matrix[i], changes.shift[i]
        )
        lit = relit(moved, changes.contrast[i], changes.brightness[i])
        np.testing.assert_array_equal(got[i], lit[:, ::-1] if mirrored else lit)


def test_without_any_batches_are_what_they_were():
    pictures, colours = noise(), PrincipalColours(np.eye(3), np.ones(3))
    for options in ({}, {"min_crop": 6}, {"colours": colours}):
        plain = TrainBatches(pictures, 5, 12, 3, **options)
        none = TrainBatches(pictures, 5, 12, 3, augmentation=Augmentation(), **options)
        for step in range(2):
            for array, same in zip(plain.batch(1, step), none.batch(1, step), strict=True):
                np.testing.assert_array_equal(array, same)


def test_without_any_squares_are_cut_and_drawn_as_ever(monkeypatch):
    """A run that was begun before there were augmentations goes on bit by bit."""
    monkeypatch.setattr(batches_module, "warped", None)
    monkeypatch.setattr(batches_module, "relit", None)
    for augmentation in (None, Augmentation(), Augmentation(except_for={"rotation": ["a"]})):
        made = TrainBatches(numbered(9, 20), 9, 12, seed=6, augmentation=augmentation)
        order = np.random.default_rng([6, 4, 1, 0]).permutation(9)
        rng = np.random.default_rng([6, 4, 2, 0])
        corners = rng.integers(0, 9, (9, 2))
        mirrored = rng.random(9) < 0.5
        expected = [
            (which, *corner, flipped)
            for which, corner, flipped in zip(order, corners.tolist(), mirrored, strict=True)
        ]
        assert list(places(made.batch(4, 0)[0])) == expected
    scaled = TrainBatches(noise(), 4, 12, seed=6, min_crop=6).batch(0, 0)
    assert scaled[0].std() > 10


def test_squares_of_random_size_are_changed_too():
    pictures = noise()
    plain = batches(pictures, given={}, min_crop=8, flip=False).batch(0, 0)[0]
    turned = batches(pictures, given={"rotation": 180}, min_crop=8, flip=False).batch(0, 0)[0]
    tiny = batches(pictures, given={"rotation": 1e-7}, min_crop=8, flip=False).batch(0, 0)[0]
    assert (np.abs(plain.astype(int) - turned).mean(axis=(1, 2, 3)) > 15).all()
    assert np.abs(plain.astype(int) - tiny).mean() < 12  # another filter, the same square


def test_no_pixel_goes_round_from_white_to_black():
    images = np.tile(np.arange(20, dtype=np.uint8)[:, None, None] + 236, (6, 1, 20, 3))
    pictures = PictureSet(images, np.zeros(6, np.int64), ("a",), ["x"] * 6)
    got, _ = batches(pictures, given={**STRENGTHS, "rotation": 180, "contrast": 9}).batch(0, 0)
    assert got.min() > 90  # 236 / 1.4 is 168, less contrast about the mean
    bright, _ = batches(pictures, given={"brightness": 9}).batch(0, 0)
    assert (np.diff(bright[:, :, 0, 0].astype(int), axis=1) >= 0).all()


# Switched off for a class


@pytest.mark.parametrize("options", [{}, {"min_crop": 6}])
@pytest.mark.parametrize("name", STRENGTHS)
def test_what_is_off_for_a_class_is_off_for_it_and_for_it_alone(name, options):
    pictures = noise(30)
    given = {name: STRENGTHS[name]}
    off = {**given, "except_for": {name: ("b",)}}
    plain, labels = batches(pictures, given={}, **options).batch(1, 0)
    everywhere = batches(pictures, given=given, **options).batch(1, 0)[0]
    but_b = batches(pictures, given=off, **options).batch(1, 0)[0]
    is_b = labels == 1
    assert 0 < is_b.sum() < 30
    np.testing.assert_array_equal(but_b[is_b], plain[is_b])
    np.testing.assert_array_equal(but_b[~is_b], everywhere[~is_b])
    assert all(not np.array_equal(x, y) for x, y in zip(plain, everywhere, strict=True))


def test_one_can_be_off_while_others_stay_on():
    off = {"except_for": {"rotation": ("b",), "contrast": ("a", "c")}}
    pictures = noise(30)
    got, labels = batches(pictures, given=STRENGTHS | off).batch(1, 0)
    for strengths, classes in (({"rotation": 0}, [1]), ({"contrast": 0}, [0, 2])):
        expected = batches(pictures, given=STRENGTHS | strengths).batch(1, 0)[0]
        chosen = np.isin(labels, classes)
        np.testing.assert_array_equal(got[chosen], expected[chosen])


def test_mirroring_off_for_a_class():
    pictures = numbered(60, 20)
    seen = list(places(batches(pictures, given={}).batch(0, 0)[0]))
    off = list(places(batches(pictures, given={"except_for": {"flip": ["b"]}}).batch(0, 0)[0]))
    for (which, top, left, mirrored), place in zip(seen, off, strict=True):
        assert place == (which, top, left, mirrored and which % 3 != 1)
    assert any(mirrored for which, *_, mirrored in seen if which % 3 == 1)


@pytest.mark.parametrize("options", [{}, {"min_crop": 6}])
def test_random_crops_off_for_a_class_are_central_ones(options):
    given = {"except_for": {"crop": ["b"], "flip": ["b"]}}
    pictures = noise(30)
    plain = batches(pictures, given={}, **options).batch(0, 0)[0]
    got, labels = batches(pictures, given=given, **options).batch(0, 0)
    np.testing.assert_array_equal(got[labels != 1], plain[labels != 1])
    centres = {bytes(image[4:16, 4:16]) for image in pictures.images[pictures.labels == 1]}
    assert {bytes(crop) for crop in got[labels == 1]} == centres


def test_noise_in_the_colours_off_for_a_class():
    colours = PrincipalColours(np.eye(3), np.ones(3))
    plain = batches(given={}, colours=colours).batch(0, 0)
    given = {"except_for": {"colour_noise": ["b"]}}
    _, labels, shift = batches(given=given, colours=colours).batch(0, 0)
    assert not shift[labels == 1].any()
    np.testing.assert_array_equal(shift[labels != 1], plain[2][labels != 1])
    assert shift[labels != 1].all()


def test_every_name_can_be_switched_off():
    given = {"except_for": dict.fromkeys(AUGMENTATIONS, ("b",)), **STRENGTHS}
    colours = PrincipalColours(np.eye(3), np.ones(3))
    pictures = noise()
    got, labels, shift = batches(pictures, given=given, colours=colours, min_crop=6).batch(0, 0)
    assert not shift[labels == 1].any()
    centres = {bytes(image[4:16, 4:16]) for image in pictures.images[pictures.labels == 1]}
    assert {bytes(crop) for crop in got[labels == 1]} == centres


def test_a_class_that_there_is_not_is_named_beside_those_there_are():
    with pytest.raises(InputError, match=r"rotation .* class 'd', which .*: 'a', 'b', 'c'$"):
        batches(given={"except_for": {"rotation": ["a", "d"]}})


# Randomness has no memory


def test_resumed_anywhere_and_asked_in_any_order_batches_are_the_same():
    def new():
        return TrainBatches(noise(33), 4, 12, 5, augmentation=Augmentation(**STRENGTHS))

    whole = list(new().iterate(2))
    assert len({x.tobytes() for x, _ in whole}) == len(whole) == 8
    for start in (1, 5, 7):
        assert_same(whole[start:], list(new().iterate(2, start)))
    asked = new()
    assert_same([asked.batch(2, step) for step in (6, 0, 6)], [whole[step] for step in (6, 0, 6)])


def test_what_is_drawn_changes_with_epoch_step_and_seed():
    """Of pictures that are all alike, each the same square, no two are the same."""
    images = np.tile(noise(1).images, (8, 1, 1, 1))
    pictures = PictureSet(images, np.zeros(8, np.int64), ("a",), ["x"] * 8)
    seen = [
        crop.tobytes()
        for seed in (0, 1)
        for epoch in (0, 1)
        for step in (0, 1)
        for crop in TrainBatches(
            pictures, 4, 20, seed, flip=False, augmentation=Augmentation(rotation=90)
        ).batch(epoch, step)[0]
    ]
    assert len(set(seen)) == len(seen) == 32


def test_pictures_that_are_mapped_and_read_only_give_the_same(tmp_path):
    pictures = noise()
    np.save(tmp_path / "images.npy", pictures.images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    same = PictureSet(mapped, pictures.labels, pictures.classes, pictures.names)
    assert_same([batches(pictures).batch(0, 0)], [batches(same).batch(0, 0)])


def test_the_matrices_of_a_batch_are_made_of_what_is_drawn():
    """In the order x, y: shift right, shift down, scale, rotation, shear."""
    unit = 2 * np.random.default_rng(0).random((7, 5)) - 1
    changes = drawn(5, shift=0.2, scale=1.0, rotation=90, shear=40)
    np.testing.assert_allclose(changes.shift, 0.2 * unit[:2].T)
    expected = matrices(2 ** unit[2], 90 * unit[3], 40 * unit[4])
    np.testing.assert_allclose(changes.matrix, expected)
