"""Roots and proofs against the published vectors of Certificate Transparency, and their laws."""

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.store.ledger.tree import (
    TILE_WIDTH,
    Frontier,
    consistency_proof,
    fold,
    inclusion_proof,
    is_consistent,
    is_included,
    leaf_hash,
    node_hash,
    tree_root,
)

VECTORS = json.loads((Path(__file__).parent / "ct_vectors.json").read_text())
LEAVES = [leaf_hash(bytes.fromhex(one)) for one in VECTORS["leaves"]]
ROOTS = [bytes.fromhex(one) for one in VECTORS["roots"]]
SIZES = [1, 2, 3, 5, 7, 8]


def reader(leaves):
    """Reads hashes of a tree held in memory, level by level, as a database keeps them."""
    levels = [list(leaves)]
    while len(levels[-1]) >= TILE_WIDTH:
        below = levels[-1]
        whole = len(below) // TILE_WIDTH
        levels.append([fold(below[k * TILE_WIDTH : (k + 1) * TILE_WIDTH]) for k in range(whole)])
    return lambda level, start, stop: levels[level][start:stop]


def coded(hashes):
    return [base64.b64encode(one).decode() for one in hashes]


def uncoded(text):
    return base64.b64decode(text or "")


@pytest.mark.parametrize("size", range(9))
def test_the_root_of_each_size_is_the_published_one(size):
    assert tree_root(reader(LEAVES), size) == ROOTS[size]


@pytest.mark.parametrize("size", range(9))
def test_the_root_of_a_walk_is_the_published_one(size):
    frontier = Frontier()
    for leaf in LEAVES[:size]:
        frontier.add(leaf)
    assert frontier.root == ROOTS[size]


@pytest.mark.parametrize("name", sorted(VECTORS["inclusion"]))
def test_inclusion_is_judged_as_published(name):
    case = VECTORS["inclusion"][name]
    is_good = is_included(
        uncoded(case["leafHash"]),
        case["leafIdx"],
        case["treeSize"],
        [uncoded(one) for one in case["proof"] or []],
        uncoded(case["root"]),
    )
    assert is_good is not case["wantErr"]


@pytest.mark.parametrize("name", sorted(VECTORS["consistency"]))
def test_consistency_is_judged_as_published(name):
    case = VECTORS["consistency"][name]
    is_good = is_consistent(
        case["size1"],
        case["size2"],
        [uncoded(one) for one in case["proof"] or []],
        uncoded(case["root1"]),
        uncoded(case["root2"]),
    )
    assert is_good is not case["wantErr"]


@pytest.mark.parametrize("name", [one for one in VECTORS["inclusion"] if "happy-path" in one])
def test_inclusion_proofs_are_the_published_ones(name):
    case = VECTORS["inclusion"][name]
    made = inclusion_proof(reader(LEAVES), case["leafIdx"], case["treeSize"])
    assert coded(made) == (case["proof"] or [])


@pytest.mark.parametrize("name", [one for one in VECTORS["consistency"] if "happy-path" in one])
def test_consistency_proofs_are_the_published_ones(name):
    case = VECTORS["consistency"][name]
    made = consistency_proof(reader(LEAVES), case["size1"], case["size2"])
    assert coded(made) == (case["proof"] or [])


@pytest.mark.parametrize("size", SIZES)
def test_every_leaf_of_the_published_trees_is_included(size):
    read = reader(LEAVES)
    assert all(
        is_included(LEAVES[k], k, size, inclusion_proof(read, k, size), ROOTS[size])
        for k in range(size)
    )


@pytest.mark.parametrize("size", SIZES)
def test_every_earlier_published_tree_is_consistent(size):
    read = reader(LEAVES)
    assert all(
        is_consistent(k, size, consistency_proof(read, k, size), ROOTS[k], ROOTS[size])
        for k in range(1, size + 1)
    )


def slow_root(leaves):
    """The definition of RFC 9162 section 2.1.1, word for word."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node_hash(slow_root(leaves[:split]), slow_root(leaves[split:]))


MANY = [leaf_hash(str(k).encode()) for k in range(70_000)]
READ_MANY = reader(MANY)


@given(st.integers(1, 3000))
def test_roots_follow_the_definition(size):
    assert tree_root(READ_MANY, size) == slow_root(MANY[:size])


@given(st.integers(1, 70_000), st.data())
def test_every_inclusion_proof_holds(size, data):
    position = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(READ_MANY, position, size)
    assert is_included(MANY[position], position, size, proof, tree_root(READ_MANY, size))


@given(st.integers(2, 5000), st.data())
def test_an_inclusion_proof_holds_for_no_other_leaf(size, data):
    position, other = (data.draw(st.integers(0, size - 1)) for _ in range(2))
    proof = inclusion_proof(READ_MANY, position, size)
    root = tree_root(READ_MANY, size)
    assert is_included(MANY[other], position, size, proof, root) == (other == position)


@given(st.integers(2, 5000), st.data())
def test_an_inclusion_proof_holds_at_no_other_place(size, data):
    position, other = (data.draw(st.integers(0, size - 1)) for _ in range(2))
    proof = inclusion_proof(READ_MANY, position, size)
    root = tree_root(READ_MANY, size)
    assert is_included(MANY[position], other, size, proof, root) == (other == position)


@given(st.integers(1, 70_000), st.data())
def test_every_consistency_proof_holds(size, data):
    before = data.draw(st.integers(1, size))
    proof = consistency_proof(READ_MANY, before, size)
    roots = tree_root(READ_MANY, before), tree_root(READ_MANY, size)
    assert is_consistent(before, size, proof, *roots)


@given(st.integers(2, 3000), st.data())
def test_no_consistency_proof_leads_from_a_rewritten_tree(size, data):
    before = data.draw(st.integers(1, size - 1))
    changed = data.draw(st.integers(0, before - 1))
    rewritten = [*MANY[:changed], leaf_hash(b"forged"), *MANY[changed + 1 : size]]
    proof = consistency_proof(reader(rewritten), before, size)
    roots = tree_root(READ_MANY, before), tree_root(reader(rewritten), size)
    assert not is_consistent(before, size, proof, *roots)


@given(st.integers(1, 3000), st.data())
def test_a_proof_with_a_flipped_bit_does_not_hold(size, data):
    position = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(READ_MANY, position, size)
    root = tree_root(READ_MANY, size)
    if not proof:
        return
    which, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
    flipped = bytearray(proof[which])
    flipped[bit // 8] ^= 1 << bit % 8
    proof[which] = bytes(flipped)
    assert not is_included(MANY[position], position, size, proof, root)


def test_a_proof_of_a_large_log_reads_few_hashes():
    num_read = 0

    def read(level, start, stop):
        nonlocal num_read
        num_read += stop - start
        return READ_MANY(level, start, stop)

    inclusion_proof(read, 12_345, 69_999)
    assert num_read < 1000


def test_a_walk_tells_of_every_tile_that_is_complete():
    frontier = Frontier()
    told = [one for leaf in MANY[:65_536] for one in frontier.add(leaf)]
    assert len(told) == 257
    assert told[-1] == (2, 0, tree_root(READ_MANY, 65_536))
