"""Comparing two models on the same prompts and seeds: differences with intervals, and who wins.

Pictures of one prompt are not independent, so prompts are resampled, whole. A winner is called by
a randomisation test, whose changes of signs are drawn by chance, corrected for the number of
metrics; the interval says how large the difference may be. What could be seen at all is worked out
before anything is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from limner.core.errors import BadInput
from limner.evals.intervals import CONFIDENCE, Estimate, wilson

# Shapes: P prompts, S seeds, R resamples.

LEAST_SEEDS = 4
NUM_RESAMPLES = 4000
POWER = 0.8
SIGNIFICANT = 1 - CONFIDENCE

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One metric of two models.

    Attributes:
        first, second: shares of right pictures, 0-1, every prompt counting once.
        difference: second minus first, with its interval over prompts; `num` is prompts.
        p_value: that a difference as large comes about between equal models.
        adjusted_p: the same, corrected for all metrics that are compared together (Holm).
        winner: ``first`` or ``second`` where `adjusted_p` is at most 0.05, else ``None``.
    """

    first: float
    second: float
    difference: Estimate
    p_value: float
    adjusted_p: float
    winner: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """What is assumed when it is said beforehand which difference could be seen.

    Attributes:
        rate: share of right pictures, 0-1.
        prompt_share: of the variance of one picture, what its prompt decides, 0-1.
        correlation: between the two models' prompts, 0-1.
    """

    rate: float = 0.7
    prompt_share: float = 0.5
    correlation: float = 0.5


