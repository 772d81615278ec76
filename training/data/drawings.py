"""What a picture is drawn from: part of an SVG, a whole SVG file, or a pixel image."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The inside of an SVG with its view box (x, y, width, height)."""

    body: str
    view: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeSvg:
    """A complete SVG file."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Raster:
    """A pixel image with transparency, as the bytes of its file."""

    data: bytes


Drawing = Body | WholeSvg | Raster
