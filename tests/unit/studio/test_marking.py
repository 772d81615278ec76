"""Marks and labels on the road of a drawn picture, on pictures large enough to carry one."""

import io
from dataclasses import replace

import numpy as np
import pytest
from painted_limner import WHOLE, painted_studio
from PIL import Image as PillowImage
from sealing import read_clock

from limner.core.errors import BadInput
from limner.core.hashing import sha256_of_pixels
from limner.core.settings import read_settings
from limner.provenance.mark import epoch_of, read_mark, value_of
from limner.studio import keys, marking, verify
from limner.studio.image_file import decode_rgba
from limner.studio.verify import FileState, MarkState

PROMPT = "a fox background"
LARGE = {"seed": 1, "size": "256"}


def opened(home, painter, **variables):
    variables = {"LIMNER_CRITERIA": str(WHOLE)} | variables
    opened = painted_studio(read_settings(default_home=home, environment=variables), painter)
    opened.parts.read_clock = read_clock
    return opened


@pytest.fixture
def studio(home, painter):
    """A studio that marks what it draws, as Limner does by default."""
    with opened(home, painter) as studio:
        yield studio


@pytest.fixture
def unmarking(tmp_path, painter):
    with opened(tmp_path / "unmarking", painter, LIMNER_MARK="false") as studio:
        yield studio


@pytest.fixture
def stranger(tmp_path, painter):
    with opened(tmp_path / "elsewhere", painter) as studio:
        yield studio


@pytest.fixture
def image(studio):
    return studio.generate(PROMPT, **LARGE)[0]


def value_in(studio, image_HWC):
    reading = read_mark(image_HWC, keys.mark_keys(studio.parts).read())
    return None if reading is None else value_of(reading.epoch, reading.payload)


def resaved(image, file_format="JPEG", **options):
    buffer = io.BytesIO()
    image.image.convert("RGB").save(buffer, file_format, **options)
    return buffer.getvalue()


def written(folder, content, name):
    (folder / name).write_bytes(content)
    return folder / name


@pytest.mark.parametrize("file_format", ["png", "webp", "jpeg"])
def test_a_picture_leaves_with_the_mark_its_recipe_names(studio, file_format):
    (image,) = studio.generate(PROMPT, file_format=file_format, **LARGE)
    assert value_in(studio, decode_rgba(image.content)) == image.recipe.mark is not None


def test_the_mark_leads_to_the_stored_image(studio, image):
    assert studio.parts.store.image_by_mark(image.recipe.mark) == image.record


def test_the_checks_judge_the_marked_pixels(studio, image):
    (result,) = studio.parts.store.results_of(image.image_id)
    assert result["judged_sha256"] == sha256_of_pixels(decode_rgba(image.content))
    assert result["judged_sha256"] != image.recipe.drawing_sha256


def test_the_recipe_names_the_drawing_as_it_was_before(studio, unmarking, image):
    (plain,) = unmarking.generate(PROMPT, **LARGE)
    assert image.recipe.drawing_sha256 == sha256_of_pixels(decode_rgba(plain.content))
    assert plain.recipe.mark is None


def test_two_drawings_have_two_marks(studio):
    marks = {one.recipe.mark for one in studio.generate(PROMPT, n=3, **LARGE)}
    assert len(marks) == 3


def test_a_number_that_another_drawing_has_is_not_given_again(studio, monkeypatch):
    monkeypatch.setattr(marking, "ID_COUNT", 2)
    first, second = studio.generate(PROMPT, n=2, **LARGE)
    assert first.recipe.mark != second.recipe.mark


def test_the_same_drawing_in_two_formats_has_one_mark(studio, image):
    (other,) = studio.generate(PROMPT, file_format="webp", **LARGE)
    assert (other.recipe.mark, other.image_id == image.image_id) == (image.recipe.mark, False)


def test_a_marked_picture_is_drawn_again_to_the_same_file(studio, image, tmp_path):
    path = image.save(tmp_path / "fox.png")
    assert studio.redraw(path).comparison.is_same_file


def test_elsewhere_the_same_drawing_gets_another_mark(image, stranger, tmp_path):
    redrawn = stranger.redraw(image.save(tmp_path / "fox.png"))
    assert redrawn.comparison.is_same_drawing
    assert not redrawn.comparison.is_same_pixels
    assert [one.name for one in redrawn.comparison.changes] == ["mark"]


def test_a_picture_that_cannot_carry_a_mark_is_kept_with_a_notice(studio):
    (image,) = studio.generate("a fox", seed=1, size="32")
    assert image.recipe.mark is None
    assert image.recipe.notices[0].startswith("It carries no invisible mark. The picture is 32x32")


def test_a_mark_key_that_others_can_read_stops_before_drawing(studio, image, painter):
    (path,) = keys.mark_keys(studio.parts).folder.glob("*.key")
    path.chmod(0o644)
    with pytest.raises(Exception, match="has mode 0644"):
        studio.generate(PROMPT, seed=2, size="256")
    assert painter.num_drawn == 1


