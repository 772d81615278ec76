"""What the Draw page's form says, as a request; and a recipe as what the form says.

Pure but for reading kept pictures. What is not allowed is said by the studio, in its words.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, cast

from limner.core.access import Principal
from limner.core.deciding import Outcome
from limner.core.errors import BadInput, NotFound
from limner.core.labels import Label
from limner.core.limits import require_one_of
from limner.core.recipe import Recipe
from limner.core.records import (
    FILE_FORMATS,
    FileFormat,
    Margins,
    Mask,
    Operation,
    OriginalFile,
    Picture,
    Request,
    Size,
    parse_size,
)
from limner.studio.gallery import require_visible, visible_among
from limner.studio.picture_file import mask_of, picture_of, read_content
from limner.studio.redraw import parse_recipe
from limner.studio.stored_image import open_image

if TYPE_CHECKING:
    from limner.studio.parts import Parts

MODES = ("variations", "edit", "extend")
SIDES = ("left", "top", "right", "bottom")
_PNG_URL = "data:image/png;base64,"

# What the form says before anybody wrote anything; the names are those of its fields.
BLANK: Mapping[str, str] = {
    "model": "",
    "prompt": "",
    "negative": "",
    "style": "",
    "size": "",
    "n": "4",
    "seed": "",
    "background": "auto",
    "colour": "#f2f2f2",
    "steps": "",
    "guidance": "",
    "format": "png",
    "start": "",
    "mode": "variations",
    "strength": "",
    "left": "0",
    "top": "0",
    "right": "0",
    "bottom": "0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """What is to be drawn, and as what kind of file."""

    request: Request
    file_format: FileFormat


def read_drawing(parts: Parts, viewer: Principal, said: Mapping[str, str]) -> Drawing:
    """The request that a filled-in form makes.

    Args:
        parts: of the studio.
        viewer: who asks; they start only from pictures that are theirs.
        said: the form's fields by name; those of `BLANK`, and ``mask`` as the data URL of a PNG.

    Raises:
        BadInput: a field cannot be read.
        NotFound: the picture it starts from is not there, or somebody else's.
    """
    said = {**BLANK, **said}
    file_format = said["format"]
    require_one_of("format", file_format, FILE_FORMATS)
    request = Request(
        prompt=said["prompt"].strip(),
        negative=said["negative"].strip(),
        num_images=whole("number of pictures", said["n"] or "1"),
        seed=whole("seed", said["seed"]) if said["seed"].strip() else None,
        steps=whole("steps", said["steps"]) if said["steps"].strip() else None,
        guidance=_number("guidance", said["guidance"]) if said["guidance"].strip() else None,
        style=said["style"] or None,
        background=said["colour"] if said["background"] == "colour" else said["background"],
        label=_label_of(parts),
        model=said["model"] or None,
    )
    if said["start"]:
        request = _started(parts, viewer, request, said)
    elif said["size"].strip():
        request = replace(request, size=_size(said["size"]))
    return Drawing(request=request, file_format=cast(FileFormat, file_format))


def fields_of(recipe: Recipe) -> dict[str, str]:
    """What the form says to draw a recipe again; with which model, the form's own says."""
    if recipe.operation is Operation.ENLARGE:  # it says nothing of how to draw
        return {**BLANK, "prompt": recipe.prompt}
    is_colour = recipe.background.startswith("#")
    return {
        **BLANK,
        "prompt": recipe.prompt,
        "negative": recipe.negative,
        "style": recipe.style or "",
        "size": str(recipe.size) if recipe.operation is Operation.TEXT else "",
        "n": "1",
        "seed": str(recipe.seed),
        "background": "colour" if is_colour else recipe.background,
        "colour": recipe.background if is_colour else BLANK["colour"],
        "steps": str(recipe.steps),
        "guidance": f"{recipe.guidance:g}",
        "start": recipe.source_sha256 or "",
        "strength": "" if recipe.source_sha256 is None else f"{recipe.strength:g}",
        "mode": _mode_of(recipe),
        **{
            side: str(0 if recipe.margins is None else recipe.margins[k])
            for k, side in enumerate(SIDES)
        },
    }


