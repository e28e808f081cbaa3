"""Well-known mistakes, planted one by one: which test notices them, and which would not.

Each fault replaces a function in the module that uses it. The tests show the honest case to pass,
then the faulty one to fail, so that no check can pass for lack of looking. Some faults are right
gradients of a wrong function; no gradient check can see these, and values are compared instead.
"""

import numpy as np
import pytest

from minialexnet.gradcheck import all_cases
from minialexnet.layers import Linear, LocalResponseNorm
from minialexnet.ops import conv, lrn, pooling, winograd
from minialexnet.training import SGD


def check(group, option=""):
    """The report of the gradient check `minialexnet gradcheck` prints under this name."""
    case = next(c for c in all_cases() if (c.group, c.option) == (group, option))
    return case.check(np)


def wrong(report):
    """Which gradients are wrong."""
    return {result.target for result in report.results if result.verdict == "WRONG"}


class TestLocalResponseNorm:
    @pytest.fixture
    def without_cross_channel_term(self, monkeypatch):
        def backward(dy, x, *constants):
            return dy * (
                lrn.local_response_norm(x, *constants) / x
            )  # r of the formula, and no more

        def plant():
            monkeypatch.setattr("minialexnet.layers.lrn.local_response_norm_backward", backward)

        return plant

    @pytest.mark.parametrize(
        "option", ["size 5", "size 3", "size 1", "alpha over size", "two towers", "beta 0.5, k 1"]
    )
    def test_backward_without_its_cross_channel_term(self, without_cross_channel_term, option):
        assert check("LocalResponseNorm", option).ok
        without_cross_channel_term()
        report = check("LocalResponseNorm", option)
        assert wrong(report) == {"x"}
        assert report.error > 0.1

    def test_at_the_papers_constants_it_would_pass_for_rounding(self, without_cross_channel_term):
        """Why the cases have alpha near 1: at 1e-4 the term is below a thousandth of the rest."""
        rng = np.random.default_rng(0)
        x, dy = rng.choice([-1.0, 1.0], (2, 8, 3, 2)), rng.standard_normal((2, 8, 3, 2))

        def gradient(layer):
            layer.forward(x)
            return layer.backward(dy)

        layers = [LocalResponseNorm(), LocalResponseNorm(alpha=1.0)]
        right = [gradient(layer) for layer in layers]
        without_cross_channel_term()
        small, large = (
            np.abs(gradient(layer) - dx).max() / np.abs(dx).max()
            for layer, dx in zip(layers, right, strict=True)
        )
        assert 0 < small < 1e-3
        assert large > 0.1
        # The check itself would notice even so, for it compares each number and to 1e-6.
        assert not check("LocalResponseNorm", "the paper's constants").ok

    def test_window_not_mirrored(self, monkeypatch):
        """For odd sizes the mirrored window is the window itself; only an even one tells."""
        right = lrn._with_borders

        def with_borders(units, below, above):
            return right(units, max(below, above), min(below, above))

        assert check("LocalResponseNorm", "size 4 (even)").ok
        monkeypatch.setattr(lrn, "_with_borders", with_borders)
        assert wrong(check("LocalResponseNorm", "size 4 (even)")) == {"x"}
        assert check("LocalResponseNorm", "size 5").ok

    def test_towers_that_see_each_other_in_the_backward_pass(self, monkeypatch):
        right = lrn.local_response_norm_backward

        def backward(dy, x, size, alpha, beta, k, groups):
            return right(dy, x, size, alpha, beta, k, groups=1)

        assert check("LocalResponseNorm", "two towers").ok
        monkeypatch.setattr("minialexnet.layers.lrn.local_response_norm_backward", backward)
        assert wrong(check("LocalResponseNorm", "two towers")) == {"x"}


