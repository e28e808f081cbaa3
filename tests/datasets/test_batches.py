from __future__ import annotations

import gc
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minialexnet.datasets import EvalBatches, PictureSet, PrincipalColours, TrainBatches, cut_views
from minialexnet.errors import InputError


def numbered(count, size=8):
    """Pictures whose pixels tell which they are, and where: (number, row, column)."""
    images = np.empty((count, size, size, 3), np.uint8)
    images[..., 0] = np.arange(count)[:, None, None]
    images[..., 1] = np.arange(size)[:, None]
    images[..., 2] = np.arange(size)
    labels = np.arange(count) % 3
    return PictureSet(images, labels, ("a", "b", "c"), [str(i) for i in range(count)])


def places(batch):
    """For each crop of such pictures: which, top, left, mirrored; and that it is a whole crop."""
    crop = batch.shape[1]
    for pixels in batch.astype(int):
        which, top, left = pixels[0, 0]
        mirrored = pixels[0, -1, 2] < left
        left = min(left, pixels[0, -1, 2])
        columns = left + np.arange(crop)
        assert (pixels[..., 0] == which).all()
        assert (pixels[..., 1] == (top + np.arange(crop))[:, None]).all()
        assert (pixels[..., 2] == (columns[::-1] if mirrored else columns)).all()
        yield int(which), int(top), int(left), bool(mirrored)


def ramps(count=6, size=96):
    """Pictures which brighten evenly to the right (green) and downwards (blue)."""
    images = np.zeros((count, size, size, 3), np.uint8)
    images[..., 1] = 2 * np.arange(size)
    images[..., 2] = 2 * np.arange(size)[:, None]
    return PictureSet(images, np.zeros(count, np.int64), ("a", "b"), ["x"] * count)


def assert_same(first, second):
    assert len(first) == len(second) > 0
    for (x, labels), (other_x, other_labels) in zip(first, second, strict=True):
        assert np.array_equal(x, other_x)
        assert np.array_equal(labels, other_labels)


# What training batches hold


def test_shapes_and_types():
    x, labels = TrainBatches(numbered(10), 4, crop=5, seed=0).batch(0, 1)
    assert x.shape == (4, 5, 5, 3)
    assert x.dtype == np.uint8
    assert x.flags.c_contiguous
    assert labels.shape == (4,)
    assert labels.dtype == np.int64


@settings(max_examples=50, deadline=None)
@given(
    count=st.integers(1, 30),
    batch_size=st.integers(1, 35),
    crop=st.integers(2, 8),
    seed=st.integers(0, 2**70),
    epoch=st.integers(0, 100),
    drop_last=st.booleans(),
)
def test_an_epoch_shows_each_picture_once(count, batch_size, crop, seed, epoch, drop_last):
    pictures = numbered(count)
    batches = TrainBatches(pictures, batch_size, crop, seed, drop_last=drop_last)
    shown = []
    made = list(batches.iterate(epoch))
    assert len(made) == len(batches)
    for x, labels in made:
        which = [place[0] for place in places(x)]
        assert np.array_equal(labels, pictures.labels[which])
        shown += which
    assert len(shown) == len(set(shown))
    full = count // batch_size * batch_size
    assert len(shown) == (full if drop_last and full else count)
    assert all(len(x) == batch_size for x, _ in made[:-1])


def test_every_corner_is_drawn_and_none_else():
    batches = TrainBatches(numbered(50), 50, crop=5, seed=1)
    seen = [place for epoch in range(20) for place in places(batches.batch(epoch, 0)[0])]
    corners = [(top, left) for _, top, left, _ in seen]
    counts = [corners.count((top, left)) for top in range(4) for left in range(4)]
    assert sum(counts) == 1000
    assert 30 < min(counts) <= max(counts) < 100  # 62.5 expected


