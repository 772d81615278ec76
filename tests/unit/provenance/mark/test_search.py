import numpy as np
import pytest
from unit.provenance.mark.marked_art import KEY, flat_art

from limner.provenance.mark import MarkPayload, embed_mark, search
from limner.provenance.mark.codeword import encode
from limner.provenance.mark.pattern import pattern_of, spectrum_of, tile_of
from limner.provenance.mark.search import Views, Warp


def tile() -> np.ndarray:
    return tile_of(pattern_of(KEY), encode(99))


def marked_crop() -> np.ndarray:
    image_HWC = flat_art(512, (250, 250, 250, 255))
    return embed_mark(image_HWC, MarkPayload(mark_id=99), KEY)[60:460, 30:430]


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("is_mirrored", [False, True])
def test_turning_back_undoes_a_turn_and_a_mirroring(turns, is_mirrored):
    changed_TT = np.rot90(np.fliplr(tile()) if is_mirrored else tile(), turns)
    back_FF = search._turned_back(spectrum_of(changed_TT), turns, is_mirrored)
    score, _ = search._best_shift(back_FF, pattern_of(KEY))
    assert score > 15


def test_a_shift_is_found_to_a_tenth_of_a_chip():
    moved_TT = np.roll(tile(), (37, 90), axis=(0, 1))
    _, shift = search._best_shift(spectrum_of(moved_TT), pattern_of(KEY))
    assert shift == pytest.approx((90 / 128, 37 / 128), abs=0.1 / 48)


def test_nothing_is_found_in_nothing():
    empty_FF = spectrum_of(np.zeros((128, 128), np.float32))
    assert search._best_shift(empty_FF, pattern_of(KEY))[0] == 0.0


def test_whole_pictures_have_one_tile_or_two():
    assert search.whole_warps() == [Warp(1.0, 0.0), Warp(0.5, 0.0)]


def test_the_wide_search_reaches_from_finely_marked_wholes_to_cropped_halves():
    sizes = [warp.tile_size for warp in search.wide_warps()]
    assert (min(sizes) <= 0.5, max(sizes) >= 2.0) == (True, True)


def test_no_two_neighbours_of_the_wide_search_are_further_apart_than_the_pilot_reaches():
    sizes = np.array([warp.tile_size for warp in search.wide_warps() if warp.tilt_degrees == 0])
    assert (np.diff(sizes) / sizes[:-1] <= 0.0201 * sizes[1:]).all()


def test_the_best_pose_of_a_crop_has_its_size():
    views = Views(marked_crop())
    best = search.pilot_poses(views, search.wide_warps(), pattern_of(KEY))[0]
    assert best.warp.tile_size == pytest.approx(256 / 400, rel=0.02)


def test_refining_does_not_make_a_pose_worse():
    views, pattern = Views(marked_crop()), pattern_of(KEY)
    rough = search.pilot_poses(views, [Warp(0.645, 0.0)], pattern)[0]
    assert search.refined(views, rough, pattern).pilot_score >= rough.pilot_score


def test_undoing_a_tilt_by_nothing_changes_nothing():
    evidence_HW = np.random.default_rng(0).standard_normal((60, 80)).astype(np.float32)
    assert np.allclose(search._unwarped(evidence_HW, Warp(1.0, 0.0), 1), evidence_HW, atol=1e-5)
