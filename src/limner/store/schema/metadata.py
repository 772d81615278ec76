"""What all tables belong to."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

POSITION = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite's own row number: no index
