"""Putting a mark into a picture: as strongly as it needs, and read back before it is given out."""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from limner.core.errors import BadInput
from limner.provenance.mark.codeword import Bits, Floats, encode
from limner.provenance.mark.decoding import word_score
from limner.provenance.mark.evidence import (
    TEXTURE_GAIN,
    at_reading_size,
    evidence_of,
    folded,
    resized,
    texture_of,
)
from limner.provenance.mark.pattern import (
    TILE_PX,
    Pattern,
    chips_at,
    pattern_of,
    spectrum_of,
    tile_of,
)
from limner.provenance.mark.reading import read_in_place
from limner.provenance.mark.records import MarkPayload, MarkUncarried
from limner.provenance.mark.search import Views, Warp

# Shapes: H height, W width, C channels (RGBA, straight alpha), T tile pixels a side, N word bits.

MIN_SIDE_PX = 64
TWO_TILES_FROM_PX = 384  # short side; larger pictures have room for two tiles, which crops leave
STRENGTHS = (1.0, 1.3, 1.7)  # standard deviation of the mark in a plain area, in grey levels
LAST_STRENGTH = 2.2  # for pictures that would carry none: most are full of soft edges
PROOF_JPEG_QUALITY = 50
PROOF_SCORE = 12.0  # 97 in 100 words are read at a score of 11, 99 at 12


class _Canvas(NamedTuple):
    """A picture at reading size."""

    small_HWC: Floats
    alpha_HW1: Floats  # 0-1
    mark_HW: Floats  # at strength 1


def tiles_across(height_px: int, width_px: int) -> int:
    """How many tiles the short side of a picture of this size gets."""
    return 2 if min(height_px, width_px) >= TWO_TILES_FROM_PX else 1


def embed_mark(image_HWC: NDArray[np.uint8], payload: MarkPayload, key: bytes) -> NDArray[np.uint8]:
    """The picture with a mark in it; the same picture, payload and key give the same pixels.

    The mark is a faint grain in the brightness. Its strength is the least of STRENGTHS that would
    be read after the picture is made as small as reading takes it (half as large at 256 and 512
    pixels) and saved as JPEG 50, else the largest. The finished pixels are read back: what is
    returned carries its mark. Where it cannot be read, LAST_STRENGTH is tried.

    Args:
        image_HWC: uint8, RGBA, straight alpha.
        payload: what the mark says.
        key: MIN_KEY_BYTES or more; secret.

    Returns:
        uint8, RGBA. Alpha is as it was, and so is every pixel of alpha 0.

    Raises:
        BadInput: not RGBA pixels, or the key is too short.
        MarkUncarried: the picture is too small, too empty, or has too little room between edges
            and the ends of the colour range.
    """
    if image_HWC.ndim != 3 or image_HWC.shape[2] != 4 or image_HWC.dtype != np.uint8:
        raise BadInput(
            f"The picture has shape {image_HWC.shape!r} and type {image_HWC.dtype}; a mark is put "
            "into height x width x 4 values of type uint8.",
            code="picture_invalid",
        )
    height_px, width_px = image_HWC.shape[:2]
    if min(height_px, width_px) < MIN_SIDE_PX:
        raise MarkUncarried(
            f"The picture is {width_px}x{height_px} pixels; a mark needs {MIN_SIDE_PX} a side.",
            hint="Mark a larger picture, and make it smaller afterwards.",
        )
    pattern, word_N = pattern_of(key), encode(payload.mark_id)
    canvas = _canvas(image_HWC, tile_of(pattern, word_N))
    *lesser, largest = STRENGTHS
    strength = next(
        (one for one in lesser if _proof_score(canvas, one, pattern, word_N) >= PROOF_SCORE),
        largest,
    )
    warp = Warp(1 / tiles_across(height_px, width_px), 0.0)
    for one in (strength, LAST_STRENGTH):
        marked_HWC = _added(image_HWC, one * canvas.mark_HW)
        reading = read_in_place(Views(marked_HWC), pattern, warp)
        if reading is not None and reading.payload == payload:
            return marked_HWC
    raise MarkUncarried(
        "The picture has too little room for a mark: too few pixels that are neither "
        "transparent nor part of an edge nor at the end of the colour range.",
        hint="Larger pictures and pictures with a background carry more.",
    )


def _canvas(image_HWC: NDArray[np.uint8], tile_TT: Floats) -> _Canvas:
    small_HWC = at_reading_size(image_HWC, tiles_across(*image_HWC.shape[:2]))
    height_px, width_px = small_HWC.shape[:2]
    alpha_HW = resized(image_HWC[..., 3].astype(np.float32) / 255, height_px, width_px)
    repeats = -(-height_px // TILE_PX), -(-width_px // TILE_PX)
    mark_HW = np.tile(tile_TT, repeats)[:height_px, :width_px]
    mark_HW = mark_HW * (1 + TEXTURE_GAIN * texture_of(small_HWC))
    return _Canvas(small_HWC, alpha_HW[..., None], mark_HW)


def _proof_score(canvas: _Canvas, strength: float, pattern: Pattern, word_N: Bits) -> float:
    """Score of the word after the harm that a mark should outlive."""
    marked_HWC = canvas.small_HWC + strength * canvas.mark_HW[..., None] * canvas.alpha_HW1
    buffer = io.BytesIO()
    PillowImage.fromarray(np.clip(np.rint(marked_HWC), 0, 255).astype(np.uint8)).save(
        buffer, "JPEG", quality=PROOF_JPEG_QUALITY
    )
    harmed_HWC = np.asarray(PillowImage.open(buffer), np.float32)
    spectrum_FF = spectrum_of(folded(evidence_of(harmed_HWC)))
    return word_score(chips_at(spectrum_FF, (0.0, 0.0)), pattern, word_N)


def _added(image_HWC: NDArray[np.uint8], mark_HW: Floats) -> NDArray[np.uint8]:
    """The picture with the mark laid over it, brought to its size; rounded once, at the end."""
    full_HW = resized(mark_HW, image_HWC.shape[0], image_HWC.shape[1])
    full_HW = np.where(image_HWC[..., 3] > 0, full_HW, np.float32(0))
    marked_HWC = image_HWC.copy()
    for c in range(3):
        sum_HW = image_HWC[..., c] + full_HW
        np.rint(sum_HW, out=sum_HW)
        marked_HWC[..., c] = np.clip(sum_HW, 0, 255, out=sum_HW)
    return marked_HWC
