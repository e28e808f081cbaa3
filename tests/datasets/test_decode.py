from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from minialexnet.datasets import PictureError, decode, decode_picture
from minialexnet.errors import InputError

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
BLACK, YELLOW, CYAN, MAGENTA = (0, 0, 0), (255, 255, 0), (0, 255, 255), (255, 0, 255)


def quarters(colours, half=8):
    """A square picture of four coloured quarters: top left, top right, bottom left and right."""
    pixels = np.array(colours, dtype=np.uint8).reshape(2, 2, -1)
    return pixels.repeat(half, axis=0).repeat(half, axis=1)


def assert_quarters(decoded, colours, tolerance=0):
    assert decoded.shape[2:] == (3,)
    assert decoded.dtype == np.uint8
    quarter = len(decoded) // 4
    seen = decoded[quarter :: 2 * quarter, quarter :: 2 * quarter].reshape(4, 3)
    assert np.abs(seen.astype(int) - np.array(colours)).max() <= tolerance, seen


def png_of_declared_size(width, height):
    """A PNG with that size in its header, and next to no data."""

    def chunk(name, data):
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 100)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


# Kinds of pictures


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "WEBP"])
def test_rgb_without_loss_is_unchanged(encode, form):
    pixels = np.random.default_rng(1).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    options = {"lossless": True} if form == "WEBP" else {}
    decoded = decode_picture(encode(pixels, form, **options), 16)
    assert np.array_equal(decoded, pixels)
    assert decoded.flags.writeable
    assert decoded.flags.c_contiguous


@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg(encode, progressive):
    colours = (RED, GREEN, BLUE, WHITE)
    data = encode(quarters(colours), "JPEG", quality=95, progressive=progressive)
    assert_quarters(decode_picture(data, 16), colours, tolerance=8)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "BMP"])
def test_grey(encode, form):
    grey = quarters([(0,), (80,), (160,), (255,)])[..., 0]
    expected = [(v, v, v) for v in (0, 80, 160, 255)]
    assert_quarters(decode_picture(encode(grey, form), 16), expected, tolerance=2)


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF"])
def test_one_bit(encode, form):
    image = Image.fromarray(quarters([(0,), (255,), (255,), (0,)])[..., 0]).convert("1")
    decoded = decode_picture(encode(image, form), 16)
    assert_quarters(decoded, (BLACK, WHITE, WHITE, BLACK))


@pytest.mark.parametrize("form", ["PNG", "GIF", "BMP", "TIFF"])
def test_palette(encode, form):
    colours = (RED, GREEN, BLUE, YELLOW)
    image = Image.fromarray(quarters(colours)).quantize(4)
    assert image.mode == "P"
    assert_quarters(decode_picture(encode(image, form), 16), colours)


def palette_image():
    image = Image.fromarray(quarters([(0,), (1,), (2,), (3,)])[..., 0], "P")
    image.putpalette([*RED, *GREEN, *BLUE, *YELLOW])
    return image


@pytest.mark.parametrize("form", ["PNG", "GIF"])
def test_palette_with_a_transparent_colour_is_on_white(encode, form):
    data = encode(palette_image(), form, transparency=1)
    assert_quarters(decode_picture(data, 16), (RED, WHITE, BLUE, YELLOW))


def test_palette_with_half_transparent_colours_is_on_white(encode):
    data = encode(palette_image(), transparency=bytes([255, 0, 128, 255]))
    assert_quarters(decode_picture(data, 16), (RED, WHITE, (127, 127, 255), YELLOW))


@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP"])
def test_rgba_is_on_white(encode, form):
    pixels = quarters([(*RED, 255), (*GREEN, 0), (*BLUE, 128), (*BLACK, 64)])
    options = {"lossless": True} if form == "WEBP" else {}
    expected = (RED, WHITE, (127, 127, 255), (191, 191, 191))
    assert_quarters(decode_picture(encode(pixels, form, **options), 16), expected, tolerance=1)


