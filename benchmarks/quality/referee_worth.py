"""What the referee is worth, measured on held-out pictures before it measures anything drawn.

Retrieval is among the names of all concepts, held-out ones among them. Every share comes with a
95 % interval over concepts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from training.data.captions import with_article
from training.data.colours import WORDS

from benchmarks.quality import held_out as pictures
from benchmarks.quality.held_out import HeldOut, held_out
from benchmarks.quality.intervals import share_with_interval
from benchmarks.quality.judging import Eye
from benchmarks.quality.known_truth import softened
from benchmarks.quality.specification import concepts
from limner.checks.views import flatten

Bytes = NDArray[np.uint8]
SEED = 20261124


class Worth(NamedTuple):
    """One measured share, 0-1, with its interval and the number of pictures."""

    name: str
    share: float
    interval: tuple[float, float]
    num_pictures: int


def referee_worth(eye: Eye) -> list[Worth]:
    """All shares; the first one is the headline."""
    rng = np.random.default_rng(SEED)
    by_split: dict[str, list[HeldOut]] = defaultdict(list)
    for one in held_out():
        by_split[one.split].append(one)
    styles, names = by_split["heldout_style"], by_split["heldout_concept"]
    return [
        _worth("held-out styles, top-5", styles, _retrieved(eye, styles, _plain, 5)),
        _worth("held-out styles, top-1", styles, _retrieved(eye, styles, _plain, 1)),
        _worth(
            "held-out styles on colours, softened, top-5",
            styles,
            _retrieved(eye, styles, lambda one: _harmed(one, rng), 5),
        ),
        _worth("held-out concepts, top-5", names, _retrieved(eye, names, _plain, 5)),
        _worth("held-out concepts, top-1", names, _retrieved(eye, names, _plain, 1)),
        _worth("held-out styles, right over wrong name", styles, _name_told(eye, styles, rng)),
        _worth("held-out concepts, right over wrong name", names, _name_told(eye, names, rng)),
        _worth(
            "held-out styles, fit on its side of a half",
            styles[1::2],
            _calibrated(eye, styles[1::2], rng),
        ),
        _colour_told(eye, held_out(), rng),
        _worth("style, top-1", list(held_out()), _style_told(eye, held_out())),
    ]


def _worth(name: str, chosen: Sequence[HeldOut], hits: Sequence[bool]) -> Worth:
    groups: dict[str, list[float]] = defaultdict(list)
    for one, hit in zip(chosen, hits, strict=True):
        groups[one.concept].append(float(hit))
    share, interval = share_with_interval(list(groups.values()), np.random.default_rng(SEED))
    return Worth(name, share, interval, len(chosen))


def _plain(one: HeldOut) -> Bytes:
    return flatten(one.image_HWC)


def _harmed(one: HeldOut, rng: np.random.Generator) -> Bytes:
    """On a colour at random, smaller, and softened."""
    ground_HWC = pictures.painted_ground(str(rng.choice(WORDS)), rng)
    side = rng.uniform(0.65, 0.95)
    place = (1 - side) / 2
    laid_HWC = pictures.laid_over(ground_HWC, one.image_HWC, left=place, top=place, side=side)
    return softened(laid_HWC, rng)[..., :3]


def _vectors(
    eye: Eye, chosen: Sequence[HeldOut], shown: Callable[[HeldOut], Bytes]
) -> NDArray[np.float32]:
    return eye.referee.image_vectors(np.stack([shown(one) for one in chosen]))


def _retrieved(
    eye: Eye, chosen: Sequence[HeldOut], shown: Callable[[HeldOut], Bytes], best: int
) -> list[bool]:
    fits_BN = _vectors(eye, chosen, shown) @ eye.names_NV.T
    own_B = fits_BN[np.arange(len(chosen)), [concepts().index(one.concept) for one in chosen]]
    return [bool(better < best) for better in (fits_BN > own_B[:, None]).sum(axis=1)]


def _wrong_names(chosen: Sequence[HeldOut], rng: np.random.Generator) -> list[str]:
    names = sorted({one.concept for one in chosen})
    return [str(rng.choice([name for name in names if name != one.concept])) for one in chosen]


def _name_told(eye: Eye, chosen: Sequence[HeldOut], rng: np.random.Generator) -> list[bool]:
    vectors_BV = _vectors(eye, chosen, _plain)
    right = _named_fits(eye, vectors_BV, [one.concept for one in chosen])
    wrong = _named_fits(eye, vectors_BV, _wrong_names(chosen, rng))
    return (right > wrong).tolist()


def _named_fits(
    eye: Eye, vectors_BV: NDArray[np.float32], names: Sequence[str]
) -> NDArray[np.float32]:
    return (vectors_BV * eye.names_NV[[concepts().index(name) for name in names]]).sum(axis=1)


def _calibrated(eye: Eye, chosen: Sequence[HeldOut], rng: np.random.Generator) -> list[bool]:
    """Whether the right name has a fit above a half, or a wrong one below; taken in turn."""
    asked = [
        one.concept if number % 2 else wrong
        for number, (one, wrong) in enumerate(zip(chosen, _wrong_names(chosen, rng), strict=True))
    ]
    card = eye.referee.card
    products = _named_fits(eye, _vectors(eye, chosen, _plain), asked)
    is_fit = card.slope * products + card.offset > 0
    return [bool(fit) == bool(number % 2) for number, fit in enumerate(is_fit)]


def _colour_told(eye: Eye, chosen: Sequence[HeldOut], rng: np.random.Generator) -> Worth:
    """Whether the name with the picture's one colour fits better than with another colour."""
    single = [one for one in chosen if len(one.colours) == 1 and one.colours[0] in WORDS]
    vectors_BV = _vectors(eye, single, _plain)
    said = [with_article(f"{one.colours[0]} {one.concept}", one.concept) for one in single]
    others = [str(rng.choice([word for word in WORDS if word != one.colours[0]])) for one in single]
    missaid = [
        with_article(f"{word} {one.concept}", one.concept)
        for one, word in zip(single, others, strict=True)
    ]
    right, wrong = (
        (vectors_BV * eye.referee.text_vectors(texts)).sum(axis=1) for texts in (said, missaid)
    )
    return _worth("right over wrong colour", single, (right > wrong).tolist())


def _style_told(eye: Eye, chosen: Sequence[HeldOut]) -> list[bool]:
    shown = np.stack([_plain(one) for one in chosen])
    best = eye.referee.style_probabilities(shown).argmax(axis=1)
    return [eye.referee.card.styles[at] == one.style for at, one in zip(best, chosen, strict=True)]
