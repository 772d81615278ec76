"""The mathematics of a Merkle log after RFC 9162: roots, inclusion proofs, consistency proofs.

Hashes are read through a `HashReader`, in the units a tiled log keeps them: leaves (level 0) and
the roots of every 256, 65,536, ... leaves (levels 1, 2, ...). So a proof of a large log reads some
hundred hashes, and nothing is recomputed that is kept. This module knows no entries, no database
and no files.

Source: RFC 9162 section 2.1, https://www.rfc-editor.org/rfc/rfc9162; tiles after
https://c2sp.org/tlog-tiles.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

HashReader = Callable[[int, int, int], Sequence[bytes]]
"""``read(level, start, stop)``: roots of complete subtrees of 256**level leaves, in order."""


def leaf_hash(content: bytes) -> bytes:
    """SHA-256 of a zero byte and the leaf's content."""
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of a one byte and two child hashes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """Root over hashes of equal height; their number is a power of two."""
    while len(hashes) > 1:
        pairs = iter(hashes)
        hashes = [node_hash(left, right) for left, right in zip(pairs, pairs, strict=True)]
    return hashes[0]


def tree_root(read: HashReader, num_leaves: int) -> bytes:
    """Root hash of the first `num_leaves` leaves."""
    return _root_between(read, 0, num_leaves)


def inclusion_proof(read: HashReader, position: int, num_leaves: int) -> list[bytes]:
    """The hashes that lead from the leaf at `position` to the root of `num_leaves` leaves.

    Source: RFC 9162 section 2.1.3.1, ``PATH``.
    """
    assert 0 <= position < num_leaves
    proof: list[bytes] = []
    start, stop = 0, num_leaves
    while stop - start > 1:
        split = start + _left_half(stop - start)
        if position < split:
            proof.append(_root_between(read, split, stop))
            stop = split
        else:
            proof.append(_root_between(read, start, split))
            start = split
    return proof[::-1]


def consistency_proof(read: HashReader, num_before: int, num_leaves: int) -> list[bytes]:
    """The hashes that show that `num_leaves` leaves begin with the first `num_before` of them.

    Empty when `num_before` is 0 or equal to `num_leaves`.

    Source: RFC 9162 section 2.1.4.1, ``SUBPROOF``.
    """
    assert 0 <= num_before <= num_leaves
    if num_before in (0, num_leaves):
        return []
    proof: list[bytes] = []
    start, stop = 0, num_leaves
    while stop > num_before:
        split = start + _left_half(stop - start)
        if num_before <= split:
            proof.append(_root_between(read, split, stop))
            stop = split
        else:
            proof.append(_root_between(read, start, split))
            start = split
    if start > 0:
        proof.append(_root_between(read, start, stop))
    return proof[::-1]


def is_included(
    leaf: bytes, position: int, num_leaves: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether `proof` leads from the leaf hash at `position` to `root`.

    Source: RFC 9162 section 2.1.3.2.
    """
    if not 0 <= position < num_leaves or len(leaf) != HASH_BYTES:
        return False
    first, last, reached = position, num_leaves - 1, leaf
    for hash_ in proof:
        if last == 0:
            return False
        if first & 1 or first == last:
            reached = node_hash(hash_, reached)
            while first & 1 == 0 and first:
                first, last = first >> 1, last >> 1
        else:
            reached = node_hash(reached, hash_)
        first, last = first >> 1, last >> 1
    return last == 0 and reached == root


def is_consistent(
    num_before: int, num_leaves: int, proof: Sequence[bytes], root_before: bytes, root: bytes
) -> bool:
    """Whether `proof` shows that the tree of `root` begins with the tree of `root_before`.

    Never for a tree of no leaves: every tree begins with that, so there is nothing to show.

    Source: RFC 9162 section 2.1.4.2.
    """
    if not 0 < num_before <= num_leaves:
        return False
    if num_before == num_leaves:
        return not proof and root_before == root
    if not proof:
        return False
    return _leads_to_both(num_before, num_leaves, proof, root_before, root)


def _leads_to_both(
    num_before: int, num_leaves: int, proof: Sequence[bytes], root_before: bytes, root: bytes
) -> bool:
    hashes = list(proof)
    if num_before & (num_before - 1) == 0:
        hashes.insert(0, root_before)
    first, last = num_before - 1, num_leaves - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    reached_before = reached = hashes[0]
    for hash_ in hashes[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            reached_before = node_hash(hash_, reached_before)
            reached = node_hash(hash_, reached)
            while first & 1 == 0 and first:
                first, last = first >> 1, last >> 1
        else:
            reached = node_hash(reached, hash_)
        first, last = first >> 1, last >> 1
    return last == 0 and reached_before == root_before and reached == root


class Frontier:
    """The root of a log that is read leaf by leaf, in memory that grows with its logarithm.

    Attributes:
        num_leaves: how many leaves were added.
    """

    def __init__(self) -> None:
        self.num_leaves = 0
        self._roots: list[bytes] = []  # of complete subtrees, largest first

    def add(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add a leaf hash.

        Returns:
            Level, position and hash of every tile node that this leaf completed.
        """
        self.num_leaves += 1
        self._roots.append(leaf)
        completed: list[tuple[int, int, bytes]] = []
        num_left, height = self.num_leaves, 0
        while num_left & 1 == 0:
            right, left = self._roots.pop(), self._roots.pop()
            self._roots.append(node_hash(left, right))
            num_left, height = num_left >> 1, height + 1
            if height % TILE_HEIGHT == 0:
                completed.append((height // TILE_HEIGHT, num_left - 1, self._roots[-1]))
        return completed

    @property
    def root(self) -> bytes:
        """Root hash of the leaves so far."""
        if not self._roots:
            return EMPTY_ROOT
        root = self._roots[-1]
        for left in reversed(self._roots[:-1]):
            root = node_hash(left, root)
        return root


def _root_between(read: HashReader, start: int, stop: int) -> bytes:
    """Root over leaves `start` .. `stop`, where `start` is where a subtree of that size begins."""
    num_leaves = stop - start
    if num_leaves == 0:
        return EMPTY_ROOT
    complete = 1 << (num_leaves.bit_length() - 1)
    left = _complete_root(read, start, complete)
    if complete == num_leaves:
        return left
    return node_hash(left, _root_between(read, start + complete, stop))


def _complete_root(read: HashReader, start: int, num_leaves: int) -> bytes:
    level = (num_leaves.bit_length() - 1) // TILE_HEIGHT
    unit = TILE_WIDTH**level
    return fold(read(level, start // unit, (start + num_leaves) // unit))


def _left_half(num_leaves: int) -> int:
    """The largest power of two smaller than `num_leaves`."""
    return 1 << ((num_leaves - 1).bit_length() - 1)