def start_picture(parts: Parts, viewer: Principal, start: str) -> Picture:
    """The picture that a drawing starts from.

    Args:
        parts: of the studio.
        viewer: who asks.
        start: image_id or pixels of a released image of theirs, or pixels of a picture they gave.

    Raises:
        NotFound: there is none, or it is not theirs, or it has not been released.
    """
    max_megapixels = parts.settings.max_input_megapixels
    if parts.store.gallery.is_kept_for(viewer.name, start):
        kept = parts.store.read_source(start)
        if kept is not None:
            return picture_of(kept.content, "the start", max_megapixels)
    named = parts.store.image_by_pixels(start)
    seen = require_visible(parts, viewer, start if named is None else named.image_id)
    if seen.decided.decision.outcome is not Outcome.RELEASED:
        raise NotFound(
            "The picture to start from is not released, so nothing may be made from it.",
            code="start_not_released",
        )
    return picture_of(open_image(parts, seen.record.image_id).content, "it", max_megapixels)


class ReadBack(NamedTuple):
    """What a file says of itself: our recipe, and the text of whatever tool."""

    recipe: Recipe | None
    parameters: str | None


def read_back(parts: Parts, viewer: Principal, content: bytes, name: str) -> ReadBack:
    """What is known of a file somebody gave: from inside it, or from their own stored image.

    Raises:
        ImageUnreadable: it is no picture we read.
    """
    read = read_content(content, name, parts.settings.max_input_megapixels)
    recipe = None if read.texts.own is None else parse_recipe(read.texts.own)
    record = parts.store.image_by_pixels(read.picture.pixels_sha256) if recipe is None else None
    if record is not None and visible_among(parts, viewer, [record.image_id]):
        recipe = record.recipe
    return ReadBack(recipe, read.texts.parameters)


def keep_picture(parts: Parts, viewer: Principal, content: bytes, name: str) -> Picture:
    """Keep a picture somebody gave, for them to start from.

    Raises:
        ImageUnreadable: it is no picture we read.
        StorageUnavailable: it cannot be written.
    """
    picture = picture_of(content, name, parts.settings.max_input_megapixels)
    now = parts.read_clock()
    file = picture.file or OriginalFile(content, "png")
    parts.store.add_source(picture.pixels_sha256, file, now)
    parts.store.gallery.keep_picture(viewer.name, picture.pixels_sha256, now)
    return picture


def _started(parts: Parts, viewer: Principal, request: Request, said: Mapping[str, str]) -> Request:
    require_one_of("mode", said["mode"], MODES)
    picture = start_picture(parts, viewer, said["start"])
    strength = _number("strength", said["strength"]) if said["strength"].strip() else None
    request = replace(request, source=picture, strength=strength)
    if said["mode"] == "edit":
        return replace(request, mask=_mask(parts, said.get("mask", "")))
    if said["mode"] == "extend":
        margins = Margins(*(whole(f"margin {side}", said[side] or "0") for side in SIDES))
        return replace(request, margins=margins)
    return request


def _mask(parts: Parts, data_url: str) -> Mask:
    if not data_url.startswith(_PNG_URL):
        raise BadInput(
            "Nothing is marked to be drawn anew.",
            code="mask_missing",
            hint="Paint over the part of the picture that shall change.",
        )
    try:
        content = base64.b64decode(data_url.removeprefix(_PNG_URL), validate=True)
    except (ValueError, binascii.Error) as error:
        raise BadInput("The mask is not a PNG picture.", code="mask_unreadable") from error
    mask = mask_of(content, "the mask", parts.settings.max_input_megapixels)
    if not mask.mask_HW.any():
        raise BadInput(
            "Nothing is marked to be drawn anew.",
            code="mask_missing",
            hint="Paint over the part of the picture that shall change.",
        )
    return mask


def _mode_of(recipe: Recipe) -> str:
    if recipe.margins is not None:
        return "extend"
    return "edit" if recipe.operation is Operation.MASK else "variations"


def _label_of(parts: Parts) -> Label | None:
    settings = parts.settings
    return Label(settings.label_position, settings.label_size) if settings.label else None


def whole(name: str, text: str) -> int:
    """A whole number of a form.

    Raises:
        BadInput: it is none.
    """
    try:
        return int(text.strip())
    except ValueError as error:
        raise BadInput(
            f"The {name} is {text[:80]!r}; allowed is a whole number.", code="field_invalid"
        ) from error


def _number(name: str, text: str) -> float:
    try:
        return float(text.strip())
    except ValueError as error:
        raise BadInput(
            f"The {name} is {text[:80]!r}; allowed is a number.", code="field_invalid"
        ) from error


def _size(text: str) -> Size:
    try:
        return parse_size(text.strip())
    except ValueError as error:
        raise BadInput(
            f"The size is {text[:80]!r}; allowed is 256 or 320x200, in pixels.",
            code="size_unreadable",
        ) from error
