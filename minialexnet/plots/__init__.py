"""Drawings of the course: each returns a figure, which a notebook shows at the end of a cell.

They take arrays of NumPy and of CuPy alike.
"""

from minialexnet.plots.channels import channels
from minialexnet.plots.curves import bars, curves, histograms
from minialexnet.plots.flow import flow
from minialexnet.plots.matrices import matrices
from minialexnet.plots.orientations import orientations
from minialexnet.plots.pictures import filters, guesses, pictures
from minialexnet.plots.units import units

__all__ = [
    "bars",
    "channels",
    "curves",
    "filters",
    "flow",
    "guesses",
    "histograms",
    "matrices",
    "orientations",
    "pictures",
    "units",
]
