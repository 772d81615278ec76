"""The Rights page: the register, adding to it, importing, and ending an entry.

Before an entry is ended, every stored image it covers is shown. All of it is for operators: the
register holds names.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from limner.core.rights import OptedOut, RightsKind, RightsState
from limner.faces.http.native.asking import Given, Operator
from limner.faces.http.native.rights import EntryId
from limner.faces.pages.cards import cards_of
from limner.faces.pages.forms import Fields, FieldsAndFile, GivenFile, gone_on
from limner.faces.pages.frame import frame
from limner.faces.pages.site import render
from limner.studio import rights
from limner.studio.rights_file import values_of
from limner.studio.rights_pictures import images_near, picture_given

router = APIRouter(prefix="/rights", include_in_schema=False)

NUM_SHOWN = 60  # affected images with a picture; the count says how many there are
PAGE_ENTRIES = 100
FIELDS = {
    RightsKind.SOURCE: ("title", "licence", "holder", "expires", "url"),
    RightsKind.LICENCE: ("title", "licence", "holder", "expires", "url"),
    RightsKind.CONSENT: ("name", "purpose", "holder", "expires", "url"),
    RightsKind.OPT_OUT: ("name", "opted_out", "purpose", "holder", "url"),
}
"""What the form shows, and takes, for each kind; the style sheet hides the rest."""

Choice = Annotated[str, Query(max_length=20)]


@router.get("")
def show(
    request: Request,
    viewer: Operator,
    given: Given,
    kind: Choice = "",
    state: Choice = "",
    skip: Annotated[int, Query(ge=0, lt=2**31)] = 0,
    imported: Annotated[int | None, Query(ge=0)] = None,
) -> Response:
    """The register, the newest entry first."""
    found = rights.entries(given.parts, kind or None, state or None)[::-1]
    return render(
        "rights.html",
        **frame(request, viewer, "/rights"),
        entries=found[skip : skip + PAGE_ENTRIES],
        num_entries=len(found),
        skip=skip,
        page_entries=PAGE_ENTRIES,
        kinds=list(RightsKind),
        states=list(RightsState),
        opted_outs=list(OptedOut),
        kind=kind,
        state=state,
        imported=imported,
        older_looks=rights.entries_of_older_looks(given.parts),
    )


@router.post("")
def add(request: Request, _viewer: Operator, given: Given, form: FieldsAndFile) -> Response:
    """Register an entry, with a picture or without; an opt-out blocks what it is about."""
    said, file = form
    kind = said.get("kind", "")
    shown = FIELDS[RightsKind(kind)] if kind in list(RightsKind) else ()
    values: dict[str, object] = {one: said[one] for one in shown if said.get(one, "").strip()}
    keys = () if kind == RightsKind.OPT_OUT else tuple(said.get("keys", "").split())
    entry = values_of(**values, kind=kind, keys=keys).to_entry()
    pictures = [] if file is None else [picture_given(given.parts, *file)]
    added = rights.add(given.parts, entry, pictures=pictures)
    return gone_on(request, f"/rights/{added.stored.entry_id}")


@router.post("/near")
def show_near(_viewer: Operator, given: Given, file: GivenFile) -> Response:
    """The stored images that are nearly the same as a picture; nothing is registered or kept."""
    found = images_near(given.parts, picture_given(given.parts, *file).looks)
    return render(
        "_rights_near.html",
        num=len(found),
        cards=cards_of(given.parts.store.gallery.of(found[:NUM_SHOWN])),
    )


@router.post("/import")
def import_file(request: Request, _viewer: Operator, given: Given, file: GivenFile) -> Response:
    """Register every entry of a file, or none."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"rights{_suffix(file.name)}"
        path.write_bytes(file.content)
        found = rights.import_file(given.parts, path, given.studio.card.name)
    return gone_on(request, f"/rights?imported={len(found.entry_ids)}")


@router.get("/{entry_id}")
def show_entry(entry_id: EntryId, request: Request, viewer: Operator, given: Given) -> Response:
    """One entry, and every stored image it is about."""
    stored = rights.show(given.parts, entry_id)
    affected = rights.affected(given.parts, entry_id)
    alike = rights.near_copies(given.parts, entry_id, affected)
    shown = affected[:NUM_SHOWN]
    images = given.parts.store.gallery.of([one.image_id for one in shown])
    return render(
        "rights_entry.html",
        **frame(request, viewer, "/rights"),
        stored=stored,
        entry=stored.entry,
        affected=affected,
        num_blocked=sum(one.is_blocked for one in affected),
        because={one.image_id: one.because.how for one in shown},
        cards=cards_of(images),
        alike=alike,
        alike_cards=cards_of(given.parts.store.gallery.of(alike[:NUM_SHOWN])),
        reasons=rights.REASONS,
        may_withdraw=stored.state in (RightsState.IN_FORCE, RightsState.EXPIRED),
    )


@router.post("/{entry_id}/withdraw")
def withdraw(
    entry_id: EntryId, request: Request, _viewer: Operator, given: Given, said: Fields
) -> Response:
    """End the entry, and block what it covered."""
    rights.withdraw(given.parts, entry_id, reason=said.get("reason", rights.REASONS[0]))
    return gone_on(request, f"/rights/{entry_id}")


def _suffix(name: str) -> str:
    """Which of the two kinds of file it is called; nothing else of the name is used."""
    return ".jsonl" if name.lower().endswith(".jsonl") else ".csv"
