import io

import numpy as np
import pytest
from PIL import Image as PillowImage
from recipes import RECIPE

from limner.core.records import FILE_FORMATS
from limner.studio.image_file import decode_rgba, encode_image, read_texts
from limner.studio.parameters_text import format_parameters
from limner.studio.redraw import parse_recipe

IMAGE_HWC = np.random.default_rng(0).integers(0, 256, (16, 24, 4)).astype(np.uint8)


def texts_of(content: bytes):
    with PillowImage.open(io.BytesIO(content)) as picture:
        return read_texts(picture)


@pytest.mark.parametrize("file_format", ["png", "webp"])
def test_png_and_webp_keep_every_pixel(file_format):
    assert (decode_rgba(encode_image(IMAGE_HWC, file_format, RECIPE)) == IMAGE_HWC).all()


@pytest.mark.parametrize("file_format", FILE_FORMATS)
def test_every_format_carries_the_recipe(file_format):
    own = texts_of(encode_image(IMAGE_HWC, file_format, RECIPE)).own
    assert own is not None
    assert parse_recipe(own) == RECIPE


@pytest.mark.parametrize("file_format", FILE_FORMATS)
def test_every_format_carries_the_parameters_text(file_format):
    texts = texts_of(encode_image(IMAGE_HWC, file_format, RECIPE))
    assert texts.parameters == format_parameters(RECIPE)


@pytest.mark.parametrize("file_format", FILE_FORMATS)
def test_equal_pictures_have_equal_bytes(file_format):
    first = encode_image(IMAGE_HWC, file_format, RECIPE)
    assert encode_image(IMAGE_HWC, file_format, RECIPE) == first


def test_png_has_the_chunk_other_tools_read():
    content = encode_image(IMAGE_HWC, "png", RECIPE)
    assert b"tEXtparameters\x00a red fox\n" in content


def test_jpeg_has_the_user_comment_other_tools_read():
    content = encode_image(IMAGE_HWC, "jpeg", RECIPE)
    assert b"UNICODE\x00" + "a red fox\n".encode("utf-16-be") in content


def test_damaged_own_json_is_left_out():
    buffer = io.BytesIO()
    PillowImage.new("RGB", (4, 4)).save(buffer, "JPEG", xmp=b"<limner:limner>{</limner:limner>")
    assert texts_of(buffer.getvalue()).own is None
