"""For tests: a painted generator, and the kit that every engine is held to.

`PaintedGenerator` paints shapes from prompt and seed, deterministic, in milliseconds, so that code
built on Limner can be tested without a network. `require_conforming` tries on any generator what
every generator must keep; docs/engines.md shows it. The product never reaches this module: none of
the package imports it, and import-linter holds that.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from limner.core.drawing import Drawn, Execution, Plan, Sketch, StepProgress
from limner.core.errors import DrawingCancelled, PromptTooLong
from limner.core.hashing import sha256_of_bytes
from limner.core.ports import FloatSpan, Generator, GeneratorCard, IntSpan
from limner.core.records import DRAWING, Size
from limner.generators.conformance import FACTS, NotConforming, Trial, Tried, try_fact

# Shapes: B pictures, H height, W width, C channels (RGBA, straight alpha).

__all__ = [
    "FACTS",
    "PAINTED_CARD",
    "Fault",
    "NotConforming",
    "PaintedGenerator",
    "Trial",
    "Tried",
    "require_conforming",
    "try_fact",
]

Fault = Literal["flat", "black", "empty", "not_finite", "misshapen"]

PAINTED_CARD = GeneratorCard(
    name="painted",
    version="1",
    engine="numpy",
    licence="Apache-2.0",
    ingredients={"brush": sha256_of_bytes(b"brush 1")},
    styles=("plain", "striped"),
    canvases=(Size(64, 64),),
    side_px=IntSpan(16, 512, 64),
    steps=IntSpan(1, 50, 4),
    guidance=FloatSpan(1.0, 10.0, 3.0),
    samplers=("brush",),
    strength=FloatSpan(0.0, 1.0, 0.6),
    max_prompt_tokens=12,
    operations=DRAWING,
)


def require_conforming(generator: Generator, *, prompt: str = "a red apple") -> list[Tried]:
    """Try on a generator everything that every generator must keep.

    Seeds, independence of the batch, steps, previews, cancelling, over-long prompts, facts of what
    ran, pictures to start from. Some twenty small pictures are drawn.

    Args:
        generator: that is tried.
        prompt: short, and something the model can draw.

    Returns:
        Every fact that was tried; one that the card rules out says so.

    Raises:
        NotConforming: names every fact that does not hold, and how.
    """
    trial = Trial(generator=generator, prompt=prompt)
    tried = [try_fact(trial, fact) for fact in FACTS]
    broken = [f"{one.fact}: {one.told}" for one in tried if one.holds is False]
    if broken:
        raise NotConforming(" ".join(broken))
    return tried


@dataclass(kw_only=True)
class PaintedGenerator:
    """Paints an ellipse whose colour comes from the prompt and whose place from the seed.

    A prompt that ends in ``background`` gives an opaque picture, any other a transparent one.

    Attributes:
        card: what it claims to be; a test may give another.
        batch_size: pictures painted together.
        seconds_per_step: how long each step sleeps, for tests that interrupt.
        faults: what goes wrong, by seed.
        num_drawn: pictures painted so far.
    """

    card: GeneratorCard = PAINTED_CARD
    batch_size: int = 4
    seconds_per_step: float = 0.0
    faults: Mapping[int, Fault] = field(default_factory=dict[int, Fault])
    num_drawn: int = 0

    def prepare(self, sketch: Sketch) -> Plan:
        """Accept a sketch; a token is a word.

        Raises:
            PromptTooLong: more words than the card allows.
        """
        words = sketch.prompt.split()
        num_kept = self.card.max_prompt_tokens
        if len(words) > num_kept:
            raise PromptTooLong(
                f"The prompt has {len(words)} tokens; the first {num_kept} are kept.",
                hint=f"Shorten it; the kept part ends at {words[num_kept - 1]!r}.",
            )
        return Plan(
            sketch=sketch,
            num_prompt_tokens=len(words),
            num_negative_tokens=len(sketch.negative.split()),
        )

    def generate(
        self,
        plan: Plan,
        seeds: Sequence[int],
        *,
        on_step: Callable[[StepProgress], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> Iterator[Drawn]:
        """Paint one picture for every seed.

        Raises:
            DrawingCancelled: `is_cancelled` said yes.
        """
        batch_size = 1 if plan.sketch.is_deterministic else self.batch_size
        for start in range(0, len(seeds), batch_size):
            batch = seeds[start : start + batch_size]
            for step in range(1, plan.sketch.steps + 1):
                if is_cancelled is not None and is_cancelled():
                    raise DrawingCancelled()
                time.sleep(self.seconds_per_step)
                if on_step is not None:
                    on_step(
                        StepProgress(
                            step=step,
                            num_steps=plan.sketch.steps,
                            num_images_done=start,
                            batch_size=len(batch),
                            num_images=len(seeds),
                        )
                    )
            for seed in batch:
                self.num_drawn += 1
                yield self._drawn(plan, seed, len(batch))

    def _drawn(self, plan: Plan, seed: int, batch_size: int) -> Drawn:
        sketch = plan.sketch
        image_HWC = _painted(sketch, seed)
        match self.faults.get(seed):
            case "flat":
                image_HWC[:] = (200, 30, 30, 255)
            case "black":
                image_HWC[:] = (0, 0, 0, 255)
                image_HWC[::2, ::2, :3] = 3
            case "empty":
                image_HWC[..., 3] = 0
            case "misshapen":
                image_HWC = image_HWC[:-1]
            case _:
                pass
        execution = Execution(
            steps=sketch.steps,
            num_forwards=sketch.steps,
            num_prompt_tokens=plan.num_prompt_tokens,
            batch_size=batch_size,
            engine=self.card.engine,
            device="CPU",
            precision="u8",
            num_threads=1,
            versions={"numpy": np.__version__},
        )
        return Drawn(
            image_HWC=image_HWC,
            seed=seed,
            is_finite=self.faults.get(seed) != "not_finite",
            execution=execution,
            seconds=sketch.steps * self.seconds_per_step,
        )


def _painted(sketch: Sketch, seed: int) -> NDArray[np.uint8]:
    width_px, height_px = sketch.canvas
    rng = np.random.default_rng(seed)
    named = f"{sketch.prompt}|{sketch.negative}|{sketch.style}|{sketch.guidance}|{sketch.steps}"
    colours = np.frombuffer(hashlib.sha256(named.encode()).digest()[:8], np.uint8)
    rows_H1, columns_1W = np.ogrid[:height_px, :width_px]
    x, y = rng.uniform(0.35, 0.65, 2) * (width_px, height_px)
    across, down = rng.uniform(0.15, 0.3, 2) * (width_px, height_px)
    inside_HW = ((columns_1W - x) / across) ** 2 + ((rows_H1 - y) / down) ** 2 <= 1
    image_HWC = np.zeros((height_px, width_px, 4), np.uint8)
    if sketch.prompt.endswith("background") and not sketch.is_transparent:
        image_HWC[:] = (*colours[4:7], 255)
    image_HWC[inside_HW] = (*colours[:3], 255)
    if sketch.style == "striped":
        image_HWC[inside_HW & (rows_H1 % 8 < 4)] = (255, 255, 255, 255)
    return _merged(image_HWC, sketch)


def _merged(image_HWC: NDArray[np.uint8], sketch: Sketch) -> NDArray[np.uint8]:
    if sketch.source_HWC is None:
        return image_HWC
    share_HW1 = np.full((*image_HWC.shape[:2], 1), sketch.strength)
    if sketch.mask_HW is not None:
        share_HW1 = share_HW1 * sketch.mask_HW[..., None] / 255
    mixed = image_HWC * share_HW1 + sketch.source_HWC * (1 - share_HW1)
    return np.rint(mixed).astype(np.uint8)
