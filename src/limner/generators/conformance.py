"""What every generator must keep, as facts that can be tried on any of them.

Each fact draws a few small pictures through the port and raises `NotConforming` with one sentence
if it does not hold. A fact that a card rules out, such as the same picture for the same seed of a
service without seeds, is skipped and says so. Nothing here knows an engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from limner.core.canvases import canvases_of_shape
from limner.core.drawing import Drawn, Sketch, StepProgress
from limner.core.errors import BadInput, DrawingCancelled, LimnerError
from limner.core.ports import Ability, Generator, GeneratorCard
from limner.core.records import DRAWING, Operation, Size

# Shapes: H height, W width, C channels (RGBA, straight alpha).


class NotConforming(AssertionError):
    """A fact does not hold of a generator."""


class Skipped(Exception):
    """The card rules a fact out."""


class Tried(NamedTuple):
    """One fact that was tried.

    Attributes:
        fact: its name.
        holds: ``None`` if it was skipped.
        told: why not, or why it was skipped.
    """

    fact: str
    holds: bool | None
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A generator on trial.

    Attributes:
        generator: that is tried.
        prompt: short, with nothing in it any criteria would mind.
        num_steps: of each drawing; fewer are taken if the card allows no more.
    """

    generator: Generator
    prompt: str = "a red apple"
    num_steps: int = 3

    @property
    def card(self) -> GeneratorCard:
        """Of the generator."""
        return self.generator.card

    @property
    def reads_prompt(self) -> bool:
        """Whether it draws from words, alone or beside a picture."""
        return bool(self.card.operations & DRAWING)

    def sketch(self, **changes: object) -> Sketch:
        """What is drawn, with everything the card leaves open at its default.

        Where nothing but enlarging is offered, a plain picture is enlarged; where text alone is
        not, a plain picture is drawn from or repainted.
        """
        card = self.card
        if not self.reads_prompt:
            return replace(self._enlarging_sketch(), **changes)  # pyright: ignore[reportArgumentType]
        canvas = min(card.canvases, key=lambda one: one.width_px * one.height_px)
        operation = next(one for one in Operation if one in card.operations & DRAWING)
        has_source = operation is not Operation.TEXT
        plain = Sketch(
            operation=operation,
            prompt=self.prompt,
            negative="",
            style=None,
            steps=min(card.steps.high, max(card.steps.low, self.num_steps)),
            guidance=card.guidance.default,
            sampler=card.samplers[0],
            canvas=canvas,
            is_transparent=False,
            source_HWC=_plain_picture(canvas) if has_source else None,
            mask_HW=_half_mask(canvas) if operation is Operation.MASK else None,
            strength=card.strength.high if has_source else 1.0,
            is_deterministic=True,
        )
        return replace(plain, **changes)  # pyright: ignore[reportArgumentType]

    def _enlarging_sketch(self) -> Sketch:
        card, side_px = self.card, 24
        return Sketch(
            operation=Operation.ENLARGE,
            prompt="",
            negative="",
            style=None,
            steps=card.steps.default,
            guidance=card.guidance.default,
            sampler=card.samplers[0],
            canvas=Size(side_px * card.factors[0], side_px * card.factors[0]),
            is_transparent=False,
            source_HWC=_plain_picture(Size(side_px, side_px)),
            strength=card.strength.default,
            is_deterministic=True,
        )

    def draw(
        self,
        *seeds: int,
        sketch: Sketch | None = None,
        on_step: Callable[[StepProgress], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> list[Drawn]:
        """The pictures of some seeds."""
        plan = self.generator.prepare(sketch or self.sketch())
        return list(
            self.generator.generate(plan, seeds, on_step=on_step, is_cancelled=is_cancelled)
        )


def card_is_whole(trial: Trial) -> None:
    """The card names model, version, engine, licence and every ingredient; defaults are allowed."""
    card = trial.card
    for name in ("name", "version", "engine", "licence"):
        _require(bool(getattr(card, name)), f"The card's {name} is empty.")
    _require(bool(card.ingredients), "The card names no ingredient.")
    for name, sha256 in card.ingredients.items():
        _require(sha256.startswith("sha256:"), f"The ingredient {name!r} has no tagged hash.")
    for name in ("side_px", "steps", "guidance", "strength"):
        low, high, usual = getattr(card, name)
        _require(low <= usual <= high, f"The default of {name}, {usual}, is not allowed by itself.")


def seeds_come_back_in_order(trial: Trial) -> None:
    """Every seed gives one picture, in order, of the canvas's size, uint8 RGBA and finite."""
    sketch = trial.sketch()
    drawn = trial.draw(5, 3, sketch=sketch)
    _require([one.seed for one in drawn] == [5, 3], "Seeds 5, 3 do not come back as 5, 3.")
    expected = (sketch.canvas.height_px, sketch.canvas.width_px, 4)
    for one in drawn:
        told = f"A picture is {one.image_HWC.dtype} {one.image_HWC.shape}; it must be {expected}."
        _require(one.image_HWC.dtype == np.uint8 and one.image_HWC.shape == expected, told)
        _require(one.is_finite, f"The picture of seed {one.seed} is not finite.")


def larger_canvas_is_drawn(trial: Trial) -> None:
    """Where canvases besides those it lists are offered, the next larger one is drawn."""
    sketch, has_further = trial.sketch(), bool(trial.card.canvas_step_px)
    larger = canvases_of_shape(sketch.canvas, trial.card)[1:] if has_further else []
    if not larger:
        raise Skipped("it draws no canvas of this shape but those it lists")
    canvas = larger[0]
    changes: dict[str, object] = {"canvas": canvas}
    if sketch.source_HWC is not None:
        changes["source_HWC"] = _plain_picture(canvas)
    if sketch.mask_HW is not None:
        changes["mask_HW"] = _half_mask(canvas)
    (drawn,) = trial.draw(5, sketch=trial.sketch(**changes))
    expected = (canvas.height_px, canvas.width_px, 4)
    told = f"A picture is {drawn.image_HWC.shape}; it must be {expected}."
    _require(drawn.image_HWC.shape == expected, told)


def same_seed_same_picture(trial: Trial) -> None:
    """The same seed gives the same pixels, and another seed others."""
    _require_seeds(trial)
    (first,), (again,), (other,) = trial.draw(7), trial.draw(7), trial.draw(8)
    _require(_are_same(first, again), "Seed 7 gives two different pictures.")
    _require(not _are_same(first, other), "Seeds 7 and 8 give the same picture.")


def what_is_asked_changes_the_picture(trial: Trial) -> None:
    """Another prompt gives another picture, and so does a negative prompt the card offers."""
    _require_seeds(trial)
    (plain,), (other,) = trial.draw(7), trial.draw(7, sketch=trial.sketch(prompt="a blue boat"))
    _require(not _are_same(plain, other), "Two prompts give the same picture.")
    if Ability.NEGATIVE in trial.card.abilities and trial.card.guidance.default > 1:
        (without,) = trial.draw(7, sketch=trial.sketch(negative="red"))
        _require(not _are_same(plain, without), "A negative prompt changes nothing.")


def picture_does_not_depend_on_its_batch(trial: Trial) -> None:
    """Drawn with others, a deterministic picture has the pixels it has alone."""
    _require_seeds(trial)
    together, (alone,) = trial.draw(11, 12, 13), trial.draw(12)
    _require(_are_same(together[1], alone), "Seed 12 depends on the pictures drawn beside it.")


def batched_picture_is_nearly_the_same(trial: Trial) -> None:
    """Drawn in a batch that need not be deterministic, a picture stays within 8 of 255 levels."""
    _require_seeds(trial)
    together = trial.draw(11, 12, sketch=trial.sketch(is_deterministic=False))
    (alone,) = trial.draw(12)
    difference = np.abs(together[1].image_HWC.astype(int) - alone.image_HWC)
    _require(float(np.quantile(difference, 0.99)) <= 8, "Batching changes a picture visibly.")


def requests_side_by_side_keep_their_own(trial: Trial) -> None:
    """Drawn at the same time, two requests get what each gets alone, within 8 of 255 levels."""
    _require_seeds(trial)
    if not trial.reads_prompt:
        raise Skipped("it reads no prompt")
    prompts = (trial.prompt, "a blue boat")
    alone = [trial.draw(21, 22, sketch=trial.sketch(prompt=prompt)) for prompt in prompts]
    with ThreadPoolExecutor(len(prompts)) as pool:
        drawings = [
            pool.submit(
                trial.draw, 21, 22, sketch=trial.sketch(prompt=prompt, is_deterministic=False)
            )
            for prompt in prompts
        ]
        together = [one.result() for one in drawings]
    for prompt, expected, found in zip(prompts, alone, together, strict=True):
        _require([one.seed for one in found] == [21, 22], f"The seeds of {prompt!r} are mixed up.")
        for one, other in zip(expected, found, strict=True):
            difference = np.abs(one.image_HWC.astype(int) - other.image_HWC)
            told = f"A request beside it changes the picture of {prompt!r} visibly."
            _require(float(np.quantile(difference, 0.99)) <= 8, told)


def steps_are_told(trial: Trial) -> None:
    """After every step it is told which one, of how many, for how many pictures."""
    told: list[StepProgress] = []
    trial.draw(1, 2, on_step=told.append)
    _require(bool(told), "No step is told.")
    steps = [(one.num_images_done, one.step) for one in told]
    _require(steps == sorted(set(steps)), f"Steps do not rise: {steps}.")
    for one in told:
        _require(1 <= one.step <= one.num_steps, f"Step {one.step} is of {one.num_steps}.")
        _require(one.num_images == 2, f"Two pictures are told as {one.num_images}.")
    _require(told[-1].step == told[-1].num_steps, "The last step told is not the last.")


def previews_are_pictures(trial: Trial) -> None:
    """Where previews are offered, they are uint8 RGBA and no larger than the canvas."""
    sketch, seen = trial.sketch(), list[NDArray[np.uint8]]()

    def look(progress: StepProgress) -> None:
        if progress.read_preview is not None:
            seen.append(progress.read_preview())

    trial.draw(1, sketch=sketch, on_step=look)
    if not seen:
        raise Skipped("it offers no previews")
    for image_BHWC in seen:
        is_picture = image_BHWC.dtype == np.uint8 and image_BHWC.shape[-1] == 4
        is_small = image_BHWC.shape[1] <= sketch.canvas.height_px
        _require(is_picture and is_small, f"A preview is {image_BHWC.dtype} {image_BHWC.shape}.")


def cancelled_before_the_first_step(trial: Trial) -> None:
    """Cancelled at once, nothing is drawn."""
    told: list[StepProgress] = []
    _must_cancel(lambda: trial.draw(1, on_step=told.append, is_cancelled=lambda: True))
    _require(not told, "It drew a step after it was cancelled.")


def cancelled_within_one_step(trial: Trial) -> None:
    """Cancelled after the first step, it runs no second one, and draws again afterwards."""
    told: list[StepProgress] = []
    trial.draw(1, on_step=told.append)
    if len(told) < 2:
        raise Skipped("it tells one step only")
    told.clear()
    _must_cancel(lambda: trial.draw(2, on_step=told.append, is_cancelled=lambda: bool(told)))
    _require(len(told) == 1, f"It ran {len(told)} steps; it was cancelled after the first.")
    _require(len(trial.draw(2)) == 1, "It does not draw after it was cancelled.")


def left_drawing_frees_it(trial: Trial) -> None:
    """Whoever takes one picture of two and goes leaves it able to draw."""
    plan = trial.generator.prepare(trial.sketch())
    pictures = trial.generator.generate(plan, [1, 2])
    next(iter(pictures))
    del pictures
    _require(len(trial.draw(1)) == 1, "It does not draw after a drawing was left.")


def too_long_prompt_is_refused(trial: Trial) -> None:
    """A prompt with more tokens than the card allows is refused before anything is drawn."""
    if not trial.reads_prompt:
        raise Skipped("it reads no prompt")
    words = "fox " * (trial.card.max_prompt_tokens + 1)
    try:
        trial.generator.prepare(trial.sketch(prompt=words.strip()))
    except BadInput:
        return
    raise NotConforming("A prompt with too many tokens is not refused.")


def facts_are_complete(trial: Trial) -> None:
    """What ran is told whole: steps, passes, batch, engine, device, precision, versions."""
    (drawn,) = trial.draw(1)
    ran = drawn.execution
    _require(ran.engine == trial.card.engine, f"It ran on {ran.engine!r}, not the card's engine.")
    _require(min(ran.steps, ran.num_forwards, ran.batch_size) >= 1, "It tells of no step or pass.")
    _require(ran.num_prompt_tokens >= 1 or not trial.reads_prompt, "It tells of no token.")
    _require(bool(ran.device and ran.precision), "It tells no device or precision.")
    _require(bool(ran.versions), "It names no library.")
    _require(drawn.seconds >= 0, "It took less than no time.")


def picture_can_be_started_from(trial: Trial) -> None:
    """Where the card allows it, it starts from a picture, and repaints a part of one."""
    operations: Sequence[Operation] = [
        one for one in (Operation.IMAGE, Operation.MASK) if one in trial.card.operations
    ]
    if not operations:
        raise Skipped("it starts from nothing but text")
    canvas = trial.sketch().canvas
    for operation in operations:
        sketch = trial.sketch(
            operation=operation,
            source_HWC=_plain_picture(canvas),
            mask_HW=_half_mask(canvas) if operation is Operation.MASK else None,
            strength=min(trial.card.strength.high, max(trial.card.strength.low, 0.8)),
        )
        (drawn,) = trial.draw(3, sketch=sketch)
        _require(drawn.is_finite, f"Starting from {operation} gives a picture that is not finite.")


FACTS: Mapping[str, Callable[[Trial], None]] = {
    one.__name__.replace("_", "-"): one
    for one in (
        card_is_whole,
        too_long_prompt_is_refused,
        seeds_come_back_in_order,
        larger_canvas_is_drawn,
        same_seed_same_picture,
        what_is_asked_changes_the_picture,
        picture_does_not_depend_on_its_batch,
        batched_picture_is_nearly_the_same,
        requests_side_by_side_keep_their_own,
        steps_are_told,
        previews_are_pictures,
        cancelled_before_the_first_step,
        cancelled_within_one_step,
        left_drawing_frees_it,
        facts_are_complete,
        picture_can_be_started_from,
    )
}
"""Every fact by its name, the cheap ones first."""


def try_fact(trial: Trial, name: str) -> Tried:
    """Try one fact; an error of the generator is told as one that does not hold."""
    try:
        FACTS[name](trial)
    except Skipped as error:
        return Tried(name, None, str(error))
    except NotConforming as error:
        return Tried(name, False, str(error))
    except LimnerError as error:
        return Tried(name, False, f"{error.message} {error.hint}".strip())
    return Tried(name, True, "")


def _require(holds: bool, told: str) -> None:
    if not holds:
        raise NotConforming(told)


def _require_seeds(trial: Trial) -> None:
    if Ability.SEED not in trial.card.abilities:
        raise Skipped("it takes no seed")


def _plain_picture(size: Size) -> NDArray[np.uint8]:
    """Blue above, white below."""
    image_HWC = np.full((size.height_px, size.width_px, 4), 255, np.uint8)
    image_HWC[: size.height_px // 2, :, :2] = 40
    return image_HWC


def _half_mask(size: Size) -> NDArray[np.uint8]:
    """Repaints the right half."""
    mask_HW = np.zeros((size.height_px, size.width_px), np.uint8)
    mask_HW[:, size.width_px // 2 :] = 255
    return mask_HW


def _are_same(first: Drawn, second: Drawn) -> bool:
    return bool(np.array_equal(first.image_HWC, second.image_HWC))


def _must_cancel(draw: Callable[[], object]) -> None:
    try:
        draw()
    except DrawingCancelled:
        return
    raise NotConforming("It was cancelled and ended as if it were not.")
