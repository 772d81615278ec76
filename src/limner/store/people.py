"""People: where somebody's name stands, and erasing them.

The ledger, reviews, evidence and models know a person by a salted commitment: with its salt the
name is gone from there, and what they did stays, nobody's. Tokens, jobs, shelves and what people
keep in order have the name itself. Rows that are the person's alone are deleted; those that others
rest on, jobs and which images there are, stay without an owner.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from limner.core.jobs import LEASED
from limner.core.rights import folded_name
from limner.store import schema
from limner.store.blobs import BlobFolder
from limner.store.database import empty_log, reading, transaction
from limner.store.erasing import erase_lonely_sources
from limner.store.jobs import forget_requests
from limner.store.ledger.ledger import Ledger
from limner.store.reviews import erase_person, find_person, name_of

DELETED = (
    schema.stars,
    schema.image_tags,
    schema.boards,
    schema.grids,
    schema.kept_pictures,
    schema.job_owners,
)
DISOWNED = (schema.gallery, schema.jobs, schema.run_jobs)
NOBODY = ""  # the owner of what is known to be nobody's

_tokens = schema.tokens.c
_jobs = schema.jobs.c
_shelved = schema.gallery.c
_texts = schema.rights_texts.c


class Traces(NamedTuple):
    """Where a person stands here.

    Attributes:
        commitment: they are known by in the ledger; ``None`` for one who is not.
        num_rows: that name them, by table; no table without one.
        num_drawing: jobs and runs of theirs that a worker holds.
        image_ids: images that were drawn for them and for nobody else.
        entry_ids: of the rights register that name them, which are not touched.
    """

    commitment: str | None
    num_rows: Mapping[str, int]
    num_drawing: int
    image_ids: tuple[str, ...]
    entry_ids: tuple[int, ...]

    @property
    def is_none(self) -> bool:
        """Whether nobody of this name stands anywhere that can be erased."""
        return self.commitment is None and not self.num_rows


class People:
    """The people of one database.

    Args:
        engine: of the store's database.
        blobs: of its files.
        ledger: of the same store.
    """

    def __init__(self, engine: sa.Engine, blobs: BlobFolder, ledger: Ledger) -> None:
        self._engine = engine
        self._blobs = blobs
        self._ledger = ledger

    def name_of(self, given: str) -> str:
        """The name of a person by their commitment or the id of a token; else what was given."""
        with reading(self._engine) as connection:
            token = sa.select(_tokens.name).where(_tokens.token_id == given)
            return name_of(connection, given) or connection.scalar(token) or given

    def traces_of(self, name: str) -> Traces:
        """Where a person of this name stands."""
        with reading(self._engine) as connection:
            return _traces_of(connection, name)

    def erase(self, name: str, *, reason: str, recorded_at: datetime) -> bool:
        """Erase a person, in one transaction with the ledger's entry; see the module.

        What was asked in their jobs goes too, and jobs that wait are cancelled.

        Args:
            name: of the person; not empty, for that is nobody.
            reason: a short code such as ``person_asked``; goes into the ledger.
            recorded_at: the time now, UTC.

        Returns:
            False where a worker holds a job of theirs; then nothing was erased.

        Raises:
            StorageUnavailable: it cannot be written, or another process is reading; in the second
                case they are erased, but not yet from the database's log.
        """
        assert name != NOBODY
        with transaction(self._engine) as connection:
            if _traces_of(connection, name).num_drawing:
                return False
            is_theirs = schema.kept_pictures.c.owner == name
            kept = sa.select(schema.kept_pictures.c.pixels_sha256).where(is_theirs)
            pictures = list(connection.scalars(kept))
            forget_requests(connection, _jobs.owner == name)
            _delete_rows(connection, name)
            for file in erase_lonely_sources(
                connection, pictures, reason=reason, recorded_at=recorded_at
            ):
                self._blobs.unsettle(*file)
            erase_person(connection, name, reason=reason, recorded_at=recorded_at)
        empty_log(self._engine)
        self._ledger.sign_if_due(recorded_at)
        return True


def _traces_of(connection: sa.Connection, name: str) -> Traces:
    counted = {table: table.c.owner == name for table in (*DELETED, *DISOWNED)}
    counted[schema.tokens] = _tokens.name == name
    numbers = {
        table.name: connection.scalar(sa.select(sa.func.count()).select_from(table).where(theirs))
        for table, theirs in counted.items()
    }
    leased = [str(one) for one in LEASED]
    drawing = [
        sa.select(sa.func.count()).where(table.c.owner == name, table.c.state.in_(leased))
        for table in (schema.jobs, schema.run_jobs)
    ]
    others = schema.gallery.alias()
    shared = sa.exists().where(others.c.image_id == _shelved.image_id, others.c.owner != name)
    images = sa.select(_shelved.image_id).where(_shelved.owner == name, ~shared)
    named = (_texts.folded_name == folded_name(name)) | (_texts.holder == name)
    entries = sa.select(_texts.entry_id).where(named).order_by(_texts.entry_id)
    return Traces(
        commitment=find_person(connection, name),
        num_rows={table: number for table, number in numbers.items() if number},
        num_drawing=sum(connection.scalar(one) or 0 for one in drawing),
        image_ids=tuple(connection.scalars(images.order_by(_shelved.image_id))),
        entry_ids=tuple(connection.scalars(entries)),
    )


def _delete_rows(connection: sa.Connection, name: str) -> None:
    connection.execute(schema.tokens.delete().where(_tokens.name == name))
    boards = sa.select(schema.boards.c.board_id).where(schema.boards.c.owner == name)
    placed = schema.board_images
    connection.execute(placed.delete().where(placed.c.board_id.in_(boards)))
    for table in DELETED:
        connection.execute(table.delete().where(table.c.owner == name))
    others = schema.gallery.alias()
    nobodys = sa.select(others.c.image_id).where(others.c.owner == NOBODY)
    there_already = (_shelved.owner == name) & _shelved.image_id.in_(nobodys)
    connection.execute(schema.gallery.delete().where(there_already))
    for table in DISOWNED:
        connection.execute(table.update().where(table.c.owner == name).values(owner=NOBODY))
