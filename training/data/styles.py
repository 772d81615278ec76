"""The styles of the training set: their words in captions, and how their pictures are used.

A style word is a label for a look, and a value of `--style`. It claims nothing about the makers
of the pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

HOUSE_STYLE = "fluent"  # what a caption that names no style shows, wherever there is a picture


@dataclass(frozen=True, slots=True)
class Style:
    """One look.

    Attributes:
        phrases: how captions name it; the first one is the plainest.
        weight: how often it is drawn against a weight of 1.
        recolour_share: how often its pictures are recoloured; icons in two fixed tones take any
            hue.
        is_black: whether it is black line art, which takes a tint instead of a turn of the hue.
    """

    phrases: tuple[str, ...]
    weight: float = 1.0
    recolour_share: float = 0.25
    is_black: bool = False


STYLES: Mapping[str, Style] = {
    "fluent": Style(("fluent emoji style", "fluent style", "soft gradient emoji"), 3.0),
    "flat": Style(("flat style", "flat emoji", "flat illustration")),
    "noto": Style(("noto style", "noto emoji")),
    "blob": Style(("blob style", "blob emoji")),
    "twemoji": Style(("twemoji style", "twemoji", "simple flat emoji")),
    "firefox": Style(("firefox emoji style", "firefox style")),
    "emojione": Style(("emojione style", "emojione")),
    "streamline": Style(("streamline style", "cartoon emoji with dark outlines")),
    "mono": Style(
        ("mono style", "line icon in one colour", "monochrome icon"), 0.5, 0.55, is_black=True
    ),
    "3d": Style(("3d style", "3d render", "3d emoji")),
    "outline": Style(("outline style", "two-tone outline icon"), 0.5, 0.75),
    "duotone": Style(("duotone style", "duotone icon"), 0.5, 0.75),
    "plump": Style(("plump style", "plump icon with thick outlines"), 0.5, 0.75),
    "inked": Style(("inked style", "inked icon"), 0.7),
    "badge": Style(("badge style", "round badge icon"), 0.5, 0.35),
    "sticker": Style(("sticker style", "sticker with thick outlines"), 0.7),
    "sketch": Style(("sketch style", "hand-drawn sketch"), 0.5, 0.5),
    "blueprint": Style(("blueprint style", "angular line drawing"), 0.5, 0.5),
    "bold": Style(("bold style", "bold icon with thick black lines"), 0.6, 0.7),
    "office": Style(("office style", "office icon"), 0.7),
    "gradient": Style(("gradient style", "gradient icon"), 0.7),
    "weather": Style(("weather style", "weather icon"), 0.7),
    "thin": Style(("thin style", "thin line icon"), 0.35, 0.6),
    "clipart": Style(("clipart style", "clip art", "clipart"), 0.7),
}
