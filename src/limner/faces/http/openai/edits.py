"""Reading an edit: a form with files, or JSON with data URLs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, cast

from fastapi import Request as HttpRequest
from starlette.datastructures import FormData, UploadFile

from limner.core.errors import ImageUnreadable
from limner.core.records import Picture
from limner.faces.http.compat.bodies import parse, read_json
from limner.faces.http.compat.pictures import mask_of_transparency, picture_of_base64
from limner.faces.http.compat.refusals import FieldRefused, PictureRefused
from limner.faces.http.openai.fields import EditFields, ImageReference
from limner.faces.http.openai.requests import EditPictures
from limner.studio.picture_file import picture_of

MAX_PICTURES = 16
MAX_FORM_FIELDS = 64
PICTURE_FIELDS = ("image", "image[]")
MASK_FIELD = "mask"


class SentFile(NamedTuple):
    """A picture as it was sent: the field's name and a file's bytes, or base64."""

    name: str
    content: bytes | str

    def read(self, max_megapixels: int) -> Picture:
        """Its pixels.

        Raises:
            FieldRefused: an address, or not base64.
            PictureRefused: it cannot be read as a picture.
        """
        try:
            if isinstance(self.content, str):
                return picture_of_base64(self.content, self.name, max_megapixels)
            return picture_of(self.content, self.name, max_megapixels)
        except ImageUnreadable as error:
            raise PictureRefused(self.name, error) from error


class SentEdit(NamedTuple):
    """An edit as it was sent."""

    fields: EditFields
    files: list[SentFile]
    mask: SentFile | None

    def pictures(self, max_megapixels: int) -> EditPictures:
        """The pictures, decoded.

        Raises:
            FieldRefused: too many, none, or a mask without a hole.
            PictureRefused: one cannot be read as a picture.
        """
        if not self.files:
            raise FieldRefused("image", None, "a picture", code="missing_required_parameter")
        mask = None if self.mask is None else self.mask.read(max_megapixels)
        return EditPictures(
            [one.read(max_megapixels) for one in self.files],
            None if mask is None else mask_of_transparency(mask, MASK_FIELD),
        )


async def read_edit(http: HttpRequest) -> SentEdit:
    """An edit from the body.

    Raises:
        RequestValidationError: a field is missing or not allowed.
        FieldRefused: a file where a text belongs, or an address of a picture.
        BodyUnreadable: neither a form nor JSON.
    """
    media_type = http.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in ("multipart/form-data", "application/x-www-form-urlencoded"):
        return _from_json(await read_json(http))
    async with http.form(max_files=MAX_PICTURES + 1, max_fields=MAX_FORM_FIELDS) as form:
        return await _from_form(form)


def _from_json(document: Mapping[str, object]) -> SentEdit:
    fields = parse(EditFields, document)
    files: list[SentFile] = []
    for reference in fields.images or []:
        if reference.image_url is None:
            raise FieldRefused(
                "images",
                reference.file_id,
                "image_url with a data URL",
                hint="Files are not kept here before they are used.",
            )
        files.append(SentFile("images", reference.image_url))
    mask: object = (fields.model_extra or {}).pop(MASK_FIELD, None)
    if mask is None:
        return SentEdit(fields, files, None)
    if not isinstance(mask, Mapping):
        raise FieldRefused(MASK_FIELD, mask, "an object with image_url, a data URL")
    reference = cast("Mapping[str, object]", mask)
    url = parse(ImageReference, reference).image_url
    if url is None:
        raise FieldRefused(MASK_FIELD, reference, "image_url with a data URL")
    return SentEdit(fields, files, SentFile(MASK_FIELD, url))


async def _from_form(form: FormData) -> SentEdit:
    texts: dict[str, str] = {}
    files: list[SentFile] = []
    mask: SentFile | None = None
    for name, value in form.multi_items():
        if name in PICTURE_FIELDS or name == MASK_FIELD:
            content = await value.read() if isinstance(value, UploadFile) else value
            if name == MASK_FIELD:
                mask = SentFile(name, content)
            else:
                files.append(SentFile(name, content))
        elif isinstance(value, UploadFile):
            raise FieldRefused(name, value.filename, "text, not a file")
        elif value or name == "prompt":
            texts[name] = value
    return SentEdit(parse(EditFields, texts), files, mask)
