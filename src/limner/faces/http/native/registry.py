"""The registry over HTTP: what serves, what gates say, moving a version, and what is due.

What a person does here is done under the name of their token.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from limner.core.models import DEFAULT_ALIAS, ModelState
from limner.faces.http.native.asking import Anyone, Fields, Given, Operator
from limner.studio.capability import capability_card
from limner.studio.due import everything_due
from limner.studio.gate_use import answer_document
from limner.studio.promoting import held_by_gate, pause, promote, review, rollback, waive
from limner.studio.registry import CANARY_SHARE, Overview, Proposal, find_version, overview, propose
from limner.studio.shadow_compare import compare_shadow

router = APIRouter(prefix="/api/registry", tags=["registry"])

Model = Annotated[
    str, Path(max_length=140, description="NAME@VERSION, a name, or the start of a hash.")
]
Reason = Annotated[str, Field(min_length=1, max_length=500)]


class EventDocument(BaseModel):
    """What happened to a version; who did it is in the registry, not here."""

    at: str
    stage: str
    cause: str
    note: str


class VersionDocument(BaseModel):
    """A version as it stands."""

    model: str
    sha256: str
    stage: str
    aliases: list[str]
    owner: str
    licence: str
    review_by: str | None
    events: list[EventDocument]

    @classmethod
    def of(cls, found: Overview, sha256: str) -> VersionDocument:
        """The document of one version of the registry."""
        state = next(one for one in found.states if one.version.sha256 == sha256)
        version = state.version
        return cls(
            model=version.label,
            sha256=sha256,
            stage=str(state.stage),
            aliases=sorted(alias for alias, one in found.aliases.items() if one == sha256),
            owner=version.owner,
            licence=version.licence.expression,
            review_by=None if state.review_by is None else state.review_by.isoformat(),
            events=[
                EventDocument(
                    at=one.happened_at.isoformat(),
                    stage=str(one.stage),
                    cause=str(one.cause),
                    note=one.note,
                )
                for one in state.events
            ],
        )


class PromotedDocument(BaseModel):
    """What promoting came to; `gate` is null where the next stage has none."""

    is_moved: bool
    version: VersionDocument
    gate: dict[str, object] | None


class DueDocument(BaseModel):
    """Something that is to be looked at again."""

    what: str
    name: str
    owner: str
    review_by: str | None
    days_left: int | None
    pauses: bool
    fault: str


class ProposalFields(Fields):
    """A model of the shelf, and what is said of it."""

    model: str = Field(min_length=1, max_length=140)
    owner: str = Field(min_length=1, max_length=200)
    review_by: date = Field(strict=False)
    licence_read_by: str = Field(default="", max_length=200)
    alias: str = Field(default=DEFAULT_ALIAS, max_length=60)
    canary_share: float = Field(default=CANARY_SHARE, gt=0, le=0.5)
    pauses_when_overdue: bool = False


class NoteFields(Fields):
    """Why something is done; may be left out."""

    note: str = Field(default="", max_length=500)


class ReasonFields(Fields):
    """Why something is done."""

    reason: Reason


class RollbackFields(ReasonFields):
    """Whose version is taken back, and why."""

    alias: str = Field(default="default", max_length=60)


class ReviewFields(NoteFields):
    """When a version is to be looked at again."""

    review_by: date = Field(strict=False)


class WaiverFields(ReasonFields):
    """A signature under letting a version pass without one rule kept."""

    rule: str = Field(max_length=60)
    until: date = Field(strict=False)


class WaiverDocument(BaseModel):
    """A signature; it counts once two people have signed."""

    rule: str
    expires_at: str


@router.get("")
def list_versions(_asking: Anyone, given: Given) -> list[VersionDocument]:
    """Every version with its stage, and the aliases that lead to it."""
    found = overview(given.parts)
    return [VersionDocument.of(found, one.version.sha256) for one in found.states]


@router.get("/due")
def list_due(_asking: Operator, given: Given) -> list[DueDocument]:
    """What is to be looked at again, the first day first."""
    today = given.clock().date()
    return [
        DueDocument(
            what=one.what,
            name=one.name,
            owner=one.owner,
            review_by=None if one.review_by is None else one.review_by.isoformat(),
            days_left=one.days_left(today),
            pauses=one.pauses,
            fault=one.fault,
        )
        for one in everything_due(given.parts)
    ]


@router.post("", status_code=201)
def bring(fields: ProposalFields, asking: Operator, given: Given) -> VersionDocument:
    """Bring a model of the shelf into the registry; it serves nobody before it has passed gates."""
    proposal = Proposal(
        owner=fields.owner,
        review_by=fields.review_by,
        by=asking.name,
        alias=fields.alias,
        canary_share=fields.canary_share,
        pauses_when_overdue=fields.pauses_when_overdue,
    )
    state = propose_from_shelf(given, fields.model, proposal, fields.licence_read_by)
    return VersionDocument.of(overview(given.parts), state.version.sha256)


@router.post("/rollback")
def roll_back(fields: RollbackFields, asking: Operator, given: Given) -> VersionDocument:
    """Pause what serves, and let the version before it serve again."""
    state = rollback(given.parts, by=asking.name, note=fields.reason, alias=fields.alias)
    return _changed(given, state.version.sha256)


@router.get("/{model}")
def get_version(model: Model, _asking: Anyone, given: Given) -> VersionDocument:
    """One version with everything that happened to it."""
    found = find_version(given.parts, model)
    return VersionDocument.of(overview(given.parts), found.version.sha256)


@router.get("/{model}/card")
def get_card(model: Model, _asking: Anyone, given: Given) -> dict[str, object]:
    """What a version does reliably, what needs a person, and what it cannot do."""
    return capability_card(given.parts, model).to_document()


@router.get("/{model}/gate")
def get_gate(model: Model, _asking: Operator, given: Given) -> dict[str, object]:
    """What the gate in force says of a version; nothing is moved."""
    return answer_document(held_by_gate(given.parts, model))


@router.get("/{model}/shadow")
def get_shadow(model: Model, _asking: Operator, given: Given) -> dict[str, object]:
    """What a version drew in shadow beside what served, by every check."""
    return compare_shadow(given.parts, model).to_document()


@router.post("/{model}/promote")
def move_on(model: Model, fields: NoteFields, asking: Operator, given: Given) -> PromotedDocument:
    """Move a version one stage on; behind a gate only where the gate says pass."""
    found = promote(given.parts, model, by=asking.name, note=fields.note)
    return PromotedDocument(
        is_moved=found.is_moved,
        version=_changed(given, found.state.version.sha256),
        gate=None if found.answer is None else answer_document(found.answer),
    )


@router.post("/{model}/pause")
def take_out(model: Model, fields: ReasonFields, asking: Operator, given: Given) -> VersionDocument:
    """Take a version out of service; what served before it serves again."""
    state = pause(given.parts, model, by=asking.name, note=fields.reason)
    return _changed(given, state.version.sha256)


@router.post("/{model}/review")
def look_again(
    model: Model, fields: ReviewFields, asking: Operator, given: Given
) -> VersionDocument:
    """Say that a version was looked at, and when it is to be looked at again."""
    state = review(given.parts, model, by=asking.name, review_by=fields.review_by, note=fields.note)
    return _changed(given, state.version.sha256)


@router.post("/{model}/waivers")
def sign(model: Model, fields: WaiverFields, asking: Operator, given: Given) -> WaiverDocument:
    """Sign that a version may pass without one rule kept."""
    waiver = waive(
        given.parts,
        model,
        fields.rule,
        person=asking.name,
        reason=fields.reason,
        until=fields.until,
    )
    return WaiverDocument(rule=waiver.rule_id, expires_at=waiver.expires_at.isoformat())


def propose_from_shelf(
    given: Given, model: str, proposal: Proposal, licence_read_by: str
) -> ModelState:
    """Bring a model of the shelf into the registry; errors as `studio.registry.propose`."""
    from limner.app import open_candidate  # the composition root is loaded when it is needed

    candidate = open_candidate(
        given.parts, model=model, weights=None, licence_read_by=licence_read_by
    )
    return propose(given.parts, *candidate, proposal)


def see_at_once(given: Given) -> None:
    """Have a change of the registry hold in this process at once."""
    if given.parts.serving is not None:
        given.parts.serving.look_anew()


def _changed(given: Given, sha256: str) -> VersionDocument:
    """A version after a change, which holds in this process at once."""
    see_at_once(given)
    return VersionDocument.of(overview(given.parts), sha256)
