"""Drawings of the course: each returns a figure, which a notebook shows at the end of a cell.

They take arrays of NumPy and of CuPy alike.
"""

from minialexnet.plots.channels import channels
from minialexnet.plots.colours import colour_cloud
from minialexnet.plots.curves import bars, curves, histograms
from minialexnet.plots.depth import cone, parallel
from minialexnet.plots.flow import flow
from minialexnet.plots.look import confusion, maps_over, rows_of_pictures
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
    "cone",
    "confusion",
    "curves",
    "filters",
    "flow",
    "guesses",
    "histograms",
    "maps_over",
    "matrices",
    "orientations",
    "panels",
    "parallel",
    "pictures",
    "rows_of_pictures",
    "squares",
    "towers",
    "units",
    "valley",
    "windows",
]
