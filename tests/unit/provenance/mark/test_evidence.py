import numpy as np
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
