"""The core path: a request becomes stored images.

Reads from top to bottom as the steps it takes: resolve, place on the canvas, prepare; then for
every picture draw, finish, label, mark, write its recipe from what ran, encode, judge exactly those
pixels, decide, store, and seal what is released.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
import PIL
import sqlalchemy as sa
from numpy.typing import NDArray

from limner.checks.integrity import find_fault
from limner.checks.near_copy.fingerprint import pdq_of
from limner.core.deciding import Outcome
from limner.core.errors import PictureBroken
from limner.core.hashing import sha256_of_bytes
from limner.core.judging import ImageSubject
from limner.core.limits import (
    MAX_IMAGES,
    Choices,
    require_one_of,
    require_text,
    resolve_choices,
)
from limner.core.ports import GeneratorCard
from limner.core.records import (
    SEED_COUNT,
    Drawn,
    DrawnLabel,
    FileFormat,
    ImageRecord,
    Operation,
    OriginalFile,
    Picture,
    Plan,
    Recipe,
    Request,
    Size,
    Sketch,
    StepProgress,
    UsedAdapter,
)
from limner.store.judgements import StoredDecision
from limner.studio.adapters import require_active
from limner.studio.ahead import made_ahead
from limner.studio.background import (
    AUTO,
    COLOUR_KEY,
    TRANSPARENT,
    WHITE,
    lay_under,
    parse_background,
)
from limner.studio.colour_key import key_out
from limner.studio.framing import Frame, frame_request, unframe
from limner.studio.image import Image
from limner.studio.image_file import decode_rgba, encode_image, encode_plain_png
from limner.studio.judging import Screened, decision_in_force, judge_image, screen_prompt
from limner.studio.marking import Marked, label_picture, mark_picture, require_label_room
from limner.studio.parts import UNWATCHED, OnStored, Parts, Watch
from limner.studio.prompts import expand_all, expand_at_random, is_template
from limner.studio.sealing import seal_image

# Shapes: H height, W width, C channels (RGBA, straight alpha).

WILDCARDS_FOLDER = "wildcards"


class Shot(NamedTuple):
    """One picture to draw: its prompt, wildcards replaced, and its seed."""

    prompt: str
    seed: int


class Planned(NamedTuple):
    """A request that its generator accepts, with what was left open resolved; nothing is kept."""

    choices: Choices
    frame: Frame
    background: str
    shots: tuple[Shot, ...]
    plans: dict[str, Plan]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ready:
    """A request that every part has accepted; nothing is drawn yet."""

    request: Request
    choices: Choices
    frame: Frame
    background: str
    shots: tuple[Shot, ...]
    plans: dict[str, Plan]
    screened: dict[str, Screened]
    source_file: str | None
    mask_file: str | None


class Finished(NamedTuple):
    """A picture as it will be encoded, and the facts of finishing it.

    Attributes:
        image_HWC: uint8, RGBA, straight alpha; label and mark in it.
        label: that was drawn onto it.
        marked: what marking it came to.
        notices: what a person should know about it.
    """

    image_HWC: NDArray[np.uint8]
    label: DrawnLabel | None
    marked: Marked
    notices: tuple[str, ...]


def generate(
    parts: Parts, request: Request, file_format: FileFormat, watch: Watch = UNWATCHED
) -> Iterator[Image]:
    """Draw a request; every finished picture is stored and yielded at once.

    Raises:
        BadInput: it cannot be honoured; raised before anything is drawn.
        StorageUnavailable: a picture cannot be stored.
        PictureBroken: after the last picture, if any came out broken; the others are stored.
        DrawingCancelled: the watch said stop; pictures yielded before are stored.
    """
    return draw_ready(parts, make_ready(parts, request), file_format, watch)


def plan_request(parts: Parts, request: Request, shots: tuple[Shot, ...] = ()) -> Planned:
    """Hold a request against what the generator can do; loads no network.

    Args:
        parts: of the studio.
        request: what was asked.
        shots: chosen before; left out, they are chosen now.

    Raises:
        BadInput: the first thing that cannot be honoured, by name.
    """
    generator = parts.generator_of(request.model)
    choices = resolve_choices(request, generator.card)
    require_active(parts, generator.card, choices.adapters)
    background = parse_background(request.background)
    shots = shots or choose_shots(request, parts.rng, parts.settings.home / WILDCARDS_FOLDER)
    frame = frame_request(request, size=choices.size, canvas=choices.canvas)
    plans = {
        prompt: generator.prepare(_sketch(request, choices, frame, background, prompt))
        for prompt in dict.fromkeys(shot.prompt for shot in shots)
    }
    require_label_room(request.label, choices.operation, choices.size)
    return Planned(choices, frame, background, shots, plans)


def make_ready(parts: Parts, request: Request, shots: tuple[Shot, ...] = ()) -> Ready:
    """Check everything that can be checked before drawing, and resolve what was left open.

    Args:
        parts: of the studio.
        request: what was asked.
        shots: chosen before; left out, they are chosen now.

    Raises:
        BadInput: the first thing that cannot be honoured, by name.
        StorageUnavailable: the data folder cannot be written.
    """
    if parts.serving is not None:
        request = parts.serving.assign(request)
    choices, frame, background, shots, plans = plan_request(parts, request, shots)
    parts.judge.prepare(shots[0].prompt)
    require_impact(parts, request.impact)
    parts.store.ledger.own_key()  # a key that is refused stops here, not after the drawing
    if parts.settings.mark:
        _ = parts.mark_key
    screened = {prompt: screen_prompt(parts, request, prompt) for prompt in plans}
    source_file, mask_file = keep_sources(parts, request)
    return Ready(
        request=request,
        choices=choices,
        frame=frame,
        background=background,
        shots=shots,
        plans=plans,
        screened=screened,
        source_file=source_file,
        mask_file=mask_file,
    )


def draw_ready(
    parts: Parts, ready: Ready, file_format: FileFormat, watch: Watch = UNWATCHED
) -> Iterator[Image]:
    """Draw what `make_ready` accepted; see `generate` for errors.

    Several pictures are drawn ahead, in a thread, while those before are finished; see `Watch`.
    """
    if watch.on_start is not None:
        watch.on_start(len(ready.shots))
    broken: list[PictureBroken] = []
    for drawn, plan, prompt in _drawn_ahead(parts, ready, watch):
        try:
            require_sound(drawn, plan.sketch.canvas)
        except PictureBroken as error:
            broken.append(error)
            continue
        finished = finish_picture(parts, drawn.image_HWC, ready, file_format)
        recipe = write_recipe(parts, ready, plan, prompt, drawn, finished)
        yield judge_and_store(
            parts, ready, finished.image_HWC, file_format, recipe, drawn, watch.on_stored
        )
    if broken:
        raise PictureBroken(" ".join(one.message for one in broken), hint=broken[0].hint)


def require_sound(drawn: Drawn, canvas: Size) -> None:
    """Refuse a drawn picture that cannot be a picture of anything, before anything is laid under.

    Raises:
        PictureBroken: it is not finite, of the wrong form, empty, flat or black; names the seed.
    """
    fault = find_fault(drawn.image_HWC, canvas, is_finite=drawn.is_finite)
    if fault is not None:
        raise PictureBroken(
            f"The picture with seed {drawn.seed} came out {fault} and was not kept.",
            hint="Try another seed, more steps or less guidance.",
        )


def choose_shots(request: Request, rng: np.random.Generator, wildcards: Path) -> tuple[Shot, ...]:
    """Prompt and seed of every picture; picture k has the first seed plus k.

    Raises:
        BadInput: wildcards cannot be read.
    """
    first = int(rng.integers(SEED_COUNT)) if request.seed is None else request.seed
    seeds = [(first + k) % SEED_COUNT for k in range(request.num_images)]
    if request.template is not None or not is_template(request.prompt):
        return tuple(Shot(request.prompt, seed) for seed in seeds)
    if request.is_combinatorial:
        prompts = expand_all(request.prompt, wildcards, MAX_IMAGES // request.num_images)
        shots = [Shot(prompt, seed) for prompt in prompts for seed in seeds]
    else:
        shots = [Shot(expand_at_random(request.prompt, seed, wildcards), seed) for seed in seeds]
    for shot in shots:
        require_text("prompt", shot.prompt)
    return tuple(shots)


def require_impact(parts: Parts, impact: str | None) -> None:
    """Refuse an impact tier that the criteria in force do not have.

    Raises:
        BadInput: names the tiers there are.
    """
    criteria = parts.judge.criteria
    if impact is not None and criteria is not None:
        require_one_of("impact", impact, criteria.impact_tiers)


def keep_sources(parts: Parts, request: Request) -> tuple[str | None, str | None]:
    """Store the files a request starts from, so that its images can be drawn again.

    They are kept as they were given, so that a credential inside is kept too.

    Returns:
        Tagged hash of the source's file, and of the mask's.
    """
    now = parts.read_clock()
    source, mask = request.source, request.mask
    _ = parts.store  # opens it, so that what cannot be written fails before drawing
    for picture in (one.picture for one in request.adapters if one.picture is not None):
        kept = picture.file or OriginalFile(encode_plain_png(picture.image_HWC), "png")
        parts.store.add_source(picture.pixels_sha256, kept, now)
    source_file = mask_file = None
    if source is not None:
        kept = source.file or OriginalFile(encode_plain_png(source.image_HWC), "png")
        source_file = parts.store.add_source(source.pixels_sha256, kept, now)
    if mask is not None:
        kept = mask.file or OriginalFile(encode_plain_png(mask.mask_HW), "png")
        mask_file = parts.store.add_source(mask.pixels_sha256, kept, now)
    return source_file, mask_file


def finish_picture(
    parts: Parts, drawn_HWC: NDArray[np.uint8], ready: Ready, file_format: FileFormat
) -> Finished:
    """Bring a drawn picture to its size and ground, then label it, then mark it."""
    image_HWC, notices = _at_its_size(drawn_HWC, ready, file_format)
    image_HWC, label = label_picture(image_HWC, ready.request.label, ready.choices.operation)
    marked = mark_picture(parts, image_HWC)
    return Finished(marked.image_HWC, label, marked, (*notices, *marked.notices))


def _at_its_size(
    drawn_HWC: NDArray[np.uint8], ready: Ready, file_format: FileFormat
) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    notices: list[str] = []
    image_HWC = unframe(drawn_HWC, ready.frame)
    if ready.background == COLOUR_KEY:
        image_HWC, told = key_out(image_HWC)
        notices.append(told)
    is_opaque = bool(image_HWC[..., 3].min() == 255)
    if ready.background == TRANSPARENT and is_opaque:
        notices.append("A transparent background was asked for, but the picture came out opaque.")
    if ready.background not in (AUTO, TRANSPARENT, COLOUR_KEY):
        image_HWC = lay_under(image_HWC, ready.background)
    elif file_format == "jpeg" and not is_opaque:
        image_HWC = lay_under(image_HWC, WHITE)
        notices.append("JPEG has no transparency, so white was laid under the picture.")
    if _is_centred(ready):
        notices.append(
            f"Drawn at {ready.choices.canvas} and centred on {ready.choices.size} without "
            "stretching."
        )
    return image_HWC, tuple(notices)


def write_recipe(
    parts: Parts, ready: Ready, plan: Plan, prompt: str, drawn: Drawn, finished: Finished
) -> Recipe:
    """The recipe of one picture, from the plan that was drawn and the facts of drawing it."""
    request, sketch, ran = ready.request, plan.sketch, drawn.execution
    card = parts.generator_of(request.model).card
    template = request.template if request.template is not None else request.prompt
    return Recipe(
        prompt=prompt,
        template=None if template == prompt else template,
        negative=sketch.negative,
        operation=sketch.operation,
        style=sketch.style,
        seed=drawn.seed,
        steps=sketch.steps,
        guidance=sketch.guidance,
        sampler=sketch.sampler,
        strength=sketch.strength,
        size=ready.choices.size,
        canvas=sketch.canvas,
        background=ready.background,
        source_sha256=None if request.source is None else request.source.pixels_sha256,
        mask_sha256=None if request.mask is None else request.mask.pixels_sha256,
        margins=request.margins,
        is_deterministic=sketch.is_deterministic,
        generator=card.name,
        generator_version=card.version,
        ingredients=dict(card.ingredients),
        steps_run=ran.steps,
        num_forwards=ran.num_forwards,
        num_prompt_tokens=ran.num_prompt_tokens,
        batch_size=ran.batch_size,
        engine=ran.engine,
        device=ran.device,
        precision=ran.precision,
        num_threads=ran.num_threads,
        versions=dict(ran.versions) | _own_versions(parts),
        notices=(*drawn.notices, *finished.notices),
        source_file=ready.source_file,
        mask_file=ready.mask_file,
        label=finished.label,
        mark=finished.marked.mark,
        drawing_sha256=finished.marked.drawing_sha256,
        adapters=_used_adapters(request, sketch, card) or None,
        use=request.use,
        cost=ran.cost,
    )


def _used_adapters(
    request: Request, sketch: Sketch, card: GeneratorCard
) -> tuple[UsedAdapter, ...]:
    return tuple(
        UsedAdapter(
            fitted.name,
            fitted.weight,
            card.adapters[fitted.name].sha256,
            None if asked.picture is None else asked.picture.pixels_sha256,
        )
        for asked, fitted in zip(request.adapters, sketch.adapters, strict=True)
    )


def judge_and_store(
    parts: Parts,
    ready: Ready,
    image_HWC: NDArray[np.uint8],
    file_format: FileFormat,
    recipe: Recipe,
    drawn: Drawn,
    on_stored: OnStored | None = None,
) -> Image:
    """Judge a finished picture as its file shows it, store it whole, seal it if it is released.

    `on_stored` writes in the same transaction; see `Watch`.

    Raises:
        StorageUnavailable: it cannot be written; nothing is left behind.
        SealFailed: it is stored and released, but could not be sealed, so it does not leave.
    """
    # 1. The file, and the pixels that whoever opens it will see.
    content = encode_image(image_HWC, file_format, recipe, ready.request.file_quality)
    picture = Picture.of(decode_rgba(content))
    record = ImageRecord(
        image_id=sha256_of_bytes(content),
        pixels_sha256=picture.pixels_sha256,
        file_format=file_format,
        num_bytes=len(content),
        size=picture.size,
        created_at=parts.read_clock(),
        seconds=drawn.seconds,
        recipe=recipe,
        pdq=pdq_of(picture),
    )
    # 2. Judge exactly these pixels, and decide.
    subject = ImageSubject(
        picture=picture,
        prompt=recipe.prompt,
        style=recipe.style,
        is_finite=drawn.is_finite,
        expected_size=recipe.size,
    )
    judgement = judge_image(
        parts,
        subject,
        ready.screened[recipe.prompt],
        impact=ready.request.impact,
        operation=recipe.operation,
    )
    # 3. Image, results, decision and entries: all are stored, or none is.
    written: list[StoredDecision] = []

    def write_decision(connection: sa.Connection) -> None:
        written.append(
            judgement.write(connection, record.image_id, parts.requester, record.created_at)
        )
        if on_stored is not None:
            on_stored(connection, record)

    stored = parts.store.add_image(record, content, write_decision)
    decided = decision_in_force(parts, stored, judgement, next(iter(written), None))
    # 4. Only what is released is sealed, and only what is sealed leaves.
    if decided.decision.outcome is not Outcome.RELEASED:
        return Image(stored, decided, None, None)
    return Image(stored, decided, *seal_image(parts, stored, content, decided))


def _sketch(
    request: Request, choices: Choices, frame: Frame, background: str, prompt: str
) -> Sketch:
    return Sketch(
        operation=choices.operation,
        prompt=prompt,
        negative=request.negative,
        style=request.style,
        steps=choices.steps,
        guidance=choices.guidance,
        sampler=choices.sampler,
        canvas=choices.canvas,
        is_transparent=background not in (AUTO, COLOUR_KEY),
        source_HWC=frame.canvas_source_HWC,
        mask_HW=frame.canvas_mask_HW,
        strength=choices.strength,
        is_deterministic=request.is_deterministic,
        adapters=choices.adapters,
    )


def _drawn_ahead(parts: Parts, ready: Ready, watch: Watch) -> Iterator[tuple[Drawn, Plan, str]]:
    if watch.is_in_step or len(ready.shots) == 1:
        return _draw_shots(parts, ready, watch)

    def draw(is_left: Callable[[], bool]) -> Iterator[tuple[Drawn, Plan, str]]:
        is_cancelled = watch.is_cancelled

        def is_stopped() -> bool:
            return is_left() or (is_cancelled is not None and is_cancelled())

        return _draw_shots(parts, ready, replace(watch, is_cancelled=is_stopped))

    return made_ahead(draw)


def _draw_shots(parts: Parts, ready: Ready, watch: Watch) -> Iterator[tuple[Drawn, Plan, str]]:
    num_done = 0
    generator = parts.generator_of(ready.request.model)
    for prompt, group in groupby(ready.shots, key=lambda shot: shot.prompt):
        seeds = [shot.seed for shot in group]
        plan = ready.plans[prompt]
        on_step = _shifted(watch, num_done, len(ready.shots))
        for drawn in generator.generate(
            plan, seeds, on_step=on_step, is_cancelled=watch.is_cancelled
        ):
            yield drawn, plan, prompt
        num_done += len(seeds)


def _shifted(watch: Watch, num_done: int, num_images: int) -> Callable[[StepProgress], None] | None:
    """Tells the watch about one group of shots as part of the whole request."""
    on_step = watch.on_step
    if on_step is None:
        return None
    return lambda progress: on_step(
        replace(
            progress,
            num_images_done=progress.num_images_done + num_done,
            num_images=num_images,
        )
    )


def _is_centred(ready: Ready) -> bool:
    size, placement = ready.choices.size, ready.frame.placement
    is_whole = (placement.width_px, placement.height_px) == ready.choices.canvas
    if ready.choices.operation is not Operation.TEXT or not is_whole:
        return False
    canvas = ready.choices.canvas
    return size.width_px * canvas.height_px != size.height_px * canvas.width_px


def _own_versions(parts: Parts) -> dict[str, str]:
    return {
        "limner": parts.version,
        "numpy": np.__version__,
        "pillow": PIL.__version__,
        "python": platform.python_version(),
    }
