"""One encoded picture -> one square of RGB pixels."""

from __future__ import annotations

import io

import numpy as np
import PIL
from PIL import (  # noqa: F401  (an imported plugin is a format that Image.open knows)
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from minialexnet.errors import InputError

FITS = ("crop", "stretch")
"""How a picture becomes square: its central square, or all of it squashed."""

FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "GIF", "TIFF")
DECODER = f"2, Pillow {PIL.__version__.partition('.')[0]}"
"""Changes when the same file may give other pixels: ours counts up, Pillow's first number."""

MAX_PIXELS = 64 * 10**6  # a larger picture is refused before it is decoded
MAX_FILE_BYTES = 128 * 2**20
WHITE = (255, 255, 255, 255)
PHOTOMETRIC, WHITE_IS_ZERO = 262, 0  # a tag of TIFF, and a value of it

# How a camera was held, as EXIF numbers it -> what sets the picture upright.
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class PictureError(InputError):
    """These bytes are not a picture we can use; the message is a short reason."""


def decode_picture(data: bytes, size: int, fit: str = "crop") -> np.ndarray:
    """Decode the content of a picture file into a uint8 array (size, size, 3) of RGB.

    As section 2 of the paper has it, the shorter side is scaled to `size` and the central square
    is kept (or with the `fit` "stretch" both sides are scaled to `size`, and nothing is cut off); a
    picture of just that size is not resampled. EXIF orientation is applied, what is
    transparent is shown on white, 16-bit grey is scaled to 8 bits, and of an animation the first
    frame is taken. JPEG, PNG, BMP, WEBP, GIF and TIFF are known.

    Raises: PictureError if it cannot be decoded, or is larger than MAX_PIXELS or MAX_FILE_BYTES;
        InputError for another `fit`; MemoryError if there is not enough just now (the largest
        pictures take 0.75 GB).
    """
    check_fit(fit)
    image = _open(data)
    try:
        return _square(image, size, fit)
    except (PictureError, MemoryError):
        raise
    # Pillow's decoders raise nearly anything, even SyntaxError.
    except Exception as error:
        raise PictureError(_reason(error)) from None


def check_fit(fit: str) -> None:
    """Raise InputError unless it is one of FITS."""
    if fit not in FITS:
        raise InputError(f"fit is {fit!r}; expected one of {', '.join(FITS)}")


def shorter_side(data: bytes) -> int:
    """The shorter side of a picture in pixels, from its header. Raises: PictureError."""
    return min(_open(data).size)


def _open(data: bytes) -> Image.Image:
    """Read the header."""
    if not data:
        raise PictureError("the file is empty")
    if len(data) > MAX_FILE_BYTES:
        raise PictureError(f"the file is larger than {MAX_FILE_BYTES >> 20} MiB")
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.UnidentifiedImageError:
        raise PictureError(
            f"not a picture ({', '.join(FORMATS)}), or its start is damaged"
        ) from None
    except MemoryError:
        raise
    except Exception as error:  # Pillow's own limit of pixels is among these
        raise PictureError(_reason(error)) from None
    # Pillow only warns at this level, and turning its warning into an error is not thread-safe.
    if image.width * image.height > MAX_PIXELS:
        raise PictureError(
            f"{image.width} x {image.height} pixels are more than the limit of "
            f"{MAX_PIXELS // 10**6} million"
        )
    return image


def _square(image: Image.Image, size: int, fit: str) -> np.ndarray:
    # A JPEG decoder can scale by 1/2, 1/4 or 1/8 nearly for free. Twice the size is kept, so that
    # the picture is hardly another than if it were scaled from all its pixels.
    image.draft(None, (2 * size, 2 * size))
    image.load()
    orientation = _orientation(image)  # not earlier: TIFFs are set upright by load
    image = _to_rgb(image)
    width, height = image.size
    if fit == "crop":
        width = height = min(image.size)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    box = (left, top, left + width, top + height)
    # Only the square is resampled: all of a picture of 1 x 60,000 pixels would be enormous. If it
    # has the right size, Pillow just cuts it out.
    image = image.resize((size, size), Image.Resampling.BILINEAR, box=box)
    if orientation in UPRIGHT:
        image = image.transpose(UPRIGHT[orientation])
    return np.array(image)


def _orientation(image: Image.Image) -> int:
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # broken notes about a picture do not spoil its pixels
        return 1


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        return _from_16_bits(image)
    if image.mode in ("I", "F"):
        raise PictureError(f"grey values of 32 bits (mode {image.mode}), whose range is unknown")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, WHITE)
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def _from_16_bits(image: Image.Image) -> Image.Image:
    grey = np.array(image, dtype=np.uint32)
    transparent = image.info.get("transparency")
    if transparent is not None:
        grey[grey == transparent] = 65535
    # Of the TIFFs in which 0 is white Pillow turns those of 8 bits, but not these.
    if getattr(image, "tag_v2", {}).get(PHOTOMETRIC) == WHITE_IS_ZERO:
        grey = 65535 - grey
    grey = (grey + 128) // 257  # 65535 = 257 * 255; Pillow's own conversion would clip at 255
    return Image.fromarray(grey.astype(np.uint8)).convert("RGB")


def _reason(error: Exception) -> str:
    """The first line of what Pillow said, or the kind of error if it said nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