class TestMaxPoolingPaddedWithZeros:
    """The gradient is right, but of another function: zeros win against negative pixels."""

    @staticmethod
    def is_its_definition():
        x = -np.random.default_rng(0).uniform(1, 2, (2, 3, 5, 4))
        expected = np.empty((2, 3, 3, 2))
        for i in range(3):
            for j in range(2):
                rows, columns = range(2 * i - 1, 2 * i + 2), range(2 * j - 1, 2 * j + 2)
                expected[:, :, i, j] = [
                    [
                        max(
                            x[n, c, r, s] for r in rows if 0 <= r < 5 for s in columns if 0 <= s < 4
                        )
                        for c in range(3)
                    ]
                    for n in range(2)
                ]
        return np.array_equal(pooling.max_pool2d(x, (3, 3), (2, 2), ((1, 1), (1, 1))), expected)

    @pytest.fixture
    def padded_with_zeros(self, monkeypatch):
        right = pooling._pad

        def pad(x, output_size, kernel_size, stride, padding, value):
            return right(x, output_size, kernel_size, stride, padding, 0)

        def plant(forward_only):
            if not forward_only:
                monkeypatch.setattr(pooling, "_pad", pad)
                return
            max_pool2d = pooling.max_pool2d

            def forward(*args):
                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr(pooling, "_pad", pad)
                    return max_pool2d(*args)

            monkeypatch.setattr(pooling, "max_pool2d", forward)

        return plant

    @pytest.mark.parametrize("forward_only", [True, False])
    def test_is_seen_in_the_values(self, padded_with_zeros, forward_only):
        assert self.is_its_definition()
        padded_with_zeros(forward_only)
        assert not self.is_its_definition()

    @pytest.mark.parametrize("forward_only", [True, False])
    def test_is_not_seen_in_the_gradient(self, padded_with_zeros, forward_only):
        padded_with_zeros(forward_only)
        assert check("MaxPool2d", "padding 1").ok

    def test_every_maximum_of_a_tie_gets_the_gradient_is_not_seen_but_at_kinks(self, monkeypatch):
        """As in 2012. Where it matters there is no derivative, so both are right."""

        def backward(dy, x, y, kernel_size, stride, padding, ceil_mode):
            dx = np.zeros_like(x)
            for position in pooling._window_positions(kernel_size, stride, y.shape[2:]):
                dx[position] += dy * (x[position] == y)
            return dx

        monkeypatch.setattr(pooling, "max_pool2d_backward", backward)
        assert check("MaxPool2d", "3x3 stride 2, overlapping").ok

    def test_a_gradient_that_only_one_of_overlapping_windows_leaves(self, monkeypatch):
        def backward(dy, x, y, kernel_size, stride, padding, ceil_mode):
            dx = np.zeros_like(x)
            for position in pooling._window_positions(kernel_size, stride, y.shape[2:]):
                winners = x[position] == y
                dx[position][winners] = dy[winners]
            return dx

        assert check("MaxPool2d", "3x3 stride 2, overlapping").ok
        monkeypatch.setattr(pooling, "max_pool2d_backward", backward)
        assert wrong(check("MaxPool2d", "3x3 stride 2, overlapping")) == {"x"}
        assert check("MaxPool2d", "2x2 tiled").ok  # windows that do not overlap do not tell


class TestDropout:
    @pytest.mark.parametrize("option", ["inverted", "the paper's form"])
    def test_backward_without_its_mask(self, monkeypatch, option):
        def backward(dy, mask, p, inverted=True):
            return dy * (1 / (1 - p)) if inverted else dy

        assert check("Dropout", option).ok
        monkeypatch.setattr("minialexnet.layers.dropout.dropout_backward", backward)
        assert wrong(check("Dropout", option)) == {"x"}

    def test_backward_without_its_scale(self, monkeypatch):
        assert check("Dropout", "inverted").ok
        monkeypatch.setattr(
            "minialexnet.layers.dropout.dropout_backward", lambda dy, mask, p, inverted: dy * mask
        )
        assert wrong(check("Dropout", "inverted")) == {"x"}
        assert check("Dropout", "the paper's form").ok  # which has no scale in training

    def test_a_new_mask_in_the_backward_pass(self, monkeypatch):
        def backward(dy, mask, p, inverted=True):
            return dy * np.roll(mask, 1) * (1 / (1 - p) if inverted else 1)

        assert check("Dropout", "inverted").ok
        monkeypatch.setattr("minialexnet.layers.dropout.dropout_backward", backward)
        assert wrong(check("Dropout", "inverted")) == {"x"}


