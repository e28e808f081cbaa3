"""Notebook 13: what a trained network looks at, and what it finds alike."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from minialexnet.backend import get_array_module
from minialexnet.learn.exercise import Exercise, Mistake


def occlusion_map(predict, picture, size, stride, fill):
    rows = (picture.shape[0] - size) // stride + 1
    columns = (picture.shape[1] - size) // stride + 1
    covered = picture[None].repeat(rows * columns, axis=0)
    for i in range(rows):
        for j in range(columns):
            top, left = i * stride, j * stride
            covered[i * columns + j, top : top + size, left : left + size] = fill
    drops = predict(picture[None]) - predict(covered)
    return drops.reshape(rows, columns)


def nearest_neighbours(features, query, k):
    differences = features - query
    distances = (differences**2).sum(axis=1)
    return distances.argsort()[:k]


@dataclass(frozen=True)
class WeightedSum:
    """A stand-in for a network, (N, H, W, 3) to (N,): each pixel counts with a weight of its own.

    Attributes: weights: (H, W), of the sum of a pixel's colours; curved: the sum goes through a
    sigmoid, as a probability does.
    """

    weights: Any
    curved: bool = False

    def __call__(self, pictures):
        """A number for each picture: (N,)."""
        if pictures.ndim != 4:
            raise ValueError(
                f"predict takes pictures of shape (N, H, W, 3), and got {tuple(pictures.shape)}: "
                "picture[None] puts an axis in front"
            )
        xp = get_array_module(pictures)
        colours = xp.asarray([1.0, 2.0, 3.0]) if self.curved else xp.asarray([1.0, 0.0, 0.0])
        weights = xp.asarray(self.weights)
        sums = (pictures * weights[:, :, None] * colours).sum(axis=(1, 2, 3))
        return 1 / (1 + xp.exp(-sums / 500)) if self.curved else sums

    def __repr__(self) -> str:
        if self.curved:
            return "a function of all pixels"
        return f"the sum of the pixels' first colours, times {np.asarray(self.weights).tolist()}"


def _occlusion_cases(rng):
    def picture(h, w):
        return rng.integers(0, 256, (h, w, 3)).astype(np.uint8)

    def case(h, w, size, stride, fill):
        weights = rng.standard_normal((h, w))
        return (WeightedSum(weights, curved=True), picture(h, w), size, stride, fill)

    grey = np.repeat(np.arange(1, 10, dtype=np.uint8).reshape(3, 3, 1), 3, axis=2)
    corner = WeightedSum(np.array([[1.0, 0, 0], [0, 2, 0], [0, 0, 0]]))
    return [
        (corner, grey, 1, 1, 0),
        (corner, grey, 2, 1, 0),
        (corner, grey, 2, 1, 1),
        case(4, 4, 2, 2, 0),
        case(5, 6, 2, 1, 128),
        case(6, 5, 3, 1, 100),
        case(7, 6, 2, 2, 60),
        case(8, 9, 3, 2, 255),
        case(9, 7, 2, 3, 128),
    ]


def _neighbour_cases(rng):
    return [
        (np.array([[4.0, 0], [0, 0], [3, 3]]), np.array([1.0, 0]), 2),
        (np.array([[5.0, 5], [2, 0], [1, 4], [0, 1], [-3, 2]]), np.array([1.0, 1]), 3),
        (np.array([[9.0, 9], [1, 1], [2, 4]]), np.array([1.0, 1]), 1),
        (np.array([[-2.0, 5], [1, 1], [4, -6]]), np.array([0.0, 1]), 2),
        (rng.standard_normal((12, 4)), rng.standard_normal(4), 4),
        (rng.standard_normal((30, 7)) * 3 + 1, rng.standard_normal(7), 6),
        (np.maximum(rng.standard_normal((40, 9)), 0), np.maximum(rng.standard_normal(9), 0), 8),
        (rng.standard_normal((3000, 3)), rng.standard_normal(3), 1000),  # argpartition sorts fewer
    ]


def _maps_by(cover, compare=lambda before, after: before - after, count=None, carry=False):
    """An occlusion map that differs in one point from the solution.

    Args:
        cover: (copy, top, left, size, stride, fill), changes the copy; compare: of the two
            probabilities; count: (length, size, stride), places along one side; carry: the
            squares before stay.
    """
    count = count or (lambda length, size, stride: (length - size) // stride + 1)

    def answer(predict, picture, size, stride, fill):
        xp = get_array_module(picture)
        before = predict(picture[None])[0]
        counts = [count(length, size, stride) for length in picture.shape[:2]]
        drops, covered = xp.zeros(counts), picture.copy()
        for i in range(counts[0]):
            for j in range(counts[1]):
                covered = covered if carry else picture.copy()
                cover(covered, i * stride, j * stride, size, stride, fill)
                drops[i, j] = compare(before, predict(covered[None])[0])
        return drops

    return answer


def _square(picture, top, left, size, stride, fill):
    picture[top : top + size, left : left + size] = fill


def _square_of_stride(picture, top, left, size, stride, fill):
    picture[top : top + stride, left : left + stride] = fill


def _square_one_apart(picture, top, left, size, stride, fill):
    top, left = top // stride, left // stride
    picture[top : top + size, left : left + size] = fill


def _square_too_large(picture, top, left, size, stride, fill):
    picture[top : top + size + 1, left : left + size + 1] = fill


def _square_transposed(picture, top, left, size, stride, fill):
    picture[left : left + size, top : top + size] = fill


def _square_of_zeros(picture, top, left, size, stride, fill):
    picture[top : top + size, left : left + size] = 0


def _one_colour(picture, top, left, size, stride, fill):
    picture[top : top + size, left : left + size, 0] = fill


def _all_but_the_square(picture, top, left, size, stride, fill):
    kept = picture[top : top + size, left : left + size].copy()
    picture[:] = fill
    picture[top : top + size, left : left + size] = kept


def _nearest_by(distances):
    """Neighbours by another measure than the Euclidean distance."""
    return lambda features, query, k: distances(features, query).argsort()[:k]


def _farthest(features, query, k):
    return ((features - query) ** 2).sum(axis=1).argsort()[::-1][:k]


def _unsorted(features, query, k):
    xp = get_array_module(features)
    return xp.sort(nearest_neighbours(features, query, k))


def _partitioned(place):
    def answer(features, query, k):
        distances = ((features - query) ** 2).sum(axis=1)
        return distances.argpartition(min(k - place, len(distances) - 1))[:k]

    return answer


def _norms(array):
    return (array**2).sum(axis=-1) ** 0.5


def _sorted_distances(features, query):
    xp = get_array_module(features)
    return xp.sort(_norms(features - query))


UNSORTED = (
    "These are the k nearest, but not in order: argpartition parts the nearest from the rest and "
    "sorts neither. Use argsort, or sort the k by their distances afterwards."
)
DOT_PRODUCT = (
    "Dot products are compared, not distances: a long vector has a large product with everything. "
    "Subtract the query first."
)

EXERCISES = (
    Exercise(
        name="occlusion_map",
        task="How much less probable the class becomes when a square of `size` pixels is filled "
        "with `fill`: for squares whose top left corners are `stride` apart and which lie inside "
        "the picture (H, W, 3), an array (rows, columns) of drops. predict takes pictures "
        "(N, H, W, 3) and gives a probability for each, (N,).",
        solution=occlusion_map,
        cases=_occlusion_cases,
        mistakes=(
            Mistake(
                "The squares accumulate: those of the places before are still there. Begin each "
                "place with a fresh copy of the picture.",
                _maps_by(_square, carry=True),
            ),
            Mistake(
                "This is the probability itself, not its drop: subtract it from that of the whole "
                "picture.",
                _maps_by(_square, lambda before, after: after),
            ),
            Mistake(
                "The drop has the wrong sign: it is the probability of the whole picture minus "
                "that of the covered one, so places that matter are positive.",
                _maps_by(_square, lambda before, after: after - before),
            ),
            Mistake(
                "The drop is divided by the probability of the whole picture; here it is the plain "
                "difference.",
                _maps_by(_square, lambda before, after: (before - after) / before),
            ),
            Mistake(
                "The size of the drop is taken, without its sign: where covering *helps* the "
                "class, the drop is negative, which is worth seeing.",
                _maps_by(_square, lambda before, after: abs(before - after)),
            ),
            Mistake(
                "Rows and columns are exchanged: i counts from the top, j from the left, and the "
                "map has as many rows as there are places from top to bottom.",
                lambda *arguments: occlusion_map(*arguments).T,
            ),
            Mistake(
                "Rows and columns are exchanged where the square is filled: the row's slice comes "
                "first.",
                _maps_by(_square_transposed),
            ),
            Mistake(
                "The + 1 is missing in the number of places: the last square, which still fits, "
                "is left out.",
                _maps_by(_square, count=lambda length, size, stride: (length - size) // stride),
            ),
            Mistake(
                "Squares that hang over the edge are counted too; the last one is the last that "
                "lies inside the picture: (length - size) // stride + 1 places.",
                _maps_by(_square, count=lambda length, size, stride: -(-length // stride)),
            ),
            Mistake(
                "The stride is ignored: the corners of the squares are `stride` pixels apart, so "
                "there are fewer of them.",
                lambda predict, picture, size, stride, fill: occlusion_map(
                    predict, picture, size, 1, fill
                ),
            ),
            Mistake(
                "The squares are as many as they should be, but only 1 apart: square (i, j) begins "
                "at row i * stride and column j * stride.",
                _maps_by(_square_one_apart),
            ),
            Mistake(
                "The square is `stride` pixels wide; it should be `size`.",
                _maps_by(_square_of_stride),
            ),
            Mistake(
                "The square is a pixel too wide: a slice ends *before* its second number, so "
                "top : top + size is size rows.",
                _maps_by(_square_too_large),
            ),
            Mistake(
                "The square is filled with 0 whatever `fill` says.",
                _maps_by(_square_of_zeros),
            ),
            Mistake(
                "Only the first colour is filled; the square covers all three.",
                _maps_by(_one_colour),
            ),
            Mistake(
                "All but the square is filled: this asks what the network makes of the square "
                "alone. Here the square is covered, and the rest stays.",
                _maps_by(_all_but_the_square),
            ),
        ),
    ),
    Exercise(
        name="nearest_neighbours",
        task="Positions of the k rows of features (N, F) that are nearest to query (F,) by "
        "Euclidean distance, the nearest first. No row is left out, also not one that equals the "
        "query.",
        solution=nearest_neighbours,
        cases=_neighbour_cases,
        results=("the array of positions",),
        mistakes=(
            Mistake(
                "These are the farthest ones: sort the distances from small to large.",
                _farthest,
            ),
            Mistake(DOT_PRODUCT, _nearest_by(lambda features, query: -(features @ query))),
            Mistake(
                DOT_PRODUCT + " (And the largest product would come first, not the smallest.)",
                _nearest_by(lambda features, query: features @ query),
            ),
            Mistake(
                "Angles are compared (the cosine); the Euclidean distance also asks how long the "
                "vectors are.",
                _nearest_by(
                    lambda features, query: (
                        -(features @ query) / (_norms(features) * _norms(query) + 1e-12)
                    )
                ),
            ),
            Mistake(
                "The differences are summed without being squared: positive and negative ones "
                "cancel.",
                _nearest_by(lambda features, query: (features - query).sum(axis=1)),
            ),
            Mistake(
                "The differences are summed without being squared, and the size of that sum is "
                "taken: positive and negative ones have cancelled by then.",
                _nearest_by(lambda features, query: abs((features - query).sum(axis=1))),
            ),
            Mistake(
                "The sizes of the differences are summed, which is the distance along the axes "
                "(city blocks); the Euclidean one sums their squares.",
                _nearest_by(lambda features, query: abs(features - query).sum(axis=1)),
            ),
            Mistake(
                "Only the largest of the differences counts here; the Euclidean distance sums the "
                "squares of all of them.",
                _nearest_by(lambda features, query: abs(features - query).max(axis=1)),
            ),
            Mistake(
                "Lengths are compared: the squares of features and query are subtracted, where "
                "the difference should be squared.",
                _nearest_by(lambda features, query: abs((features**2 - query**2).sum(axis=1))),
            ),
            Mistake(
                "The distances are summed over the pictures (axis 0), not over the features: each "
                "row needs its own.",
                lambda features, query, k: ((features - query) ** 2).sum(axis=0).argsort()[:k],
            ),
            Mistake(
                "The nearest one is left out. That is right where the query is one of the rows, "
                "but here the task leaves nothing out.",
                lambda features, query, k: nearest_neighbours(features, query, k + 1)[1:],
            ),
            Mistake(
                "These are the distances; what is asked for is where they are: argsort, not sort.",
                lambda features, query, k: _sorted_distances(features, query)[:k],
            ),
            Mistake(
                "These are the squared distances; what is asked for is where they are: argsort, "
                "not sort.",
                lambda features, query, k: _sorted_distances(features, query)[:k] ** 2,
            ),
            Mistake(
                "These are the neighbours themselves; what is asked for is their positions.",
                lambda features, query, k: features[nearest_neighbours(features, query, k)],
            ),
            Mistake(
                "All rows are returned; only the first k are asked for.",
                lambda features, query, k: nearest_neighbours(features, query, len(features)),
            ),
            Mistake(UNSORTED, _unsorted),
            Mistake(UNSORTED, _partitioned(1)),
            Mistake(UNSORTED, _partitioned(0)),
        ),
    ),
)
