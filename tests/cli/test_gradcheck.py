"""`minialexnet gradcheck`."""

import re

import minialexnet.cli.gradcheck
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
