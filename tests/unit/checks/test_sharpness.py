import numpy as np
import pytest
from unit.checks.drawings import blurred, disc, subject

from limner.checks.runner import judge
from limner.checks.sharpness import Sharpness
from limner.core.judging import Cause, Verdict


def verdict(image_HWC) -> Verdict:
    return judge(Sharpness(), subject(image_HWC)).verdict


@pytest.mark.parametrize("ground", [(0, 0, 0, 0), (255, 255, 255, 255), (30, 60, 200, 255)])
def test_a_flat_sticker_is_not_blurred(ground):
    assert verdict(disc(ground=ground, colour=(240, 200, 40, 255))) is Verdict.PASS


@pytest.mark.parametrize("ground", [(0, 0, 0, 0), (255, 255, 255, 255)])
def test_a_blurred_sticker_fails(ground):
    assert verdict(blurred(disc(ground=ground), 3)) is Verdict.FAIL


def test_more_blur_scores_lower():
    scores = [
        Sharpness().measure(subject(blurred(disc(ground=(255, 255, 255, 255)), sigma))).score
        for sigma in (0.5, 1, 2, 4)
    ]
    assert scores == sorted(scores, reverse=True)


def test_sharp_edges_inside_a_soft_outline_count():
    image_HWC = disc(ground=(0, 0, 0, 255), colour=(255, 255, 255, 255)).copy()
    soft_HWC = blurred(disc(radius=0.48), 6)
    image_HWC[..., 3] = soft_HWC[..., 3]
    assert verdict(image_HWC) is Verdict.PASS


def test_a_picture_without_edges_cannot_be_judged():
    ramp_HWC = np.full((128, 128, 4), 255, np.uint8)
    ramp_HWC[..., :3] = np.arange(128, dtype=np.uint8)[:, None]
    result = judge(Sharpness(), subject(ramp_HWC))
    assert (result.verdict, result.cause) == (Verdict.ERROR, Cause.NOT_APPLICABLE)


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (500, 3), (9, 9)])
def test_a_picture_too_small_for_windows_cannot_be_judged(shape):
    image_HWC = np.random.default_rng(0).integers(0, 255, (*shape, 4), dtype=np.uint8)
    assert judge(Sharpness(), subject(image_HWC)).cause is Cause.NOT_APPLICABLE
