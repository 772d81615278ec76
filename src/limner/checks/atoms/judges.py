"""One judge for each kind of atom: a thing, its colour, the background, the number, the place.

Each measures one value on the picture; calibrated, it is the probability that the atom is right.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from limner.checks import colours
from limner.checks.atoms.finding import find_things, place_margin
from limner.checks.atoms.prompts import Prompt
from limner.checks.measures import OPAQUE, nearest_word, rim_pixels
from limner.checks.referee.views import RefereeViews, Seen
from limner.checks.regions import Bytes

# Shapes: H height, W width, C channels (RGBA, straight alpha), N pixels, P colour words.


class Atom(NamedTuple):
    """One thing a prompt says.

    Attributes:
        kind: ``thing``, ``colour``, ``ground``, ``count`` or ``place``.
        value: as measured; its meaning depends on `line`.
        line: name of the calibration it takes.
    """

    kind: str
    value: float
    line: str


def judge_atoms(prompt: Prompt, seen: Seen, views: RefereeViews) -> Iterator[Atom]:
    """Every atom of a prompt, with what was measured for it.

    Raises:
        CheckNotAble: the referee is missing.
    """
    line = _layout(prompt)
    for found in find_things(prompt, seen, views.text, lambda thing: thing.named):
        known = "known" if found.thing.is_known else "unknown"
        yield Atom("thing", found.fit, f"{known} {line}")
        for word in found.thing.colours:
            yield Atom("colour", colour_share(found.region_HWC, word), "colour")
    if prompt.ground is not None:
        yield Atom("ground", ground_share(seen.regions.image_HWC, prompt.ground), "ground")
    if any(thing.count for thing in prompt.things):
        off = abs(len(seen.regions.separate) - prompt.num_things)
        yield Atom("count", -float(off), "count")
    if prompt.relation is not None and len(prompt.things) >= 2:
        margin = place_margin(prompt, seen, views.text)
        # An empty side is a wrong place: as far from right as a product of unit vectors can be.
        known = all(thing.is_known for thing in prompt.things[:2])
        value = -4.0 if margin is None else margin
        yield Atom("place", value, f"{'known' if known else 'unknown'} place")


def colour_share(image_HWC: Bytes, word: str) -> float:
    """Share of what is seen that a colour word names, 0-1; outlines count less."""
    seen_NC = image_HWC[image_HWC[..., 3] >= OPAQUE]
    weighted_P = colours.byte_word_shares(seen_NC[:, :3]) * colours.WORD_WEIGHTS
    return float(weighted_P[colours.WORDS.index(word)])


def ground_share(image_HWC: Bytes, word: str) -> float:
    """Share of the rim that has the background colour, or that is transparent; 0-1."""
    rim_NC = rim_pixels(image_HWC)
    is_solid_N = rim_NC[:, 3] >= OPAQUE
    if word == "transparent":
        return float(1 - is_solid_N.mean())
    if not is_solid_N.any():
        return 0.0
    is_named_N = nearest_word(rim_NC[is_solid_N, :3]) == word
    return float(is_named_N.sum() / len(rim_NC))


def _layout(prompt: Prompt) -> str:
    """How a thing was looked for, which decides how well it can fit."""
    if len(prompt.things) == 1:
        return "one" if (prompt.things[0].count or 1) == 1 else "many"
    return "side" if prompt.relation is not None else "among"
