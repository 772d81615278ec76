"""What labels taught by examples are worth, beside k-NN and plain logistic regression.

All three learn on the same 20 examples of each kind and the same embeddings, and are held against
the same pictures they have not seen. Kinds are eight styles of the held-out drawings that come with
the repository, each against all other drawings, and faces against other cuts of photographs (25 by
25 pixels, grey, from scikit-image).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.figure import Measurement
from benchmarks.quality.held_out import held_out
from limner.checks.tagger.linear import learn_line
from limner.checks.tagger.tagger import Tagger
from limner.core.records import Picture

# Shapes: N examples, U unseen pictures, D width of the embedding.

NUM_EXAMPLES = 20  # of each kind
NUM_REPEATS = 10
STYLES = ("duotone", "3d", "fluent", "noto", "outline", "mono", "flat", "twemoji")
NEIGHBOURS = 5
COST = 1.0  # of scikit-learn's logistic regression, where nobody says otherwise

Vectors = NDArray[np.float32]
Bools = NDArray[np.bool_]
Learner = Callable[[Vectors, Bools, Vectors, np.random.Generator], Bools]


class Kind(NamedTuple):
    """One label: embeddings, and which of them it fits."""

    name: str
    vectors_ND: Vectors
    is_yes_N: Bools


class Score(NamedTuple):
    """Precision, recall and their harmonic mean, 0-1."""

    precision: float
    recall: float
    f1: float


def measure_labels(is_quick: bool) -> Measurement:
    """Points of F1 our labels are ahead of the better of the two others; the mean over kinds.

    Precision and recall of all three are printed above the figure, of every kind and on average.
    """
    tagger = Tagger(num_threads=1)
    kinds = [*_styles(tagger, is_quick=is_quick), _faces(tagger, is_quick=is_quick)]
    ahead: list[float] = []
    every: dict[str, list[Score]] = {name: [] for name in LEARNERS}
    for kind in kinds:
        scores: dict[str, list[Score]] = {name: [] for name in LEARNERS}
        for repeat in range(3 if is_quick else NUM_REPEATS):
            for name, score in _compared(kind, np.random.default_rng(repeat)).items():
                scores[name].append(score)
        for name, found in scores.items():
            every[name].append(_mean(found))
            _say(kind.name, name, every[name][-1])
        rival = max(every[one][-1].f1 for one in LEARNERS if one != OURS)
        ahead.append(100 * (every[OURS][-1].f1 - rival))
    for name, found in every.items():
        _say("all", name, _mean(found))
    rng = np.random.default_rng(0)
    drawn = np.mean(rng.choice(ahead, (2000, len(ahead))), axis=1)
    low, high = (round(float(one), 2) for one in np.quantile(drawn, (0.025, 0.975)))
    return Measurement(value=round(float(np.mean(ahead)), 2), n=len(ahead), interval=(low, high))


def _mean(scores: Sequence[Score]) -> Score:
    return Score(*(float(one) for one in np.mean(scores, axis=0)))


def _say(kind: str, learner: str, score: Score) -> None:
    precision, recall, f1 = score
    print(f"{kind:9} {learner:20} precision {precision:.3f}  recall {recall:.3f}  F1 {f1:.3f}")


def _compared(kind: Kind, rng: np.random.Generator) -> dict[str, Score]:
    at = rng.permutation(len(kind.is_yes_N))
    is_yes = kind.is_yes_N[at]
    chosen = np.r_[at[is_yes][:NUM_EXAMPLES], at[~is_yes][:NUM_EXAMPLES]]
    unseen = np.setdiff1d(at, chosen)
    learning = kind.vectors_ND[chosen], kind.is_yes_N[chosen]
    return {
        name: _score(learn(*learning, kind.vectors_ND[unseen], rng), kind.is_yes_N[unseen])
        for name, learn in LEARNERS.items()
    }


def _score(called_U: Bools, is_yes_U: Bools) -> Score:
    hits = int((called_U & is_yes_U).sum())
    precision = hits / max(int(called_U.sum()), 1)
    recall = hits / int(is_yes_U.sum())
    return Score(precision, recall, 2 * precision * recall / max(precision + recall, 1e-12))


def _ours(
    vector_ND: Vectors, is_yes_N: Bools, unseen_UD: Vectors, rng: np.random.Generator
) -> Bools:
    return learn_line(vector_ND, is_yes_N, rng).scores(unseen_UD) >= 0.5


def _nearest(vector_ND: Vectors, is_yes_N: Bools, unseen_UD: Vectors, _: object) -> Bools:
    nearest_UK = np.argsort(-(unseen_UD @ vector_ND.T), axis=1)[:, :NEIGHBOURS]
    return is_yes_N[nearest_UK].mean(axis=1) > 0.5


def _plain(vector_ND: Vectors, is_yes_N: Bools, unseen_UD: Vectors, _: object) -> Bools:
    """As scikit-learn's `LogisticRegression` has it: ridge of 1 on the weights, none on the offset.

    Newton's method on kernel weights, which reaches the same minimum.
    """
    kernel_NN = vector_ND.astype(np.float64) @ vector_ND.T
    design = np.c_[kernel_NN, np.ones(len(kernel_NN))]
    ridge = np.zeros((len(kernel_NN) + 1,) * 2)
    ridge[:-1, :-1] = kernel_NN / COST
    weight = np.zeros(len(design) + 1)
    for _step in range(30):
        chance = 1 / (1 + np.exp(-design @ weight))
        slope = design.T @ (chance - is_yes_N) + ridge @ weight
        curve = design.T @ ((chance * (1 - chance))[:, None] * design) + ridge
        weight -= np.linalg.solve(curve + 1e-9 * np.eye(len(weight)), slope)
    return (unseen_UD @ vector_ND.T) @ weight[:-1] + weight[-1] >= 0


OURS = "limner look teach"
LEARNERS: dict[str, Learner] = {
    OURS: _ours,
    "5 nearest neighbours": _nearest,
    "logistic regression": _plain,
}


def _styles(tagger: Tagger, *, is_quick: bool) -> list[Kind]:
    pictures = held_out()[:: 2 if is_quick else 1]
    vectors_ND = np.stack([_seen(tagger, one.image_HWC) for one in pictures])
    style_N = np.array([one.style for one in pictures])
    return [
        Kind(style, vectors_ND, style_N == style)
        for style in STYLES
        if (style_N == style).sum() > 1.4 * NUM_EXAMPLES
    ]


def _faces(tagger: Tagger, *, is_quick: bool) -> Kind:
    from skimage.data import lfw_subset

    grey_NHW = np.rint(255 * lfw_subset()).astype(np.uint8)  # 100 faces, then 100 others
    chosen = np.arange(0, len(grey_NHW), 2 if is_quick else 1)
    opaque = np.full((25, 25, 1), 255, np.uint8)
    vectors_ND = np.stack(
        [
            _seen(tagger, np.concatenate([grey_NHW[at, ..., None].repeat(3, 2), opaque], axis=2))
            for at in chosen
        ]
    )
    return Kind("faces", vectors_ND, chosen < 100)


def _seen(tagger: Tagger, image_HWC: NDArray[np.uint8]) -> NDArray[np.float32]:
    return tagger.see(Picture.of(image_HWC)).embedding_D
