"""What drawing again came to: pictures and verdicts of two runs of one suite, spot by spot. Pure.

Where the same model draws, the same pictures have to come, and the same verdicts: any other is an
alarm. Where another model draws, pictures differ as they should, and what counts is whether fewer
of them pass.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from limner.core.runs import Spot
from limner.core.watching import Change, Method, Reading, ReadingVerdict
from limner.evals.comparison import holm
from limner.evals.mistakes import binomial_tail

LEAST_DB = 40.0  # PSNR below which two pictures are told apart; rounding on other machines is above
SURE = 0.01  # p of fewer passing, over all checks together
MOST_PAIRS = 4  # that an alarm shows
PICTURES = "canary.pictures"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One picture as it was kept and as it came again.

    Attributes:
        before, after: image_ids; ``None`` where there was no picture.
        psnr_db: of the two; infinite where they are equal, 0 where only one is there.
        passed_before, passed_after: by check; what could not be judged is left out.
    """

    spot: Spot
    before: str | None
    after: str | None
    psnr_db: float
    passed_before: Mapping[str, bool]
    passed_after: Mapping[str, bool]

    @property
    def images(self) -> tuple[str, ...]:
        """Both, the kept one first."""
        return tuple(one for one in (self.before, self.after) if one is not None)

    def is_flipped(self, check: str) -> bool:
        """Whether a check says another thing of it now, or says nothing any more."""
        return self.passed_before.get(check) != self.passed_after.get(check)


def read_pairs(
    pairs: Sequence[Pair], checks: Sequence[str], *, is_same_model: bool
) -> list[tuple[Reading, Change]]:
    """A reading of the pictures and one of each check, each with what it says in a sentence.

    Args:
        pairs: at least one.
        checks: names of the suite's checks.
        is_same_model: the model's files and version are what they were.
    """
    found = [_read_pictures(pairs, is_same_model=is_same_model)]
    judged = [one for one in checks if any(one in pair.passed_before for pair in pairs)]
    if is_same_model:
        return [*found, *(_read_flips(pairs, check) for check in judged)]
    p_values = holm([_fewer_p(pairs, check) for check in judged])
    return [
        *found,
        *(_read_shares(pairs, one, p) for one, p in zip(judged, p_values, strict=True)),
    ]


def _read_pictures(pairs: Sequence[Pair], *, is_same_model: bool) -> tuple[Reading, Change]:
    other = sorted((one for one in pairs if one.psnr_db < LEAST_DB), key=lambda one: one.psnr_db)
    why = "though the model is the same" if is_same_model else "as another model draws"
    note = f"{len(other)} of {len(pairs)} pictures look different, {why}."
    if not other:
        note = f"All {len(pairs)} pictures look the same."
    limit = 1.0 if is_same_model else None
    return _told(PICTURES, note, float(len(other)), limit, len(pairs), other)


def _read_flips(pairs: Sequence[Pair], check: str) -> tuple[Reading, Change]:
    flipped = [one for one in pairs if one.is_flipped(check)]
    note = f"The check {check!r} says another thing of {len(flipped)} of {len(pairs)} pictures."
    if not flipped:
        note = f"The check {check!r} says the same of all {len(pairs)} pictures."
    return _told(
        f"canary.{check}",
        note,
        float(len(flipped)),
        1.0,
        len(pairs),
        flipped,
        _shares(pairs, check),
    )


def _read_shares(pairs: Sequence[Pair], check: str, p_value: float) -> tuple[Reading, Change]:
    before, after = _shares(pairs, check)
    note = f"{100 * after:.0f} % of the pictures pass {check!r}, {100 * before:.0f} % did."
    lost = [one for one in pairs if one.is_flipped(check) and one.passed_before.get(check)]
    return _told(
        f"canary.{check}",
        note,
        -math.log10(p_value),
        -math.log10(SURE),
        len(pairs),
        lost,
        (before, after),
    )


def _told(
    measure: str,
    note: str,
    value: float,
    limit: float | None,
    num: int,
    shown: Sequence[Pair],
    shares: tuple[float, float] | None = None,
) -> tuple[Reading, Change]:
    is_alarm = limit is not None and value >= limit
    before, after = shares or (None, None)
    reading = Reading(
        measure=measure,
        method=Method.CANARY,
        verdict=ReadingVerdict.ALARM if is_alarm else ReadingVerdict.QUIET,
        num_reference=num,
        num_new=num,
        position=num,
        value=value,
        limit=limit,
        before=before,
        after=after,
        note=note,
    )
    examples = tuple(image for pair in shown[:MOST_PAIRS] for image in pair.images)
    return reading, Change(measure=measure, note=note, examples=examples)


def _shares(pairs: Sequence[Pair], check: str) -> tuple[float, float]:
    """Share that passes before and after; what is not judged any more does not pass."""
    judged = [one for one in pairs if check in one.passed_before]
    before = sum(one.passed_before[check] for one in judged)
    after = sum(one.passed_after.get(check, False) for one in judged)
    return before / len(judged), after / len(judged)


def _fewer_p(pairs: Sequence[Pair], check: str) -> float:
    """P that no fewer pass, by an exact sign test over prompts: pictures of one are alike.

    Source: Dixon and Mood 1946, doi:10.1080/01621459.1946.10501898.
    """
    change: dict[str, int] = {}
    for one in pairs:
        if check in one.passed_before:
            gained = one.passed_after.get(check, False) - one.passed_before[check]
            change[one.spot.case_id] = change.get(one.spot.case_id, 0) + gained
    num_better = sum(one > 0 for one in change.values())
    num_changed = sum(one != 0 for one in change.values())
    return binomial_tail(num_better, num_changed, 0.5)
