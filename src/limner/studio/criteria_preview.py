"""What would change: candidate criteria laid to what the checks said of past images.

Nothing is drawn, looked at or stored anew: scores are those that are stored, limits and
consequences are the candidate's, and the decision is made by the same code as ever. Where a
candidate asks a check that never judged an image, that is said; it is not guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from limner.checks.runner import judged_sha256
from limner.core.access import Principal
from limner.core.criteria import Criteria
from limner.core.deciding import Circumstances, Outcome, decide
from limner.core.errors import BadInput, CriteriaInvalid
from limner.core.judging import Cause, CheckCard, Limits, Result, Verdict, verdict_of
from limner.core.recipe import ImageRecord
from limner.core.records import Request
from limner.store.gallery import Search
from limner.store.judgements import StoredDecision
from limner.studio.criteria_file import parse_criteria, require_known_checks

if TYPE_CHECKING:
    from limner.studio.parts import Parts

NUM_PAST = 500  # newest images that are looked back at
CANDIDATE = "the candidate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One image that the candidate would decide otherwise.

    Attributes:
        before: by the rules in force when it was judged.
        after: by the candidate.
        by_person: what people decided about it since; ``None`` if nobody did.
        why: why the candidate decides so, one sentence a reason; empty for a plain release.
    """

    image_id: str
    prompt: str
    before: Outcome
    after: Outcome
    by_person: Outcome | None
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CriteriaPreview:
    """What the candidate would do to past images.

    Attributes:
        criteria: the candidate.
        num_images: that were looked back at.
        counts: how many went from one outcome to another, those that stay included.
        changed: the newest first.
        missing: by name of the check, of how many images it has no result; these are decided as the
            criteria decide about a missing result.
        num_as_people: of the changed ones that people decided, how many now fall as they said.
        num_by_people: of the changed ones, how many people decided.
    """

    criteria: Criteria
    num_images: int
    counts: Mapping[tuple[Outcome, Outcome], int]
    changed: tuple[Changed, ...]
    missing: Mapping[str, int]
    num_as_people: int
    num_by_people: int


def read_candidate(parts: Parts, text: str) -> Criteria:
    """Criteria from text that somebody proposes.

    Raises:
        BadInput: something in it is not allowed; says where and what is.
    """
    try:
        criteria = parse_criteria(text, CANDIDATE)
        require_known_checks(criteria, parts.judge.cards.values())
    except CriteriaInvalid as error:
        raise BadInput(error.message, code="criteria_invalid", hint=error.hint) from error
    return criteria


def freeze_candidate(parts: Parts, text: str) -> tuple[Criteria, bool]:
    """Freeze proposed criteria by their hash in the ledger; and whether they were new.

    That does not put them in force: the settings say which are.

    Raises:
        BadInput: as `read_candidate`.
    """
    criteria = read_candidate(parts, text)
    return criteria, parts.store.freeze(criteria, parts.read_clock())


def preview_criteria(
    parts: Parts, viewer: Principal, text: str, *, num_past: int = NUM_PAST
) -> CriteriaPreview:
    """What candidate criteria would have decided about the newest images a person may see.

    Images that the rights register blocks are left out: no criteria let them go.

    Args:
        parts: of the studio.
        viewer: whose images; who may see everything looks back at everybody's.
        text: of the candidate, YAML.
        num_past: most images to look back at.

    Raises:
        BadInput: as `read_candidate`.
    """
    criteria = read_candidate(parts, text)
    counts: Counter[tuple[Outcome, Outcome]] = Counter()
    missing: Counter[str] = Counter()
    changed: list[Changed] = []
    for record, decisions in _past(parts, viewer, num_past):
        results = _results_of(parts, record.image_id)
        missing.update(_unanswered(criteria, results))
        one = _decided_anew(criteria, parts.judge.cards, record, decisions, results)
        counts[one.before, one.after] += 1
        if one.before is not one.after:
            changed.append(one)
    told = [one for one in changed if one.by_person is not None]
    return CriteriaPreview(
        criteria=criteria,
        num_images=counts.total(),
        counts=dict(counts),
        changed=tuple(changed),
        missing=dict(missing),
        num_as_people=sum(one.by_person is one.after for one in told),
        num_by_people=len(told),
    )