def test_grey_with_alpha_is_on_white(encode):
    image = Image.fromarray(quarters([(0, 255), (0, 0), (0, 128), (100, 255)]), "LA")
    expected = (BLACK, WHITE, (127, 127, 127), (100, 100, 100))
    assert_quarters(decode_picture(encode(image), 16), expected, tolerance=1)


def test_one_transparent_colour_of_an_rgb_or_grey_picture(encode):
    data = encode(quarters((RED, GREEN, BLUE, BLACK)), transparency=GREEN)
    assert_quarters(decode_picture(data, 16), (RED, WHITE, BLUE, BLACK))
    grey = quarters([(0,), (80,), (160,), (200,)])[..., 0]
    expected = [(v, v, v) for v in (0, 255, 160, 200)]
    assert_quarters(decode_picture(encode(grey, transparency=80), 16), expected)


def test_alpha_is_applied_before_the_picture_is_scaled(encode):
    """What is hidden below transparent pixels must not bleed into their neighbours."""
    pixels = np.zeros((32, 32, 4), dtype=np.uint8)
    pixels[:, 1::2] = (255, 255, 255, 255)  # every other column white, the others hidden black
    assert (decode_picture(encode(pixels), 8) == 255).all()


def test_cmyk_jpeg_as_adobe_writes_it(encode):
    inks = [(0, 255, 255, 0), (255, 0, 255, 0), (0, 0, 0, 255), (0, 0, 0, 0)]
    image = Image.fromarray(quarters(inks), "CMYK")
    data = encode(image, "JPEG", quality=95)
    assert b"Adobe" in data
    assert_quarters(decode_picture(data, 16), (RED, GREEN, BLACK, WHITE), tolerance=8)


def test_cmyk_tiff(encode):
    inks = [(0, 255, 255, 0), (255, 0, 255, 0), (0, 0, 0, 255), (0, 0, 0, 0)]
    data = encode(Image.fromarray(quarters(inks), "CMYK"), "TIFF")
    assert_quarters(decode_picture(data, 16), (RED, GREEN, BLACK, WHITE))


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_not_clipped(encode, form):
    levels = np.linspace(0, 65535, 1024).astype(np.uint16).reshape(32, 32)
    decoded = decode_picture(encode(levels, form), 32)
    expected = np.round(levels / 257).astype(np.uint8)
    for channel in range(3):
        assert np.array_equal(decoded[..., channel], expected)


def test_of_16_bits_too_0_may_be_white(encode):
    levels = np.linspace(0, 65535, 1024).astype(np.uint16).reshape(32, 32)
    black_is_zero, white_is_zero = (struct.pack("<HHIHH", 262, 3, 1, kind, 0) for kind in (1, 0))
    data = encode(levels, "TIFF")
    assert data.count(black_is_zero) == 1
    decoded = decode_picture(data.replace(black_is_zero, white_is_zero), 32)
    assert np.array_equal(decoded, 255 - decode_picture(data, 32))


def test_16_bit_grey_of_either_byte_order(encode):
    levels = np.arange(0, 65536, 256, dtype=np.uint16).reshape(16, 16)
    little = encode(levels, "TIFF", compression="raw")
    assert little.startswith(b"II")
    # The same file written with its header, tags and pixels the other way round.
    (where,) = struct.unpack("<I", little[4:8])
    (count,) = struct.unpack("<H", little[where : where + 2])
    tags = [struct.unpack("<HHI4s", little[where + 2 + 12 * i :][:12]) for i in range(count)]
    big = b"MM" + struct.pack(">HI", 42, 8) + struct.pack(">H", 9)
    values = {
        tag: struct.unpack("<H" if kind == 3 else "<I", v[: 2 if kind == 3 else 4])[0]
        for tag, kind, n, v in tags
        if kind in (3, 4) and n == 1
    }
    values[273] = 8 + 2 + 9 * 12 + 4
    for tag in (256, 257, 258, 259, 262, 273, 277, 278, 279):
        big += struct.pack(">HHII", tag, 4, 1, values.get(tag, 1))
    big += struct.pack(">I", 0) + levels.astype(">u2").tobytes()
    assert Image.open(io.BytesIO(big)).mode == "I;16B"
    assert np.array_equal(decode_picture(big, 16), decode_picture(little, 16))


