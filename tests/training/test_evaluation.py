"""Evaluation is the loss and the errors over the centre crops of all pictures."""

import numpy as np
import pytest

from minialexnet.errors import InputError
from minialexnet.layers import Dropout, Flatten, Linear, Sequential
from minialexnet.training import Preprocessing, evaluate, mean_of_views
from training.tiny import CROP, tiny_pictures


@pytest.fixture
def network():
    return Sequential({"flatten": Flatten(), "drop": Dropout(0.5), "fc": Linear(3 * CROP**2, 4)})


class TestPreprocessing:
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_a_colour_is_subtracted_then_scaled(self, backend, rng, dtype):
        pixels = rng.integers(0, 256, (2, 6, 6, 3), dtype=np.uint8)
        mean = np.array([10.5, 20, 30], dtype)
        x = Preprocessing(mean, 0.25, 6)(pixels, backend.xp)
        expected = ((pixels - mean) * 0.25).transpose(0, 3, 1, 2)
        backend.check(x, expected, "float32")

    def test_a_colour_may_be_a_list(self, backend, rng):
        pixels = rng.integers(0, 256, (2, 6, 6, 3), dtype=np.uint8)
        x = Preprocessing([10, 20, 30], 0.25, 6)(pixels, backend.xp)
        backend.check(x, ((pixels - [10, 20, 30.0]) * 0.25).transpose(0, 3, 1, 2), "float32")

    @pytest.mark.parametrize(
        "shape", [(), (1,), (4,), (3, 6, 6), (5, 5, 3), (6, 7, 3), (1, 6, 6, 3)]
    )
    def test_what_is_no_mean_of_such_crops_is_refused(self, shape):
        with pytest.raises(
            InputError, match=r"mean has shape \(.*\); expected a colour, \(3,\), or"
        ):
            Preprocessing(np.zeros(shape), 1.0, 6)

    @pytest.mark.parametrize(("side", "top"), [(6, 0), (8, 1), (9, 1), (10, 2)])
    def test_of_a_mean_picture_the_centre_is_taken(self, backend, rng, side, top):
        pixels = rng.integers(0, 256, (2, 6, 6, 3), dtype=np.uint8)
        mean = rng.uniform(0, 255, (side, side, 3)).astype("float32")
        x = Preprocessing(mean, 1.0, 6)(pixels, backend.xp)
        expected = (pixels - mean[top : top + 6, top : top + 6]).transpose(0, 3, 1, 2)
        backend.check(x, expected, "float32")

    def test_the_centre_is_where_the_central_crops_come_from(self, network):
        """A set that is its own mean becomes zeros."""
        pictures = tiny_pictures(1, size=CROP + 5)
        preprocessing = Preprocessing(pictures.images[0].astype("float32"), 1.0, CROP)
        seen = []
        network.predict = lambda x: seen.append(x) or np.zeros((1, 4), "float32")
        evaluate(network, pictures, preprocessing, np)
        assert not seen[0].any()


class TestEvaluate:
    @pytest.mark.parametrize("batch_size", [1, 3, 5, 128])
    def test_is_the_plain_definition_whatever_the_batches(self, network, batch_size):
        pictures = tiny_pictures(10)
        preprocessing = Preprocessing(np.array([100.0, 110, 120]), 1 / 50, CROP)
        tally, logits = evaluate(network, pictures, preprocessing, np, batch_size)

        crops = pictures.images[:, 2 : 2 + CROP, 2 : 2 + CROP].astype("float64")
        x = (crops - [100, 110, 120]) / 50
        w, b = (value.astype("float64") for value in network["fc"].params.values())
        expected = x.transpose(0, 3, 1, 2).reshape(10, -1) @ w.T + b
        log_p = expected - np.log(np.exp(expected).sum(axis=1, keepdims=True))
        np.testing.assert_allclose(logits, expected, rtol=1e-3, atol=1e-4)
        assert tally.pictures == 10
        assert tally.loss == pytest.approx(-log_p[range(10), pictures.labels].mean(), rel=1e-4)
        right = (expected.argmax(axis=1) == pictures.labels).sum()
        assert tally.top1_error == pytest.approx(1 - right / 10)

    def test_computes_on_any_backend(self, backend, network):
        preprocessing = Preprocessing(np.zeros(3), 1 / 50, CROP)
        pictures = tiny_pictures(5)
        expected, _ = evaluate(network, pictures, preprocessing, np)
        tally, logits = evaluate(network.to(backend.xp), pictures, preprocessing, backend.xp, 2)
        assert type(logits) is np.ndarray
        assert tally.loss == pytest.approx(expected.loss, rel=1e-4)

    @pytest.mark.parametrize("batch_size", [1, 10, 37, 128])
    def test_over_ten_crops_probabilities_are_averaged(self, backend, network, batch_size):
        pictures, far = tiny_pictures(5), 20 - CROP
        preprocessing = Preprocessing(np.array([100.0, 110, 120]), 1 / 50, CROP)
        tally, logits = evaluate(
            network.to(backend.xp), pictures, preprocessing, backend.xp, batch_size, ten_crop=True
        )

        w, b = (backend.get(value).astype("float64") for value in network["fc"].params.values())
        total = 0
        for top, left in [(2, 2), (0, 0), (0, far), (far, 0), (far, far)]:
            crops = pictures.images[:, top : top + CROP, left : left + CROP]
            for view in (crops, crops[:, :, ::-1]):
                x = ((view - np.array([100, 110, 120])) / 50).transpose(0, 3, 1, 2)
                e = np.exp(x.reshape(5, -1) @ w.T + b)
                total += e / e.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(np.exp(logits), total / 10, rtol=1e-3)
        loss = -np.log(total / 10)[range(5), pictures.labels].mean()
        assert tally.loss == pytest.approx(loss, rel=1e-4)
        assert tally.pictures == 5

    def test_views_whose_probabilities_underflow_have_a_mean_all_the_same(self, backend, dtype):
        logits = backend.put([[0.0, -2000], [0, -1000], [-9, 0], [-9, 0]], dtype)
        mean = mean_of_views(logits, 2)
        expected = [[0, -1000 - np.log(2)], [-9, 0] - np.log1p(np.exp(-9))]
        backend.check(mean, expected, dtype)

    @pytest.mark.parametrize(
        ("shape", "views"), [((5, 3), 2), ((6,), 2), ((6, 3), 0), ((6, 3), -2)]
    )
    def test_rows_that_cannot_be_shared_out_are_refused(self, backend, shape, views):
        with pytest.raises(
            InputError, match=f"do not hold {views} views of each picture; expected"
        ):
            mean_of_views(backend.put(np.ones(shape)), views)

    def test_one_view_is_itself(self, backend):
        logits = backend.put(np.ones((2, 3)))
        assert mean_of_views(logits, 1) is logits

    def test_leaves_the_network_as_it_is(self, network):
        state = network.state()
        weight = network.params["fc.weight"].copy()
        evaluate(network, tiny_pictures(5), Preprocessing(np.zeros(3), 1.0, CROP), np)
        assert network.state() == state
        np.testing.assert_array_equal(network.params["fc.weight"], weight)

    def test_tells_how_far_it_has_come(self, network):
        seen = []
        preprocessing = Preprocessing(np.zeros(3), 1.0, CROP)
        evaluate(network, tiny_pictures(10), preprocessing, np, 4, seen.append)
        assert seen == [4, 8, 10]
