"""Contact sheets: pictures in rows and columns with labels, to compare them at a look.

Labels are drawn with Pillow's own scalable font, which has Latin letters only; other letters show
as boxes. Transparent pictures lie on a light checkerboard.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont, ImageOps

from limner.studio.image import Image

# Shapes: H height, W width, C channels (RGBA).

MAX_CELL_PX = 320
GAP_PX = 12
SQUARE_PX = 8
HEADER_PX = 150  # width of the labels on the left
TITLE_PX = 20
LABEL_PX = 14
LEADING_PX = 5
MAX_LINES = 3
MIN_CELL_PX = 96
_INK = (24, 24, 27, 255)
_SOFT_INK = (82, 82, 91, 255)
_PAPER = (255, 255, 255, 255)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What lies on a sheet.

    Attributes:
        title: first line, large.
        subtitle: second line, small; empty for none.
        cells: rows of images; ``None`` is a picture that came out broken.
        columns: label over every column; empty for none.
        rows: label beside every row; empty for none.
        captions: label under every cell, rows as in `cells`; empty for none.
    """

    title: str
    subtitle: str
    cells: Sequence[Sequence[Image | None]]
    columns: Sequence[str] = ()
    rows: Sequence[str] = ()
    captions: Sequence[Sequence[str]] = ()


def contact_sheet(title: str, images: Sequence[Image]) -> Sheet:
    """A sheet of several results, as square as it gets, with prompt or seed under each."""
    num_columns = math.ceil(math.sqrt(len(images)))
    prompts = {image.recipe.prompt for image in images}
    rows = [images[start : start + num_columns] for start in range(0, len(images), num_columns)]
    captions = [
        [
            f"seed {image.seed}" if len(prompts) == 1 else f"{image.recipe.prompt}, {image.seed}"
            for image in row
        ]
        for row in rows
    ]
    return Sheet(title=title, subtitle="", cells=rows, captions=captions)


