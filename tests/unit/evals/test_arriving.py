"""Pictures as they may come in: changed, of the same size, and always the same."""

import numpy as np
import pytest

from limner.evals.arriving import ARRIVALS, arrived


@pytest.fixture
def picture():
    """A red square on nothing, `[H, W, C]`."""
    image_HWC = np.zeros((60, 80, 4), np.uint8)
    image_HWC[20:40, 30:50] = (220, 30, 30, 255)
    return image_HWC


@pytest.mark.parametrize("way", sorted(ARRIVALS))
def test_it_is_another_picture_of_the_same_size_and_opaque(picture, way):
    came_HWC = arrived(picture, way)
    assert (came_HWC.shape, came_HWC.dtype) == (picture.shape, np.uint8)
    assert came_HWC[..., 3].min() == 255
    white_HWC = np.where(picture[..., 3:] > 0, picture, 255)
    assert (came_HWC != white_HWC).any()


@pytest.mark.parametrize("way", sorted(ARRIVALS))
def test_the_thing_on_it_can_still_be_seen(picture, way):
    red, _, blue = arrived(picture, way)[30, 40, :3].astype(int)
    assert red > 2 * blue


@pytest.mark.parametrize("way", sorted(ARRIVALS))
def test_the_same_picture_always_comes_out_the_same(picture, way):
    assert (arrived(picture, way) == arrived(picture, way)).all()
