import numpy as np
import pytest
from recipes import RECIPE

from limner.core.errors import PictureBroken
from limner.core.records import FILE_FORMATS
from limner.studio import encoding, image_file
from limner.studio.encoding import Encoding
from limner.studio.image_file import decode_rgba

IMAGE_HWC = np.random.default_rng(0).integers(0, 256, (16, 24, 4)).astype(np.uint8)
OPAQUE_HWC = IMAGE_HWC | np.array([0, 0, 0, 255], np.uint8)


@pytest.mark.parametrize("quality", [None, 50])
@pytest.mark.parametrize("file_format", FILE_FORMATS)
def test_the_picture_that_is_judged_is_the_one_its_file_shows(file_format, quality):
    made = Encoding(OPAQUE_HWC, file_format, RECIPE, quality)
    made.require_shown()
    assert np.array_equal(made.picture.image_HWC, decode_rgba(made.content()))


def test_a_file_that_shows_another_picture_than_was_judged_is_told(monkeypatch):
    monkeypatch.setattr(image_file, "decode_rgba", lambda content: decode_rgba(content) ^ 1)
    with pytest.raises(PictureBroken, match="not show the picture"):
        Encoding(IMAGE_HWC, "png", RECIPE, None).require_shown()


def test_what_ends_the_encoding_is_raised_to_whoever_asks_for_the_file(monkeypatch):
    def fail(*_):
        raise OSError("no memory")

    monkeypatch.setattr(encoding, "encode_image", fail)
    with pytest.raises(OSError, match="no memory"):
        Encoding(IMAGE_HWC, "png", RECIPE, None).content()
