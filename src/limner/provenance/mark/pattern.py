"""The keyed pattern: which sign every chip of the tile has, and which bit it carries.

A tile is a square of 48 x 48 chips that repeats over the picture. A fifth of the chips are the
pilot, the same in every picture of a key; each of the others carries one of the 128 bits of the
word. The chips are smoothed to a band of 3 to 26 cycles a tile: slower swings are lost in the
picture's own shading, faster ones in JPEG at half size.

Source: spread spectrum after Cox et al. 1997; chips dealt out to bits instead of one pattern for
every bit, so that embedding and reading cost one transform whatever the number of bits.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from limner.core.errors import BadInput
from limner.provenance.mark.codeword import NUM_WORD_BITS, Floats
from limner.provenance.mark.records import MIN_KEY_BYTES

# Shapes: M chips a side, F frequencies a side (= M), T tile pixels a side, N bits of a word.

NUM_CHIPS = 48  # a side; 2.7 tile pixels a chip
TILE_PX = 128  # a side, at reading size
PILOT_SHARE = 0.2  # finds a shift about as far down as the word can still be read
LOWEST_CYCLES, HIGHEST_CYCLES = 3.0, 26.0  # a tile

_FREQUENCIES_F = np.fft.fftfreq(NUM_CHIPS, 1 / NUM_CHIPS).astype(np.int64)

Spectrum = NDArray[np.complex64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pattern:
    """What a key makes of a tile.

    Attributes:
        epoch: see `epoch_of`.
        signs_MM: float32, +1 or -1.
        bits_MM: int64; the bit a chip carries, NUM_WORD_BITS for the pilot.
        pilot_FF: spectrum of the pilot chips alone, smoothed.
    """

    epoch: str
    signs_MM: Floats
    bits_MM: NDArray[np.int64]
    pilot_FF: Spectrum


def epoch_of(key: bytes) -> str:
    """Name of a key that can be stored and shown: 16 hex digits; the key cannot be told from it."""
    return hashlib.sha256(b"limner.mark/1 epoch " + key).hexdigest()[:16]


@lru_cache(maxsize=32)
def pattern_of(key: bytes) -> Pattern:
    """The pattern of a key; the same on every machine and version of numpy.

    Raises:
        BadInput: the key is shorter than MIN_KEY_BYTES.
    """
    if len(key) < MIN_KEY_BYTES:
        raise BadInput(
            f"The mark key has {len(key)} bytes; at least {MIN_KEY_BYTES} are needed.",
            code="mark_key_short",
        )
    num_chips = NUM_CHIPS * NUM_CHIPS
    stream = hashlib.shake_256(b"limner.mark/1 pattern " + key).digest(9 * num_chips)
    signs = np.frombuffer(stream, np.uint8, num_chips) & 1
    order = np.argsort(np.frombuffer(stream, "<u8", offset=num_chips), kind="stable")
    num_pilot = round(PILOT_SHARE * num_chips)
    bits = np.empty(num_chips, np.int64)
    bits[order[:num_pilot]] = NUM_WORD_BITS
    bits[order[num_pilot:]] = np.arange(num_chips - num_pilot) % NUM_WORD_BITS
    signs_MM = np.where(signs, np.float32(-1), np.float32(1)).reshape(NUM_CHIPS, NUM_CHIPS)
    bits_MM = bits.reshape(NUM_CHIPS, NUM_CHIPS)
    pilot_MM = np.where(bits_MM == NUM_WORD_BITS, signs_MM, np.float32(0))
    return Pattern(
        epoch=epoch_of(key),
        signs_MM=signs_MM,
        bits_MM=bits_MM,
        pilot_FF=(np.fft.fft2(pilot_MM) * _band()).astype(np.complex64),
    )


def tile_of(pattern: Pattern, word_N: NDArray[np.uint8]) -> Floats:
    """The mark of one word: float32 `[T, T]`, mean 0, standard deviation 1, joins at its edges."""
    signs_N1 = np.append(np.where(word_N, np.float32(-1), np.float32(1)), np.float32(1))
    chips_FF = np.fft.fft2(pattern.signs_MM * signs_N1[pattern.bits_MM]) * _band()
    spectrum_TT = np.zeros((TILE_PX, TILE_PX), np.complex64)
    spectrum_TT[np.ix_(_FREQUENCIES_F, _FREQUENCIES_F)] = chips_FF
    tile_TT = np.fft.ifft2(spectrum_TT).real
    return (tile_TT / tile_TT.std()).astype(np.float32)


def spectrum_of(tile_TT: Floats) -> Spectrum:
    """The part of a tile's spectrum that the chips can have: complex64 `[F, F]`."""
    spectrum_TT = np.fft.fft2(tile_TT)
    return (spectrum_TT[np.ix_(_FREQUENCIES_F, _FREQUENCIES_F)] * _band()).astype(np.complex64)


def chips_at(spectrum_FF: Spectrum, shift: tuple[float, float]) -> Floats:
    """Chip values of a tile that starts `shift` (right, down; in tiles, any fraction) late."""
    turns_FF = np.add.outer(_FREQUENCIES_F * shift[1], _FREQUENCIES_F * shift[0])
    return np.fft.ifft2(spectrum_FF * np.exp(2j * np.pi * turns_FF)).real.astype(np.float32)


@cache
def _band() -> Floats:
    radius_FF = np.hypot(*np.meshgrid(_FREQUENCIES_F, _FREQUENCIES_F))
    passes_FF = (radius_FF >= LOWEST_CYCLES) & (radius_FF <= HIGHEST_CYCLES)
    passes_FF[NUM_CHIPS // 2] = passes_FF[:, NUM_CHIPS // 2] = False  # has no partner of its own
    return passes_FF.astype(np.float32)
