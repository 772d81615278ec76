"""The embedded generator behind the `Generator` port: a plan and seeds in, pictures out.

Reads as the steps of a drawing: read the captions, lay out the start, go step by step, decode, put
back what a mask keeps. Several threads may draw at once; their pictures share passes (passes.py).
The networks are in networks.py, the mathematics in sampler.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limner.core.drawing import Drawn, Execution, Plan, Sketch, StepProgress
from limner.core.errors import DrawingCancelled, PromptTooLong
from limner.core.ports import FloatSpan, GeneratorCard, IntSpan
from limner.core.records import DRAWING, Size
from limner.generators.embedded.adapter import Adapter
from limner.generators.embedded.canvas import (
    are_finite,
    hold_known,
    mask_on_canvas,
    put_back,
    to_premultiplied,
    to_straight,
)
from limner.generators.embedded.course import Course, Way
from limner.generators.embedded.networks import Caption, Networks, open_networks
from limner.generators.embedded.passes import Passes
from limner.generators.embedded.precision import AUTO, USUAL
from limner.generators.embedded.sampler import (
    SAMPLERS,
    Canvas,
    add_noise,
    draw_noise,
    time_grid,
)
from limner.generators.embedded.tokens import NUM_MARKS, TokenRows, Tokens
from limner.generators.embedded.wardrobe import Wardrobe
from limner.generators.embedded.weights import Weights, WeightsCard

# Shapes: B pictures, C channels, H height, W width.

ENGINE = "openvino"
DEFAULT_BATCH_SIZE = 4  # pictures; more gain little on a processor and cost memory
PROMPTS_KEPT = 32  # as the network takes them, with their guidance; half a megabyte each
TEXTS_KEPT = 128  # as the text encoder leaves them, six times the work; 48 KB each
SIDE_PX = IntSpan(16, 3840, 256)


class EmbeddedGenerator:
    """Draws with the network inside the package. Making one loads nothing.

    Args:
        num_threads: 0 takes every core the process may use.
        batch_size: most pictures drawn together, of however many requests; 0 leaves it to the
            generator.
        weights: another set than the packaged one.
        memory: folder that keeps which precision is best on this machine; ``None`` takes the
            usual one.
        precision: see `Networks`.
        adapters: folder of those that a request may put on; ``None`` for none.
        worn: one that every picture is drawn with; the generator then goes by its name.
        is_fresh: its networks are loaded anew, and not those that this process has of the same
            weights.
    """

    def __init__(
        self,
        *,
        num_threads: int = 0,
        batch_size: int = 0,
        weights: Weights | None = None,
        memory: Path | None = None,
        precision: str = AUTO,
        adapters: Path | None = None,
        worn: Adapter | None = None,
        is_fresh: bool = False,
    ) -> None:
        self._num_threads = num_threads
        self._memory = memory
        self._precision = precision
        self._is_fresh = is_fresh
        self._batch_size = batch_size or DEFAULT_BATCH_SIZE
        self._weights = weights or Weights()
        self._worn = worn
        self._adapters = adapters
        self._wardrobe = Wardrobe(
            self._weights, adapters, worn, lambda: self._networks, batch_size or None
        )
        self._read_caption = lru_cache(PROMPTS_KEPT)(self._read_caption_of)
        self._read_text = lru_cache(TEXTS_KEPT)(self._read_text_of)

    @property
    def card(self) -> GeneratorCard:
        """What this generator is; reads the weights' card and those of adapters only."""
        adapters = {name: one.card for name, one in self._wardrobe.adapters.items()}
        outgrown = self._wardrobe.outgrown
        if not adapters and not outgrown:
            return self._card
        return replace(self._card, adapters=adapters, outgrown_adapters=outgrown)

    @cached_property
    def _card(self) -> GeneratorCard:
        card, worn = self._weights.card, self._worn
        known = card if worn is None else worn.facts
        return GeneratorCard(
            name=known.name,
            version=known.version,
            engine=ENGINE,
            licence=known.licence,
            ingredients=self._weights.ingredients if worn is None else worn.ingredients,
            styles=tuple(card.styles),
            canvases=tuple(Size(*reversed(card.output_of(shape))) for shape in _shapes(card)),
            side_px=SIDE_PX,
            steps=IntSpan(*card.steps),
            guidance=FloatSpan(*card.guidance),
            samplers=tuple(SAMPLERS),
            strength=FloatSpan(*card.strength),
            max_prompt_tokens=card.text_tokens - NUM_MARKS,
            operations=DRAWING,
            description=(self._weights if worn is None else worn).description,
            sources=() if worn is None else tuple(worn.facts.sources),
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
        if sketch.is_deterministic and self._precision == AUTO:
            yield from self._unmeasured.generate(
                plan, seeds, on_step=on_step, is_cancelled=is_cancelled
            )
            return
        batch_size = 1 if sketch.is_deterministic else self._batch_size
        layout = self.layout(sketch)
        passes = self._wardrobe.passes(sketch)
        for first in range(0, len(seeds), batch_size):
            batch = seeds[first : first + batch_size]
            progress = StepProgress(
                step=0,
                num_steps=len(layout.times) - 1,
                num_images_done=first,
                batch_size=len(batch),
                num_images=len(seeds),
            )
            with passes.course(way_of(layout, sketch, batch)) as course:
                canvas_BCHW = self._follow(passes, course, progress, on_step, is_cancelled)
            started = time.perf_counter()
            is_beside = passes.are_beside and not sketch.is_deterministic
            pictures = self._finished(canvas_BCHW, sketch, is_beside=is_beside)
            seconds = course.seconds + (time.perf_counter() - started) / len(batch)
            execution = self._execution(plan, layout, course)
            for seed, (image_HWC, is_finite) in zip(batch, pictures, strict=True):
                yield Drawn(
                    image_HWC=image_HWC,
                    seed=seed,
                    is_finite=is_finite,
                    execution=execution,
                    seconds=seconds,
                )

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

    def layout(self, sketch: Sketch) -> Layout:
        """What all pictures of a sketch share: captions, times, the canvas they start from."""
        card = self._weights.card
        captions = self._captions(sketch)
        num_steps = max(1, round(sketch.steps * sketch.strength))
        shape = _shape_of(sketch.canvas, card)
        known_CHW = mask_HW = None
        if sketch.source_HWC is not None:
            known_CHW = self._networks.encode(to_premultiplied(sketch.source_HWC)[None])[0]
            if sketch.mask_HW is not None:
                mask_HW = mask_on_canvas(sketch.mask_HW, shape)
        start = 1 - sketch.strength
        return Layout(
            caption=Caption(*(np.concatenate(part) for part in zip(*captions, strict=True))),
            times=time_grid(num_steps, start=start, shift=card.time_shift),
            canvas_shape=(card.canvas[0], *shape),
            known_CHW=known_CHW,
            mask_HW=mask_HW,
        )

    def _captions(self, sketch: Sketch) -> list[Caption]:
        """The caption, and where guidance takes a second row, what it is to lead away from."""
        text = self._caption_of(sketch)
        is_read = self._weights.card.reads_guidance and not sketch.negative
        if is_read or sketch.guidance == 1.0:
            return [self._read_caption(text, False, sketch.guidance)]
        return [self._read_caption(one, not one, 1.0) for one in (text, sketch.negative)]

    def _read_caption_of(self, text: str, is_dropped: bool, guidance: float) -> Caption:
        """One row, read alone, so that it is the same whether it was kept or not."""
        rows, tokens_BTE = self._read_text(text)
        guidance_B, drop_B = np.array([guidance], np.float32), np.array([is_dropped])
        return self._networks.read_caption(rows, drop_B, guidance_B, tokens_BTE)

    def _read_text_of(self, text: str) -> tuple[TokenRows, Canvas]:
        rows = self._tokens.rows([text])
        return rows, self._networks.read_tokens(rows)

    def _follow(
        self,
        passes: Passes,
        course: Course,
        progress: StepProgress,
        on_step: Callable[[StepProgress], None] | None,
        is_cancelled: Callable[[], bool] | None,
    ) -> Canvas:
        """Go step by step, telling and asking between them."""
        clean_BCHW = np.empty(0, np.float32)
        for step in range(1, progress.num_steps + 1):
            if is_cancelled is not None and is_cancelled():
                raise DrawingCancelled()
            clean_BCHW = passes.next_step(course)
            if on_step is not None:
                on_step(_told(progress, step, self._previewer(clean_BCHW)))
        return clean_BCHW

    def _previewer(self, clean_BCHW: Canvas) -> Callable[[], NDArray[np.uint8]]:
        return lambda: to_straight(self._networks.decode(clean_BCHW))

    def _finished(
        self, canvas_BCHW: Canvas, sketch: Sketch, *, is_beside: bool
    ) -> list[tuple[NDArray[np.uint8], bool]]:
        rgba_BCHW = self._networks.finish(canvas_BCHW, is_beside=is_beside)
        finite_B = are_finite(canvas_BCHW) & are_finite(rgba_BCHW)
        rgba_BCHW[~finite_B] = 0
        drawn = list(to_straight(rgba_BCHW))
        if sketch.source_HWC is not None and sketch.mask_HW is not None:
            drawn = [put_back(one, sketch.source_HWC, sketch.mask_HW) for one in drawn]
        return [(one, bool(finite_B[row])) for row, one in enumerate(drawn)]

    def _execution(self, plan: Plan, layout: Layout, course: Course) -> Execution:
        facts = self._networks.facts
        return Execution(
            steps=len(layout.times) - 1,
            num_forwards=course.num_forwards,
            num_prompt_tokens=plan.num_prompt_tokens,
            batch_size=course.most_together,
            engine=ENGINE,
            device=facts.device,
            precision=facts.precision,
            num_threads=facts.num_threads,
            versions={"openvino": facts.version},
        )

    @cached_property
    def _unmeasured(self) -> EmbeddedGenerator:
        """The same in a precision that no measurement chooses, which a loaded machine may sway."""
        return EmbeddedGenerator(
            num_threads=self._num_threads,
            weights=self._weights,
            memory=self._memory,
            precision=USUAL,
            adapters=self._adapters,
            worn=self._worn,
            is_fresh=self._is_fresh,
        )

    @cached_property
    def _networks(self) -> Networks:
        opened = Networks if self._is_fresh else open_networks
        return opened(self._weights, self._num_threads, self._memory, self._precision)

    @cached_property
    def _tokens(self) -> Tokens:
        return Tokens(self._weights.read("tokenizer.json"), self._weights.card.text_tokens)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layout:
    """What all pictures of one sketch share."""

    caption: Caption
    times: tuple[float, ...]
    canvas_shape: tuple[int, int, int]
    known_CHW: Canvas | None
    mask_HW: Canvas | None


def _shapes(card: WeightsCard) -> tuple[tuple[int, int], ...]:
    return card.shapes or (card.canvas[1:],)


def _shape_of(canvas: Size, card: WeightsCard) -> tuple[int, int]:
    """Height and width of the network's canvas for a picture of this size."""
    outputs = {card.output_of(shape): shape for shape in _shapes(card)}
    return outputs[canvas.height_px, canvas.width_px]


def way_of(layout: Layout, sketch: Sketch, seeds: Sequence[int]) -> Way:
    """The way of some pictures of a sketch, from the noise of their seeds."""
    x_BCHW = np.stack([draw_noise(seed, layout.canvas_shape) for seed in seeds])
    known_CHW, mask_HW = layout.known_CHW, layout.mask_HW
    hold: Callable[[Canvas], Canvas] | None = None
    if known_CHW is not None:
        x_BCHW = add_noise(known_CHW, x_BCHW, layout.times[0])
        if mask_HW is not None:
            hold = partial(hold_known, known_CHW=known_CHW, mask_HW=mask_HW)
    return Way(
        walk=SAMPLERS[sketch.sampler](x_BCHW, layout.times),
        num_steps=len(layout.times) - 1,
        num_pictures=len(seeds),
        caption=layout.caption,
        guidance=sketch.guidance,
        hold=hold,
        is_alone=sketch.is_deterministic,
    )


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
