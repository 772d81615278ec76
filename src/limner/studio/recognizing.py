"""Telling which stored image a picture is: by its mark, else by its looks.

Neither proves that it is the same picture: a mark can be copied, and looks can be imitated.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from limner.checks.near_copy.fingerprint import pdq_of
from limner.core.ports import FoundMark
from limner.core.recipe import ImageRecord
from limner.core.records import Picture
from limner.provenance.mark import read_mark, value_of
from limner.studio.image_file import decode_rgba
from limner.studio.keys import mark_keys
from limner.studio.parts import Parts

# Shapes: H height, W width, C channels (RGBA, straight alpha), N images, K bytes of a hash.

FAR_BITS = 64  # of 256; 95 in 100 copies at JPEG 50 come to 48 (docs/log.md)
MAX_COMPARED = 8  # stored images that are decoded to compare looks, nearest first
THUMBNAIL_PX = 32
ALIKE_DIFFERENCE = 12.0  # of 255; copies came to 8 at most, other drawings to 23 (docs/log.md)


class StoredRecognizer:
    """Recognizes the images of one data folder.

    Args:
        parts: of the studio.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def read_mark(self, image_HWC: NDArray[np.uint8]) -> FoundMark | None:
        """The mark of any epoch of this install in a picture (uint8, RGBA, straight alpha).

        Crops and tilts are looked for too, so a picture without a mark takes about half a second
        an epoch.

        Raises:
            KeyRefused: a mark key is missing or open to others.
        """
        keys = mark_keys(self._parts).read()
        reading = read_mark(image_HWC, keys, thorough=True) if keys else None
        if reading is None:
            return None
        return FoundMark(value=value_of(reading.epoch, reading.payload), score=reading.score)

    def find_marked(self, value: str) -> ImageRecord | None:
        """The earliest stored image that carries this mark."""
        return self._parts.store.image_by_mark(value)

    def find_alike(self, image_HWC: NDArray[np.uint8]) -> ImageRecord | None:
        """The stored image that looks like a picture: near by PDQ, and seen to be alike."""
        asked = pdq_of(Picture.of(image_HWC))
        known = self._parts.store.pdq_hashes()
        if asked is None or not known:
            return None
        hashes_NK = np.frombuffer(b"".join(one for _, one in known), np.uint8)
        differing_NK = hashes_NK.reshape(-1, len(asked)) ^ np.frombuffer(asked, np.uint8)
        bits_N = np.bitwise_count(differing_NK).sum(axis=1)
        nearest = [int(one) for one in np.argsort(bits_N, kind="stable")[:MAX_COMPARED]]
        for place in nearest:
            if bits_N[place] > FAR_BITS:
                break
            record = self._parts.store.image_by_id(known[place][0])
            if record is not None and self._shows(record, image_HWC):
                return record
        return None

    def _shows(self, record: ImageRecord, image_HWC: NDArray[np.uint8]) -> bool:
        return look_alike(image_HWC, decode_rgba(self._parts.store.read_image(record)))


def look_alike(one_HWC: NDArray[np.uint8], other_HWC: NDArray[np.uint8]) -> bool:
    """Whether two pictures look the same but for compression, scaling and a little brightness.

    Mean absolute difference of thumbnails on white. A crop by more than a fortieth a side, or
    something drawn over the picture, makes it another one.

    Args:
        one_HWC: uint8, RGBA, straight alpha; `other_HWC` too, of any size.
        other_HWC: see `one_HWC`.

    Source: our own; measured in docs/log.md.
    """
    difference = np.abs(_thumbnail(one_HWC) - _thumbnail(other_HWC)).mean()
    return bool(difference <= ALIKE_DIFFERENCE)


def _thumbnail(image_HWC: NDArray[np.uint8]) -> NDArray[np.float64]:
    picture = PillowImage.fromarray(image_HWC, "RGBA")
    ground = PillowImage.new("RGBA", picture.size, (255, 255, 255, 255))
    seen = PillowImage.alpha_composite(ground, picture).convert("RGB")
    size = (THUMBNAIL_PX, THUMBNAIL_PX)
    return np.asarray(seen.resize(size, PillowImage.Resampling.BOX), np.float64)
