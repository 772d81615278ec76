"""Evidence that no check gives: how long a picture takes, and whether seeds make a difference.

Prompts are the units, as seeds of one prompt share it. What was not drawn is not counted here; that
pictures come at all is told by the check on whole pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from limner.core.runs import RunPicture
from limner.evals.comparison import mean_interval
from limner.evals.intervals import Estimate, share
from limner.studio.parts import Parts

SECONDS = "draw.seconds"
DIFFER = "seeds.differ"
CHANCE = 20261124  # where resamples come from, so that the same run gives the same bounds


class Told(NamedTuple):
    """One number about drawing; `unit` as in `core.evidence.Evidence`."""

    metric: str
    unit: str
    estimate: Estimate


def drawing_evidence(parts: Parts, pictures: Sequence[RunPicture]) -> list[Told]:
    """Mean seconds of a picture, and the share of prompts whose seeds all give another picture.

    Args:
        parts: of the studio, for the pixels' hashes.
        pictures: of a whole run; those drawn again in other ways do not count.
    """
    drawn: dict[str, list[RunPicture]] = {}
    for one in pictures:
        if one.image_id is not None and not one.spot.way:
            drawn.setdefault(one.spot.case_id, []).append(one)
    means_P = np.array(
        [sum(one.seconds for one in each) / len(each) for each in drawn.values()], np.float64
    )
    several = [each for each in drawn.values() if len(each) > 1]
    num_differ = sum(_all_differ(parts, each) for each in several)
    return [
        Told(SECONDS, "seconds", mean_interval(means_P, np.random.default_rng(CHANCE))),
        Told(DIFFER, "share", share(num_differ, len(several))),
    ]


def _all_differ(parts: Parts, pictures: Sequence[RunPicture]) -> bool:
    """Whether no two have the same pixels; a picture that was erased is like none."""
    found = [parts.store.image_by_id(one.image_id or "") for one in pictures]
    pixels = [one.pixels_sha256 for one in found if one is not None]
    return len(set(pixels)) == len(pixels)
