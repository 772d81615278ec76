"""What is kept and how it is asked for: one method per named query.

An image is a row, a blob and an entry of the ledger; all are there or none is. Nothing is
overwritten: storing the same bytes again gives the record that was there first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from datetime import datetime
from pathlib import Path
from typing import Self

import sqlalchemy as sa

from limner.core.criteria import Criteria
from limner.core.deciding import Decision
from limner.core.errors import SealFailed, StorageUnavailable
from limner.core.hashing import sha256_of_bytes
from limner.core.recipe import ImageRecord
from limner.core.records import FileFormat, OriginalFile
from limner.store import schema
from limner.store.blobs import BlobFolder
from limner.store.database import (
    empty_log,
    open_database,
    passing_transaction,
    reading,
    transaction,
)
from limner.store.gallery import take_from, take_off
from limner.store.image_rows import (
    RecentLook,
    fastest_pass_seconds,
    find_image,
    image_of_id,
    image_of_mark,
    is_stored,
    pdq_hashes,
    recent_looks,
    row_of,
)
from limner.store.judgements import (
    StoredDecision,
    StoredSeal,
    add_refused_request,
    add_seal,
    decisions_of,
    find_seal,
    freeze_criteria,
    frozen_at,
    last_decision,
    results_of,
    seal_of,
)
from limner.store.ledger.entries import Entry
from limner.store.ledger.images import append_image, append_source, prompt_commitment
from limner.store.ledger.ledger import KEYS_FOLDER, Ledger
from limner.store.rows_by_subject import RowsBySubject


class Store(RowsBySubject):
    """The images of one data folder, and all that is kept beside them. Open it with `Store.open`.

    Attributes:
        ledger: what was stored, decided, reviewed, sealed and erased here.
        bell: rung when jobs have changed.
    """

    @classmethod
    def open(cls, home: Path, database: str = "", password: str = "") -> Self:
        """Open the data folder, making it if needed, and clear what a killed process left.

        Args:
            home: data folder.
            database: address of a PostgreSQL database; empty takes the file in the data folder.
            password: of the user in that address.

        Raises:
            StorageUnavailable: the folder or the database cannot be written.
        """
        engine = open_database(home, database, password)
        blobs = BlobFolder(home / "blobs")
        store = cls(engine, blobs, Ledger(engine, blobs, home / KEYS_FOLDER))
        store.clear_unsettled()
        return store

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def add_image(
        self,
        record: ImageRecord,
        content: bytes,
        alongside: Callable[[sa.Connection, Entry], None] | None = None,
        *,
        ahead: Future[str] | None = None,
        is_lasting: bool = True,
    ) -> ImageRecord:
        """Store an image whole: file, row and entry.

        Args:
            record: `image_id` is the hash of `content`.
            content: the file's bytes.
            alongside: writes more rows and entries in the same transaction, after the image's own,
                which it is given; not called when the image is there already.
            ahead: what `write_ahead` gave for this file.
            is_lasting: flush the rows to the disk, and sign the ledger if that is due. Without it
                both come with the next that are, such as those of its seal, and nobody is to be
                told of the image before.

        Returns:
            `record`, or the earlier record of the same bytes.

        Raises:
            StorageUnavailable: it cannot be written; nothing is left behind.
            KeyRefused: the image is stored, but a checkpoint was due and could not be signed.
        """
        assert record.image_id == sha256_of_bytes(content)
        suffix = record.file_format
        begin = transaction if is_lasting else passing_transaction
        with begin(self._engine) as connection:
            stored = image_of_id(connection, record.image_id)
            if stored is not None:
                if ahead is not None:
                    wait([ahead])
                    self._blobs.settle(record.image_id, suffix)
                return stored
            with self._blobs.adding(content, suffix, ahead):
                connection.execute(schema.images.insert(), row_of(record))
                entry = append_image(connection, record)
                if alongside is not None:
                    alongside(connection, entry)
        self._blobs.settle(record.image_id, suffix)
        if is_lasting:  # else with what comes next
            self.ledger.sign_if_due(record.created_at)
        return record

    def append(
        self,
        kind: str,
        document: Mapping[str, object],
        *,
        recorded_at: datetime,
        subject: str | None = None,
    ) -> Entry:
        """Append one entry to the ledger; see `Ledger.append`."""
        return self.ledger.append(kind, document, recorded_at=recorded_at, subject=subject)

    def part_from(self, image_id: str, owner: str) -> None:
        """Take an image from one of those for whom it was drawn, with what they asked for.

        Raises:
            StorageUnavailable: as `erase_image`.
        """
        from limner.store.jobs import forget_own_requests

        with transaction(self._engine) as connection:
            take_from(connection, image_id, owner)
            forget_own_requests(connection, image_id, owner)
        empty_log(self._engine)

    def erase_image(self, image_id: str, *, reason: str, recorded_at: datetime) -> bool:
        """Erase an image and all that is only its own; see `erasing`. The ledger says it is gone.

        The same pixels may be stored again later.

        Args:
            image_id: of the image.
            reason: a short code such as ``person_asked``.
            recorded_at: the time now, UTC.

        Returns:
            Whether there was such an image.

        Raises:
            StorageUnavailable: it cannot be written, or another process is reading; in the second
                case it is erased, but not yet from the database's log.
        """
        from limner.store.erasing import erase_image

        with transaction(self._engine) as connection:
            record = find_image(connection, schema.images.c.image_id == image_id)
            if record is None:
                return False
            erase_image(connection, self._blobs, record, reason=reason, recorded_at=recorded_at)
            take_off(connection, image_id)
        self.clear_unsettled()
        empty_log(self._engine)
        self.ledger.sign_if_due(recorded_at)
        return True

    def erase_incoming(self, image_id: str, *, reason: str, recorded_at: datetime) -> bool:
        """Erase an image that came in from elsewhere; as `erase_image`."""
        if not self.looks.erase(image_id, reason=reason, recorded_at=recorded_at):
            return False
        self.clear_unsettled()
        empty_log(self._engine)
        return True

    def erased_at(self, image_id: str) -> datetime | None:
        """When an image was erased; ``None`` if it never was, or was stored again since."""
        from limner.store.erasing import erased_at

        with reading(self._engine) as connection:
            return erased_at(connection, image_id)

    def judge(
        self, image_id: str, write: Callable[[sa.Connection], StoredDecision], now: datetime
    ) -> StoredDecision:
        """Store a judgement about an image that is stored already.

        Args:
            image_id: of the image.
            write: calls `add_judgement` and whatever belongs with it, in one transaction.
            now: the time now, UTC.

        Raises:
            StorageUnavailable: it cannot be written, or there is no such image.
        """
        with transaction(self._engine) as connection:
            if find_image(connection, schema.images.c.image_id == image_id) is None:
                raise StorageUnavailable(f"The image {image_id} is not stored here.")
            stored = write(connection)
        self.ledger.sign_if_due(now)
        return stored

    def refuse_request(
        self, decision: Decision, now: datetime, *, criteria: Criteria | None = None
    ) -> None:
        """Write into the ledger that a request was refused before anything was drawn.

        Args:
            decision: what was decided.
            now: UTC.
            criteria: by which, kept with it if they were not before; ``None`` if by none.
        """
        with transaction(self._engine) as connection:
            if criteria is not None:
                freeze_criteria(connection, criteria, now)
            add_refused_request(connection, decision, now)
        self.ledger.sign_if_due(now)

    def freeze(self, criteria: Criteria, now: datetime) -> bool:
        """Freeze criteria by their hash; whether they were new."""
        with transaction(self._engine) as connection:
            return freeze_criteria(connection, criteria, now)

    def frozen_at(self, criteria_sha256: str) -> datetime | None:
        """When these criteria were frozen; ``None`` if they were not."""
        with reading(self._engine) as connection:
            return frozen_at(connection, criteria_sha256)

    def last_decision(self, image_id: str) -> StoredDecision | None:
        """The decision that holds for an image."""
        with reading(self._engine) as connection:
            return last_decision(connection, image_id)

    def decisions_of(self, image_id: str) -> list[StoredDecision]:
        """Every decision about an image, oldest first; the last one holds."""
        with reading(self._engine) as connection:
            return decisions_of(connection, image_id)

    def results_of(self, image_id: str) -> list[dict[str, object]]:
        """What every check said of an image, oldest first, as JSON documents."""
        with reading(self._engine) as connection:
            return results_of(connection, image_id)

    def write_ahead(self, content: bytes, suffix: str) -> Future[str]:
        """Write a file in a thread before its row is written; see `add_image` and `add_seal`.

        Without a row it is removed when a store is next opened.
        """
        return self._blobs.add_ahead(content, suffix)

    def add_seal(
        self,
        decided: StoredDecision,
        found_to_hold: Callable[[], tuple[StoredSeal, bytes]],
        suffix: str,
        alongside: Callable[[sa.Connection], None] = lambda _: None,
        *,
        ahead: Future[str] | None = None,
    ) -> tuple[StoredSeal, bytes]:
        """Store a sealed file or a sidecar: blob, row and entry, or none of them.

        Args:
            decided: the release that is sealed; it must be the last about its image still.
            found_to_hold: gives the seal and its file when it is known to hold; nothing is kept if
                it raises.
            suffix: of the file's name.
            alongside: writes more rows in the same transaction, first; who waits for jobs is told.
            ahead: what `write_ahead` gave for this file.

        Returns:
            What `found_to_hold` gave.

        Raises:
            SealFailed: the decision does not hold any more, or the image was erased; the file that
                was written ahead is gone too.
            StorageUnavailable: it cannot be written.
        """
        try:
            with transaction(self._engine) as connection:
                last = last_decision(connection, decided.image_id)
                if last is None or last.decision_id != decided.decision_id:
                    raise SealFailed("It was decided otherwise meanwhile and was not let out.")
                if not is_stored(connection, decided.image_id):
                    raise SealFailed("It was erased meanwhile and was not let out.")
                alongside(connection)
                seal, content = found_to_hold()
                assert seal.decision_id == decided.decision_id
                assert seal.sealed_sha256 == sha256_of_bytes(content)
                with self._blobs.adding(content, suffix, ahead):
                    add_seal(connection, seal)
        except SealFailed:
            if ahead is not None:
                wait([ahead])
                self.clear_unsettled()
            raise
        self.bell.ring()
        self._blobs.settle(seal.sealed_sha256, suffix)
        self.ledger.sign_if_due(seal.sealed_at)
        return seal, content

    def seal_of(
        self, image_id: str, *, is_beside: bool = False, file_format: FileFormat | None = None
    ) -> StoredSeal | None:
        """The last seal of an image: the one in its file, in one of another format, the sidecar."""
        with reading(self._engine) as connection:
            return seal_of(connection, image_id, is_beside=is_beside, file_format=file_format)

    def seal_by_file(self, sealed_sha256: str) -> StoredSeal | None:
        """The seal whose file has these bytes."""
        with reading(self._engine) as connection:
            return find_seal(connection, schema.seals.c.sealed_sha256 == sealed_sha256)

    def seal_by_manifest(self, manifest_id: str) -> StoredSeal | None:
        """The seal with this credential."""
        with reading(self._engine) as connection:
            return find_seal(connection, schema.seals.c.manifest_id == manifest_id)

    def read_sealed(self, seal: StoredSeal, suffix: str) -> bytes:
        """The sealed file's bytes, checked against their hash.

        Raises:
            StorageUnavailable: missing or changed.
        """
        return self._blobs.read(seal.sealed_sha256, suffix)

    def image_by_id(self, image_id: str) -> ImageRecord | None:
        """The image with these file bytes."""
        with reading(self._engine) as connection:
            return image_of_id(connection, image_id)

    def image_in_force(
        self, image_id: str
    ) -> tuple[ImageRecord, StoredDecision, StoredSeal | None] | None:
        """An image, the decision that holds for it, and the last seal in its own file.

        ``None`` where it is not stored, or nothing was decided about it.
        """
        with reading(self._engine) as connection:
            record = image_of_id(connection, image_id)
            decided = last_decision(connection, image_id)
            if record is None or decided is None:
                return None
            return record, decided, seal_of(connection, image_id)

    def image_by_pixels(self, pixels_sha256: str) -> ImageRecord | None:
        """The earliest image with these pixels, whatever its file."""
        with reading(self._engine) as connection:
            return find_image(connection, schema.images.c.pixels_sha256 == pixels_sha256)

    def image_by_mark(self, mark: str) -> ImageRecord | None:
        """The earliest image whose pixels carry this mark."""
        with reading(self._engine) as connection:
            return image_of_mark(connection, mark)

    def recent_looks(self, limit: int) -> list[RecentLook]:
        """Hashes of the newest images that have one, the newest first.

        Args:
            limit: most of them.
        """
        with reading(self._engine) as connection:
            return recent_looks(connection, limit)

    def fastest_pass_seconds(self, generator: str) -> float | None:
        """Least time of a picture in one pass of a generator, over the newest images.

        ``None`` where too few of them were drawn by it.
        """
        with reading(self._engine) as connection:
            return fastest_pass_seconds(connection, generator)

    def pdq_hashes(self) -> list[tuple[str, bytes]]:
        """image_id and PDQ hash of every image that has one, in the order of their ids."""
        with reading(self._engine) as connection:
            return pdq_hashes(connection)

    def prompt_commitment(self, image_id: str) -> str | None:
        """The ledger's salted commitment to an image's prompt; ``None`` where it has none."""
        with reading(self._engine) as connection:
            return prompt_commitment(connection, image_id)

    def count_images(self) -> int:
        """How many images are stored."""
        with reading(self._engine) as connection:
            query = sa.select(sa.func.count()).select_from(schema.images)
            return connection.scalar(query) or 0

    def read_image(self, record: ImageRecord) -> bytes:
        """The file's bytes, checked against their hash.

        Raises:
            StorageUnavailable: missing or changed.
        """
        return self._blobs.read(record.image_id, record.file_format)

    def add_source(self, pixels_sha256: str, file: OriginalFile, created_at: datetime) -> str:
        """Keep the file of a picture or mask that images start from: blob, row and entry.

        Returns:
            Tagged hash of the file.

        Raises:
            StorageUnavailable: it cannot be written.
        """
        with transaction(self._engine) as connection:
            blob_sha256 = sha256_of_bytes(file.content)
            if _find_source(connection, pixels_sha256, blob_sha256) is not None:
                return blob_sha256
            self._blobs.add(file.content, file.file_format)
            row = {
                "pixels_sha256": pixels_sha256,
                "blob_sha256": blob_sha256,
                "file_format": file.file_format,
                "created_at": created_at.isoformat(),
            }
            connection.execute(schema.sources.insert().values(row))
            append_source(connection, pixels_sha256, blob_sha256, file, created_at)
        self._blobs.settle(blob_sha256, file.file_format)
        self.ledger.sign_if_due(created_at)
        return blob_sha256

    def read_source(
        self, pixels_sha256: str, file_sha256: str | None = None
    ) -> OriginalFile | None:
        """The kept file of a picture or mask; ``None`` if it was never kept here.

        Args:
            pixels_sha256: of the picture or mask.
            file_sha256: of the file; the first that was kept where left out.

        Raises:
            StorageUnavailable: missing or changed.
        """
        with reading(self._engine) as connection:
            row = _find_source(connection, pixels_sha256, file_sha256)
        if row is None:
            return None
        return OriginalFile(self._blobs.read(row.blob_sha256, row.file_format), row.file_format)

    def clear_unsettled(self) -> None:
        """Remove blobs whose row was never committed. Runs while no other process writes."""
        if not any(True for _ in self._blobs.unsettled()):
            return
        with transaction(self._engine) as connection:
            for blob_sha256, suffix in list(self._blobs.unsettled()):
                if _is_needed(connection, blob_sha256):
                    self._blobs.settle(blob_sha256, suffix)
                else:
                    self._blobs.discard(blob_sha256, suffix)


def _find_source(
    connection: sa.Connection, pixels_sha256: str, blob_sha256: str | None
) -> sa.Row[tuple[object, ...]] | None:
    column = schema.sources.c
    query = schema.sources.select().where(column.pixels_sha256 == pixels_sha256)
    if blob_sha256 is not None:
        query = query.where(column.blob_sha256 == blob_sha256)
    return connection.execute(query.order_by(column.created_at).limit(1)).one_or_none()


def _is_needed(connection: sa.Connection, blob_sha256: str) -> bool:
    query = sa.select(
        sa.exists().where(schema.images.c.image_id == blob_sha256)
        | sa.exists().where(schema.sources.c.blob_sha256 == blob_sha256)
        | sa.exists().where(schema.incoming.c.image_id == blob_sha256, schema.incoming.c.is_kept)
        | sa.exists().where(
            schema.seals.c.sealed_sha256 == blob_sha256,
            schema.images.c.image_id == schema.seals.c.image_id,
        )
    )
    return bool(connection.scalar(query))
