"""A generator whose pictures are what was asked, exactly, and its faults, one at a time.

It reads prompts such as ``3 red squares on a blue background`` and draws just that, in places the
seed decides. So it is known what every picture is worth, without a network, and each fault is worse
on one axis alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageFilter

from limner.core.drawing import Drawn, Execution, Plan, Sketch
from limner.core.ports import GeneratorCard
from limner.core.records import Size
from limner.testing import PAINTED_CARD

# Shapes: H height, W width, C channels (RGBA, opaque).

Fault = Literal[
    "",
    "blurred",
    "channels swapped",
    "seed stuck",
    "one thing too many",
    "background forgotten",
    "too dark",
    "half are flat",
    "another picture every time",
    "another picture in a batch",
    "slow",
]

COLOURS = {
    "red": (220, 40, 40),
    "blue": (40, 80, 220),
    "green": (40, 160, 70),
    "yellow": (245, 205, 50),
}
GROUNDS = {"white": (255, 255, 255), "grey": (128, 128, 128), "black": (10, 10, 10)}
SIDE_PX, THING_PX, CELL_PX = 128, 26, 42
SLOW_SECONDS = 0.2
DRAWN_CARD = replace(
    PAINTED_CARD, name="draughtsman", canvases=(Size(SIDE_PX, SIDE_PX),), max_prompt_tokens=20
)


@dataclass(kw_only=True)
class Draughtsman:
    """Draws what is asked, or with one fault.

    Attributes:
        card: what it claims to be.
        fault: what is wrong with it.
    """

    card: GeneratorCard = DRAWN_CARD
    fault: Fault = ""
    _num_drawn: int = 0

    def prepare(self, sketch: Sketch) -> Plan:
        """Accept everything."""
        return Plan(
            sketch=sketch, num_prompt_tokens=len(sketch.prompt.split()), num_negative_tokens=0
        )

    def generate(
        self,
        plan: Plan,
        seeds: Sequence[int],
        *,
        on_step: object = None,
        is_cancelled: object = None,
    ) -> Iterator[Drawn]:
        """One picture for every seed, with the seconds it took."""
        for seed in seeds:
            started = time.perf_counter()
            if self.fault == "slow":
                time.sleep(SLOW_SECONDS)
            image_HWC = self._draw(plan.sketch.prompt, seed, plan.sketch.is_deterministic)
            self._num_drawn += 1
            yield Drawn(
                image_HWC=image_HWC,
                seed=seed,
                is_finite=True,
                execution=_execution(plan),
                seconds=time.perf_counter() - started,
            )

    def _draw(self, prompt: str, seed: int, is_alone: bool) -> NDArray[np.uint8]:
        count, colour, ground = _read(prompt)
        match self.fault:
            case "seed stuck":
                seed = 0
            case "another picture every time":
                seed = seed + 1000 * self._num_drawn
            case "another picture in a batch":
                seed = seed if is_alone else seed + 1
            case "one thing too many":
                count += 1
            case "background forgotten":
                ground = "white" if ground != "white" else "grey"
            case _:
                pass
        image_HWC = _scene(count, COLOURS[colour], GROUNDS[ground], seed)
        return self._spoilt(image_HWC, seed)

    def _spoilt(self, image_HWC: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
        match self.fault:
            case "blurred":
                blurred = PillowImage.fromarray(image_HWC).filter(ImageFilter.GaussianBlur(5))
                return np.asarray(blurred).copy()
            case "channels swapped":
                return image_HWC[..., [2, 1, 0, 3]]
            case "too dark":
                return (image_HWC * np.array([0.04, 0.04, 0.04, 1.0])).astype(np.uint8)
            case "half are flat" if seed % 2:
                flat_HWC = np.full_like(image_HWC, 128)
                flat_HWC[..., 3] = 255
                return flat_HWC
            case _:
                return image_HWC


def prompts() -> list[tuple[str, int, str, str]]:
    """Every prompt with what it asks: number, colour, background."""
    return [
        (f"{count} {colour} squares on a {ground} background", count, colour, ground)
        for count in (1, 2, 3)
        for colour in COLOURS
        for ground in GROUNDS
    ]


def _read(prompt: str) -> tuple[int, str, str]:
    words = prompt.split()
    return int(words[0]), words[1], words[5]


def _scene(
    count: int, colour: tuple[int, int, int], ground: tuple[int, int, int], seed: int
) -> NDArray[np.uint8]:
    """Squares in cells of their own, so that no two touch and none is at the rim."""
    rng = np.random.default_rng(seed)
    image_HWC = np.full((SIDE_PX, SIDE_PX, 4), (*ground, 255), np.uint8)
    cells = rng.permutation(9)[:count]
    for cell in cells:
        row, column = divmod(int(cell), 3)
        top, left = (
            int(CELL_PX * at + 4 + rng.integers(0, CELL_PX - THING_PX - 8)) for at in (row, column)
        )
        image_HWC[top : top + THING_PX, left : left + THING_PX, :3] = colour
    return image_HWC


def _execution(plan: Plan) -> Execution:
    return Execution(
        steps=plan.sketch.steps,
        num_forwards=0,
        num_prompt_tokens=plan.num_prompt_tokens,
        batch_size=1,
        engine="numpy",
        device="CPU",
        precision="u8",
        num_threads=1,
        versions={"numpy": np.__version__},
    )