def draw_sheet(sheet: Sheet) -> NDArray[np.uint8]:
    """The picture of a sheet: uint8, RGBA, opaque, HWC."""
    layout = _measure(sheet)
    page = PillowImage.new("RGBA", (layout.width_px, layout.height_px), _PAPER)
    pen = ImageDraw.Draw(page)
    middle_px = layout.cell_px // 2
    pen.multiline_text((GAP_PX, GAP_PX), layout.title, _INK, _font(TITLE_PX))
    pen.multiline_text((GAP_PX, layout.subtitle_px), layout.subtitle, _SOFT_INK, _font(LABEL_PX))
    for index, label in enumerate(layout.columns):
        place = (layout.left_of(index) + middle_px, layout.top_px - GAP_PX // 2)
        _write(pen, place, label, "md")
    for number, images in enumerate(sheet.cells):
        y_px = layout.top_px + number * layout.row_px
        if layout.rows:
            _write(pen, (layout.left_px - GAP_PX, y_px + middle_px), layout.rows[number], "rm")
        for index, image in enumerate(images):
            x_px = layout.left_of(index)
            _put(page, pen, image, (x_px, y_px), layout.cell_px)
            if layout.captions:
                place = (x_px + middle_px, y_px + layout.cell_px + 4)
                _write(pen, place, layout.captions[number][index], "ma")
    return np.asarray(page)


class _Layout(NamedTuple):
    """Where everything lies, in pixels, and its texts, broken into lines."""

    width_px: int
    height_px: int
    left_px: int
    top_px: int
    cell_px: int
    row_px: int
    title: str
    subtitle: str
    subtitle_px: int
    columns: list[str]
    rows: list[str]
    captions: list[list[str]]

    def left_of(self, index: int) -> int:
        """Left edge of a column."""
        return self.left_px + index * (self.cell_px + GAP_PX)


def _measure(sheet: Sheet) -> _Layout:
    sizes = [image.record.size for images in sheet.cells for image in images if image is not None]
    cell_px = min(MAX_CELL_PX, max([MIN_CELL_PX, *(max(size) for size in sizes)]))
    left_px = GAP_PX + (HEADER_PX + GAP_PX if sheet.rows else 0)
    width_px = left_px + max(len(images) for images in sheet.cells) * (cell_px + GAP_PX)
    title = _wrapped(sheet.title, TITLE_PX, width_px - 2 * GAP_PX)
    subtitle = _wrapped(sheet.subtitle, LABEL_PX, width_px - 2 * GAP_PX)
    columns = [_wrapped(label, LABEL_PX, cell_px) for label in sheet.columns]
    captions = [[_wrapped(text, LABEL_PX, cell_px) for text in texts] for texts in sheet.captions]
    subtitle_px = GAP_PX + _height_px([title], TITLE_PX)
    top_px = subtitle_px + _height_px([subtitle], LABEL_PX) + _height_px(columns, LABEL_PX) + GAP_PX
    caption_px = _height_px([text for texts in captions for text in texts], LABEL_PX)
    row_px = cell_px + caption_px + GAP_PX
    return _Layout(
        width_px=width_px,
        height_px=top_px + len(sheet.cells) * row_px,
        left_px=left_px,
        top_px=top_px,
        cell_px=cell_px,
        row_px=row_px,
        title=title,
        subtitle=subtitle,
        subtitle_px=subtitle_px,
        columns=columns,
        rows=[_wrapped(label, LABEL_PX, HEADER_PX) for label in sheet.rows],
        captions=captions,
    )


def _font(height_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(height_px)


def _height_px(texts: Sequence[str], font_px: int) -> int:
    num_lines = max((text.count("\n") + 1 for text in texts if text), default=0)
    return num_lines * (font_px + LEADING_PX)


def _wrapped(text: str, font_px: int, width_px: int) -> str:
    """The text broken at spaces to fit, at most a few lines, cut with an ellipsis."""
    font = _font(font_px)
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width_px or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) > MAX_LINES:
        lines = [*lines[: MAX_LINES - 1], f"{lines[MAX_LINES - 1]} ..."]
    return "\n".join(_cut(line, font, width_px) for line in lines)


def _cut(line: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width_px: int) -> str:
    if font.getlength(line) <= width_px:
        return line
    while line and font.getlength(f"{line}...") > width_px:
        line = line[:-1]
    return f"{line}..."


def _write(pen: ImageDraw.ImageDraw, place: tuple[int, int], label: str, anchor: str) -> None:
    align = "right" if anchor.startswith("r") else "center"
    pen.multiline_text(
        place, label, _INK, _font(LABEL_PX), anchor=anchor, align=align, spacing=LEADING_PX
    )


def _put(
    page: PillowImage.Image,
    pen: ImageDraw.ImageDraw,
    image: Image | None,
    corner: tuple[int, int],
    cell_px: int,
) -> None:
    x_px, y_px = corner
    if image is None:
        pen.rectangle((x_px, y_px, x_px + cell_px - 1, y_px + cell_px - 1), outline=_SOFT_INK)
        _write(pen, (x_px + cell_px // 2, y_px + cell_px // 2), "broken", "mm")
        return
    picture = ImageOps.contain(image.image, (cell_px, cell_px), PillowImage.Resampling.LANCZOS)
    place = (x_px + (cell_px - picture.width) // 2, y_px + (cell_px - picture.height) // 2)
    page.paste(PillowImage.alpha_composite(_checkerboard(picture.size), picture), place)


def _checkerboard(size: tuple[int, int]) -> PillowImage.Image:
    rows_H1, columns_1W = np.ogrid[: size[1], : size[0]]
    is_light_HW = (rows_H1 // SQUARE_PX + columns_1W // SQUARE_PX) % 2 == 0
    grey_HW = np.where(is_light_HW, 252, 238).astype(np.uint8)
    return PillowImage.fromarray(grey_HW).convert("RGBA")
