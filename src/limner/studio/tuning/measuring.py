"""What a taught adapter is worth: whether it learnt the kind, and whether it learnt by heart.

Three numbers decide, each with a limit that stands here and not with whoever teaches:

* the error on pictures it was never taught, over that without the adapter, is at most
  0.98 and surely below 1;
* no canary is drawn again;
* hardly any taught picture is drawn again by its own caption.

A picture counts as drawn again where a drawing is less than half as far from it as from others of
its kind on average (Carlini et al. 2023, arXiv:2301.13188, with their factor of a half). That such
a copy would be seen is tried with perfect copies, as the model would draw them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from limner.core.records import Size
from limner.evals.intervals import Estimate, bootstrapped, share
from limner.studio.background import WHITE, lay_under
from limner.studio.framing import fit

if TYPE_CHECKING:
    from limner.generators.embedded.adapter import Corrections
    from limner.generators.embedded.tuning.teacher import Teacher
    from limner.generators.embedded.tuning.teaching import Lessons

# Shapes: N pictures, D drawings, H height, W width, C channels, P values of a small picture.

NEAR = 0.5  # of the mean distance to others
MOST_DRAWN_AGAIN = 0.05  # share of taught pictures
MOST_ERROR = 0.98  # of that without: the bounds of three pictures may lie close together by chance
LEAST_FOUND = 0.95  # share of perfect copies
SEEDS_A_CANARY = 4
MOST_AUDITED = 40  # taught pictures that are drawn
SMALL_PX = 64

Images = Sequence[NDArray[np.uint8]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was measured of an adapter.

    Attributes:
        held_out: error on pictures never taught, over that without the adapter; `num` pictures.
        taught: the same on the pictures that were taught.
        canaries_again: of `num` drawings of canaries, the share that are a canary again.
        taught_again: of `num` taught pictures, the share that were drawn again.
        held_out_again: the same of pictures never taught, by their captions: what chance does.
        copies_found: of `num` perfect copies, the share that would be seen.
    """

    held_out: Estimate
    taught: Estimate
    canaries_again: Estimate
    taught_again: Estimate
    held_out_again: Estimate
    copies_found: Estimate

    @property
    def faults(self) -> tuple[str, ...]:
        """Why it must not be used, each one sentence; empty where it passes."""
        faults: list[str] = []
        high = self.held_out.high
        value = float("nan") if self.held_out.value is None else self.held_out.value
        if high is None or not (high < 1 and value <= MOST_ERROR):
            shown = "no bounds" if high is None else f"up to {high:.3f}"
            faults.append(
                f"On pictures it was never taught its error is {value:.3f} of that without it "
                f"({shown}); up to {MOST_ERROR:g} is asked, with all of its interval below 1."
            )
        found = self.copies_found.value or 0.0
        if found < LEAST_FOUND:
            faults.append(
                f"Only {found:.0%} of perfect copies would be seen; {LEAST_FOUND:.0%} is asked, "
                "or the audit says nothing."
            )
        if self.canaries_again.value:
            faults.append("A canary was drawn again: pictures are learnt by heart.")
        if (self.taught_again.value or 0) > MOST_DRAWN_AGAIN:
            faults.append(
                f"{self.taught_again.value:.0%} of taught pictures were drawn again; up to "
                f"{MOST_DRAWN_AGAIN:.0%} is allowed."
            )
        return tuple(faults)

    def to_document(self) -> dict[str, object]:
        """JSON form."""
        return {**asdict(self), "faults": list(self.faults)}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shown:
    """Pictures and the same as lessons, in the same order.

    Attributes:
        images: uint8 `[H, W, C]` each.
    """

    images: Images
    lessons: Lessons


