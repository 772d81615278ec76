"""Ranking models by people's blind side-by-side answers: Bradley-Terry strengths with intervals.

Answers to one prompt hang together, so prompts are resampled, whole. Pictures of one model against
itself, and pairs shown again the other way round, say how noisy the answers are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from limner.core.errors import BadInput
from limner.evals.intervals import CONFIDENCE, Estimate, share

# Shapes: M models, A answers.

NUM_RESAMPLES = 1000
MOST_ROUNDS = 1000
PRIOR = 0.5  # of a win and of a loss against an average model; keeps strengths finite

Choice = Literal["left", "right", "tie"]
Floats = NDArray[np.float64]


class Answer(NamedTuple):
    """What one person said of one pair; they did not see which model was where.

    Attributes:
        pair: the two pictures and the person; alike where a person saw the same two again.
    """

    prompt: str
    left: str
    right: str
    choice: Choice
    pair: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Models by how often they are preferred.

    Attributes:
        strengths: by model, the probability of being preferred to an average of all models, 0-1,
            the strongest first; `num` is answers about it.
        num_answers: that were counted.
        same_model_sides: where a model stood against itself, the share of "left", ties left out;
            far from a half people favour a side. ``None`` value where there was none.
        repeats_agree: where a pair came again the other way round, the share answered alike.
    """

    strengths: dict[str, Estimate]
    num_answers: int
    same_model_sides: Estimate
    repeats_agree: Estimate


def rank(
    answers: Sequence[Answer], rng: np.random.Generator, num_resamples: int = NUM_RESAMPLES
) -> Ranking:
    """Rank models; a tie is half a win for each.

    Args:
        answers: at least one between two different models.
        rng: draws the resamples.
        num_resamples: how many.

    Raises:
        BadInput: no answer is about two different models.

    Source: Bradley and Terry 1952; Hunter 2004, "MM algorithms for generalized Bradley-Terry
        models", section 2; percentile bootstrap over prompts.
    """
    between = [one for one in answers if one.left != one.right]
    if not between:
        raise BadInput("No answer compares two different models, so nothing can be ranked.")
    models = sorted({name for one in between for name in (one.left, one.right)})
    prompts = sorted({one.prompt for one in between})
    wins = np.zeros((len(prompts), len(models), len(models)))
    for one in between:
        _count(wins[prompts.index(one.prompt)], one, models)
    drawn = np.array(
        [
            strengths_of(wins[rng.integers(len(prompts), size=len(prompts))].sum(axis=0))
            for _ in range(num_resamples)
        ]
    )
    tail = (1 - CONFIDENCE) / 2
    lows, highs = np.quantile(drawn, (tail, 1 - tail), axis=0)
    values = strengths_of(wins.sum(axis=0))
    estimates = {
        name: Estimate(
            value=float(values[at]),
            low=float(lows[at]) if len(prompts) > 1 else None,
            high=float(highs[at]) if len(prompts) > 1 else None,
            num=sum(name in (one.left, one.right) for one in between),
        )
        for at, name in enumerate(models)
    }
    order = sorted(estimates, key=lambda name: -(estimates[name].value or 0))
    return Ranking(
        strengths={name: estimates[name] for name in order},
        num_answers=len(between),
        same_model_sides=_sides([one for one in answers if one.left == one.right]),
        repeats_agree=_agreement(between),
    )


def strengths_of(wins_MM: Floats) -> Floats:
    """Each model's probability of being preferred to an average one.

    Args:
        wins_MM: how often the row's model was preferred to the column's; ties are half.
    """
    num = len(wins_MM)
    # An average model stands beside the others and is never moved.
    wins = np.zeros((num + 1, num + 1))
    wins[:num, :num] = wins_MM
    wins[:num, num] = wins[num, :num] = PRIOR
    met, won = wins + wins.T, wins.sum(axis=1)
    worth = np.ones(num + 1)
    for _ in range(MOST_ROUNDS):
        moved = won / (met / (worth[:, None] + worth[None])).sum(axis=1)
        moved /= np.exp(np.log(moved[:num]).mean())
        if np.abs(np.log(moved / worth)).max() < 1e-9:
            break
        worth = moved
    return worth[:num] / (1 + worth[:num])


def _count(wins_MM: Floats, answer: Answer, models: Sequence[str]) -> None:
    left, right = models.index(answer.left), models.index(answer.right)
    share_left = {"left": 1.0, "tie": 0.5, "right": 0.0}[answer.choice]
    wins_MM[left, right] += share_left
    wins_MM[right, left] += 1 - share_left


def _sides(answers: Sequence[Answer]) -> Estimate:
    said = [one.choice for one in answers if one.choice != "tie"]
    return share(said.count("left"), len(said))


def _agreement(answers: Sequence[Answer]) -> Estimate:
    """Of pairs that came both ways round, how often the same model was preferred."""
    first: dict[tuple[str, str, str, str], Choice] = {}
    num_alike = num = 0
    turned: dict[Choice, Choice] = {"left": "right", "right": "left", "tie": "tie"}
    for one in answers:
        before = first.pop((one.prompt, one.pair, one.right, one.left), None)
        if before is None:
            first[one.prompt, one.pair, one.left, one.right] = one.choice
            continue
        num += 1
        num_alike += before == turned[one.choice]
    return share(num_alike, num)
