"""Notebook 10: noise along the axes of the colours; ten views of a picture, and their average."""

import numpy as np

from minialexnet.backend import get_array_module
from minialexnet.learn.exercise import Exercise, Mistake


def colour_shift(normal, eigenvalues, eigenvectors):
    xp = get_array_module(normal)
    along = normal * 0.1 * xp.sqrt(eigenvalues)
    return along @ eigenvectors.T


def ten_crops(picture, crop):
    xp = get_array_module(picture)
    height, width = picture.shape[:2]
    bottom, right = height - crop, width - crop
    corners = [(bottom // 2, right // 2), (0, 0), (0, right), (bottom, 0), (bottom, right)]
    views = [picture[top : top + crop, left : left + crop] for top, left in corners]
    return xp.stack([*views, *(view[:, ::-1] for view in views)])


def average_of_views(logits):
    xp = get_array_module(logits)
    e = xp.exp(logits - logits.max(axis=2, keepdims=True))
    shares = e / e.sum(axis=2, keepdims=True)
    return shares.mean(axis=1)


# Axes as simple as those of a triangle of 3, 4 and 5: a rotation by hand, and no symmetric matrix.
BY_HAND = np.array([[0.6, -0.8, 0.0], [0.8, 0.6, 0.0], [0.0, 0.0, 1.0]])


def _shift_cases(rng):
    def axes():
        colours = rng.standard_normal((50, 3)) @ rng.standard_normal((3, 3)) * 40
        return np.linalg.eigh(np.cov(colours.T, bias=True))

    values = np.array([100.0, 400.0, 10000.0])
    return [
        (np.array([[1.0, 0.0, 0.0]]), values, np.eye(3)),
        (np.array([[1.0, 1.0, -1.0]]), values, np.eye(3)),
        (np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), values, BY_HAND),
        (np.array([[1.0, 2.0, -1.0], [0.0, -1.0, 2.0]]), values, BY_HAND),
        (rng.standard_normal((1, 3)), *axes()),
        (rng.standard_normal((3, 3)), *axes()),
        (rng.standard_normal((5, 3)), *axes()),
    ]


def _scaled(strength):
    """An answer in which 0.1 times the root of the eigenvalues is something else."""
    return lambda normal, values, vectors: (
        (normal * strength(get_array_module(normal), values)) @ vectors.T
    )


SHIFT_MISTAKES = (
    Mistake(
        "It is the eigenvalue, not its square root. An eigenvalue is a variance, in grey levels "
        "squared; the noise is 0.1 times the standard deviation.",
        _scaled(lambda xp, values: 0.1 * values),
    ),
    Mistake(
        "The factor 0.1 is missing: the numbers have a standard deviation of 0.1, not of 1.",
        _scaled(lambda xp, values: xp.sqrt(values)),
    ),
    Mistake(
        "The eigenvalue instead of its square root, and the factor 0.1 is missing too.",
        _scaled(lambda xp, values: values),
    ),
    Mistake(
        "The 0.1 is inside the root. It is the standard deviation of the noise itself, and "
        "multiplies the root.",
        _scaled(lambda xp, values: xp.sqrt(0.1 * values)),
    ),
    Mistake(
        "0.1 was multiplied by 255, as for pixels from 0 to 1 that are to become 0 to 255. The "
        "eigenvalues here belong to pixels of 0 to 255, and so does their root.",
        _scaled(lambda xp, values: 25.5 * xp.sqrt(values)),
    ),
    Mistake(
        "It is divided by the root of the eigenvalue: that gives all axes the same length. The "
        "noise is larger along the longer axes.",
        _scaled(lambda xp, values: 0.1 / xp.sqrt(values)),
    ),
    Mistake(
        "All axes get the same noise: each is multiplied by the square root of its own eigenvalue.",
        _scaled(lambda xp, values: 0.1),
    ),
    Mistake(
        "The eigenvectors are transposed. They are the *columns* of the matrix, so a row of "
        "numbers is multiplied by its transpose: along @ eigenvectors.T.",
        lambda normal, values, vectors: colour_shift(normal, values, vectors.T),
    ),
    Mistake(
        "The noise was added to red, green and blue themselves. The numbers lie along the axes; "
        "the eigenvectors turn them into red, green and blue.",
        lambda normal, values, vectors: colour_shift(normal, values, 0 * vectors + _one(vectors)),
    ),
    Mistake(
        "One number is used for all three axes. Each axis has a number of its own.",
        lambda normal, values, vectors: colour_shift(0 * normal + normal[:, :1], values, vectors),
    ),
    Mistake(
        "Only the longest axis is used, that of the last column; the shift is a sum over all "
        "three.",
        lambda normal, values, vectors: colour_shift(
            normal * get_array_module(normal).asarray([0.0, 0.0, 1.0]), values, vectors
        ),
    ),
    Mistake(
        "All pictures get the same shift, that of the first. Each row is a picture's own.",
        lambda normal, values, vectors: colour_shift(0 * normal + normal[:1], values, vectors),
    ),
    Mistake(
        "The three parts are summed over red, green and blue, so that all colours change alike. "
        "The sum is over the axes: for each picture three numbers are left.",
        lambda normal, values, vectors: (
            colour_shift(normal, values, vectors).sum(axis=1, keepdims=True) + 0 * normal
        ),
    ),
)


def _one(vectors):
    return get_array_module(vectors).eye(3)


def _crop_cases(rng):
    def counted(height, width):
        numbers = 1 + np.arange(height * width)
        return np.repeat(numbers, 3).reshape(height, width, 3).astype(np.uint8)

    def colours(height, width):
        return rng.integers(0, 256, (height, width, 3)).astype(np.uint8)

    return [
        (counted(2, 2), 1),
        (counted(3, 3), 2),
        (counted(4, 4), 2),
        (colours(5, 5), 3),
        (colours(6, 9), 4),
        (colours(8, 7), 3),
    ]


def _crops_at(picture, crop, place, mirror):
    """Ten crops at the places that `place` makes of how much room there is."""
    xp = get_array_module(picture)
    bottom, right = picture.shape[0] - crop, picture.shape[1] - crop
    views = [picture[top : top + crop, left : left + crop] for top, left in place(bottom, right)]
    return xp.stack([*views, *map(mirror, views)])


def _mirrored(view):
    return view[:, ::-1]


def _usual(bottom, right):
    return [(bottom // 2, right // 2), (0, 0), (0, right), (bottom, 0), (bottom, right)]


def _one_short(bottom, right):
    """The corners one pixel before the far ends."""
    far, wide = max(bottom - 1, 0), max(right - 1, 0)
    return [(bottom // 2, right // 2), (0, 0), (0, wide), (far, 0), (far, wide)]


def _rounded_up(bottom, right):
    return [((bottom + 1) // 2, (right + 1) // 2), *_usual(bottom, right)[1:]]


def _crops_of_mirrored(picture, crop):
    xp = get_array_module(picture)
    return xp.concatenate([ten_crops(picture, crop)[:5], ten_crops(picture[:, ::-1], crop)[:5]])


def _order(*places):
    return lambda picture, crop: ten_crops(picture, crop)[list(places)]


CROP_MISTAKES = (
    Mistake(
        "These are the five crops as they are; their mirror images are missing.",
        lambda picture, crop: ten_crops(picture, crop)[:5],
    ),
    Mistake(
        "The mirror images are upside down: left and right are exchanged, which is axis 1 of a "
        "view, view[:, ::-1].",
        lambda picture, crop: _crops_at(picture, crop, _usual, lambda view: view[::-1]),
    ),
    Mistake(
        "The colours are mirrored: the last axis is red, green and blue. Columns are axis 1 of a "
        "view.",
        lambda picture, crop: _crops_at(picture, crop, _usual, lambda view: view[:, :, ::-1]),
    ),
    Mistake(
        "The views were turned by half a turn (both axes are back to front); a mirror exchanges "
        "left and right only.",
        lambda picture, crop: _crops_at(picture, crop, _usual, lambda view: view[::-1, ::-1]),
    ),
    Mistake(
        "The last five are the same as the first five: they should be mirrored.",
        _order(0, 1, 2, 3, 4, 0, 1, 2, 3, 4),
    ),
    Mistake(
        "The far corners are one pixel short: the last row of a crop is the last of the picture, "
        "so it begins at height - crop, not one before.",
        lambda picture, crop: _crops_at(picture, crop, _one_short, _mirrored),
    ),
    Mistake(
        "The centre is rounded up where there is an odd number of pixels to spare; here it is "
        "rounded down, (height - crop) // 2.",
        lambda picture, crop: _crops_at(picture, crop, _rounded_up, _mirrored),
    ),
    Mistake(
        "The whole picture was mirrored, and then cut: its top left corner is now the mirror "
        "image of the top right one. Mirror the crops (here in their order).",
        _crops_of_mirrored,
    ),
    Mistake(
        "The top right and the bottom left corner are exchanged: rows come first, so that the top "
        "right one is (0, width - crop).",
        _order(0, 1, 3, 2, 4, 5, 6, 8, 7, 9),
    ),
    Mistake(
        "They are all there, but the centre comes last of the five; here it comes first.",
        _order(1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    ),
    Mistake(
        "They are all there, but each crop is followed by its own mirror image; here the five "
        "crops come first, then the five mirror images.",
        _order(0, 5, 1, 6, 2, 7, 3, 8, 4, 9),
    ),
)


def _view_cases(rng):
    def logits(*shape):
        return 3 * rng.standard_normal(shape)

    return [
        (np.log(np.array([[[1.0, 3.0], [4.0, 4.0]]])),),
        (np.log(np.array([[[1.0, 99.0], [60.0, 40.0], [3.0, 2.0]]])),),
        (np.log(np.array([[[1.0, 1.0], [9.0, 1.0]], [[1.0, 3.0], [2.0, 2.0]]])),),
        (logits(2, 10, 3),),
        (logits(4, 5, 6),),
        (logits(3, 2, 5) + 1000,),
    ]


def _softmax(logits, axis=2):
    xp = get_array_module(logits)
    e = xp.exp(logits - logits.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _normalised_late(logits):
    exponentials = get_array_module(logits).exp(logits).mean(axis=1)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def _votes(logits):
    xp = get_array_module(logits)
    best = logits.argmax(axis=2)[:, :, None] == xp.arange(logits.shape[2])
    return best.astype(logits.dtype).mean(axis=1)


def _geometric(logits):
    xp = get_array_module(logits)
    return xp.exp(xp.log(_softmax(logits)).mean(axis=1))


def _exp_summed(logits):
    """The exponentials averaged, then divided: a view with large logits outweighs the others."""
    xp = get_array_module(logits)
    e = xp.exp(logits - logits.max(axis=(1, 2), keepdims=True)).mean(axis=1)
    return e / e.sum(axis=1, keepdims=True)


DIVIDED_LATE = (
    "The exponentials are averaged before each view's are divided by their own sum: a view with "
    "large logits outweighs the others. Divide for each view first."
)
VIEW_MISTAKES = (
    Mistake(
        "That is the softmax of the mean logits. The paper takes the mean of the probabilities: "
        "first softmax for each view, then the mean.",
        lambda logits: _softmax(logits.mean(axis=1), axis=1),
    ),
    Mistake(
        "These are mean logits; the softmax is missing, for each view before the mean.",
        lambda logits: logits.mean(axis=1),
    ),
    Mistake(
        "The softmax was taken of the mean of the probabilities once more. They sum to 1 already.",
        lambda logits: _softmax(average_of_views(logits), axis=1),
    ),
    Mistake(
        "It is summed over the views, not averaged: each row should sum to 1.",
        lambda logits: _softmax(logits).sum(axis=1),
    ),
    Mistake(
        DIVIDED_LATE,
        _normalised_late,
    ),
    Mistake(
        "The largest probability of all views is taken; the paper takes their mean.",
        lambda logits: _softmax(logits).max(axis=1),
    ),
    Mistake(
        "The views vote for their best class, whatever their probabilities; the paper averages "
        "those.",
        _votes,
    ),
    Mistake(
        "The softmax goes over the views; it goes over the classes, the last axis.",
        lambda logits: _softmax(logits, axis=1).mean(axis=1),
    ),
    Mistake(
        "The mean is over the pictures, the first axis; it goes over the views, axis 1.",
        lambda logits: _softmax(logits).mean(axis=0),
    ),
    Mistake(
        "Only the first view is used.",
        lambda logits: _softmax(logits[:, 0], axis=1),
    ),
    Mistake(
        "The mean was taken of logarithms of probabilities, which is a geometric mean: one view "
        "that is sure it is not so decides alone. Average the probabilities themselves.",
        _geometric,
    ),
    Mistake(
        DIVIDED_LATE,
        _exp_summed,
    ),
)

EXERCISES = (
    Exercise(
        name="colour_shift",
        task="What is added to red, green and blue of each picture: from normal (N, 3), three "
        "numbers of N(0, 1) a picture, to (N, 3). The eigenvalues (3,) are those of the colours' "
        "covariance, the eigenvectors the columns of (3, 3), in the same order.",
        solution=colour_shift,
        cases=_shift_cases,
        mistakes=SHIFT_MISTAKES,
    ),
    Exercise(
        name="ten_crops",
        task="The ten views of a picture (H, W, 3): squares of side `crop` at the centre (rounded "
        "down), top left, top right, bottom left and bottom right, then their mirror images in the "
        "same order: (10, crop, crop, 3).",
        solution=ten_crops,
        cases=_crop_cases,
        mistakes=CROP_MISTAKES,
    ),
    Exercise(
        name="average_of_views",
        task="One prediction for each picture: from logits (N, views, classes) to the mean of the "
        "views' probabilities, (N, classes).",
        solution=average_of_views,
        cases=_view_cases,
        mistakes=VIEW_MISTAKES,
    ),
)
