"""What a report says of the machine it was made on."""

import machine
import pytest

OPENBLAS = {"user_api": "blas", "internal_api": "openblas", "version": "1.2", "architecture": "Zen"}


@pytest.mark.parametrize(
    ("libraries", "told", "reported"),
    [
        ([OPENBLAS], {}, "openblas 1.2 (Zen kernels)"),
        (
            [{"user_api": "openmp"}, OPENBLAS],
            {"OPENBLAS_L2_SIZE": "512", "OPENBLAS_CORETYPE": "Zen", "OPENBLAS_OTHER": "1"},
            "openblas 1.2 (Zen kernels); OPENBLAS_CORETYPE=Zen; OPENBLAS_L2_SIZE=512",
        ),
        (
            [],
            {"MKL_CBWR": "COMPATIBLE"},
            "a BLAS that threadpoolctl does not know; MKL_CBWR=COMPATIBLE",
        ),
    ],
)
def test_what_the_environment_told_blas_is_reported(monkeypatch, libraries, told, reported):
    for name in machine.TELLS_BLAS:
        monkeypatch.delenv(name, raising=False)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(machine, "threadpool_info", lambda: libraries)
    assert machine.blas() == reported
