"""What leaves is what was judged: the sealed file itself is decoded before it leaves."""

import numpy as np
import pytest

from limner.core.deciding import Outcome
from limner.core.errors import SealFailed
from limner.core.records import Picture
from limner.studio import sealing
from limner.studio.image_file import decode_rgba


@pytest.fixture
def parts(studio):
    return studio.parts


def test_a_sealed_file_that_shows_another_picture_does_not_leave(studio, parts, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(sealing, "decode_rgba", lambda content: decode_rgba(content) ^ np.uint8(1))
        with pytest.raises(SealFailed, match="not show the picture that was judged"):
            studio.generate("a red fox", seed=1)
    assert parts.store.count_images() == 1
    (image,) = studio.generate("a red fox", seed=1)  # what is stored is sealed in the end
    assert image.outcome is Outcome.RELEASED
    shown = Picture.of(decode_rgba(image.content))
    assert shown.pixels_sha256 == image.record.pixels_sha256
