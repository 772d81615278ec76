"""A request as a JSON document, and back: how a request outlives the process that was asked.

Pictures and masks are named by the hash of their pixels and of their file; the files are in the
store. What the document says is checked when it is read, for it may have been written by another
version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from limner.core.errors import BadInput, StorageUnavailable
from limner.core.labels import Label, LabelPosition, LabelSize
from limner.core.records import AskedAdapter, Margins, Mask, OriginalFile, Picture, Request, Size
from limner.studio.picture_file import mask_of, picture_of

REQUEST_FORMAT = "limner.request/1"

ReadSource = Callable[[str, str | None], OriginalFile | None]
"""Gives the kept file of a picture by the hashes of its pixels and of the file."""

_Whole = Annotated[int, Field(strict=True)]


class _Kept(BaseModel):
    """A picture or mask in the store."""

    model_config = ConfigDict(extra="forbid")

    pixels_sha256: str
    file_sha256: str | None


class _KeptAdapter(BaseModel):
    """An adapter, with the picture it goes by in the store."""

    model_config = ConfigDict(extra="forbid")

    name: str
    weight: float | None
    picture: _Kept | None


class _Document(BaseModel):
    """What a request document holds; attributes as in `Request`."""

    model_config = ConfigDict(extra="forbid")

    format: str
    prompt: str
    template: str | None
    negative: str
    num_images: _Whole
    seed: _Whole | None
    steps: _Whole | None
    guidance: float | None
    sampler: str | None
    size: tuple[_Whole, _Whole] | None
    style: str | None
    background: str
    source: _Kept | None
    strength: float | None
    mask: _Kept | None
    margins: tuple[_Whole, _Whole, _Whole, _Whole] | None
    is_deterministic: bool
    is_combinatorial: bool
    impact: str | None
    label: tuple[LabelPosition, LabelSize] | None
    file_quality: _Whole | None
    model: str | None = None
    adapters: tuple[_KeptAdapter, ...] = ()
    use: str | None = None
    within_seconds: float | None = None
    second_pass: float | None = None
    enlarge_by: _Whole | None = None


def document_of(
    request: Request, source_file: str | None, mask_file: str | None
) -> dict[str, object]:
    """The JSON document of a request.

    Args:
        request: what was asked.
        source_file: tagged hash under which the file of its picture is kept.
        mask_file: the same of its mask.
    """
    source, mask = request.source, request.mask
    return {
        "format": REQUEST_FORMAT,
        "prompt": request.prompt,
        "template": request.template,
        "negative": request.negative,
        "num_images": request.num_images,
        "seed": request.seed,
        "steps": request.steps,
        "guidance": request.guidance,
        "sampler": request.sampler,
        "size": None if request.size is None else list(request.size),
        "style": request.style,
        "background": request.background,
        "source": None if source is None else _kept(source.pixels_sha256, source_file),
        "strength": request.strength,
        "mask": None if mask is None else _kept(mask.pixels_sha256, mask_file),
        "margins": None if request.margins is None else list(request.margins),
        "is_deterministic": request.is_deterministic,
        "is_combinatorial": request.is_combinatorial,
        "impact": request.impact,
        "label": None if request.label is None else [str(one) for one in request.label],
        "file_quality": request.file_quality,
        "model": request.model,
        "adapters": [_adapter_document(one) for one in request.adapters],
        "use": request.use,
        "within_seconds": request.within_seconds,
        "second_pass": request.second_pass,
        "enlarge_by": request.enlarge_by,
    }


def request_of(
    document: Mapping[str, object], read_source: ReadSource, max_megapixels: int
) -> Request:
    """The request that a document says.

    Args:
        document: from `document_of`.
        read_source: gives kept files.
        max_megapixels: larger pictures are not opened.

    Raises:
        BadInput: it is no such document, or of another version.
        StorageUnavailable: a picture it starts from is not kept any more.
        ImageUnreadable: that picture cannot be read.
    """
    try:
        said = _Document.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise BadInput(
            f"The value of {name!r} in a kept request cannot be used: {first['msg'].lower()}.",
            code="request_invalid",
        ) from error
    if said.format != REQUEST_FORMAT:
        raise BadInput(
            f"A kept request has the format {said.format!r}; allowed is {REQUEST_FORMAT!r}.",
            code="request_invalid",
        )
    return Request(
        prompt=said.prompt,
        template=said.template,
        negative=said.negative,
        num_images=said.num_images,
        seed=said.seed,
        steps=said.steps,
        guidance=said.guidance,
        sampler=said.sampler,
        size=None if said.size is None else Size(*said.size),
        style=said.style,
        background=said.background,
        source=_source(said.source, read_source, max_megapixels),
        strength=said.strength,
        mask=_mask(said.mask, read_source, max_megapixels),
        margins=None if said.margins is None else Margins(*said.margins),
        is_deterministic=said.is_deterministic,
        is_combinatorial=said.is_combinatorial,
        impact=said.impact,
        label=None if said.label is None else Label(*said.label),
        file_quality=said.file_quality,
        model=said.model,
        adapters=tuple(
            AskedAdapter(
                name=one.name,
                weight=one.weight,
                picture=_source(one.picture, read_source, max_megapixels),
            )
            for one in said.adapters
        ),
        use=said.use,
        within_seconds=said.within_seconds,
        second_pass=said.second_pass,
        enlarge_by=said.enlarge_by,
    )


def _adapter_document(adapter: AskedAdapter) -> dict[str, object]:
    picture = adapter.picture
    return {
        "name": adapter.name,
        "weight": adapter.weight,
        "picture": None if picture is None else _kept(picture.pixels_sha256, None),
    }


def _kept(pixels_sha256: str, file_sha256: str | None) -> dict[str, object]:
    return {"pixels_sha256": pixels_sha256, "file_sha256": file_sha256}


def _source(kept: _Kept | None, read: ReadSource, max_megapixels: int) -> Picture | None:
    if kept is None:
        return None
    picture = picture_of(_content(kept, read), kept.pixels_sha256, max_megapixels)
    _require_same(picture.pixels_sha256, kept)
    return picture


def _mask(kept: _Kept | None, read: ReadSource, max_megapixels: int) -> Mask | None:
    if kept is None:
        return None
    mask = mask_of(_content(kept, read), kept.pixels_sha256, max_megapixels)
    _require_same(mask.pixels_sha256, kept)
    return mask


def _content(kept: _Kept, read: ReadSource) -> bytes:
    file = read(kept.pixels_sha256, kept.file_sha256)
    if file is None:
        raise StorageUnavailable(f"The picture {kept.pixels_sha256} is not kept any more.")
    return file.content


def _require_same(pixels_sha256: str, kept: _Kept) -> None:
    if pixels_sha256 != kept.pixels_sha256:
        raise StorageUnavailable(f"The picture {kept.pixels_sha256} is not as it was kept.")
