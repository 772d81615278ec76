"""Drawing an image again from its recipe, and saying by how much the result differs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from limner.core.errors import BadInput, RecipeMissing
from limner.core.hashing import sha256_of_bytes
from limner.core.labels import Label
from limner.core.recipe import RECIPE_FORMAT, ImageRecord, Recipe, UsedAdapter
from limner.core.records import (
    FILE_FORMATS,
    AskedAdapter,
    Mask,
    Operation,
    OriginalFile,
    Picture,
    Request,
)
from limner.studio.generate import generate
from limner.studio.image import Image
from limner.studio.image_file import decode_rgba
from limner.studio.parts import UNWATCHED, Parts, Watch
from limner.studio.picture_file import ReadFile, mask_of, picture_of, read_file, read_picture
from limner.studio.rights import standing_notices

# Shapes: H height, W width, C channels (RGBA, straight alpha).


_RECIPE_FORMATS = RECIPE_FORMAT.partition("/")[0] + "/"  # of every version


class Change(NamedTuple):
    """One fact of the recipe that is not what it was."""

    name: str
    before: str
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """By how much a redrawn picture differs from the first.

    Attributes:
        is_same_file: the files are equal byte for byte.
        is_same_drawing: the pixels were equal before they were marked and encoded, whatever mark
            each data folder put in; ``None`` if the recipe does not say.
        is_same_pixels: every pixel is equal.
        max_difference: largest difference of a channel, 0-255.
        psnr_db: peak signal to noise ratio over RGBA in decibels; ``None`` if the pixels are equal.
        changes: ingredients, versions and facts of the recipe that differ.
    """

    is_same_file: bool
    is_same_drawing: bool | None
    is_same_pixels: bool
    max_difference: int
    psnr_db: float | None
    changes: tuple[Change, ...]


class Shown(NamedTuple):
    """What is known of a picture file.

    Attributes:
        recipe: ours; ``None`` if it has none we can read.
        found_in: ``file``, ``store``, or ``store, by its pixels``.
        parameters: A1111 text of the file, from whatever tool.
        notices: that it is blocked or was erased, each one sentence.
    """

    recipe: Recipe | None
    found_in: str | None
    parameters: str | None
    notices: tuple[str, ...] = ()


class Redrawn(NamedTuple):
    """A redrawn image and how it compares with the first."""

    image: Image
    comparison: Comparison


def show(parts: Parts, path: Path) -> Shown:
    """What is known of a picture file, without drawing anything.

    Raises:
        ImageUnreadable: it cannot be read as a picture.
    """
    read = read_file(path, parts.settings.max_input_megapixels)
    notices = standing_notices(
        parts,
        file_sha256=sha256_of_bytes(read.content),
        pixels_sha256=read.picture.pixels_sha256,
    )
    return recipe_of(parts, read)._replace(notices=notices)


def redraw(
    parts: Parts, path: Path, *, source_path: Path | None = None, watch: Watch = UNWATCHED
) -> Redrawn:
    """Draw the picture of a file again from its recipe, and compare.

    Args:
        parts: of the studio.
        path: PNG, WebP or JPEG file that Limner made.
        source_path: the picture it started from, if it is not kept in this data folder.
        watch: follows and stops the drawing.

    Raises:
        RecipeMissing: no recipe in the file nor in the store, or its source is not kept here.
        BadInput: the generator at hand cannot honour the recipe.
    """
    read = read_file(path, parts.settings.max_input_megapixels)
    recipe = recipe_of(parts, read).recipe
    if recipe is None:
        raise _no_recipe(path, read.texts.own)
    if read.file_format not in FILE_FORMATS:
        raise BadInput(f"The picture is {read.file_format!r}; allowed are png, webp, jpeg.")
    if read.picture.size != recipe.size:
        raise BadInput(
            f"The picture {str(path)!r} is {read.picture.size}, and its recipe drew {recipe.size}; "
            "allowed is a picture of the size it was drawn in.",
            code="size_differs",
        )
    request = request_of_recipe(parts, recipe, source_path)
    (image,) = generate(_as_precise(parts, recipe), request, read.file_format, watch)
    return Redrawn(image, _compare(read, recipe, image))


def _no_recipe(path: Path, own: Mapping[str, object] | None) -> RecipeMissing:
    """Why a picture has none: it carries none, or one that is not of this Limner's kind."""
    written = None if own is None else own.get("format")
    if own is None or not str(written).startswith(_RECIPE_FORMATS):
        return RecipeMissing(
            f"The picture {str(path)!r} has no recipe inside, and none is stored for it.",
            hint="Only pictures that Limner made can be drawn again.",
        )
    unknown = sorted(own.keys() - {"format", *Recipe.__dataclass_fields__})
    if written != RECIPE_FORMAT:
        fault = f"its format is {written!r}, and allowed is {RECIPE_FORMAT!r}"
    elif unknown:
        fault = f"it has the field {unknown[0]!r}, which is not known here"
    else:
        fault = "something in it is missing or not allowed"
    return RecipeMissing(
        f"The picture {str(path)!r} has a recipe that cannot be read: {fault}.",
        code="recipe_unreadable",
        hint="Draw it again with the Limner that made it, or a newer one.",
    )


