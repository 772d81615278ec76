"""What a report on a run says: numbers with intervals, slices, aspects, and pictures that failed.

Gathered here once, for the page, Markdown and JSON alike. Evidence for gates is made here too.
"""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from PIL import Image as PillowImage

from limner.core.errors import BadInput
from limner.core.evidence import Basis, Evidence
from limner.core.hashing import sha256_of_document
from limner.core.judging import Verdict
from limner.core.runs import Run, RunPicture, RunScore
from limner.evals.intervals import CONFIDENCE, Estimate
from limner.evals.measuring import (
    Metric,
    aspect_grid,
    in_force,
    measure,
    results_document,
    worst_cases,
)
from limner.evals.suite import Aspect, Case, Suite
from limner.store.evidence import add_evidence
from limner.studio.criteria_use import open_criteria
from limner.studio.eval_compare import Compared, compare_runs
from limner.studio.eval_runs import suite_of
from limner.studio.parts import Parts

PICTURE_PX = 128
NUM_WORST = 12
PICTURES_EACH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPicture:
    """One picture on a report.

    Attributes:
        data_url: a small copy; empty where there is no picture, and `fault` says why.
        failed: names of the checks it did not pass.
    """

    image_id: str
    seed: int
    data_url: str
    fault: str
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCase:
    """A case that failed, with its pictures."""

    case: Case
    num_failed: int
    num_judged: int
    pictures: tuple[ShownPicture, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything a report on one run says.

    Attributes:
        is_whole: the run is at its end.
        grid: all twelve aspects; an empty one was not measured.
        faults: how many pictures there are not, by the code of what came instead.
        num_corrected: scores that a person put in place of a check's.
        seconds_median: wall time of a picture; ``None`` where none was drawn.
        criteria_sha256: cited; empty where there are none.
        is_post_hoc: they were frozen after the run began, or never.
        compared: with another run; ``None`` where none was asked.
    """

    run: Run
    suite: Suite
    metrics: tuple[Metric, ...]
    grid: dict[Aspect, tuple[tuple[str, Estimate], ...]]
    worst: tuple[ShownCase, ...]
    num_pictures: int
    is_whole: bool
    faults: dict[str, int]
    num_corrected: int
    seconds_median: float | None
    drawn_until: datetime
    criteria_sha256: str
    is_post_hoc: bool
    compared: Compared | None

    @property
    def results_sha256(self) -> str:
        """Tagged hash of the numbers."""
        return sha256_of_document(results_document(self.metrics))

    def to_document(self) -> dict[str, object]:
        """JSON form, without pictures."""
        return {
            "format": "limner.report/1",
            "run": self.run.run_id,
            "suite": {"name": self.suite.name, "sha256": self.run.suite_sha256},
            "model": {"name": self.run.model, "sha256": self.run.model_sha256},
            "checks_sha256": self.run.checks_sha256,
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
            "aspects": {
                str(aspect): {name: one.value for name, one in found} or "not measured"
                for aspect, found in self.grid.items()
            },
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


def report_on(
    parts: Parts, run: Run, *, against: Run | None = None, criteria: str | None = None
) -> Report:
    """Gather a report.

    Args:
        parts: of the studio.
        run: that is reported on.
        against: an earlier run of the same suite to compare with.
        criteria: file, ``personal`` or ``team`` to cite; left out, those in force when it began.

    Raises:
        BadInput: the run has no pictures, or the two cannot be compared.
        CriteriaInvalid: the criteria are not allowed.
    """
    suite, pictures = suite_of(run), parts.store.runs.pictures(run.run_id)
    scores = parts.store.runs.scores(run.run_id)
    if not any(one.image_id for one in pictures) and not scores:
        raise BadInput(
            f"The run {run.run_id} has no pictures, so there is nothing to report.",
            code="run_empty",
            hint="The same `limner eval run` again goes on with it.",
        )
    metrics = tuple(measure(suite, scores))
    seconds = [one.seconds for one in pictures if one.image_id is not None]
    cited = run.criteria_sha256 if criteria is None else open_criteria(parts, criteria).sha256
    return Report(
        run=run,
        suite=suite,
        metrics=metrics,
        grid=aspect_grid(suite, metrics),
        worst=_worst(parts, suite, pictures, scores),
        num_pictures=len(pictures),
        is_whole=len(pictures) == suite.num_pictures,
        faults=dict(Counter(one.fault for one in pictures if one.fault)),
        num_corrected=sum(bool(one.author) for one in in_force(scores)),
        seconds_median=median(seconds) if seconds else None,
        drawn_until=max(one.drawn_at for one in pictures),
        criteria_sha256=cited,
        is_post_hoc=is_post_hoc(parts, run, cited),
        compared=None if against is None else compare_runs(parts, against, run),
    )


def is_post_hoc(parts: Parts, run: Run, criteria_sha256: str) -> bool:
    """Whether criteria were frozen only after a run began, or never; none cannot be."""
    if not criteria_sha256:
        return False
    frozen_at = parts.store.frozen_at(criteria_sha256)
    return frozen_at is None or frozen_at > run.started_at


def evidence_of(parts: Parts, report: Report) -> list[Evidence]:
    """What a whole run gives gates to go by: a share for every check, and for every slice.

    Metrics are called ``<check>.pass_rate``; slices ``<name>=<value>``. Where a check could not
    judge everything it was asked to, it gives no evidence.

    Raises:
        BadInput: the run is not at its end.
    """
    run = report.run
    if not report.is_whole:
        raise BadInput(f"The run {run.run_id} is not at its end, so it is evidence of nothing.")
    basis = Basis(
        model_sha256=run.model_sha256,
        suite_sha256=run.suite_sha256,
        checks_sha256=run.checks_sha256,
        criteria_sha256=run.criteria_sha256,
        data_sha256=data_sha256(report.suite),
    )
    found: list[Evidence] = []
    for metric in report.metrics:
        if metric.num_unjudged:
            continue
        measured = [("", metric.estimate, metric.num_prompts)]
        measured += [(f"{s.name}={s.value}", s.estimate, s.num_prompts) for s in metric.slices]
        for part, estimate, num in measured:
            if estimate.value is None or estimate.low is None or estimate.high is None:
                continue
            found.append(
                Evidence(
                    metric=f"{metric.check}.pass_rate",
                    suite=run.suite,
                    slice=part,
                    estimate=estimate.value,
                    low=min(estimate.low, estimate.value),
                    high=max(estimate.high, estimate.value),
                    confidence=CONFIDENCE,
                    num=num,
                    run=run.run_id,
                    started_at=run.started_at,
                    measured_at=report.drawn_until,
                    basis=basis,
                    asked_by=parts.requester,
                )
            )
    return found


def keep_evidence(parts: Parts, report: Report) -> int:
    """Keep what a whole run gives gates to go by; how many numbers. Errors as `evidence_of`."""
    evidence, now = evidence_of(parts, report), parts.read_clock()
    with parts.store.models.writing(now) as connection:
        add_evidence(connection, evidence, now)
    return len(evidence)


def data_sha256(suite: Suite) -> str:
    """Tagged hash of what a suite measures on: its prompts and seeds."""
    return sha256_of_document(
        {
            "seeds": list(suite.seeds),
            "prompts": {case.id: case.asked.to_document() for case in suite.cases},
        }
    )


def _worst(
    parts: Parts, suite: Suite, pictures: Sequence[RunPicture], scores: Sequence[RunScore]
) -> tuple[ShownCase, ...]:
    cases = {case.id: case for case in suite.cases}
    failed: dict[object, list[str]] = {}
    for one in in_force(scores):
        if one.verdict not in (Verdict.PASS, Verdict.ERROR):
            failed.setdefault(one.spot, []).append(one.check)
    shown: list[ShownCase] = []
    for worst in worst_cases(suite, scores, NUM_WORST):
        of_case = [one for one in pictures if one.spot.case_id == worst.case_id]
        of_case.sort(key=lambda one: -len(failed.get(one.spot, ())))
        shown.append(
            ShownCase(
                case=cases[worst.case_id],
                num_failed=worst.num_failed,
                num_judged=worst.num_judged,
                pictures=tuple(
                    _shown(parts, one, tuple(failed.get(one.spot, ())))
                    for one in of_case[:PICTURES_EACH]
                ),
            )
        )
    return tuple(shown)


def _shown(parts: Parts, picture: RunPicture, failed: tuple[str, ...]) -> ShownPicture:
    record = None if picture.image_id is None else parts.store.image_by_id(picture.image_id)
    content = None if record is None else parts.store.read_image(record)
    return ShownPicture(
        image_id=picture.image_id or "",
        seed=picture.spot.seed,
        data_url="" if content is None else _data_url(content),
        fault=picture.fault or ("erased" if content is None else ""),
        failed=failed,
    )


def _data_url(content: bytes) -> str:
    """A small copy of a picture as a data URL, WebP."""
    with PillowImage.open(io.BytesIO(content)) as opened:
        small = opened.convert("RGBA")
        small.thumbnail((2 * PICTURE_PX, 2 * PICTURE_PX))
        buffer = io.BytesIO()
        small.save(buffer, "WEBP", quality=82)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
