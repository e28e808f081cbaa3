"""`minialexnet gradcheck`."""

import re

import numpy as np

import minialexnet.cli.gradcheck
from minialexnet import gradcheck
from minialexnet.backend import host_generator
from minialexnet.layers import lrn


def test_right_gradients_exit_with_0_and_fit_into_80_columns(cli):
    answer = cli("gradcheck", "--layer", "norm", "--backend", "numpy")
    assert (answer.status, answer.err) == (0, "")
    assert "all gradients agree" in answer.out
    assert answer.out.count("LocalResponseNorm") >= 8
    assert max(map(len, answer.out.splitlines())) <= 80


def test_a_wrong_gradient_is_named_and_exits_with_1(cli, monkeypatch):
    right = lrn.local_response_norm_backward
    monkeypatch.setattr(
        lrn, "local_response_norm_backward", lambda *args, **kw: 1.001 * right(*args, **kw)
    )
    answer = cli("gradcheck", "--layer", "norm", "--backend", "numpy")
    assert answer.status == 1
    assert re.search(r"LocalResponseNorm +size 5 .* WRONG", answer.out)
    assert re.search(r"WRONG: at \[.*\] analytic \S+, numeric \S+", answer.out)
    assert re.search(r"\d+ of them WRONG", answer.out)


def test_the_tolerance_decides(cli):
    assert cli("gradcheck", "--layer", "norm", "--tolerance", "1e-14").status == 1


def test_a_whole_network_is_checked_array_by_array(cli, monkeypatch):
    monkeypatch.setattr(minialexnet.cli.gradcheck, "NETWORK_POINTS", 2)  # of each array
    answer = cli("gradcheck", "--variant", "mini", "--image-size", 15, "--backend", "numpy")
    assert answer.status == 0, answer.out
    for name in ("conv1.weight", "fc8.bias"):
        assert re.search(rf"^mini +{name} .* ok$", answer.out, re.MULTILINE)


def test_an_unknown_layer_is_answered_with_the_known_ones(cli):
    answer = cli("gradcheck", "--layer", "capsule")
    assert (answer.status, answer.out) == (1, "")
    answer.sentence("'capsule'", "Conv2d", "LocalResponseNorm")


def test_layers_and_a_network_exclude_each_other(cli):
    answer = cli("gradcheck", "--layer", "norm", "--variant", "mini")
    assert answer.status == 2
    answer.sentence("--variant", "--layer")


def test_layers_have_no_image_size(cli):
    answer = cli("gradcheck", "--layer", "norm", "--image-size", 7)
    assert (answer.status, answer.out) == (1, "")
    answer.sentence("--image-size", "--variant")


def test_the_help_says_what_the_relative_error_is(cli):
    text = cli("gradcheck", "--help").out
    assert "|analytic - numeric| / max(|analytic|, |numeric|)" in text
    assert "a thousandth of the array's largest" in text


def test_the_networks_input_and_the_upstream_gradient_differ(cli, monkeypatch):
    """Both are drawn from the seed: with the same numbers, a mix-up would go unnoticed."""
    seen = []

    def spy(network, x, seed, **options):
        first = np.ravel(x)[:10]
        for keys in ((), (gradcheck.check.UPSTREAM,)):
            seen.append((first, host_generator(seed, *keys).standard_normal(10)))
        return gradcheck.Report((gradcheck.Result("x", 0.0, 1, 0, 0, None, 1e-6),))

    monkeypatch.setattr(minialexnet.cli.gradcheck, "check_layer", spy)
    cli("gradcheck", "--variant", "mini", "--backend", "numpy")
    assert len(seen) == 2
    assert all(not np.allclose(x, dy) for x, dy in seen)


def test_what_could_not_be_compared_is_not_called_wrong(cli, monkeypatch):
    result = gradcheck.Result("x", 0.0, 1, 99, 0, None, 1e-6)
    case = gradcheck.Case("ReLU", "", lambda xp, **options: gradcheck.Report((result,)))
    monkeypatch.setattr(minialexnet.cli.gradcheck, "all_cases", lambda: [case])
    answer = cli("gradcheck", "--backend", "numpy")
    assert answer.status == 1
    assert "1 of them without a verdict" in answer.out
    assert "NO VERDICT" in answer.out
    assert "WRONG" not in answer.out
