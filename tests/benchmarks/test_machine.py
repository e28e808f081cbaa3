"""What a report says of the machine it was made on."""

import machine
import pytest


@pytest.fixture(autouse=True)
def untold(monkeypatch):
    for name in machine.TELLS_BLAS:
        monkeypatch.delenv(name, raising=False)


def test_what_the_environment_told_blas_is_reported(monkeypatch):
    found = machine.blas()
    assert "kernels" in found and ";" not in found
    monkeypatch.setenv("OPENBLAS_L2_SIZE", "512")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    assert machine.blas() == f"{found}; OPENBLAS_CORETYPE=Haswell, OPENBLAS_L2_SIZE=512"
