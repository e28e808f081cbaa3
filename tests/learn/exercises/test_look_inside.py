"""Right and wrong ways to write the exercises of notebook 13, as readers would write them."""

from typing import ClassVar

import numpy as np
import pytest
from strict import strict

from learn.exercises.answers import accepted, refused
from minialexnet import learn
from minialexnet.backend import get_array_module
from minialexnet.learn.exercises import look_inside
from minialexnet.report.neighbours import find_neighbours


def one_by_one(predict, picture, size, stride, fill):
    height, width, _ = picture.shape
    before = predict(np.array([picture]))[0]
    result = []
    for top in range(0, height - size + 1, stride):
        row = []
        for left in range(0, width - size + 1, stride):
            covered = np.array(picture)
            covered[top : top + size, left : left + size, :] = fill
            row.append(before - float(predict(covered[None])[0]))
        result.append(row)
    return result


def put_back(predict, picture, size, stride, fill):
    picture = picture.copy()
    rows = len(range(0, picture.shape[0] - size + 1, stride))
    columns = len(range(0, picture.shape[1] - size + 1, stride))
    after = np.empty((rows, columns))
    for place in np.ndindex(rows, columns):
        window = tuple(slice(at * stride, at * stride + size) for at in place)
        kept = picture[window].copy()
        picture[window] = fill
        after[place] = predict(picture[np.newaxis]).item()
        picture[window] = kept
    return predict(picture[np.newaxis]) - after


def by_masks(predict, picture, size, stride, fill):
    rows = np.arange(picture.shape[0])
    columns = np.arange(picture.shape[1])
    tops = rows[: picture.shape[0] - size + 1 : stride]
    lefts = columns[: picture.shape[1] - size + 1 : stride]
    in_rows = (rows >= tops[:, None]) & (rows < tops[:, None] + size)
    in_columns = (columns >= lefts[:, None]) & (columns < lefts[:, None] + size)
    mask = in_rows[:, None, :, None] & in_columns[None, :, None, :]
    covered = np.where(mask[..., None], np.uint8(fill), picture)
    drops = predict(picture[None]) - predict(covered.reshape(-1, *picture.shape))
    return drops.reshape(len(tops), len(lefts))


@pytest.mark.parametrize("answer", [one_by_one, put_back, by_masks])
def test_occlusion_may_be_written_in_other_ways(answer):
    accepted("occlusion_map", answer)


def occlusion(body):
    """A wrong answer: `body` gets (predict, picture, size, stride, fill, rows, columns)."""

    def answer(predict, picture, size, stride, fill):
        rows = (picture.shape[0] - size) // stride + 1
        columns = (picture.shape[1] - size) // stride + 1
        return body(predict, picture, size, stride, fill, rows, columns)

    return answer


def never_removed(predict, picture, size, stride, fill, rows, columns):
    drops = np.zeros((rows, columns))
    covered = picture.copy()
    for i in range(rows):
        for j in range(columns):
            covered[i * stride : i * stride + size, j * stride : j * stride + size] = fill
            drops[i, j] = predict(picture[None])[0] - predict(covered[None])[0]
    return drops


def in_place(predict, picture, size, stride, fill, rows, columns):
    drops, before = np.zeros((rows, columns)), predict(picture[None])[0]
    for i in range(rows):
        for j in range(columns):
            picture[i * stride : i * stride + size, j * stride : j * stride + size] = fill
            drops[i, j] = before - predict(picture[None])[0]
    return drops


def probabilities(predict, picture, size, stride, fill, rows, columns):
    after = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            covered = picture.copy()
            covered[i * stride : i * stride + size, j * stride : j * stride + size] = fill
            after[i, j] = predict(covered[None])[0]
    return after


def rises(predict, picture, size, stride, fill, rows, columns):
    after = probabilities(predict, picture, size, stride, fill, rows, columns)
    return after - predict(picture[None])[0]


def black(predict, picture, size, stride, fill, rows, columns):
    after = probabilities(predict, picture, size, stride, 0, rows, columns)
    return predict(picture[None])[0] - after


def columns_first(predict, picture, size, stride, fill, rows, columns):
    before = predict(picture[None])[0]
    return (before - probabilities(predict, picture, size, stride, fill, rows, columns)).T


def one_place_too_few(predict, picture, size, stride, fill, rows, columns):
    before = predict(picture[None])[0]
    return before - probabilities(predict, picture, size, stride, fill, rows - 1, columns - 1)


def all_places(predict, picture, size, stride, fill, rows, columns):
    rows, columns = (len(range(0, length, stride)) for length in picture.shape[:2])
    before = predict(picture[None])[0]
    return before - probabilities(predict, picture, size, stride, fill, rows, columns)


