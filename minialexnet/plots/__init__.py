"""Drawings of the course: each returns a figure, which a notebook shows at the end of a cell.

They take arrays of NumPy and of CuPy alike.
"""

from minialexnet.plots.curves import bars, curves, histograms
from minialexnet.plots.depth import cone, parallel
from minialexnet.plots.flow import flow
from minialexnet.plots.look import confusion, maps_over, rows_of_pictures
from minialexnet.plots.matrices import matrices
from minialexnet.plots.pictures import filters, guesses, pictures

__all__ = [
    "bars",
    "cone",
    "confusion",
    "curves",
    "filters",
    "flow",
    "guesses",
    "histograms",
    "maps_over",
    "matrices",
    "parallel",
    "pictures",
    "rows_of_pictures",
]
