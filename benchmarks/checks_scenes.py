"""Scenes of held-out pictures with right and wrong prompts, for the checks of prompts.

Every scene is laid out from held-out pictures, so what it shows is known; half are softened as
drawn pictures are. Neither the generator nor the referee was trained on any of the pictures. All
calibrate the checks (``training/export_prompt_checks.py``); the benchmarks measure on each fold
what calibrating on the others comes to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray
from training.data.captions import (
    COUNT_WORDS,
    background_phrase,
    can_be_counted,
    coloured,
    plural,
    with_article,
)
from training.data.styles import STYLES

from benchmarks.quality import held_out as pictures
from benchmarks.quality.held_out import HeldOut, held_out
from benchmarks.quality.known_truth import softened
from benchmarks.quality.specification import OBJECT_COLOURS, RELATIONS
from limner.checks.colours import background_words
from limner.checks.measures import count_things

Bytes = NDArray[np.uint8]
Kind = Literal["single", "count", "pair"]
Value = TypeVar("Value", str, int)
Change = Literal["scene", "object", "colour", "ground", "count", "place"]

FOLDS = 5
OTHER_THINGS: frozenset[Change] = frozenset(("scene", "object"))
ALL_CHANGES = frozenset(get_args(Change))
KINDS: tuple[Kind, ...] = ("single", "count", "pair")
KIND_SHARES = (0.6, 0.15, 0.25)
OPPOSITE = {"left": "right", "right": "left", "above": "below", "below": "above"}
TINTED_SHARE, GROUND_SHARE, STYLED_SHARE, PLACED_SHARE = 0.35, 0.5, 0.4, 0.6
DRAWABLE = ("flat", "fluent", "noto", "twemoji", "3d", "blob", "emojione", "firefox", "streamline")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a prompt says; an empty field is not said.

    Attributes:
        relation: where `concept` is against `other`.
    """

    concept: str
    colour: str = ""
    count: int = 1
    other: str = ""
    relation: str = ""
    ground: str = ""
    style: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """A picture and a prompt.

    Attributes:
        change: what is wrong with the prompt; ``None`` where it is right.
        is_known: the concepts were in the referee's training, in other styles.
    """

    image_HWC: Bytes
    prompt: str
    said: Said
    kind: Kind
    change: Change | None
    is_known: bool

    @property
    def group(self) -> str:
        """What the cases are grouped by, because pictures of one thing are alike."""
        return self.said.concept

    @property
    def is_right(self) -> bool:
        """Whether the picture shows what the prompt says."""
        return self.change is None


def cases(num_scenes: int, fold: int | None, rng: np.random.Generator) -> list[Case]:
    """A right and two wrong prompts for every scene: one with one thing changed, one of another.

    Args:
        num_scenes: at least 2; a half of them of known concepts.
        fold: of `FOLDS`, whose pictures alone are in the scenes; ``None`` takes all pictures.
        rng: draws everything.
    """
    of_fold = slice(None) if fold is None else slice(fold, None, FOLDS)
    by_split = {
        is_known: [one for one in _splits()[is_known][of_fold] if one.style in DRAWABLE]
        for is_known in (True, False)
    }
    made: list[Case] = []
    for number in range(num_scenes):
        is_known = number % 2 == 0
        image_HWC, kind, said = _scene(by_split[is_known], rng)
        image_HWC = softened(image_HWC, rng) if rng.random() < 0.5 else image_HWC
        _, _, stranger = _scene(by_split[is_known], rng)
        while stranger.concept in (said.concept, said.other):
            _, _, stranger = _scene(by_split[is_known], rng)
        changed, change = _changed(said, by_split[is_known], rng)
        made += [
            Case(
                image_HWC=image_HWC,
                prompt=written(one, rng),
                said=one,
                kind=kind,
                change=what,
                is_known=is_known,
            )
            for one, what in ((said, None), (changed, change), (stranger, "scene"))
        ]
    return made


def balanced(
    made: Sequence[Case], changes: frozenset[Change], rng: np.random.Generator
) -> list[Case]:
    """Of every scene the right prompt and one wrong one, of the changes that count as wrong."""
    kept: list[Case] = []
    for right, *wrong in zip(made[::3], made[1::3], made[2::3], strict=True):
        counted = [case for case in wrong if case.change in changes]
        kept += [right, counted[int(rng.integers(len(counted)))]]
    return kept


