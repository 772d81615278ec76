import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limner.provenance.mark import codeword
from limner.provenance.mark.records import ID_COUNT

ids = st.integers(0, ID_COUNT - 1)
BCH_DEGREE = 84


def soft(word_N) -> np.ndarray:
    return np.where(word_N, -1, 1).astype(np.float32)


def field_powers() -> list[int]:
    """Powers of a in the field of 128 elements made by x^7 + x^3 + 1."""
    powers = [1]
    for _ in range(126):
        doubled = powers[-1] << 1
        powers.append(doubled ^ 0b10001001 if doubled & 0x80 else doubled)
    return powers


@pytest.mark.parametrize("root", range(1, 29))
def test_the_code_has_the_roots_that_correct_fourteen_bits(root):
    powers = field_powers()
    value = 0
    for power in range(BCH_DEGREE + 1):
        if codeword._BCH_POLYNOMIAL >> power & 1:
            value ^= powers[power * root % 127]
    assert value == 0


def test_check_bits_are_those_of_crc_15_can():
    register = 0  # bit by bit as ISO 11898-1 writes it
    for shift in reversed(range(28)):
        crc_next = (0xABCDEF1 >> shift & 1) ^ (register >> 14)
        register = (register << 1 & 0x7FFF) ^ (0x4599 if crc_next else 0)
    assert codeword.check_bits(0xABCDEF1) == register


@settings(deadline=None)
@given(ids, ids)
def test_words_of_two_ids_differ_in_32_places_or_more(one, other):
    apart = int((codeword.encode(one) != codeword.encode(other)).sum())
    assert apart >= 32 or one == other


@settings(deadline=None, max_examples=50)
@given(ids, st.integers(0, 2**32 - 1))
def test_every_id_is_read_with_fifteen_bits_wrong(mark_id, seed):
    word_N = codeword.encode(mark_id)
    soft_N = soft(word_N)
    soft_N[np.random.default_rng(seed).permutation(128)[:15]] *= -0.5
    assert codeword.decode(soft_N)[0] == mark_id


@settings(deadline=None, max_examples=20)
@given(ids, st.integers(0, 2**32 - 1))
def test_half_the_bits_unknown_is_still_read(mark_id, seed):
    soft_N = soft(codeword.encode(mark_id))
    soft_N[np.random.default_rng(seed).permutation(128)[:60]] = 0
    assert codeword.decode(soft_N)[0] == mark_id


def test_noise_alone_rarely_has_right_check_bits():
    rng = np.random.default_rng(0)
    found = [codeword.decode(rng.standard_normal(128).astype(np.float32)) for _ in range(100)]
    assert found == [None] * 100


def test_an_order_three_flip_is_found():
    rng = np.random.default_rng(1)
    word_N = codeword.encode(123_456_789)
    soft_N = soft(word_N) * (1 + rng.random(128).astype(np.float32))
    reliable = np.argsort(-np.abs(soft_N))[:3]
    soft_N[reliable] *= -1
    assert (codeword.nearest_word(soft_N) == word_N).all()
