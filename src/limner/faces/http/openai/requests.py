"""From OpenAI's fields to a request, and to what the answer has to look like.

Pure: fields, card and settings in, `Asked` out. A size the card allows is kept exactly, drawn on
the model's own canvas and enlarged; one it does not allow is refused by name. What has no meaning
here is told as a warning and ignored; what would give another picture than asked is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from limner.core.canvases import nearest_canvas
from limner.core.ports import GeneratorCard
from limner.core.records import FileFormat, Mask, Picture, Request, Size, parse_size
from limner.faces.http.compat.naming import require_model, unknown_fields
from limner.faces.http.compat.negatives import negative_of
from limner.faces.http.compat.pictures import resized_mask, resized_picture, within
from limner.faces.http.compat.refusals import FieldRefused
from limner.faces.http.openai.fields import EditFields, GenerationFields
from limner.studio.background import AUTO, TRANSPARENT, WHITE

Quality = Literal["low", "medium", "high", "xhigh", "max"]
ResponseFormat = Literal["url", "b64_json"]

STEPS_SHARES: dict[Quality, float] = {
    "low": 0.5,
    "medium": 1.0,
    "high": 2.0,
    "xhigh": 3.0,
    "max": 4.0,
}
"""Sampler steps of each quality, as a share of the card's own number."""

_QUALITY_NAMES: dict[str, Quality] = {"auto": "medium", "standard": "medium", "hd": "high"}
_OLD_STYLES = ("vivid", "natural")
_URL_MODELS = ("dall-e",)  # these answered with addresses unless asked otherwise
_BACKGROUNDS = {"auto": AUTO, "transparent": TRANSPARENT, "opaque": WHITE}
LEAST_LOSS = 100
_FAITHFUL_SHARE = 0.5  # of the usual strength, for input_fidelity high


class EditPictures(NamedTuple):
    """The pictures of an edit: what to start from, and where to repaint it."""

    sources: Sequence[Picture]
    mask: Mask | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """A request, and how its answer has to look.

    Attributes:
        request: what to draw.
        file_format: of the files.
        response_format: addresses, or base64.
        quality: as the answer names it.
        background: as it was asked; ``auto`` is looked up in the pictures.
        is_stream: answer by events.
        num_partials: pictures in the making to send before each finished one.
        safety_identifier: echoed, never kept.
        warnings: what was not honoured, one sentence each.
    """

    request: Request
    file_format: FileFormat
    response_format: ResponseFormat
    quality: Quality
    background: Literal["auto", "transparent", "opaque"]
    is_stream: bool
    num_partials: int
    safety_identifier: str | None
    warnings: tuple[str, ...]


def asked_of(fields: GenerationFields, card: GeneratorCard, names: Sequence[str]) -> Asked:
    """What a generation asks for.

    Args:
        fields: as they were sent.
        card: of the generator.
        names: the model may be called by, its own first.

    Raises:
        FieldRefused: a field cannot be honoured.
        ModelUnknown: the model is not here.
    """
    model = require_model(fields.model, names)
    file_format: FileFormat = fields.output_format or "png"
    _require_transparency(fields, file_format)
    quality = _quality_of(fields.quality)
    style, style_warnings = _style_of(fields.style, card)
    negative = negative_of(fields.negative_prompt, fields.guidance, card)
    request = Request(
        prompt=fields.prompt,
        negative=negative.text,
        num_images=fields.n or 1,
        seed=fields.seed,
        steps=fields.steps if fields.steps is not None else _steps_of(quality, card),
        guidance=fields.guidance,
        sampler=fields.sampler,
        size=_size_of(fields.size, card),
        style=style,
        background=_BACKGROUNDS[fields.background or "auto"],
        file_quality=_file_quality_of(fields, file_format),
    )
    warnings = [*style_warnings, *negative.warnings, *_size_warnings(request.size, card)]
    if fields.moderation == "low":
        warnings.append("Ignored: moderation 'low'; every picture is judged by the same criteria.")
    return Asked(
        request=request,
        file_format=file_format,
        response_format=fields.response_format or _usual_response(model),
        quality=quality,
        background=fields.background or "auto",
        is_stream=bool(fields.stream),
        num_partials=fields.partial_images or 0,
        safety_identifier=fields.safety_identifier or fields.user,
        warnings=(*warnings, *unknown_fields(fields.unknown)),
    )


