"""Drawings of the course: each returns a figure, which a notebook shows at the end of a cell.

They take arrays of NumPy and of CuPy alike.
"""

from minialexnet.plots.channels import channels
from minialexnet.plots.colours import colour_cloud
from minialexnet.plots.curves import bars, curves, histograms
from minialexnet.plots.flow import flow
from minialexnet.plots.matrices import matrices
from minialexnet.plots.orientations import orientations
from minialexnet.plots.panels import panels
from minialexnet.plots.pictures import filters, guesses, pictures
from minialexnet.plots.squares import squares
from minialexnet.plots.towers import towers
from minialexnet.plots.units import units
from minialexnet.plots.valley import valley
from minialexnet.plots.windows import windows

__all__ = [
    "bars",
    "channels",
    "colour_cloud",
    "curves",
    "filters",
    "flow",
    "guesses",
    "histograms",
    "matrices",
    "orientations",
    "panels",
    "pictures",
    "squares",
    "towers",
    "units",
    "valley",
    "windows",
]