def test_after_a_rotation_old_marks_are_read_and_new_ones_have_a_new_epoch(studio, image, tmp_path):
    path = image.save(tmp_path / "fox.png")
    keys.rotate(studio.parts)
    assert value_in(studio, decode_rgba(image.content)) == image.recipe.mark
    redrawn = studio.redraw(path)
    epoch = epoch_of(keys.mark_keys(studio.parts).open())
    assert redrawn.image.recipe.mark.startswith(epoch)
    assert redrawn.comparison.is_same_drawing


def test_a_sealed_picture_is_trusted_and_its_mark_matches(studio, image, tmp_path):
    verified = verify.verify(studio.parts, image.save(tmp_path / "fox.png"))
    assert (verified.state, verified.mark) == (FileState.TRUSTED, MarkState.MATCHES)
    assert verified.credential.claims.mark_value == verified.mark_value == image.recipe.mark


def test_without_its_credential_a_picture_is_found_by_its_mark(studio, image, tmp_path):
    path = written(tmp_path, resaved(image, quality=50), "fox.jpg")
    verified = verify.verify(studio.parts, path)
    assert (verified.state, verified.mark) == (FileState.NO_CREDENTIAL, MarkState.MATCHES)
    assert (verified.stored.record, verified.stored.found_by) == (image.record, "mark")


def test_a_mark_copied_onto_another_picture_is_told(studio, unmarking, image, tmp_path):
    (plain,) = unmarking.generate(PROMPT, **LARGE)
    (victim,) = unmarking.generate("a cat background", seed=9, size="256")
    grain_HWC = decode_rgba(image.content).astype(int) - decode_rgba(plain.content)
    forged_HWC = np.clip(decode_rgba(victim.content) + 2 * grain_HWC, 0, 255).astype(np.uint8)
    forged_HWC[..., 3] = 255
    PillowImage.fromarray(forged_HWC).save(tmp_path / "forged.png")
    verified = verify.verify(studio.parts, tmp_path / "forged.png")
    assert (verified.mark, verified.mark_value) == (MarkState.DIFFERS, image.recipe.mark)


def test_an_unmarked_picture_is_found_by_its_looks(unmarking, tmp_path):
    (image,) = unmarking.generate(PROMPT, **LARGE)
    path = written(tmp_path, resaved(image, quality=50), "fox.jpg")
    stored = verify.verify(unmarking.parts, path).stored
    assert (stored.record, stored.found_by) == (image.record, "likeness")


def test_another_picture_is_not_found_by_its_looks(unmarking, tmp_path):
    unmarking.generate(PROMPT, **LARGE)
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, 256, (8, 8, 3), np.uint8).repeat(32, 0).repeat(32, 1)
    PillowImage.fromarray(blocks).save(tmp_path / "other.png")
    assert verify.verify(unmarking.parts, tmp_path / "other.png").stored is None


def test_a_label_says_generated_and_the_credential_says_so(studio):
    (image,) = studio.generate(PROMPT, label=True, **LARGE)
    assert image.recipe.label.words == "AI generated"
    (plain,) = studio.generate(PROMPT, **LARGE)
    corner = np.s_[200:, 128:]
    assert (decode_rgba(image.content)[corner].min(axis=2) < 60).mean() > 0.1
    assert not np.array_equal(decode_rgba(image.content), decode_rgba(plain.content))


def test_a_label_on_a_changed_picture_says_modified(studio, photo):
    (image,) = studio.generate(PROMPT, image=photo, label=True, **LARGE)
    assert image.recipe.label.words == "AI modified"


def test_a_labelled_picture_is_drawn_again_to_the_same_file(studio, tmp_path):
    (image,) = studio.generate(PROMPT, label=True, **LARGE)
    assert studio.redraw(image.save(tmp_path / "fox.png")).comparison.is_same_file


def test_a_label_that_does_not_fit_is_refused_before_drawing(studio, painter):
    with pytest.raises(BadInput, match="too small for a label"):
        studio.generate(PROMPT, seed=1, size="16", label=True)
    assert painter.num_drawn == 0


def test_the_settings_can_ask_for_a_label_and_a_request_can_say_no(studio):
    studio.parts.settings = replace(studio.settings, label=True)
    (labelled,) = studio.generate(PROMPT, **LARGE)
    (plain,) = studio.generate(PROMPT, label=False, **LARGE)
    assert (labelled.recipe.label is None, plain.recipe.label) == (False, None)


def test_labels_of_a_grid_and_of_rows_go_where_the_settings_say(studio):
    studio.parts.settings = replace(studio.settings, label_position="top-left")
    (image,) = studio.generate(PROMPT, label=True, **LARGE)
    assert image.recipe.label.position == "top-left"