def edit_asked_of(
    fields: EditFields, pictures: EditPictures, card: GeneratorCard, names: Sequence[str]
) -> Asked:
    """What an edit asks for; errors as `asked_of`.

    Without a size the picture keeps its own, made smaller if the card does not allow it. With one,
    picture and mask are brought to it before anything is drawn.
    """
    asked = asked_of(fields, card, names)
    if len(pictures.sources) != 1:
        raise FieldRefused("image", f"{len(pictures.sources)} pictures", "one picture")
    source, mask = pictures.sources[0], pictures.mask
    if mask is not None and mask.size != source.size:
        raise FieldRefused("mask", str(mask.size), f"the size of the picture, {source.size}")
    size = asked.request.size or within(source.size, card.side_px)
    changes: tuple[str, ...] = ()
    if size != source.size:
        changes = (f"The picture of {source.size} was brought to {size} before it was edited.",)
    request = replace(
        asked.request,
        source=source if mask is None else resized_picture(source, size),
        mask=None if mask is None else resized_mask(mask, size),
        size=size if mask is None else None,
        strength=_strength_of(fields, card, is_masked=mask is not None),
    )
    return replace(asked, request=request, warnings=(*asked.warnings, *changes))


def _usual_response(model: str) -> ResponseFormat:
    return "url" if model.startswith(_URL_MODELS) else "b64_json"


def _size_of(text: str | None, card: GeneratorCard) -> Size | None:
    if text is None or text == "auto":
        return None
    low, high, _ = card.side_px
    allowed = f"'auto' or WIDTHxHEIGHT with {low} to {high} pixels a side"
    try:
        size = parse_size(text)
    except ValueError as error:
        raise FieldRefused("size", text, allowed) from error
    if "x" not in text.lower() or not all(low <= side_px <= high for side_px in size):
        raise FieldRefused("size", text, allowed)
    return size


def _size_warnings(size: Size | None, card: GeneratorCard) -> list[str]:
    if size is None:
        return []
    canvas = nearest_canvas(size, card.canvases)
    if size.width_px <= canvas.width_px and size.height_px <= canvas.height_px:
        return []
    return [f"Drawn at {canvas}, the model's own size, and enlarged to {size}."]


def _quality_of(text: str | None) -> Quality:
    name = text or "auto"
    found = _QUALITY_NAMES.get(name)
    if found is not None:
        return found
    for quality in STEPS_SHARES:
        if quality == name:
            return quality
    raise FieldRefused("quality", name, ", ".join((*_QUALITY_NAMES, *STEPS_SHARES)))


def _steps_of(quality: Quality, card: GeneratorCard) -> int:
    low, high, usual = card.steps
    return min(high, max(low, round(usual * STEPS_SHARES[quality])))


def _style_of(style: str | None, card: GeneratorCard) -> tuple[str | None, list[str]]:
    if not style or style in card.styles:
        return style or None, []
    if style in _OLD_STYLES:
        return None, [f"Ignored: style {style!r}; the styles here are {', '.join(card.styles)}."]
    raise FieldRefused("style", style, ", ".join((*card.styles, *_OLD_STYLES)))


def _require_transparency(fields: GenerationFields, file_format: FileFormat) -> None:
    if fields.background == "transparent" and file_format == "jpeg":
        raise FieldRefused(
            "background",
            "transparent",
            "auto or opaque with output_format 'jpeg'",
            hint="Ask for png or webp.",
        )


def _file_quality_of(fields: GenerationFields, file_format: FileFormat) -> int | None:
    compression = fields.output_compression
    if compression is None or (compression == LEAST_LOSS and file_format != "jpeg"):
        return None  # png and webp are lossless unless asked otherwise
    if file_format == "png":
        raise FieldRefused(
            "output_compression",
            compression,
            "100 with output_format 'png'",
            hint="Ask for jpeg or webp.",
        )
    return compression


def _strength_of(fields: EditFields, card: GeneratorCard, *, is_masked: bool) -> float | None:
    if fields.strength is not None:
        low, high, _ = card.strength
        if not low <= fields.strength <= high:
            raise FieldRefused("strength", fields.strength, f"{low:g} to {high:g}")
        return fields.strength
    if fields.input_fidelity == "high" and not is_masked:
        return max(card.strength.low, card.strength.default * _FAITHFUL_SHARE)
    return None
