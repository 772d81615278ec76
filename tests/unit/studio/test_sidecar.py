"""Sidecars, and the credentials of files that images start from."""

import io
from dataclasses import replace

import pytest
from PIL import Image as PillowImage
from sealing import FACTS, encoded, flipped, read_clock

from limner.core.deciding import Outcome
from limner.core.errors import BadInput, ImageHeld
from limner.provenance.containers import _jpeg_segments, _png_chunks, _webp_chunks
from limner.provenance.credential import seal
from limner.studio import keys, verify
from limner.studio.sidecar import write_sidecar
from limner.studio.stored_image import open_in_format
from limner.studio.verify import FileState

PROMPT = "a red fox background"


@pytest.fixture
def parts(studio):
    studio.parts.read_clock = read_clock
    return studio.parts


def saved(studio, parts, folder, file_format="png", **options):
    (image,) = studio.generate(PROMPT, seed=1, file_format=file_format, **options)
    return image.save(folder / "fox")


def stripped(content, file_format):
    """The file as a channel leaves it that drops what it does not know: the C2PA store."""
    match file_format:
        case "png":
            gone = [one for one in _png_chunks(content) if one.name == b"caBX"]
        case "jpeg":
            gone = [one for one in _jpeg_segments(content) if one.name == b"\xeb"]
        case _:
            gone = [one for one in _webp_chunks(content) if one.name == b"C2PA"]
    assert gone
    for one in reversed(gone):
        content = content[: one.start] + content[one.end :]
    if file_format == "webp":
        content = content[:4] + (len(content) - 8).to_bytes(4, "little") + content[8:]
    return content


@pytest.mark.parametrize("file_format", ["png", "jpeg", "webp"])
def test_a_sidecar_vouches_for_a_file_that_was_stripped(studio, parts, tmp_path, file_format):
    path = saved(studio, parts, tmp_path, file_format)
    beside = write_sidecar(parts, path)
    path.write_bytes(stripped(path.read_bytes(), file_format))
    verified = verify.verify(parts, path)
    assert (beside, verified.state) == (path.with_suffix(".c2pa"), FileState.TRUSTED)
    assert verified.credential.is_beside
    assert verified.stored.found_by == "credential"


def test_a_sidecar_does_not_vouch_for_a_changed_file(studio, parts, tmp_path):
    path = saved(studio, parts, tmp_path)
    write_sidecar(parts, path)
    content = stripped(path.read_bytes(), "png")
    path.write_bytes(flipped(content, 8 * len(content) - 400))
    assert verify.verify(parts, path).state is FileState.TAMPERED


def test_a_stripped_file_can_get_a_sidecar(studio, parts, tmp_path):
    path = saved(studio, parts, tmp_path)
    path.write_bytes(stripped(path.read_bytes(), "png"))
    write_sidecar(parts, path)
    assert verify.verify(parts, path).state is FileState.TRUSTED


def test_a_sidecar_is_made_once_and_is_in_the_ledger(studio, parts, tmp_path):
    path = saved(studio, parts, tmp_path)
    first = write_sidecar(parts, path).read_bytes()
    assert write_sidecar(parts, path, overwrite=True).read_bytes() == first
    said = [one.document["is_beside"] for one in parts.store.ledger.entries_of("seal")]
    assert said == [False, True]
    assert parts.store.ledger.reconcile().is_whole


def test_the_file_itself_still_leaves_as_it_did(studio, parts, tmp_path):
    path = saved(studio, parts, tmp_path)
    write_sidecar(parts, path)
    (again,) = studio.generate(PROMPT, seed=1)
    assert again.content == path.read_bytes()


def test_a_sidecar_that_is_there_is_not_overwritten(studio, parts, tmp_path):
    path = saved(studio, parts, tmp_path)
    path.with_suffix(".c2pa").write_bytes(b"mine")
    with pytest.raises(BadInput, match="is there already"):
        write_sidecar(parts, path)
    assert path.with_suffix(".c2pa").read_bytes() == b"mine"


def test_a_file_that_was_saved_anew_gets_no_sidecar(studio, parts, tmp_path):
    path = saved(studio, parts, tmp_path)
    with PillowImage.open(path) as picture:
        picture.copy().save(path)
    with pytest.raises(BadInput, match="was written anew"):
        write_sidecar(parts, path)
    assert not path.with_suffix(".c2pa").exists()


def test_a_picture_from_elsewhere_gets_no_sidecar(parts, photo):
    with pytest.raises(BadInput, match="was not made in this data folder"):
        write_sidecar(parts, photo)


def test_a_picture_that_was_blocked_since_gets_no_sidecar(studio, parts, tmp_path, monkeypatch):
    path = saved(studio, parts, tmp_path)
    (image,) = studio.generate(PROMPT, seed=1)
    held = replace(image.decided, decision=replace(image.decided.decision, outcome=Outcome.HELD))
    monkeypatch.setattr(parts.store, "last_decision", lambda image_id: held)
    with pytest.raises(ImageHeld):
        write_sidecar(parts, path)


def sealed_source(parts, folder, media_type):
    content = seal(
        encoded(media_type), media_type, FACTS, keys.open_signer(parts), read_clock=read_clock
    )
    path = folder / f"source.{media_type.removeprefix('image/')}"
    path.write_bytes(content.content)
    return path, content.manifest_id