def test_16_bit_grey_with_a_transparent_level(encode):
    levels = quarters([(0,), (40,), (160,), (255,)])[..., 0].astype(np.uint16) * 257
    data = encode(levels, transparency=40 * 257)
    assert_quarters(decode_picture(data, 16), [(v, v, v) for v in (0, 255, 160, 255)])


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_grey_of_unknown_range_is_refused(encode, dtype):
    data = encode(np.zeros((8, 8), dtype), "TIFF")
    with pytest.raises(PictureError, match="range is unknown"):
        decode_picture(data, 8)


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "TIFF"])
def test_first_frame_of_several(encode, form):
    frames = [Image.fromarray(quarters([colour] * 4)) for colour in (RED, GREEN, BLUE)]
    options = {"lossless": True} if form == "WEBP" else {}
    data = encode(frames[0], form, save_all=True, append_images=frames[1:], **options)
    assert Image.open(io.BytesIO(data)).n_frames == 3
    assert_quarters(decode_picture(data, 16), (RED,) * 4)


def test_a_jpeg_with_more_pictures_inside_as_phones_make(encode):
    colours = (RED, GREEN, BLUE, WHITE)
    more = Image.fromarray(quarters((BLACK,) * 4))
    data = encode(quarters(colours), "MPO", save_all=True, append_images=[more], quality=95)
    assert_quarters(decode_picture(data, 16), colours, tolerance=8)


# EXIF orientation, from the standard: where the first row and the first column are to be seen.

SIDES = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


def as_stored(upright, orientation):
    """The pixels as a camera would store them with that orientation, one by one."""
    first_row, first_column = SIDES[orientation]
    height, width = upright.shape[:2]
    swapped = first_row in ("left", "right")
    stored = np.empty((width, height, 3) if swapped else upright.shape, np.uint8)
    for r in range(stored.shape[0]):
        for c in range(stored.shape[1]):
            along = {first_row: r, first_column: c}  # distance from the sides
            y = along["top"] if "top" in along else height - 1 - along["bottom"]
            x = along["left"] if "left" in along else width - 1 - along["right"]
            stored[r, c] = upright[y, x]
    return stored


def exif(orientation):
    notes = Image.Exif()
    notes[0x0112] = orientation
    return notes


@pytest.mark.parametrize("orientation", SIDES)
@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_orientation(encode, form, orientation):
    colours = (RED, GREEN, BLUE, YELLOW)
    stored = as_stored(quarters(colours), orientation)
    options = {"PNG": {}, "JPEG": {"quality": 95}, "TIFF": {}, "WEBP": {"lossless": True}}[form]
    data = encode(stored, form, exif=exif(orientation), **options)
    assert_quarters(decode_picture(data, 16), colours, tolerance=8 if form == "JPEG" else 0)


@pytest.mark.parametrize("orientation", SIDES)
def test_orientation_of_pictures_which_are_not_square(encode, orientation):
    """The square kept is the centre of the upright picture, to the pixel."""
    upright = np.random.default_rng(2).integers(0, 256, (8, 14, 3), dtype=np.uint8)
    data = encode(as_stored(upright, orientation), exif=exif(orientation))
    assert np.array_equal(decode_picture(data, 8), upright[:, 3:11])


@pytest.mark.parametrize("orientation", [0, 9, 60000])
def test_an_orientation_which_does_not_exist_is_ignored(encode, orientation):
    pixels = quarters((RED, GREEN, BLUE, YELLOW))
    decoded = decode_picture(encode(pixels, exif=exif(orientation)), 16)
    assert np.array_equal(decoded, pixels)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize("notes", [b"II*\0\xff\xff\xff\xff", b"no TIFF header"])
@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_broken_exif_does_not_spoil_the_picture(encode, form, notes):
    """Pillow warns of it, or raises an error."""
    colours = (RED, GREEN, BLUE, YELLOW)
    options = {"quality": 95, "exif": b"Exif\0\0" + notes} if form == "JPEG" else {"exif": notes}
    data = encode(quarters(colours), form, **options)
    assert_quarters(decode_picture(data, 16), colours, tolerance=8)