def measure_difference(
    first_HWC: NDArray[np.uint8], second_HWC: NDArray[np.uint8]
) -> tuple[int, float | None]:
    """Largest difference of a channel (0-255) and PSNR in decibels of two RGBA pictures.

    PSNR is 10 log10(255² / mean squared error), over all four channels; ``None`` if equal.

    Raises:
        BadInput: the sizes differ.
    """
    if first_HWC.shape != second_HWC.shape:
        raise BadInput(
            f"The pictures have shapes {first_HWC.shape} and {second_HWC.shape}; "
            "allowed are equal ones."
        )
    difference_HWC = first_HWC.astype(np.float64) - second_HWC
    mean_square = float(np.square(difference_HWC).mean())
    if mean_square == 0:
        return 0, None
    return int(np.abs(difference_HWC).max()), 10 * math.log10(255**2 / mean_square)


def parse_recipe(document: Mapping[str, object]) -> Recipe | None:
    """A recipe from JSON that may come from anywhere; ``None`` if it is not one we can read."""
    from pydantic import TypeAdapter, ValidationError

    try:
        recipe = Recipe.from_document(document)
        return TypeAdapter(Recipe).validate_python(
            {name: getattr(recipe, name) for name in Recipe.__dataclass_fields__}
        )
    except (ValueError, ValidationError):
        return None


def recipe_of(parts: Parts, read: ReadFile) -> Shown:
    """The recipe of a file: of the stored image with its bytes, inside it, or by its pixels."""
    parameters, own = read.texts.parameters, read.texts.own
    record = _stored_record(parts, sha256_of_bytes(read.content))
    if record is not None:
        return Shown(record.recipe, "store", parameters)
    recipe = None if own is None else parse_recipe(own)
    if recipe is not None:
        return Shown(recipe, "file", parameters)
    record = parts.store.image_by_pixels(read.picture.pixels_sha256)
    if record is not None:
        return Shown(record.recipe, "store, by its pixels", parameters)
    return Shown(None, None, parameters)


def _stored_record(parts: Parts, file_sha256: str) -> ImageRecord | None:
    """The image with these bytes, as it was stored or as it left."""
    seal = parts.store.seal_by_file(file_sha256)
    return parts.store.image_by_id(file_sha256 if seal is None else seal.image_id)


def request_of_recipe(parts: Parts, recipe: Recipe, source_path: Path | None = None) -> Request:
    """What was asked for a picture, from its recipe and the files that are kept for it.

    Args:
        parts: of the studio.
        recipe: of the picture.
        source_path: the picture it started from, if it is not kept in this data folder.

    Raises:
        RecipeMissing: what it started from is not kept here.
        BadInput: the source that is named is another.
    """
    if recipe.operation is Operation.ENLARGE:
        return _enlarging_of(parts, recipe, source_path)
    return Request(
        prompt=recipe.prompt,
        template=recipe.prompt if recipe.template is None else recipe.template,
        negative=recipe.negative,
        seed=recipe.seed,
        steps=recipe.steps,
        guidance=recipe.guidance,
        sampler=recipe.sampler,
        size=None if recipe.mask_sha256 or recipe.margins else recipe.size,
        style=recipe.style,
        background=recipe.background,
        source=_source_of(parts, recipe, source_path),
        strength=None if recipe.source_sha256 is None else recipe.strength,
        mask=_kept_mask(parts, recipe),
        margins=recipe.margins,
        is_deterministic=recipe.is_deterministic,
        label=None if recipe.label is None else Label(recipe.label.position, recipe.label.size),
        model=model_of(parts, recipe),
        adapters=tuple(_kept_adapter(parts, one) for one in recipe.adapters or ()),
        use=recipe.use,
        second_pass=None if recipe.second_pass is None else recipe.second_pass.strength,
    )