@pytest.mark.parametrize("media_type", ["image/png", "image/jpeg", "image/webp"])
def test_the_credential_of_a_source_file_is_kept(studio, parts, tmp_path, media_type):
    source, manifest_id = sealed_source(parts, tmp_path, media_type)
    (image,) = studio.generate(PROMPT, seed=1, image=source)
    verified = verify.verify(parts, image.save(tmp_path / "fox.png"))
    (ingredient,) = verified.credential.claims.ingredients
    assert (verified.state, ingredient.manifest_id) == (FileState.TRUSTED, manifest_id)


def test_a_source_file_is_kept_as_it_was_given(studio, parts, tmp_path):
    source, _ = sealed_source(parts, tmp_path, "image/jpeg")
    (image,) = studio.generate(PROMPT, seed=1, image=source)
    recipe = image.recipe
    kept = parts.store.read_source(recipe.source_sha256, recipe.source_file)
    assert (kept.content, kept.file_format) == (source.read_bytes(), "jpeg")


def test_a_variation_keeps_the_credential_of_its_picture(studio, parts, tmp_path):
    (first,) = studio.generate(PROMPT, seed=1)
    (image,) = studio.variations(first.save(tmp_path / "first.png"), n=1, seed=2)
    verified = verify.verify(parts, image.save(tmp_path / "second.png"))
    (ingredient,) = verified.credential.claims.ingredients
    assert ingredient.manifest_id == first.seal.manifest_id


def test_each_image_names_the_file_it_was_given_among_files_of_one_picture(
    studio, parts, tmp_path, photo
):
    with PillowImage.open(photo) as picture:
        picture.copy().save(tmp_path / "again.png", compress_level=1)
    (first,) = studio.generate(PROMPT, seed=1, image=photo)
    (second,) = studio.generate(PROMPT, seed=2, image=tmp_path / "again.png")
    assert first.recipe.source_sha256 == second.recipe.source_sha256
    assert first.recipe.source_file != second.recipe.source_file
    assert parts.store.ledger.reconcile().is_whole


def test_a_bmp_is_kept_as_png_because_it_can_hold_no_credential(studio, parts, tmp_path, photo):
    with PillowImage.open(photo) as picture:
        picture.convert("RGB").save(tmp_path / "photo.bmp")
    (image,) = studio.generate(PROMPT, seed=1, image=tmp_path / "photo.bmp")
    kept = parts.store.read_source(image.recipe.source_sha256)
    with PillowImage.open(io.BytesIO(kept.content)) as opened:
        assert (kept.file_format, opened.format) == ("png", "PNG")


def test_a_turned_photograph_is_drawn_again_from_its_file(studio, parts, tmp_path, photo):
    with PillowImage.open(photo) as picture:
        exif = PillowImage.Exif()
        exif[0x0112] = 6
        picture.convert("RGB").save(tmp_path / "turned.jpg", exif=exif)
    (image,) = studio.generate(PROMPT, seed=1, image=tmp_path / "turned.jpg")
    path = image.save(tmp_path / "fox.png")
    (tmp_path / "turned.jpg").unlink()
    assert studio.redraw(path).comparison.is_same_file


def test_the_credential_has_the_prompt_as_the_ledger_does(studio, parts, tmp_path):
    (image,) = studio.generate(PROMPT, seed=1)
    commitment = parts.store.prompt_commitment(image.image_id)
    assert commitment is not None
    assert commitment.encode() in image.content
    (entry,) = parts.store.ledger.entries_of("image_stored")
    assert entry.document["prompt"] == commitment


def test_an_impact_that_the_criteria_do_not_have_is_refused(studio, painter):
    with pytest.raises(BadInput, match="Unknown impact 'vast'; allowed are"):
        studio.generate(PROMPT, impact="vast")
    assert painter.num_drawn == 0


def test_an_impact_of_the_criteria_is_decided_by(studio, parts):
    tier = next(iter(parts.judge.criteria.impact_tiers))
    (image,) = studio.generate(PROMPT, seed=1, impact=tier)
    assert image.decided.decision.impact == tier


def test_rotating_takes_a_new_ledger_key_too(studio, parts):
    studio.generate(PROMPT, seed=1)
    parts.store.ledger.sign(read_clock())
    before = parts.store.ledger.own_key()
    keys.rotate(parts)
    assert parts.store.ledger.own_key() not in (None, before)
    assert [one.kind for one in parts.store.ledger.entries_of("keys_rotated")] == ["keys_rotated"]
    (image,) = studio.generate(PROMPT, seed=2)
    assert image.seal is not None


def test_rotating_before_anything_was_drawn_makes_no_ledger_key(parts):
    keys.rotate(parts)
    assert parts.store.ledger.own_key() is None


def test_a_file_in_another_format_gets_no_sidecar_of_the_image(studio, tmp_path):
    (image,) = studio.generate("a red fox background", seed=1)
    path = tmp_path / "fox.jpg"
    path.write_bytes(open_in_format(studio.parts, image.image_id, "jpeg"))
    with pytest.raises(BadInput, match="exported in another format"):
        write_sidecar(studio.parts, path)
    assert not path.with_suffix(".c2pa").exists()
