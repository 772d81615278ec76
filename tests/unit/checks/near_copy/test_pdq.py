import json

import numpy as np
import pytest
from unit.checks.pdq_pictures import REFERENCE, pictures

from limner.checks.near_copy.pdq import pdq_hash

EXPECTED = json.loads(REFERENCE.read_text())


def test_hashes_are_those_of_the_reference_bit_for_bit():
    assert [pdq_hash(one).bits.hex() for one in pictures()] == [bits for bits, _ in EXPECTED]


def test_qualities_are_those_of_the_reference():
    assert [pdq_hash(one).quality for one in pictures()] == [quality for _, quality in EXPECTED]


def test_a_hash_has_half_of_its_bits_set():
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert int.from_bytes(pdq_hash(noise).bits).bit_count() == 128


@pytest.mark.parametrize("share", [0.6, 0.9, 0.97])
def test_a_change_of_light_changes_few_bits(share):
    drawing = pictures()[0]
    dimmed = (drawing * share).astype(np.uint8)
    apart = int.from_bytes(pdq_hash(drawing).bits) ^ int.from_bytes(pdq_hash(dimmed).bits)
    assert apart.bit_count() <= 31
