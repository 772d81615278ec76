"""What an install publishes: decisions, models, reports, gates, evidence, alarms, by their entries.

Everything told is an entry of the ledger, or is named by one; whoever reads it can hold it against
the exported ledger. Prompts are left out unless they are asked for, and then only those of images
that are released. Names of people are never published.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from limner.core.deciding import Outcome
from limner.core.errors import BadInput
from limner.core.hashing import sha256_of_document
from limner.evals.measuring import aspect_grid, measure, results_document
from limner.store.evidence import standing_evidence
from limner.store.ledger.appending import find_entries
from limner.store.ledger.entries import Entry, Kind
from limner.store.models import find_aliases, find_states
from limner.store.watches import alarms
from limner.studio import log
from limner.studio.eval_report import is_post_hoc
from limner.studio.eval_runs import judged_by_sha256, suite_of
from limner.studio.gate_use import basis_now

if TYPE_CHECKING:
    from limner.core.evidence import Evidence
    from limner.core.models import ModelState
    from limner.core.watching import Alarm
    from limner.studio.parts import Parts

PROVEN = (
    Kind.MODEL_CHANGE,
    Kind.GATE_FROZEN,
    Kind.WAIVER,
    Kind.EVIDENCE,
    Kind.EVIDENCE_ENDED,
    Kind.RUN_BEGUN,
    Kind.RUN_FINISHED,
    Kind.CRITERIA_FROZEN,
    Kind.WATCH_REFERENCE,
    Kind.CANARY_SET,
    Kind.ALARM,
)
"""Kinds whose entries have a proof of their own; decisions are many, and in the export."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From when to when, UTC; ``None`` sets no bound."""

    since: datetime | None = None
    until: datetime | None = None

    def has(self, moment: datetime) -> bool:
        """Whether a moment lies in it; both ends do."""
        is_late = self.since is None or moment >= self.since
        return is_late and (self.until is None or moment <= self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedModel:
    """One version of the registry, without names.

    Attributes:
        aliases: that point at it.
        evidence: about it that holds now, as documents.
        position: of the newest entry of the period about it; ``None`` where there is none.
    """

    label: str
    sha256: str
    stage: str
    licence: str
    card: Mapping[str, Any]
    claims: Sequence[Mapping[str, Any]]
    aliases: Sequence[str]
    evidence: Sequence[Mapping[str, Any]]
    position: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedReport:
    """What a run of a suite came to; no prompt, no name of a case, no picture.

    Attributes:
        position: of the entry that says what it came to.
        results: numbers by check; their hash after RFC 8785 is what the entry says.
        is_as_recorded: it is; else what the numbers are worked out from was changed since.
        is_post_hoc: the criteria were frozen after the run began, or never.
        not_measured: aspects it says nothing of.
    """

    run: str
    suite: str
    suite_sha256: str
    model: str
    model_sha256: str
    checks_sha256: str
    criteria_sha256: str
    started_at: str
    num_pictures: int
    position: int
    results: Mapping[str, Any]
    results_sha256: str
    is_as_recorded: bool
    is_post_hoc: bool
    not_measured: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Everything that is published.

    Attributes:
        decisions: their entries, oldest first.
        prompts: by image_id; empty unless asked for.
        models: as they stand now.
        reports: on runs that were finished, the newest last.
        history: entries about models, gates, waivers, evidence, runs, criteria and alarms.
        alarms: as documents, each with the position of its entry.
        proofs: by position of the entry, the text of its proof.
    """

    made_at: datetime
    period: Period
    decisions: Sequence[Entry]
    prompts: Mapping[str, str]
    models: Sequence[PublishedModel]
    reports: Sequence[PublishedReport]
    history: Sequence[Entry]
    alarms: Sequence[Mapping[str, Any]]
    proofs: Mapping[int, str]


def gather(
    parts: Parts, period: Period, num_entries: int, *, with_prompts: bool = False
) -> Publication:
    """What is published of a period. The ledger is to be exported before, so that it is signed.

    Args:
        parts: of the studio.
        period: of the entries; models are as they stand now.
        num_entries: of the export; what was appended meanwhile could not be held against it.
        with_prompts: whether the prompts of released images are published.

    Raises:
        BadInput: the period ends before it begins.
    """
    if period.since is not None and period.until is not None and period.until < period.since:
        raise BadInput(
            f"The period ends at {period.until.isoformat()}, before it begins at "
            f"{period.since.isoformat()}."
        )
    with parts.store.models.reading() as connection:

        def told(kind: Kind) -> list[Entry]:
            entries = find_entries(connection, kind, before=num_entries)
            return [one for one in entries if period.has(one.recorded_at)]

        decisions = told(Kind.DECISION)
        history = [one for kind in PROVEN for one in told(kind)]
        states, aliases = find_states(connection), find_aliases(connection)
        evidence = standing_evidence(connection)
        told_of = {one.subject for one in history if one.kind == Kind.ALARM}
        raised = [one for one in alarms(connection) if one.alarm_id in told_of]
    history.sort(key=lambda one: one.position)
    documents = _standing_documents(parts, evidence)
    return Publication(
        made_at=parts.read_clock(),
        period=period,
        decisions=decisions,
        prompts=_prompts(parts, decisions) if with_prompts else {},
        models=[_model(one, aliases, documents, history) for one in states],
        reports=[found for one in _last_of_runs(history) if (found := _report(parts, one))],
        history=history,
        alarms=[_alarm(one, history) for one in raised],
        proofs={one.position: log.prove(parts, str(one.position))[1] for one in history},
    )


def _alarm(alarm: Alarm, history: Sequence[Entry]) -> dict[str, Any]:
    position = _newest_about(alarm.alarm_id, Kind.ALARM, history)
    return {"title": alarm.title, "position": position, **alarm.to_document()}


def _newest_about(subject: str, kind: Kind, history: Sequence[Entry]) -> int | None:
    positions = [one.position for one in history if (one.subject, one.kind) == (subject, kind)]
    return max(positions, default=None)


def _model(
    state: ModelState,
    aliases: Mapping[str, str],
    evidence: Sequence[Mapping[str, Any]],
    history: Sequence[Entry],
) -> PublishedModel:
    version = state.version
    return PublishedModel(
        label=version.label,
        sha256=version.sha256,
        stage=str(state.stage),
        licence=version.licence.expression,
        card=version.card,
        claims=[{**asdict(one), "said_on": one.said_on.isoformat()} for one in version.claims],
        aliases=[name for name, digest in aliases.items() if digest == version.sha256],
        evidence=[one for one in evidence if one["basis"]["model_sha256"] == version.sha256],
        position=_newest_about(version.sha256, Kind.MODEL_CHANGE, history),
    )


def _last_of_runs(history: Sequence[Entry]) -> Iterable[Entry]:
    """The entry that says what each finished run came to, the last where there are several."""
    finished = {str(one.document["run"]): one for one in history if one.kind == Kind.RUN_FINISHED}
    return sorted(finished.values(), key=lambda one: one.position)


def _report(parts: Parts, entry: Entry) -> PublishedReport | None:
    """What a run came to; ``None`` of one that is here no longer."""
    run = parts.store.runs.find(str(entry.document["run"]))
    if run is None:
        return None
    suite, scores = suite_of(run), parts.store.runs.scores(run.run_id)
    metrics = tuple(measure(suite, scores))
    results = results_document(metrics)
    digest = sha256_of_document(results)
    return PublishedReport(
        run=run.run_id,
        suite=run.suite,
        suite_sha256=run.suite_sha256,
        model=run.model,
        model_sha256=run.model_sha256,
        checks_sha256=judged_by_sha256(run, scores),
        criteria_sha256=run.criteria_sha256,
        started_at=run.started_at.isoformat(),
        num_pictures=len(parts.store.runs.pictures(run.run_id)),
        position=entry.position,
        results=results,
        results_sha256=digest,
        is_as_recorded=digest == entry.document["results_sha256"],
        is_post_hoc=is_post_hoc(parts, run, run.criteria_sha256),
        not_measured=[str(one) for one, found in aspect_grid(suite, metrics).items() if not found],
    )


def _standing_documents(parts: Parts, evidence: Mapping[str, Evidence]) -> list[dict[str, Any]]:
    """The newest evidence about each number, oldest first, as far as it holds now."""
    newest = {
        (one.basis.model_sha256, one.suite, one.metric, one.slice): digest
        for digest, one in evidence.items()
    }
    suites = list(dict.fromkeys(one.suite for one in evidence.values()))
    now, basis = parts.read_clock(), basis_now(parts, suites, "")
    told = ((digest, evidence[digest]) for digest in newest.values())
    return [
        _evidence_document(digest, one.to_document())
        for digest, one in told
        if basis.get(one.suite) == replace(one.basis, model_sha256="")
        and (one.expires_at is None or one.expires_at > now)
    ]


def _evidence_document(digest: str, document: Mapping[str, Any]) -> dict[str, Any]:
    names = ("asked_by", "labelled_by")
    told = {key: value for key, value in document.items() if key not in names}
    return {"evidence_sha256": digest, **told}


def _prompts(parts: Parts, decisions: Sequence[Entry]) -> dict[str, str]:
    """Prompts of the images that are released now; others keep theirs."""
    found: dict[str, str] = {}
    for image_id in {one.subject for one in decisions if one.subject}:
        record, decided = parts.store.image_by_id(image_id), parts.store.last_decision(image_id)
        if record and decided and decided.decision.outcome is Outcome.RELEASED:
            found[image_id] = record.recipe.prompt
    return found
