"""The ledger: what it stands at, its entries, and proofs that anybody can check."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import IO, Annotated

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse, StreamingResponse
from pydantic import BaseModel

from limner.core.errors import NotFound
from limner.faces.http.native.asking import Anyone, Given, ImageId, Operator, Requester
from limner.store.ledger.entries import Entry, Kind
from limner.studio import gallery, log

router = APIRouter(prefix="/api/ledger", tags=["ledger"])

PAGE_ENTRIES = 100
CHUNK_BYTES = 2**20
ZIP = "application/zip"
Position = Annotated[int, Query(ge=0, lt=2**53)]


class CheckpointDocument(BaseModel):
    """The ledger's signed state."""

    origin: str
    num_entries: int
    key: str
    note: str


class EntryDocument(BaseModel):
    """One entry; `text` is what its leaf hash is over."""

    position: int
    kind: str
    subject: str | None
    recorded_at: str
    text: str
    leaf_sha256: str

    @classmethod
    def of(cls, entry: Entry) -> EntryDocument:
        """The document of an entry."""
        return cls(
            position=entry.position,
            kind=entry.kind,
            subject=entry.subject,
            recorded_at=entry.recorded_at.isoformat(),
            text=entry.text,
            leaf_sha256=base64.b64encode(entry.leaf_sha256).decode(),
        )


class VerificationDocument(BaseModel):
    """What recomputing the whole ledger found."""

    is_good: bool
    num_entries: int
    num_signed: int
    num_checkpoints: int
    num_cosignatures: int
    faults: list[str]
    remarks: list[str]


@router.get("/checkpoint")
def get_checkpoint(_asking: Anyone, given: Given) -> CheckpointDocument:
    """The newest checkpoint; what is not signed yet is signed first."""
    note = log.sign_off(given.parts) or given.parts.store.ledger.note()
    key = given.parts.store.ledger.key()
    if note is None or key is None:
        raise NotFound(log.EMPTY, code="ledger_empty")
    checkpoint = log.parse_checkpoint(note.text)
    return CheckpointDocument(
        origin=checkpoint.origin,
        num_entries=checkpoint.num_entries,
        key=str(key),
        note=str(note),
    )


@router.get("/entries")
def list_entries(
    _asking: Operator,
    given: Given,
    before: Annotated[int | None, Query(ge=0, lt=2**53)] = None,
    kind: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = PAGE_ENTRIES,
) -> list[EntryDocument]:
    """Entries in their order: the last ones, or the last ones ahead of `before`."""
    found = given.parts.store.ledger.entries_of(kind, before=before, num_last=limit)
    return [EntryDocument.of(one) for one in found]


@router.get("/entries/{position}")
def get_entry(position: int, _asking: Operator, given: Given) -> EntryDocument:
    """One entry."""
    return EntryDocument.of(_entry_at(given, position))


@router.get("/entries/{position}/proof", response_class=PlainTextResponse)
def prove_entry(position: int, _asking: Operator, given: Given) -> str:
    """A proof that an entry is in the ledger, in the form of C2SP tlog-proof."""
    _entry_at(given, position)
    return log.prove(given.parts, str(position))[1]


@router.post("/verify")
def verify(_asking: Operator, given: Given) -> VerificationDocument:
    """Recompute every entry and every signature; takes about as long as reading them."""
    found = log.verify(given.parts)
    return VerificationDocument(
        is_good=found.is_good,
        num_entries=found.num_entries,
        num_signed=found.num_signed,
        num_checkpoints=found.num_checkpoints,
        num_cosignatures=found.num_cosignatures,
        faults=list(found.faults),
        remarks=list(found.remarks),
    )


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"content": {ZIP: {"schema": {"type": "string", "format": "binary"}}}}},
)
def export(_asking: Operator, given: Given) -> StreamingResponse:
    """The ledger as static tiles in a zip, with a verifier that needs only Python."""
    headers = {"Content-Disposition": 'attachment; filename="limner-ledger.zip"'}
    chunks = _chunks(log.export_archive(given.parts))
    return StreamingResponse(chunks, media_type=ZIP, headers=headers)


@router.get("/consistency", response_class=PlainTextResponse)
def prove_consistency(_asking: Anyone, given: Given, since: Position) -> str:
    """A proof that the ledger goes on from its first `since` entries."""
    return log.prove_since(given.parts, since)


@router.get("/images/{image_id}")
def entries_about(image_id: ImageId, asking: Requester, given: Given) -> list[EntryDocument]:
    """Every entry about an image."""
    gallery.require_visible(given.parts, asking, image_id)
    found = given.parts.store.ledger.entries_of(subject=image_id)
    return [EntryDocument.of(one) for one in found]


@router.get("/images/{image_id}/proof", response_class=PlainTextResponse)
def prove_image(
    image_id: ImageId, asking: Requester, given: Given, kind: Kind = Kind.IMAGE_STORED
) -> str:
    """A proof that the newest entry of a kind about an image is in the ledger."""
    gallery.require_visible(given.parts, asking, image_id)
    return log.prove(given.parts, image_id, kind)[1]


def _entry_at(given: Given, position: int) -> Entry:
    entry = given.parts.store.ledger.entry_at(position) if 0 <= position < 2**53 else None
    if entry is None:
        raise NotFound(f"There is no entry {position} in the ledger.", code="entry_unknown")
    return entry


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
