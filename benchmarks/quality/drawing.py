"""Drawing what is asked with the product itself: `limner.Studio`, default steps and guidance."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality import specification
from benchmarks.quality.specification import Asked
from limner import Studio
from limner.core.errors import PictureBroken
from limner.studio.requests import request_from

SEEDS = 4
FIRST_SEED = 1000
WHOLE = Path(__file__).parents[2] / "tests" / "assets" / "whole.yaml"

Bytes = NDArray[np.uint8]


class Draws(Protocol):
    """Draws prompts."""

    styles: tuple[str, ...]
    concepts: frozenset[str]

    def draw(self, asked: Asked, num_seeds: int = SEEDS) -> list[Bytes | None]:
        """One picture a seed, uint8 `[H, W, 4]`; None where it came out broken."""
        ...


class StudioDrawing:
    """Draws through a studio, as a person would."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self.styles = studio.card.styles
        self.concepts = specification.drawn_concepts()

    def draw(self, asked: Asked, num_seeds: int = SEEDS) -> list[Bytes | None]:
        """See `Draws`."""
        style = asked.style if asked.style in self.styles else None
        pictures: dict[int, Bytes] = {}
        request = request_from(
            self._studio.parts,
            asked.prompt,
            n=num_seeds,
            seed=FIRST_SEED,
            style=style,
        )
        try:
            for image in self._studio.draw(request):
                pictures[image.seed] = np.asarray(image.image)
        except PictureBroken:
            pass
        return [pictures.get(FIRST_SEED + number) for number in range(num_seeds)]


@contextmanager
def opened_drawing() -> Iterator[Draws]:
    """The product with a data folder of its own, removed afterwards.

    Its criteria ask for a whole picture only: what is measured is what the model draws, so nothing
    of it may be kept back by a check that is unsure.
    """
    with tempfile.TemporaryDirectory() as home:
        shutil.copyfile(WHOLE, Path(home) / "criteria.yaml")
        with Studio(home) as studio:
            yield StudioDrawing(studio)
