"""PDQ, a perceptual hash of 256 bits, of pictures that are 64 pixels square.

Two pictures whose hashes differ in 31 bits or fewer are nearly the same. It survives scaling, JPEG
and changes of light; not mirroring, turning or cropping. Bit for bit what `pdqhash` gives for such
pictures (tests/unit/checks/assets/pdq.json); larger ones are averaged down before, not here.

Source: Meta Platforms 2019, "The TMK+PDQF video-hashing algorithm and the PDQ image-hashing
algorithm", https://github.com/facebook/ThreatExchange/tree/main/pdq.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Shapes: H height, W width, C channels (RGB), S a side, K waves.

SIDE_PX = 64
NUM_WAVES = 16

Floats = NDArray[np.float32]

_SCALE = np.float64(np.float32(np.sqrt(2 / SIDE_PX)))
_WAVES_SK: Floats = np.asarray(
    _SCALE
    * np.cos(np.pi / 2 / SIDE_PX * np.outer(2 * np.arange(SIDE_PX) + 1, np.arange(NUM_WAVES) + 1)),
    np.float32,
)


class PdqHash(NamedTuple):
    """The hash, and how much there is in the picture to be hashed.

    Attributes:
        bits: 32 bytes, in the order of PDQ's hexadecimal form.
        quality: 0-100; under 50 the hash says little.
    """

    bits: bytes
    quality: int


def pdq_hash(rgb_HWC: NDArray[np.uint8]) -> PdqHash:
    """Hash a picture of 64 x 64 pixels, uint8 RGB.

    Sums are taken term by term in float32 as the reference does, because symmetric pictures have
    many values near the median, where a rounding decides a bit.
    """
    luma_HW: Floats = np.asarray(rgb_HWC @ np.array([0.299, 0.587, 0.114]), np.float32)
    rows_KW = _summed(_WAVES_SK[:, :, None], luma_HW[:, None])
    waves_KK = _summed(rows_KW.T[:, :, None], _WAVES_SK[:, None])
    flat = waves_KK.ravel()
    lower_median = np.partition(flat, flat.size // 2 - 1)[flat.size // 2 - 1]
    return PdqHash(np.packbits((flat > lower_median)[::-1]).tobytes(), _quality(luma_HW))


def _summed(first: Floats, second: Floats) -> Floats:
    """Products summed along the first axis, term by term; numpy would add the last one in pairs."""
    return np.multiply(first, second, order="C").sum(axis=0)


def _quality(luma_HW: Floats) -> int:
    total = _steps(luma_HW[:-1], luma_HW[1:]) + _steps(luma_HW[:, :-1], luma_HW[:, 1:])
    return min(100, total // 90)


def _steps(here: Floats, there: Floats) -> int:
    per_cent = (here - there) * np.float32(100) / np.float32(255)
    return int(np.abs(per_cent.astype(np.int32)).sum())
