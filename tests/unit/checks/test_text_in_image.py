import importlib.util

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from unit.checks.drawings import disc, subject

from limner.checks.runner import judge
from limner.checks.text_in_image import check
from limner.checks.text_in_image.check import TextInImage
from limner.core.judging import Cause, Verdict

needs_ocr = pytest.mark.skipif(
    importlib.util.find_spec("rapidocr") is None, reason="the extra limner[ocr] is not installed"
)


def written(text: str) -> np.ndarray:
    picture = Image.new("RGBA", (256, 256), (250, 220, 120, 255))
    ImageDraw.Draw(picture).text(
        (12, 100), text, fill=(20, 20, 60, 255), font=ImageFont.load_default(28)
    )
    return np.asarray(picture)


@pytest.fixture(scope="module")
def text_in_image() -> TextInImage:
    return TextInImage()


def test_without_the_extra_it_is_an_error_and_no_pass(monkeypatch):
    monkeypatch.setattr(check, "find_spec", lambda name: None)
    result = judge(TextInImage(), subject(disc()))
    assert (result.verdict, result.cause) == (Verdict.ERROR, Cause.WEIGHTS_ABSENT)
    assert "limner[ocr]" in result.notes[0]


def test_other_models_than_those_measured_are_an_error(monkeypatch, tmp_path):
    (tmp_path / "models").mkdir()
    for name, _ in check.MODELS.values():
        (tmp_path / "models" / name).write_bytes(b"another")
    spec = importlib.util.spec_from_file_location("rapidocr", tmp_path / "__init__.py")
    monkeypatch.setattr(check, "find_spec", lambda name: spec)
    result = judge(TextInImage(), subject(disc()))
    assert (result.verdict, result.cause) == (Verdict.ERROR, Cause.WEIGHTS_ABSENT)


def test_missing_models_are_an_error(monkeypatch, tmp_path):
    spec = importlib.util.spec_from_file_location("rapidocr", tmp_path / "__init__.py")
    monkeypatch.setattr(check, "find_spec", lambda name: spec)
    assert judge(TextInImage(), subject(disc())).cause is Cause.WEIGHTS_ABSENT


def test_the_card_names_the_hashes_of_the_models():
    assert set(TextInImage().card.ingredients) == {name for name, _ in check.MODELS.values()}


@needs_ocr
def test_a_drawing_without_text_passes(text_in_image):
    assert judge(text_in_image, subject(disc())).verdict is Verdict.PASS


@needs_ocr
def test_text_that_can_be_read_fails(text_in_image):
    result = judge(text_in_image, subject(written("SALE TODAY")))
    assert (result.verdict, result.score) == (Verdict.FAIL, 9.0)


@needs_ocr
def test_what_was_read_is_not_kept(text_in_image):
    assert "TODAY" not in repr(judge(text_in_image, subject(written("SALE TODAY")))).upper()


@needs_ocr
def test_personal_data_in_a_picture_is_told(text_in_image):
    result = judge(text_in_image, subject(written("info@shop.com")))
    assert result.notes == ("The text in the picture holds an e-mail address.",)