def test_half_are_mirrored():
    batches = TrainBatches(numbered(50), 50, crop=5, seed=2)
    seen = [place for epoch in range(20) for place in places(batches.batch(epoch, 0)[0])]
    assert 430 < sum(mirrored for *_, mirrored in seen) < 570
    per_picture = {which: set() for which in range(50)}
    for which, *_, mirrored in seen:
        per_picture[which].add(mirrored)
    assert all(kinds == {True, False} for kinds in per_picture.values())


def test_pictures_of_a_batch_differ_in_their_places():
    x, _ = TrainBatches(numbered(50), 50, crop=5, seed=3).batch(0, 0)
    assert len({place[1:] for place in places(x)}) > 10


def test_crops_by_chance_can_be_switched_off_and_nothing_else_changes():
    anywhere = TrainBatches(numbered(50), 50, crop=5, seed=4).batch(0, 0)[0]
    middle = TrainBatches(numbered(50), 50, crop=5, seed=4, random_crop=False).batch(0, 0)[0]
    seen = EvalBatches(numbered(50), 50, crop=5).batch(0)[0]
    (corner,) = {place[1:3] for place in places(seen)}
    assert {place[1:3] for place in places(middle)} == {corner}
    assert [p[::3] for p in places(middle)] == [p[::3] for p in places(anywhere)]


def test_flip_can_be_switched_off_and_changes_nothing_else():
    with_flip = TrainBatches(numbered(50), 50, crop=5, seed=4).batch(0, 0)[0]
    without = TrainBatches(numbered(50), 50, crop=5, seed=4, flip=False).batch(0, 0)[0]
    assert not any(mirrored for *_, mirrored in places(without))
    assert [p[:3] for p in places(with_flip)] == [p[:3] for p in places(without)]


def test_a_crop_as_large_as_the_picture():
    pictures = numbered(6)
    x, _ = TrainBatches(pictures, 6, crop=8, seed=5, flip=False).batch(0, 0)
    which = [place[0] for place in places(x)]
    assert np.array_equal(x, pictures.images[which])


def test_the_order_changes_with_epoch_and_seed():
    def order(seed, epoch):
        x, _ = TrainBatches(numbered(40), 40, crop=5, seed=seed).batch(epoch, 0)
        return tuple(place[0] for place in places(x))

    orders = {order(seed, epoch) for seed in range(3) for epoch in range(3)}
    assert len(orders) == 9
    assert tuple(range(40)) not in orders


def test_places_change_with_epoch_step_and_seed():
    seen = set()
    for seed in range(3):
        batches = TrainBatches(numbered(40), 10, crop=3, seed=seed)
        for epoch in range(3):
            for step in range(3):
                seen.add(tuple(place[1:] for place in places(batches.batch(epoch, step)[0])))
    assert len(seen) == 27


def test_with_fewer_pictures_than_a_batch_each_batch_is_all():
    batches = TrainBatches(numbered(3), 128, crop=5, seed=6)
    assert len(batches) == 1
    x, _ = batches.batch(0, 0)
    assert sorted(place[0] for place in places(x)) == [0, 1, 2]


@pytest.mark.parametrize(("drop_last", "steps", "last"), [(True, 2, 4), (False, 3, 2)])
def test_drop_last(drop_last, steps, last):
    batches = TrainBatches(numbered(10), 4, crop=5, seed=7, drop_last=drop_last)
    assert len(batches) == steps
    assert [len(x) for x, _ in batches.iterate(0)] == [4] * (steps - 1) + [last]


# Squares of random size


