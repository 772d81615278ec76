"""The newest images of this install, as whoever keeps them knows them: a repetition is told.

They are compared by PDQ alone. The picture itself, drawn again, is no copy of itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from limner.checks.near_copy.check import Known, NearCopy
from limner.checks.near_copy.fingerprint import Fingerprints
from limner.checks.near_copy.gallery import Gallery
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
        own = picture.pixels_sha256
        looks = [one for one in read_recent(NUM_RECENT) if one.pixels_sha256 != own]
        gallery = Gallery.of_pdqs([one.pdq for one in looks])
        names = [f"the image {one.image_id}" for one in looks]
        return Known(gallery, names.__getitem__)

    return NearCopy("recent", read_known, fingerprints)
