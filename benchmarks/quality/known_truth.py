"""What each judge is worth: its accuracy on pictures whose truth is known by construction.

The pictures are held-out ones, alone or laid out and coloured by `held_out`; half of each set is
softened as drawn pictures are. Besides right answers the sets hold wrong ones, so that a judge
that always agrees is found out: accuracy is the mean over right and wrong.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from training.data import colours

from benchmarks.quality import held_out as pictures
from benchmarks.quality.held_out import HeldOut, held_out
from benchmarks.quality.judging import Judge
from benchmarks.quality.specification import EMOJI_STYLES, OBJECT_COLOURS, RELATIONS, Asked
from limner.checks.measures import count_things

Bytes = NDArray[np.uint8]
Known = tuple[Bytes, Asked, bool]


def softened(image_HWC: Bytes, rng: np.random.Generator) -> Bytes:
    """Shrunk to 40-64 px, enlarged again, with a little noise in the colours."""
    side_px = int(rng.integers(40, 65))
    size = (image_HWC.shape[1], image_HWC.shape[0])
    picture = PillowImage.fromarray(image_HWC).resize(
        (side_px, side_px), PillowImage.Resampling.BOX
    )
    soft_HWC = np.asarray(picture.resize(size, PillowImage.Resampling.BILINEAR)).astype(np.float32)
    soft_HWC[..., :3] += rng.normal(0, 5, soft_HWC[..., :3].shape)
    return np.rint(soft_HWC).clip(0, 255).astype(np.uint8)


def accuracy(judge: Judge, known: Sequence[Known]) -> float:
    """Mean of the shares of right pictures accepted and of wrong ones turned down."""
    hits = [(is_right, judge(image_HWC, asked) == is_right) for image_HWC, asked, is_right in known]
    return float(
        np.mean([np.mean([hit for right, hit in hits if right is kind]) for kind in (True, False)])
    )


def emoji(rng: np.random.Generator) -> list[HeldOut]:
    """Held-out pictures in emoji styles, shuffled."""
    chosen = [one for one in held_out() if one.style in EMOJI_STYLES]
    return [chosen[at] for at in rng.permutation(len(chosen))]


def known_grounds(rng: np.random.Generator, num: int = 340) -> list[Known]:
    """Things on painted grounds: each asked by its own word and by another one."""
    words = colours.background_words()
    known: list[Known] = []
    for number, one in enumerate(emoji(rng)[: num // 2]):
        word = words[number % len(words)]
        other = words[(number + 1 + int(rng.integers(len(words) - 1))) % len(words)]
        ground_HWC = pictures.painted_ground(word, rng)
        side = rng.uniform(0.8, 0.98)
        image_HWC = pictures.laid_over(
            ground_HWC, one.image_HWC, left=(1 - side) / 2, top=(1 - side) / 2, side=side
        )
        image_HWC = softened(image_HWC, rng) if number % 2 else image_HWC
        known += _right_and_wrong(
            image_HWC, Asked(prompt="", concept=one.concept), "ground", word, other
        )
    return known


def known_colours(rng: np.random.Generator, num: int = 300) -> list[Known]:
    """Things tinted in one colour: each asked by its own word and by another one."""
    known: list[Known] = []
    for number, one in enumerate(emoji(rng)[: num // 2]):
        word = OBJECT_COLOURS[number % len(OBJECT_COLOURS)]
        other = OBJECT_COLOURS[(number + 1 + int(rng.integers(9))) % len(OBJECT_COLOURS)]
        image_HWC = pictures.tinted(one.image_HWC, word)
        image_HWC = softened(image_HWC, rng) if number % 2 else image_HWC
        known += _right_and_wrong(
            image_HWC, Asked(prompt="", concept=one.concept), "colour", word, other
        )
    return known


def known_counts(rng: np.random.Generator, num: int = 240) -> list[Known]:
    """One to four of a thing in one piece: each asked by its own count and by another one."""
    known: list[Known] = []
    in_one_piece = (one for one in emoji(rng) if count_things(one.image_HWC) == 1)
    for number, one in enumerate(islice(in_one_piece, num // 2)):
        count, other = 1 + number % 4, 1 + (number + 1 + int(rng.integers(3))) % 4
        image_HWC = pictures.repeated(one.image_HWC, count, rng)
        image_HWC = softened(image_HWC, rng) if number % 2 else image_HWC
        known += _right_and_wrong(
            image_HWC, Asked(prompt="", concept=one.concept), "count", count, other
        )
    return known


def known_places(rng: np.random.Generator, num: int = 200) -> list[Known]:
    """Two things in each relation: asked as they are, and the other way round."""
    opposite = {"left": "right", "right": "left", "above": "below", "below": "above"}
    chosen = [one for one in emoji(rng) if one.split == "heldout_style"]
    known: list[Known] = []
    for number in range(num // 2):
        one, other = (chosen[at] for at in rng.choice(len(chosen), 2, replace=False))
        if one.concept == other.concept:
            continue
        relation = list(RELATIONS)[number % 4]
        ordered = (one, other) if relation in ("left", "above") else (other, one)
        image_HWC = pictures.arranged(
            [each.image_HWC for each in ordered], rng, is_across=relation in ("left", "right")
        )
        image_HWC = softened(image_HWC, rng) if number % 2 else image_HWC
        asked = Asked(prompt="", concept=one.concept, other=other.concept)
        known += _right_and_wrong(image_HWC, asked, "relation", relation, opposite[relation])
    return known


def known_concepts(rng: np.random.Generator, split: str = "heldout_style") -> list[Known]:
    """Held-out pictures: each asked by its own name and by another one."""
    chosen = [one for one in held_out() if one.split == split]
    others = sorted({one.concept for one in chosen})
    known: list[Known] = []
    for one in chosen:
        other = str(rng.choice([name for name in others if name != one.concept]))
        known += _right_and_wrong(
            one.image_HWC, Asked(prompt="", concept=""), "concept", one.concept, other
        )
    return known


def known_styles(rng: np.random.Generator) -> list[Known]:
    """Held-out pictures: each asked by its own style and by another one."""
    styles = sorted({one.style for one in held_out()})
    known: list[Known] = []
    for one in held_out():
        other = str(rng.choice([style for style in styles if style != one.style]))
        asked = Asked(prompt="", concept=one.concept)
        known += _right_and_wrong(one.image_HWC, asked, "style", one.style, other)
    return known


def _right_and_wrong(
    image_HWC: Bytes, asked: Asked, field: str, right: object, wrong: object
) -> list[Known]:
    return [
        (image_HWC, dataclasses.replace(asked, **{field: right}), True),
        (image_HWC, dataclasses.replace(asked, **{field: wrong}), False),
    ]