def squares(batches, steps=60):
    """For each crop of `ramps`: (top, left, side) of the square it was made of."""
    crop, inner = batches.crop, slice(3, -3)  # at its border there is no picture to average with
    centres = np.arange(crop) + 0.5
    found = []
    for epoch in range(steps):
        x, _ = batches.batch(epoch, 0)
        for pixels in x.astype(float):
            edges = []
            for values in (pixels[:, crop // 2, 2] / 2, pixels[crop // 2, :, 1] / 2):
                step, start = np.polyfit(centres[inner], values[inner] + 0.5, 1)
                assert np.abs(start + step * centres - values - 0.5)[inner].max() < 0.6
                edges.append((start, step * crop))
            (top, height), (left, width) = edges
            assert abs(height - width) < 0.5
            found.append((top, left, (height + width) / 2))
    return np.array(found)


def test_squares_of_random_size_lie_anywhere_in_the_picture():
    batches = TrainBatches(ramps(), 6, crop=48, seed=1, flip=False, min_crop=32)
    top, left, side = squares(batches).T
    assert np.all(np.abs(side - side.round()) < 0.25)
    assert side.round().min() == 32
    assert side.round().max() == 96
    assert abs(np.mean(side) - 64) < 4  # 360 of a uniform distribution: four deviations
    for start in (top, left):
        assert start.min() > -0.5
        assert (start + side).max() < 96.5
        assert abs(np.mean(start + side / 2) - 48) < 2.5


def test_squares_of_one_size_are_cut_and_not_scaled():
    sized = TrainBatches(numbered(9), 9, crop=8, seed=2, min_crop=8)
    ((x, _),) = sized.iterate(0)
    assert sorted(which for which, *_ in places(x)) == list(range(9))


def test_squares_of_random_size_are_the_same_each_time():
    first, second, other = (
        TrainBatches(ramps(), 4, crop=40, seed=seed, min_crop=20).batch(5, 0)[0]
        for seed in (3, 3, 4)
    )
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_without_crops_by_chance_all_of_them_lie_in_the_middle():
    options = dict(crop=48, seed=1, flip=False, min_crop=32, random_crop=False)
    found = squares(TrainBatches(ramps(), 6, **options), steps=10)
    assert np.ptp(found[:, 2]) > 20
    assert np.abs(found[:, :2] + found[:, 2:] / 2 - 48).max() < 1


@pytest.mark.parametrize("min_crop", [0, 9, 2.5])
def test_a_smallest_crop_that_cannot_be_is_refused(min_crop):
    with pytest.raises(InputError, match="min_crop"):
        TrainBatches(numbered(4), 2, crop=4, seed=0, min_crop=min_crop)


# Randomness has no memory


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10), st.integers(0, 5), st.integers(0, 7))
def test_resumed_anywhere_the_batches_are_the_same(seed, epoch, start):
    whole = list(TrainBatches(numbered(33), 4, crop=5, seed=seed).iterate(epoch))
    resumed = list(TrainBatches(numbered(33), 4, crop=5, seed=seed).iterate(epoch, start))
    assert_same(whole[start:], resumed)


def test_batches_do_not_depend_on_what_was_asked_before():
    batches = TrainBatches(numbered(33), 4, crop=5, seed=8)
    asked = [(2, 3), (0, 0), (2, 3), (1, 7), (0, 0)]
    fresh = [TrainBatches(numbered(33), 4, crop=5, seed=8).batch(*a) for a in asked]
    assert_same([batches.batch(*a) for a in asked], fresh)


def test_batches_do_not_touch_numpys_global_generator():
    before = np.random.get_state()[1:3]  # noqa: NPY002
    TrainBatches(numbered(9), 4, crop=5, seed=8).batch(0, 0)
    after = np.random.get_state()[1:3]  # noqa: NPY002
    assert np.array_equal(before[0], after[0])
    assert before[1] == after[1]


def test_another_thread_may_ask_for_another_epoch_meanwhile():
    class Interrupted(TrainBatches):
        """As soon as an order is remembered, that of another epoch takes its place."""

        def __setattr__(self, name, value):
            super().__setattr__(name, value)
            if name == "_last_order" and value is not None and value[0] == 0:
                self.batch(1, 0)

    expected = TrainBatches(numbered(33), 4, crop=5, seed=9).batch(0, 0)
    assert_same([Interrupted(numbered(33), 4, crop=5, seed=9).batch(0, 0)], [expected])