def measure(
    teacher: Teacher,
    corrections: Corrections,
    *,
    taught: Shown,
    held_out: Shown,
    planted: Shown,
    never_taught: Images,
    seed: int,
) -> Measured:
    """Measure an adapter by the engine that will draw with it.

    Args:
        teacher: of the model.
        corrections: the adapter's.
        taught: pictures it was taught, without canaries.
        held_out: pictures of the folder it never saw, in any way.
        planted: canaries that were taught.
        never_taught: pictures made as canaries are.
        seed: of drawings and noise.
    """
    taught = _some(taught, seed)
    small_taught, small_held_out = _small(taught.images), _small(held_out.images)
    small_planted, others = _small(planted.images), _small(never_taught)
    places = np.repeat(np.arange(len(planted.images)), SEEDS_A_CANARY)
    canaries = _drawn(teacher, planted.lessons.of(places), corrections, seed)
    perfect = _small(list(teacher.redrawn(taught.lessons)))
    again = [
        _is_again(drawing, small_planted[place], others)
        for drawing, place in zip(canaries, places, strict=True)
    ]
    return Measured(
        held_out=_error_ratio(teacher, held_out.lessons, corrections, seed),
        taught=_error_ratio(teacher, taught.lessons, corrections, seed),
        canaries_again=share(sum(again), len(again)),
        taught_again=_share_again(
            _drawn(teacher, taught.lessons, corrections, seed), small_taught, small_taught
        ),
        held_out_again=_share_again(
            _drawn(teacher, held_out.lessons, corrections, seed), small_held_out, small_taught
        ),
        copies_found=_share_again(perfect, small_taught, small_taught),
    )


def _error_ratio(
    teacher: Teacher, lessons: Lessons, corrections: Corrections, seed: int
) -> Estimate:
    """Errors with corrections over those without, pictures as the units."""
    with_N = teacher.errors(lessons, corrections, seed).mean(axis=1)
    without_N = teacher.errors(lessons, {}, seed).mean(axis=1)

    def ratio(places: NDArray[np.intp]) -> float:
        return float(with_N[places].sum() / without_N[places].sum())

    return bootstrapped(ratio, len(with_N), np.random.default_rng(seed))


def _drawn(
    teacher: Teacher, lessons: Lessons, corrections: Corrections, seed: int
) -> NDArray[np.float32]:
    """Drawings by the captions of lessons, small."""
    seeds = [(seed + 7919 * place) % 2**32 for place in range(len(lessons))]
    return _small(list(teacher.draw(lessons.captions, seeds, corrections)))


def _share_again(
    drawings_NP: NDArray[np.float32], own_NP: NDArray[np.float32], others_MP: NDArray[np.float32]
) -> Estimate:
    again = [
        _is_again(drawing, own, others_MP) for drawing, own in zip(drawings_NP, own_NP, strict=True)
    ]
    return share(sum(again), len(again))


def _is_again(
    drawing_P: NDArray[np.float32], own_P: NDArray[np.float32], others_MP: NDArray[np.float32]
) -> bool:
    """Whether a drawing is its own picture again; `own_P` may be among the others."""
    is_other = (others_MP != own_P).any(axis=1)
    to_others = np.sqrt(np.square(others_MP[is_other] - drawing_P).mean(axis=1)).mean()
    to_own = np.sqrt(np.square(own_P - drawing_P).mean())
    return bool(to_own < NEAR * to_others)


def _small(images: Images) -> NDArray[np.float32]:
    """Pictures on white at `SMALL_PX`, 0-1, `[N, P]`."""
    size = Size(SMALL_PX, SMALL_PX)
    laid = [lay_under(fit(one, size), WHITE)[..., :3] for one in images]
    return np.stack(laid).reshape(len(laid), -1).astype(np.float32) / np.float32(255)


def _some(taught: Shown, seed: int) -> Shown:
    num = len(taught.images)
    places = np.sort(np.random.default_rng(seed).permutation(num)[:MOST_AUDITED])
    images = [taught.images[int(at)] for at in places]
    return Shown(images=images, lessons=taught.lessons.of(places))
