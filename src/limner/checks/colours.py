"""Colour words: which word names a colour, what stands for a word, which words fit a picture.

Captions, painted backgrounds and the checks use the same words with the same limits, so what is
asked, what is drawn and what is judged agree. Colours are told apart in OKLCh (B. Ottosson, "A
perceptual color space for image processing", 2020): lightness 0-1, chroma from 0, hue in degrees.
"""

# Shapes: N pixels or pictures, H height, W width, C channels; P = number of colour words.

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

# One plain sRGB colour a word: what "a blue background" is painted with, before jitter.
PROTOTYPES: Mapping[str, tuple[int, int, int]] = {
    "red": (220, 48, 40),
    "orange": (245, 140, 36),
    "yellow": (252, 210, 52),
    "green": (64, 168, 74),
    "teal": (30, 164, 160),
    "blue": (48, 116, 220),
    "purple": (134, 76, 190),
    "pink": (244, 132, 180),
    "brown": (130, 82, 50),
    "black": (24, 24, 26),
    "grey": (138, 140, 144),
    "white": (255, 255, 255),
    "light blue": (150, 206, 246),
    "light green": (170, 220, 150),
    "dark blue": (26, 46, 110),
    "dark green": (22, 84, 48),
    "beige": (238, 220, 190),
}
WORDS = (
    "red",
    "orange",
    "yellow",
    "green",
    "teal",
    "blue",
    "purple",
    "pink",
    "brown",
    "black",
    "grey",
    "white",
)
UNNAMED = -1

# An outline or a highlight is not what a thing's colour is called after.
WORD_WEIGHTS = np.array(
    [0.45 if word == "black" else 0.7 if word in ("white", "grey") else 1.0 for word in WORDS]
)

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def to_oklch(rgb_NC: npt.NDArray[np.floating]) -> Floats:
    """Lightness 0-1, chroma from 0 and hue 0-360 in degrees, of sRGB in 0-1."""
    return _lch(_oklab(_linear(rgb_NC)))


def bytes_to_oklab(rgb_NC: npt.NDArray[np.uint8]) -> Floats:
    """Lightness 0-1 and the two axes of colour, around 0, of sRGB in 0-255."""
    return _oklab(_LINEAR_BYTES[rgb_NC]).astype(np.float32)


def _lch(lab_NC: npt.NDArray[np.floating]) -> Floats:
    chroma_N = np.hypot(lab_NC[:, 1], lab_NC[:, 2])
    hue_N = np.degrees(np.arctan2(lab_NC[:, 2], lab_NC[:, 1])) % 360
    return np.stack([lab_NC[:, 0], chroma_N, hue_N], axis=1).astype(np.float32)


def _linear(rgb_NC: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    return np.where(
        rgb_NC <= 0.04045, rgb_NC / 12.92, ((np.clip(rgb_NC, 0, 1) + 0.055) / 1.055) ** 2.4
    )


def _oklab(linear_NC: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    return np.cbrt(linear_NC @ _TO_LMS.T) @ _TO_LAB.T


_LINEAR_BYTES = _linear(np.arange(256, dtype=np.float32) / np.float32(255))
"""What every byte is as light, since raising each of a picture's to a power takes a millisecond."""


def word_indices(rgb_NC: npt.NDArray[np.floating]) -> Ints:
    """Index into `WORDS` for sRGB colours in 0..1; `UNNAMED` where no plain word fits (skin)."""
    return _word_indices(to_oklch(rgb_NC))


def _word_indices(lch_NC: Floats) -> Ints:
    light, chroma, hue = lch_NC.T
    index = {word: number for number, word in enumerate(WORDS)}
    # The order matters: the first rule that holds names the colour.
    rules: list[tuple[npt.NDArray[np.bool_], int]] = [
        ((light < 0.31) & (chroma < 0.06) | (light < 0.18), index["black"]),
        ((light > 0.90) & (chroma < 0.032), index["white"]),
        ((chroma < 0.038) | (hue >= 190) & (hue < 290) & (chroma < 0.048), index["grey"]),
        ((hue >= 28) & (hue < 75) & (light < 0.68) & (chroma < 0.128), index["brown"]),
        ((hue >= 15) & (hue < 30) & (light < 0.55) & (chroma < 0.095), index["brown"]),
        ((hue >= 50) & (hue < 100) & (light < 0.58), index["brown"]),
        ((hue >= 30) & (hue < 100) & (chroma < 0.095), UNNAMED),
        (((hue >= 325) | (hue < 18)) & (light > 0.61), index["pink"]),
        ((hue < 38) & (light > 0.72), index["pink"]),
        ((hue < 40) | (hue >= 350), index["red"]),
        (hue < 70, index["orange"]),
        (hue < 112, index["yellow"]),
        (hue < 174, index["green"]),
        (hue < 215, index["teal"]),
        (hue < 284, index["blue"]),
        (hue < 333, index["purple"]),
        (hue < 350, index["pink"]),
    ]
    return np.select(
        [rule for rule, _ in rules], [number for _, number in rules], default=UNNAMED
    ).astype(np.int64)


def word_shares(rgba_HWC: npt.NDArray[np.floating]) -> Floats:
    """Share of the visible area that each word names, [P], from premultiplied RGBA in 0..1."""
    flat_NC = rgba_HWC.reshape(-1, 4)
    flat_NC = flat_NC[flat_NC[:, 3] > 0.25]
    if not len(flat_NC):
        return np.zeros(len(WORDS), np.float32)
    words_N = word_indices(flat_NC[:, :3] / flat_NC[:, 3:])
    named_N = words_N >= 0
    counts_P = np.bincount(words_N[named_N], weights=flat_NC[named_N, 3], minlength=len(WORDS))
    return (counts_P / flat_NC[:, 3].sum()).astype(np.float32)


def byte_word_shares(rgb_NC: npt.NDArray[np.uint8]) -> Floats:
    """Share of pixels that each word names, [P], of sRGB in 0-255."""
    if not len(rgb_NC):
        return np.zeros(len(WORDS), np.float32)
    words_N = _word_indices(_lch(_oklab(_LINEAR_BYTES[rgb_NC])))
    counts_P = np.bincount(words_N[words_N >= 0], minlength=len(WORDS))
    return (counts_P / len(rgb_NC)).astype(np.float32)


def dominant_words(
    rgba_HWC: npt.NDArray[np.floating], least_share: float = 0.18, limit: int = 3
) -> tuple[str, ...]:
    """The colour words of a picture, strongest first; outlines count less than fillings.

    Args:
        rgba_HWC: premultiplied RGBA in 0..1.
        least_share: words that name less of the visible area are left out.
        limit: how many words at most.
    """
    weighted_P = word_shares(rgba_HWC) * WORD_WEIGHTS
    order: list[int] = np.argsort(-weighted_P, kind="stable")[:limit].tolist()
    return tuple(WORDS[number] for number in order if weighted_P[number] >= least_share)


def background_words() -> tuple[str, ...]:
    """The words a background may be asked by."""
    return tuple(PROTOTYPES)


def prototype(word: str) -> Floats:
    """The sRGB colour in 0..1 that stands for `word`."""
    return np.array(PROTOTYPES[word], np.float32) / np.float32(255)
