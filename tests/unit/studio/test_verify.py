import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as PillowImage
from sealing import FACTS, encoded, flipped, picture, pixels_of, read_clock

from limner.core.errors import BadInput, ImageUnreadable, StorageUnavailable
from limner.core.given_file import MAX_PICTURE_BYTES
from limner.core.ports import FoundMark
from limner.core.settings import read_settings
from limner.provenance.credential import Placement, seal
from limner.provenance.facts import MarkFacts
from limner.studio import keys, verify
from limner.studio.recognizing import look_alike
from limner.studio.verify import FileState, MarkState

PNG = "image/png"


@pytest.fixture
def parts(studio):
    studio.parts.read_clock = read_clock
    return studio.parts


@pytest.fixture
def image(studio, parts):
    """An image that was drawn, released and sealed here."""
    return studio.generate("a red fox background", seed=1)[0]


def written(folder, content, name="picture.png"):
    path = folder / name
    path.write_bytes(content)
    return path


def sealed(parts, media_type=PNG, facts=FACTS, **more):
    signer = keys.open_signer(parts)
    return seal(encoded(media_type), media_type, facts, signer, read_clock=read_clock, **more)


class Recognizer:
    """Reads the mark and knows the images it is told; a double of the port."""

    def __init__(self, value=None, marked=None, alike=None):
        self.value, self.marked, self.alike = value, marked, alike

    def read_mark(self, image_HWC):
        return None if self.value is None else FoundMark(value=self.value, score=9.0)

    def find_marked(self, value):
        assert value == self.value
        return self.marked

    def find_alike(self, image_HWC):
        return self.alike


def recognize(parts, **known):
    parts.__dict__["recognizer"] = Recognizer(**known)


def test_what_was_drawn_and_sealed_here_is_trusted(parts, image, tmp_path):
    verified = verify.verify(parts, written(tmp_path, image.content))
    assert (verified.state, verified.file_format) == (FileState.TRUSTED, "PNG")


def test_a_changed_file_is_tampered(parts, image, tmp_path):
    changed = flipped(image.content, 8 * len(image.content) - 400)
    assert verify.verify(parts, written(tmp_path, changed)).state is FileState.TAMPERED


def test_a_picture_without_credential_has_none(parts, tmp_path):
    verified = verify.verify(parts, written(tmp_path, encoded(PNG)))
    assert verified.state is FileState.NO_CREDENTIAL


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", encoded(PNG)[:300], encoded("image/webp")[:90]],
    ids=["empty", "text", "cut png", "cut webp"],
)
def test_what_is_no_whole_picture_is_unreadable(parts, tmp_path, content):
    verified = verify.verify(parts, written(tmp_path, content))
    assert verified.state is FileState.UNREADABLE
    assert "cannot be read" in verified.notices[0]


def test_a_sealed_file_that_was_cut_is_tampered(parts, tmp_path):
    content = sealed(parts).content
    verified = verify.verify(parts, written(tmp_path, content[:-200]))
    assert verified.state is FileState.TAMPERED


def test_a_picture_with_far_too_many_pixels_is_unreadable(parts, tmp_path):
    bomb = io.BytesIO()
    PillowImage.new("1", (30_000, 30_000)).save(bomb, "PNG")
    verified = verify.verify(parts, written(tmp_path, bomb.getvalue()))
    assert verified.state is FileState.UNREADABLE
    assert "has far too many pixels" in verified.notices[0]


def test_a_sealed_picture_too_large_for_here_is_trusted_and_that_is_said(parts, tmp_path):
    content = sealed(parts).content
    parts.settings = replace(parts.settings, max_input_megapixels=0)
    verified = verify.verify(parts, written(tmp_path, content))
    assert (verified.state, verified.mark) == (FileState.TRUSTED, MarkState.NOT_READ)
    assert "64x64" in verified.notices[0]


def test_a_name_that_lies_about_the_type_is_told(parts, tmp_path):
    verified = verify.verify(parts, written(tmp_path, sealed(parts).content, "picture.jpg"))
    assert (verified.state, verified.file_format) == (FileState.TRUSTED, "PNG")
    assert verified.notices == ("The name ends in '.jpg', but the file is PNG.",)


@pytest.mark.parametrize("name", ["gone.png", "."])
def test_a_file_that_cannot_be_read_is_one_sentence(parts, tmp_path, name):
    with pytest.raises(ImageUnreadable, match="cannot be read"):
        verify.verify(parts, tmp_path / name)


