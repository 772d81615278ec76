import numpy as np
import pytest
from unit.provenance.mark.marked_art import KEY, OTHER_KEY

from limner.provenance.mark import decoding
from limner.provenance.mark.codeword import NUM_WORD_BITS, encode
from limner.provenance.mark.pattern import chips_at, pattern_of, spectrum_of, tile_of

MARK_ID = 100_200_300
HERE = (0.0, 0.0)


@pytest.fixture
def clean_FF() -> np.ndarray:
    return spectrum_of(tile_of(pattern_of(KEY), encode(MARK_ID)))


def noise_FF(seed: int) -> np.ndarray:
    noise_TT = np.random.default_rng(seed).standard_normal((128, 128))
    return spectrum_of(noise_TT.astype(np.float32))


def without_pilot() -> np.ndarray:
    """A tile and the tile of the opposite word have nothing but the pilot in common."""
    pattern, word_N = pattern_of(KEY), encode(MARK_ID)
    return spectrum_of(tile_of(pattern, word_N) - tile_of(pattern, 1 - word_N))


def test_a_clean_tile_is_read_without_a_wrong_bit(clean_FF):
    found = decoding.decode_at(clean_FF, HERE, pattern_of(KEY))
    assert (found.payload.mark_id, found.num_corrected_bits) == (MARK_ID, 0)


def test_bits_that_were_wrong_are_counted(clean_FF):
    noise = noise_FF(0)
    noise *= 1.6 * np.linalg.norm(clean_FF) / np.linalg.norm(noise)
    found = decoding.decode_at(clean_FF + noise, HERE, pattern_of(KEY))
    assert (found.payload.mark_id, found.num_corrected_bits > 0) == (MARK_ID, True)


def test_a_tile_of_another_key_is_not_read(clean_FF):
    assert decoding.decode_at(clean_FF, HERE, pattern_of(OTHER_KEY)) is None


def test_a_tile_looked_for_in_the_wrong_place_is_not_read(clean_FF):
    assert decoding.decode_at(clean_FF, (0.25, 0.0), pattern_of(KEY)) is None


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_not_read(seed):
    assert decoding.decode_at(noise_FF(seed), HERE, pattern_of(KEY)) is None


def test_an_empty_tile_is_not_read():
    empty_FF = spectrum_of(np.zeros((128, 128), np.float32))
    assert decoding.decode_at(empty_FF, HERE, pattern_of(KEY)) is None


def test_a_word_that_stands_out_a_lot_is_read_without_its_pilot():
    found = decoding.decode_at(without_pilot(), HERE, pattern_of(KEY))
    assert (found.payload.mark_id, found.pilot_score < decoding.MIN_PILOT_SCORE) == (MARK_ID, True)


def test_a_word_that_stands_out_a_little_is_not_read_without_its_pilot(monkeypatch):
    monkeypatch.setattr(decoding, "MIN_LONE_WORD_SCORE", 1000.0)
    assert decoding.decode_at(without_pilot(), HERE, pattern_of(KEY)) is None


def test_the_opposite_word_scores_as_far_below_chance(clean_FF):
    chips_MM = chips_at(clean_FF, HERE)
    word_N = encode(MARK_ID)
    score = decoding.word_score(chips_MM, pattern_of(KEY), word_N)
    assert decoding.word_score(chips_MM, pattern_of(KEY), 1 - word_N) == pytest.approx(-score)


def test_scores_of_noise_are_spread_like_chance():
    pattern = pattern_of(KEY)
    scores = [decoding.pilot_score(chips_at(noise_FF(k), HERE), pattern) for k in range(200)]
    assert 0.8 < np.std(scores) < 1.2


def test_there_is_one_soft_value_a_bit(clean_FF):
    soft_N = decoding.soft_bits(chips_at(clean_FF, HERE), pattern_of(KEY))
    assert soft_N.shape == (NUM_WORD_BITS,)
