"""From stored images to the form the tests of monitoring/ read; and from reviews to answers.

Shapes: N images, E width of a vector.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from limner.core.deciding import Outcome
from limner.core.reviewing import Card, CardKind, CardState, Closing
from limner.monitoring.chart import Answers
from limner.monitoring.sample import Audits, Sample
from limner.store.review_history import RuleDecision
from limner.store.streams import StreamImage
from limner.studio.review_statistics import is_good

if TYPE_CHECKING:
    from limner.studio.parts import ReadSentences

PROMPTS, PICTURES = "prompts", "pictures"
NUM_BITS = 256  # of a perceptual hash
NEWEST_ANSWERS = 60  # of people since the reference: older ones hide what happens now
_WRONG = {
    Outcome.RELEASED: "audit.released_bad",
    Outcome.HELD: "audit.held_good",
    Outcome.REFUSED: "audit.refused_good",
}
DISAGREEMENT = "audit.reviewers_disagree"
_ANSWERED = (Closing.RELEASED, Closing.ACCEPTED, Closing.REFUSED, Closing.REJECTED)


def sample_of(
    images: Sequence[StreamImage],
    checks: Sequence[str],
    read_sentences: ReadSentences | None,
    *,
    num_refused: int = 0,
) -> Sample:
    """A stretch of a stream as a sample.

    Args:
        images: in their order.
        checks: names of the checks to read the scores of.
        read_sentences: for the mix of prompts; ``None`` leaves it out, as incoming images do.
        num_refused: requests that were refused in the same time.
    """
    is_drawn = bool(images) and bool(images[0].recipe)
    return Sample(
        image_ids=[one.image_id for one in images],
        numbers=_numbers(images, checks, is_drawn=is_drawn),
        kinds=_kinds(images, num_refused, is_drawn=is_drawn),
        vectors=_vectors(images, read_sentences if is_drawn else None),
        probability_bad=_probabilities(images, checks),
        is_released=np.array([one.outcome == Outcome.RELEASED for one in images], np.bool_),
        slices=[_slices(one) for one in images],
    )


def checks_of(images: Sequence[StreamImage]) -> list[str]:
    """Names of the checks that judged any of these images."""
    return sorted({name for one in images for name in one.results})


def audits_of(
    cards: Sequence[tuple[Card, CardState]],
    decisions: Mapping[str, RuleDecision],
    before: frozenset[str],
    after: frozenset[str],
) -> Audits:
    """What people found among the images of a reference, and among those since.

    Args:
        cards: every card with its state.
        decisions: by rule, by image_id.
        before: images of the reference.
        after: images of the stream since.
    """
    found: dict[str, tuple[list[bool], list[bool]]] = {
        name: ([], []) for name in (*_WRONG.values(), DISAGREEMENT)
    }
    for card, state in cards:
        side = 0 if card.image_id in before else 1 if card.image_id in after else None
        if side is None or card.kind is CardKind.HONEYPOT or not card.is_about_image:
            continue
        firsts = {one.first for one in state.answers}
        if len(state.answers) > 1:
            found[DISAGREEMENT][side].append(len(firsts) > 1)
        decision = decisions.get(card.image_id)
        if decision is None or state.closing not in _ANSWERED or card.kind is CardKind.COMPLAINT:
            continue
        is_bad = not is_good(state.closing)
        wrong = is_bad if decision.outcome is Outcome.RELEASED else not is_bad
        found[_WRONG[decision.outcome]][side].append(wrong)
    return Audits(
        before={name: _answers(sides[0]) for name, sides in found.items()},
        after={name: _answers(sides[1][-NEWEST_ANSWERS:]) for name, sides in found.items()},
    )


def _answers(wrong: Sequence[bool]) -> Answers:
    return Answers(sum(wrong), len(wrong))


def _numbers(
    images: Sequence[StreamImage], checks: Sequence[str], *, is_drawn: bool
) -> dict[str, NDArray[np.float64]]:
    numbers = {
        f"score.{check}": np.array([_value(one, check, "score") for one in images])
        for check in checks
    }
    numbers["bits_per_pixel"] = np.array([one.bits_per_pixel for one in images])
    if is_drawn:
        words = [float(len(str(one.recipe["prompt"]).split())) for one in images]
        numbers["prompt.words"] = np.array(words)
    return numbers


def _kinds(
    images: Sequence[StreamImage], num_refused: int, *, is_drawn: bool
) -> dict[str, Sequence[str]]:
    kinds: dict[str, Sequence[str]] = {
        "decisions": [one.outcome or "none" for one in images],
        "check_errors": ["no" if _is_judged(one) else "yes" for one in images],
        "size": [one.size for one in images],
    }
    if is_drawn:
        kinds["style"] = [str(one.recipe["style"] or "none") for one in images]
        kinds["operation"] = [str(one.recipe["operation"]) for one in images]
        kinds["repeated_seeds"] = _repeated([one.recipe["seed"] for one in images])
        kinds["refused_requests"] = ["drawn"] * len(images) + ["refused"] * num_refused
    else:
        kinds["camera"] = [one.camera or "none" for one in images]
        kinds["tag"] = [one.tag or "none" for one in images]
    return kinds


def _repeated(seeds: Sequence[int]) -> list[str]:
    """Of each seed, whether one of the 30 before it was the same."""
    return [
        "yes" if seed in seeds[max(place - 30, 0) : place] else "no"
        for place, seed in enumerate(seeds)
    ]


def _vectors(
    images: Sequence[StreamImage], read_sentences: ReadSentences | None
) -> dict[str, NDArray[np.float64]]:
    if not images:
        return {}
    pictures = {PICTURES: np.stack([_bits(one.pdq) for one in images])}
    if read_sentences is None:
        return pictures
    prompts = [str(one.recipe["prompt"]) for one in images]
    distinct = list(dict.fromkeys(prompts))
    vectors_NE = read_sentences(distinct).astype(np.float64)
    row = {prompt: k for k, prompt in enumerate(distinct)}
    return {**pictures, PROMPTS: vectors_NE[[row[one] for one in prompts]]}


def _bits(pdq: bytes | None) -> NDArray[np.float64]:
    """A perceptual hash as a vector of -1 and 1; of nothing where there is none."""
    if pdq is None:
        return np.zeros(NUM_BITS)
    bits = np.unpackbits(np.frombuffer(pdq, np.uint8))
    return 2.0 * bits.astype(np.float64) - 1.0


def _probabilities(
    images: Sequence[StreamImage], checks: Sequence[str]
) -> dict[str, NDArray[np.float64]]:
    found = {
        check: np.array([_value(one, check, "probability_bad") for one in images])
        for check in checks
    }
    return {check: values for check, values in found.items() if np.isfinite(values).any()}


def _value(image: StreamImage, check: str, name: str) -> float:
    result: Mapping[str, Any] = image.results.get(check, {})
    value = result.get(name)
    return float("nan") if value is None else float(value)


def _is_judged(image: StreamImage) -> bool:
    return all(one["verdict"] != "error" for one in image.results.values())


def _slices(image: StreamImage) -> list[str]:
    slices = [f"size {image.size}"]
    if image.recipe:
        slices.append(f"style {image.recipe['style'] or 'none'}")
        slices.append(f"operation {image.recipe['operation']}")
    elif image.camera:
        slices.append(f"camera {image.camera}")
    return slices
