import numpy as np
import pytest
from unit.checks.drawings import disc, subject

from limner.checks.exposure import Exposure
from limner.checks.runner import judge
from limner.core.judging import Verdict

WHITE, BLACK = (255, 255, 255, 255), (0, 0, 0, 255)


def verdict(image_HWC) -> Verdict:
    return judge(Exposure(), subject(image_HWC)).verdict


@pytest.mark.parametrize(
    "image_HWC",
    [
        disc(),
        disc(colour=BLACK),
        disc(colour=WHITE),
        disc(ground=WHITE, colour=(250, 220, 80, 255)),
        disc(ground=(20, 20, 40, 255), colour=(240, 240, 200, 255)),
    ],
    ids=["red", "black on clear", "white on clear", "yellow on white", "moon at night"],
)
def test_a_picture_that_can_be_made_out_passes(image_HWC):
    assert verdict(image_HWC) is Verdict.PASS


@pytest.mark.parametrize(
    "image_HWC",
    [
        disc(ground=(10, 10, 10, 255), colour=(30, 25, 20, 255)),
        disc(ground=WHITE, colour=(250, 250, 240, 255)),
        disc(ground=(120, 120, 120, 255), colour=(130, 128, 125, 255)),
    ],
    ids=["dark on dark", "light on light", "grey on grey"],
)
def test_a_picture_that_cannot_be_made_out_fails(image_HWC):
    assert verdict(image_HWC) is Verdict.FAIL


def test_the_colour_of_what_is_transparent_does_not_count():
    hidden_HWC = disc(ground=(255, 255, 0, 0))
    shown_HWC = disc(ground=(0, 0, 0, 0))
    scores = [Exposure().measure(subject(one)).score for one in (hidden_HWC, shown_HWC)]
    assert scores[0] == pytest.approx(scores[1], abs=0.02)


def test_a_dimmer_picture_scores_lower():
    bright_HWC = disc(ground=(0, 0, 0, 255), colour=WHITE)
    levels = [
        bright_HWC,
        *(np.append(bright_HWC[..., :3] // part, bright_HWC[..., 3:], axis=2) for part in (3, 8)),
    ]
    scores = [Exposure().measure(subject(one.astype(np.uint8))).score for one in levels]
    assert scores == sorted(scores, reverse=True)
