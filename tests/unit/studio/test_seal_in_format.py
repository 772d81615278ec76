"""Stored images as files of another format: sealed, with the credential of their own inside."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as PillowImage
from sealing import read_clock

from limner.core.deciding import Outcome
from limner.core.errors import BadInput, ImageHeld
from limner.studio import verify
from limner.studio.erase import erase
from limner.studio.image_file import decode_rgba
from limner.studio.log import reconcile
from limner.studio.sealing import _written_in
from limner.studio.stored_image import open_in_format
from limner.studio.verify import FileState


@pytest.fixture
def parts(studio):
    studio.parts.read_clock = read_clock
    return studio.parts


@pytest.fixture
def image(studio, parts):
    return studio.generate("a red fox background", seed=1)[0]


@pytest.mark.parametrize("file_format", ["jpeg", "webp"])
def test_a_stored_png_is_exported_sealed_with_its_own_credential_as_parent(
    parts, image, file_format
):
    content = open_in_format(parts, image.image_id, file_format)
    verified = verify.verify_content(parts, content, f"fox.{file_format}")
    assert (verified.state, verified.file_format) == (FileState.TRUSTED, file_format.upper())
    assert (verified.stored.record.image_id, verified.stored.found_by) == (
        image.image_id, "credential",
    )  # fmt: skip
    claims = verified.credential.claims
    (parent,) = claims.ingredients
    assert (parent.relationship, parent.failures) == ("parentOf", ())
    assert parent.manifest_id == image.seal.manifest_id
    assert claims.source_type == "trainedAlgorithmicMedia"
    assert claims.model == image.recipe.generator
    assert claims.oversight == "prompt_guided"


def test_an_edited_image_is_exported_with_one_parent_only(studio, parts, image, tmp_path):
    path = image.save(tmp_path / "fox")
    (edited,) = studio.generate("a blue fox", seed=2, image=str(path), strength=0.5)
    content = open_in_format(parts, edited.image_id, "jpeg")
    verified = verify.verify_content(parts, content, "fox.jpg")
    assert verified.state is FileState.TRUSTED
    (parent,) = verified.credential.claims.ingredients
    assert parent.manifest_id == edited.seal.manifest_id
    assert verified.credential.claims.source_type == "compositeWithTrainedAlgorithmicMedia"


def test_lossless_webp_has_the_very_pixels(parts, image):
    content = open_in_format(parts, image.image_id, "webp")
    assert np.array_equal(decode_rgba(content), decode_rgba(image.content))


def test_the_same_export_is_sealed_once_and_its_own_format_is_the_file_as_it_left(parts, image):
    first = open_in_format(parts, image.image_id, "jpeg")
    assert open_in_format(parts, image.image_id, "jpeg") == first
    assert open_in_format(parts, image.image_id, "png") == image.content
    assert parts.store.seal_of(image.image_id) == image.seal


def test_what_is_transparent_is_white_in_jpeg(parts, studio):
    (image,) = studio.generate("a red fox", seed=1)
    assert image.image.getpixel((0, 0))[3] == 0
    content = open_in_format(parts, image.image_id, "jpeg")
    with PillowImage.open(io.BytesIO(content)) as opened:
        assert min(opened.convert("RGB").getpixel((0, 0))) > 245


def test_what_white_would_hide_is_not_exported_as_jpeg(image):
    ghost_HWC = np.zeros((64, 64, 4), np.uint8)
    ghost_HWC[16:48, 16:48] = 255
    with pytest.raises(BadInput, match="nothing of it is seen"):
        _written_in("jpeg", image.record, ghost_HWC)
    assert _written_in("webp", image.record, ghost_HWC)


def test_a_held_image_is_not_exported(parts, image, monkeypatch):
    held = replace(image.decided, decision=replace(image.decided.decision, outcome=Outcome.HELD))
    monkeypatch.setattr(parts.store, "image_in_force", lambda _: (image.record, held, image.seal))
    with pytest.raises(ImageHeld):
        open_in_format(parts, image.image_id, "jpeg")


def test_exports_leave_no_gap_and_go_when_their_image_is_erased(parts, home, image):
    open_in_format(parts, image.image_id, "jpeg")
    assert reconcile(parts).gaps == ()
    erase(parts, [image.image_id])
    assert reconcile(parts).gaps == ()
    assert not [one for one in (home / "blobs").rglob("*") if one.is_file()]


def test_a_python_program_exports_by_file_and_by_id(studio, parts, image, tmp_path):
    path = image.save(tmp_path / "fox")
    assert studio.export(path, "webp") == studio.export(image.image_id, "webp")


def test_a_format_that_does_not_exist_is_named(studio, parts, image):
    with pytest.raises(BadInput, match="Unknown format 'tiff'; allowed are png, webp, jpeg"):
        studio.export(image.image_id, "tiff")
