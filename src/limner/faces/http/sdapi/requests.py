"""From the web UI's fields to a request. Pure: fields, card and names in, `Asked` out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from limner.core.limits import MAX_IMAGES
from limner.core.ports import GeneratorCard
from limner.core.records import Request, Size
from limner.faces.http.compat.naming import require_model, unknown_fields
from limner.faces.http.compat.negatives import negative_of
from limner.faces.http.compat.pictures import (
    Blur,
    mask_of_white,
    picture_of_base64,
    resized_mask,
    resized_picture,
)
from limner.faces.http.compat.refusals import FieldRefused
from limner.faces.http.sdapi.fields import (
    HIRES_SAME,
    HIRES_USUAL,
    OFF,
    SETTINGS_USUAL,
    USUAL,
    WITHOUT_MEANING,
    DrawingFields,
    PaintingFields,
    TextFields,
)

USUAL_STRENGTH = 0.75  # of img2img, as clients that leave it out expect
USUAL_HIRES_SCALE = 2.0
USUAL_HIRES_STRENGTH = 0.7  # of the web UI's own page
USUAL_BLUR_PX = 4.0
RANDOM = -1
FIT_AND_FILL = 2  # the resize mode that is honoured; the others would stretch or crop

_HASHED_TITLE = re.compile(r"(.+) \[[0-9a-f]{10}\]")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """A request, and how its answer has to look.

    Attributes:
        request: what to draw.
        parameters: the fields that were honoured, as the answer echoes them.
        batch_size: as it was asked; the pictures are this many times ``n_iter``.
        sends_images: whether the answer has the pictures at all.
        job_id: chosen by the client; ``None`` for none.
        warnings: what was not honoured, one sentence each.
    """

    request: Request
    parameters: Mapping[str, object]
    batch_size: int
    sends_images: bool
    job_id: str | None
    warnings: tuple[str, ...]


def asked_of(fields: DrawingFields, card: GeneratorCard, names: Sequence[str]) -> Asked:
    """What a drawing asks for.

    Args:
        fields: as they were sent.
        card: of the generator.
        names: the model may be called by, its own first.

    Raises:
        FieldRefused: a field cannot be honoured.
        ModelUnknown: the model is not here.
    """
    others = fields.model_extra or {}
    _require_off(others)
    settings = fields.override_settings or {}
    _require_checkpoint(settings.get("sd_model_checkpoint"), names)
    batch_size = fields.batch_size or 1
    negative = negative_of(fields.negative_prompt, fields.cfg_scale, card)
    request = Request(
        prompt=fields.prompt,
        negative=negative.text,
        num_images=_num_images(batch_size, fields.n_iter or 1),
        seed=None if fields.seed in (None, RANDOM) else fields.seed,
        steps=fields.steps,
        guidance=fields.cfg_scale,
        sampler=_sampler_of(fields, card),
        size=_size_of(fields, card),
    )
    return Asked(
        request=request,
        parameters=_echoed(fields),
        batch_size=batch_size,
        sends_images=fields.send_images is not False,
        job_id=fields.force_task_id or None,
        warnings=(
            *negative.warnings,
            *_warnings_of(others, USUAL),
            *_settings_warnings(settings),
        ),
    )


def text_asked_of(fields: TextFields, card: GeneratorCard, names: Sequence[str]) -> Asked:
    """What a drawing from a prompt alone asks for, in one pass or two; errors as `asked_of`.

    The web UI's width and height are those of its first pass. Here a model draws that on its
    smallest canvas of the shape, so they say how large the second becomes.
    """
    asked = asked_of(fields, card, names)
    if not fields.enable_hr:
        return asked
    others = fields.model_extra or {}
    said = {"hr_prompt": fields.prompt, "hr_negative_prompt": fields.negative_prompt}
    for name, allowed in HIRES_SAME.items():
        if others.get(name) not in (None, said.get(name), *allowed):
            raise FieldRefused(
                name, others[name], f"{allowed[0]!r}", hint="Both passes draw the same."
            )
    strength = fields.denoising_strength
    request = replace(
        asked.request,
        size=_hires_size(fields, card),
        second_pass=USUAL_HIRES_STRENGTH if strength is None else strength,
    )
    same = {"hr_second_pass_steps": fields.steps, "hr_cfg": fields.cfg_scale}
    usual = {name: (*values, same.get(name)) for name, values in HIRES_USUAL.items()}
    return replace(asked, request=request, warnings=(*asked.warnings, *_unusual(others, usual)))


def painting_asked_of(
    fields: PaintingFields, card: GeneratorCard, names: Sequence[str], max_megapixels: int
) -> Asked:
    """What a drawing that starts from a picture asks for; errors as `asked_of`.

    Raises:
        ImageUnreadable: a picture or mask cannot be read.
    """
    asked = asked_of(fields, card, names)
    sent = fields.init_images or []
    if len(sent) != 1:
        raise FieldRefused("init_images", f"{len(sent)} pictures", "one picture")
    source = picture_of_base64(sent[0], "init_images", max_megapixels)
    size = asked.request.size or source.size
    strength = USUAL_STRENGTH if fields.denoising_strength is None else fields.denoising_strength
    request = replace(
        asked.request, source=source, size=size, strength=max(strength, card.strength.low)
    )
    warnings = _shape_warnings(fields, source.size, size)
    if fields.mask:
        sent_mask = picture_of_base64(fields.mask, "mask", max_megapixels)
        mask = mask_of_white(
            sent_mask, is_inverted=bool(fields.inpainting_mask_invert), blur=_blur_of(fields)
        )
        request = replace(
            request,
            source=resized_picture(source, size),
            mask=resized_mask(mask, size),
            size=None,
        )
    return replace(asked, request=request, warnings=(*asked.warnings, *warnings))


def _num_images(batch_size: int, num_batches: int) -> int:
    if batch_size * num_batches > MAX_IMAGES:
        raise FieldRefused(
            "batch_size", f"{batch_size} times n_iter {num_batches}", f"{MAX_IMAGES} pictures"
        )
    return batch_size * num_batches


def _size_of(fields: DrawingFields, card: GeneratorCard) -> Size | None:
    if fields.width is None and fields.height is None:
        return None
    low, high, usual = card.side_px
    size = Size(fields.width or usual, fields.height or usual)
    for name, side_px in zip(("width", "height"), size, strict=True):
        if not low <= side_px <= high:
            raise FieldRefused(name, side_px, f"{low} to {high}")
    return size


def _hires_size(fields: TextFields, card: GeneratorCard) -> Size:
    low, high, usual = card.side_px
    width, height = fields.width or usual, fields.height or usual
    name, scale = "hr_scale", fields.hr_scale or USUAL_HIRES_SCALE
    size = Size(round(width * scale), round(height * scale))
    across, down = fields.hr_resize_x or 0, fields.hr_resize_y or 0
    if across or down:
        name = "hr_resize_x" if across else "hr_resize_y"
        size = Size(across or round(width * down / height), down or round(height * across / width))
    if not all(low <= side_px <= high for side_px in size):
        raise FieldRefused(
            name, across or down or scale, f"what gives sides of {low} to {high}, and not {size}"
        )
    return size


def _sampler_of(fields: DrawingFields, card: GeneratorCard) -> str | None:
    asked = fields.sampler_name or fields.sampler_index
    if not asked:
        return None
    found = {_plain(one): one for one in card.samplers}.get(_plain(asked))
    if found is None:
        raise FieldRefused("sampler_name", asked, ", ".join(card.samplers))
    return found


def _plain(sampler: str) -> str:
    """A sampler's name without what clients write differently: ``DPM++ 2M Karras``."""
    return re.sub(r"[\s_-]+", "", sampler.lower()).removesuffix("karras")


