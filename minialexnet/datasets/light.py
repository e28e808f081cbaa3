"""Contrast and brightness of a picture, in whole grey levels."""

from __future__ import annotations

import numpy as np

LEVELS = np.arange(256, dtype=np.float64)


def relit(picture: np.ndarray, contrast: float, brightness: float) -> np.ndarray:
    """brightness * (mean + contrast * (pixel - mean)), rounded; what lies beyond 0 or 255 is there.

    The mean is that of the picture, over its colours, so that contrast alone leaves it as bright as
    it was. (Pillow's ImageEnhance and torchvision's ColorJitter take the mean of the luminance.)

    Args:    picture: uint8 (H, W, 3); contrast, brightness: factors.
    Returns: uint8 (H, W, 3), a new array.
    """
    mean = picture.mean()
    new_levels = brightness * (mean + contrast * (LEVELS - mean))
    # Of 256 levels, not of each pixel; and in float64, for uint8 would go on at 0 after 255.
    return np.rint(new_levels).clip(0, 255).astype(np.uint8).take(picture)
