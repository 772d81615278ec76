"""Likely wrong labels of a data set, by confident learning.

Every example gets chances of each kind from all other examples; where another kind is at least as
likely for it as it usually is for its own examples, the label is likely wrong. It points people to
examples; it decides about none, and where wrong labels follow a rule it believes them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Shapes: N examples, K kinds, D width of the vectors and a constant.

STRENGTHS = (0.1, 1.0, 10.0, 100.0)  # of the ridge; the one that guesses the others best is taken
SHARPNESS = 8.0  # of turning scores, mostly between 0 and 1, into chances

Floats = NDArray[np.float64]


class Doubt(NamedTuple):
    """A label that is likely wrong.

    Attributes:
        at: of the example.
        likelier: the kind that is likelier.
        margin: chance of that kind less the chance of the label, 0-1.
    """

    at: int
    likelier: int
    margin: float


def left_out_chances(
    vector_ND: NDArray[np.float32], kind_N: NDArray[np.intp], num_kinds: int
) -> Floats:
    """Chances of every kind for every example, each by a classifier that has not seen it: `[N, K]`.

    Least squares on the kinds, with ridge. What it says of an example it was not fitted with comes
    in closed form from one fit to all.

    Args:
        vector_ND: unit vectors.
        kind_N: 0 to `num_kinds` - 1.
        num_kinds: at least 2.

    Source: Allen 1974, doi:10.1080/00401706.1974.10489157 (PRESS); Rifkin and Lippert 2007, Notes
    on Regularized Least Squares.
    """
    constant_N1 = np.ones((len(vector_ND), 1))
    design_ND = np.concatenate([vector_ND.astype(np.float64), constant_N1], axis=1)
    target_NK = np.eye(num_kinds)[kind_N]
    gram_DD = design_ND.T @ design_ND
    best_NK, least = np.zeros_like(target_NK), np.inf
    for strength in STRENGTHS:
        ridge_DD = gram_DD + strength * np.eye(len(gram_DD))
        inverse_DD = np.linalg.solve(ridge_DD, np.eye(len(gram_DD)))
        fitted_NK = design_ND @ (inverse_DD @ (design_ND.T @ target_NK))
        own_N = ((design_ND @ inverse_DD) * design_ND).sum(axis=1)[:, None]
        left_out_NK = (fitted_NK - own_N * target_NK) / np.maximum(1 - own_N, 1e-6)
        error = float(((left_out_NK - target_NK) ** 2).mean())
        if error < least:
            best_NK, least = left_out_NK, error
    exponent_NK = np.exp(SHARPNESS * np.clip(best_NK, -1, 2))
    return exponent_NK / exponent_NK.sum(axis=1, keepdims=True)


def likely_wrong(chance_NK: Floats, kind_N: NDArray[np.intp]) -> list[Doubt]:
    """Labels off the diagonal of the confident joint, the most doubtful first.

    Args:
        chance_NK: by classifiers that have not seen the example.
        kind_N: the labels; of every kind at least one.

    Source: Northcutt, Jiang and Chuang 2021, Confident Learning, doi:10.1613/jair.1.12125,
    section 3; own implementation.
    """
    num_kinds = chance_NK.shape[1]
    usual_K = np.array([chance_NK[kind_N == kind, kind].mean() for kind in range(num_kinds)])
    confident_NK = np.where(chance_NK >= usual_K, chance_NK, -1)
    likeliest_N = confident_NK.argmax(axis=1)
    is_doubtful_N = (confident_NK.max(axis=1) >= 0) & (likeliest_N != kind_N)
    doubts = [
        Doubt(at, int(likeliest_N[at]), float(chance_NK[at, likeliest_N[at]] - chance_NK[at, kind]))
        for at, kind in ((int(one), kind_N[one]) for one in np.flatnonzero(is_doubtful_N))
    ]
    # A kind that is hard has a low usual chance, and may be confident where the label is likelier.
    return sorted((one for one in doubts if one.margin > 0), key=lambda one: -one.margin)
