"""From what a tile shows, at a known place, to what the mark says; nothing here looks for it.

Nothing is read unless the check bits are right and the whole word stands out further than the best
of all words does by chance: a little further where the pilot, which no payload changes, stands out
too, else a lot. The second way is for marks whose pilot was washed out by averaging many pictures.

Chance is over keys: for one picture and a random key every chip's sign is a coin, so that a sum of
chips exceeds z standard deviations with probability below exp(-z * z / 2) whatever the picture
shows (Hoeffding). There are 2^28 words with right check bits. For every place that is decoded, at
most 14 a key, that makes less than 1 in 10^13 without a pilot, and less than 1 in 10^7 with one.
`python -m benchmarks mark-false-positives` measures it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from limner.provenance.mark.codeword import NUM_WORD_BITS, Bits, Floats, decode
from limner.provenance.mark.pattern import Pattern, Spectrum, chips_at
from limner.provenance.mark.records import MarkPayload

# Shapes: M chips a side, F frequencies a side, N bits of a word.

MIN_PILOT_SCORE = 3.0
MIN_WORD_SCORE = 8.5  # the best of all words comes to about 7 by chance, a readable one to 9.5
MIN_LONE_WORD_SCORE = 10.0  # without a pilot


class Decoded(NamedTuple):
    """What was read; see `MarkReading`."""

    payload: MarkPayload
    score: float
    pilot_score: float
    num_corrected_bits: int


def decode_at(
    spectrum_FF: Spectrum, shift: tuple[float, float], pattern: Pattern
) -> Decoded | None:
    """What the mark says if it lies at `shift` (right, down; in tiles); ``None`` if none does."""
    chips_MM = chips_at(spectrum_FF, shift)
    soft_N = soft_bits(chips_MM, pattern)
    found = decode(soft_N)
    if found is None:
        return None
    mark_id, word_N = found
    score, pilot = word_score(chips_MM, pattern, word_N), pilot_score(chips_MM, pattern)
    if score < (MIN_WORD_SCORE if pilot >= MIN_PILOT_SCORE else MIN_LONE_WORD_SCORE):
        return None
    num_corrected = int(((soft_N < 0) != word_N.astype(bool)).sum())
    return Decoded(MarkPayload(mark_id=mark_id), score, pilot, num_corrected)


def word_score(chips_MM: Floats, pattern: Pattern, word_N: Bits) -> float:
    """How far the chips of the bits agree with a word, in standard deviations of chance."""
    signs_N1 = np.append(np.where(word_N, np.float32(-1), np.float32(1)), np.float32(0))
    return _score(chips_MM, pattern.signs_MM * signs_N1[pattern.bits_MM])


def pilot_score(chips_MM: Floats, pattern: Pattern) -> float:
    """The same for the chips of the pilot."""
    is_pilot_MM = pattern.bits_MM == NUM_WORD_BITS
    return _score(chips_MM, np.where(is_pilot_MM, pattern.signs_MM, np.float32(0)))


def _score(chips_MM: Floats, signs_MM: Floats) -> float:
    spread = float(np.linalg.norm(chips_MM * signs_MM))
    return float((chips_MM * signs_MM).sum()) / spread if spread > 0 else 0.0


def soft_bits(chips_MM: Floats, pattern: Pattern) -> Floats:
    """Sums over the chips of every bit; above 0 speaks for a 0. Float32 `[N]`."""
    signed = (chips_MM * pattern.signs_MM).ravel()
    sums = np.bincount(pattern.bits_MM.ravel(), weights=signed, minlength=NUM_WORD_BITS + 1)
    return sums[:NUM_WORD_BITS].astype(np.float32)
