"""Between a mark id and the 128 bits that are put into the pixels.

An id of 28 bits gets 15 check bits (CRC-15/CAN), and the 43 become a word of 128 by the extended
BCH code (128, 43), any two words of which differ in 32 places or more. Reading is by ordered
statistics: the 43 most reliable independent bits are taken as read, up to three of them are turned
over, and of these 13,288 words the one that fits all 128 soft values best is the answer.

Sources: Lin, Costello, Error Control Coding, 2nd ed., ch. 6 (BCH) and 10.8 (Fossorier, Lin 1995,
ordered statistics). Compared with the codes (256, 45) and (128, 36 / 50 / 57) in docs/log.md.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limner.provenance.mark.records import ID_BITS

# Shapes: K information bits, N bits of a word.

CHECK_BITS = 15
NUM_INFO_BITS = ID_BITS + CHECK_BITS
NUM_WORD_BITS = 128

_CRC_POLYNOMIAL = 0x4599  # CRC-15/CAN: x^15+x^14+x^10+x^8+x^7+x^4+x^3+1, top bit left out
_BCH_POLYNOMIAL = 0o17721772213651227521220574343  # degree 84, roots a^1 .. a^28 of x^7+x^3+1

Bits = NDArray[np.uint8]
Floats = NDArray[np.floating[Any]]  # float32 throughout; numpy's types widen it


def encode(mark_id: int) -> Bits:
    """The word of an id: uint8 `[N]`, 0 or 1."""
    info = mark_id << CHECK_BITS | check_bits(mark_id)
    info_K = np.array([info >> shift & 1 for shift in range(NUM_INFO_BITS)], np.uint8)
    return _word(info_K, _generator())


def decode(soft_N: Floats) -> tuple[int, Bits] | None:
    """The id whose word fits best, and that word; ``None`` if its check bits do not agree.

    Args:
        soft_N: float32 `[N]`; above 0 speaks for a 0, below for a 1, the more the further.
    """
    word_N = nearest_word(soft_N)
    info = sum(int(bit) << shift for shift, bit in enumerate(word_N[:NUM_INFO_BITS]))
    mark_id, check = info >> CHECK_BITS, info & (1 << CHECK_BITS) - 1
    return (mark_id, word_N) if check_bits(mark_id) == check else None


def check_bits(mark_id: int) -> int:
    """CRC-15/CAN of the id's 28 bits, highest first."""
    register = 0
    for shift in reversed(range(ID_BITS)):
        feedback = register >> (CHECK_BITS - 1) ^ mark_id >> shift & 1
        register = register << 1 & (1 << CHECK_BITS) - 1
        register ^= _CRC_POLYNOMIAL if feedback & 1 else 0
    return register


def nearest_word(soft_N: Floats) -> Bits:
    """The best of the words that order-3 ordered statistics looks at; see this module's top."""
    order_N = np.argsort(-np.abs(soft_N), kind="stable")
    rows_KN, basis_K = _reduce(_generator()[:, order_N])
    soft_N = soft_N[order_N]
    info_K = (soft_N[basis_K] < 0).astype(np.uint8)
    info_K[_best_flips(_signs(rows_KN), _signs(_word(info_K, rows_KN)) * soft_N)] ^= 1
    word_N = np.empty(NUM_WORD_BITS, np.uint8)
    word_N[order_N] = _word(info_K, rows_KN)
    return word_N


def _best_flips(rows_KN: Floats, fit_N: Floats) -> list[int]:
    """Which up to three rows to add so that the fit, summed over the word, is largest.

    Args:
        rows_KN: +1 / -1; adding a row to the word multiplies the fit by it.
        fit_N: soft values times the signs of the word.
    """
    num_rows = len(rows_KN)
    pairs_PN = (rows_KN[:, None] * rows_KN * fit_N).reshape(-1, NUM_WORD_BITS)
    three_KKK = (pairs_PN @ rows_KN.T).reshape(num_rows, num_rows, num_rows)
    # Rows taken twice cancel, so these two tables hold one flip and none as well.
    candidates = _largest(three_KKK), _largest((rows_KN * fit_N) @ rows_KN.T)
    flips = max(candidates, key=lambda one: one[1])[0]
    return [row for row in set(flips) if flips.count(row) % 2]


def _largest(fits: Floats) -> tuple[list[int], float]:
    at = int(np.argmax(fits))
    return [int(one) for one in np.unravel_index(at, fits.shape)], float(fits.flat[at])


def _word(info_K: Bits, rows_KN: Bits) -> Bits:
    return (info_K @ rows_KN & 1).astype(np.uint8)


def _signs(bits: Bits) -> Floats:
    return np.where(bits, np.float32(-1), np.float32(1))


def _reduce(matrix_KN: Bits) -> tuple[Bits, list[int]]:
    """Gauss-Jordan over two elements: a unit matrix in the first independent columns.

    A row is one number of 128 bits, which is added to another in a step.
    """
    rows = [int.from_bytes(one.tobytes()) for one in np.packbits(matrix_KN, axis=1)]
    basis: list[int] = []
    for column in range(NUM_WORD_BITS):
        rank, bit = len(basis), 1 << (NUM_WORD_BITS - 1 - column)
        if rank == NUM_INFO_BITS:
            break
        found = next((k for k in range(rank, len(rows)) if rows[k] & bit), None)
        if found is None:
            continue
        rows[rank], rows[found] = rows[found], rows[rank]
        pivot = rows[rank]
        rows = [one ^ pivot if one & bit else one for one in rows]
        rows[rank] = pivot
        basis.append(column)
    packed = b"".join(one.to_bytes(NUM_WORD_BITS // 8) for one in rows)
    return np.unpackbits(np.frombuffer(packed, np.uint8)).reshape(matrix_KN.shape), basis


@cache
def _generator() -> Bits:
    """Generator matrix `[K, N]`: a unit matrix first, a parity bit last."""
    degree = _BCH_POLYNOMIAL.bit_length() - 1
    polynomial = np.array([_BCH_POLYNOMIAL >> power & 1 for power in range(degree + 1)], np.uint8)
    rows_KN = np.zeros((NUM_INFO_BITS, NUM_WORD_BITS), np.uint8)
    for row in range(NUM_INFO_BITS):
        rows_KN[row, row : row + degree + 1] = polynomial
    rows_KN, _ = _reduce(rows_KN)
    rows_KN[:, -1] = rows_KN.sum(axis=1) & 1
    return rows_KN
