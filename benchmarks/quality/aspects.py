"""The aspects of quality: what is drawn for each, how it is judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.quality import known_truth, specification
from benchmarks.quality.drawing import SEEDS, Draws
from benchmarks.quality.intervals import share_with_interval
from benchmarks.quality.judging import Eye, Judge, has_colour, has_count, has_ground
from benchmarks.quality.known_truth import Known
from benchmarks.quality.specification import EMOJI_STYLES, Asked

INTERVAL_SEED = 20261123
QUICK_PROMPTS = 6
QUICK_SEEDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Aspect:
    """One aspect of quality, and the figure it comes to.

    Attributes:
        judges: by the name of their share; the first one is the headline.
        known: pictures of known truth for the first judge.
    """

    name: str
    asked: Callable[[Draws], Sequence[Asked]]
    judges: Mapping[str, Judge]
    known: Callable[[np.random.Generator], Sequence[Known]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What an aspect came to.

    Attributes:
        shares: right pictures by judge, 0-1; the first one is the headline.
        interval: 95 %, of the headline, over prompts.
        num_pictures: drawn and judged.
        num_broken: pictures that came out flat, black or empty; they count as wrong.
        judge_accuracy: of the headline's judge on pictures of known truth; a half is guessing.
    """

    shares: Mapping[str, float]
    interval: tuple[float, float]
    num_prompts: int
    num_pictures: int
    num_broken: int
    judge_accuracy: float


def aspects(eye: Eye) -> dict[str, Aspect]:
    """All aspects by name."""
    concept = {"top-5": eye.is_among(5), "top-1": eye.is_among(1)}
    made = (
        Aspect(
            name="concept-seen",
            asked=lambda _: specification.seen_concepts(),
            judges=concept,
            known=known_truth.known_concepts,
        ),
        Aspect(
            name="concept-held-out",
            asked=lambda _: specification.held_out_concepts(),
            judges=concept,
            known=lambda rng: known_truth.known_concepts(rng, "heldout_concept"),
        ),
        Aspect(
            name="held-out-combinations",
            asked=lambda drawing: _known(specification.held_out_combinations(), drawing),
            judges={**concept, "style": eye.has_style},
            known=known_truth.known_concepts,
        ),
        Aspect(
            name="background-colour",
            asked=lambda _: specification.grounds(),
            judges={"right": has_ground},
            known=known_truth.known_grounds,
        ),
        Aspect(
            name="object-colour",
            asked=lambda _: specification.coloured_things(),
            judges={"right": has_colour},
            known=known_truth.known_colours,
        ),
        Aspect(
            name="count",
            asked=lambda _: specification.counted_things(),
            judges={"right": has_count},
            known=known_truth.known_counts,
        ),
        Aspect(
            name="position",
            asked=lambda _: specification.placed_pairs(),
            judges={"placed and known": eye.is_placed_and_known, "placed": eye.is_placed},
            known=known_truth.known_places,
        ),
        Aspect(
            name="style",
            asked=lambda drawing: specification.styled_things(
                [style for style in EMOJI_STYLES if style in drawing.styles]
            ),
            judges={"right": eye.has_style},
            known=known_truth.known_styles,
        ),
    )
    return {aspect.name: aspect for aspect in made}


def _known(asked: Sequence[Asked], drawing: Draws) -> list[Asked]:
    """What the weights know both parts of: the concept and the style, though never together."""
    return [one for one in asked if one.style in drawing.styles and one.concept in drawing.concepts]


def read_aspect(aspect: Aspect, drawing: Draws, *, is_quick: bool = False) -> Reading:
    """Draw everything an aspect asks for and judge it.

    Args:
        aspect: one of `aspects`.
        drawing: what draws.
        is_quick: a handful of prompts with two seeds, to see that it runs; its share says little.
    """
    rng = np.random.default_rng(INTERVAL_SEED)
    asked, num_seeds = list(aspect.asked(drawing)), SEEDS
    if is_quick:
        chosen = rng.permutation(len(asked))[:QUICK_PROMPTS]
        asked, num_seeds = [asked[at] for at in chosen], QUICK_SEEDS
    outcomes: dict[str, list[list[float]]] = {name: [] for name in aspect.judges}
    num_broken = 0
    for one in asked:
        pictures = drawing.draw(one, num_seeds)
        num_broken += sum(picture is None for picture in pictures)
        for name, judge in aspect.judges.items():
            verdicts = [picture is not None and judge(picture, one) for picture in pictures]
            outcomes[name].append([float(is_right) for is_right in verdicts])
    headline = next(iter(aspect.judges))
    known = aspect.known(np.random.default_rng(INTERVAL_SEED))
    return Reading(
        shares={name: share_with_interval(groups, rng)[0] for name, groups in outcomes.items()},
        interval=share_with_interval(outcomes[headline], rng)[1],
        num_prompts=len(asked),
        num_pictures=len(asked) * num_seeds,
        num_broken=num_broken,
        judge_accuracy=known_truth.accuracy(aspect.judges[headline], known),
    )
