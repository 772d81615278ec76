"""What tests of store and ledger share: times, records, a data folder of before the ledger."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from recipes import RECIPE

from limner.core.hashing import canonical_json, sha256_of_bytes
from limner.core.recipe import ImageRecord
from limner.core.records import Size
from limner.store.blobs import BlobFolder
from limner.store.migrations import _config

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ON_SQLITE = pytest.mark.parametrize("database_url", [""], ids=["sqlite"])  # about its files


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def record_of(content: bytes, **changes: object) -> ImageRecord:
    """The record of a file of 64 by 64 pixels."""
    record = ImageRecord(
        image_id=sha256_of_bytes(content),
        pixels_sha256="sha256:" + "2" * 64,
        file_format="png",
        num_bytes=len(content),
        size=Size(64, 64),
        created_at=NOW,
        seconds=0.5,
        recipe=RECIPE,
    )
    return replace(record, **changes)


def remove_triggers(connection: sa.Connection) -> None:
    """Let this connection change what is append-only."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SET session_replication_role = replica"))
        return
    triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    for name in connection.scalars(sa.text(triggers)).all():
        connection.execute(sa.text(f"DROP TRIGGER {name}"))


def make_home_before_ledger(home: Path, contents: list[bytes]) -> None:
    """A data folder as revision 0001 left it, with these images in it."""
    home.mkdir(parents=True)
    engine = sa.create_engine(f"sqlite:///{home / 'limner.sqlite3'}")
    with engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    blobs = BlobFolder(home / "blobs")
    recipe = canonical_json(RECIPE.to_document())
    with closing(sqlite3.connect(home / "limner.sqlite3")) as connection:
        for content in contents:
            image_id = blobs.add(content, "png")
            blobs.settle(image_id, "png")
            facts = (image_id, sha256_of_bytes(b"pixels"), "png", len(content), 64, 64)
            row = (*facts, NOW.isoformat(), 0.5, 1, RECIPE.sha256, recipe)
            connection.execute(f"INSERT INTO images VALUES ({','.join('?' * len(row))})", row)
        connection.commit()
