"""Personal data in the ledger: as salted commitments only, so that it can be erased.

A commitment shows nothing of its value, and fits no other value. The salt lies in a table of its
own; once the salt is deleted nobody can tell any more what the value was, not even by guessing,
and every proof of the ledger stays as it is. The value itself is kept by whoever needs it.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

import sqlalchemy as sa

from limner.store import schema
from limner.store.ledger.appending import append_entries
from limner.store.ledger.entries import Draft, Kind

SALT_BYTES = 32
MAX_NAMED = 500  # commitments that one erasure entry names

_salts = schema.ledger_salts.c


def commit(value: str, salt: bytes) -> str:
    """The commitment to a value: ``sha256:`` of a tag, the salt and the value.

    Args:
        value: any text.
        salt: 32 random bytes, never used twice.
    """
    assert len(salt) == SALT_BYTES
    digest = hashlib.sha256(b"limner.commitment/1\n" + salt + value.encode()).hexdigest()
    return f"sha256:{digest}"


def keep_commitment(connection: sa.Connection, subject: str, value: str) -> str:
    """`keep_commitments` for one value."""
    return keep_commitments(connection, subject, value)[0]


def keep_commitments(connection: sa.Connection, subject: str, *values: str) -> list[str]:
    """Commit to each of these values with a fresh salt, and keep the salts for `subject`.

    Args:
        connection: in a write transaction.
        subject: whose data it is; what `erase` is told later, such as an image_id.
        values: what must not stand in the ledger.
    """
    salts = [secrets.token_bytes(SALT_BYTES) for _ in values]
    commitments = [commit(value, salt) for value, salt in zip(values, salts, strict=True)]
    rows = [
        {"commitment": commitment, "subject": subject, "salt": salt}
        for commitment, salt in zip(commitments, salts, strict=True)
    ]
    connection.execute(schema.ledger_salts.insert(), rows)
    return commitments


def is_commitment_to(connection: sa.Connection, commitment: str, value: str) -> bool | None:
    """Whether the commitment was made to this value; ``None`` if its salt was erased."""
    salt = connection.scalar(sa.select(_salts.salt).where(_salts.commitment == commitment))
    return None if salt is None else commit(value, salt) == commitment


def erase(
    connection: sa.Connection,
    subject: str,
    *,
    reason: str,
    recorded_at: datetime,
    is_public: bool = False,
) -> int:
    """Delete every salt kept for `subject`, and append that it happened.

    The bytes are overwritten in the database file (``secure_delete``); what its write-ahead log
    holds is gone after `empty_log`, which the caller runs when the transaction is committed.

    Args:
        connection: in a write transaction.
        subject: as given to `keep_commitment`.
        reason: a short code such as ``person_asked``; goes into the entry.
        recorded_at: the time now, UTC.
        is_public: `subject` is no personal data itself, and may stand in the entry.

    Returns:
        How many salts were deleted.
    """
    query = sa.select(_salts.commitment).where(_salts.subject == subject)
    commitments = sorted(connection.scalars(query))
    connection.execute(schema.ledger_salts.delete().where(_salts.subject == subject))
    named = [commitments[k : k + MAX_NAMED] for k in range(0, max(len(commitments), 1), MAX_NAMED)]
    drafts = [
        Draft(
            kind=Kind.ERASURE,
            document={"reason": reason, "commitments": one},
            subject=subject if is_public else None,
        )
        for one in named
    ]
    append_entries(connection, drafts, recorded_at=recorded_at)
    return len(commitments)
