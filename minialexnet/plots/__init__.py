"""Drawings of the course: each returns a figure, which a notebook shows at the end of a cell.

They take arrays of NumPy and of CuPy alike.
"""

from minialexnet.plots.curves import bars, curves, histograms
from minialexnet.plots.flow import flow
from minialexnet.plots.matrices import matrices
from minialexnet.plots.orientations import orientations
from minialexnet.plots.pictures import filters, guesses, pictures

__all__ = [
    "bars",
    "curves",
    "filters",
    "flow",
    "guesses",
    "histograms",
    "matrices",
    "orientations",
    "pictures",
]
