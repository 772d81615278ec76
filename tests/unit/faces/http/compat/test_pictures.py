"""Facts of pictures and masks from foreign interfaces."""

import base64
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PillowImage

from limner.core.errors import BadInput
from limner.core.ports import IntSpan
from limner.core.records import Picture, Size
from limner.faces.http.compat.pictures import (
    Blur,
    mask_of_transparency,
    mask_of_white,
    picture_of_base64,
    resized_mask,
    within,
)
from limner.faces.http.compat.refusals import FieldRefused

SHARP = Blur(0, 0)
KEPT, REPAINTED = 0, 255


def half(left: tuple[int, ...], right: tuple[int, ...]) -> Picture:
    """A picture of 8 x 6 pixels with two halves."""
    image_HWC = np.zeros((6, 8, 4), np.uint8)
    image_HWC[:, :4], image_HWC[:, 4:] = left, right
    return Picture.of(image_HWC)


def png(picture: Picture) -> str:
    buffer = io.BytesIO()
    PillowImage.fromarray(picture.image_HWC).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


PAINTED = half((255, 0, 0, 255), (0, 0, 255, 255))


def test_what_is_transparent_is_repainted_under_v1():
    mask = mask_of_transparency(half((0, 0, 0, 0), (0, 0, 0, 255)), "mask")
    assert mask.mask_HW[0].tolist() == [REPAINTED] * 4 + [KEPT] * 4


def test_what_is_half_transparent_is_half_repainted():
    mask = mask_of_transparency(half((0, 0, 0, 155), (0, 0, 0, 255)), "mask")
    assert mask.mask_HW[0, 0] == 100


def test_a_mask_without_a_hole_is_refused_by_its_name():
    with pytest.raises(FieldRefused, match="mask is 'opaque everywhere'"):
        mask_of_transparency(PAINTED, "mask")


def test_what_is_white_is_repainted_under_sdapi():
    mask = mask_of_white(half((255, 255, 255, 255), (0, 0, 0, 255)), is_inverted=False, blur=SHARP)
    assert mask.mask_HW[0].tolist() == [REPAINTED] * 4 + [KEPT] * 4


def test_an_inverted_mask_repaints_what_is_black():
    mask = mask_of_white(half((255, 255, 255, 255), (0, 0, 0, 255)), is_inverted=True, blur=SHARP)
    assert mask.mask_HW[0].tolist() == [KEPT] * 4 + [REPAINTED] * 4


def test_of_a_transparent_sdapi_mask_what_is_painted_is_repainted_whatever_its_colour():
    mask = mask_of_white(half((0, 0, 0, 255), (0, 0, 0, 0)), is_inverted=False, blur=SHARP)
    assert mask.mask_HW[0].tolist() == [REPAINTED] * 4 + [KEPT] * 4


def test_the_same_hole_said_both_ways_is_the_same_mask():
    said_by_hole = mask_of_transparency(half((9, 9, 9, 0), (9, 9, 9, 255)), "mask")
    said_by_white = mask_of_white(
        half((255, 255, 255, 255), (0, 0, 0, 255)), is_inverted=False, blur=SHARP
    )
    assert said_by_hole.pixels_sha256 == said_by_white.pixels_sha256


def test_a_blurred_mask_has_soft_edges_and_a_whole_inside():
    mask = mask_of_white(
        half((255, 255, 255, 255), (0, 0, 0, 255)), is_inverted=False, blur=Blur(1, 0)
    )
    assert 0 < mask.mask_HW[0, 4] < 255


def test_a_mask_made_here_does_not_claim_the_file_it_came_from():
    sent = picture_of_base64(png(half((0, 0, 0, 0), (0, 0, 0, 255))), "mask", 1)
    assert sent.file is not None
    assert mask_of_transparency(sent, "mask").file is None


@pytest.mark.parametrize("head", ["", "data:image/png;base64,", "data:;base64,"])
def test_a_picture_is_read_from_base64_and_from_data_urls(head):
    read = picture_of_base64(head + png(PAINTED), "image", 1)
    assert read.pixels_sha256 == PAINTED.pixels_sha256


def test_line_breaks_inside_base64_are_allowed():
    text = png(PAINTED)
    read = picture_of_base64("\n".join(text[k : k + 60] for k in range(0, len(text), 60)), "x", 1)
    assert read.pixels_sha256 == PAINTED.pixels_sha256


@pytest.mark.parametrize("text", ["https://a.example/b.png", "file:///etc/passwd", "FTP://x"])
def test_addresses_are_never_fetched(text):
    with pytest.raises(FieldRefused, match="base64"):
        picture_of_base64(text, "image", 1)


@given(st.text(max_size=60))
def test_any_text_is_a_picture_or_a_sentence(text):
    with pytest.raises(BadInput):
        picture_of_base64(text, "image", 1)


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_a_size_is_brought_within_what_is_allowed(width_px, height_px):
    size = within(Size(width_px, height_px), IntSpan(16, 2048, 256))
    assert max(size) <= 2048


def test_a_size_within_what_is_allowed_stays():
    assert within(Size(320, 200), IntSpan(16, 2048, 256)) == Size(320, 200)


def test_a_mask_is_resized_with_its_halves_where_they_were():
    mask = mask_of_transparency(half((0, 0, 0, 0), (0, 0, 0, 255)), "mask")
    larger_HW = resized_mask(mask, Size(80, 60)).mask_HW
    assert (larger_HW[30, 10], larger_HW[30, 70]) == (REPAINTED, KEPT)
