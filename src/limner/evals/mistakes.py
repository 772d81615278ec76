"""Whether a share of mistakes is below a limit: p-values and upper bounds that hold at any size.

Equal chances of being looked at: the exact binomial test. Unequal ones: a betting test on weighted
mistakes, because counting the rows would be wrong then. No other assumption but that the rows were
drawn independently.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

# Shapes: U units (pictures), B bets.

_STAKES_B = np.array([0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95])  # shares of what may be staked
_NUM_HALVINGS = 40
_POWER = 0.8


def binomial_tail(num_hits: int, num: int, share: float) -> float:
    """P(X <= `num_hits`) where X counts hits among `num` draws with this chance each.

    Args:
        num_hits: 0 to `num`.
        num: 0 or more; with none the answer is 1.
        share: 0-1.
    """
    if num_hits >= num or share <= 0:
        return 1.0
    if share >= 1:
        return 0.0
    hits = np.arange(num_hits + 1)
    # log of the binomial coefficients: a running sum of log((num - k + 1) / k)
    steps = np.log((num - hits[1:] + 1) / hits[1:])
    log_choose = np.concatenate(([0.0], np.cumsum(steps)))
    logs = log_choose + hits * math.log(share) + (num - hits) * math.log1p(-share)
    return min(1.0, float(np.exp(logs).sum()))


def mistakes_p_value(
    is_wrong_U: NDArray[np.bool_],
    weight_U: NDArray[np.float64],
    limit: float,
    *,
    is_equal: bool,
) -> float:
    """p-value of "the share of mistakes is at or over `limit`"; small ones speak for fewer.

    Args:
        is_wrong_U: the mistakes; with no rows the answer is 1.
        weight_U: above 0 and at most 1: the smallest chance of being looked at in all the data,
            over this row's.
        limit: 0-1.
        is_equal: every row had the same chance; then the exact binomial test is taken.

    Source: Angelopoulos et al. 2021, Learn then Test, arXiv:2110.01052, binomial p-values;
    Waudby-Smith and Ramdas 2023, doi:10.1093/jrsssb/qkad009: the capital of a bet against the
    hypothesis is above 1/p with probability p at most. Here a mean over fixed stakes, so that the
    order of rows does not matter.
    """
    if is_equal:
        return binomial_tail(int(is_wrong_U.sum()), len(is_wrong_U), limit)
    gain_U = weight_U * (limit - is_wrong_U)
    log_capital_B = np.log1p(np.outer(_STAKES_B, gain_U)).sum(axis=1)
    top = float(log_capital_B.max())
    log_mean = top + math.log(float(np.exp(log_capital_B - top).mean()))
    return math.exp(-max(0.0, log_mean))


def mistakes_bound(
    is_wrong_U: NDArray[np.bool_],
    weight_U: NDArray[np.float64],
    delta: float,
    *,
    is_equal: bool,
) -> float:
    """Upper bound of the share of mistakes with confidence 1 - `delta`; arguments as the test's.

    The smallest limit the test rejects (Clopper-Pearson where chances are equal); 1 without rows.
    """
    low, high = 0.0, 1.0
    for _ in range(_NUM_HALVINGS):
        middle = (low + high) / 2
        if mistakes_p_value(is_wrong_U, weight_U, middle, is_equal=is_equal) <= delta:
            high = middle
        else:
            low = middle
    return high


def rows_needed(limit: float, delta: float, share: float = 0.0) -> int | None:
    """Rows with equal chances after which a limit is shown to be kept, four times in five.

    Args:
        limit: of the share of mistakes, 0-1.
        delta: 1 - confidence, above 0 and below 1.
        share: of mistakes that is expected; 0 gives the fewest rows that can ever do.

    Returns:
        ``None`` where the expected share is not below the limit.

    Source: the usual normal approximation of the power of a test of one share, e.g. Fleiss, Levin
    and Paik 2003, Statistical Methods for Rates and Proportions, 2.4.
    """
    if share >= limit:
        return None
    if limit >= 1:
        return 1
    fewest = math.ceil(math.log(delta) / math.log1p(-limit))
    if share <= 0:
        return fewest
    z, z_power = NormalDist().inv_cdf(1 - delta), NormalDist().inv_cdf(_POWER)
    spread = z * math.sqrt(limit * (1 - limit)) + z_power * math.sqrt(share * (1 - share))
    return max(fewest, math.ceil((spread / (limit - share)) ** 2))
