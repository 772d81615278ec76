"""Anything that enlarges, behind the port of generators.

A plan to enlarge has its source at its own size and a canvas that is a whole multiple of it. No
seed changes what comes out. Parts of a picture are told as steps, and it can be stopped between
any two.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol, TypedDict

import numpy as np
from numpy.typing import NDArray

from limner.core.drawing import Drawn, Execution, Plan, Sketch, StepProgress
from limner.core.errors import DrawingCancelled
from limner.core.ports import Ability, FloatSpan, GeneratorCard, IntSpan
from limner.core.records import Operation, Size
from limner.generators.enlarging.squares import OnPart

# Shapes: H height, W width, C channels (RGBA, straight alpha).

MAX_SIDE_PX = 32_768
NO_SAMPLER = "none"
FACTORS = (2, 4)


class _Offered(TypedDict):
    """What a card and a form say alike of anything that enlarges."""

    canvases: tuple[Size, ...]
    side_px: IntSpan
    steps: IntSpan
    guidance: FloatSpan
    samplers: tuple[str, ...]
    strength: FloatSpan
    max_prompt_tokens: int
    operations: frozenset[Operation]
    abilities: frozenset[Ability]


ONLY_ENLARGES: _Offered = {
    "canvases": (Size(64, 64),),
    "side_px": IntSpan(1, MAX_SIDE_PX, 64),
    "steps": IntSpan(1, 1, 1),
    "guidance": FloatSpan(1.0, 1.0, 1.0),
    "samplers": (NO_SAMPLER,),
    "strength": FloatSpan(0.0, 0.0, 0.0),
    "max_prompt_tokens": 1,
    "operations": frozenset({Operation.ENLARGE}),
    "abilities": frozenset(),
}
"""There is nothing to draw with, so everything about drawing has one value."""


class Facts(NamedTuple):
    """What an enlarger really runs on."""

    device: str
    precision: str
    num_threads: int | None
    versions: Mapping[str, str]


class Enlarger(Protocol):
    """Enlarges a picture."""

    @property
    def facts(self) -> Facts:
        """What it really runs on; asked after it ran."""
        ...

    def enlarge(
        self, image_HWC: NDArray[np.uint8], factor: int, on_part: OnPart
    ) -> NDArray[np.uint8]:
        """The picture (uint8, RGBA, straight alpha), larger by `factor`.

        Raises:
            PictureBroken: what came out is not a number.
            GeneratorUnavailable: it cannot be loaded.
        """
        ...


class EnlargingGenerator:
    """Enlarges; draws nothing.

    Args:
        card: with its factors.
        enlarger: what does it; opened now, loaded when it is first used.
    """

    def __init__(self, card: GeneratorCard, enlarger: Enlarger) -> None:
        self._card = card
        self._enlarger = enlarger

    @property
    def card(self) -> GeneratorCard:
        """What it is."""
        return self._card

    def prepare(self, sketch: Sketch) -> Plan:
        """Every sketch to enlarge is accepted; see `Generator.prepare`."""
        return Plan(sketch=sketch, num_prompt_tokens=0, num_negative_tokens=0)

    def generate(
        self,
        plan: Plan,
        seeds: Sequence[int],
        *,
        on_step: Callable[[StepProgress], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> Iterator[Drawn]:
        """One copy for every seed; see `Generator.generate`."""
        for number, seed in enumerate(seeds):
            yield self._enlarged(plan.sketch, seed, number, len(seeds), on_step, is_cancelled)

    def _enlarged(
        self,
        sketch: Sketch,
        seed: int,
        number: int,
        num_images: int,
        on_step: Callable[[StepProgress], None] | None,
        is_cancelled: Callable[[], bool] | None,
    ) -> Drawn:
        source_HWC, started, num_parts = sketch.source_HWC, time.perf_counter(), 1
        assert source_HWC is not None, "the studio gives a picture to enlarge"

        def tell(step: int, num_steps: int) -> None:
            if on_step is not None and step:
                on_step(
                    StepProgress(
                        step=step,
                        num_steps=num_steps,
                        num_images_done=number,
                        batch_size=1,
                        num_images=num_images,
                    )
                )

        def on_part(num_done: int, num_all: int) -> None:
            nonlocal num_parts
            num_parts = num_all
            tell(num_done, num_all)
            if is_cancelled is not None and is_cancelled():
                raise DrawingCancelled()

        factor = sketch.canvas.width_px // source_HWC.shape[1]
        image_HWC = self._enlarger.enlarge(source_HWC, factor, on_part)
        tell(num_parts, num_parts)
        facts = self._enlarger.facts
        return Drawn(
            image_HWC=image_HWC,
            seed=seed,
            is_finite=True,  # it raises where a number is none
            seconds=time.perf_counter() - started,
            execution=Execution(
                steps=sketch.steps,
                num_forwards=num_parts,
                num_prompt_tokens=0,
                batch_size=1,
                engine=self._card.engine,
                device=facts.device,
                precision=facts.precision,
                num_threads=facts.num_threads,
                versions=facts.versions,
            ),
        )


def enlarging_card(
    *,
    name: str,
    version: str,
    engine: str,
    licence: str,
    ingredients: Mapping[str, str],
    factors: tuple[int, ...],
    description: str,
) -> GeneratorCard:
    """The card of what enlarges and does nothing else."""
    return GeneratorCard(
        name=name,
        version=version,
        engine=engine,
        licence=licence,
        ingredients=ingredients,
        styles=(),
        description=description,
        factors=factors,
        **ONLY_ENLARGES,
    )
