"""Enlarging square by square: the head's own pixels, and no seam."""

import numpy as np
import pytest

from limner.core.errors import PictureBroken
from limner.generators.embedded.enlarging import Enlarger
from limner.generators.embedded.weights import Weights


@pytest.fixture
def enlarger(weights_folder):
    return Enlarger(weights=Weights(weights_folder))


@pytest.mark.parametrize("size", [(8, 8), (1, 1), (13, 30), (60, 7)])
def test_a_picture_of_any_size_is_enlarged_without_a_seam(enlarger, size):
    """The tiny head repeats every pixel, so the whole must be the picture repeated."""
    image_HWC = np.random.default_rng(0).integers(0, 256, (*size, 4), np.uint8)
    image_HWC[..., 3] = 255
    large_HWC = enlarger.enlarge(image_HWC)
    assert enlarger.factor == 4
    assert np.array_equal(large_HWC, image_HWC.repeat(4, axis=0).repeat(4, axis=1))


def test_what_is_transparent_stays_so(enlarger):
    image_HWC = np.full((9, 9, 4), 200, np.uint8)
    image_HWC[:, 4:, 3] = 0
    large_HWC = enlarger.enlarge(image_HWC)
    assert (large_HWC[:, 16:, 3].max(), large_HWC[:, :16, 3].min()) == (0, 200)


def test_its_ingredients_are_the_heads_files(enlarger, weights_folder):
    assert sorted(enlarger.ingredients) == ["enlarge.bin", "enlarge.xml"]


def test_the_packaged_head_doubles_a_picture_and_keeps_its_looks():
    steps = np.linspace(0, 255, 100).astype(np.uint8)
    image_HWC = np.dstack([np.tile(steps, (90, 1))] * 3 + [np.full((90, 100), 255, np.uint8)])
    enlarger = Enlarger(num_threads=1)
    large_HWC = enlarger.enlarge(image_HWC)
    assert large_HWC.shape == (90 * enlarger.factor, 100 * enlarger.factor, 4)
    small_HWC = large_HWC[:: enlarger.factor, :: enlarger.factor, :3]
    assert np.abs(small_HWC.astype(int) - image_HWC[..., :3]).mean() < 6


def test_what_is_not_a_number_is_no_picture(enlarger, monkeypatch):
    class Broken:
        def enlarge(self, small_NCHW):
            return np.full((len(small_NCHW), 4, 32, 32), np.nan, np.float32)

    monkeypatch.setattr("limner.generators.embedded.enlarging.open_networks", lambda *_: Broken())
    with pytest.raises(PictureBroken, match="not a number"):
        enlarger.enlarge(np.zeros((4, 4, 4), np.uint8))
