import numpy as np
import pytest
from unit.provenance.mark.marked_art import flat_art, plain

from limner.provenance.mark import evidence

ROUNDING = 1e-4  # of float32


def small(image_HWC) -> np.ndarray:
    return evidence.at_reading_size(image_HWC, 1)


def test_a_plain_picture_speaks_for_nothing():
    assert np.abs(evidence.evidence_of(small(plain((90, 120, 200, 255))))).max() < ROUNDING


def test_the_short_side_gets_the_tiles_asked_for():
    assert small(plain((0, 0, 0, 255), 100, 200)).shape == (128, 256, 3)


def test_transparent_parts_are_laid_on_white():
    assert (small(plain((10, 20, 30, 0))) == 255).all()


def test_half_the_size_has_the_means_of_two_by_two():
    pixels_HW = np.random.default_rng(3).integers(0, 256, (14, 22)).astype(np.float32)
    halved_HW = evidence.resized(pixels_HW, 7, 11)
    assert (halved_HW == pixels_HW.reshape(7, 2, 11, 2).mean(axis=(1, 3))).all()


def test_an_edge_between_plain_areas_has_no_texture():
    image_HWC = plain((255, 255, 255, 255))
    image_HWC[:, 128:, :3] = 0
    assert evidence.texture_of(small(image_HWC)).max() == 0


def test_grain_has_texture():
    image_HWC = plain((128, 128, 128, 255), 128, 128)
    image_HWC[..., :3] += np.random.default_rng(0).integers(0, 60, (128, 128, 1), np.uint8)
    assert evidence.texture_of(small(image_HWC)).mean() > 5


def test_an_edge_does_not_spoil_the_plain_area_beside_it():
    image_HWC = plain((255, 255, 255, 255))
    image_HWC[:, 128:, :3] = (200, 30, 30)
    assert np.abs(evidence.evidence_of(small(image_HWC))).max() < ROUNDING


def test_a_faint_grain_is_kept_where_it_is():
    image_HWC = flat_art(256, (255, 255, 255, 255))
    brighter_HWC = small(image_HWC)
    brighter_HWC = brighter_HWC.copy()
    brighter_HWC[90:92, 40:42] += 2
    assert evidence.evidence_of(brighter_HWC)[90, 40] > 0.3


def test_folding_adds_the_tiles():
    assert (evidence.folded(np.ones((128, 300), np.float32)).sum()) == 128 * 300


def plainly_beside_alike(small_HWC, tolerance_HW):
    """The mean of like neighbours, pixel by pixel."""
    height_px, width_px, _ = small_HWC.shape
    luma_HW = small_HWC @ evidence.LUMA_C
    sum_HW, count_HW = luma_HW.astype(np.float64), np.ones((height_px, width_px))
    for y, x in np.ndindex(height_px, width_px):
        for dy, dx in evidence._NEAR_TAPS:
            there = y + dy, x + dx
            if there[0] >= height_px or not 0 <= there[1] < width_px:
                continue
            if np.abs(small_HWC[y, x] - small_HWC[there]).max() < tolerance_HW[y, x]:
                sum_HW[y, x] += luma_HW[there]
                sum_HW[there] += luma_HW[y, x]
                count_HW[y, x] += 1
                count_HW[there] += 1
    return luma_HW - sum_HW / count_HW, count_HW / (2 * len(evidence._NEAR_TAPS) + 1)


@pytest.mark.parametrize("size", [(23, 17), (9, 40), (3, 5)])
def test_neighbours_are_compared_within_the_picture_and_not_across_its_sides(size):
    rng = np.random.default_rng(1)
    small_HWC = rng.integers(0, 256, (*size, 3)).astype(np.float32)
    tolerance_HW = rng.uniform(20, 200, size).astype(np.float32)
    told = evidence._beside_alike(small_HWC, tolerance_HW)
    for one, expected in zip(told, plainly_beside_alike(small_HWC, tolerance_HW), strict=True):
        assert np.abs(one - expected).max() < ROUNDING
