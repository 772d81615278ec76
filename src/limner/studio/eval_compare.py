"""Comparing two runs of one suite, and saying beforehand what such a comparison can see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from limner.core.errors import BadInput
from limner.core.runs import Run, RunScore
from limner.evals.comparison import (
    LEAST_SEEDS,
    Difference,
    compare,
    detectable_difference,
    same_model_winners,
)
from limner.evals.measuring import cards_by_check, in_force, outcomes_of
from limner.evals.suite import Suite
from limner.studio.eval_runs import suite_of
from limner.studio.parts import Parts

CHANCE = 20261124  # where resamples come from, so that the same runs give the same answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two runs of one suite beside each other.

    Attributes:
        differences: by check, second minus first.
        detectable: smallest difference that would be called in 4 of 5 comparisons, by check.
        not_compared: checks that judged pictures of one run, and in the other none of the same.
        first_against_itself: checks by which the first run wins against itself; any is an alarm.
        second_against_itself: the same of the second.
    """

    first: Run
    second: Run
    differences: dict[str, Difference]
    detectable: dict[str, float]
    not_compared: tuple[str, ...]
    first_against_itself: tuple[str, ...]
    second_against_itself: tuple[str, ...]

    def to_document(self) -> dict[str, object]:
        """JSON form."""
        return {
            "first": {"run": self.first.run_id, "model": self.first.model},
            "second": {"run": self.second.run_id, "model": self.second.model},
            "suite": self.first.suite,
            "differences": {name: asdict(one) for name, one in self.differences.items()},
            "detectable": self.detectable,
            "not_compared": list(self.not_compared),
            "first_against_itself": list(self.first_against_itself),
            "second_against_itself": list(self.second_against_itself),
        }


def foreseen(suite: Suite) -> dict[str, float]:
    """What a comparison by this suite could see, before anything is drawn; 0-1 by check.

    It is assumed that seven in ten pictures are right, that half of the variance is the prompt's,
    and that the two models find the same prompts hard by half.
    """
    asked = {
        check: sum(check in case.asked.kinds for case in suite.cases) or len(suite.cases)
        for check in suite.checks
    }
    return {
        check: detectable_difference(num, len(suite.seeds), len(asked))
        for check, num in asked.items()
    }


def compare_runs(parts: Parts, first: Run, second: Run) -> Compared:
    """Compare two runs of one suite by every check.

    Raises:
        BadInput: they are of other suites or judged by other checks, one is not at its end, or
            there are fewer than 4 seeds.
    """
    suite = suite_of(first)
    _require_alike(parts, suite, first, second)
    scores = [in_force(parts.store.runs.scores(run.run_id)) for run in (first, second)]
    _require_judged_alike(*scores)
    rng = np.random.default_rng(CHANCE)
    pairs = {
        check: (outcomes_of(suite, scores[0], check), outcomes_of(suite, scores[1], check))
        for check in suite.checks
    }
    asked = {check: pair for check, pair in pairs.items() if np.isfinite(pair[0] + pair[1]).any()}
    judged = [check for check, pair in pairs.items() if any(np.isfinite(one).any() for one in pair)]
    differences = compare(asked, rng)
    return Compared(
        first=first,
        second=second,
        differences=differences,
        detectable={
            check: detectable_difference(one.difference.num, len(suite.seeds), len(differences))
            for check, one in differences.items()
        },
        not_compared=tuple(one for one in judged if one not in asked),
        first_against_itself=_against_itself(suite, scores[0], rng),
        second_against_itself=_against_itself(suite, scores[1], rng),
    )


def _require_alike(parts: Parts, suite: Suite, first: Run, second: Run) -> None:
    if first.suite_sha256 != second.suite_sha256:
        raise BadInput(
            f"The runs are of other suites ({first.suite!r} {first.suite_sha256[7:15]} and "
            f"{second.suite!r} {second.suite_sha256[7:15]}); only runs of the same can be compared."
        )
    if len(suite.seeds) < LEAST_SEEDS:
        raise BadInput(
            f"The suite has {len(suite.seeds)} seeds; a comparison needs at least {LEAST_SEEDS}."
        )
    for run in (first, second):
        num = len(parts.store.runs.pictures(run.run_id))
        if num < suite.num_pictures:
            raise BadInput(
                f"The run {run.run_id} has {num} of {suite.num_pictures} pictures.",
                hint="The same `limner eval run` again goes on with it.",
            )


def _require_judged_alike(first: Sequence[RunScore], second: Sequence[RunScore]) -> None:
    """By the scores in force, as a run may have been scored again since it was drawn."""
    ours, theirs = cards_by_check(first), cards_by_check(second)
    other = sorted(check for check in ours.keys() & theirs if ours[check] != theirs[check])
    if other:
        raise BadInput(
            f"The runs were judged by other versions of these checks: {', '.join(other)}.",
            hint="Score the older one again by `limner eval score`, or run the suite again.",
        )


def _against_itself(
    suite: Suite, scores: Sequence[RunScore], rng: np.random.Generator
) -> tuple[str, ...]:
    return same_model_winners(
        {check: outcomes_of(suite, scores, check) for check in suite.checks}, rng
    )
