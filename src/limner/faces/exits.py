"""Exit codes: the one table from what happened to what the command line answers."""

from __future__ import annotations

from limner.core.errors import (
    BadInput,
    DrawingCancelled,
    ImageHeld,
    ImageRefused,
    LedgerBroken,
    LimnerError,
    RequestRefused,
    StorageUnavailable,
    WitnessRefused,
)

RELEASED = 0
BAD_INPUT = 2  # also: a place that cannot be written
HELD = 3
ALARMED = 3  # a stream of images is no longer what it was
NOT_CERTIFIED = 3  # an honest answer, and no limits to lay
REFUSED = 4
FAILED = 5
INTERRUPTED = 130  # 128 + SIGINT, as shells have it

_BY_KIND: tuple[tuple[type[LimnerError], int], ...] = (
    (BadInput, BAD_INPUT),
    (StorageUnavailable, BAD_INPUT),
    (DrawingCancelled, INTERRUPTED),
    (ImageHeld, HELD),
    (ImageRefused, REFUSED),
    (RequestRefused, REFUSED),
    (LedgerBroken, REFUSED),
    (WitnessRefused, REFUSED),
)


def exit_code_of(error: LimnerError) -> int:
    """What the program answers to this error."""
    return next((code for kind, code in _BY_KIND if isinstance(error, kind)), FAILED)
