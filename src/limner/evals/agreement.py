"""Whether people agree: Krippendorff's alpha, Gwet's AC1 and Cohen's kappa.

All say 1 for full agreement and 0 for what chance gives; the first two have bootstrap intervals.
Alpha collapses when nearly all answers are the same (its chance term nears 1); AC1 does not, so
they are reported together.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from limner.evals.intervals import Estimate, bootstrapped

# Shapes: U units, R raters, K categories. Ratings are category indices, 0 .. K-1; -1 is none.

NO_RATING = -1

Level = Literal["nominal", "ordinal"]


def krippendorff_alpha(
    ratings_UR: NDArray[np.int64], *, num_categories: int, level: Level = "nominal"
) -> float:
    """Krippendorff's alpha; NaN when there is nothing to compare or no variation at all.

    Args:
        ratings_UR: one row a unit; raters may be missing.
        num_categories: K; for ``ordinal`` the indices are their order.
        level: of measurement.

    Source: Krippendorff 2011, Computing Krippendorff's Alpha-Reliability,
    https://repository.upenn.edu/asc_papers/43
    """
    return _alpha(_counts_UK(ratings_UR, num_categories), level)


def gwet_ac1(ratings_UR: NDArray[np.int64], *, num_categories: int) -> float:
    """Gwet's AC1; NaN when no unit has two ratings, or there is one category only.

    Source: Gwet 2008, doi:10.1348/000711006X126600; several raters and missing ones as in Gwet
    2014, Handbook of Inter-Rater Reliability, 4th edition, chapter 2.
    """
    return _ac1(_counts_UK(ratings_UR, num_categories))


def cohen_kappa(ratings_U2: NDArray[np.int64], *, num_categories: int) -> float:
    """Cohen's kappa of two raters; NaN when they share no unit, or chance alone agrees fully.

    Args:
        ratings_U2: one row a unit; a rater may have none of it.
        num_categories: K.

    Source: Cohen 1960, doi:10.1177/001316446002000104.
    """
    shared_U2 = ratings_U2[(ratings_U2 != NO_RATING).all(axis=1)]
    if len(shared_U2) == 0:
        return float("nan")
    observed = float((shared_U2[:, 0] == shared_U2[:, 1]).mean())
    share_2K = np.stack(
        [np.bincount(one, minlength=num_categories) / len(shared_U2) for one in shared_U2.T]
    )
    by_chance = float((share_2K[0] * share_2K[1]).sum())
    return float("nan") if by_chance == 1 else (observed - by_chance) / (1 - by_chance)


def raw_agreement(ratings_UR: NDArray[np.int64], *, num_categories: int) -> float:
    """Share of pairs of ratings of one unit that are equal, averaged over units; NaN for none."""
    return _observed(_counts_UK(ratings_UR, num_categories))


def alpha_estimate(
    ratings_UR: NDArray[np.int64],
    rng: np.random.Generator,
    *,
    num_categories: int,
    level: Level = "nominal",
) -> Estimate:
    """Alpha with an interval from resampling units; `num` counts units with two ratings."""
    counts_UK = _compared(_counts_UK(ratings_UR, num_categories))
    return bootstrapped(lambda rows: _alpha(counts_UK[rows], level), len(counts_UK), rng)


def ac1_estimate(
    ratings_UR: NDArray[np.int64], rng: np.random.Generator, *, num_categories: int
) -> Estimate:
    """AC1 with an interval from resampling units; only units with two ratings count."""
    counts_UK = _compared(_counts_UK(ratings_UR, num_categories))
    return bootstrapped(lambda rows: _ac1(counts_UK[rows]), len(counts_UK), rng)


def agreement_estimate(
    ratings_UR: NDArray[np.int64], rng: np.random.Generator, *, num_categories: int
) -> Estimate:
    """Raw agreement with an interval from resampling units."""
    counts_UK = _compared(_counts_UK(ratings_UR, num_categories))
    return bootstrapped(lambda rows: _observed(counts_UK[rows]), len(counts_UK), rng)


def _counts_UK(ratings_UR: NDArray[np.int64], num_categories: int) -> NDArray[np.float64]:
    """How many raters put each unit into each category."""
    chosen_URK = ratings_UR[..., None] == np.arange(num_categories)
    return chosen_URK.sum(axis=1).astype(np.float64)


def _compared(counts_UK: NDArray[np.float64]) -> NDArray[np.float64]:
    return counts_UK[counts_UK.sum(axis=1) >= 2]


def _alpha(counts_UK: NDArray[np.float64], level: Level) -> float:
    counts_UK = _compared(counts_UK)
    if len(counts_UK) == 0:
        return float("nan")
    pairs_KK = np.einsum("uk,ul,u->kl", counts_UK, counts_UK, 1 / (counts_UK.sum(axis=1) - 1))
    # A rating is not paired with itself.
    pairs_KK -= np.diag((counts_UK / (counts_UK.sum(axis=1, keepdims=True) - 1)).sum(axis=0))
    totals_K = pairs_KK.sum(axis=1)
    distance_KK = _distance_KK(totals_K, level)
    expected = float((np.outer(totals_K, totals_K) * distance_KK).sum()) / (totals_K.sum() - 1)
    if expected == 0:
        return float("nan")
    return 1 - float((pairs_KK * distance_KK).sum()) / expected


def _distance_KK(totals_K: NDArray[np.float64], level: Level) -> NDArray[np.float64]:
    if level == "nominal":
        return 1 - np.eye(len(totals_K))
    upto_K = np.cumsum(totals_K) - totals_K / 2  # ranks of the middles of the categories
    return (upto_K[:, None] - upto_K) ** 2


def _observed(counts_UK: NDArray[np.float64]) -> float:
    counts_UK = _compared(counts_UK)
    if len(counts_UK) == 0:
        return float("nan")
    num_U = counts_UK.sum(axis=1)
    return float(((counts_UK * (counts_UK - 1)).sum(axis=1) / (num_U * (num_U - 1))).mean())


def _ac1(counts_UK: NDArray[np.float64]) -> float:
    observed = _observed(counts_UK)
    num_categories = counts_UK.shape[1]
    rated_UK = counts_UK[counts_UK.sum(axis=1) > 0]
    if not np.isfinite(observed) or num_categories < 2:
        return float("nan")
    share_K = (rated_UK / rated_UK.sum(axis=1, keepdims=True)).mean(axis=0)
    by_chance = float((share_K * (1 - share_K)).sum()) / (num_categories - 1)
    return (observed - by_chance) / (1 - by_chance)
