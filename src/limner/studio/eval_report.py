"""What a report on a run says: numbers with intervals, slices, aspects, and pictures that failed.

Gathered here once, for the page, Markdown and JSON alike. Evidence for gates is made here too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from statistics import median
from typing import NamedTuple

from limner.core.errors import BadInput
from limner.core.evidence import SHARE, Basis, Evidence
from limner.core.hashing import sha256_of_document
from limner.core.runs import Run
from limner.evals.acceptance import Accepted, Trust, accept, trust_in
from limner.evals.intervals import CONFIDENCE, Estimate
from limner.evals.measuring import (
    Metric,
    aspect_grid,
    in_force,
    measure,
    results_document,
)
from limner.evals.suite import Aspect, Suite
from limner.store.evidence import add_evidence
from limner.store.evidence import evidence_of as standing_of_model
from limner.studio.criteria_use import open_criteria
from limner.studio.drawing_evidence import drawing_evidence
from limner.studio.eval_compare import Compared, compare_runs
from limner.studio.eval_pictures import ShownCase, every_shown, worst_shown
from limner.studio.eval_runs import judged_by_sha256, suite_of
from limner.studio.eval_scorecard import (
    AxisName,
    Fact,
    JudgedClaim,
    Measured,
    judge_claims,
    other_runs,
    scorecard,
)
from limner.studio.parts import Parts

MOST_WATTS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything a report on one run says.

    Attributes:
        is_whole: the run is at its end.
        grid: all twelve aspects; an empty one was not measured.
        elsewhere: whole runs of other suites by the same model, for what this one has not.
        accepted: pictures on which nothing failed that was asked of them.
        trust: how far guesses can be gone by, where there is a truth to hold them against.
        axes: the five on which a model is chosen.
        claims: the maker's, beside what was measured.
        faults: how many pictures there are not, by the code of what came instead.
        num_corrected: scores that a person put in place of a check's.
        seconds_median: wall time of a picture; ``None`` where none was drawn.
        checks_sha256: of the checks whose scores hold, see `eval_runs.judged_by_sha256`.
        criteria_sha256: cited; empty where there are none.
        is_post_hoc: they were frozen after the run began, or never.
        compared: with another run; ``None`` where none was asked.
    """

    run: Run
    suite: Suite
    metrics: tuple[Metric, ...]
    grid: dict[Aspect, tuple[tuple[str, Estimate], ...]]
    elsewhere: tuple[Measured, ...]
    accepted: Accepted
    trust: tuple[Trust, ...]
    axes: dict[AxisName, tuple[Fact, ...]]
    claims: tuple[JudgedClaim, ...]
    worst: tuple[ShownCase, ...]
    num_pictures: int
    is_whole: bool
    faults: dict[str, int]
    num_corrected: int
    seconds_median: float | None
    drawn_until: datetime
    checks_sha256: str
    criteria_sha256: str
    is_post_hoc: bool
    compared: Compared | None

    @property
    def results_sha256(self) -> str:
        """Tagged hash of the numbers."""
        return sha256_of_document(results_document(self.metrics))

    @property
    def not_measured(self) -> tuple[Aspect, ...]:
        """Aspects that this run says nothing of."""
        is_timed = self.seconds_median is not None
        return tuple(
            aspect
            for aspect, found in self.grid.items()
            if not found and not (is_timed and aspect is Aspect.EFFICIENCY)
        )

    def to_document(self) -> dict[str, object]:
        """JSON form, without pictures."""
        return {
            "format": "limner.report/1",
            "run": self.run.run_id,
            "suite": {"name": self.suite.name, "sha256": self.run.suite_sha256},
            "model": {"name": self.run.model, "sha256": self.run.model_sha256},
            "checks_sha256": self.checks_sha256,
            "criteria": {"sha256": self.criteria_sha256, "is_post_hoc": self.is_post_hoc},
            "started_at": self.run.started_at.isoformat(),
            "drawn_until": self.drawn_until.isoformat(),
            "num_pictures": self.num_pictures,
            "is_whole": self.is_whole,
            "faults": self.faults,
            "num_corrected": self.num_corrected,
            "seconds_median": self.seconds_median,
            "results": results_document(self.metrics),
            "results_sha256": self.results_sha256,
            "aspects": self._aspects_document(),
            "elsewhere": {one.run.suite: one.run.run_id for one in self.elsewhere},
            "accepted": asdict(self.accepted),
            "trust": [asdict(one) for one in self.trust],
            "axes": {
                str(axis): [asdict(one) for one in facts] for axis, facts in self.axes.items()
            },
            "claims": [
                {
                    "claim": one.claim.text,
                    "source": one.claim.source,
                    "said_on": one.claim.said_on.isoformat(),
                    "verdict": str(one.verdict),
                    "measured": None if one.measured is None else asdict(one.measured),
                    "run": one.run,
                    "note": one.note,
                }
                for one in self.claims
            ],
            "worst": [
                {
                    "case": one.case.id,
                    "num_failed": one.num_failed,
                    "num_judged": one.num_judged,
                    "images": [picture.image_id for picture in one.pictures],
                }
                for one in self.worst
            ],
            "compared": None if self.compared is None else self.compared.to_document(),
        }

    def _aspects_document(self) -> dict[str, object]:
        told: dict[str, object] = {
            str(aspect): {name: one.value for name, one in found} or "not measured"
            for aspect, found in self.grid.items()
        }
        if Aspect.EFFICIENCY not in self.not_measured:
            told[Aspect.EFFICIENCY] = {"seconds_median": self.seconds_median}
        return told


