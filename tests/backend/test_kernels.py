"""How kernels are found, compiled and called; what they compute is tested with the operations."""

from types import SimpleNamespace

import numpy as np
import pytest
from kernels_on_host import kernels_on_host
from strict import strict, to_strict

from minialexnet.backend import Kernels, has_kernels, register_kernel_compiler
from minialexnet.backend import kernels as module
from minialexnet.errors import InputError

SOURCE = """
KERNEL shifted(const REAL* x, REAL* y, index count, int by, REAL factor) {
    EACH (i, count) {
        y[i] = factor * x[(i + by) % count];
    }
}
"""


@pytest.fixture
def shifted(tmp_path, monkeypatch) -> Kernels:
    package = tmp_path / "some_kernels"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "shifted.cu").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    return Kernels("some_kernels", "shifted.cu")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_kernel_works_on_each_element(shifted, dtype):
    x = np.arange(5, dtype=dtype)
    source, result = to_strict(x), to_strict(np.zeros_like(x))
    with kernels_on_host(strict):
        shifted("shifted", source, 5, source, result, np.int64(2), np.float64(0.5))
    np.testing.assert_array_equal(result.get(), 0.5 * np.roll(x, -2))


def test_what_was_known_before_is_known_afterwards():
    """Else the tests that follow would run without kernels, and nobody would see it."""
    x = to_strict(np.ones(3, np.float32))
    with kernels_on_host(strict):
        with kernels_on_host(strict):
            assert has_kernels(x)
        assert has_kernels(x)


def test_it_is_compiled_once_for_each_type_and_not_run_for_nothing(shifted, monkeypatch):
    compiled, launched = [], []

    def compile_source(source, real, index):
        compiled.append((real, index))
        return lambda name, count, arguments: launched.append((name, count))

    monkeypatch.setattr(module, "_compilers", {})
    register_kernel_compiler(strict, compile_source)
    for dtype, size in (("float32", 3), ("float64", 4), ("float32", 5), ("float32", 0)):
        x = to_strict(np.zeros(size, dtype))
        shifted("shifted", x, size, x, x, 1, 1.0)
    assert compiled == [("float", "int"), ("double", "int")]
    assert launched == [("shifted", 3), ("shifted", 4), ("shifted", 5)]


@pytest.mark.parametrize("largest", ["the array read", "the array written", "the count"])
def test_more_elements_than_an_int_can_count_are_counted_in_64_bits(shifted, monkeypatch, largest):
    compiled, counts = [], []

    def compile_source(source, real, index):
        compiled.append(index)
        return lambda name, count, arguments: counts.append(arguments[2])

    monkeypatch.setattr(module, "_compilers", {})
    monkeypatch.setattr(module, "MOST_SHORT", 10)
    register_kernel_compiler(strict, compile_source)
    for size in (11, 10, 11):
        sizes = {name: 10 for name in ("the array read", "the array written", "the count")}
        *arrays, count = (sizes | {largest: size}).values()
        x, y = (to_strict(np.zeros(n, "float32")) for n in arrays)
        shifted("shifted", x, count, x, y, 1, 1.0)
    assert compiled == ["long long", "int"]
    assert [type(count) for count in counts] == [np.int64, np.int32, np.int64]


def test_the_largest_of_short_indices_overflows_nowhere():
    """A thread adds all threads to its last element; places in the padding are beyond the array."""
    threads = module.MOST_BLOCKS * module.THREADS_OF_BLOCK
    assert module.MOST_SHORT + threads < 2**31
    assert 2 * module.MOST_SHORT <= 2**31


def test_arrays_are_told_apart(monkeypatch):
    monkeypatch.setattr(module, "_compilers", {})  # other tests' kernels may be there still
    single, double = (to_strict(np.ones(3, dtype)) for dtype in ("float32", "float64"))
    half, host = to_strict(np.ones(3, np.float16)), np.ones(3, np.float32)
    assert not has_kernels(single)
    with kernels_on_host(strict):
        assert has_kernels(single)
        assert has_kernels(double, double)
        assert not has_kernels(single, double)
        assert not has_kernels(half)
        assert not has_kernels(host)
        with pytest.raises(InputError, match="arrays of different backends met"):
            has_kernels(single, host)
    assert not has_kernels(single)


def test_cupy_shares_the_elements_out_among_blocks_of_threads(shifted, monkeypatch):
    """With a CuPy that only notes what it is asked for."""
    calls = []

    def raw_module(code, options):
        assert code == "typedef float REAL;\ntypedef int index;\n" + module.PRELUDE + SOURCE
        assert options == ("-std=c++17",)
        return SimpleNamespace(get_function=lambda name: lambda *call: calls.append((name, *call)))

    monkeypatch.setattr(module, "_compilers", {})
    monkeypatch.setitem(module.sys.modules, "cupy", SimpleNamespace(RawModule=raw_module))
    register_kernel_compiler(strict, module._compile_with_cupy)
    x = to_strict(np.zeros(300, np.float32))
    shifted("shifted", x, 300, x, x, 7, 0.5)
    ((name, blocks, threads, arguments),) = calls
    assert (name, blocks, threads) == ("shifted", (2,), (256,))
    assert [type(a) for a in arguments[2:]] == [np.int32, np.int32, np.float32]
    assert arguments[2:] == (300, 7, 0.5)
