"""The embedded generator behind the `Generator` port: a plan and seeds in, pictures out.

Reads as the steps of a drawing: read the captions, lay out the start, follow the sampler, decode,
put back what a mask keeps. The networks are in networks.py, the mathematics in sampler.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from limner.core.errors import DrawingCancelled, PromptTooLong
from limner.core.ports import FloatSpan, GeneratorCard, IntSpan
from limner.core.records import Drawn, Execution, Operation, Plan, Size, Sketch, StepProgress
from limner.generators.embedded.canvas import (
    are_finite,
    hold_known,
    mask_on_canvas,
    put_back,
    to_premultiplied,
    to_straight,
)
from limner.generators.embedded.networks import Caption, Networks, open_networks
from limner.generators.embedded.sampler import (
    SAMPLERS,
    Canvas,
    add_noise,
    draw_noise,
    guided,
    time_grid,
)
from limner.generators.embedded.tokens import NUM_MARKS, Tokens
from limner.generators.embedded.weights import Weights

# Shapes: B pictures, C channels, H height, W width.

ENGINE = "openvino"
DEFAULT_BATCH_SIZE = 4  # pictures; more gain little on a processor and cost memory
SIDE_PX = IntSpan(16, 2048, 256)


class EmbeddedGenerator:
    """Draws with the network inside the package. Making one loads nothing.

    Args:
        num_threads: 0 takes every core the process may use.
        batch_size: most pictures drawn together; 0 leaves it to the generator.
        weights: another set than the packaged one.
    """

    def __init__(
        self,
        *,
        num_threads: int = 0,
        batch_size: int = 0,
        weights: Weights | None = None,
    ) -> None:
        self._num_threads = num_threads
        self._batch_size = batch_size or DEFAULT_BATCH_SIZE
        self._weights = weights or Weights()

    @property
    def card(self) -> GeneratorCard:
        """What this generator is; reads the weights' card only."""
        return self._card

    @cached_property
    def _card(self) -> GeneratorCard:
        card = self._weights.card
        return GeneratorCard(
            name=card.name,
            version=card.version,
            engine=ENGINE,
            licence=card.licence,
            ingredients=self._weights.ingredients,
            styles=tuple(card.styles),
            canvases=(Size(card.output_px, card.output_px),),
            side_px=SIDE_PX,
            steps=IntSpan(*card.steps),
            guidance=FloatSpan(*card.guidance),
            samplers=tuple(SAMPLERS),
            strength=FloatSpan(*card.strength),
            max_prompt_tokens=card.text_tokens - NUM_MARKS,
            operations=frozenset(Operation),
            description=self._weights.description,
        )

    def prepare(self, sketch: Sketch) -> Plan:
        """Accept a sketch or refuse it for its length; see the port."""
        return Plan(
            sketch=sketch,
            num_prompt_tokens=self._accepted("prompt", self._caption_of(sketch)),
            num_negative_tokens=self._accepted("negative prompt", sketch.negative),
        )

    def generate(
        self,
        plan: Plan,
        seeds: Sequence[int],
        *,
        on_step: Callable[[StepProgress], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> Iterator[Drawn]:
        """Draw one picture for every seed; see the port.

        A picture whose numbers are not finite is yielded with ``is_finite`` false and no colours.
        """
        sketch = plan.sketch
        batch_size = 1 if sketch.is_deterministic else self._batch_size
        started = time.perf_counter()
        layout = self._layout(sketch)
        for first in range(0, len(seeds), batch_size):
            batch = seeds[first : first + batch_size]
            progress = StepProgress(
                step=0,
                num_steps=len(layout.times) - 1,
                num_images_done=first,
                batch_size=len(batch),
                num_images=len(seeds),
            )
            passes = _Passes(self._networks, layout, sketch.guidance, len(batch))
            canvas_BCHW = self._follow(passes, batch, progress, on_step, is_cancelled)
            pictures = self._finished(canvas_BCHW, sketch)
            seconds = (time.perf_counter() - started) / len(batch)
            execution = self._execution(plan, layout, passes, len(batch))
            for seed, (image_HWC, is_finite) in zip(batch, pictures, strict=True):
                yield Drawn(
                    image_HWC=image_HWC,
                    seed=seed,
                    is_finite=is_finite,
                    execution=execution,
                    seconds=seconds,
                )
            started = time.perf_counter()

    def _accepted(self, name: str, text: str) -> int:
        num_tokens, num_kept = self._tokens.count(text), self._tokens.num_usable
        if num_tokens > num_kept:
            kept = self._tokens.kept_part(text)
            raise PromptTooLong(
                f"The {name} has {num_tokens} tokens; only the first {num_kept} can be kept.",
                hint=f"Shorten it; the kept part ends at {kept[-40:]!r}.",
            )
        return num_tokens

    def _caption_of(self, sketch: Sketch) -> str:
        """The prompt in the order captions had in training: style, subject, background."""
        card = self._weights.card
        parts = [card.styles[sketch.style]] if sketch.style else []
        parts.append(sketch.prompt)
        if sketch.is_transparent:
            parts.append(card.transparent_phrase)
        return ", ".join(parts)

    def _layout(self, sketch: Sketch) -> _Layout:
        """What all pictures of a sketch share: captions, times, the canvas they start from."""
        card = self._weights.card
        is_guided = sketch.guidance != 1.0
        texts = [self._caption_of(sketch), sketch.negative][: 2 if is_guided else 1]
        drop_B = np.array([False, not sketch.negative][: len(texts)])
        num_steps = max(1, round(sketch.steps * sketch.strength))
        known_CHW = mask_HW = None
        if sketch.source_HWC is not None:
            known_CHW = self._networks.encode(to_premultiplied(sketch.source_HWC)[None])[0]
            if sketch.mask_HW is not None:
                mask_HW = mask_on_canvas(sketch.mask_HW, card.canvas[1])
        start = 1 - sketch.strength
        return _Layout(
            caption=self._networks.read_caption(self._tokens.rows(texts), drop_B),
            times=time_grid(num_steps, start=start, shift=card.time_shift),
            canvas_shape=card.canvas,
            known_CHW=known_CHW,
            mask_HW=mask_HW,
            sampler=sketch.sampler,
        )

    def _follow(
        self,
        passes: _Passes,
        seeds: Sequence[int],
        progress: StepProgress,
        on_step: Callable[[StepProgress], None] | None,
        is_cancelled: Callable[[], bool] | None,
    ) -> Canvas:
        """Run the sampler, telling and asking between steps."""
        steps = passes.start(seeds)
        clean_BCHW = np.empty(0, np.float32)
        for step in range(1, progress.num_steps + 1):
            if is_cancelled is not None and is_cancelled():
                raise DrawingCancelled()
            clean_BCHW = next(steps)
            if on_step is not None:
                on_step(_told(progress, step, self._previewer(clean_BCHW)))
        return clean_BCHW

    def _previewer(self, clean_BCHW: Canvas) -> Callable[[], NDArray[np.uint8]]:
        return lambda: to_straight(self._networks.decode(clean_BCHW))

    def _finished(
        self, canvas_BCHW: Canvas, sketch: Sketch
    ) -> list[tuple[NDArray[np.uint8], bool]]:
        rgba_BCHW = self._networks.enlarge(self._networks.decode(canvas_BCHW))
        finite_B = are_finite(canvas_BCHW) & are_finite(rgba_BCHW)
        rgba_BCHW[~finite_B] = 0
        drawn = list(to_straight(rgba_BCHW))
        if sketch.source_HWC is not None and sketch.mask_HW is not None:
            drawn = [put_back(one, sketch.source_HWC, sketch.mask_HW) for one in drawn]
        return [(one, bool(finite_B[row])) for row, one in enumerate(drawn)]

    def _execution(
        self, plan: Plan, layout: _Layout, passes: _Passes, batch_size: int
    ) -> Execution:
        facts = self._networks.facts
        return Execution(
            steps=len(layout.times) - 1,
            num_forwards=passes.num_forwards,
            num_prompt_tokens=plan.num_prompt_tokens,
            batch_size=batch_size,
            engine=ENGINE,
            device=facts.device,
            precision=facts.precision,
            num_threads=facts.num_threads,
            versions={"openvino": facts.version},
        )

    @cached_property
    def _networks(self) -> Networks:
        return open_networks(self._weights, self._num_threads)

    @cached_property
    def _tokens(self) -> Tokens:
        return Tokens(self._weights.read("tokenizer.json"), self._weights.card.text_tokens)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Layout:
    """What all pictures of one sketch share."""

    caption: Caption
    times: tuple[float, ...]
    canvas_shape: tuple[int, int, int]
    known_CHW: Canvas | None
    mask_HW: Canvas | None
    sampler: str


class _Passes:
    """The guided passes of one batch, counted."""

    def __init__(
        self, networks: Networks, layout: _Layout, guidance: float, batch_size: int
    ) -> None:
        self._networks, self._layout, self._guidance = networks, layout, guidance
        self._caption = Caption(*(np.repeat(part, batch_size, axis=0) for part in layout.caption))
        self._num_rows = len(layout.caption.pooled)
        self.num_forwards = 0

    def start(self, seeds: Sequence[int]) -> Iterator[Canvas]:
        """The sampler's steps from the noise of `seeds`."""
        layout = self._layout
        x_BCHW = np.stack([draw_noise(seed, layout.canvas_shape) for seed in seeds])
        predict = self._predict
        if layout.known_CHW is not None:
            known_BCHW = np.repeat(layout.known_CHW[None], len(seeds), axis=0)
            x_BCHW = add_noise(known_BCHW, x_BCHW, layout.times[0])
            if layout.mask_HW is not None:
                predict = hold_known(predict, known_BCHW, layout.mask_HW)
        return SAMPLERS[layout.sampler](predict, x_BCHW, layout.times)

    def _predict(self, noisy_BCHW: Canvas, at: float) -> Canvas:
        """One pass over all rows: every picture with its caption, then every one without."""
        self.num_forwards += 1
        rows = np.concatenate([noisy_BCHW] * self._num_rows)
        made = self._networks.predict_clean(rows, at, self._caption)
        if self._num_rows == 1:
            return made
        given, free = np.split(made, 2)
        return guided(given, free, self._guidance)


def _told(
    progress: StepProgress, step: int, read_preview: Callable[[], NDArray[np.uint8]]
) -> StepProgress:
    return StepProgress(
        step=step,
        num_steps=progress.num_steps,
        num_images_done=progress.num_images_done,
        batch_size=progress.batch_size,
        num_images=progress.num_images,
        read_preview=read_preview,
    )
