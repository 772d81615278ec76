"""Pictures the rights register keeps from being drawn, as whoever keeps the register knows them.

They are compared by both hashes. A look hash says nothing beside one that was taken with other
files, so after a change of those an older picture is compared by PDQ alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

from limner.checks.near_copy.check import Known, NearCopy
from limner.checks.near_copy.fingerprint import NO_HASH, Fingerprints
from limner.checks.near_copy.gallery import Gallery, Words, rows_from
from limner.core.records import Picture
from limner.core.rights import RegisteredLook


class Register(NamedTuple):
    """What was read of the register.

    Attributes:
        state: another one as soon as other pictures count.
        pictures: that count.
        is_more: they come to those of the state that was told; else they are all there are.
    """

    state: Hashable
    pictures: Sequence[RegisteredLook]
    is_more: bool


ReadRegister = Callable[[Hashable | None], Register]


def near_registered_copy(fingerprints: Fingerprints, read_register: ReadRegister) -> NearCopy:
    """The check against registered pictures.

    Args:
        fingerprints: takes them.
        read_register: pictures of opt-outs in force and of rights that ended, told the state that
            is known; asked for every picture, so that an entry counts from the moment it is
            registered.
    """
    return NearCopy("registered", _KeptGallery(fingerprints, read_register), fingerprints)


class _KeptGallery:
    """The registered pictures, kept for as long as the register stays as it is."""

    def __init__(self, fingerprints: Fingerprints, read_register: ReadRegister) -> None:
        self._fingerprints = fingerprints
        self._read_register = read_register
        self._state: Hashable | None = None
        self._gallery = Gallery()
        self._reading = threading.Lock()

    def __call__(self, _: Picture) -> Known:
        with self._reading:
            state, pictures, is_more = self._read_register(self._state)
            if pictures or not is_more:
                kept = self._gallery if is_more else Gallery()
                self._gallery = kept.with_more(self._rows_of(pictures))
            self._state = state
            return Known(self._gallery, "a picture of entry {} of the rights register".format)

    def _rows_of(self, pictures: Sequence[RegisteredLook]) -> Words:
        ours = self._fingerprints.taken_with
        return rows_from(
            [one.entry_id for one in pictures],
            [one.pdq for one in pictures],
            [one.look if one.taken_with == ours else NO_HASH for one in pictures],
        )
