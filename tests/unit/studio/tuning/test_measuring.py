"""When a picture counts as drawn again, and what canaries are."""

import numpy as np
import pytest

from limner.evals.intervals import Estimate
from limner.studio.tuning.canaries import make_canaries
from limner.studio.tuning.measuring import Measured, _is_again


def estimate(value, low=None, high=None):
    return Estimate(value=value, low=low, high=high, num=20)


def measured(**changes):
    good = {
        "held_out": estimate(0.7, 0.6, 0.8), "taught": estimate(0.6),
        "canaries_again": estimate(0.0), "taught_again": estimate(0.05),
        "held_out_again": estimate(0.0), "copies_found": estimate(1.0),
    }  # fmt: skip
    return Measured(**{**good, **changes})


def test_a_good_one_has_no_fault():
    assert measured().faults == ()


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"held_out": estimate(0.9, 0.7, 1.0)}, "up to 1.000"),
        ({"held_out": estimate(0.9)}, "no bounds"),
        ({"held_out": estimate(0.998, 0.997, 0.999)}, "is 0.998 of that without it"),
        ({"canaries_again": estimate(0.125)}, "by heart"),
        ({"taught_again": estimate(0.06)}, "6% of taught pictures"),
        ({"copies_found": estimate(0.9)}, "the audit says nothing"),
        ({"copies_found": estimate(None)}, "the audit says nothing"),
    ],
)
def test_each_limit_is_held_by_itself(changes, match):
    (fault,) = measured(**changes).faults
    assert match in fault


def test_a_copy_and_a_softened_copy_count_as_drawn_again_and_another_picture_does_not():
    rng = np.random.default_rng(0)
    known = rng.random((8, 300)).astype(np.float32)
    softened = 0.8 * known[0] + 0.2 * known.mean(axis=0)
    assert _is_again(known[0], known[0], known)
    assert _is_again(softened.astype(np.float32), known[0], known)
    assert not _is_again(rng.random(300).astype(np.float32), known[0], known)
    assert not _is_again(known.mean(axis=0), known[0], known)


def test_canaries_are_the_same_for_a_seed_and_differ_among_each_other():
    planted, others = make_canaries(3, 64)
    again, _ = make_canaries(3, 64)
    assert [one.caption for one in planted] == [one.caption for one in again]
    every = [one.image_HWC for one in planted] + others
    assert len({one.tobytes() for one in every}) == len(every) == 16
    assert {one.shape for one in every} == {(64, 64, 4)}
    assert make_canaries(4, 64)[0][0].caption != planted[0].caption
