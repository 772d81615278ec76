import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.checks.near_copy.fingerprint import NO_HASH, Fingerprint
from limner.checks.near_copy.gallery import (
    LOOK_ALARM_BITS,
    PDQ_ALARM_BITS,
    ROUND,
    SEARCHED,
    Entry,
    Gallery,
)

hashes = st.binary(min_size=32, max_size=32)


def drawn(num: int, seed: int = 0) -> list[Entry]:
    rng = np.random.default_rng(seed)
    return [Entry(key, Fingerprint(rng.bytes(32), rng.bytes(32))) for key in range(num)]


def with_bits_turned(content: bytes, num: int, seed: int = 0) -> bytes:
    places = np.random.default_rng(seed).permutation(256)[:num]
    bits = np.unpackbits(np.frombuffer(content, np.uint8))
    bits[places] ^= 1
    return np.packbits(bits).tobytes()


def distance(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


def test_an_empty_gallery_has_nothing_near():
    assert Gallery().nearest(Fingerprint(b"\1" * 32, b"\2" * 32)) is None


def test_the_same_picture_is_at_distance_nought():
    entries = drawn(100)
    near = Gallery(entries).nearest(entries[42].fingerprint)
    assert (near.key, near.ratio, near.bits) == (42, 0.0, 0)


@pytest.mark.parametrize("num", [1, 12, PDQ_ALARM_BITS, PDQ_ALARM_BITS + 5])
def test_a_copy_is_found_by_pdq_at_its_distance(num):
    entries = drawn(200)
    asked = Fingerprint(with_bits_turned(entries[7].fingerprint.pdq, num), b"\0" * 32)
    near = Gallery(entries).nearest(asked)
    assert (near.key, near.by, near.bits, near.ratio) == (7, "pdq", num, num / PDQ_ALARM_BITS)


@pytest.mark.parametrize("num", [1, LOOK_ALARM_BITS, LOOK_ALARM_BITS + 5])
def test_a_copy_is_found_by_its_look_at_its_distance(num):
    entries = drawn(200)
    look = with_bits_turned(entries[7].fingerprint.look, num)
    near = Gallery(entries).nearest(Fingerprint(NO_HASH, look))
    assert (near.key, near.by, near.bits) == (7, "look", num)


def test_what_is_farther_than_is_searched_is_not_near():
    entries = drawn(50)
    pdq = with_bits_turned(entries[0].fingerprint.pdq, int(SEARCHED * PDQ_ALARM_BITS) + 1)
    look = with_bits_turned(entries[0].fingerprint.look, int(SEARCHED * LOOK_ALARM_BITS) + 1)
    assert Gallery(entries).nearest(Fingerprint(pdq, look)) is None


def test_pictures_too_plain_for_pdq_are_not_each_others_copies():
    gallery = Gallery([Entry(1, Fingerprint(NO_HASH, b"\xff" * 32))])
    assert gallery.nearest(Fingerprint(NO_HASH, b"\0" * 32)) is None


def test_the_nearest_of_several_near_ones_is_given():
    entries = drawn(2000)
    pdq = entries[9].fingerprint.pdq
    added = [
        Entry(5000 + num, Fingerprint(with_bits_turned(pdq, num, seed=num), b"\1" * 32))
        for num in (20, 3, 11)
    ]
    near = Gallery([*added, *entries[:9], *entries[10:]]).nearest(Fingerprint(pdq, b"\0" * 32))
    assert near.key == 5003


@given(st.lists(hashes, min_size=1, max_size=30), hashes)
def test_the_answer_is_that_of_comparing_all(known, asked):
    gallery = Gallery(Entry(key, Fingerprint(one, b"\0" * 32)) for key, one in enumerate(known))
    near = gallery.nearest(Fingerprint(asked, b"\xff" * 32))
    least = min(distance(one, asked) for one in known)
    if asked != NO_HASH and least <= int(SEARCHED * PDQ_ALARM_BITS):
        assert near.bits == least
    else:
        assert near is None


def test_entries_of_later_rounds_are_found():
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 2**63, (ROUND + 10, 9), dtype=np.uint64)
    rows[:, 8] = np.arange(len(rows))
    gallery = Gallery.of_rows(rows)
    asked = Fingerprint(rows[-1, :4].astype("<u8").tobytes(), b"\0" * 32)
    assert gallery.nearest(asked).key == ROUND + 9


@pytest.mark.parametrize("key", [0, 2**63, 2**64 - 1])
def test_every_key_comes_back_as_it_was(key):
    print_ = Fingerprint(b"\1" * 32, b"\2" * 32)
    assert Gallery([Entry(key, print_)]).nearest(print_).key == key


def test_all_near_copies_are_those_within_the_alarm_of_either_hash():
    entries = drawn(200)
    pdq = with_bits_turned(entries[7].fingerprint.pdq, PDQ_ALARM_BITS)
    look = with_bits_turned(entries[9].fingerprint.look, LOOK_ALARM_BITS)
    assert Gallery(entries).near_copies(Fingerprint(pdq, look)) == [7, 9]


def test_what_is_beyond_the_alarm_is_no_near_copy():
    entries = drawn(200)
    pdq = with_bits_turned(entries[7].fingerprint.pdq, PDQ_ALARM_BITS + 1)
    look = with_bits_turned(entries[9].fingerprint.look, LOOK_ALARM_BITS + 1)
    assert Gallery(entries).near_copies(Fingerprint(pdq, look)) == []


def test_a_hash_that_is_none_has_no_near_copies():
    gallery = Gallery([Entry(1, Fingerprint(NO_HASH, NO_HASH))])
    assert gallery.near_copies(Fingerprint(NO_HASH, NO_HASH)) == []