def red_only(predict, picture, size, stride, fill, rows, columns):
    drops = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            covered = picture.copy()
            covered[i * stride : i * stride + size, j * stride : j * stride + size, 0] = fill
            drops[i, j] = predict(picture[None])[0] - predict(covered[None])[0]
    return drops


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (never_removed, "accumulate"),
        (in_place, "copy of picture"),
        (probabilities, "not its drop"),
        (rises, "wrong sign"),
        (black, "with 0 whatever"),
        (columns_first, "Rows and columns are exchanged"),
        (one_place_too_few, "+ 1 is missing"),
        (all_places, "hang over the edge"),
        (red_only, "first colour"),
    ],
)
def test_wrong_occlusions_get_a_hint(body, word):
    verdict = learn.check("occlusion_map", occlusion(body))
    assert not verdict.ok
    assert any(word in hint for hint in verdict.hints)


def test_predict_is_described_and_explains_a_missing_axis():
    verdict = learn.check(
        "occlusion_map", lambda predict, picture, size, stride, fill: predict(picture)
    )
    assert "picture[None]" in str(verdict)
    assert "0x" not in str(verdict)  # no address of an object


def by_norms(features, query, k):
    distances = np.linalg.norm(features - query, axis=-1)
    return np.argsort(distances)[0:k]


def by_loops(features, query, k):
    pairs = []
    for place, row in enumerate(features):
        pairs.append((sum((a - b) ** 2 for a, b in zip(row, query, strict=True)), place))
    return [place for _, place in sorted(pairs)[:k]]


def by_products(features, query, k):
    distances = np.einsum("nf,nf->n", features, features) - 2 * features @ query
    nearest = np.argpartition(distances, k - 1)[:k]
    return nearest[np.argsort(distances[nearest])]


@pytest.mark.parametrize("answer", [by_norms, by_loops, by_products])
def test_neighbours_may_be_found_in_other_ways(answer):
    accepted("nearest_neighbours", answer)


def farthest(features, query, k):
    return np.argsort(-np.linalg.norm(features - query, axis=1))[:k]


def by_dot_product(features, query, k):
    return np.argsort(features @ query)[::-1][:k]


def without_squares(features, query, k):
    return np.argsort(np.sum(features - query, axis=1))[:k]


def city_blocks(features, query, k):
    return np.argsort(np.abs(features - query).sum(axis=1))[:k]


def distances_themselves(features, query, k):
    return np.sort(np.sqrt(((features - query) ** 2).sum(axis=1)))[:k]


def unsorted(features, query, k):
    return np.argpartition(((features - query) ** 2).sum(axis=1), k)[:k]


def without_itself(features, query, k):
    return np.argsort(((features - query) ** 2).sum(axis=1))[1 : k + 1]


def over_pictures(features, query, k):
    return np.argsort(((features - query) ** 2).sum(axis=0))[:k]


def everything(features, query, k):
    return np.argsort(((features - query) ** 2).sum(axis=1))


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (farthest, "farthest"),
        (by_dot_product, "Dot products"),
        (without_squares, "without being squared"),
        (city_blocks, "city blocks"),
        (distances_themselves, "argsort, not sort"),
        (without_itself, "nearest one is left out"),
        (over_pictures, "axis 0"),
        (everything, "first k"),
    ],
)
def test_wrong_neighbours_get_a_hint(answer, word):
    refused("nearest_neighbours", answer, word)


def test_neighbours_out_of_order_are_refused():
    """How argpartition leaves them differs between processors."""
    verdict = learn.check("nearest_neighbours", lambda *given: np.sort(by_norms(*given)))
    assert not verdict.ok
    assert any("not in order" in hint for hint in verdict.hints)


def test_neighbours_are_those_of_the_report(monkeypatch):
    """The library's own search, with features in place of a network and pictures."""
    rng = np.random.default_rng(0)
    train, val = rng.standard_normal((40, 6)), rng.standard_normal((3, 6))
    monkeypatch.setattr(
        "minialexnet.report.neighbours._features",
        lambda hidden, pictures, chosen, preprocessing, xp: pictures[chosen],
    )

    class Network:
        layers: ClassVar = {"fc8": None}

        def before(self, name):
            return None

    class Silent:
        def start(self, *_):
            pass

        update = start

    found = find_neighbours(Network(), val, np.arange(3), train, None, np, Silent())
    for query, nearest in zip(val, found.nearest, strict=True):
        ours = look_inside.nearest_neighbours(train, query, len(nearest))
        np.testing.assert_array_equal(ours, nearest)


def test_the_stand_in_for_a_network_runs_on_both_modules():
    weights = np.arange(6.0).reshape(2, 3)
    pictures = np.random.default_rng(0).integers(0, 256, (4, 2, 3, 3)).astype(np.uint8)
    for curved in (False, True):
        predict = look_inside.WeightedSum(weights, curved)
        on_device = predict(strict.array(pictures))
        assert get_array_module(on_device) is strict
        np.testing.assert_allclose(on_device.get(), predict(pictures))
