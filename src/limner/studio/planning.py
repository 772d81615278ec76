"""A request becomes a plan: what was left open resolved, and everything checked before drawing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from limner.core.drawing import Plan, Sketch
from limner.core.errors import BadInput
from limner.core.limits import (
    MAX_IMAGES,
    Choices,
    require_one_of,
    require_text,
    resolve_choices,
)
from limner.core.records import SEED_COUNT, Operation, OriginalFile, Request, Size
from limner.studio.adapters import require_active
from limner.studio.background import (
    AUTO,
    COLOUR_KEY,
    parse_background,
)
from limner.studio.framing import Frame, frame_request
from limner.studio.image_file import encode_plain_png
from limner.studio.judging import Screened, screen_prompt
from limner.studio.marking import require_label_room
from limner.studio.parts import Parts
from limner.studio.prompts import expand_all, expand_at_random, is_template

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
    if choices.operation is Operation.ENLARGE:
        require_megapixels(choices.size, parts.settings.max_input_megapixels)
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


def require_megapixels(size: Size, most: int) -> None:
    """Refuse a picture that would be too large to open again.

    Args:
        size: it would have.
        most: megapixels.

    Raises:
        BadInput: it would have more.
    """
    if size.width_px * size.height_px > most * 1_000_000:
        raise BadInput(
            f"The enlarged picture would be {size}; allowed are up to {most} megapixels.",
            code="size_out_of_range",
            hint="Enlarge by less, or raise the setting max_input_megapixels.",
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
        canvas=choices.draft_canvas or choices.canvas,
        is_transparent=background not in (AUTO, COLOUR_KEY),
        source_HWC=frame.canvas_source_HWC,
        mask_HW=frame.canvas_mask_HW,
        strength=choices.strength,
        is_deterministic=request.is_deterministic,
        adapters=choices.adapters,
    )
