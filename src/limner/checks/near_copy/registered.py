"""Pictures the rights register keeps from being drawn, as whoever keeps the register knows them.

They are compared by both hashes. A look hash says nothing beside one that was taken with other
files, so after a change of those an older picture is compared by PDQ alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from limner.checks.near_copy.check import Known, NearCopy
from limner.checks.near_copy.fingerprint import NO_HASH, Fingerprint, Fingerprints
from limner.checks.near_copy.gallery import Entry, Gallery


class Registered(NamedTuple):
    """One picture: the entry that is about it, its hashes, and what the second was taken with."""

    entry_id: int
    pdq: bytes
    look: bytes
    taken_with: str


def near_registered_copy(
    fingerprints: Fingerprints, read_registered: Callable[[], Sequence[Registered]]
) -> NearCopy:
    """The check against registered pictures.

    Args:
        fingerprints: takes them.
        read_registered: pictures of opt-outs in force and of rights that ended; read for every
            picture, so that an entry counts from the moment it is registered.
    """

    def read_known() -> Known:
        taken_with = fingerprints.taken_with
        entries = [
            Entry(
                one.entry_id,
                Fingerprint(one.pdq, one.look if one.taken_with == taken_with else NO_HASH),
            )
            for one in read_registered()
        ]
        return Known(Gallery(entries), "a picture of entry {} of the rights register".format)

    return NearCopy("registered", lambda _: read_known(), fingerprints)
