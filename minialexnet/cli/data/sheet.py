"""Rows of small pictures with captions, drawn on one sheet."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SHOWN = 132  # pixels; smaller pictures are shown as many whole times larger as come nearest
LARGEST = 256  # pixels; larger ones are scaled down
MARGIN, GAP = 36, 14  # around the sheet, between pictures
BESIDE = 200  # the column of the rows' titles
WHITE, INK, FAINT, RULE = "#ffffff", "#1c1c1e", "#77777c", "#d8d8dc"
TITLE, HEADING, NAME, NOTE, CAPTION = 24, 17, 14, 11, 11  # sizes of text


@dataclass(frozen=True)
class Row:
    """Pictures side by side.

    Attributes:
        name, note: what stands beside them.
        tiles: (picture, caption), the pictures uint8 (S, S, 3).
    """

    name: str
    note: str
    tiles: Sequence[tuple[np.ndarray, str]]


def draw_sheet(
    title: str, subtitle: str, sections: Sequence[tuple[str, Sequence[Row]]], side: int
) -> Image.Image:
    """A sheet of sections, each with its heading and rows.

    Args: side: of the pictures in pixels, by which the size of all tiles is chosen.
    """
    tile = min(side * max(1, round(SHOWN / side)), LARGEST)
    columns = max(len(row.tiles) for _, rows in sections for row in rows)
    step = tile + NOTE + 22  # from one row to the next
    width = 2 * MARGIN + BESIDE + columns * (tile + GAP) - GAP
    above = MARGIN + TITLE + NOTE + 28
    height = above + sum(58 + step * len(rows) for _, rows in sections) + MARGIN - 18
    sheet = Image.new("RGB", (width, height), WHITE)
    draw = ImageDraw.Draw(sheet)
    wide = width - 2 * MARGIN
    title = _shortened(title, _font(TITLE, bold=True), wide)
    draw.text((MARGIN, MARGIN), title, INK, _font(TITLE, bold=True))
    draw.text((MARGIN, MARGIN + TITLE + 14), subtitle, FAINT, _font(NOTE + 1))
    y = above
    for heading, rows in sections:
        draw.line((MARGIN, y + 4, width - MARGIN, y + 4), RULE)
        heading = _shortened(heading, _font(HEADING, bold=True), wide)
        draw.text((MARGIN, y + 18), heading, INK, _font(HEADING, bold=True))
        y += 58
        for row in rows:
            _draw_row(sheet, draw, row, y, tile)
            y += step
    return sheet


def _draw_row(sheet: Image.Image, draw: ImageDraw.ImageDraw, row: Row, y: int, tile: int) -> None:
    draw.text((MARGIN, y), row.name, INK, _font(NAME, bold=True))
    note = "\n".join(_wrapped(row.note, _font(NOTE), BESIDE - 24))
    draw.multiline_text((MARGIN, y + NAME + 10), note, FAINT, _font(NOTE), spacing=5)
    for column, (picture, caption) in enumerate(row.tiles):
        x = MARGIN + BESIDE + column * (tile + GAP)
        sheet.paste(_scaled(picture, tile), (x, y))
        text = _shortened(caption, _font(CAPTION), tile)
        draw.text((x + tile / 2, y + tile + 5), text, FAINT, _font(CAPTION), anchor="ma")


def _scaled(picture: np.ndarray, tile: int) -> Image.Image:
    """Pixels stay squares where they become whole times larger."""
    image = Image.fromarray(np.ascontiguousarray(picture))
    whole = tile % image.width == 0
    how = Image.Resampling.NEAREST if whole else Image.Resampling.LANCZOS
    return image.resize((tile, tile), how)


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """In lines of up to `width` pixels."""
    for letters in range(len(text), 0, -1):
        lines = textwrap.wrap(text, letters, break_long_words=False)
        if all(font.getlength(line) <= width for line in lines):
            return lines
    return textwrap.wrap(text, 1, break_long_words=False)


def _shortened(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"


@cache
def _font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Of Matplotlib, which knows the letters of many languages and is installed in any case."""
    import matplotlib

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name, size)
