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


def test_time_the_host_gave_to_others(tmp_path, monkeypatch):
    monkeypatch.setattr(machine.os, "sysconf", {"SC_CLK_TCK": 50}.__getitem__, raising=False)
    statistics = tmp_path / "stat"
    statistics.write_text("cpu  10 20 30 40 50 60 70 125 80 90\ncpu0 1 2 3 4 5 6 7 8 9 10\n")
    assert machine.stolen_seconds(statistics) == 2.5


@pytest.mark.parametrize("text", ["", "cpu  10 20 30 40\n", "intr 1 2 3 4 5 6 7 8 9\n", None])
def test_a_system_that_does_not_tell_of_it(tmp_path, text):
    statistics = tmp_path / "stat"
    if text is not None:
        statistics.write_text(text)
    assert machine.stolen_seconds(statistics) is None
