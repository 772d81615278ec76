import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import ImageDraw

from limner.checks import colours, measures


def painted(*discs, ground=(0, 0, 0, 0), side_px=128) -> np.ndarray:
    """Discs as (x, y, radius, colour) in shares of the side, on one ground."""
    picture = PillowImage.new("RGBA", (side_px, side_px), ground)
    pen = ImageDraw.Draw(picture)
    for x, y, radius, colour in discs:
        box = [(x - radius) * side_px, (y - radius) * side_px]
        pen.ellipse([*box, (x + radius) * side_px, (y + radius) * side_px], fill=colour)
    return np.asarray(picture)


RED, GREEN, BLUE = (220, 48, 40, 255), (64, 168, 74, 255), (48, 116, 220, 255)


@pytest.mark.parametrize("word", colours.background_words())
def test_background_word_names_the_ground(word):
    image = painted((0.5, 0.5, 0.4, RED), ground=(*colours.PROTOTYPES[word], 255))
    assert measures.background_word(image) == word


def test_background_word_is_none_on_a_see_through_ground():
    assert measures.background_word(painted((0.5, 0.5, 0.4, RED))) is None


def test_background_word_is_none_when_no_colour_has_half_of_the_rim():
    image = painted(ground=RED)
    image = image.copy()
    third = len(image) // 3
    image[:, third : 2 * third], image[:, 2 * third :] = GREEN, BLUE
    assert measures.background_word(image) is None


def test_subject_mask_leaves_a_solid_ground_out():
    mask_HW = measures.subject_mask(painted((0.5, 0.5, 0.25, RED), ground=(255, 255, 255, 255)))
    assert mask_HW.mean() == pytest.approx(np.pi * 0.25**2, rel=0.05)


@pytest.mark.parametrize("word", ["red", "green", "blue", "yellow", "purple", "black", "white"])
def test_subject_colour_names_the_thing(word):
    image = painted((0.5, 0.5, 0.4, (*colours.PROTOTYPES[word], 255)))
    assert measures.subject_colour(image) == word


def test_subject_colour_is_not_the_ground():
    assert measures.subject_colour(painted((0.5, 0.5, 0.3, RED), ground=BLUE)) == "red"


def test_subject_colour_of_an_empty_picture_is_none():
    assert measures.subject_colour(painted()) is None


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_count_things_counts_discs(count):
    discs = [(0.14 + 0.24 * number, 0.5, 0.1, RED) for number in range(count)]
    assert measures.count_things(painted(*discs)) == count


def test_count_things_leaves_specks_out():
    assert measures.count_things(painted((0.4, 0.5, 0.3, RED), (0.9, 0.9, 0.03, RED))) == 1


def test_count_things_finds_nothing_in_an_empty_picture():
    assert measures.count_things(painted()) == 0


def test_count_things_takes_a_hairline_gap_as_one_thing():
    image = painted((0.5, 0.5, 0.4, RED), side_px=64).copy()
    image[:, 32] = 0
    assert measures.count_things(image) == 1


@pytest.mark.parametrize(("is_across", "at"), [(True, (0.25, 0.5)), (False, (0.5, 0.25))])
def test_halves_gives_the_left_or_upper_thing_first(is_across, at):
    x, y = at
    image = painted((x, y, 0.2, RED), (1 - x, 1 - y, 0.2, BLUE))
    first, second = measures.halves(image, is_across=is_across)
    assert (measures.subject_colour(first), measures.subject_colour(second)) == ("red", "blue")


def test_halves_of_an_empty_picture_are_none():
    assert measures.halves(painted(), is_across=True) is None
