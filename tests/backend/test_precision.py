"""A GPU's products are in the precision asked for; what cannot be had is refused, not ignored."""

import os
from types import SimpleNamespace

import numpy as np
import pytest
from pretend_cupy import cupy_that

from minialexnet.backend import precision, select_device
from minialexnet.errors import InputError


def switch() -> str | None:
    """What CuPy would read at its first product of float32 matrices."""
    return os.environ.get(precision.VARIABLE)


@pytest.mark.parametrize(
    ("capability", "chosen"), [("75", "float32"), ("80", "tf32"), ("120", "tf32")]
)
def test_tf32_is_taken_where_the_gpu_has_it(pretend_cupy, capability, chosen):
    pretend_cupy(cupy_that(capability=capability))
    assert select_device("cupy").precision == chosen
    assert switch() == {"tf32": "1", "float32": "0"}[chosen]


@pytest.mark.parametrize("wanted", precision.PRECISIONS)
def test_what_is_asked_for_is_taken_and_kept(pretend_cupy, wanted):
    pretend_cupy(cupy_that())
    assert select_device("auto", precision=wanted).precision == wanted
    assert select_device("cupy").precision == wanted
    assert switch() == str(int(wanted == "tf32"))


@pytest.mark.parametrize(("value", "chosen"), [("0", "float32"), ("1", "tf32")])
def test_cupys_own_switch_is_the_default(pretend_cupy, monkeypatch, value, chosen):
    pretend_cupy(cupy_that())
    monkeypatch.setenv(precision.VARIABLE, value)
    assert select_device("cupy").precision == chosen


def test_an_old_gpu_has_no_tf32_whatever_the_switch_says(pretend_cupy, monkeypatch):
    pretend_cupy(cupy_that(capability="75"))
    monkeypatch.setenv(precision.VARIABLE, "1")
    with pytest.raises(InputError, match=r"from compute capability 8.0 on, and this one is of 7.5"):
        select_device("cupy", precision="tf32")
    assert select_device("cupy").precision == "float32"
    assert switch() == "0"


class Core:
    """CuPy's own setting, as it is after a product: no variable changes it any more."""

    _routines_linalg = SimpleNamespace(COMPUTE_TYPE_DEFAULT=1, COMPUTE_TYPE_TF32=7)

    def __init__(self):
        self.kinds = []

    def set_compute_type(self, dtype, kind):
        assert dtype is np.float32
        self.kinds.append(kind)


def test_where_cupy_can_be_told_it_changes_over_at_any_time(pretend_cupy):
    core = Core()
    pretend_cupy(cupy_that(core=core))
    for wanted in ("float32", "tf32", None, "float32", None):
        select_device("cupy", precision=wanted)
    assert core.kinds == [1, 7, 7, 1, 1]


def test_a_gpu_without_tf32_computes_in_float32_after_one_that_has_it(pretend_cupy, monkeypatch):
    core, cupy = Core(), None
    pretend_cupy(cupy := cupy_that(core=core))
    assert select_device("cupy").precision == "tf32"
    monkeypatch.setattr(cupy.cuda.Device, "compute_capability", "75")
    assert select_device("cupy").precision == "float32"
    assert core.kinds == [7, 1]


def test_another_precision_in_the_same_process_is_refused(pretend_cupy):
    pretend_cupy(cupy_that())
    select_device("cupy", precision="float32")
    with pytest.raises(InputError, match="'tf32', but this process computes in 'float32' already"):
        select_device("cupy", precision="tf32")
    assert switch() == "0"


def test_numpy_has_float32_only():
    assert select_device("numpy", precision="float32").precision == "float32"
    with pytest.raises(InputError, match="'tf32', which only GPUs have, with the backend 'numpy'"):
        select_device("numpy", precision="tf32")


def test_auto_does_not_pass_over_a_precision_that_only_gpus_have(pretend_cupy):
    pretend_cupy(cupy_that(available=False))
    with pytest.raises(InputError, match=r"can be used here: CuPy is .*; to mend it: .*; or leave"):
        select_device("auto", precision="tf32")


@pytest.mark.parametrize("name", ["numpy", "cupy"])
def test_an_unknown_precision_is_refused(pretend_cupy, name):
    pretend_cupy(cupy_that())
    with pytest.raises(InputError, match="precision is 'bf16'; expected 'float32' or 'tf32'"):
        select_device(name, precision="bf16")


def test_a_device_says_what_it_is(pretend_cupy):
    cupy = cupy_that(gpus=2)
    pretend_cupy(cupy)
    device = select_device("cupy", gpu=1)
    assert str(device) == "CuPy 14.2.0 on A GPU, products in TF32"
    assert device.gpu == "A GPU"
    assert str(select_device("numpy")).startswith("NumPy on ")
    assert select_device("numpy").gpu is None


def test_the_tests_themselves_compute_in_float32(backend):
    """In TF32 the largest error of these sums is near 1e-2."""
    a = np.random.default_rng(0).standard_normal((256, 256))
    product = backend.put(a, "float32") @ backend.put(a, "float32")
    assert np.abs(backend.get(product) - a @ a).max() < 1e-3
