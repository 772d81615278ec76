"""What leaves is what was judged: the sealed file itself is decoded before it leaves."""

from threading import Event

import pytest

from limner.core.deciding import Outcome
from limner.core.errors import SealFailed
from limner.core.records import Picture
from limner.provenance import credential
from limner.provenance.credential import Sealed
from limner.studio import image_file, sealing
from limner.studio.image_file import decode_rgba
from limner.studio.sealing import Signing


@pytest.fixture
def parts(studio):
    return studio.parts


def test_a_sealed_file_that_shows_another_picture_does_not_leave(studio, parts, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(image_file, "decode_rgba", lambda content: decode_rgba(content) ^ 1)
        with pytest.raises(SealFailed, match="not show the picture that was judged"):
            studio.generate("a red fox", seed=1)
    assert parts.store.count_images() == 1
    (image,) = studio.generate("a red fox", seed=1)  # what is stored is sealed in the end
    assert image.outcome is Outcome.RELEASED
    shown = Picture.of(decode_rgba(image.content))
    assert shown.pixels_sha256 == image.record.pixels_sha256


def test_what_was_signed_once_more_is_looked_at_too(studio, parts, monkeypatch):
    (image,) = studio.generate("a red fox", seed=1)
    (other,) = studio.generate("a blue fish", seed=2)

    has_looked = Event()

    def look(content, pixels_sha256):
        has_looked.set()
        return image_file.shows(content, pixels_sha256)

    def seal_twice(*_, on_signed, **__):
        on_signed(image.content)
        assert has_looked.wait(10)
        on_signed(other.content)
        return Sealed(other.content, None, "urn:c2pa:other", None, ())

    monkeypatch.setattr(sealing, "shows", look)
    monkeypatch.setattr(credential, "seal", seal_twice)
    content = parts.store.read_image(image.record)
    signing = Signing(parts, image.record, content, image.decided, None)
    with pytest.raises(SealFailed, match="not show the picture that was judged"):
        _ = signing.sealed