def test_a_file_of_half_a_gigabyte_is_not_read(parts, tmp_path):
    path = tmp_path / "large.png"
    with path.open("wb") as file:
        file.truncate(MAX_PICTURE_BYTES + 1)
    with pytest.raises(ImageUnreadable, match="more than the 536,870,912 bytes that are allowed"):
        verify.verify(parts, path)


def test_a_sidecar_is_used(parts, tmp_path):
    beside = sealed(parts, placement=Placement.BESIDE)
    path = written(tmp_path, beside.content)
    sidecar = written(tmp_path, beside.sidecar, "elsewhere.c2pa")
    assert verify.verify(parts, path).state is FileState.NO_CREDENTIAL
    assert verify.verify(parts, path, sidecar).state is FileState.TRUSTED


def test_a_sidecar_of_the_same_name_is_found(parts, tmp_path):
    beside = sealed(parts, placement=Placement.BESIDE)
    path = written(tmp_path, beside.content)
    written(tmp_path, beside.sidecar, "picture.c2pa")
    assert verify.verify(parts, path).state is FileState.TRUSTED


def test_a_sidecar_that_is_no_credential_is_refused(parts, tmp_path):
    path = written(tmp_path, encoded(PNG))
    with pytest.raises(BadInput, match="is no credential"):
        verify.verify(parts, path, path)


def test_a_sealed_image_leads_to_its_record(parts, image, tmp_path):
    stored = verify.verify(parts, written(tmp_path, image.content)).stored
    assert (stored.record.image_id, stored.found_by) == (image.image_id, "credential")


def test_the_stored_file_leads_to_its_record(parts, image, tmp_path):
    content = parts.store.read_image(image.record)
    stored = verify.verify(parts, written(tmp_path, content)).stored
    assert (stored.record.image_id, stored.found_by) == (image.image_id, "file")


def test_the_same_pixels_lead_to_the_record(parts, image, tmp_path):
    saved = io.BytesIO()
    PillowImage.fromarray(pixels_of(image.content), "RGBA").save(saved, "PNG")
    stored = verify.verify(parts, written(tmp_path, saved.getvalue())).stored
    assert (stored.record.image_id, stored.found_by) == (image.image_id, "pixels")


def test_a_credential_that_is_not_trusted_leads_nowhere(parts, image, tmp_path):
    facts = replace(FACTS, pixels_sha256=image.record.pixels_sha256)
    content = sealed(parts, facts=facts).content
    parts.settings.home.joinpath("keys").rename(tmp_path / "away")
    verified = verify.verify(parts, written(tmp_path, content))
    assert (verified.state, verified.stored) == (FileState.UNKNOWN_SIGNER, None)


def test_the_mark_leads_to_the_record(parts, image, tmp_path):
    recognize(parts, value="77", marked=image.record)
    stored = verify.verify(parts, written(tmp_path, encoded(PNG))).stored
    assert (stored.record.image_id, stored.found_by) == (image.image_id, "mark")


def test_likeness_leads_to_the_record_last(parts, image, tmp_path):
    recognize(parts, alike=image.record)
    stored = verify.verify(parts, written(tmp_path, encoded(PNG))).stored
    assert (stored.record.image_id, stored.found_by) == (image.image_id, "likeness")


def test_a_stranger_leads_nowhere(parts, image, tmp_path):
    recognize(parts)
    verified = verify.verify(parts, written(tmp_path, encoded(PNG)))
    assert (verified.stored, verified.mark) == (None, MarkState.NONE)


def test_a_trusted_credential_that_names_no_mark_says_that_none_was_put_in(parts, image, tmp_path):
    recognize(parts)
    assert verify.verify(parts, written(tmp_path, image.content)).mark is MarkState.UNMARKED


def test_a_credential_that_is_not_trusted_does_not_say_that_no_mark_was_put_in(
    parts, image, tmp_path
):
    recognize(parts)
    tampered = bytearray(image.content)
    tampered[image.content.index(b"IDAT") + 40] ^= 1
    assert verify.verify(parts, written(tmp_path, bytes(tampered))).mark is not MarkState.UNMARKED