def _as_precise(parts: Parts, recipe: Recipe) -> Parts:
    """These parts with their model in the precision it had then, where it is that model and can."""
    is_shipped = parts.generator is parts.shipped and recipe.generator == parts.shipped.card.name
    generator = parts.open_in_precision(recipe.precision) if is_shipped else None
    return parts if generator is None else parts.with_generator(lambda: generator)


def _enlarging_of(parts: Parts, recipe: Recipe, source_path: Path | None) -> Request:
    source = _source_of(parts, recipe, source_path)
    if source is None:
        raise RecipeMissing(
            "The recipe says that a picture was enlarged, and does not say which.",
            code="recipe_unreadable",
        )
    return Request(
        prompt=recipe.prompt,
        template=recipe.prompt,
        seed=recipe.seed,
        background=recipe.background,
        source=source,
        label=None if recipe.label is None else Label(recipe.label.position, recipe.label.size),
        model=recipe.generator,
        use=recipe.use,
        enlarge_by=recipe.size.width_px // source.size.width_px,
    )


def model_of(parts: Parts, recipe: Recipe) -> str | None:
    """The model of a recipe by its name; ``None``, the default, if it is not here any more."""
    return recipe.generator if recipe.generator in parts.model_names else None


def _kept_adapter(parts: Parts, used: UsedAdapter) -> AskedAdapter:
    picture = None
    if used.picture_sha256 is not None:
        kept = _kept_file(parts, used.picture_sha256, None)
        what = f"the picture of {used.name!r}"
        picture = picture_of(kept.content, what, parts.settings.max_input_megapixels)
    return AskedAdapter(name=used.name, weight=used.weight, picture=picture)


def _source_of(parts: Parts, recipe: Recipe, source_path: Path | None) -> Picture | None:
    if source_path is not None:
        source = read_picture(source_path, parts.settings.max_input_megapixels)
        if source.pixels_sha256 != recipe.source_sha256:
            raise BadInput(
                f"The picture {str(source_path)!r} is {source.pixels_sha256!r}; "
                f"the recipe started from {recipe.source_sha256!r}.",
                code="source_differs",
            )
        return source
    if recipe.source_sha256 is None:
        return None
    kept = _kept_file(parts, recipe.source_sha256, recipe.source_file)
    return picture_of(kept.content, "the source", parts.settings.max_input_megapixels)


def _kept_mask(parts: Parts, recipe: Recipe) -> Mask | None:
    if recipe.mask_sha256 is None:
        return None
    kept = _kept_file(parts, recipe.mask_sha256, recipe.mask_file)
    return mask_of(kept.content, "the mask", parts.settings.max_input_megapixels)


def _kept_file(parts: Parts, pixels_sha256: str, file_sha256: str | None) -> OriginalFile:
    kept = parts.store.read_source(pixels_sha256, file_sha256)
    kept = kept or parts.store.read_source(pixels_sha256)
    if kept is None:
        raise RecipeMissing(
            f"The picture this one started from, {pixels_sha256!r}, is not kept in this data "
            "folder.",
            code="source_missing",
            hint="Name it with --image, or use the data folder it was drawn in.",
        )
    return kept


def _compare(read: ReadFile, recipe: Recipe, image: Image) -> Comparison:
    redrawn_HWC = decode_rgba(image.content)
    max_difference, psnr_db = measure_difference(read.picture.image_HWC, redrawn_HWC)
    return Comparison(
        is_same_file=read.content == image.content,
        is_same_drawing=_is_same_drawing(recipe, image.recipe),
        is_same_pixels=max_difference == 0,
        max_difference=max_difference,
        psnr_db=psnr_db,
        changes=find_changes(recipe, image.recipe),
    )


def _is_same_drawing(before: Recipe, now: Recipe) -> bool | None:
    if before.drawing_sha256 is None or now.drawing_sha256 is None:
        return None
    return before.drawing_sha256 == now.drawing_sha256


def find_changes(before: Recipe, now: Recipe) -> tuple[Change, ...]:
    """Every fact that differs between two recipes, one level into ingredients and versions.

    Not the hash of the drawing: that is the outcome.
    """
    old, new = _flat(before.to_document()), _flat(now.to_document())
    return tuple(
        Change(name, old.get(name, "absent"), new.get(name, "absent"))
        for name in sorted((old.keys() | new.keys()) - {"drawing_sha256"})
        if old.get(name) != new.get(name)
    )


def _flat(document: Mapping[str, object]) -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in document.items():
        if isinstance(value, Mapping):
            inner = cast(Mapping[str, object], value)
            flat |= {f"{name}.{key}": str(one) for key, one in inner.items()}
        else:
            flat[name] = str(value)
    return flat
