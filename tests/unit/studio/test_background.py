import numpy as np
import pytest

from limner.core.errors import BadInput
from limner.studio.background import lay_under, parse_background


@pytest.mark.parametrize(
    ("text", "background"),
    [
        ("auto", "auto"),
        ("transparent", "transparent"),
        ("colour-key", "colour-key"),
        ("tomato", "#ff6347"),
        ("#abc", "#aabbcc"),
        ("#A1B2C3", "#a1b2c3"),
        ("hsl(120,100%,50%)", "#00ff00"),
    ],
)
def test_a_background_is_a_word_or_a_colour(text, background):
    assert parse_background(text) == background


@pytest.mark.parametrize("text", ["", "reddish", "#12", "#11223344", "#ggg", "12"])
def test_an_unknown_background_is_refused_by_name(text):
    with pytest.raises(BadInput, match="allowed are auto, transparent, colour-key, a CSS"):
        parse_background(text)


def test_a_colour_is_exact_where_the_picture_is_transparent():
    laid_HWC = lay_under(np.array([[[9, 9, 9, 0]]], np.uint8), "#010203")
    assert laid_HWC.tolist() == [[[1, 2, 3, 255]]]


def test_an_opaque_pixel_keeps_its_colour():
    laid_HWC = lay_under(np.array([[[9, 8, 7, 255]]], np.uint8), "#ffffff")
    assert laid_HWC.tolist() == [[[9, 8, 7, 255]]]


def test_a_half_transparent_pixel_is_mixed():
    laid_HWC = lay_under(np.array([[[255, 255, 255, 51]]], np.uint8), "#000000")
    assert laid_HWC.tolist() == [[[51, 51, 51, 255]]]
