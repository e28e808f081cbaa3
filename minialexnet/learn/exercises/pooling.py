"""Notebook 4: overlapped max pooling."""

import numpy as np

from minialexnet import ops
from minialexnet.backend import get_array_module
from minialexnet.gradcheck import check_function
from minialexnet.learn.exercise import Exercise, Mistake
from minialexnet.learn.exercises.convolution import STRIDE_IN_WINDOWS


def max_pool2d(x, kernel_size, stride):
    xp = get_array_module(x)
    n, c, h, w = x.shape
    oh = (h - kernel_size) // stride + 1
    ow = (w - kernel_size) // stride + 1
    y = xp.zeros((n, c, oh, ow), dtype=x.dtype)
    for i in range(oh):
        for j in range(ow):
            top, left = i * stride, j * stride
            window = x[:, :, top : top + kernel_size, left : left + kernel_size]
            y[:, :, i, j] = window.max(axis=(2, 3))
    return y


def max_pool2d_backward(dy, x, kernel_size, stride):
    xp = get_array_module(x)
    n, c, oh, ow = dy.shape
    dx = xp.zeros_like(x)
    for i in range(oh):
        for j in range(ow):
            top, left = i * stride, j * stride
            window = x[:, :, top : top + kernel_size, left : left + kernel_size]
            place = window.reshape(n, c, -1).argmax(axis=2)  # the first, row by row: (N, C)
            for row in range(kernel_size):
                for column in range(kernel_size):
                    is_largest = place == row * kernel_size + column
                    dx[:, :, top + row, left + column] += is_largest * dy[:, :, i, j]
    return dx


def _whole(rng, *shape):
    """Whole numbers from -9 to 9, each at most once in a map where that is possible."""
    n, c, h, w = shape
    maps = [rng.permutation(max(19, h * w))[: h * w] - 9.0 for _ in range(n * c)]
    return np.array(maps).reshape(shape)


def _forward_cases(rng):
    small = np.array([[1.0, 3, 2], [4, 0, 5], [2, 9, 1]]).reshape(1, 1, 3, 3)
    below = np.array([[-1.0, -3, -2], [-4, -8, -5], [-2, -9, -6]]).reshape(1, 1, 3, 3)
    return [
        (small, 2, 1),
        (below, 2, 1),
        (_whole(rng, 1, 1, 4, 4), 2, 2),
        (_whole(rng, 1, 1, 5, 5), 3, 2),
        (_whole(rng, 1, 2, 6, 6), 3, 2),
        (_whole(rng, 2, 1, 4, 7), 2, 3),
        (rng.standard_normal((2, 3, 7, 9)), 3, 2),
        (rng.standard_normal((2, 2, 8, 5)), 3, 1),
        (rng.standard_normal((3, 2, 9, 8)) - 2, 4, 2),
    ]


