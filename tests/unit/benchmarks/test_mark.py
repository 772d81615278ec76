import numpy as np
import pytest
from benchmarks.mark import attacks
from benchmarks.mark.false_positives import exact_interval
from benchmarks.mark.page import SetFigures, Washing, mark_page


def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (80, 100, 4), np.uint8)


@pytest.mark.parametrize(
    ("num_found", "num", "low", "high"),
    [(0, 10_000, 0.0, 3.688e-4), (1, 20, 0.001265, 0.248733), (20, 20, 0.831566, 1.0)],
)
def test_the_exact_interval_is_that_of_the_tables(num_found, num, low, high):
    assert exact_interval(num_found, num) == pytest.approx((low, high), rel=1e-3)


@pytest.mark.parametrize("attack", attacks.ATTACKS, ids=lambda one: one.name)
def test_every_attack_gives_pixels_that_can_be_read(attack):
    harmed = attack.harm(picture(), np.random.default_rng(1))
    assert (harmed.dtype, harmed.ndim, harmed.shape[2] in (3, 4)) == (np.uint8, 3, True)


@pytest.mark.parametrize("attack", attacks.ATTACKS[1:], ids=lambda one: one.name)
def test_every_attack_but_none_changes_the_picture(attack):
    harmed = attack.harm(picture(), np.random.default_rng(1))
    assert harmed.shape != (80, 100, 4) or (harmed != picture()).any()


def test_a_crop_keeps_the_share_of_each_side():
    assert attacks.crop(0.75)(picture(), np.random.default_rng(0)).shape == (60, 75, 4)


def test_the_page_shows_every_attack_failures_too():
    figures = SetFigures(
        name="photographs, 256 px",
        num_pictures=4,
        num_uncarried=1,
        psnr_db=(45.25, 44.0),
        similarity=0.99,
        marking_ms=20.4,
        recovered={"none": 75.0, "crop 50 %": 0.0},
        num_wrong=0,
    )
    page = mark_page("made here", [figures, figures], [Washing(10, 4, 3, 0)])
    assert "| photographs, 256 px | 4 | 1 | 45.2 | 44.0 | 0.9900 | 20 |" in page
    assert "| crop 50 % | 0 | 0 |" in page
    assert "| 10 | 4 | 3 | 0 |" in page