def _past(
    parts: Parts, viewer: Principal, num_past: int
) -> Iterator[tuple[ImageRecord, list[StoredDecision]]]:
    """The newest images that criteria decided about, with every decision."""
    owner = None if viewer.sees_everything else viewer.name
    shelved = parts.store.gallery.page(
        Search(), owner=owner, viewer=viewer.name, after=None, limit=num_past
    )
    for image_id in dict.fromkeys(one.image_id for one in shelved):
        record, decisions = parts.store.image_by_id(image_id), parts.store.decisions_of(image_id)
        if record is None or not any(_is_by_criteria(one) for one in decisions):
            continue
        last = decisions[-1]
        if last.decided_by == "person" or _is_by_criteria(last):
            yield record, decisions


def _is_by_criteria(decided: StoredDecision) -> bool:
    return decided.decided_by == "rule" and decided.decision.criteria_sha256 is not None


def _decided_anew(
    criteria: Criteria,
    cards: Mapping[str, CheckCard],
    record: ImageRecord,
    decisions: Sequence[StoredDecision],
    results: Sequence[Result],
) -> Changed:
    by_rule = [one for one in decisions if _is_by_criteria(one)][-1].decision
    recipe, last = record.recipe, decisions[-1]
    asked = Request(prompt=recipe.prompt, negative=recipe.negative)
    decision = decide(
        criteria,
        _with_limits(criteria, cards, results),
        Circumstances(
            pixels_sha256=record.pixels_sha256,
            request_sha256=judged_sha256(asked),
            impact=by_rule.impact if by_rule.impact in criteria.impact_tiers else None,
            operation=recipe.operation,
            chance=1.0,
        ),
    )
    return Changed(
        image_id=record.image_id,
        prompt=recipe.prompt,
        before=by_rule.outcome,
        after=decision.outcome,
        by_person=last.decision.outcome if last.decided_by == "person" else None,
        why=tuple(one.note for one in decision.reasons),
    )


def _with_limits(
    criteria: Criteria, cards: Mapping[str, CheckCard], results: Sequence[Result]
) -> list[Result]:
    """The results as they would be with the candidate's limits laid to their scores."""
    own = {one.check: one.limits for one in criteria.criteria if one.limits is not None}
    laid: list[Result] = []
    for one in results:
        card = cards.get(one.check)
        if one.score is None or card is None:
            laid.append(one)
            continue
        limits = own.get(one.check, card.limits)
        verdict = verdict_of(one.score, limits, card.better)
        notes = one.notes if verdict is one.verdict else ()
        laid.append(replace(one, limits=limits, verdict=verdict, notes=notes))
    return laid


def _unanswered(criteria: Criteria, results: Sequence[Result]) -> list[str]:
    """Checks the candidate asks that never judged this image, in the version it asks."""
    known = {(one.check, one.version) for one in results}
    return [one.check for one in criteria.criteria if (one.check, one.version) not in known]


def _results_of(parts: Parts, image_id: str) -> list[Result]:
    """The newest result of each check about an image."""
    newest = {str(one["check"]): one for one in parts.store.results_of(image_id)}
    return [_result_of(one) for one in newest.values()]


def _result_of(document: Mapping[str, object]) -> Result:
    limits = cast("dict[str, float] | None", document["limits"])
    cause = cast("str | None", document["cause"])
    return Result(
        check=str(document["check"]),
        version=str(document["version"]),
        verdict=Verdict(str(document["verdict"])),
        judged_sha256=str(document["judged_sha256"]),
        limits=None if limits is None else Limits(**limits),
        score=cast("float | None", document["score"]),
        probability_bad=cast("float | None", document["probability_bad"]),
        cause=None if cause is None else Cause(cause),
        notes=tuple(cast("Sequence[str]", document["notes"])),
        details=cast("Mapping[str, float | str]", document["details"]),
        card_sha256=cast("str | None", document.get("card_sha256")),
    )