def compare(
    pairs: Mapping[str, tuple[Floats, Floats]],
    rng: np.random.Generator,
    *,
    least_seeds: int = LEAST_SEEDS,
) -> dict[str, Difference]:
    """Compare two models by several metrics at once.

    Args:
        pairs: for each metric the outcomes, 0-1, of the first and of the second model, `[P, S]`:
            the same prompts in the same order. NaN where a picture could not be judged; such a
            pair of pictures counts for neither model.
        rng: draws resamples and signs.
        least_seeds: that there must be; 1 for requests as people made them, which are many.

    Raises:
        BadInput: the two do not fit, or there are fewer seeds.

    Source: cluster bootstrap and randomisation test over prompts; Miller 2024, "Adding Error Bars
        to Evals", arXiv:2411.00640; Holm 1979.
    """
    kept = {name: _require_pairs(name, *pair, least_seeds) for name, pair in pairs.items()}
    p_values = {name: sign_flip_p(_mean_differences(*pair), rng) for name, pair in kept.items()}
    adjusted = dict(zip(p_values, holm(list(p_values.values())), strict=True))
    return {
        name: _difference(pair, p_values[name], adjusted[name], rng) for name, pair in kept.items()
    }


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for their number, in the same order.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure".
    """
    corrected, highest = [0.0] * len(p_values), 0.0
    for rank, at in enumerate(sorted(range(len(p_values)), key=lambda at: p_values[at])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[at]))
        corrected[at] = highest
    return corrected


def sign_flip_p(
    differences_P: Floats, rng: np.random.Generator, num_resamples: int = NUM_RESAMPLES
) -> float:
    """Two-sided p-value that differences of prompts have no side.

    If the models are equal, each prompt's difference is as likely to have the other sign. 1.0
    where no prompt differs.

    Args:
        differences_P: second minus first, one a prompt.
        rng: draws the signs.
        num_resamples: how many.

    Source: Fisher's randomisation test; with the sample itself counted, as Phipson and Smyth 2010
        show it must be, so that the test holds its level.
    """
    apart_P = differences_P[differences_P != 0]
    if not len(apart_P):
        return 1.0
    signs_RP = rng.integers(0, 2, (num_resamples, len(apart_P))) * 2 - 1
    seen = abs(apart_P.sum()) - 1e-9  # the same sum in another order may differ by a rounding
    num_as_large = int((np.abs(signs_RP @ apart_P) >= seen).sum())
    return (num_as_large + 1) / (num_resamples + 1)


def mean_interval(
    values_P: Floats, rng: np.random.Generator, num_resamples: int = NUM_RESAMPLES
) -> Estimate:
    """Mean over prompts with its 95 % interval by resampling prompts.

    Args:
        values_P: one a prompt.
        rng: draws the resamples.
        num_resamples: how many.

    Returns:
        No interval where fewer than two prompts are there or all are alike.

    Source: percentile bootstrap with the quantiles of Hesterberg 2015, "What Teachers Should Know
        About the Bootstrap", section 5.3, which keep the level for few prompts.
    """
    num = len(values_P)
    if num == 0:
        return Estimate(value=None, low=None, high=None, num=0)
    value = float(values_P.mean())
    if num < 2 or np.ptp(values_P) == 0:
        return Estimate(value=value, low=None, high=None, num=num)
    drawn_R = values_P[rng.integers(num, size=(num_resamples, num))].mean(axis=1)
    tail = NormalDist().cdf(-((num / (num - 1)) ** 0.5) * t_quantile((1 + CONFIDENCE) / 2, num - 1))
    low, high = (float(one) for one in np.quantile(drawn_R, (tail, 1 - tail)))
    return Estimate(value=value, low=low, high=high, num=num)


def clustered_share(outcomes_PS: Floats) -> Estimate:
    """A share of right pictures with its 95 % interval; pictures of one prompt hang together.

    Args:
        outcomes_PS: 0-1, NaN where a picture was not judged; prompts without any are left out.

    Returns:
        `num` is pictures. Where all prompts are alike each counts as one observation.

    Source: Wilson's interval with the sample size that independent pictures would need for the
        same variance; Kish 1965, "Survey Sampling"; Korn and Graubard 1998.
    """
    judged_P = np.isfinite(outcomes_PS).any(axis=1)
    kept_PS = outcomes_PS[judged_P]
    num_prompts, num = len(kept_PS), int(np.isfinite(kept_PS).sum())
    if num == 0:
        return Estimate(value=None, low=None, high=None, num=0)
    counts_P = np.isfinite(kept_PS).sum(axis=1)
    sums_P = np.nansum(kept_PS, axis=1)
    value = float(sums_P.sum() / num)
    worth = float(num_prompts)
    if num_prompts > 1 and np.ptp(sums_P / counts_P) > 0:
        worth = min(num, _worth(sums_P, counts_P))
        z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
        worth *= (z / t_quantile((1 + CONFIDENCE) / 2, num_prompts - 1)) ** 2
    low, high = wilson(value, worth)
    return Estimate(value=value, low=low, high=high, num=num)


def detectable_difference(
    num_prompts: int, num_seeds: int, num_metrics: int = 1, assumed: Assumed | None = None
) -> float:
    """Smallest difference of shares that would be called in 4 of 5 comparisons, 0-1.

    Args:
        num_prompts: that both models draw; at least 1.
        num_seeds: of each.
        num_metrics: compared together; the first step of Holm's correction is taken for all.
        assumed: about the models.

    Source: Miller 2024, arXiv:2411.00640, section 5, with pictures of a prompt clustered.
    """
    assumed = assumed or Assumed()
    normal = NormalDist()
    reach = normal.inv_cdf(1 - SIGNIFICANT / num_metrics / 2) + normal.inv_cdf(POWER)
    shared = assumed.prompt_share * (1 - assumed.correlation)
    own = (1 - assumed.prompt_share) / num_seeds
    variance = 2 * assumed.rate * (1 - assumed.rate) * (shared + own)
    return min(1.0, reach * (variance / num_prompts) ** 0.5)


def same_model_winners(outcomes: Mapping[str, Floats], rng: np.random.Generator) -> tuple[str, ...]:
    """Metrics by which one run would win against itself: its seeds split by chance in two halves.

    Args:
        outcomes: by metric, `[P, S]`; NaN where not judged. Metrics with one seed are left out.
        rng: splits.

    Returns:
        Names; any is a false alarm, and in 19 of 20 runs there should be none.
    """
    p_values: dict[str, float] = {}
    for name, outcomes_PS in outcomes.items():
        num_half = outcomes_PS.shape[1] // 2
        if num_half:
            split_PS = rng.permuted(outcomes_PS, axis=1)
            halves = (split_PS[:, :num_half], split_PS[:, num_half : 2 * num_half])
            p_values[name] = sign_flip_p(_mean_differences(*halves), rng)
    adjusted = holm(list(p_values.values()))
    return tuple(name for name, p in zip(p_values, adjusted, strict=True) if p <= SIGNIFICANT)


def t_quantile(probability: float, degrees: int) -> float:
    """Quantile of Student's t distribution.

    Args:
        probability: 0-1.
        degrees: of freedom, at least 1; below 3 the expansion is only rough.

    Source: Abramowitz and Stegun 1964, 26.7.5.
    """
    if degrees == 1:
        return float(np.tan(np.pi * (probability - 0.5)))
    if degrees == 2:
        return (2 * probability - 1) * (2 / (4 * probability * (1 - probability))) ** 0.5
    z = NormalDist().inv_cdf(probability)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    fourth = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + first / degrees + second / degrees**2 + third / degrees**3 + fourth / degrees**4


def _worth(sums_P: Floats, counts_P: NDArray[np.integer]) -> float:
    """How many independent pictures would tell as much of a share as these prompts do.

    Two prompts are added, one all right and one all wrong, to the share and to its variance alike:
    with few prompts and few right pictures the variance is else seen too small (20 prompts at a
    rate of 0.1 held 92.7 % in place of 95 %). What they tell is taken off again.
    """
    typical = counts_P.mean()
    sums_P, counts_P = np.append(sums_P, (typical, 0)), np.append(counts_P, (typical, typical))
    num_prompts, num = len(sums_P), counts_P.sum()
    share = sums_P.sum() / num
    residual_P = sums_P - share * counts_P
    variance = num_prompts / (num_prompts - 1) * np.square(residual_P).sum() / num**2
    return float(share * (1 - share) / variance * (num_prompts - 2) / num_prompts)


def _require_pairs(
    name: str, first_PS: Floats, second_PS: Floats, least_seeds: int
) -> tuple[Floats, Floats]:
    if first_PS.shape != second_PS.shape:
        raise BadInput(
            f"The metric {name!r} has {first_PS.shape} outcomes in one run and {second_PS.shape} "
            "in the other; only runs on the same prompts and seeds can be compared."
        )
    if first_PS.shape[1] < least_seeds:
        raise BadInput(
            f"The runs have {first_PS.shape[1]} seeds a prompt; a comparison needs at least "
            f"{least_seeds}.",
            hint="Give the suite more seeds and run both models again.",
        )
    is_paired_PS = np.isfinite(first_PS) & np.isfinite(second_PS)
    both = tuple(np.where(is_paired_PS, one, np.nan) for one in (first_PS, second_PS))
    kept_P = is_paired_PS.any(axis=1)
    return both[0][kept_P], both[1][kept_P]


def _mean_differences(first_PS: Floats, second_PS: Floats) -> Floats:
    both_PS = second_PS - first_PS
    both_PS = both_PS[np.isfinite(both_PS).any(axis=1)]
    return np.nanmean(both_PS, axis=1) if len(both_PS) else np.zeros(0)


def _difference(
    pair: tuple[Floats, Floats], p_value: float, adjusted_p: float, rng: np.random.Generator
) -> Difference:
    differences_P = _mean_differences(*pair)
    estimate = mean_interval(differences_P, rng)
    is_won = adjusted_p <= SIGNIFICANT and estimate.value is not None
    # Over prompts, as the difference is: where some have more pictures the two would disagree.
    means = [float(np.nanmean(one, axis=1).mean()) if one.size else float("nan") for one in pair]
    return Difference(
        first=means[0],
        second=means[1],
        difference=estimate,
        p_value=p_value,
        adjusted_p=adjusted_p,
        winner=("second" if (estimate.value or 0) > 0 else "first") if is_won else None,
    )
