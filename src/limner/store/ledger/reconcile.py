"""Reconciling: every stored image has its file, its row and its entry, and they agree.

So do what checks said of it, what was decided and what seals were made (judged.py).

Files, rows and entries are written together; this finds where that did not hold, by name, whatever
the cause. It changes nothing. It cannot find an image that was never written at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import sqlalchemy as sa

from limner.core.errors import StorageUnavailable
from limner.core.hashing import sha256_of_bytes
from limner.store import schema
from limner.store.blobs import SIDECAR_SUFFIX, BlobFolder
from limner.store.ledger.appending import find_entries, images_before_sha256
from limner.store.ledger.commitments import is_commitment_to
from limner.store.ledger.entries import Entry, Kind
from limner.store.ledger.judged import find_differing


class Gap(StrEnum):
    """What can be wrong with one image."""

    FILE_MISSING = "file_missing"
    FILE_CHANGED = "file_changed"
    FILE_WITHOUT_ROW = "file_without_row"
    ROW_WITHOUT_ENTRY = "row_without_entry"
    ROW_CHANGED = "row_changed"
    ENTRY_WITHOUT_ROW = "entry_without_row"
    LIST_CHANGED = "list_changed"
    RESULTS_DIFFER = "results_differ"
    DECISIONS_DIFFER = "decisions_differ"
    SEALS_DIFFER = "seals_differ"


class Found(NamedTuple):
    """One gap: what, at which image or file, in one sentence."""

    gap: Gap
    name: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """What reconciling found.

    Attributes:
        num_images: rows of images.
        num_sources: rows of pictures that images started from.
        num_entries: entries that say an image was stored.
        num_erased: of those whose image was erased since, by an entry that says so.
        num_older: rows of images that are older than the ledger, and so have no entry.
        gaps: in the order of their names.
    """

    num_images: int
    num_sources: int
    num_entries: int
    num_erased: int
    num_older: int
    gaps: tuple[Found, ...]

    @property
    def is_whole(self) -> bool:
        """Nothing is missing and nothing differs."""
        return not self.gaps


def reconcile(
    connection: sa.Connection, blobs: BlobFolder, files: set[tuple[str, str]]
) -> Reconciliation:
    """Compare files, rows and entries. Images may be stored meanwhile, but not erased.

    Args:
        connection: reading, from a moment after `files` were listed.
        blobs: every file that should be there is read and hashed.
        files: hash and suffix of every file that is there; see `BlobFolder.settled`.
    """
    rows = {row.image_id: row for row in connection.execute(schema.images.select())}
    older = set(connection.scalars(sa.select(schema.images_before_ledger.c.image_id)))
    sources = {
        (row.blob_sha256, row.file_format) for row in connection.execute(schema.sources.select())
    }
    stored: dict[str, list[Entry]] = {}
    for entry in find_entries(connection, Kind.IMAGE_STORED):
        stored.setdefault(str(entry.subject), []).append(entry)
    erased = _erased(connection, stored)
    gaps = [
        *_row_gaps(connection, rows, stored, older),
        *_entry_gaps(rows, stored, erased),
        *_source_gaps(connection, sources),
        *_file_gaps(
            blobs, files, _needed(rows) | sources | _sealed(connection) | _received(connection)
        ),
        *_list_gaps(connection, older),
        *_judged_gaps(connection),
    ]
    return Reconciliation(
        num_images=len(rows),
        num_sources=len(sources),
        num_entries=sum(map(len, stored.values())),
        num_erased=len(erased - rows.keys()),
        num_older=len(older & rows.keys()),
        gaps=tuple(sorted(gaps)),
    )


def _row_gaps(
    connection: sa.Connection,
    rows: dict[str, sa.Row[tuple[object, ...]]],
    stored: dict[str, list[Entry]],
    older: set[str],
) -> Iterator[Found]:
    for image_id, row in rows.items():
        if image_id in stored:
            fields = _changed_fields(connection, row, stored[image_id][-1])
            if fields:
                sentence = f"The row of {image_id} differs from its entry in {', '.join(fields)}."
                yield Found(Gap.ROW_CHANGED, image_id, sentence)
        elif image_id not in older:
            sentence = f"The image {image_id} is stored, but the ledger does not say so."
            yield Found(Gap.ROW_WITHOUT_ENTRY, image_id, sentence)


def _changed_fields(
    connection: sa.Connection, row: sa.Row[tuple[object, ...]], entry: Entry
) -> list[str]:
    said = entry.document
    is_whole = row.recipe_sha256 == sha256_of_bytes(row.recipe.encode())
    is_same = {
        "pixels_sha256": row.pixels_sha256 == said.get("pixels_sha256"),
        "file_format": row.file_format == said.get("file_format"),
        "num_bytes": row.num_bytes == said.get("num_bytes"),
        "size": f"{row.width_px}x{row.height_px}" == said.get("size"),
        "created_at": row.created_at == entry.recorded_at.isoformat(),
        "recipe": is_whole,
        "mark": not is_whole or row.mark == json.loads(row.recipe).get("mark"),
        "recipe_sha256": is_commitment_to(connection, str(said.get("recipe")), row.recipe_sha256)
        is not False,
    }
    return [name for name, is_so in is_same.items() if not is_so]


def _entry_gaps(
    rows: dict[str, sa.Row[tuple[object, ...]]],
    stored: dict[str, list[Entry]],
    erased: set[str],
) -> Iterator[Found]:
    for image_id, entries in stored.items():
        positions = " and ".join(str(entry.position) for entry in entries)
        if image_id not in rows and image_id not in erased:
            sentence = f"Entry {positions} says that {image_id} is stored, but it is not."
            yield Found(Gap.ENTRY_WITHOUT_ROW, image_id, sentence)


def _file_gaps(
    blobs: BlobFolder, files: set[tuple[str, str]], needed: set[tuple[str, str]]
) -> Iterator[Found]:
    for blob_sha256, suffix in needed:
        path = blobs.path_of(blob_sha256, suffix)
        if not path.exists():
            sentence = f"The file {str(path)!r} is missing."
            yield Found(Gap.FILE_MISSING, blob_sha256, sentence)
            continue
        try:
            blobs.read(blob_sha256, suffix)
        except StorageUnavailable as error:
            yield Found(Gap.FILE_CHANGED, blob_sha256, error.message)
    for blob_sha256, suffix in files - needed:
        sentence = f"The file {str(blobs.path_of(blob_sha256, suffix))!r} belongs to no image."
        yield Found(Gap.FILE_WITHOUT_ROW, blob_sha256, sentence)


def _needed(rows: dict[str, sa.Row[tuple[object, ...]]]) -> set[tuple[str, str]]:
    return {(image_id, str(row.file_format)) for image_id, row in rows.items()}


def _source_gaps(connection: sa.Connection, sources: set[tuple[str, str]]) -> Iterator[Found]:
    """Every file whose keeping has an entry must have its row; older ones have no entry."""
    kept = {blob_sha256 for blob_sha256, _ in sources}
    erased = {one.subject for one in find_entries(connection, Kind.ERASURE)}
    for entry in find_entries(connection, Kind.SOURCE_STORED):
        if entry.subject not in kept | erased:
            sentence = f"Entry {entry.position} says that {entry.subject} is kept, but it is not."
            yield Found(Gap.ENTRY_WITHOUT_ROW, str(entry.subject), sentence)


def _received(connection: sa.Connection) -> set[tuple[str, str]]:
    """Files of incoming images that are kept."""
    incoming = schema.incoming.c
    query = sa.select(incoming.image_id, incoming.file_format).where(incoming.is_kept)
    return {(row.image_id, row.file_format) for row in connection.execute(query)}


def _sealed(connection: sa.Connection) -> set[tuple[str, str]]:
    """Sealed files of images that are there; an image that was erased took its own along."""
    seals = schema.seals.c
    gone = _sealed_before_erasure(connection)
    own = schema.images.c.file_format
    file_format = sa.func.coalesce(seals.file_format, own).label("file_format")
    query = sa.select(seals.sealed_sha256, seals.is_beside, file_format).join(
        schema.images, schema.images.c.image_id == seals.image_id
    )
    return {
        (row.sealed_sha256, SIDECAR_SUFFIX if row.is_beside else row.file_format)
        for row in connection.execute(query)
        if row.sealed_sha256 not in gone
    }


def _sealed_before_erasure(connection: sa.Connection) -> set[str]:
    """Sealed files of images that were erased since, and perhaps stored again after that."""
    erased = {one.subject: one.position for one in find_entries(connection, Kind.ERASURE)}
    return {
        str(one.document.get("sealed_sha256"))
        for one in find_entries(connection, Kind.SEAL)
        if erased.get(one.subject, -1) > one.position
    }


def _erased(connection: sa.Connection, stored: dict[str, list[Entry]]) -> set[str]:
    """Images whose last word in the ledger is that they were erased."""
    last = {one.subject: one.position for one in find_entries(connection, Kind.ERASURE)}
    return {
        image_id
        for image_id, entries in stored.items()
        if last.get(image_id, -1) > entries[-1].position
    }


def _judged_gaps(connection: sa.Connection) -> Iterator[Found]:
    gaps = {
        Kind.RESULTS: (Gap.RESULTS_DIFFER, "What checks said"),
        Kind.DECISION: (Gap.DECISIONS_DIFFER, "What was decided"),
        Kind.SEAL: (Gap.SEALS_DIFFER, "What seals were made"),
    }
    for kind, image_id in find_differing(connection):
        gap, what = gaps[kind]
        yield Found(gap, image_id, f"{what} of {image_id} is not what the ledger tells.")


def _list_gaps(connection: sa.Connection, older: set[str]) -> Iterator[Found]:
    """The list of older images must be the one the first entry speaks of."""
    for entry in find_entries(connection, Kind.LEDGER_BEGUN, num_last=1):
        if entry.document.get("images_before_sha256") != images_before_sha256(list(older)):
            sentence = "The list of images that are older than the ledger was changed."
            yield Found(Gap.LIST_CHANGED, "images_before_ledger", sentence)