def _backward_cases(rng):
    def random(n, c, h, w, kernel_size, stride):
        x = rng.standard_normal((n, c, h, w))
        size = [(side - kernel_size) // stride + 1 for side in (h, w)]
        return rng.standard_normal((n, c, *size)), x, kernel_size, stride

    def maps(*rows):
        return np.array(rows, dtype=float)[None, None]

    return [
        (maps([1, 2], [3, 4]), maps([1, 5, 2, 0], [3, 4, 7, 1], [6, 2, 3, 8], [0, 1, 4, 2]), 2, 2),
        (maps([1, 2], [3, 4]), maps([1, 3, 2], [4, 9, 5], [2, 0, 1]), 2, 1),
        (maps([1, 2], [3, 4]), maps([7, 3, 2], [4, 0, 5], [2, 6, 1]), 2, 1),
        (maps([5]), maps([1, 3], [3, 3]), 2, 1),
        (maps([1, 2]), maps([0, 4, 0, 4, 0], [0, 4, 4, 0, 0], [0, 0, 0, 0, 0]), 3, 2),
        random(1, 1, 5, 5, 3, 2),
        random(1, 2, 6, 6, 3, 2),
        random(2, 1, 4, 7, 2, 3),
        random(2, 3, 7, 9, 3, 2),
        random(2, 2, 6, 5, 3, 1),
    ]


def _check_forward(answer, xp):
    """Against the library's own backward pass."""
    x = xp.asarray(np.random.default_rng(1).standard_normal((2, 2, 7, 5)))

    def backward(dy, x):
        return ops.max_pool2d_backward(dy, x, ops.max_pool2d(x, 3, 2), 3, 2)

    return check_function(lambda x: answer(x, 3, 2), backward, [x], ["x"])


def _check_backward(answer, xp):
    x = xp.asarray(np.random.default_rng(1).standard_normal((2, 2, 7, 5)))
    return check_function(
        lambda x: ops.max_pool2d(x, 3, 2), lambda dy, x: answer(dy, x, 3, 2), [x], ["x"]
    )


def _each_window(x, kernel_size, stride, reduce):
    """`reduce` of each window, (N, C, K * K) -> (N, C), in the place of its maximum."""
    xp = get_array_module(x)
    y = max_pool2d(x, kernel_size, stride)
    result = xp.zeros_like(y)
    for i in range(y.shape[2]):
        for j in range(y.shape[3]):
            top, left = i * stride, j * stride
            window = x[:, :, top : top + kernel_size, left : left + kernel_size]
            result[:, :, i, j] = reduce(window.reshape(*y.shape[:2], -1))
    return result


def _near(x, kernel_size, stride):
    """Windows 1 apart, as many as there should be."""
    y = max_pool2d(x, kernel_size, stride)
    return max_pool2d(x, kernel_size, 1)[:, :, : y.shape[2], : y.shape[3]]


def _rounded_up(x, kernel_size, stride):
    return ops.max_pool2d(x, kernel_size, stride, ceil_mode=True)


def _route(dy, x, kernel_size, stride, share, add=True, step=None, at_corner=False):
    """The backward pass with the parts of `dy` that `share` gives to each pixel of a window.

    Args:
        share: from a window (N, C, K * K) to weights of its pixels, of the same shape.
        add: False overwrites what other windows gave; step: distance of windows, if not `stride`;
        at_corner: writes all windows into the first.
    """
    xp = get_array_module(x)
    n, c, oh, ow = dy.shape
    step = stride if step is None else step
    dx = xp.zeros_like(x)
    for i in range(oh):
        for j in range(ow):
            top, left = i * step, j * step
            window = x[:, :, top : top + kernel_size, left : left + kernel_size]
            if window.shape[2:] != (kernel_size, kernel_size):
                continue
            weights = share(window.reshape(n, c, -1)).reshape(window.shape)
            routed = weights * dy[:, :, i : i + 1, j : j + 1]
            if at_corner:
                top, left = 0, 0
            here = dx[:, :, top : top + kernel_size, left : left + kernel_size]
            if add:
                here += routed
            else:
                here[...] = xp.where(weights > 0, routed, here)
    return dx


def _first(window):
    return _one_hot(window.argmax(axis=2), window)


def _one_hot(place, window):
    xp = get_array_module(window)
    return (xp.arange(window.shape[2]) == place[:, :, None]) * 1.0


def _last(window):
    return _one_hot(window.shape[2] - 1 - window[:, :, ::-1].argmax(axis=2), window)


def _all_tied(window):
    return (window == window.max(axis=2, keepdims=True)) * 1.0


def _split_among_tied(window):
    tied = _all_tied(window)
    return tied / tied.sum(axis=2, keepdims=True)


def _all_pixels(window):
    return get_array_module(window).ones_like(window)


def _smallest(window):
    return _one_hot(window.argmin(axis=2), window)


def _turned(window):
    """The place of the maximum with row and column exchanged."""
    side = round(window.shape[2] ** 0.5)
    return _first(window).reshape(*window.shape[:2], side, side).swapaxes(2, 3)


def _one_for_all(window):
    """Only the largest pixel of the whole batch gets something."""
    return _first(window) * (window == window.max())


def _all_that_equal_the_largest(window):
    return (window == window.max()) * 1.0


def _only_place(window):
    """The first channel of the first picture says where all have their maximum."""
    return _first(window)[:1, :1] * get_array_module(window).ones_like(window)


def _whole_map(dy, x, kernel_size, stride):
    """All of a map's gradient to the map's largest pixel."""
    first = _first(x.reshape(*x.shape[:2], -1)).reshape(x.shape)
    return first * dy.sum(axis=(2, 3), keepdims=True)


def _last_window_wins(dy, x, kernel_size, stride):
    return _route(dy, x, kernel_size, stride, _first, add=False)


def _overwritten_whole(dy, x, kernel_size, stride):
    """Each window writes its zeros too over what others gave."""
    dx = get_array_module(x).zeros_like(x)
    for i in range(dy.shape[2]):
        for j in range(dy.shape[3]):
            rows = slice(i * stride, i * stride + kernel_size)
            columns = slice(j * stride, j * stride + kernel_size)
            window = x[:, :, rows, columns]
            weights = _first(window.reshape(*dy.shape[:2], -1)).reshape(window.shape)
            dx[:, :, rows, columns] = weights * dy[:, :, i : i + 1, j : j + 1]
    return dx


LAST_WINDOW_WINS = (
    "A pixel that is the maximum of several windows gets only what the last of them has for it. "
    "Windows overlap: add (`+=`), do not assign."
)

EXERCISES = (
    Exercise(
        name="max_pool2d",
        task="The maximum of each window of kernel_size x kernel_size pixels, windows being "
        "`stride` apart: from x (N, C, H, W) to (N, C, OH, OW). No padding; a window that would "
        "hang over the edge is left out.",
        solution=max_pool2d,
        cases=_forward_cases,
        gradient_check=_check_forward,
        mistakes=(
            Mistake(
                "The windows lie side by side: they are kernel_size apart in place of `stride`. "
                "With a smaller stride they overlap, and there are more of them.",
                lambda x, k, stride: max_pool2d(x, k, k),
            ),
            Mistake(
                "The stride is ignored: windows begin `stride` pixels apart, and so there are "
                "fewer of them.",
                lambda x, k, stride: max_pool2d(x, k, 1),
            ),
            Mistake(STRIDE_IN_WINDOWS, _near),
            Mistake(
                "Where all numbers of a window are negative, 0 comes out: the search for the "
                "maximum must start from minus infinity, or from the window's first number.",
                lambda x, k, stride: get_array_module(x).maximum(max_pool2d(x, k, stride), 0),
            ),
            Mistake(
                "This is the mean of each window; asked for is its maximum.",
                lambda x, k, stride: _each_window(x, k, stride, lambda w: w.mean(axis=2)),
            ),
            Mistake(
                "This is the minimum of each window; asked for is its maximum.",
                lambda x, k, stride: -max_pool2d(-x, k, stride),
            ),
            Mistake(
                "The sign is lost: the largest *number* is asked for, not the largest size "
                "(absolute value).",
                lambda x, k, stride: max_pool2d(abs(x), k, stride),
            ),
            Mistake(
                "This is where in the window the maximum stands (argmax); asked for is how large "
                "it is (max).",
                lambda x, k, stride: _each_window(x, k, stride, lambda w: w.argmax(axis=2)),
            ),
            Mistake(
                "One maximum is taken over all pictures and channels: take it over the window's "
                "rows and columns alone, axis=(2, 3).",
                lambda x, k, stride: _each_window(x, k, stride, lambda w: w.max()),
            ),
            Mistake(
                "All channels of a picture have the same result: the maximum is to be taken in "
                "each channel by itself, over axis=(2, 3).",
                lambda x, k, stride: _each_window(
                    x, k, stride, lambda w: w.max(axis=(1, 2))[:, None]
                ),
            ),
            Mistake(
                "A window that hangs over the edge is counted: it is left out, so round down, not "
                "up.",
                _rounded_up,
            ),
            Mistake(
                "The last row and column are missing: there are (H - kernel_size) // stride + 1 "
                "windows; the + 1 counts the first.",
                lambda x, k, stride: max_pool2d(x, k, stride)[:, :, :-1, :-1],
            ),
        ),
    ),
    Exercise(
        name="max_pool2d_backward",
        task="The gradient of max_pool2d with respect to x: from dy (N, C, OH, OW) to dx like x. "
        "If several pixels of a window are equally large, the first of them (row by row) gets all "
        "of it.",
        solution=max_pool2d_backward,
        cases=_backward_cases,
        results=("dx",),
        gradient_check=_check_backward,
        mistakes=(
            Mistake(LAST_WINDOW_WINS, _last_window_wins),
            Mistake(
                "Each window overwrites what its neighbours gave to the pixels they share, with "
                "its zeros too: add (`+=`) to dx, do not assign.",
                _overwritten_whole,
            ),
            Mistake(
                "All pixels that equal the maximum get the gradient. So it was in the code of "
                "2012; here, as in Caffe and PyTorch, the first of them gets it alone.",
                lambda dy, x, k, s: _route(dy, x, k, s, _all_tied),
            ),
            Mistake(
                "Of several equal maxima the last gets the gradient; the first should. (argmax "
                "gives the first; a >= in a loop of your own keeps the last, a > the first.)",
                lambda dy, x, k, s: _route(dy, x, k, s, _last),
            ),
            Mistake(
                "Equal maxima share the gradient; here the first of them gets all of it.",
                lambda dy, x, k, s: _route(dy, x, k, s, _split_among_tied),
            ),
            Mistake(
                "Every pixel of a window gets the gradient. The output is one of the pixels, and "
                "moves with that one alone: only the maximum gets it.",
                lambda dy, x, k, s: _route(dy, x, k, s, _all_pixels),
            ),
            Mistake(
                "The gradient is shared out equally, as average pooling does; here the maximum "
                "gets all of it.",
                lambda dy, x, k, s: _route(dy / k**2, x, k, s, _all_pixels),
            ),
            Mistake(
                "The maximum of the whole map gets everything: each window has a maximum of its "
                "own, look for it among the window's pixels.",
                _whole_map,
            ),
            Mistake(
                "The factor dy is missing: the maximum of window (i, j) gets dy[:, :, i, j], not "
                "1.",
                lambda dy, x, k, s: _route(dy * 0 + 1, x, k, s, _first),
            ),
            Mistake(
                "The windows are 1 apart, though in the forward pass they were `stride` apart: "
                "window (i, j) begins at row i * stride and column j * stride.",
                lambda dy, x, k, s: _route(dy, x, k, s, _first, step=1),
            ),
            Mistake(
                "The windows are kernel_size apart, though in the forward pass they were `stride` "
                "apart: window (i, j) begins at row i * stride and column j * stride.",
                lambda dy, x, k, s: _route(dy, x, k, s, _first, step=k),
            ),
            Mistake(
                "All windows write into the first one: the place of the maximum counts from the "
                "window's corner, so add the corner's row and column to it.",
                lambda dy, x, k, s: _route(dy, x, k, s, _first, at_corner=True),
            ),
            Mistake(
                "Row and column of the maximum are exchanged: its place in the window is "
                "row * kernel_size + column.",
                lambda dy, x, k, s: _route(dy, x, k, s, _turned),
            ),
            Mistake(
                "The smallest pixel of each window gets the gradient; the largest should.",
                lambda dy, x, k, s: _route(dy, x, k, s, _smallest),
            ),
            Mistake(
                "Only one pixel of the whole batch gets the gradient of a position: each picture "
                "and each channel has a maximum of its own. Look for it over axes 2 and 3 alone.",
                lambda dy, x, k, s: _route(dy, x, k, s, _one_for_all),
            ),
            Mistake(
                "The window is compared with the largest number of all pictures and channels: "
                "take the maximum over axes 2 and 3 alone, with keepdims=True. (And of several "
                "equal maxima only the first should get the gradient.)",
                lambda dy, x, k, s: _route(dy, x, k, s, _all_that_equal_the_largest),
            ),
            Mistake(
                "The first channel of the first picture decides for all where the maximum is: each "
                "channel of each picture has a place of its own.",
                lambda dy, x, k, s: _route(dy, x, k, s, _only_place),
            ),
        ),
    ),
)
