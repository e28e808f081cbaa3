from __future__ import annotations

import numpy as np
import pytest

from minialexnet.datasets import PictureSet, statistics_of
from minialexnet.errors import InputError

IMAGES, LABELS = np.zeros((2, 4, 4, 3), np.uint8), np.array([0, 1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": IMAGES.astype(np.float32)}, r"images must be uint8 .* not float32 of"),
        ({"images": IMAGES[0]}, r"images must be uint8 .* not uint8 of \(4, 4, 3\)"),
        ({"images": IMAGES[:, :3]}, r"images must be uint8 .* \(2, 3, 4, 3\)"),
        ({"images": IMAGES[..., :1]}, r"images must be uint8 .* \(2, 4, 4, 1\)"),
        ({"labels": LABELS[:1]}, r"labels must be int64 of shape \(2,\)"),
        ({"labels": LABELS.astype(np.int32)}, r"labels must be int64 .* not int32"),
        ({"labels": LABELS + 1}, r"labels must lie in 0\.\.1.* 1\.\.2"),
        ({"labels": LABELS - 1}, r"labels must lie in 0\.\.1.* -1\.\.0"),
        ({"names": ["x"]}, "there must be 2 names"),
    ],
)
def test_a_set_which_does_not_fit_together(changes, message):
    fields = {"images": IMAGES, "labels": LABELS, "classes": ("a", "b"), "names": ["x", "y"]}
    assert len(PictureSet(**fields)) == 2
    with pytest.raises(InputError, match=message):
        PictureSet(**fields | changes)


def test_statistics_are_measured_once_and_only_if_unknown(monkeypatch):
    fields = {"images": IMAGES + 3, "labels": LABELS, "classes": ("a", "b"), "names": ["x", "y"]}
    measured = PictureSet(**fields).statistics
    assert measured.mean_colour.tolist() == [3, 3, 3]
    known = statistics_of(IMAGES)
    assert PictureSet(**fields, known=known).statistics is known
