"""How often a check says what people say of the same pictures: kept as evidence that ends.

People's words about single pictures of a run come from `eval_runs.correct_score`, whether they
confirm the check or not. Which pictures they looked at is theirs to choose, so the share is about
those pictures. It is evidence like any other: a gate may ask for it by ``<check>.agreement``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from limner.core.errors import BadInput
from limner.core.evidence import AGREEMENT, Basis, Evidence
from limner.core.judging import CheckCard, Verdict
from limner.core.runs import Run, RunScore, Spot
from limner.evals.comparison import clustered_share
from limner.evals.intervals import CONFIDENCE
from limner.evals.suite import Suite
from limner.store.evidence import add_evidence
from limner.studio.eval_report import data_sha256
from limner.studio.eval_runs import judged_by_sha256, suite_of
from limner.studio.parts import Parts

# Shapes: P prompts, S seeds.

HOLDS_DAYS = 180
MOST_DAYS = 730


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How often a check says what people say of the same pictures of this model.

    Attributes:
        question: of the check.
        ends_at: UTC.
        holds: it has not ended, and nothing it was measured on has changed.
    """

    check: str
    question: str
    evidence: Evidence
    ends_at: datetime
    holds: bool


def keep_agreement(parts: Parts, run: Run, *, days: int = HOLDS_DAYS) -> list[Evidence]:
    """Keep how far each check of a run agrees with people; one piece of evidence a check.

    Args:
        parts: of the studio.
        run: of any model; what is kept is about this model.
        days: from the last answer on, after which it counts no more, 1 to 730.

    Returns:
        What was kept, in the order of the suite's checks.

    Raises:
        BadInput: `days` is out of range, or nobody has said anything of these pictures.
    """
    if not 1 <= days <= MOST_DAYS:
        raise BadInput(f"The agreement would hold {days} days; allowed are 1 to {MOST_DAYS}.")
    suite, scores = suite_of(run), parts.store.runs.scores(run.run_id)
    found = [_agreement(run, suite, scores, check, days) for check in suite.checks]
    kept = [one for one in found if one is not None]
    if not kept:
        raise BadInput(
            f"Nobody has said yet what they see in the pictures of {run.run_id}.",
            hint="`limner eval correct` takes a word on a picture, to confirm a check or not.",
        )
    now = parts.read_clock()
    with parts.store.models.writing(now) as connection:
        add_evidence(connection, kept, now)
    return kept


def agreements_of(
    newest: Sequence[Evidence],
    basis: Mapping[str, Basis],
    cards: Mapping[str, CheckCard],
    now: datetime,
    unfair: Set[str] = frozenset(),
) -> tuple[Agreement, ...]:
    """Those among the newest evidence on a model, by check and suite.

    Args:
        newest: evidence on one model.
        basis: by suite, what it would be measured on now; a suite that is gone has none.
        cards: of the checks there are.
        now: the time now, UTC.
        unfair: hashes of evidence by labels of whoever is interested; it does not hold.
    """
    found: list[Agreement] = []
    for one in newest:
        check, _, last = one.metric.rpartition(".")
        if last != AGREEMENT or one.expires_at is None:
            continue
        found.append(
            Agreement(
                check=check,
                question=cards[check].question if check in cards else check,
                evidence=one,
                ends_at=one.expires_at,
                holds=(
                    one.expires_at > now
                    and basis.get(one.suite) == one.basis
                    and one.sha256 not in unfair
                ),
            )
        )
    return tuple(sorted(found, key=lambda one: (one.check, one.evidence.suite)))


def _agreement(
    run: Run, suite: Suite, scores: Sequence[RunScore], check: str, days: int
) -> Evidence | None:
    """``None`` where people said nothing that can be held against the check."""
    of_check = [one for one in scores if one.check == check]
    said = {one.spot: one.verdict for one in of_check if not one.is_correction}
    words = {(one.spot, one.author): one for one in of_check if one.author}
    told = [one for one in words.values() if said.get(one.spot, Verdict.ERROR) != Verdict.ERROR]
    estimate = clustered_share(_alike_PS(suite, said, told))
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return None
    measured_at = max(one.scored_at for one in told)
    return Evidence(
        metric=f"{check}.{AGREEMENT}",
        suite=run.suite,
        estimate=estimate.value,
        low=min(estimate.low, estimate.value),
        high=max(estimate.high, estimate.value),
        confidence=CONFIDENCE,
        num=len({one.spot.case_id for one in told}),
        run=run.run_id,
        started_at=run.started_at,
        measured_at=measured_at,
        basis=Basis(
            model_sha256=run.model_sha256,
            suite_sha256=run.suite_sha256,
            checks_sha256=judged_by_sha256(run, [one for one in scores if not one.is_correction]),
            criteria_sha256=run.criteria_sha256,
            data_sha256=data_sha256(suite),
        ),
        labelled_by=tuple(sorted({one.author for one in told})),
        expires_at=measured_at + timedelta(days=days),
    )


def _alike_PS(
    suite: Suite, said: dict[Spot, Verdict], words: Sequence[RunScore]
) -> NDArray[np.float64]:
    """Share of people's words that are the check's, by prompt and seed; NaN where there is none."""
    prompts = {case.id: at for at, case in enumerate(suite.cases)}
    seeds = {seed: at for at, seed in enumerate(suite.seeds)}
    num_PS = np.zeros((len(prompts), len(seeds)))
    alike_PS = np.zeros_like(num_PS)
    for one in words:
        at = prompts[one.spot.case_id], seeds[one.spot.seed]
        is_passed = said[one.spot] is Verdict.PASS
        num_PS[at] += 1
        alike_PS[at] += is_passed == (one.verdict is Verdict.PASS)
    return np.divide(alike_PS, num_PS, out=np.full_like(num_PS, np.nan), where=num_PS > 0)
