"""What a mark says, and what reading one gives.

The mark carries a number and nothing else: no name, no time, no prompt. What the number stands for
is in the stored record that holds the same number and the same epoch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from limner.core.errors import BadInput, LimnerError

ID_BITS = 28  # with 15 check bits the 43 that the code carries; 32 would need a third more energy
ID_COUNT = 1 << ID_BITS
MIN_KEY_BYTES = 16
MARK_ALGORITHM = "limner.mark.v1"  # our own, not on C2PA's list of soft bindings


class MarkUncarried(LimnerError):
    """The picture cannot carry a mark."""

    code = "mark_uncarried"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkPayload:
    """What is put into the pixels.

    Attributes:
        mark_id: 0 .. ID_COUNT - 1; at random, and unique among the records of one epoch.

    Raises:
        BadInput: the number does not fit.
    """

    mark_id: int

    def __post_init__(self) -> None:
        if not 0 <= self.mark_id < ID_COUNT:
            raise BadInput(
                f"The mark id is {self.mark_id!r}; allowed is 0 to {ID_COUNT - 1}.",
                code="mark_id_invalid",
            )

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Self:
        """A payload at random.

        Ids are random so that one tells nothing about how many pictures there are or which came
        before. Among 20,000 pictures of one epoch a repeat is more likely than not, so the caller
        draws again while the store already holds the id.
        """
        return cls(mark_id=int(rng.integers(ID_COUNT)))


def value_of(epoch: str, payload: MarkPayload) -> str:
    """What a mark says in one word, as records and credentials have it: epoch and number."""
    return f"{epoch}-{payload.mark_id:07x}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """How the picture lies against the one that was marked.

    Attributes:
        tile_px: side of one tile of the mark in the picture as it was read, in its pixels.
        rotation_degrees: counter-clockwise, since marking; 0-360.
        is_mirrored: it was mirrored left to right, before the rotation.
        shift: right and down, in tiles, 0-1: where in its tile the picture's corner lies.
    """

    tile_px: float
    rotation_degrees: float
    is_mirrored: bool
    shift: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkReading:
    """A mark that was found.

    Attributes:
        payload: what it says.
        epoch: of the key that read it, as `epoch_of` names it.
        score: how far the payload stands out of chance, in standard deviations.
        pilot_score: the same for the part of the mark that is the same in every picture.
        num_corrected_bits: of 128 that were read, how many the code put right.
        geometry: how the picture lies.
    """

    payload: MarkPayload
    epoch: str
    score: float
    pilot_score: float
    num_corrected_bits: int
    geometry: Geometry