def _splits() -> dict[bool, list[HeldOut]]:
    return {
        True: [one for one in held_out() if one.split == "heldout_style"],
        False: [one for one in held_out() if one.split == "heldout_concept"],
    }


def _scene(chosen: Sequence[HeldOut], rng: np.random.Generator) -> tuple[Bytes, Kind, Said]:
    kind = KINDS[int(rng.choice(len(KINDS), p=KIND_SHARES))]
    one = _drawn(chosen, rng)
    while kind == "count" and not (
        can_be_counted(one.concept) and count_things(one.image_HWC) == 1
    ):
        one = _drawn(chosen, rng)
    style = one.style if rng.random() < STYLED_SHARE else ""
    said, sprite_HWC = Said(concept=one.concept, style=style), one.image_HWC
    if kind != "pair" and rng.random() < TINTED_SHARE:
        said = replace(said, colour=str(rng.choice(OBJECT_COLOURS)))
        sprite_HWC = pictures.tinted(sprite_HWC, said.colour)
    match kind:
        case "single":
            side = rng.uniform(0.8, 0.98)
            edge = (1 - side) / 2
            laid_HWC = pictures.laid_over(
                pictures.clear_ground(), sprite_HWC, left=edge, top=edge, side=side
            )
        case "count":
            said = replace(said, count=int(rng.integers(2, 5)))
            laid_HWC = pictures.repeated(sprite_HWC, said.count, rng)
        case "pair":
            other = _drawn(chosen, rng)
            while other.concept == one.concept:
                other = _drawn(chosen, rng)
            relation = str(rng.choice(list(RELATIONS)))
            ordered = (one, other) if relation in ("left", "above") else (other, one)
            laid_HWC = pictures.arranged(
                [each.image_HWC for each in ordered], rng, is_across=relation in ("left", "right")
            )
            is_placed = rng.random() < PLACED_SHARE
            said = replace(said, other=other.concept, relation=relation if is_placed else "")
    if rng.random() >= GROUND_SHARE:
        return laid_HWC, kind, said
    taken = {said.colour, *one.colours}
    free = [word for word in background_words() if word.split()[-1] not in taken]
    said = replace(said, ground=str(rng.choice(free)))
    ground_HWC = pictures.painted_ground(said.ground, rng)
    return (
        pictures.laid_over(ground_HWC, laid_HWC, left=0, top=0, side=1),
        kind,
        said,
    )


def _drawn(chosen: Sequence[HeldOut], rng: np.random.Generator) -> HeldOut:
    return chosen[int(rng.integers(len(chosen)))]


def _changed(
    said: Said, chosen: Sequence[HeldOut], rng: np.random.Generator
) -> tuple[Said, Change]:
    """The same with one thing that is wrong, drawn among those it says."""
    able: list[Change] = ["object"]
    able += ["colour"] if said.colour else []
    able += ["ground"] if said.ground else []
    able += ["count"] if said.count > 1 else []
    able += ["place"] if said.relation else []
    change = able[int(rng.integers(len(able)))]
    match change:
        case "colour":
            return replace(said, colour=_another(OBJECT_COLOURS, said.colour, rng)), change
        case "ground":
            return replace(said, ground=_another(background_words(), said.ground, rng)), change
        case "count":
            return replace(said, count=_another((2, 3, 4), said.count, rng)), change
        case "place":
            return replace(said, relation=OPPOSITE[said.relation]), change
        case _:
            names = sorted({one.concept for one in chosen if can_be_counted(one.concept)})
            free = [name for name in names if name != said.other]
            return replace(said, concept=_another(free, said.concept, rng)), "object"


def _another(values: Sequence[Value], but: Value, rng: np.random.Generator) -> Value:
    free = [one for one in values if one != but]
    return free[int(rng.integers(len(free)))]


def written(said: Said, rng: np.random.Generator) -> str:
    """A prompt that says it, in one of the forms people use."""
    words = [said.colour] if said.colour else []
    if said.count > 1:
        subject = f"{COUNT_WORDS[said.count]} {coloured(plural(said.concept), words)}"
    else:
        subject = with_article(coloured(said.concept, words), said.concept)
    if said.other:
        joint = RELATIONS[said.relation] if said.relation else "and"
        subject = f"{subject} {joint} {with_article(said.other, said.other)}"
    parts = [subject]
    if said.style:
        phrase = STYLES[said.style].phrases[0]
        parts = [phrase, subject] if rng.random() < 0.5 else [subject, phrase]
    if said.ground:
        parts.append(background_phrase([said.ground], "plain", rng))
    return ", ".join(parts)