class TestFewerMultiplications:
    """Mistakes in the transforms around the products, of which each has its own backward pass."""

    CASE = ("Conv2d", "3x3, fewer multiplications")

    @pytest.mark.parametrize(
        ("function", "target"),
        [
            ("_values_of_rows_backward", {"x"}),
            ("_filters_backward", {"weight"}),
            ("_outputs_of_products_backward", {"x", "weight"}),
        ],
    )
    def test_a_backward_map_with_wrong_places(self, monkeypatch, function, target):
        right, right_matrix = getattr(winograd, function), winograd._matrix

        def wrong_map(*arguments):
            with monkeypatch.context() as patch:
                patch.setattr(winograd, "_matrix", wrong_matrix)
                return right(*arguments)

        def wrong_matrix(which, *arguments):  # two places exchanged
            matrix = right_matrix(which, *arguments)
            places = 1 if which == winograd.B else 0
            order = [1, 0, *range(2, matrix.shape[places])]
            return matrix.take(order, axis=places)

        assert check(*self.CASE).ok
        monkeypatch.setattr(winograd, function, wrong_map)
        assert wrong(check(*self.CASE)) == target

    def test_a_wrong_point_is_a_wrong_function_with_a_right_gradient(self, monkeypatch):
        """Only a comparison with the plain convolution tells."""
        right = winograd._matrix

        def wrong_matrix(which, *arguments):
            return right(which, *arguments) * (1.1 if which == winograd.G else 1)

        rng = np.random.default_rng(0)
        x, weight = rng.standard_normal((2, 3, 5, 6)), rng.standard_normal((4, 3, 3, 3))
        np.testing.assert_allclose(winograd.winograd_conv2d(x, weight), conv.conv2d(x, weight))
        monkeypatch.setattr(winograd, "_matrix", wrong_matrix)
        assert check(*self.CASE).ok
        assert not np.allclose(winograd.winograd_conv2d(x, weight), conv.conv2d(x, weight))

    def test_pictures_side_by_side_that_see_each_other(self, monkeypatch):
        """A wrong function too: the zeros between two pictures are one column short."""
        right = winograd._line

        def line(*arguments):
            assert right(*arguments).pictures == 2
            return right(*arguments)._replace(pitch=right(*arguments).pitch - 1)

        rng = np.random.default_rng(0)
        x, weight = rng.standard_normal((2, 3, 5, 5)), rng.standard_normal((4, 3, 3, 3))
        expected = conv.conv2d(x, weight, padding=1)
        np.testing.assert_allclose(winograd.winograd_conv2d(x, weight, padding=1), expected)
        monkeypatch.setattr(winograd, "_line", line)
        assert not np.allclose(winograd.winograd_conv2d(x, weight, padding=1), expected)


