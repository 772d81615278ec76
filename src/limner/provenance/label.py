"""The visible label: words in a corner of the picture that say it is made by AI.

White words on a plate of their own that is nearly black and has a light rim, so that they can be
read on any ground, a transparent one included. It is drawn before marking and judging, so that
what is judged is what leaves. Everything outside the plate stays as it was.

Sources: EU Code of Practice on transparency of AI-generated content, 2026 (words); WCAG 2.2,
1.4.6 (contrast of 7:1; here 17:1).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from limner.core.errors import BadInput
from limner.core.labels import LabelPosition, LabelSize

# Shapes: H height, W width, C channels (RGBA, straight alpha).


class LabelKind(StrEnum):
    """What a label says."""

    GENERATED = "generated"
    MODIFIED = "modified"


LABEL_TEXTS: Mapping[LabelKind, str] = {
    LabelKind.GENERATED: "AI generated",
    LabelKind.MODIFIED: "AI modified",
}
SHORT_TEXT = "AI"  # where the words do not fit; the common sign of the Code of Practice
SHARES: Mapping[LabelSize, float] = {  # height of the words, of the picture's shorter side
    LabelSize.SMALL: 0.04,
    LabelSize.MEDIUM: 0.055,
    LabelSize.LARGE: 0.08,
}
MIN_TEXT_PX = 9  # below it the letters of the font cannot be told apart
PLATE = (24, 24, 27, 255)
INK = (255, 255, 255, 255)
RIM = (212, 212, 216, 255)


class _Layout(NamedTuple):
    """Where plate and words go, in pixels."""

    text: str
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont
    width_px: int
    height_px: int
    margin_px: int


def draw_label(
    image_HWC: NDArray[np.uint8],
    kind: LabelKind,
    *,
    position: LabelPosition = LabelPosition.BOTTOM_RIGHT,
    size: LabelSize = LabelSize.MEDIUM,
) -> tuple[NDArray[np.uint8], str]:
    """Draw a label onto a picture.

    Args:
        image_HWC: uint8, RGBA, straight alpha, 0-255; left as it is.
        kind: what to say.
        position: in which corner.
        size: how large.

    Returns:
        A labelled copy, and the words on it.

    Raises:
        BadInput: the picture is too small for any label that can be read.
    """
    height_px, width_px = image_HWC.shape[:2]
    layout = _lay_out(width_px, height_px, LABEL_TEXTS[kind], SHARES[size])
    at_left = position in (LabelPosition.TOP_LEFT, LabelPosition.BOTTOM_LEFT)
    at_top = position in (LabelPosition.TOP_LEFT, LabelPosition.TOP_RIGHT)
    x = layout.margin_px if at_left else width_px - layout.margin_px - layout.width_px
    y = layout.margin_px if at_top else height_px - layout.margin_px - layout.height_px
    picture = PillowImage.fromarray(image_HWC, "RGBA")
    picture.alpha_composite(_plate(layout), (x, y))
    return np.asarray(picture), layout.text


def require_room(width_px: int, height_px: int, kind: LabelKind, size: LabelSize) -> None:
    """Refuse a picture that `draw_label` would refuse, before it is drawn.

    Raises:
        BadInput: it is too small for any label that can be read.
    """
    _lay_out(width_px, height_px, LABEL_TEXTS[kind], SHARES[size])


def _lay_out(width_px: int, height_px: int, text: str, share: float) -> _Layout:
    wanted_px = max(MIN_TEXT_PX, round(min(width_px, height_px) * share))
    for words in (text, SHORT_TEXT):
        for text_px in range(wanted_px, MIN_TEXT_PX - 1, -1):
            font = ImageFont.load_default(text_px)
            layout = _Layout(
                text=words,
                font=font,
                width_px=round(font.getlength(words) + text_px * 1.2),
                height_px=round(text_px * 1.7),
                margin_px=max(1, round(text_px * 0.4)),
            )
            if (
                layout.width_px + 2 * layout.margin_px <= width_px
                and layout.height_px + 2 * layout.margin_px <= height_px
            ):
                return layout
    raise BadInput(
        f"The picture is {width_px}x{height_px}; that is too small for a label that can be read.",
        code="label_does_not_fit",
        hint="Draw it larger, or without a label.",
    )


def _plate(layout: _Layout) -> PillowImage.Image:
    plate = PillowImage.new("RGBA", (layout.width_px, layout.height_px))
    pen = ImageDraw.Draw(plate)
    last = (layout.width_px - 1, layout.height_px - 1)
    pen.rounded_rectangle((0, 0, *last), layout.height_px // 4, PLATE, RIM)
    middle = (layout.width_px / 2, layout.height_px / 2)
    pen.text(middle, layout.text, INK, layout.font, anchor="mm")
    return plate
