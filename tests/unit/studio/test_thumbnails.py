import io

import numpy as np
from PIL import Image as PillowImage

from limner.core.deciding import Outcome
from limner.studio.studio import Studio
from limner.studio.thumbnails import (
    encode_thumbnail,
    encode_veil,
    read_thumbnail,
    remove_thumbnails,
    thumbnail_path,
)


def opened(content: bytes) -> PillowImage.Image:
    return PillowImage.open(io.BytesIO(content))


def test_a_thumbnail_is_at_most_320_pixels_a_side():
    assert opened(encode_thumbnail(np.zeros((400, 1000, 4), np.uint8))).size == (320, 128)


def test_a_thumbnail_keeps_what_is_transparent():
    image_HWC = np.zeros((64, 64, 4), np.uint8)
    image_HWC[16:48, 16:48] = 255
    assert opened(encode_thumbnail(image_HWC)).convert("RGBA").getpixel((2, 2))[3] == 0


def test_a_veil_shows_no_detail():
    stripes_HWC = np.full((96, 96, 4), 255, np.uint8)
    stripes_HWC[::2, :, :3] = 0
    seen = np.asarray(opened(encode_veil(stripes_HWC)).convert("L"), np.int16)
    assert np.ptp(seen) < 8


def test_a_thumbnail_is_made_once(studio: Studio):
    (image,) = studio.generate("a fox")
    content = read_thumbnail(studio.parts, image.record, Outcome.RELEASED)
    path = thumbnail_path(studio.parts, image.image_id, is_veiled=False)
    assert path.read_bytes() == content
    path.write_bytes(b"kept")
    assert read_thumbnail(studio.parts, image.record, Outcome.RELEASED) == b"kept"


def test_what_is_not_released_is_veiled(studio: Studio):
    (image,) = studio.generate("a fox")
    released = read_thumbnail(studio.parts, image.record, Outcome.RELEASED)
    for outcome in (Outcome.HELD, Outcome.REFUSED):
        assert read_thumbnail(studio.parts, image.record, outcome) != released


def test_an_erased_image_leaves_no_thumbnail(studio: Studio):
    (image,) = studio.generate("a fox")
    for outcome in Outcome:
        read_thumbnail(studio.parts, image.record, outcome)
    remove_thumbnails(studio.parts, image.image_id)
    folder = thumbnail_path(studio.parts, image.image_id, is_veiled=False).parent
    assert list(folder.iterdir()) == []
