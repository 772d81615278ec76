"""Labels learnt from examples: one line through the tagger's embedding for each.

Logistic regression on unit vectors, both kinds weighing the same however many there are. How
strongly it is held back is chosen by cross-validation among the examples. It gives scores; what a
score is worth is measured elsewhere, on examples it has not seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

# Shapes: N examples, D width of the embedding, K kernel columns (N examples and a constant).

STRENGTHS = (0.3, 3.0, 30.0, 300.0)  # the larger, the less held back
NUM_FOLDS = 5
NUM_STEPS = 25  # of Newton's method; it stands still long before

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Line:
    """A learnt label.

    Attributes:
        weight_D: float32.
        offset: added to the product with an embedding.
        strength: how little it was held back.
    """

    weight_D: NDArray[np.float32]
    offset: float
    strength: float

    def scores(self, embedding_ND: NDArray[np.float32]) -> Floats:
        """How well the label fits, 0-1, of unit vectors; not calibrated."""
        return _sigmoid(embedding_ND.astype(np.float64) @ self.weight_D + self.offset)

    def to_bytes(self) -> bytes:
        """As safetensors."""
        made = save({"weight": self.weight_D, "offset": np.array([self.offset], np.float64)})
        return bytes(made)

    @classmethod
    def from_bytes(cls, content: bytes, strength: float) -> Line:
        """From what `to_bytes` gave."""
        stored = load(content)
        return cls(weight_D=stored["weight"], offset=float(stored["offset"][0]), strength=strength)


def learn_line(
    embedding_ND: NDArray[np.float32], is_yes_N: Bools, rng: np.random.Generator
) -> Line:
    """Learn from examples of both kinds.

    Args:
        embedding_ND: unit vectors, float32.
        is_yes_N: at least two of each kind.
        rng: deals the examples into folds.
    """
    vector_ND = embedding_ND.astype(np.float64)
    mean_D = vector_ND.mean(axis=0)
    centred_ND = vector_ND - mean_D
    strength = _best_strength(centred_ND, is_yes_N, _folds(is_yes_N, rng))
    weight_D, offset = _fitted(centred_ND, is_yes_N, strength)
    return Line(
        weight_D=weight_D.astype(np.float32),
        offset=float(offset - weight_D.astype(np.float32) @ mean_D),
        strength=strength,
    )


def _best_strength(vector_ND: Floats, is_yes_N: Bools, fold_N: NDArray[np.intp]) -> float:
    """The strength with the least cross-validated loss; the weakest of equals."""
    losses: list[float] = []
    for strength in STRENGTHS:
        loss = 0.0
        for fold in np.unique(fold_N):
            held_N = fold_N == fold
            weight_D, offset = _fitted(vector_ND[~held_N], is_yes_N[~held_N], strength)
            margin = vector_ND[held_N] @ weight_D + offset
            loss += float(np.logaddexp(0, np.where(is_yes_N[held_N], -margin, margin)).sum())
        losses.append(loss)
    return STRENGTHS[int(np.argmin(losses))]


def _folds(is_yes_N: Bools, rng: np.random.Generator) -> NDArray[np.intp]:
    """Folds with both kinds in each, as far as there are enough."""
    fold_N = np.zeros(len(is_yes_N), np.intp)
    num = min(NUM_FOLDS, int(is_yes_N.sum()), int((~is_yes_N).sum()))
    for kind in (True, False):
        at = np.flatnonzero(is_yes_N == kind)
        fold_N[rng.permutation(at)] = np.arange(len(at)) % num
    return fold_N


def _fitted(vector_ND: Floats, is_yes_N: Bools, strength: float) -> tuple[Floats, float]:
    """Weights and offset of logistic regression with ridge, by Newton's method in the examples.

    The weights are a sum of the examples, so the system has as many unknowns as there are examples.
    """
    num = len(vector_ND)
    kernel_NN = vector_ND @ vector_ND.T
    share_yes = float(is_yes_N.mean())
    weight_N: Floats = np.where(is_yes_N, 0.5 / share_yes, 0.5 / (1 - share_yes))
    target_N = is_yes_N.astype(np.float64)
    design_NK = np.concatenate([kernel_NN, np.ones((num, 1))], axis=1)
    ridge_KK = np.zeros((num + 1, num + 1))
    ridge_KK[:num, :num] = kernel_NN / strength
    ridge_KK += 1e-9 * np.eye(num + 1)
    solution_K = np.zeros(num + 1)
    for _ in range(NUM_STEPS):
        chance_N = _sigmoid(design_NK @ solution_K)
        slope_K = design_NK.T @ (weight_N * (chance_N - target_N)) + ridge_KK @ solution_K
        curve_N = weight_N * np.maximum(chance_N * (1 - chance_N), 1e-6)
        curve_KK = design_NK.T @ (curve_N[:, None] * design_NK) + ridge_KK
        step_K = np.linalg.solve(curve_KK, slope_K)
        solution_K -= step_K
        if np.abs(step_K).max() < 1e-8:
            break
    return vector_ND.T @ solution_K[:num], float(solution_K[num])


def _sigmoid(values: Floats) -> Floats:
    return 1 / (1 + np.exp(-np.clip(values, -50, 50)))
