"""Near duplicates among incoming images: the nearest earlier one by PDQ.

Every hash is compared, so nothing is missed within PDQ's own distance; turned, mirrored and tightly
cropped copies have other hashes. Kept are 64 bytes an image.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from limner.checks.near_copy.gallery import PDQ_ALARM_BITS
from limner.core.looking import Duplicate

# Shapes: N images, W words of 64 bits: four of the hash, four of the image_id.

HASH_WORDS = 4
ROUND = 32_768  # images whose distances stay in the processor's cache


class Duplicates:
    """Hashes of the images seen so far.

    Args:
        known: image_id and PDQ hash of earlier images.
    """

    def __init__(self, known: Iterable[tuple[str, bytes]] = ()) -> None:
        self._words_NW: NDArray[np.uint64] = np.zeros((1024, 2 * HASH_WORDS), np.uint64)
        self._num = 0
        for image_id, pdq in known:
            self._add(_row(image_id, pdq))

    def meet(self, image_id: str, pdq: bytes | None) -> Duplicate | None:
        """The nearest other image, if it is a near duplicate; this one is remembered."""
        if pdq is None:
            return None
        row_W = _row(image_id, pdq)
        best, is_known = _nearest(self._words_NW[: self._num], row_W)
        if not is_known:
            self._add(row_W)
        return best

    def meet_all(self, image_id: str, pdq: bytes | None) -> list[Duplicate]:
        """Every other image that it nearly copies; this one is remembered."""
        if pdq is None:
            return []
        row_W = _row(image_id, pdq)
        words_NW = self._words_NW[: self._num]
        bits_N = np.bitwise_count(words_NW[:, :HASH_WORDS] ^ row_W[:HASH_WORDS]).sum(axis=1)
        found = [
            Duplicate(_image_id(words_NW[at]), int(bits_N[at]))
            for at in np.flatnonzero(bits_N <= PDQ_ALARM_BITS)
        ]
        others = [one for one in found if one.image_id != image_id]
        if len(others) == len(found):
            self._add(row_W)
        return others

    def _add(self, row_W: NDArray[np.uint64]) -> None:
        if self._num == len(self._words_NW):
            self._words_NW = np.concatenate([self._words_NW, np.zeros_like(self._words_NW)])
        self._words_NW[self._num] = row_W
        self._num += 1


def _row(image_id: str, pdq: bytes) -> NDArray[np.uint64]:
    return np.frombuffer(pdq + bytes.fromhex(image_id.removeprefix("sha256:")), np.uint64)


def _image_id(row_W: NDArray[np.uint64]) -> str:
    return "sha256:" + row_W[HASH_WORDS:].tobytes().hex()


def _nearest(
    words_NW: NDArray[np.uint64], asked_W: NDArray[np.uint64]
) -> tuple[Duplicate | None, bool]:
    """The nearest within the alarm, and whether the image asked about is among them itself."""
    best: Duplicate | None = None
    is_known = False
    for start in range(0, len(words_NW), ROUND):
        part_NW = words_NW[start : start + ROUND]
        differing_NW = part_NW[:, :HASH_WORDS] ^ asked_W[:HASH_WORDS]
        bits_N = np.bitwise_count(differing_NW).sum(axis=1)
        for at in np.flatnonzero(bits_N <= PDQ_ALARM_BITS):
            row_W = part_NW[at]
            if (row_W[HASH_WORDS:] == asked_W[HASH_WORDS:]).all():
                is_known = True
            elif best is None or bits_N[at] < best.bits:
                best = Duplicate(_image_id(row_W), int(bits_N[at]))
    return best, is_known