def test_colours_are_drawn_for_themselves_and_are_part_of_the_batch():
    """With them on, crops are cut as without."""
    pictures = numbered(33)
    colours = PrincipalColours(np.eye(3), np.array([1.0, 10, 100]))
    plain = TrainBatches(pictures, 4, crop=5, seed=8)
    noisy = TrainBatches(pictures, 4, crop=5, seed=8, colours=colours, colour_noise=0.1)
    whole = list(noisy.iterate(2))
    assert_same([batch[:2] for batch in whole], list(plain.iterate(2)))
    shifts = np.concatenate([shift for _, _, shift in whole])
    assert shifts.dtype == np.float32
    assert len({tuple(shift) for shift in shifts}) == len(shifts) == 32
    np.testing.assert_array_equal(shifts[12:16], noisy.batch(2, 3)[2])
    assert not np.array_equal(noisy.batch(1, 3)[2], shifts[12:16])
    assert (np.abs(shifts / [0.1, 1, 10]).max(axis=0) > 1).all()
    assert (np.abs(shifts / [0.1, 1, 10]) < 5).all()


def test_the_noise_in_the_colours_may_depend_on_the_epoch():
    colours = PrincipalColours(np.eye(3), np.array([1.0, 10, 100]))
    given = {"crop": 5, "seed": 8, "colours": colours}
    fading = TrainBatches(numbered(9), 4, **given, colour_noise=lambda epoch: 0.3 / (1 + epoch))
    for epoch, strength in ((0, 0.3), (2, 0.1)):
        fixed = TrainBatches(numbered(9), 4, **given, colour_noise=strength)
        np.testing.assert_array_equal(fading.batch(epoch, 1)[2], fixed.batch(epoch, 1)[2])


# Evaluation


@pytest.mark.parametrize(("size", "crop", "corner"), [(8, 4, 2), (8, 5, 1), (8, 8, 0), (9, 4, 2)])
def test_evaluation_takes_the_centre_in_order(size, crop, corner):
    pictures = numbered(10, size)
    batches = EvalBatches(pictures, 4, crop)
    made = list(batches.iterate())
    assert len(made) == len(batches) == 3
    assert [len(x) for x, _ in made] == [4, 4, 2]
    seen = [place for x, _ in made for place in places(x)]
    assert seen == [(i, corner, corner, False) for i in range(10)]
    assert np.array_equal(np.concatenate([labels for _, labels in made]), pictures.labels)
    assert all(x.flags.c_contiguous and x.dtype == np.uint8 for x, _ in made)


@pytest.mark.parametrize(("batch_size", "counts"), [(1, [1] * 4), (29, [2, 2]), (400, [4])])
def test_ten_crops_are_centre_and_corners_as_they_are_and_mirrored(batch_size, counts):
    pictures = numbered(4, 9)
    batches = EvalBatches(pictures, batch_size, 4, ten_crop=True)
    made = list(batches.iterate())
    assert batches.views == 10
    assert len(batches) == len(counts)
    assert [len(x) for x, _ in made] == [10 * count for count in counts]
    assert [len(labels) for _, labels in made] == counts
    corners = [(2, 2), (0, 0), (0, 5), (5, 0), (5, 5)]
    views = [(*corner, mirrored) for mirrored in (False, True) for corner in corners]
    seen = [place for x, _ in made for place in places(x)]
    assert seen == [(i, *view) for i in range(4) for view in views]
    assert np.array_equal(np.concatenate([labels for _, labels in made]), pictures.labels)


@pytest.mark.parametrize("ten_crop", [False, True])
def test_the_views_of_one_picture_are_those_of_a_batch(ten_crop):
    pictures = numbered(1, 9)
    ((images, _),) = EvalBatches(pictures, 10, 4, ten_crop).iterate()
    np.testing.assert_array_equal(cut_views(pictures.images[0], 4, ten_crop), images)


def test_labels_of_a_batch_can_be_changed_without_harm():
    pictures = numbered(4)
    _, labels = EvalBatches(pictures, 4, 4).batch(0)
    labels[:] = 9
    assert pictures.labels.max() == 2


# The thread