class TestIm2colWithItsKernelAxesSwapped:
    """Every window transposed. Done consistently, it is a network with transposed filters."""

    @pytest.fixture
    def swap(self, monkeypatch):
        right_im2col, right_col2im = conv.im2col, conv.col2im

        def swapped_im2col(x, kernel_size, stride=(1, 1), padding=((0, 0), (0, 0))):
            cols = right_im2col(x, kernel_size, stride, padding)
            return np.ascontiguousarray(cols.swapaxes(3, 4)).reshape(cols.shape)

        def swapped_col2im(cols, image_size, stride=(1, 1), padding=((0, 0), (0, 0))):
            n, oh, ow, kh, kw, c = cols.shape
            back = cols.reshape(n, oh, ow, kw, kh, c).swapaxes(3, 4)
            return right_col2im(back, image_size, stride, padding)

        def plant(both):
            monkeypatch.setattr(conv, "im2col", swapped_im2col)
            if both:
                monkeypatch.setattr(conv, "col2im", swapped_col2im)

        return plant

    @staticmethod
    def is_its_definition(kernel):
        rng = np.random.default_rng(0)
        x, w = rng.standard_normal((2, 3, 6, 5)), rng.standard_normal((4, 3, *kernel))
        y = conv.conv2d(x, w)
        expected = np.zeros_like(y)
        for i in range(y.shape[2]):
            for j in range(y.shape[3]):
                window = x[:, :, i : i + kernel[0], j : j + kernel[1]]
                expected[:, :, i, j] = np.einsum("nckl,ockl->no", window, w)
        return np.allclose(y, expected)

    @staticmethod
    def are_adjoint(kernel):
        """<im2col(x), c> = <x, col2im(c)>"""
        rng = np.random.default_rng(0)
        x = rng.standard_normal((2, 3, 6, 5))
        cols = conv.im2col(x, kernel)
        c = rng.standard_normal(cols.shape)
        return np.isclose(np.vdot(cols, c), np.vdot(x, conv.col2im(c, (6, 5))))

    @pytest.mark.parametrize(("option", "kernel"), [("3x3", (3, 3)), ("3x2 kernel", (3, 2))])
    def test_in_im2col_alone_is_seen_by_all_tests(self, swap, option, kernel):
        assert self.is_its_definition(kernel)
        assert self.are_adjoint(kernel)
        assert check("Conv2d", option).ok
        swap(both=False)
        assert not self.is_its_definition(kernel)
        assert not self.are_adjoint(kernel)
        assert wrong(check("Conv2d", option)) == {"x"}

    @pytest.mark.parametrize(("option", "kernel"), [("3x3", (3, 3)), ("3x2 kernel", (3, 2))])
    def test_in_both_is_seen_by_the_definition_only(self, swap, option, kernel):
        swap(both=True)
        assert not self.is_its_definition(kernel)
        assert self.are_adjoint(kernel)
        assert check("Conv2d", option).ok


BIAS_GRADIENTS = {
    "averaged over positions": lambda dy: dy.mean(axis=(2, 3)).sum(axis=0),
    "averaged over pictures": lambda dy: dy.sum(axis=(2, 3)).mean(axis=0),
    "at the first position only": lambda dy: dy[:, :, 0, 0].sum(axis=0),
    "of the first picture only": lambda dy: dy[0].sum(axis=(1, 2)),
}


