import numpy as np
import pytest

from limner.core.errors import BadInput
from limner.provenance.label import (
    INK,
    LABEL_TEXTS,
    PLATE,
    SHORT_TEXT,
    LabelKind,
    LabelPosition,
    LabelSize,
    draw_label,
)

GROUNDS = {
    "white": (255, 255, 255, 255),
    "black": (0, 0, 0, 255),
    "plate": PLATE,
    "transparent": (0, 0, 0, 0),
    "glass": (200, 30, 30, 90),
}


def ground(colour, height_px=256, width_px=256):
    return np.full((height_px, width_px, 4), colour, np.uint8)


def place_of(before_HWC, after_HWC):
    changed_HW = (before_HWC != after_HWC).any(axis=-1)
    rows, columns = np.nonzero(changed_HW)
    return rows.min(), rows.max(), columns.min(), columns.max()


def brightness(colour):
    """Relative luminance, WCAG 2.2."""
    part = np.asarray(colour[:3]) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def test_the_words_stand_out_from_the_plate():
    contrast = (brightness(INK) + 0.05) / (brightness(PLATE) + 0.05)
    assert contrast >= 7


@pytest.mark.parametrize("kind", LabelKind)
def test_a_label_says_the_words_of_the_catalogue(kind):
    _, text = draw_label(ground(GROUNDS["white"]), kind)
    assert text == LABEL_TEXTS[kind]


@pytest.mark.parametrize("colour", GROUNDS.values(), ids=GROUNDS.keys())
def test_plate_and_words_are_opaque_on_any_ground(colour):
    before = ground(colour)
    after, _ = draw_label(before, LabelKind.GENERATED)
    top, bottom, left, right = place_of(before, after)
    inner_HWC = after[top + 4 : bottom - 3, left + 4 : right - 3]
    assert inner_HWC[..., 3].min() == 255
    assert (inner_HWC == PLATE).all(axis=-1).mean() > 0.4
    assert (inner_HWC == INK).all(axis=-1).any()


@pytest.mark.parametrize(
    ("position", "at_top", "at_left"),
    [
        (LabelPosition.TOP_LEFT, True, True),
        (LabelPosition.TOP_RIGHT, True, False),
        (LabelPosition.BOTTOM_LEFT, False, True),
        (LabelPosition.BOTTOM_RIGHT, False, False),
    ],
)
def test_a_label_stands_in_its_corner(position, at_top, at_left):
    before = ground(GROUNDS["white"])
    after, _ = draw_label(before, LabelKind.GENERATED, position=position)
    top, bottom, left, right = place_of(before, after)
    assert (bottom < 128, top > 128) == (at_top, not at_top)
    assert (left < 20, right > 235) == (at_left, not at_left)


def test_everything_outside_the_plate_stays():
    before = np.random.default_rng(0).integers(0, 256, (256, 256, 4), np.uint8)
    after, _ = draw_label(before, LabelKind.GENERATED)
    top, bottom, left, right = place_of(before, after)
    assert (bottom - top) * (right - left) < 0.06 * 256 * 256
    untouched = before.copy()
    untouched[top : bottom + 1, left : right + 1] = after[top : bottom + 1, left : right + 1]
    assert np.array_equal(untouched, after)


def test_the_picture_given_is_left_as_it_is():
    before = ground(GROUNDS["white"])
    draw_label(before, LabelKind.GENERATED)
    assert np.array_equal(before, ground(GROUNDS["white"]))


def test_a_larger_label_is_larger():
    heights = []
    for size in (LabelSize.SMALL, LabelSize.MEDIUM, LabelSize.LARGE):
        before = ground(GROUNDS["white"], 512, 512)
        after, _ = draw_label(before, LabelKind.GENERATED, size=size)
        top, bottom, _, _ = place_of(before, after)
        heights.append(bottom - top)
    assert heights[0] < heights[1] < heights[2]


def test_a_label_that_does_not_fit_is_the_short_sign():
    _, text = draw_label(ground(GROUNDS["white"], 48, 48), LabelKind.GENERATED)
    assert text == SHORT_TEXT


def test_a_picture_too_small_for_any_label_is_refused():
    with pytest.raises(BadInput, match="16x16; that is too small"):
        draw_label(ground(GROUNDS["white"], 16, 16), LabelKind.GENERATED)


def test_a_picture_of_one_row_is_refused():
    with pytest.raises(BadInput):
        draw_label(ground(GROUNDS["white"], 1, 512), LabelKind.GENERATED)