# Scaling


@pytest.mark.parametrize(("width", "height"), [(30, 10), (10, 30), (10, 10), (11, 10), (10, 13)])
def test_a_picture_of_the_right_size_is_cropped_only(encode, width, height):
    pixels = np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)
    top, left = (height - 10) // 2, (width - 10) // 2
    decoded = decode_picture(encode(pixels), 10)
    assert np.array_equal(decoded, pixels[top : top + 10, left : left + 10])


@pytest.mark.parametrize("size", [8, 40])
@pytest.mark.parametrize("upright", [False, True])
def test_the_central_square_is_kept(encode, size, upright):
    stripes = np.array([RED, GREEN, BLUE], np.uint8).repeat(20, axis=0)[None].repeat(20, axis=0)
    decoded = decode_picture(encode(stripes.swapaxes(0, 1) if upright else stripes), size)
    assert decoded.shape == (size, size, 3)
    assert (decoded[size // 8 : -size // 8, size // 8 : -size // 8] == GREEN).all()


def test_scaling_equals_resize_then_crop(encode):
    y, x = np.mgrid[0:60, 0:90]
    pixels = np.stack([x * 2, y * 4, x + y], axis=-1).astype(np.uint8)
    expected = Image.fromarray(pixels).resize((30, 20), Image.Resampling.BILINEAR)
    expected = np.asarray(expected)[:, 5:25].astype(int)
    assert np.abs(decode_picture(encode(pixels), 20) - expected).max() <= 1


def test_scaling_down_is_antialiased(encode):
    checks = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
    decoded = decode_picture(encode(checks), 8)[1:-1, 1:-1]
    assert np.abs(decoded.astype(int) - 127).max() <= 2


def test_a_large_jpeg_is_decoded_at_a_fraction(encode):
    y, x = np.mgrid[0:512, 0:1024]
    pixels = np.stack([x // 4, y // 2, (x + y) // 6], axis=-1).astype(np.uint8)
    image = decode._open(encode(pixels, "JPEG", quality=95))
    quick = decode._square(image, 64, "crop")
    assert image.size == (256, 128)  # a quarter, and still twice what is needed
    exact = decode_picture(encode(pixels, "PNG"), 64)
    assert np.abs(quick.astype(int) - exact).max() <= 4


def test_a_long_thin_picture_takes_little_memory(encode, monkeypatch):
    made = []
    resize = Image.Image.resize
    monkeypatch.setattr(
        Image.Image,
        "resize",
        lambda self, size, *a, **k: made.append(size) or resize(self, size, *a, **k),
    )
    decoded = decode_picture(encode(np.full((60000, 1, 3), 77, np.uint8)), 64)
    assert (decoded == 77).all()
    assert made == [(64, 64)]


# What is refused


def test_picture_error_is_an_input_error():
    assert issubclass(PictureError, InputError)


@pytest.mark.parametrize("form", ["PPM", "ICO", "TGA", "PCX"])
def test_other_formats_are_not_opened(encode, form):
    with pytest.raises(PictureError, match=r"not a picture \(JPEG, PNG, BMP, WEBP, GIF, TIFF\)"):
        decode_picture(encode(quarters((RED, GREEN, BLUE, WHITE)), form), 16)


@pytest.mark.parametrize("data", [b"hello", b"<svg/>", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\0" * 99])
def test_no_pictures(data):
    with pytest.raises(PictureError, match="not a picture"):
        decode_picture(data, 16)


def test_empty_file():
    with pytest.raises(PictureError, match="the file is empty"):
        decode_picture(b"", 16)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "BMP", "GIF", "TIFF"])
def test_truncated_files(encode, form):
    pixels = np.random.default_rng(4).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    data = encode(pixels, form)
    decode_picture(data, 64)
    with pytest.raises(PictureError) as caught:
        decode_picture(data[: len(data) * 2 // 3], 64)
    assert str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [8001, 9500, 14000])  # Pillow would pass, warn, refuse
def test_bombs(side):
    with pytest.raises(PictureError, match="limit"):
        decode_picture(png_of_declared_size(side, side), 16)
    with pytest.raises(PictureError, match="limit"):
        decode.shorter_side(png_of_declared_size(side, side))


def test_just_below_the_limit_a_picture_is_decoded():
    with pytest.raises(PictureError) as caught:
        decode_picture(png_of_declared_size(8000, 8000), 16)
    assert "limit" not in str(caught.value)  # it goes on until the data ends


def test_too_large_a_file(encode, monkeypatch):
    data = encode(quarters((RED, GREEN, BLUE, WHITE)))
    monkeypatch.setattr(decode, "MAX_FILE_BYTES", len(data))
    decode_picture(data, 16)
    with pytest.raises(PictureError, match="the file is larger than"):
        decode_picture(data + b"\0", 16)


@pytest.mark.parametrize(
    "error",
    [OSError("broken"), SyntaxError("broken"), ValueError("broken"), struct.error("broken"),
     IndexError("broken"), ZeroDivisionError("broken\nsecond line")],
    ids=repr,
)  # fmt: skip
def test_whatever_pillow_raises_is_a_picture_error(encode, monkeypatch, error):
    def fail(self):
        raise error

    data = encode(quarters((RED, GREEN, BLUE, WHITE)))
    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
    with pytest.raises(PictureError, match=r"^broken$"):
        decode_picture(data, 16)


@pytest.mark.parametrize("where", [(Image, "open"), (ImageFile.ImageFile, "load")])
def test_too_little_memory_is_no_fault_of_the_picture(encode, monkeypatch, where):
    def fail(*args, **kwargs):
        raise MemoryError

    data = encode(quarters((RED, GREEN, BLUE, WHITE)))
    monkeypatch.setattr(*where, fail)
    with pytest.raises(MemoryError):
        decode_picture(data, 16)


def test_an_error_without_words_is_named_by_its_kind(encode, monkeypatch):
    def fail(*args, **kwargs):
        raise EOFError

    data = encode(quarters((RED, GREEN, BLUE, WHITE)))
    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(PictureError, match=r"^EOFError$"):
        decode_picture(data, 16)


def seeds():
    """Small files of all kinds, to be damaged."""
    pixels = np.random.default_rng(5).integers(0, 256, (20, 24, 3), dtype=np.uint8)
    image, notes = Image.fromarray(pixels), exif(6)
    kinds = [
        (image, "JPEG", {"exif": notes}), (image.convert("CMYK"), "JPEG", {}), (image, "PNG", {}),
        (image.convert("RGBA"), "PNG", {"exif": notes}), (image.quantize(16), "PNG", {}),
        (Image.fromarray(pixels[..., 0].astype(np.uint16)), "PNG", {}), (image, "BMP", {}),
        (image, "WEBP", {}), (image.quantize(16), "GIF", {}), (image, "TIFF", {}),
    ]  # fmt: skip
    for picture, form, options in kinds:
        buffer = io.BytesIO()
        picture.save(buffer, form, **options)
        yield buffer.getvalue()


@settings(max_examples=300, deadline=None)
@given(
    seed=st.sampled_from(list(seeds())),
    changes=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=6),
    length=st.integers(0, 4000),
)
@pytest.mark.filterwarnings("ignore")
def test_damaged_files_are_decoded_or_refused(seed, changes, length):
    data = bytearray(seed)
    for position, value in changes:
        data[position % len(data)] = value
    try:
        decoded = decode_picture(bytes(data[: max(length, 1)]), 8)
    except PictureError as error:
        assert str(error)
    else:
        assert decoded.shape == (8, 8, 3)
        assert decoded.dtype == np.uint8


def test_shorter_side_needs_the_header_only(encode):
    noise = np.random.default_rng(6).integers(0, 256, (60, 50, 3), dtype=np.uint8)
    data = encode(noise, "JPEG")
    assert decode.shorter_side(data[: len(data) // 2]) == 50
    with pytest.raises(PictureError, match="not a picture"):
        decode.shorter_side(b"hello")


def test_another_fit_is_refused():
    with pytest.raises(InputError, match="fit is 'centre'; expected one of crop, stretch"):
        decode_picture(b"", 8, "centre")
