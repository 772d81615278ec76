"""How well a person tells bad from good: hits, false alarms, d' and criterion, from known cards."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from limner.evals.intervals import CONFIDENCE, Estimate, share

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """How one person, or a check, tells bad images from good ones.

    Attributes:
        hit_rate: share of the bad ones that were not accepted.
        false_alarm_rate: share of the good ones that were not accepted.
        d_prime: distance of the two in standard deviations; 0 tells nothing apart.
        criterion: leaning; below 0 stops too much, above 0 lets too much pass.
    """

    hit_rate: Estimate
    false_alarm_rate: Estimate
    d_prime: Estimate
    criterion: Estimate


def detection(*, num_hits: int, num_bad: int, num_false_alarms: int, num_good: int) -> Detection:
    """Rates, d' and criterion with 95 % intervals.

    Half an observation is added to every count, so that rates of 0 and 1 stay finite (log-linear
    rule); d' is not defined without both kinds.

    Source: Macmillan and Creelman 2005, Detection Theory, chapters 1, 2 and 13; log-linear rule
    Hautus 1995, doi:10.3758/BF03203619; variance Gourevitch and Galanter 1967,
    doi:10.1007/BF02289402.
    """
    num = num_bad + num_good
    none = Estimate(value=None, low=None, high=None, num=num)
    d_prime = criterion = none
    if num_bad and num_good:
        hit = (num_hits + 0.5) / (num_bad + 1)
        false_alarm = (num_false_alarms + 0.5) / (num_good + 1)
        z_hit, z_false = _NORMAL.inv_cdf(hit), _NORMAL.inv_cdf(false_alarm)
        variance = _variance(hit, z_hit, num_bad + 1)
        variance += _variance(false_alarm, z_false, num_good + 1)
        d_prime = _normal_estimate(z_hit - z_false, variance, num)
        criterion = _normal_estimate(-(z_hit + z_false) / 2, variance / 4, num)
    return Detection(
        hit_rate=share(num_hits, num_bad),
        false_alarm_rate=share(num_false_alarms, num_good),
        d_prime=d_prime,
        criterion=criterion,
    )


def _variance(rate: float, z: float, num: float) -> float:
    return rate * (1 - rate) / (num * _NORMAL.pdf(z) ** 2)


def _normal_estimate(value: float, variance: float, num: int) -> Estimate:
    half = _NORMAL.inv_cdf((1 + CONFIDENCE) / 2) * float(np.sqrt(variance))
    return Estimate(value=value, low=value - half, high=value + half, num=num)
