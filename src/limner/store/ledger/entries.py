"""One entry of the ledger: what it says, its canonical text, its leaf hash.

The text is RFC 8785 canonical JSON, so that anyone can make the same bytes in any language. An
entry holds no personal data in the clear: see commitments.py. This module does not store.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self, cast

from limner.core.errors import EntryInvalid
from limner.store.ledger.tree import leaf_hash

ENTRY_FORMAT = "limner.entry/1"
MAX_ENTRY_BYTES = 65_535  # what a tile's entry bundle can hold

_KIND = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+){0,5}")
_MAX_KIND_CHARACTERS = 40


class Kind(StrEnum):
    """The kinds of entry this project writes. The list is open: any lower_case name is a kind."""

    LEDGER_BEGUN = "ledger_begun"
    IMAGE_STORED = "image_stored"
    IMAGE_RECEIVED = "image_received"
    LEARNT = "learnt"
    SOURCE_STORED = "source_stored"
    RESULTS = "results"
    DECISION = "decision"
    REVIEW = "review"
    SEAL = "seal"
    CRITERIA_FROZEN = "criteria_frozen"
    RIGHTS_CHANGE = "rights_change"
    MODEL_CHANGE = "model_change"
    GATE_FROZEN = "gate_frozen"
    WAIVER = "waiver"
    EVIDENCE = "evidence"
    EVIDENCE_ENDED = "evidence_ended"
    WATCH_REFERENCE = "watch_reference"
    CANARY_SET = "canary_set"
    ALARM = "alarm"
    ERASURE = "erasure"
    CHECKPOINT = "checkpoint"
    KEYS_ROTATED = "keys_rotated"
    RUN_BEGUN = "run_begun"
    RUN_FINISHED = "run_finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An entry to be.

    Attributes:
        kind: lower_case words; see `Kind`.
        document: JSON values; numbers finite, whole ones within 2**53.
        subject: what the entry is about, so that its entries are found: an image_id, a criteria
            hash. Never personal data. ``None`` if it is about nothing in particular.
    """

    kind: str
    document: Mapping[str, object]
    subject: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One leaf of the ledger.

    Attributes:
        position: its place, from 0.
        recorded_at: UTC, by the clock of the machine that wrote it.
        text: its canonical JSON; what the leaf hash is over.
    """

    position: int
    kind: str
    subject: str | None
    recorded_at: datetime
    document: Mapping[str, object]
    text: str

    @property
    def leaf_sha256(self) -> bytes:
        """The leaf hash: SHA-256 of a zero byte and the text."""
        return leaf_hash(self.text.encode())

    @classmethod
    def of(cls, draft: Draft, position: int, recorded_at: datetime) -> Self:
        """The entry a draft becomes at this place and time.

        Raises:
            EntryInvalid: the kind is no name, the document is not JSON, or it is too long.
        """
        return cls(
            position=position,
            kind=draft.kind,
            subject=draft.subject,
            recorded_at=recorded_at.astimezone(UTC),
            document=draft.document,
            text=_canonical_text(draft, recorded_at.astimezone(UTC)),
        )

    @classmethod
    def from_text(cls, position: int, text: str) -> Self:
        """The entry whose text this is.

        Raises:
            ValueError: it is not the text of an entry.
        """
        try:
            parsed: object = json.loads(text)
        except RecursionError as error:
            raise ValueError("it is nested too deeply") from error
        if not isinstance(parsed, dict):
            raise ValueError("not an object")
        members = cast(dict[str, object], parsed)
        kind, subject, document = (members.get(k) for k in ("kind", "subject", "document"))
        if members.get("format") != ENTRY_FORMAT or not isinstance(kind, str):
            raise ValueError(f"not of the format {ENTRY_FORMAT!r}")
        if not isinstance(document, dict) or not isinstance(subject, str | None):
            raise ValueError("its document or its subject is of another type")
        recorded_at = datetime.fromisoformat(str(members.get("recorded_at")))
        if recorded_at.tzinfo is None:
            raise ValueError("its time names no time zone")
        return cls(
            position=position,
            kind=kind,
            subject=subject,
            recorded_at=recorded_at,
            document=cast(dict[str, object], document),
            text=text,
        )


def _canonical_text(draft: Draft, recorded_at: datetime) -> str:
    import rfc8785

    _require_kind(draft.kind)
    members: dict[str, object] = {
        "format": ENTRY_FORMAT,
        "kind": str(draft.kind),
        "recorded_at": recorded_at.isoformat(),
        "document": dict(draft.document),
    }
    if draft.subject is not None:
        members["subject"] = draft.subject
    try:
        content = rfc8785.dumps(cast(dict[str, str], members))
    except rfc8785.CanonicalizationError as error:
        raise EntryInvalid(f"A {draft.kind!r} entry cannot be written as JSON: {error}.") from error
    if len(content) > MAX_ENTRY_BYTES:
        raise EntryInvalid(
            f"A {draft.kind!r} entry has {len(content):,} bytes; at most {MAX_ENTRY_BYTES:,} fit.",
            hint="Keep the content elsewhere and put its hash into the entry.",
        )
    return content.decode()


def _require_kind(kind: str) -> None:
    if not _KIND.fullmatch(kind) or len(kind) > _MAX_KIND_CHARACTERS:
        raise EntryInvalid(
            f"The kind of entry is {kind!r}; allowed are up to {_MAX_KIND_CHARACTERS} characters "
            "of lower-case words and digits joined by underscores."
        )
