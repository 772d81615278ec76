"""The Ledger page: what it stands at, its entries, whether it holds, and what proves it.

Everybody sees the checkpoint, which is made to be shown; entries are for operators.
"""

from __future__ import annotations

import base64
import json
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from limner.core.access import Scope
from limner.core.errors import NotFound
from limner.faces.http.native.asking import Anyone, Given, Operator
from limner.faces.http.native.ledger import CheckpointDocument, get_checkpoint
from limner.faces.pages.frame import frame
from limner.faces.pages.site import render
from limner.store.ledger.entries import Entry, Kind
from limner.studio import log

router = APIRouter(prefix="/ledger", include_in_schema=False)

PAGE_ENTRIES = 60
KINDS = tuple(Kind)
ABOUT_IMAGES = (Kind.IMAGE_STORED, Kind.RESULTS, Kind.DECISION, Kind.REVIEW, Kind.SEAL)

Before = Annotated[int | None, Query(ge=0, lt=2**53)]
Said = Annotated[str, Query(max_length=140)]


class _Line(NamedTuple):
    """An entry as the page shows it."""

    entry: Entry
    text: str
    leaf: str
    is_of_image: bool


@router.get("")
def show(
    request: Request,
    viewer: Anyone,
    given: Given,
    kind: Said = "",
    subject: Said = "",
    before: Before = None,
) -> Response:
    """The page."""
    checkpoint = _checkpoint(viewer, given)  # first: signing adds an entry
    may_read = viewer.may(Scope.OPERATE, Scope.ADMIN)
    found = _entries(given, kind, subject.strip(), before) if may_read else []
    listed = found[:PAGE_ENTRIES]
    return render(
        "ledger.html",
        **frame(request, viewer, "/ledger"),
        checkpoint=checkpoint,
        may_read=may_read,
        lines=[_line(one) for one in listed],
        kinds=KINDS,
        kind=kind,
        subject=subject,
        before=before,
        older=listed[-1].position if len(found) > PAGE_ENTRIES else None,
    )


@router.post("/verify")
def verify(_viewer: Operator, given: Given) -> Response:
    """Whether everything fits, as a part of the page."""
    return render("_ledger_verified.html", found=log.verify(given.parts))


@router.get("/entries/{position}/proof")
def proof(position: int, _viewer: Operator, given: Given) -> Response:
    """The proof that an entry is in the ledger, as a file."""
    if position < 0 or given.parts.store.ledger.entry_at(min(position, 2**53)) is None:
        raise NotFound(f"There is no entry {position} in the ledger.", code="entry_unknown")
    _entry, text = log.prove(given.parts, str(position))
    headers = {"Content-Disposition": f'attachment; filename="entry-{position}.tlog-proof"'}
    return Response(text, media_type="text/plain; charset=utf-8", headers=headers)


def _checkpoint(viewer: Anyone, given: Given) -> CheckpointDocument | None:
    try:
        return get_checkpoint(viewer, given)
    except NotFound:
        return None


def _entries(given: Given, kind: str, subject: str, before: int | None) -> list[Entry]:
    found = given.parts.store.ledger.entries_of(
        kind or None, subject=subject or None, before=before, num_last=PAGE_ENTRIES + 1
    )
    return found[::-1]


def _line(entry: Entry) -> _Line:
    return _Line(
        entry=entry,
        text=json.dumps(json.loads(entry.text), indent=2, ensure_ascii=False),
        leaf=base64.b64encode(entry.leaf_sha256).decode(),
        is_of_image=entry.kind in ABOUT_IMAGES and entry.subject is not None,
    )
