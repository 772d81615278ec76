"""The rights register: what may be used, by whom it was allowed, and what was opted out."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import AwareDatetime, Field

from limner.core.rights import OptedOut, RightsEntry, RightsKind, RightsState
from limner.faces.http.native.asking import Fields, Given, Operator
from limner.store.rights_entries import StoredEntry
from limner.studio import rights
from limner.studio.rights import Enforced

router = APIRouter(prefix="/api/rights", tags=["rights"])

Document = dict[str, object]
EntryId = Annotated[int, Path(ge=1, lt=2**53)]
MAX_KEYS = 10_000


class EntryFields(Fields):
    """An entry to register; which fields each kind needs, the answer says."""

    kind: RightsKind = Field(strict=False)
    name: str | None = None
    holder: str | None = None
    opted_out: OptedOut | None = Field(None, strict=False)
    title: str | None = None
    licence: str | None = None
    purpose: str | None = None
    url: str | None = None
    expires_at: AwareDatetime | None = Field(None, strict=False)
    keys: list[str] = Field(default=[], max_length=MAX_KEYS)
    renews: int | None = Field(None, ge=1, lt=2**53)


class WithdrawalFields(Fields):
    """Why an entry ends, and what more it covered."""

    reason: str = "person_asked"
    keys: list[Annotated[str, Field(pattern="^sha256:[0-9a-f]{64}$")]] = Field(
        default=[], max_length=MAX_KEYS
    )


@router.get("")
def list_entries(
    _asking: Operator,
    given: Given,
    kind: RightsKind | None = None,
    state: RightsState | None = None,
) -> list[Document]:
    """The register, oldest entry first."""
    return [_document(one) for one in rights.entries(given.parts, kind, state)]


@router.post("", status_code=201)
def add_entry(fields: EntryFields, _asking: Operator, given: Given) -> Document:
    """Register an entry; an opt-out blocks the stored images it is about."""
    values = fields.model_dump(exclude={"renews", "keys"})
    entry = RightsEntry(**values, keys=tuple(fields.keys))
    return _enforced(rights.add(given.parts, entry, renews=fields.renews))


@router.get("/{entry_id}")
def get_entry(entry_id: EntryId, _asking: Operator, given: Given) -> Document:
    """One entry with its keys."""
    return _document(rights.show(given.parts, entry_id))


@router.get("/{entry_id}/affected")
def list_affected(entry_id: EntryId, _asking: Operator, given: Given) -> list[Document]:
    """The stored images an entry is about; nothing is blocked by asking."""
    return [asdict(one) for one in rights.affected(given.parts, entry_id)]


@router.post("/{entry_id}/withdraw")
def withdraw_entry(
    entry_id: EntryId, fields: WithdrawalFields, _asking: Operator, given: Given
) -> Document:
    """End an entry, and block the stored images it covered."""
    return _enforced(
        rights.withdraw(given.parts, entry_id, reason=fields.reason, images=fields.keys)
    )


def _document(stored: StoredEntry) -> Document:
    document: Document = {
        "entry_id": stored.entry_id,
        "registered_at": stored.registered_at.isoformat(),
        "state": str(stored.state),
        "withdrawn_at": _time(stored.withdrawn_at),
        "num_keys": stored.num_keys,
        "is_erased": stored.is_erased,
        **asdict(stored.entry),
    }
    document["expires_at"] = _time(stored.entry.expires_at)
    document["keys"] = list(stored.entry.keys)
    return document


def _enforced(enforced: Enforced) -> Document:
    return {
        "entry": _document(enforced.stored),
        "num_affected": len(enforced.affected),
        "blocked": list(enforced.blocked),
        "alike": list(enforced.alike),
        "held": list(enforced.held),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
