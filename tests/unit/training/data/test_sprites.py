import numpy as np
import pytest
from training.data.packages import DataError
from training.data.sprites import flaw, halved, is_full_rectangle, premultiplied, visible_box


def sprite(top=0, bottom=256, left=0, right=256):
    picture = np.zeros((256, 256, 4), np.uint8)
    picture[top:bottom, left:right] = 255
    return picture


def test_premultiplied_colour_never_exceeds_alpha():
    straight = np.random.default_rng(0).integers(0, 256, (16, 16, 4), dtype=np.uint8)
    done = premultiplied(straight)
    assert (done[..., :3] <= done[..., 3:]).all()
    assert (done[..., 3] == straight[..., 3]).all()


def test_halved_averages_blocks_of_four():
    picture = np.zeros((1, 2, 2, 4), np.uint8)
    picture[0, 0] = 100
    assert (halved(picture) == 50).all()


def test_the_visible_box_is_tight():
    assert visible_box(sprite(10, 20, 30, 60)[..., 3]) == (10, 20, 30, 60)


def test_nothing_visible_is_refused():
    with pytest.raises(DataError):
        visible_box(np.zeros((8, 8), np.uint8))


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (sprite(0, 0), "blank"),
        (sprite(0, 5), "a thin line"),
        (sprite(0, 40, 0, 40), "almost empty"),
        (sprite(), ""),
    ],
)
def test_flaws(picture, said):
    assert flaw(picture) == said


def test_a_filled_box_is_a_full_rectangle_and_a_disc_is_not():
    y, x = np.mgrid[:256, :256]
    disc = np.zeros((256, 256, 4), np.uint8)
    disc[(y - 128) ** 2 + (x - 128) ** 2 < 100**2] = 255
    assert is_full_rectangle(sprite(20, 200, 20, 200))
    assert not is_full_rectangle(disc)
