"""NVIDIA's compiler takes the kernels, for all GPUs that CuPy supports. It needs no GPU itself."""

import ctypes
import importlib.util
from pathlib import Path

import pytest

from minialexnet.backend import kernels, random
from minialexnet.datasets import normalize
from minialexnet.ops import cuda
from minialexnet.training import sgd

SOURCES = {
    "activations": cuda._activations,
    "im2col": cuda._im2col,
    "lrn": cuda._lrn,
    "normalize": normalize._kernels,
    "pooling": cuda._pooling,
    "random": random._kernels,
    "sgd": sgd._kernels,
}
ARCHITECTURES = [75, 80, 86, 89, 90, 100, 120]


def find_nvrtc() -> Path | None:
    """The library of the wheels nvidia-cuda-nvrtc (13) and nvidia-cuda-nvrtc-cu12."""
    spec = importlib.util.find_spec("nvidia")
    if spec is None:
        return None
    found = [
        library
        for folder in spec.submodule_search_locations or ()
        for library in Path(folder).glob("*/lib/libnvrtc.so*")
    ]
    return found[0] if found else None


@pytest.fixture(scope="module")
def nvrtc() -> ctypes.CDLL:
    library = find_nvrtc()
    if library is None:
        pytest.skip("NVRTC is not installed: pip install nvidia-cuda-nvrtc")
    return ctypes.CDLL(str(library))


def compile_for(nvrtc: ctypes.CDLL, source: str, real: str, index: str, architecture: int) -> str:
    """The compiler's complaints; none if all is well."""
    program = ctypes.c_void_p()
    code = kernels.in_cuda(source, real, index).encode()
    assert nvrtc.nvrtcCreateProgram(ctypes.byref(program), code, b"kernels.cu", 0, None, None) == 0
    options = [f"-arch=sm_{architecture}", "-std=c++17", "-Werror=all-warnings"]
    options += ["-ftz=true", "--device-as-default-execution-space"]  # as CuPy asks for
    array = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
    status = nvrtc.nvrtcCompileProgram(program, len(options), array)
    size = ctypes.c_size_t()
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return log.value.decode() or f"status {status}" * bool(status)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("index", kernels.INDEX.values())
@pytest.mark.parametrize("real", kernels.REAL.values())
@pytest.mark.parametrize("name", SOURCES)
def test_kernels_compile(nvrtc, name, real, index, architecture):
    assert compile_for(nvrtc, SOURCES[name].source, real, index, architecture) == ""


def test_what_is_wrong_does_not_compile(nvrtc):
    wrong = SOURCES["lrn"].source.replace("index count", "index counts")
    assert "count" in compile_for(nvrtc, wrong, "float", "int", 90)
