"""What may be asked: holds a request against a generator's card and fills in what was left open.

Every refusal is one sentence with the value and what is allowed. The rules are the same for every
generator; what only a generator can know (tokens) it refuses itself in `prepare`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from numbers import Integral, Real
from typing import NamedTuple

from limner.core.canvases import canvases_of_shape, fits, nearest_canvas
from limner.core.drawing import FittedAdapter
from limner.core.errors import BadInput
from limner.core.ports import Ability, FloatSpan, GeneratorCard
from limner.core.records import SEED_COUNT, Operation, Request, Size

MAX_IMAGES = 64
MAX_PROMPT_CHARACTERS = 10_000
NO_GUIDANCE = 1.0


class Choices(NamedTuple):
    """The open parameters of a request, resolved against a card.

    Attributes:
        draft_canvas: of the first of two passes, the second of which is drawn on `canvas`;
            ``None`` where there is one.
    """

    operation: Operation
    steps: int
    guidance: float
    sampler: str
    strength: float
    size: Size
    canvas: Size
    adapters: tuple[FittedAdapter, ...]
    draft_canvas: Size | None = None


def resolve_choices(request: Request, card: GeneratorCard) -> Choices:
    """Every parameter of `request`, checked and with defaults filled in.

    Raises:
        BadInput: the first thing that cannot be honoured, by name.
    """
    if request.enlarge_by is not None:
        return _resolve_enlarging(request, request.enlarge_by, card)
    require_text("prompt", request.prompt)
    if request.negative:
        require_text("negative prompt", request.negative)
    require_whole("number of pictures", request.num_images, 1, MAX_IMAGES)
    if request.seed is not None:
        require_whole("seed", request.seed, 0, SEED_COUNT - 1)
    if request.style is not None:
        require_one_of("style", request.style, card.styles)
    require_use(request.use, card)
    _require_abilities(request, card)
    guidance = _resolve_number("guidance", request.guidance, card.guidance)
    _require_guided(request, guidance, card)
    size = _resolve_size(request, card)
    canvas, draft_canvas = nearest_canvas(size, card.canvases), None
    if request.second_pass is not None:
        size, canvas, draft_canvas = _resolve_second_pass(request, canvas, card)
    return Choices(
        operation=_resolve_operation(request, card),
        steps=_resolve_steps(request, card),
        guidance=guidance,
        sampler=_resolve_sampler(request, card),
        strength=_resolve_strength(request, card),
        size=size,
        canvas=canvas,
        adapters=_resolve_adapters(request, card),
        draft_canvas=draft_canvas,
    )


def _resolve_enlarging(request: Request, factor: int, card: GeneratorCard) -> Choices:
    """A picture and a factor; whatever would say how to draw is refused."""
    if request.prompt:
        require_text("prompt", request.prompt)
    if request.source is None:
        raise BadInput(
            "To enlarge needs a picture, and none was given.",
            code="source_missing",
            hint="Name the picture as well.",
        )
    if Operation.ENLARGE not in card.operations:
        raise BadInput(
            f"The model {card.name!r} does not enlarge pictures; it can start from "
            f"{', '.join(sorted(card.operations))}.",
            code="operation_unknown",
        )
    require_one_of("factor", str(factor), map(str, card.factors))
    for name, value in (
        ("negative prompt", request.negative or None),
        ("steps", request.steps),
        ("guidance", request.guidance),
        ("sampler", request.sampler),
        ("size", request.size),
        ("style", request.style),
        ("strength", request.strength),
        ("mask", request.mask),
        ("outpaint", request.margins),
        ("adapters", request.adapters or None),
        ("second pass", request.second_pass),
        ("number of pictures", None if request.num_images == 1 else request.num_images),
    ):
        if value is not None:
            raise BadInput(
                f"The {name} was given, and a picture that is enlarged is not drawn anew; "
                "allowed is a picture and a factor.",
                code=f"{name.replace(' ', '_')}_not_honoured",
            )
    require_use(request.use, card)
    size = Size(request.source.size.width_px * factor, request.source.size.height_px * factor)
    require_size("enlarged size", size, card)
    return Choices(
        operation=Operation.ENLARGE,
        steps=card.steps.default,
        guidance=card.guidance.default,
        sampler=card.samplers[0],
        strength=card.strength.default,
        size=size,
        canvas=size,
        adapters=(),
    )


def require_text(name: str, text: str) -> None:
    """Refuse text that is empty, only spaces, too long, or not text.

    Raises:
        BadInput: control, unassigned or surrogate characters, nothing visible, too long.
    """
    field = name.replace(" ", "_")
    if len(text) > MAX_PROMPT_CHARACTERS:
        raise BadInput(
            f"The {name} has {len(text):,} characters; allowed are up to "
            f"{MAX_PROMPT_CHARACTERS:,}.",
            code=f"{field}_too_long",
        )
    for position, character in enumerate(text):
        if unicodedata.category(character) in ("Cc", "Cs", "Cn") and character not in "\n\t":
            raise BadInput(
                f"The {name} holds {character!r} at position {position + 1}, "
                "which is not text; allowed is any printable text.",
                code=f"{field}_not_text",
            )
    if not any(unicodedata.category(one)[0] in "LNSP" for one in text):
        raise BadInput(
            f"The {name} is {text!r}; it must say something to draw.",
            code=f"{field}_empty",
            hint='Describe the picture, for example "a red fox".',
        )


def require_whole(name: str, number: int, low: int, high: int) -> None:
    """Refuse a whole number outside `low` .. `high`.

    Raises:
        BadInput: outside, or not a whole number.
    """
    is_whole = not isinstance(number, bool) and isinstance(number, Integral)
    if not is_whole or not low <= number <= high:
        raise BadInput(
            f"The {name} is {number!r}; allowed are {'' if is_whole else 'whole numbers from '}"
            f"{low} to {high}.",
            code=f"{name.replace(' ', '_')}_out_of_range",
        )


def require_one_of(name: str, value: str, allowed: Iterable[str]) -> None:
    """Refuse a name that is not in a list.

    Raises:
        BadInput: not in the list.
    """
    names = list(allowed)
    if value not in names:
        raise BadInput(
            f"Unknown {name} {value!r}; allowed are {', '.join(names) or 'none'}.",
            code=f"{name}_unknown",
        )


def require_use(use: str | None, card: GeneratorCard) -> None:
    """Refuse what the licence of a model does not allow its pictures to be for.

    Raises:
        BadInput: the licence allows some uses only, and it is none of them or was not said; or it
            is no text.
    """
    if use:
        require_text("use", use)
    if not card.uses or use in card.uses:
        return
    raise BadInput(
        f"The use is {use!r}; the licence of the model {card.name!r}, {card.licence}, allows "
        f"{', '.join(card.uses)}.",
        code="use_not_allowed",
        hint="Say what the pictures are for, or draw with another model.",
    )


def require_ability(ability: Ability, name: str, value: object, card: GeneratorCard) -> None:
    """Refuse what a model cannot honour at all.

    Raises:
        BadInput: names it, its value and the model.
    """
    if ability not in card.abilities:
        raise BadInput(
            f"The {name} is {value!r}; the model {card.name!r} takes none.",
            code=f"{name.replace(' ', '_')}_not_honoured",
        )


def reads_negative(card: GeneratorCard, guidance: float | None) -> bool:
    """Whether a model reads a negative prompt at a guidance; ``None`` is its own.

    Without guidance there is no second pass that could lead away from what it says.
    """
    asked = card.guidance.default if guidance is None else guidance
    is_guided = asked > NO_GUIDANCE or card.guidance.high <= NO_GUIDANCE
    return Ability.NEGATIVE in card.abilities and is_guided


def require_size(name: str, size: Size, card: GeneratorCard) -> None:
    """Refuse a size outside the card's.

    Raises:
        BadInput: a side is too small or too large.
    """
    low, high, _ = card.side_px
    if not all(low <= side_px <= high for side_px in size):
        raise BadInput(
            f"The {name} is {size}; allowed are {low} to {high} pixels a side.",
            code="size_out_of_range",
        )


def _resolve_operation(request: Request, card: GeneratorCard) -> Operation:
    if request.source is None:
        for name, value in (
            ("strength", request.strength),
            ("mask", request.mask),
            ("outpaint", request.margins),
        ):
            if value is not None:
                raise BadInput(
                    f"{name.capitalize()} needs a picture to start from, and none was given.",
                    code="source_missing",
                    hint="Name the picture as well.",
                )
        if Operation.TEXT not in card.operations:
            raise BadInput(
                f"The model {card.name!r} draws nothing from a prompt; it can start from "
                f"{', '.join(sorted(card.operations))}.",
                code="operation_unknown",
            )
        return Operation.TEXT
    is_masked = request.mask is not None or request.margins is not None
    operation = Operation.MASK if is_masked else Operation.IMAGE
    if operation not in card.operations:
        raise BadInput(
            f"The generator {card.name!r} cannot start from {operation.value!r}; "
            f"it can from {', '.join(sorted(card.operations))}.",
            code="operation_unknown",
        )
    if request.mask is not None and request.mask.size != request.source.size:
        raise BadInput(
            f"The mask is {request.mask.size}; it must have the size of the picture, "
            f"{request.source.size}.",
            code="mask_size_differs",
        )
    return operation


def _resolve_size(request: Request, card: GeneratorCard) -> Size:
    if request.source is None:
        size = request.size or Size(card.side_px.default, card.side_px.default)
        require_size("size", size, card)
        return size
    if request.mask is None and request.margins is None:
        size = request.size or request.source.size
        require_size("size", size, card)
        return size
    if request.size is not None:
        raise BadInput(
            f"The size is {request.size}, but a picture that is repainted or extended keeps its "
            "own; allowed is no size here.",
            code="size_not_allowed",
        )
    size = _extended(request.source.size, request)
    require_size("size of the picture", size, card)
    return size


def _extended(size: Size, request: Request) -> Size:
    if request.margins is None:
        return size
    if min(request.margins) < 0 or max(request.margins) == 0:
        raise BadInput(
            f"The margins are {tuple(request.margins)!r}; allowed are four numbers of pixels, "
            "left, top, right, bottom, none below 0 and not all 0.",
            code="margins_out_of_range",
        )
    left_px, top_px, right_px, bottom_px = request.margins
    return Size(size.width_px + left_px + right_px, size.height_px + top_px + bottom_px)


def _resolve_steps(request: Request, card: GeneratorCard) -> int:
    if request.steps is None:
        return card.steps.default
    require_whole("steps", request.steps, card.steps.low, card.steps.high)
    return request.steps


class _TwoPasses(NamedTuple):
    """The size of what two passes give, and the canvas of each."""

    size: Size
    canvas: Size
    draft_canvas: Size


def _resolve_second_pass(request: Request, canvas: Size, card: GeneratorCard) -> _TwoPasses:
    """The smallest canvas of the shape of `canvas`, and one that the size asked for fits into."""
    if request.source is not None:
        raise BadInput(
            "A second pass was asked for, and a picture to start from was given; allowed is one of "
            "them.",
            code="second_pass_not_honoured",
        )
    draft_canvas, *larger = canvases_of_shape(canvas, card)
    if Operation.IMAGE not in card.operations or not larger:
        raise BadInput(
            f"The model {card.name!r} can draw no second pass at the shape of {canvas}; it takes "
            "the operation 'image' and two canvases of one shape, and it has "
            f"{', '.join(sorted(card.operations))} and {', '.join(map(str, card.canvases))}.",
            code="second_pass_not_honoured",
            hint="Draw with a model that draws larger canvases, or draw once and enlarge.",
        )
    _resolve_number("second pass", request.second_pass, card.strength)
    doubled = Size(2 * draft_canvas.width_px, 2 * draft_canvas.height_px)
    size = request.size or min(doubled, larger[-1])
    if fits(size, draft_canvas):
        raise BadInput(
            f"The size is {size}, and the model {card.name!r} draws the first pass on "
            f"{draft_canvas}; allowed with a second pass is a larger size, up to {larger[-1]}.",
            code="second_pass_not_honoured",
            hint="Ask for a larger size, or leave the second pass out.",
        )
    second = next((one for one in larger if fits(size, one)), larger[-1])
    return _TwoPasses(size=size, canvas=second, draft_canvas=draft_canvas)


def _resolve_number(name: str, value: float | None, span: FloatSpan) -> float:
    if value is None:
        return span.default
    if not isinstance(value, Real) or not span.low <= value <= span.high:  # also refuses NaN
        raise BadInput(
            f"The {name} is {value!r}; allowed are {span.low:g} to {span.high:g}.",
            code="weight_out_of_range"
            if name.startswith("weight")
            else f"{name.replace(' ', '_')}_out_of_range",
        )
    return float(value)


def _resolve_strength(request: Request, card: GeneratorCard) -> float:
    if request.source is None:
        return 1.0
    is_masked = request.mask is not None or request.margins is not None
    if is_masked and request.strength is None:
        return card.strength.high
    return _resolve_number("strength", request.strength, card.strength)


def _require_abilities(request: Request, card: GeneratorCard) -> None:
    if request.negative:
        require_ability(Ability.NEGATIVE, "negative prompt", request.negative, card)
    if request.background == "transparent":
        require_ability(Ability.TRANSPARENT, "background", request.background, card)


def _require_guided(request: Request, guidance: float, card: GeneratorCard) -> None:
    if request.negative and not reads_negative(card, guidance):
        raise BadInput(
            f"The guidance is {guidance:g}, at which the model {card.name!r} reads no negative "
            "prompt; allowed with one is more than 1.",
            code="negative_prompt_not_honoured",
            hint="Raise the guidance, or leave the negative prompt out.",
        )


def _resolve_adapters(request: Request, card: GeneratorCard) -> tuple[FittedAdapter, ...]:
    names = [one.name for one in request.adapters]
    for name in names:
        if name in card.outgrown_adapters:
            raise BadInput(
                f"The adapter {name!r} was taught on other weights than draw here now.",
                code="adapter_outgrown",
                hint="Teach it anew: `limner tune` with the pictures it was taught on.",
            )
        require_one_of("adapter", name, card.adapters)
        if names.count(name) > 1:
            raise BadInput(f"The adapter {name!r} is asked for twice; allowed is once.")
    fitted: list[FittedAdapter] = []
    for one in request.adapters:
        adapter = card.adapters[one.name]
        if adapter.kind.needs_picture != (one.picture is not None):
            told = "needs a picture to go by" if one.picture is None else "goes by no picture"
            raise BadInput(
                f"The adapter {one.name!r} is a {adapter.kind} and {told}.",
                code="adapter_picture",
            )
        weight = _resolve_number(f"weight of {one.name!r}", one.weight, adapter.weight)
        image_HWC = None if one.picture is None else one.picture.image_HWC
        fitted.append(
            FittedAdapter(name=one.name, weight=weight, sha256=adapter.sha256, image_HWC=image_HWC)
        )
    return tuple(fitted)


def _resolve_sampler(request: Request, card: GeneratorCard) -> str:
    if request.sampler is None:
        return card.samplers[0]
    require_one_of("sampler", request.sampler, card.samplers)
    return request.sampler
