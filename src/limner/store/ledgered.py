"""Transactions over rows whose changes the ledger records, for whoever reads and writes in one."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime

import sqlalchemy as sa

from limner.store.database import reading, transaction
from limner.store.ledger.ledger import Ledger


class LedgeredRows:
    """Rows of one database and the ledger of the same store.

    Args:
        engine: of the store's database.
        ledger: of the same store.
    """

    def __init__(self, engine: sa.Engine, ledger: Ledger) -> None:
        self._engine = engine
        self._ledger = ledger

    @contextmanager
    def writing(self, now: datetime) -> Generator[sa.Connection]:
        """A write transaction: what is read in it stays so until it is committed.

        Raises:
            StorageUnavailable: the database cannot be written.
        """
        with transaction(self._engine) as connection:
            yield connection
        self._ledger.sign_if_due(now)

    @contextmanager
    def reading(self) -> Generator[sa.Connection]:
        """A read transaction: sees one state of the database, waits for no writer."""
        with reading(self._engine) as connection:
            yield connection