class TestConvolution:
    def test_col2im_assigns_instead_of_adding(self, monkeypatch):
        def col2im(cols, image_size, stride=(1, 1), padding=((0, 0), (0, 0))):
            (h, w), (sh, sw) = image_size, stride
            n, oh, ow, kh, kw, c = cols.shape
            (top, bottom), (left, right) = padding
            padded = np.zeros((n, h + top + bottom, w + left + right, c))
            for i in range(kh):
                for j in range(kw):
                    padded[:, i : i + sh * oh : sh, j : j + sw * ow : sw][:, :oh, :ow] = cols[
                        :, :, :, i, j
                    ]
            return padded[:, top : top + h, left : left + w].transpose(0, 3, 1, 2)

        overlapping = ["3x3", "stride 2", "padding 2", "groups 2"]
        assert all(check("Conv2d", option).ok for option in overlapping)
        monkeypatch.setattr(conv, "col2im", col2im)
        for option in overlapping:
            assert wrong(check("Conv2d", option)) == {"x"}
        assert check("Conv2d", "1x1").ok  # windows that do not overlap do not tell

    @pytest.mark.parametrize("name", BIAS_GRADIENTS)
    def test_bias_gradient_not_summed_over_pictures_and_positions(self, monkeypatch, name):
        right = conv.conv2d_backward

        def backward(dy, *args):
            dx, dweight, _ = right(dy, *args)
            return dx, dweight, BIAS_GRADIENTS[name](dy)

        assert check("Conv2d", "3x3").ok
        monkeypatch.setattr("minialexnet.layers.conv.conv2d_backward", backward)
        assert wrong(check("Conv2d", "3x3")) == {"bias"}

    def test_groups_that_get_each_others_gradient(self, monkeypatch):
        right = conv.conv2d_backward

        def backward(*args):
            dx, dweight, dbias = right(*args)
            return np.roll(dx, dx.shape[1] // 2, axis=1), dweight, dbias

        assert check("Conv2d", "groups 2").ok
        monkeypatch.setattr("minialexnet.layers.conv.conv2d_backward", backward)
        assert wrong(check("Conv2d", "groups 2")) == {"x"}

    def test_padding_at_the_wrong_side_in_the_backward_pass(self, monkeypatch):
        """((0, 3), (0, 3)) for ((3, 0), (3, 0)): the shapes fit, only the values tell."""

        right = conv.col2im

        def mirrored(cols, image_size, stride, padding):
            return right(cols, image_size, stride, [side[::-1] for side in padding])

        assert check("Conv2d", "padding after only, as in 2012").ok
        monkeypatch.setattr(conv, "col2im", mirrored)
        assert wrong(check("Conv2d", "padding after only, as in 2012")) == {"x"}
        assert check("Conv2d", "padding 2").ok


class TestOtherLayers:
    def test_relu_lets_the_gradient_through_everywhere(self, monkeypatch):
        assert check("ReLU").ok
        monkeypatch.setattr("minialexnet.ops.activations.relu_backward", lambda dy, y: dy)
        assert wrong(check("ReLU")) == {"x"}

    def test_tanh_takes_its_output_for_its_input(self, monkeypatch):
        def backward(dy, y):
            return dy * (1 - np.tanh(y) ** 2)

        assert check("Tanh").ok
        monkeypatch.setattr("minialexnet.ops.activations.tanh_backward", backward)
        assert wrong(check("Tanh")) == {"x"}

    def test_linear_bias_gradient_averaged_over_the_batch(self, monkeypatch):
        def backward(dy, x, weight, input_gradient=True):
            return dy @ weight, dy.T @ x, dy.mean(axis=0)

        assert check("Linear").ok
        monkeypatch.setattr("minialexnet.layers.linear.linear_backward", backward)
        assert wrong(check("Linear")) == {"bias"}

    def test_average_pooling_divides_border_windows_by_the_whole_kernel(self, monkeypatch):
        """In the backward pass alone; in both it would be `count_include_pad`."""
        right = pooling.avg_pool2d_backward

        def backward(dy, x, kernel_size, stride, padding, ceil_mode, count_include_pad):
            return right(dy, x, kernel_size, stride, padding, ceil_mode, True)

        assert check("AvgPool2d", "padding not counted").ok
        monkeypatch.setattr(pooling, "avg_pool2d_backward", backward)
        assert wrong(check("AvgPool2d", "padding not counted")) == {"x"}

    @pytest.mark.parametrize("option", ["plain", "logits of size 30", "label smoothing"])
    def test_loss_ignores_its_upstream_gradient(self, monkeypatch, option):
        from minialexnet.ops.softmax import softmax_cross_entropy_backward as right

        def backward(dloss, p, labels, label_smoothing=0.0):
            return right(1.0, p, labels, label_smoothing)

        assert check("SoftmaxCrossEntropy", option).ok
        monkeypatch.setattr("minialexnet.layers.loss.softmax_cross_entropy_backward", backward)
        assert wrong(check("SoftmaxCrossEntropy", option)) == {"logits"}

    def test_loss_forgets_the_smoothing_in_the_backward_pass(self, monkeypatch):
        from minialexnet.ops.softmax import softmax_cross_entropy_backward as right

        def backward(dloss, p, labels, label_smoothing=0.0):
            return right(dloss, p, labels)

        assert check("SoftmaxCrossEntropy", "label smoothing").ok
        monkeypatch.setattr("minialexnet.layers.loss.softmax_cross_entropy_backward", backward)
        assert wrong(check("SoftmaxCrossEntropy", "label smoothing")) == {"logits"}
        assert check("SoftmaxCrossEntropy", "plain").ok

    def test_a_network_whose_slices_are_not_added_up(self, monkeypatch):
        """The gradients of the last slice of the batch alone."""
        from minialexnet.backend import parallel
        from minialexnet.layers import depth_first

        monkeypatch.setattr(parallel, "SMALL_SLICE", 0)  # a slice for each of its few pictures
        right = depth_first.map_ordered

        def last_slice_wins(function, items):
            results = list(right(function, items))
            if isinstance(results[0], tuple) and isinstance(results[0][1], dict):
                results[:-1] = [
                    (dx, {name: 0 * value for name, value in grads.items()})
                    for dx, grads in results[:-1]
                ]
            return results

        def check_network():
            case = all_cases()[-1]
            return case.check(np, max_points=6)

        assert check_network().ok
        monkeypatch.setattr(depth_first, "map_ordered", last_slice_wins)
        convolutions = {f"conv{i}.{kind}" for i in (1, 2) for kind in ("weight", "bias")}
        assert wrong(check_network()) == convolutions


class TestSGD:
    @staticmethod
    def follows_the_paper(rates):
        """v <- momentum v - decay lr w - lr g, w <- w + v, number by number, at these rates."""
        layer = Linear(3, 2, bias_init=1.0).astype("float64")
        expected = {name: value.copy() for name, value in layer.params.items()}
        velocity = {name: np.zeros_like(value) for name, value in expected.items()}
        optimizer = SGD(layer, rates[0], momentum=0.9, weight_decay=0.1, bias_lr_factor=1.0)
        rng = np.random.default_rng(0)
        for lr in rates:
            layer.grads = {name: rng.standard_normal(w.shape) for name, w in expected.items()}
            optimizer.lr = lr
            optimizer.step()
            for name, w in expected.items():
                decay = 0.0 if name == "bias" else 0.1
                velocity[name] = 0.9 * velocity[name] - decay * lr * w - lr * layer.grads[name]
                expected[name] = w + velocity[name]
        return all(np.allclose(layer.params[name], w) for name, w in expected.items())

    def test_learning_rate_outside_the_momentum_buffer(self, monkeypatch):
        """PyTorch's form. It differs only once the rate has changed."""

        def update(self, w, gradient, v, lr, weight_decay):
            v *= self.momentum
            v -= gradient + weight_decay * w
            w += lr * v

        assert self.follows_the_paper([0.1, 0.1, 0.01, 0.01])
        monkeypatch.setattr(SGD, "_update", update)
        assert not self.follows_the_paper([0.1, 0.1, 0.01, 0.01])
        assert self.follows_the_paper([0.1] * 4)

    def test_decay_on_biases(self, monkeypatch):
        right = SGD._update

        def update(self, w, gradient, v, lr, weight_decay):
            right(self, w, gradient, v, lr, self.weight_decay)

        assert self.follows_the_paper([0.1] * 3)
        monkeypatch.setattr(SGD, "_update", update)
        assert not self.follows_the_paper([0.1] * 3)

    def test_decay_without_the_learning_rate(self, monkeypatch):
        def update(self, w, gradient, v, lr, weight_decay):
            v *= self.momentum
            v -= weight_decay * w + lr * gradient
            w += v

        assert self.follows_the_paper([0.1] * 3)
        monkeypatch.setattr(SGD, "_update", update)
        assert not self.follows_the_paper([0.1] * 3)