def report_on(
    parts: Parts,
    run: Run,
    *,
    against: Run | None = None,
    criteria: str | None = None,
    watts: float | None = None,
) -> Report:
    """Gather a report.

    Args:
        parts: of the studio.
        run: that is reported on.
        against: an earlier run of the same suite to compare with.
        criteria: file, ``personal`` or ``team`` to cite; left out, those in force when it began.
        watts: what the machine draws while it works; left out, electricity is not measured.

    Raises:
        BadInput: the run has no pictures, the two cannot be compared, or `watts` is out of range.
        CriteriaInvalid: the criteria are not allowed.
    """
    if watts is not None and not 0 < watts <= MOST_WATTS:
        raise BadInput(f"The machine draws {watts:g} W; allowed is above 0 to {MOST_WATTS:,}.")
    suite, pictures = suite_of(run), parts.store.runs.pictures(run.run_id)
    scores = parts.store.runs.scores(run.run_id)
    if not any(one.image_id for one in pictures) and not scores:
        raise BadInput(
            f"The run {run.run_id} has no pictures, so there is nothing to report.",
            code="run_empty",
            hint="The same `limner eval run` again goes on with it.",
        )
    metrics = tuple(measure(suite, scores))
    elsewhere, accepted = tuple(other_runs(parts, run)), accept(suite, scores)
    measured = (Measured(run=run, suite=suite, metrics=metrics), *elsewhere)
    trust = tuple(trust_in(suite, scores))
    seconds = [one.seconds for one in pictures if one.image_id is not None]
    is_whole = len(pictures) == suite.num_pictures
    cited = run.criteria_sha256 if criteria is None else open_criteria(parts, criteria).sha256
    return Report(
        run=run,
        suite=suite,
        metrics=metrics,
        grid=aspect_grid(suite, metrics),
        elsewhere=elsewhere,
        accepted=accepted,
        trust=trust,
        axes=scorecard(parts, measured, pictures, scores, accepted, trust, watts=watts),
        claims=judge_claims(parts, run.model_sha256, measured if is_whole else elsewhere),
        worst=worst_shown(parts, suite, pictures, scores),
        num_pictures=len(pictures),
        is_whole=is_whole,
        faults=dict(Counter(one.fault for one in pictures if one.fault)),
        num_corrected=sum(one.is_correction for one in in_force(scores)),
        seconds_median=median(seconds) if seconds else None,
        drawn_until=max(one.drawn_at for one in pictures),
        checks_sha256=judged_by_sha256(run, scores),
        criteria_sha256=cited,
        is_post_hoc=is_post_hoc(parts, run, cited),
        compared=None if against is None else compare_runs(parts, against, run),
    )


def pictures_of(parts: Parts, report: Report) -> list[ShownCase]:
    """Every case of the run that is reported on, with its pictures."""
    run_id, runs = report.run.run_id, parts.store.runs
    return list(every_shown(parts, report.suite, runs.pictures(run_id), runs.scores(run_id)))


def is_post_hoc(parts: Parts, run: Run, criteria_sha256: str) -> bool:
    """Whether criteria were frozen only after a run began, or never; none cannot be."""
    if not criteria_sha256:
        return False
    frozen_at = parts.store.frozen_at(criteria_sha256)
    return frozen_at is None or frozen_at > run.started_at