def workers():
    return [thread for thread in threading.enumerate() if thread.name.startswith("batches")]


@pytest.mark.parametrize("kind", [TrainBatches, EvalBatches])
def test_the_next_batch_is_made_while_the_consumer_works(kind, monkeypatch):
    batches = (
        TrainBatches(numbered(12), 4, 5, 0)
        if kind is TrainBatches
        else EvalBatches(numbered(12), 4, 5)
    )
    begun = []
    make = kind.batch
    monkeypatch.setattr(
        kind, "batch", lambda self, *where: begun.append(where[-2]) or make(self, *where)
    )
    stream = batches.iterate(0) if kind is TrainBatches else batches.iterate()
    next(stream)
    deadline = time.monotonic() + 5
    while len(begun) < 2 and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(0.02)
    assert begun == [0, 1]  # one ahead, and no more than one
    assert len(workers()) == 1
    stream.close()


@pytest.mark.parametrize("kind", [TrainBatches, EvalBatches])
def test_batches_are_made_in_the_memory_that_is_given(kind):
    made = []

    def empty(shape, dtype):
        made.append(np.full(shape, 7, dtype))
        return made[-1]

    batches = kind(numbered(12), 4, 5, seed=0) if kind is TrainBatches else kind(numbered(12), 4, 5)
    arguments = (0,) if kind is TrainBatches else ()
    expected = list(batches.iterate(*arguments))
    got = list(batches.iterate(*arguments, empty=empty))
    assert [id(array) for batch in got for array in batch] == [id(array) for array in made]
    for batch, other in zip(got, expected, strict=True):
        np.testing.assert_array_equal(batch[0], other[0])
        np.testing.assert_array_equal(batch[1], other[1])


def test_a_broken_loop_leaves_no_thread():
    for step, _ in enumerate(TrainBatches(numbered(40), 4, crop=5, seed=0).iterate(0)):
        assert workers()
        if step == 1:
            break
    gc.collect()
    assert not workers()


def test_an_exception_in_the_loop_leaves_no_thread():
    with pytest.raises(ZeroDivisionError):
        for _ in EvalBatches(numbered(40), 4, crop=5).iterate():
            raise ZeroDivisionError
    gc.collect()
    assert not workers()


def test_a_finished_loop_leaves_no_thread():
    assert len(list(EvalBatches(numbered(40), 4, crop=5).iterate())) == 10
    assert not workers()


@pytest.mark.parametrize("ahead", [1, 4])
def test_an_exception_of_a_thread_is_raised_in_its_turn(ahead):
    class Failing(TrainBatches):
        def batch(self, epoch, step, empty):
            if step == 2:
                raise OSError("the disk is gone")
            return super().batch(epoch, step, empty)

    seen = 0
    with pytest.raises(OSError, match="the disk is gone"):
        for _ in Failing(numbered(40), 4, crop=5, seed=0).iterate(0, ahead=ahead):
            seen += 1
    assert seen == 2
    assert not workers()


def test_nothing_left_to_do():
    batches = TrainBatches(numbered(8), 4, crop=5, seed=0)
    assert list(batches.iterate(0, start_step=2)) == []


# What is refused


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"crop": 9}, "crop is 9 pixels, but the pictures have only 8"),
        ({"crop": 0}, "crop must be a whole number of at least 1, not 0"),
        ({"crop": 5.0}, "crop must be a whole number .* not 5.0"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1, not 0"),
        ({"batch_size": True}, "batch_size must be .* not True"),
        ({"batch_size": "4"}, "batch_size must be .* not '4'"),
        ({"seed": -1}, "seed must be a whole number of at least 0, not -1"),
        ({"seed": None}, "seed must be .* not None"),
        ({"pictures": numbered(0)}, "there are no pictures"),
    ],
)
def test_wrong_settings(changes, message):
    settings = {"pictures": numbered(10), "batch_size": 4, "crop": 5, "seed": 0} | changes
    with pytest.raises(InputError, match=message):
        TrainBatches(**settings)
    if "seed" not in changes:
        del settings["seed"]
        with pytest.raises(InputError, match=message):
            EvalBatches(**settings)


