"""The newest images of this install, as whoever keeps them knows them: a repetition is told.

They are compared by PDQ alone. The picture itself, drawn again, is no copy of itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from limner.checks.near_copy.check import Known, NearCopy
from limner.checks.near_copy.fingerprint import NO_HASH, Fingerprint, Fingerprints
from limner.checks.near_copy.gallery import Entry, Gallery
from limner.core.records import Picture

NUM_RECENT = 1000


class Look(NamedTuple):
    """One image: its id, the tagged hash of its pixels, and its PDQ hash, 32 bytes."""

    image_id: str
    pixels_sha256: str
    pdq: bytes


def near_recent_copy(
    fingerprints: Fingerprints, read_recent: Callable[[int], Sequence[Look]]
) -> NearCopy:
    """The check against recent images.

    Args:
        fingerprints: takes them.
        read_recent: the newest images, at most as many as asked; read for every picture, so that
            those of other processes count.
    """

    def read_known(picture: Picture) -> Known:
        looks = read_recent(NUM_RECENT)
        # A look hash without a bit is as far from every picture's as from a random one.
        entries = [
            Entry(key, Fingerprint(pdq=look.pdq, look=NO_HASH))
            for key, look in enumerate(looks)
            if look.pixels_sha256 != picture.pixels_sha256
        ]
        names = [f"the image {look.image_id}" for look in looks]
        return Known(Gallery(entries), names.__getitem__)

    return NearCopy("recent", read_known, fingerprints)
