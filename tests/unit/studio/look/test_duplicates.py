import numpy as np

from limner.studio.look.duplicates import Duplicates

RNG = np.random.default_rng(0)
HASHES = [RNG.bytes(32) for _ in range(3000)]


def image_id(number):
    return f"sha256:{number:064x}"


def flipped(pdq, num_bits):
    bits = np.unpackbits(np.frombuffer(pdq, np.uint8))
    bits[:num_bits] ^= 1
    return np.packbits(bits).tobytes()


def known():
    return Duplicates((image_id(at), one) for at, one in enumerate(HASHES))


def test_the_nearest_earlier_image_is_found():
    near = known().meet(image_id(9999), flipped(HASHES[1700], 12))
    assert near == (image_id(1700), 12)


def test_beyond_the_alarm_nothing_is_a_duplicate():
    assert known().meet(image_id(9999), flipped(HASHES[5], 32)) is None


def test_an_image_is_no_duplicate_of_itself():
    assert known().meet(image_id(7), HASHES[7]) is None


def test_what_was_met_is_remembered():
    duplicates = Duplicates()
    duplicates.meet(image_id(1), HASHES[0])
    assert duplicates.meet(image_id(2), HASHES[0]) == (image_id(1), 0)


def test_a_picture_with_too_little_in_it_has_no_duplicates():
    assert known().meet(image_id(9999), None) is None
