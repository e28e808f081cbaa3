"""Dropout silences each unit with probability p, and the same units in the backward pass."""

import numpy as np
import pytest

from minialexnet.ops import dropout, dropout_at_test, dropout_backward, dropout_mask


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.9])
def test_the_mask_drops_its_share(xp, backend, p):
    mask = backend.get(dropout_mask((100, 1000), p, (1, 2, 3), xp))
    assert mask.dtype == bool
    assert mask.shape == (100, 1000)
    # Five standard deviations of a binomial share.
    assert abs(1 - p - mask.mean()) <= 5 * np.sqrt(p * (1 - p) / mask.size)


def test_the_mask_is_a_function_of_its_key_and_the_same_on_every_backend(xp, backend):
    mask = backend.get(dropout_mask((7, 11), 0.5, (1, 2), xp))
    np.testing.assert_array_equal(mask, backend.get(dropout_mask((7, 11), 0.5, (1, 2), xp)))
    np.testing.assert_array_equal(mask, dropout_mask((7, 11), 0.5, (1, 2), np))


@pytest.mark.parametrize("other", [(1, 3), (2, 2), (2, 1), (1,), (1, 2, 0), (1, 2 + 2**32)])
def test_other_keys_give_unrelated_masks(xp, backend, other):
    mask = backend.get(dropout_mask((100, 100), 0.5, (1, 2), xp))
    different = (mask != backend.get(dropout_mask((100, 100), 0.5, other, xp))).mean()
    assert abs(different - 0.5) < 5 * 0.5 / 100


@pytest.mark.parametrize(("inverted", "scale"), [(True, 1 / 0.7), (False, 1.0)])
def test_training_keeps_the_units_of_the_mask_forward_and_backward(
    backend, dtype, rng, inverted, scale
):
    x, dy = rng.standard_normal((5, 6)), rng.standard_normal((5, 6))
    mask = rng.random((5, 6)) >= 0.3
    x_, dy_, mask_ = (backend.put(a, dtype) for a in (x, dy, mask))
    backend.check(dropout(x_, mask_, 0.3, inverted), np.where(mask, x * scale, 0), dtype)
    backend.check(dropout_backward(dy_, mask_, 0.3, inverted), np.where(mask, dy * scale, 0), dtype)


def test_the_paper_scales_at_test_time_and_the_inverted_form_does_not(backend, dtype, rng):
    x = rng.standard_normal((5, 6))
    backend.check(dropout_at_test(backend.put(x, dtype), 0.3, inverted=False), 0.7 * x, dtype)
    backend.check(dropout_at_test(backend.put(x), 0.3, inverted=True), x, "float64")


@pytest.mark.parametrize("inverted", [True, False])
def test_the_mean_over_many_masks_is_the_output_at_test_time(xp, backend, inverted):
    x = backend.put(np.ones((200, 500)))
    trained = dropout(x, dropout_mask(x.shape, 0.5, (5,), xp), 0.5, inverted)
    tested = dropout_at_test(x, 0.5, inverted)
    assert abs(backend.get(trained).mean() - backend.get(tested).mean()) < 0.02
