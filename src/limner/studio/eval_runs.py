"""Running a suite: every case is drawn once and stored, and its pictures are judged; resumable.

A case is the unit: its pictures and their scores are stored together, so a killed run goes on with
the next case and ends with the numbers it would have had. Pictures of a run are stored with their
recipes and are never released: nothing decides that they may leave.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import NamedTuple
from uuid import uuid4

from limner.core.errors import BadInput, NotFound
from limner.core.evidence import checks_sha256
from limner.core.hashing import sha256_of_document
from limner.core.judging import Verdict
from limner.core.models import model_sha256
from limner.core.runs import RUN_FORMAT, Run, RunPicture, RunScore, Spot
from limner.evals.measuring import (
    Metric,
    cards_by_check,
    in_force,
    measure,
    results_document,
)
from limner.evals.specification import Asked
from limner.evals.suite import Aspect, Case, Suite, Way
from limner.store.evidence import freeze_gate
from limner.studio.eval_drawing import draw_case, other_generators, read_picture, require_ways
from limner.studio.eval_judging import Checks, judge_case
from limner.studio.gate_file import gate_in_force
from limner.studio.parts import Parts
from limner.studio.suite_file import require_checks

OnCase = Callable[[int, int], None]

# Keys of a run's document; runs of earlier versions have none of them.
DEFAULTS = "defaults"  # of the model: what it is drawn with, as a suite asks for none
PRECISION = "precision"  # the setting
CANARIES = "canaries"  # the canary set that is drawn again; left out where somebody asked


class Rescored(NamedTuple):
    """What scoring a stored run again came to.

    Attributes:
        num_scores: that were made anew.
        num_changed: of those that differ from the stored one by the same check.
        num_new: of those whose check was not the one that judged before; they are added.
        num_lost: pictures that are not stored any more, and so keep the scores they have.
    """

    num_scores: int
    num_changed: int
    num_new: int
    num_lost: int


def begin_run(parts: Parts, suite: Suite, checks: Checks, *, canary_id: str = "") -> Run:
    """Store a run before its first picture; criteria and gate in force are frozen before it.

    Args:
        parts: of the studio.
        suite: that is drawn.
        checks: that judge.
        canary_id: of the canary set that it draws again; empty where somebody asked for the run.

    Raises:
        GateInvalid: the gate in force cannot be read.
        SuiteInvalid: a check is not there.
        BadInput: it draws pictures again in ways this studio cannot.
    """
    run, gate = run_now(parts, suite, checks, canary_id=canary_id), gate_in_force(parts.settings)
    if parts.judge.criteria is not None:
        parts.store.freeze(parts.judge.criteria, run.started_at)
    with parts.store.models.writing(run.started_at) as connection:
        freeze_gate(connection, gate, run.started_at)
    parts.store.runs.begin(run)
    return run


def unfinished_run(
    parts: Parts, suite: Suite, checks: Checks, *, canary_id: str = ""
) -> Run | None:
    """The newest run by exactly these parts, suite and checks that is not at its end.

    A canary set goes on with its own redraws only, and nobody else with those: either may be in
    the hands of a process that is still drawing. Arguments as `begin_run`.
    """
    wanted = run_now(parts, suite, checks, canary_id=canary_id)
    for run in parts.store.runs.newest():
        is_same = is_drawn_alike(run, wanted) and run.criteria_sha256 == wanted.criteria_sha256
        is_same = is_same and _says_alike(run, wanted, PRECISION)
        is_same = is_same and run.document.get(CANARIES, "") == canary_id
        if is_same and len(parts.store.runs.pictures(run.run_id)) < suite.num_pictures:
            return run
    return None


def is_drawn_alike(run: Run, other: Run) -> bool:
    """Whether two runs are of the same suite, model and checks, by their hashes and defaults."""
    hashes = [(one.suite_sha256, one.model_sha256, one.checks_sha256) for one in (run, other)]
    return hashes[0] == hashes[1] and _says_alike(run, other, DEFAULTS)


def _says_alike(run: Run, other: Run, key: str) -> bool:
    said = [one.document.get(key) for one in (run, other)]
    return None in said or said[0] == said[1]


def draw_run(parts: Parts, run: Run, checks: Checks, on_case: OnCase | None = None) -> list[Metric]:
    """Draw and judge what a run still lacks, case by case.

    Args:
        parts: of the studio.
        run: from `begin_run` or `unfinished_run`.
        checks: that judge.
        on_case: told cases done and cases in all.

    Returns:
        The numbers of the whole run.

    Raises:
        StorageUnavailable: something cannot be written; what is finished stays.
    """
    suite = suite_of(run)
    done = {one.spot.case_id for one in parts.store.runs.pictures(run.run_id)}
    others = other_generators(parts, suite)
    # A mark is by this install's own key: with it, no other install would get the same numbers.
    parts = parts.with_settings(replace(parts.settings, mark=False))
    for number, case in enumerate(suite.cases, start=1):
        if case.id not in done:
            seen = list(draw_case(parts, case, suite, others))
            scores = judge_case(case, suite, seen, checks, parts)
            parts.store.runs.add(run.run_id, [one.picture for one in seen], scores)
        if on_case is not None:
            on_case(number, len(suite.cases))
    return _record(parts, run, suite)


def score_run(parts: Parts, run: Run, checks: Checks, on_case: OnCase | None = None) -> Rescored:
    """Judge the stored pictures of a run again; nothing is drawn.

    A score by the same check has to come out the same; one that does not is added and counted. A
    score that a person corrected stays in force.

    Args:
        parts: of the studio.
        run: whose pictures are judged.
        checks: that judge.
        on_case: told cases done and cases in all.
    """
    suite, stored = suite_of(run), parts.store.runs.scores(run.run_id)
    last = {(one.spot, one.check): one for one in stored if not one.is_correction}
    num_scores = num_changed = num_new = num_lost = 0
    for number, (case, pictures) in enumerate(_by_case(parts, run, suite), start=1):
        seen = [read_picture(parts, one) for one in pictures]
        num_lost += sum(one.subject is None and not one.picture.fault for one in seen)
        if any(one.subject is None and not one.picture.fault for one in seen):
            continue
        scores = judge_case(case, suite, seen, checks, parts)
        added: list[RunScore] = []
        for one in scores:
            was = last.get((one.spot, one.check))
            if was is None or was.said != one.said:
                is_new = was is None or was.card_sha256 != one.card_sha256
                num_new, num_changed = num_new + is_new, num_changed + (not is_new)
                added.append(one)
        num_scores += len(scores)
        parts.store.runs.add(run.run_id, [], added)
        if on_case is not None:
            on_case(number, len(suite.cases))
    if num_changed or num_new:
        _record_again(parts, run)
    return Rescored(num_scores, num_changed, num_new, num_lost)


def correct_score(
    parts: Parts, run: Run, spot: Spot, check: str, verdict: Verdict, *, author: str, reason: str
) -> RunScore:
    """Add what a person says in place of a check; the check's own score stays.

    Raises:
        BadInput: no author, no reason, or a verdict nobody can give.
        NotFound: the run has no such score.
    """
    if not author.strip() or not reason.strip():
        raise BadInput("A correction needs the name of its author and a reason.")
    if verdict not in (Verdict.PASS, Verdict.FAIL):
        raise BadInput(f"A correction is pass or fail, not {str(verdict)!r}.")
    stored = [
        one
        for one in parts.store.runs.scores(run.run_id)
        if one.spot == spot and one.check == check
    ]
    if not stored:
        raise NotFound(
            f"The run {run.run_id} has no score by {check!r} of case {spot.case_id!r}, seed "
            f"{spot.seed}.",
            code="score_unknown",
        )
    score = RunScore(
        spot=spot,
        check=check,
        card_sha256=stored[-1].card_sha256,
        verdict=verdict,
        score=None,
        cause="",
        scored_at=parts.read_clock(),
        author=author.strip(),
        reason=reason.strip(),
    )
    parts.store.runs.add(run.run_id, [], [score])
    _record_again(parts, run)
    return score


def _record(parts: Parts, run: Run, suite: Suite) -> list[Metric]:
    """Write into the ledger what a run came to."""
    metrics = measure(suite, parts.store.runs.scores(run.run_id))
    results_sha256 = sha256_of_document(results_document(metrics))
    parts.store.runs.finish(run, results_sha256, parts.read_clock())
    return metrics


def _record_again(parts: Parts, run: Run) -> None:
    """The same of a run whose scores are others than before, if it is at its end."""
    suite = suite_of(run)
    if len(parts.store.runs.pictures(run.run_id)) == suite.num_pictures:
        _record(parts, run, suite)


def judged_by_sha256(run: Run, scores: Sequence[RunScore]) -> str:
    """Tagged hash of the checks whose scores hold: the run's own, unless it was scored again.

    Where a check holds by several of its versions it stands with all of them, so that this is the
    hash of no set of checks.
    """
    cards = {name: {str(one["sha256"])} for name, one in run.document["checks"].items()}
    cards |= cards_by_check(in_force(scores))
    return sha256_of_document(
        {name: next(iter(of)) if len(of) == 1 else sorted(of) for name, of in cards.items()}
    )


def find_run(parts: Parts, name: str) -> Run:
    """A run by its id, or the newest for ``last``.

    Raises:
        NotFound: there is none.
    """
    if name == "last":
        found = next(iter(parts.store.runs.newest(limit=1)), None)
    else:
        found = parts.store.runs.find(name)
    if found is None:
        raise NotFound(
            f"There is no run {name!r} here.",
            code="run_unknown",
            hint="`limner eval list` lists them.",
        )
    return found


def suite_of(run: Run) -> Suite:
    """The suite a run was made with, as it was then."""
    document = run.document["suite"]
    cases = tuple(
        Case(
            id=one["id"],
            asked=Asked(**one["asked"]),
            twin_of=one["twin_of"],
            slices=one["slices"],
            must_refuse=one["must_refuse"],
        )
        for one in document["cases"]
    )
    return Suite(
        name=document["name"],
        version=document["version"],
        question=document["question"],
        owner=document["owner"],
        review_by=date.fromisoformat(document["review_by"]),
        seeds=tuple(document["seeds"]),
        checks=tuple(document["checks"]),
        aspects={Aspect(key): tuple(names) for key, names in document["aspects"].items()},
        ways=tuple(Way(one) for one in document["ways"]),
        cases=cases,
    )


def run_now(parts: Parts, suite: Suite, checks: Checks, *, canary_id: str = "") -> Run:
    """A run as it would begin now; nothing is stored. Arguments and errors as `begin_run`."""
    require_checks(suite, checks.cards)
    require_ways(parts, suite)
    card, criteria = parts.generator.card, parts.judge.criteria
    cards = {name: checks.cards[name] for name in suite.checks}
    return Run(
        run_id=f"run-{uuid4().hex[:12]}",
        suite=suite.name,
        suite_sha256=suite.sha256,
        model=f"{card.name}@{card.version}",
        model_sha256=model_sha256(card.name, card.version, card.ingredients),
        checks_sha256=checks_sha256(cards),
        criteria_sha256="" if criteria is None else criteria.sha256,
        started_at=parts.read_clock(),
        document={
            "format": RUN_FORMAT,
            "suite": suite.to_document(),
            "model": {
                "name": card.name,
                "version": card.version,
                "licence": card.licence,
                "ingredients": dict(card.ingredients),
            },
            DEFAULTS: {
                "steps": card.steps.default,
                "guidance": card.guidance.default,
                "sampler": card.samplers[0],
            },
            PRECISION: parts.settings.precision,
            "checks": {
                name: {
                    "version": one.version,
                    "sha256": one.sha256,
                    "question": one.question,
                    "limits": asdict(one.limits),
                }
                for name, one in cards.items()
            },
            "criteria_sha256": None if criteria is None else criteria.sha256,
            "limner": parts.version,
            "python": platform.python_version(),
            **({CANARIES: canary_id} if canary_id else {}),
        },
    )


def _by_case(parts: Parts, run: Run, suite: Suite) -> Iterator[tuple[Case, list[RunPicture]]]:
    pictures: dict[str, list[RunPicture]] = {}
    for one in parts.store.runs.pictures(run.run_id):
        pictures.setdefault(one.spot.case_id, []).append(one)
    for case in suite.cases:
        if case.id in pictures:
            yield case, pictures[case.id]
