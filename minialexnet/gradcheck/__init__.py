"""Gradient checks: numeric gradients against the ones a backward pass computes."""

from minialexnet.gradcheck.cases import Case, all_cases
from minialexnet.gradcheck.check import (
    TOLERANCE,
    Report,
    Result,
    check_function,
    check_layer,
    check_loss,
)

__all__ = [
    "TOLERANCE",
    "Case",
    "Report",
    "Result",
    "all_cases",
    "check_function",
    "check_layer",
    "check_loss",
]