def test_without_a_reader_of_marks_none_is_read(parts, tmp_path):
    parts.__dict__["recognizer"] = None
    verified = verify.verify(parts, written(tmp_path, encoded(PNG)))
    assert (verified.mark, verified.mark_value) == (MarkState.NOT_READ, None)


def test_a_mark_under_which_nothing_is_stored_is_unknown(parts, tmp_path):
    recognize(parts, value="77")
    verified = verify.verify(parts, written(tmp_path, encoded(PNG)))
    assert (verified.mark, verified.mark_value) == (MarkState.UNKNOWN, "77")


@pytest.mark.parametrize(("value", "mark"), [("1234", "matches"), ("77", "content_differs")])
def test_a_mark_is_held_against_a_trusted_credential(parts, tmp_path, value, mark):
    recognize(parts, value=value)
    verified = verify.verify(parts, written(tmp_path, sealed(parts).content))
    assert verified.mark.value == mark


def test_a_mark_is_not_held_against_a_credential_that_names_none(parts, tmp_path):
    recognize(parts, value="1234")
    content = sealed(parts, facts=replace(FACTS, mark=None)).content
    assert verify.verify(parts, written(tmp_path, content)).mark is MarkState.UNKNOWN


def test_a_mark_of_another_kind_in_the_credential_differs(parts, tmp_path):
    recognize(parts, value="1234")
    facts = replace(FACTS, mark=MarkFacts(algorithm="limner.mark.v1", value="9"))
    content = sealed(parts, facts=facts).content
    assert verify.verify(parts, written(tmp_path, content)).mark is MarkState.DIFFERS


def test_a_marked_picture_that_was_saved_again_matches(parts, image, tmp_path):
    recognize(parts, value="77", marked=image.record)
    saved = io.BytesIO()
    drawn = PillowImage.fromarray(pixels_of(image.content), "RGBA").convert("RGB")
    drawn.resize((32, 32)).save(saved, "JPEG", quality=50)
    verified = verify.verify(parts, written(tmp_path, saved.getvalue(), "saved.jpg"))
    assert (verified.state, verified.mark) == (FileState.NO_CREDENTIAL, MarkState.MATCHES)


def test_a_mark_that_was_copied_onto_another_picture_differs(parts, image, tmp_path):
    recognize(parts, value="77", marked=image.record)
    verified = verify.verify(parts, written(tmp_path, encoded(PNG)))
    assert verified.mark is MarkState.DIFFERS


def test_a_store_that_cannot_be_opened_is_a_notice(parts, tmp_path, monkeypatch):
    def refuse(pixels_sha256):
        raise StorageUnavailable("The disk is away.")

    monkeypatch.setattr(parts.store, "image_by_pixels", refuse)
    recognize(parts, value="77")
    verified = verify.verify(parts, written(tmp_path, encoded(PNG)))
    assert (verified.state, verified.stored) == (FileState.NO_CREDENTIAL, None)
    assert verified.notices == ("Whether it is stored here was not looked up: The disk is away.",)


def test_verifying_makes_no_keys(parts, tmp_path):
    verify.verify(parts, written(tmp_path, encoded(PNG)))
    assert not (parts.settings.home / "keys" / "seal").exists()


def test_a_picture_looks_like_itself_scaled_and_compressed():
    image_HWC = picture(side_px=128)
    small = PillowImage.fromarray(image_HWC, "RGBA").resize((64, 64))
    assert look_alike(image_HWC, np.asarray(small))


def test_two_pictures_do_not_look_alike():
    assert not look_alike(picture(0), picture(1))


def test_a_transparent_ground_looks_white():
    image_HWC = np.zeros((8, 8, 4), np.uint8)
    assert look_alike(image_HWC, np.full((8, 8, 4), 255, np.uint8))


def test_another_data_folder_does_not_trust_what_was_sealed_here(parts, tmp_path):
    content = sealed(parts).content
    parts.settings = read_settings(default_home=tmp_path / "elsewhere", environment={})
    verified = verify.verify(parts, written(tmp_path, content))
    assert verified.state is FileState.UNKNOWN_SIGNER


def test_a_damaged_sidecar_that_nobody_named_refuses_no_file(parts, image, tmp_path):
    path = written(tmp_path, image.content)
    written(tmp_path, b"anything", "picture.c2pa")
    verified = verify.verify(parts, path)
    assert verified.state is FileState.TRUSTED
    assert "picture.c2pa' is no credential" in verified.notices[-1]