def evidence_of(parts: Parts, report: Report) -> list[Evidence]:
    """What a whole run gives gates to go by: a share for every check, and for every slice.

    Metrics are called ``<check>.pass_rate``; slices ``<name>=<value>``. Where a check could not
    judge everything it was asked to, it gives no evidence. See drawing_evidence.py for the rest.

    Raises:
        BadInput: the run is not at its end.
    """
    run = report.run
    if not report.is_whole:
        raise BadInput(f"The run {run.run_id} is not at its end, so it is evidence of nothing.")
    told = [one for metric in report.metrics for one in _shares_of(metric, report.drawn_until)]
    told += [
        _Number(one.metric, one.unit, "", one.estimate, one.estimate.num, report.drawn_until)
        for one in drawing_evidence(parts, parts.store.runs.pictures(run.run_id))
    ]
    found = (_evidence(parts, report, one) for one in told)
    return [one for one in found if one is not None]


class _Number(NamedTuple):
    """One number of a run, before it is evidence; `num` independent observations."""

    metric: str
    unit: str
    slice: str
    estimate: Estimate
    num: int
    measured_at: datetime
    labelled_by: tuple[str, ...] = ()


def _shares_of(metric: Metric, drawn_until: datetime) -> Iterator[_Number]:
    """The shares of a check; who corrected one of its scores has a part in every slice of it."""
    if metric.num_unjudged:
        return
    # A later correction makes later evidence: of two equally old pieces chance would choose.
    measured_at = max(drawn_until, metric.scored_until or drawn_until)
    shares = [("", metric.estimate, metric.num_prompts)]
    shares += [(f"{one.name}={one.value}", one.estimate, one.num_prompts) for one in metric.slices]
    for part, estimate, num in shares:
        yield _Number(
            metric=f"{metric.check}.pass_rate",
            unit=SHARE,
            slice=part,
            estimate=estimate,
            num=num,
            measured_at=measured_at,
            labelled_by=metric.labelled_by,
        )


def _evidence(parts: Parts, report: Report, told: _Number) -> Evidence | None:
    """The evidence a number is; ``None`` where it has no bounds."""
    run, estimate = report.run, told.estimate
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return None
    return Evidence(
        metric=told.metric,
        suite=run.suite,
        slice=told.slice,
        unit=told.unit,
        estimate=estimate.value,
        low=min(estimate.low, estimate.value),
        high=max(estimate.high, estimate.value),
        confidence=CONFIDENCE,
        num=told.num,
        run=run.run_id,
        started_at=run.started_at,
        measured_at=told.measured_at,
        basis=Basis(
            model_sha256=run.model_sha256,
            suite_sha256=run.suite_sha256,
            checks_sha256=report.checks_sha256,
            criteria_sha256=run.criteria_sha256,
            data_sha256=data_sha256(report.suite),
        ),
        asked_by=parts.requester,
        labelled_by=told.labelled_by,
    )


def keep_evidence(parts: Parts, report: Report) -> int:
    """Keep what a whole run gives gates to go by; how many numbers. Errors as `evidence_of`."""
    evidence, now = evidence_of(parts, report), parts.read_clock()
    with parts.store.models.writing(now) as connection:
        add_evidence(connection, evidence, now)
    return len(evidence)


def renew_evidence(parts: Parts, run: Run) -> None:
    """Keep anew what a run gives gates to go by, after a check or a person said otherwise of it.

    Only in place of what gates go by now: what has ended, or a later run measured otherwise, does
    not come back. Who asked for the run stays who asked.
    """
    with parts.store.models.reading() as connection:
        standing = standing_of_model(connection, run.model_sha256)
    newest = {(one.metric, one.slice): one for one in standing if one.suite == run.suite}
    before = {about: one for about, one in newest.items() if one.run == run.run_id}
    if not before:
        return
    renewed = [
        replace(one, asked_by=before[one.metric, one.slice].asked_by)
        for one in evidence_of(parts, report_on(parts, run))
        if (one.metric, one.slice) in before
    ]
    now = parts.read_clock()
    with parts.store.models.writing(now) as connection:
        add_evidence(connection, renewed, now)


def data_sha256(suite: Suite) -> str:
    """Tagged hash of what a suite measures on: its prompts and seeds."""
    return sha256_of_document(
        {
            "seeds": list(suite.seeds),
            "prompts": {case.id: case.asked.to_document() for case in suite.cases},
        }
    )
