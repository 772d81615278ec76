"""Colour words, which the checks hold, and recolouring, which only training does.

Needs numpy alone.
"""

# Shapes: N pixels, H height, W width, C channels.

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from limner.checks.colours import (
    PROTOTYPES,
    UNNAMED,
    WORDS,
    Floats,
    background_words,
    dominant_words,
    prototype,
    to_oklch,
    word_indices,
    word_shares,
)

__all__ = [
    "PROTOTYPES",
    "UNNAMED",
    "WORDS",
    "Floats",
    "background_words",
    "dominant_words",
    "hue_turn",
    "prototype",
    "recoloured",
    "tint",
    "to_oklch",
    "word_indices",
    "word_shares",
]

# A recolouring is a 3 x 4 matrix: new red, green, blue from premultiplied RGB and alpha.
_TO_YIQ = np.array([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])


def hue_turn(degrees: float) -> Floats:
    """Recolouring that turns every hue and keeps the brightness (a rotation in the YIQ plane)."""
    angle = np.radians(degrees)
    turn = np.array(
        [[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]]
    )
    matrix = np.linalg.inv(_TO_YIQ) @ turn @ _TO_YIQ
    return np.concatenate([matrix, np.zeros((3, 1))], axis=1).astype(np.float32)


def tint(rgb: npt.NDArray[np.floating]) -> Floats:
    """Recolouring that paints black with a colour and leaves white as it is: for black line art."""
    return np.concatenate([np.diag(1 - rgb), rgb[:, None]], axis=1).astype(np.float32)


def recoloured(rgba_HWC: npt.NDArray[np.floating], matrix: Floats) -> Floats:
    """Apply a recolouring to premultiplied RGBA in 0..1."""
    rgb_HWC = np.clip(rgba_HWC @ matrix.T, 0, rgba_HWC[..., 3:])
    return np.concatenate([rgb_HWC, rgba_HWC[..., 3:]], axis=-1).astype(np.float32)