def _require_checkpoint(title: object, names: Sequence[str]) -> None:
    if title is None or title == "":
        return
    require_model(plain_title(str(title)), names, field="sd_model_checkpoint")


def plain_title(title: str) -> str:
    """A model's name from its title, which may end in its hash."""
    found = _HASHED_TITLE.fullmatch(title)
    return found.group(1) if found else title


def _require_off(others: Mapping[str, object]) -> None:
    for name, allowed in OFF.items():
        value = others.get(name)
        if value is not None and value not in allowed:
            raise FieldRefused(
                name, value, f"{allowed[0]!r}", code="field_not_supported", hint="Switch it off."
            )


def _warnings_of(
    others: Mapping[str, object], usual: Mapping[str, tuple[object, ...]]
) -> list[str]:
    known = OFF.keys() | usual.keys() | WITHOUT_MEANING
    return [*_unusual(others, usual), *unknown_fields(others.keys() - known)]


def _unusual(others: Mapping[str, object], usual: Mapping[str, tuple[object, ...]]) -> list[str]:
    return [
        f"Ignored: {name}."
        for name, allowed in usual.items()
        if others.get(name) is not None and others[name] not in allowed
    ]


def _settings_warnings(settings: Mapping[str, object]) -> list[str]:
    return [
        f"Ignored: override_settings.{name[:80]}."
        for name, value in settings.items()
        if name != "sd_model_checkpoint"
        and value is not None
        and value not in SETTINGS_USUAL.get(name, ())
    ]


def _shape_warnings(fields: PaintingFields, sent: Size, size: Size) -> list[str]:
    same_shape = sent.width_px * size.height_px == sent.height_px * size.width_px
    if same_shape or fields.resize_mode == FIT_AND_FILL:
        return []
    return [f"The picture of {sent} was fitted into {size} without stretching or cropping."]


def _blur_of(fields: PaintingFields) -> Blur:
    both = USUAL_BLUR_PX if fields.mask_blur is None else fields.mask_blur
    return Blur(
        both if fields.mask_blur_x is None else fields.mask_blur_x,
        both if fields.mask_blur_y is None else fields.mask_blur_y,
    )


def _echoed(fields: DrawingFields) -> dict[str, object]:
    echo = fields.model_dump(exclude=set(fields.model_extra or {}))
    if isinstance(fields, PaintingFields):
        echo["mask"] = None
        if not fields.include_init_images:
            echo["init_images"] = None
    return echo
