"""Galleries: known fingerprints, and the nearest of them to one that is asked.

Every entry is compared; nothing is approximate. A million take two to five milliseconds with the
counting instruction of a processor, so there is no index to build, to lose or to rebuild
(docs/log.md, "Checks"). It knows numbers of entries, nothing of what they stand for, and no store.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from limner.checks.near_copy.fingerprint import NO_HASH, Fingerprint

# Shapes: N entries, K words of 64 bits, M entries of one round.

PDQ_ALARM_BITS = 31  # PDQ's own
LOOK_ALARM_BITS = 26
SEARCHED = 1.5  # times the alarm; what is farther is not told apart
ROUND = 32_768  # entries whose distances stay in the processor's cache
HASH_WORDS = 4
ROW_WORDS = 2 * HASH_WORDS + 1

Words = NDArray[np.uint64]


class Entry(NamedTuple):
    """A known picture: its number, 0 to 2**64 - 1, and its fingerprint."""

    key: int
    fingerprint: Fingerprint


class Near(NamedTuple):
    """The nearest entry.

    Attributes:
        key: of the entry.
        ratio: its distance over the distance of alarm; 1 and less is a near copy.
        bits: of 256 that differ.
        by: which hash is nearest: ``pdq`` or ``look``.
    """

    key: int
    ratio: float
    bits: int
    by: str


class Gallery:
    """Known fingerprints, which stay as they are.

    Args:
        entries: that are known.
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._columns = np.ascontiguousarray(rows_of(entries).T)

    @classmethod
    def of_rows(cls, rows_NK: Words) -> Gallery:
        """A gallery of rows as `rows_of` makes them."""
        gallery = cls()
        gallery._columns = np.ascontiguousarray(rows_NK.T)
        return gallery

    @classmethod
    def of_pdqs(cls, pdqs: Sequence[bytes]) -> Gallery:
        """A gallery of pictures of which only PDQ is known; their keys are their places.

        A look hash without a bit is as far from every picture's as from a random one.
        """
        return cls.of_rows(rows_from(range(len(pdqs)), pdqs, [NO_HASH] * len(pdqs)))

    def with_more(self, rows_NK: Words) -> Gallery:
        """A gallery that knows these rows too."""
        gallery = Gallery()
        gallery._columns = np.concatenate((self._columns, rows_NK.T), axis=1)
        return gallery

    def __len__(self) -> int:
        return self._columns.shape[1]

    def nearest(self, asked: Fingerprint) -> Near | None:
        """The entry nearest to a fingerprint; ``None`` beyond `SEARCHED` times the alarm."""
        columns = self._columns
        found = [
            _nearest(columns[HASH_WORDS : 2 * HASH_WORDS], asked.look, LOOK_ALARM_BITS, "look")
        ]
        if asked.pdq != NO_HASH:
            found.append(_nearest(columns[:HASH_WORDS], asked.pdq, PDQ_ALARM_BITS, "pdq"))
        near = [one for one in found if one is not None]
        if not near:
            return None
        best = min(near, key=lambda one: one.ratio)
        return best._replace(key=int(columns[-1, best.key]))

    def near_copies(self, asked: Fingerprint) -> list[int]:
        """Keys of all entries within the distance of alarm by a hash that both have."""
        columns = self._columns
        is_near_N = np.zeros(len(self), np.bool_)
        if asked.pdq != NO_HASH:
            is_near_N |= _distances(columns[:HASH_WORDS], asked.pdq) <= PDQ_ALARM_BITS
        if asked.look != NO_HASH:
            look = columns[HASH_WORDS : 2 * HASH_WORDS]
            is_near_N |= _distances(look, asked.look) <= LOOK_ALARM_BITS
        return [int(one) for one in columns[-1, is_near_N]]


def rows_of(entries: Iterable[Entry]) -> Words:
    """Entries as rows of words `[N, K]`: PDQ, look hash, key; little-endian."""
    known = list(entries)
    return rows_from(
        [one.key for one in known],
        [one.fingerprint.pdq for one in known],
        [one.fingerprint.look for one in known],
    )


def rows_from(keys: Sequence[int], pdqs: Sequence[bytes], looks: Sequence[bytes]) -> Words:
    """The same of keys and hashes, each in its own list."""
    rows_NK = np.empty((len(keys), ROW_WORDS), np.uint64)
    for start, hashes in ((0, pdqs), (HASH_WORDS, looks)):
        words_NK = np.frombuffer(b"".join(hashes), "<u8").reshape(-1, HASH_WORDS)
        rows_NK[:, start : start + HASH_WORDS] = words_NK
    rows_NK[:, -1] = keys
    return rows_NK


def _nearest(columns_KN: Words, asked: bytes, alarm_bits: int, by: str) -> Near | None:
    """The nearest within `SEARCHED` alarms; its key is still its place.

    The first half of the bits is compared for all, the second only where the first allows.
    """
    words = np.frombuffer(asked, "<u8").astype(np.uint64)
    most_bits = int(SEARCHED * alarm_bits)
    best: Near | None = None
    for start in range(0, columns_KN.shape[1], ROUND):
        columns_KM = columns_KN[:, start : start + ROUND]
        half_M = _bits(columns_KM[0], words[0]) + _bits(columns_KM[1], words[1])
        if half_M.min() > most_bits:
            continue
        places = np.flatnonzero(half_M <= most_bits)
        rest = _bits(columns_KM[2, places], words[2]) + _bits(columns_KM[3, places], words[3])
        total = half_M[places].astype(np.int64) + rest
        first = int(total.argmin())
        if total[first] <= most_bits:
            most_bits = int(total[first]) - 1
            ratio = float(total[first]) / alarm_bits
            best = Near(start + int(places[first]), ratio, int(total[first]), by)
    return best


def _distances(columns_KN: Words, asked: bytes) -> NDArray[np.int64]:
    words_K = np.frombuffer(asked, "<u8").astype(np.uint64)
    return np.bitwise_count(columns_KN ^ words_K[:, None]).sum(axis=0, dtype=np.int64)


def _bits(words_M: Words, asked: np.uint64) -> NDArray[np.uint8]:
    return np.bitwise_count(words_M ^ asked)
