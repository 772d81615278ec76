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
    WORD_WEIGHTS,
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
    "WORD_WEIGHTS",
    "Floats",
    "background_words",
    "dominant_rgb",
    "dominant_words",
    "hue_turn",
    "painted_as",
    "prototype",
    "recoloured",
    "tint",
    "to_oklch",
    "word_indices",
    "word_shares",
]

# A recolouring is a 3 x 4 matrix: new red, green, blue from premultiplied RGB and alpha.
LEAST_CHROMA = 0.08  # in the YIQ plane; below it a colour has no hue to turn
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


def painted_as(one_C: Floats, other_C: Floats) -> Floats:
    """Recolouring that makes one sRGB colour another, and the rest as it goes with them.

    What is coloured is turned, made stronger and lighter or darker with the hue of `one_C`, so that
    greys, black outlines and white highlights stay. What has no colour to turn is tinted whole: light
    things as if seen through a glass of `other_C`, dark ones as by `tint`.
    """
    (light, *one), (wanted, *other) = _TO_YIQ @ one_C, _TO_YIQ @ other_C
    chroma = np.hypot(*one)
    if chroma < LEAST_CHROMA:
        through = np.concatenate([np.diag(other_C / max(light, 0.5)), np.zeros((3, 1))], axis=1)
        return through.astype(np.float32) if light > 0.5 else tint(other_C)
    ratio = complex(*other) / complex(*one)
    turn = np.array([[ratio.real, -ratio.imag], [ratio.imag, ratio.real]])
    matrix = np.eye(3)
    matrix[0, 1:] = (wanted - light) * np.array(one) / chroma**2
    matrix[1:, 1:] = turn
    mixed = np.linalg.inv(_TO_YIQ) @ matrix @ _TO_YIQ
    return np.concatenate([mixed, np.zeros((3, 1))], axis=1).astype(np.float32)


def dominant_rgb(rgba_HWC: npt.NDArray[np.floating]) -> Floats | None:
    """The mean sRGB colour of what the first of `dominant_words` names; ``None`` without one."""
    words = dominant_words(rgba_HWC)
    if not words:
        return None
    flat_NC = rgba_HWC.reshape(-1, 4)
    flat_NC = flat_NC[flat_NC[:, 3] > 0.25]
    rgb_NC = flat_NC[:, :3] / flat_NC[:, 3:]
    return rgb_NC[word_indices(rgb_NC) == WORDS.index(words[0])].mean(axis=0).astype(np.float32)


def recoloured(rgba_HWC: npt.NDArray[np.floating], matrix: Floats) -> Floats:
    """Apply a recolouring to premultiplied RGBA in 0..1."""
    rgb_HWC = np.clip(rgba_HWC @ matrix.T, 0, rgba_HWC[..., 3:])
    return np.concatenate([rgb_HWC, rgba_HWC[..., 3:]], axis=-1).astype(np.float32)
