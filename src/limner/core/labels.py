"""Visible labels: where they stand, how large, and what was drawn.

Apart from the other records, so that reading settings loads no numerics.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class LabelPosition(StrEnum):
    """The corner a visible label stands in."""

    TOP_LEFT = "top-left"
    TOP_RIGHT = "top-right"
    BOTTOM_LEFT = "bottom-left"
    BOTTOM_RIGHT = "bottom-right"


class LabelSize(StrEnum):
    """How large the words of a visible label are."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class Label(NamedTuple):
    """A visible label, as it is asked for; what it says depends on how the picture was made."""

    position: LabelPosition
    size: LabelSize


class DrawnLabel(NamedTuple):
    """A visible label, as it was drawn."""

    words: str
    position: LabelPosition
    size: LabelSize