def test_wrong_steps_are_refused_at_once():
    batches = TrainBatches(numbered(10), 4, crop=5, seed=0)
    with pytest.raises(InputError, match=r"step must lie in 0\.\.1.*not be 2"):
        batches.batch(0, 2)
    with pytest.raises(InputError, match=r"step must be .* not -1"):
        batches.batch(0, -1)
    with pytest.raises(InputError, match=r"epoch must be .* not -1"):
        batches.batch(-1, 0)
    with pytest.raises(InputError, match=r"start_step must lie in 0\.\.2.*not be 3"):
        batches.iterate(0, start_step=3)
    with pytest.raises(InputError, match=r"epoch must be .* not -1"):
        batches.iterate(-1)
    with pytest.raises(InputError, match=r"step must lie in 0\.\.2.*not be 3"):
        EvalBatches(numbered(10), 4, crop=5).batch(3)


def test_whole_numbers_of_numpy_will_do():
    batches = TrainBatches(numbered(10), np.int64(4), crop=np.int32(5), seed=np.uint8(0))
    assert_same([batches.batch(np.int64(0), np.int64(1))],
                [TrainBatches(numbered(10), 4, 5, 0).batch(0, 1)])  # fmt: skip


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((9, 9, 3)),
        np.zeros((9, 9), np.uint8),
        np.zeros((9, 12, 3), np.uint8),
        np.zeros((1, 9, 9, 3), np.uint8),
    ],
)
def test_what_is_no_square_picture_is_not_cut(picture):
    """Floats would be cut to 0 and 1, and the middle of an oblong is elsewhere."""
    with pytest.raises(InputError, match=r"picture is .* of shape .*; expected uint8 of shape \(S"):
        cut_views(picture, 4)


@pytest.mark.parametrize("crop", [0, 10, 4.0])
def test_a_crop_that_does_not_fit_is_refused(crop):
    with pytest.raises(InputError, match=f"crop is {crop}; expected 1 to 9, the picture's side"):
        cut_views(np.zeros((9, 9, 3), np.uint8), crop)


@pytest.mark.parametrize("kind", [TrainBatches, EvalBatches])
@pytest.mark.parametrize("ahead", [2, 3, 50])
def test_made_by_several_threads_they_are_the_same_in_the_same_order(kind, ahead):
    batches = kind(numbered(40), 4, 5, seed=0) if kind is TrainBatches else kind(numbered(40), 4, 5)
    arguments = (3, 2) if kind is TrainBatches else ()
    expected = list(batches.iterate(*arguments))
    assert_same(list(batches.iterate(*arguments, ahead=ahead)), expected)
    assert not workers()


@pytest.mark.parametrize("ahead", [0, 1.5, True])
def test_so_many_that_cannot_be_made_ahead_are_refused(ahead):
    words = f"ahead must be a whole number of at least 1, not {ahead}"
    with pytest.raises(InputError, match=words):
        TrainBatches(numbered(8), 4, 5, seed=0).iterate(0, ahead=ahead)
    with pytest.raises(InputError, match=words):
        EvalBatches(numbered(8), 4, 5).iterate(ahead=ahead)


def test_as_many_are_made_as_are_asked_for_and_no_more():
    begun, all_at_once = [], threading.Barrier(3, timeout=5)

    class Waiting(TrainBatches):
        def batch(self, epoch, step, empty):
            begun.append(step)
            if step < 3:
                all_at_once.wait()  # breaks unless three threads are here together
            return super().batch(epoch, step, empty)

    stream = Waiting(numbered(40), 4, crop=5, seed=0).iterate(0, ahead=3)
    next(stream)
    deadline = time.monotonic() + 5
    while len(begun) < 4 and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(0.02)
    assert sorted(begun) == [0, 1, 2, 3]
    stream.close()
    assert not workers()
