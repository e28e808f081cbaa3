"""Pixels as a part of the page."""

import base64
import io

import numpy as np
from PIL import Image

from minialexnet.datasets import PictureSet, cut_views
from minialexnet.report.html import Html, element

LARGEST = 224
"""Sides of more pixels are scaled down to this, which bounds the size of the page."""

PIXEL_ART = 64
"""Up to this side pictures are shown with their pixels as squares, and kept without loss."""


def image(pixels: np.ndarray, alt: str, title: str | None = None) -> Html:
    """An <img> of uint8 (S, S, 3) which carries its own data."""
    small = len(pixels) <= PIXEL_ART
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    if len(pixels) > LARGEST:
        picture = picture.resize((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    if small:
        picture.save(file, "PNG", optimize=True)
    else:
        picture.save(file, "JPEG", quality=85, optimize=True)
    data = base64.b64encode(file.getvalue()).decode("ascii")
    return element(
        "img",
        src=f"data:image/{'png' if small else 'jpeg'};base64,{data}",
        width=picture.width,
        height=picture.height,
        alt=alt,
        title=title,
        class_="pixels" if small else None,
    )


def seen(pictures: PictureSet, position: int, crop: int) -> np.ndarray:
    """A picture as the network saw it, its central crop: uint8 (crop, crop, 3)."""
    return cut_views(pictures.images[position], crop)[0]
