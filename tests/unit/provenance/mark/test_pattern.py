import hashlib

import numpy as np
import pytest
from unit.provenance.mark.marked_art import KEY, OTHER_KEY

from limner.core.errors import BadInput
from limner.provenance.mark import epoch_of, pattern
from limner.provenance.mark.codeword import NUM_WORD_BITS, encode


def test_a_key_always_makes_the_same_pattern():
    first = pattern.pattern_of(KEY).signs_MM
    pattern.pattern_of.cache_clear()
    assert (pattern.pattern_of(KEY).signs_MM == first).all()


def test_the_pattern_of_a_key_is_the_one_that_older_marks_were_made_with():
    made = pattern.pattern_of(bytes(32))
    content = made.bits_MM.astype("<i8").tobytes() + made.signs_MM.astype("<f4").tobytes()
    digest = hashlib.sha256(content).hexdigest()
    assert digest == "304c1f483c19fa9a9e23f4dd156eaa83bf990b8cacf57134c62c6180fdc0c9e4"


def test_two_keys_make_patterns_that_have_nothing_in_common():
    agree = pattern.pattern_of(KEY).signs_MM * pattern.pattern_of(OTHER_KEY).signs_MM
    assert abs(agree.sum()) < 4 * np.sqrt(agree.size)


def test_every_bit_has_as_many_chips_as_every_other_but_for_one():
    counts = np.bincount(pattern.pattern_of(KEY).bits_MM.ravel())[:NUM_WORD_BITS]
    assert counts.max() - counts.min() <= 1


def test_a_fifth_of_the_chips_are_pilot():
    assert (pattern.pattern_of(KEY).bits_MM == NUM_WORD_BITS).sum() == 461


def test_a_short_key_is_refused():
    with pytest.raises(BadInput, match="15 bytes"):
        pattern.pattern_of(b"fifteen bytes!!")


def test_a_tile_has_mean_zero_and_spread_one():
    tile_TT = pattern.tile_of(pattern.pattern_of(KEY), encode(5))
    assert (abs(tile_TT.mean()) < 1e-5, round(float(tile_TT.std()), 4)) == (True, 1.0)


def test_chips_of_a_shifted_tile_are_found_at_its_shift():
    made = pattern.pattern_of(KEY)
    tile_TT = np.roll(pattern.tile_of(made, encode(5)), (32, 16), axis=(0, 1))
    chips_MM = pattern.chips_at(pattern.spectrum_of(tile_TT), (16 / 128, 32 / 128))
    straight_MM = pattern.chips_at(
        pattern.spectrum_of(pattern.tile_of(made, encode(5))), (0.0, 0.0)
    )
    assert np.allclose(chips_MM, straight_MM, atol=1e-3)


def test_the_name_of_an_epoch_does_not_hold_the_key():
    assert (len(epoch_of(KEY)), KEY.hex()[:8] in epoch_of(KEY)) == (16, False)
