"""Enlarging a picture of anybody's: a request like any other, for what enlarges and draws nothing.

The copy is judged, decided, marked, sealed and written down as every image is; the picture it was
made from is its parent. What is known of that picture is kept: a copy of an image that was drawn
here says so, whoever brings it.
"""

from __future__ import annotations

from limner.core.limits import require_one_of
from limner.core.recipe import ImageRecord
from limner.core.records import Picture, Request
from limner.studio.parts import Parts
from limner.studio.requests import label_of

DEFAULT_ENLARGER = "lanczos"


def enlarging_request(
    parts: Parts,
    source: Picture,
    *,
    factor: int = 2,
    model: str | None = None,
    impact: str | None = None,
    use: str | None = None,
    label: bool | None = None,
    file_quality: int | None = None,
) -> Request:
    """The request to enlarge a picture; what it means is checked when it is made ready.

    Args:
        parts: of the studio.
        source: any picture, made here or not.
        factor: by how much; the enlarger's card says which there are.
        model: what enlarges, ``lanczos`` where nothing is said.
        impact: how much is at stake, a tier of the criteria in force.
        use: what the copy is for, where the enlarger's licence allows some uses only.
        label: draw words in a corner that say it is made by AI; as the settings say where left
            out. A picture that has them already gets them once.
        file_quality: 0-100, of a JPEG or WebP file.

    Raises:
        BadInput: nothing of this name enlarges.
    """
    model = model or DEFAULT_ENLARGER
    require_one_of("model", model, parts.enlarger_names)
    record = _made_here(parts, source)
    is_labelled = record is not None and record.recipe.label is not None
    prompt = "" if record is None else record.recipe.prompt
    return Request(
        prompt=prompt,
        template=prompt,  # marks in it were chosen when it was drawn
        seed=0,
        source=source,
        model=model,
        impact=impact,
        use=use,
        label=None if is_labelled else label_of(parts.settings, label),
        file_quality=file_quality,
        enlarge_by=factor,
    )


def _made_here(parts: Parts, source: Picture) -> ImageRecord | None:
    """The stored image that a picture is, by its pixels, or by the mark in them."""
    record = parts.store.image_by_pixels(source.pixels_sha256)
    if record is not None or parts.recognizer is None:
        return record
    mark = parts.recognizer.read_mark(source.image_HWC)
    return None if mark is None else parts.recognizer.find_marked(mark.value)
