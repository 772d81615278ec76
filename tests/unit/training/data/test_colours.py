import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from training.data import colours


def solid(word_or_rgb, alpha=1.0):
    rgb = colours.prototype(word_or_rgb) if isinstance(word_or_rgb, str) else np.array(word_or_rgb)
    picture = np.zeros((8, 8, 4), np.float32)
    picture[..., :3] = rgb * alpha
    picture[..., 3] = alpha
    return picture


@pytest.mark.parametrize("word", colours.WORDS)
def test_the_prototype_of_a_word_is_called_by_it(word):
    assert colours.dominant_words(solid(word)) == (word,)


@pytest.mark.parametrize("word", ["light blue", "dark blue", "light green", "dark green"])
def test_a_light_or_dark_colour_keeps_its_basic_word(word):
    assert colours.dominant_words(solid(word)) == (word.split()[1],)


def test_half_transparent_pixels_keep_their_colour():
    assert colours.dominant_words(solid("red", alpha=0.5)) == ("red",)


def test_nothing_visible_has_no_colour():
    assert colours.dominant_words(np.zeros((8, 8, 4), np.float32)) == ()


def test_the_larger_colour_comes_first():
    picture = solid("blue")
    picture[:3] = solid("red")[:3]
    assert colours.dominant_words(picture) == ("blue", "red")


def test_an_outline_does_not_name_a_thing():
    picture = solid("yellow")
    picture[:3] = solid("black")[:3]
    assert colours.dominant_words(picture)[0] == "yellow"


@pytest.mark.parametrize(("degrees", "word"), [(120, "green"), (240, "blue"), (0, "red")])
def test_the_words_follow_the_hue_turn(degrees, word):
    # In YIQ the axes run the other way round than on the common colour wheel.
    turned = {
        colours.dominant_words(colours.recoloured(solid("red"), colours.hue_turn(sign * degrees)))[
            0
        ]
        for sign in (1, -1)
    }
    assert word in turned


def test_a_full_turn_changes_nothing():
    picture = solid("orange")
    assert np.allclose(colours.recoloured(picture, colours.hue_turn(360)), picture, atol=1e-4)


@given(st.floats(0, 360), st.floats(0, 1), st.tuples(*[st.floats(0, 1)] * 3))
def test_a_recoloured_picture_stays_premultiplied(degrees, alpha, rgb):
    turned = colours.recoloured(solid(rgb, alpha), colours.hue_turn(degrees))
    assert turned.min() >= 0
    assert (turned[..., :3] <= turned[..., 3:] + 1e-6).all()


def test_grey_stays_grey_at_any_turn():
    turned = colours.recoloured(solid("grey"), colours.hue_turn(123))
    assert colours.dominant_words(turned) == ("grey",)


def test_a_tint_paints_black_and_leaves_white():
    red = colours.prototype("red")
    assert np.allclose(colours.recoloured(solid((0, 0, 0)), colours.tint(red))[0, 0, :3], red)
    assert np.allclose(colours.recoloured(solid((1, 1, 1)), colours.tint(red))[0, 0, :3], 1)


@pytest.mark.parametrize("one", ["red", "yellow", "blue", "grey", "white", "black"])
@pytest.mark.parametrize("other", colours.WORDS)
def test_a_thing_of_any_colour_is_painted_in_any_other(one, other):
    painted = colours.painted_as(colours.prototype(one), colours.prototype(other))
    seen = colours.dominant_words(colours.recoloured(solid(one), painted))
    through_grey = (one, other) in {("grey", "white"), ("black", "white")}
    assert seen == (other,) or through_grey


@given(st.floats(0, 1), st.sampled_from(["red", "yellow", "blue"]), st.sampled_from(colours.WORDS))
def test_greys_stay_when_a_coloured_thing_is_painted(grey, one, other):
    painted = colours.painted_as(colours.prototype(one), colours.prototype(other))
    left = colours.recoloured(solid((grey, grey, grey)), painted)[0, 0, :3]
    assert np.allclose(left, grey, atol=1e-5)


def test_the_colour_a_thing_is_called_by_is_the_mean_of_it():
    picture = solid((0.8, 0.1, 0.1))
    picture[:2] = solid("white")[:2]
    assert np.allclose(colours.dominant_rgb(picture), (0.8, 0.1, 0.1), atol=1e-6)
    assert colours.dominant_rgb(np.zeros((8, 8, 4), np.float32)) is None


@given(st.tuples(*[st.floats(0, 1)] * 3))
def test_every_colour_has_one_word_or_none(rgb):
    assert -1 <= colours.word_indices(np.array([rgb]))[0] < len(colours.WORDS)
