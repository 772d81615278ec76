"""Whether two samples of vectors have one distribution: maximum mean discrepancy, by permutation.

Shapes: N reference, M window, P both, E width, B permutations. One test sees a shift that is spread
over many coordinates, where a test of each alone sees none.

Source: Gretton et al. 2012, A kernel two-sample test, JMLR 13; unbiased, the median as bandwidth.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from limner.monitoring.comparing import Compared, drawn_p

MAX_SAMPLE = 400  # of either side; more costs its square and finds little


def discrepancy(
    reference_NE: NDArray[np.float64],
    window_ME: NDArray[np.float64],
    rng: np.random.Generator,
    num_draws: int = 20_000,
) -> Compared:
    """The unbiased squared discrepancy, and how often a permutation of the two gives as much.

    Args:
        reference_NE: finite, at least two rows; a larger sample is thinned to `MAX_SAMPLE` by
            chance.
        window_ME: likewise, of the same width.
        rng: thins and permutes.
        num_draws: permutations, at most.
    """
    reference_NE, window_ME = (_thinned(one, rng) for one in (reference_NE, window_ME))
    pooled_PE = np.concatenate([reference_NE, window_ME])
    kernel_PP = _kernel(_squared_distances(pooled_PE, pooled_PE))
    np.fill_diagonal(kernel_PP, 0.0)
    num, size = len(pooled_PE), len(window_ME)
    row_P, total = kernel_PP.sum(axis=1), float(kernel_PP.sum())

    def statistic(in_window_BP: NDArray[np.float32]) -> NDArray[np.float64]:
        inside_B = ((in_window_BP @ kernel_PP) * in_window_BP).sum(axis=1, dtype=np.float64)
        touching_B = in_window_BP @ row_P
        outside_B = total - 2 * touching_B + inside_B
        rest = num - size
        return (
            inside_B / (size * (size - 1))
            + outside_B / (rest * (rest - 1))
            - 2 * (touching_B - inside_B) / (size * rest)
        )

    def draw(num_drawn: int) -> NDArray[np.float64]:
        chosen = rng.random((num_drawn, num)).argpartition(size, axis=1)[:, :size]
        in_window_BP = np.zeros((num_drawn, num), np.float32)
        np.put_along_axis(in_window_BP, chosen, 1.0, axis=1)
        return statistic(in_window_BP)

    as_seen_P = np.concatenate([np.zeros(num - size, np.float32), np.ones(size, np.float32)])
    seen = float(statistic(as_seen_P[None])[0])
    return Compared(seen, drawn_p(seen, draw, num_draws))


def witness(
    reference_NE: NDArray[np.float64], window_ME: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How much each row of the window is like the window rather than the reference: `[M]`."""
    to_window = _squared_distances(window_ME, window_ME)
    bandwidth = _median_of(to_window)
    near_M = np.exp(-to_window / bandwidth).mean(axis=1)
    to_reference = _squared_distances(window_ME, reference_NE)
    return near_M - np.exp(-to_reference / bandwidth).mean(axis=1)


def _kernel(squared_PP: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.exp(-squared_PP / _median_of(squared_PP)).astype(np.float32)


def _median_of(squared: NDArray[np.float64]) -> float:
    apart = squared[squared > 1e-12]
    return float(np.median(apart)) if len(apart) else 1.0


def _squared_distances(
    left_PE: NDArray[np.float64], right_RE: NDArray[np.float64]
) -> NDArray[np.float64]:
    squares = (left_PE**2).sum(axis=1)[:, None] + (right_RE**2).sum(axis=1)[None]
    return np.maximum(squares - 2 * left_PE @ right_RE.T, 0.0)


def _thinned(sample: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    if len(sample) <= MAX_SAMPLE:
        return sample
    return sample[rng.choice(len(sample), MAX_SAMPLE, replace=False)]
