"""Image files: encoding pixels with their recipe inside, and reading both back.

Every file carries the A1111 ``parameters`` text and our own JSON. PNG holds them in the text
chunks ``parameters`` and ``limner``; JPEG and WebP in the EXIF tag UserComment (UTF-16, as other
tools read it) and in an XMP packet. Files hold no times, so equal drawings give equal bytes.
"""

from __future__ import annotations

import html
import io
import json
import re
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL.PngImagePlugin import PngInfo

from limner.core.hashing import canonical_json, sha256_of_pixels
from limner.core.recipe import Recipe
from limner.core.records import FileFormat
from limner.studio.parameters_text import format_parameters
from limner.studio.png_file import write_png

# Shapes: H height, W width, C channels (RGBA, straight alpha).

OWN_KEY = "limner"
JPEG_QUALITY = 95
SUFFIXES: dict[str, FileFormat] = {".png": "png", ".webp": "webp", ".jpg": "jpeg", ".jpeg": "jpeg"}

_USER_COMMENT = 0x9286
_CAMERA_MODEL = 0x0110  # EXIF tag Model, in the main folder
MAX_CAMERA_CHARACTERS = 60
_EXIF_FOLDER = 0x8769
_UNICODE = b"UNICODE\x00"
_XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:limner="https://limner.invalid/ns/1/">'
    "<limner:limner>{}</limner:limner>"
    "</rdf:Description></rdf:RDF></x:xmpmeta>"
)
_XMP_OWN = re.compile(r"<limner:limner>(.*?)</limner:limner>", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTexts:
    """What a file says in words; ``None`` where it has no such text.

    Attributes:
        parameters: A1111 text.
        own: our JSON, not yet checked.
        camera: the EXIF model of what took it; empty where it names none.
    """

    parameters: str | None
    own: dict[str, object] | None
    camera: str = ""


def encode_image(
    image_HWC: NDArray[np.uint8],
    file_format: FileFormat,
    recipe: Recipe,
    quality: int | None = None,
) -> bytes:
    """File bytes of a picture with its recipe inside.

    Args:
        image_HWC: uint8, RGBA; opaque if the format is ``jpeg``.
        file_format: ``png`` and ``webp`` are lossless, ``jpeg`` is not.
        recipe: what ran.
        quality: 0-100, makes ``webp`` lossy too; PNG takes none.
    """
    return encode_with_texts(
        image_HWC,
        file_format,
        parameters=format_parameters(recipe),
        own=recipe.to_document(),
        quality=quality,
    )


def is_lossless(file_format: FileFormat, quality: int | None = None) -> bool:
    """Whether `encode_image` writes a file that shows exactly the pixels it is given."""
    return file_format == "png" or (file_format == "webp" and quality is None)


def encode_with_texts(
    image_HWC: NDArray[np.uint8],
    file_format: FileFormat,
    *,
    parameters: str,
    own: dict[str, object],
    quality: int | None = None,
) -> bytes:
    """File bytes of a picture with both texts inside; see the top of this module."""
    own_json = canonical_json(own)
    if file_format == "png":
        chunks = PngInfo()
        chunks.add_text("parameters", parameters)
        chunks.add_itxt(OWN_KEY, own_json)
        return write_png(image_HWC, chunks)
    picture = PillowImage.fromarray(image_HWC, "RGBA")
    buffer = io.BytesIO()
    texts: dict[str, Any] = {
        "exif": _exif(parameters),
        "xmp": _XMP.format(html.escape(own_json)).encode(),
    }
    if file_format == "webp":
        amount = {"lossless": True, "exact": True} if quality is None else {"quality": quality}
        picture.save(buffer, "WEBP", **amount, **texts)
    else:
        amount = JPEG_QUALITY if quality is None else quality
        picture.convert("RGB").save(buffer, "JPEG", quality=amount, subsampling=0, **texts)
    return buffer.getvalue()


def encode_plain_png(pixels: NDArray[np.uint8]) -> bytes:
    """PNG bytes of HW or HWC pixels, without any text."""
    buffer = io.BytesIO()
    PillowImage.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def encode_preview(image_HWC: NDArray[np.uint8]) -> bytes:
    """A small WebP file of uint8 RGBA pixels, quickly; it is looked at for a moment, not kept."""
    buffer = io.BytesIO()
    PillowImage.fromarray(image_HWC, "RGBA").save(buffer, "WEBP", quality=70, method=0)
    return buffer.getvalue()


def decode_rgba(content: bytes) -> NDArray[np.uint8]:
    """Pixels of a file we wrote, HWC, uint8, RGBA."""
    with PillowImage.open(io.BytesIO(content)) as picture:
        return np.asarray(picture.convert("RGBA"))


def shows(content: bytes, pixels_sha256: str) -> bool:
    """Whether a file we wrote shows the pixels with this tagged hash."""
    return sha256_of_pixels(decode_rgba(content)) == pixels_sha256


def read_texts(picture: PillowImage.Image) -> FileTexts:
    """The texts of an opened file; never raises on texts that are damaged, it leaves them out."""
    info = cast(dict[str, object], picture.info)
    parameters = info.get("parameters")
    own_json = info.get(OWN_KEY)
    if not isinstance(parameters, str):
        parameters = _parameters_from_exif(picture)
    if not isinstance(own_json, str):
        own_json = _own_from_xmp(info.get("xmp"))
    return FileTexts(parameters=parameters, own=_document(own_json), camera=_camera(picture))


def _exif(parameters: str) -> bytes:
    exif = PillowImage.Exif()
    exif.get_ifd(_EXIF_FOLDER)[_USER_COMMENT] = _UNICODE + parameters.encode("utf-16-be")
    return exif.tobytes()


def _parameters_from_exif(picture: PillowImage.Image) -> str | None:
    comment = picture.getexif().get_ifd(_EXIF_FOLDER).get(_USER_COMMENT)
    if not isinstance(comment, bytes) or not comment.startswith(_UNICODE):
        return None
    return comment.removeprefix(_UNICODE).decode("utf-16-be", errors="replace")


def _camera(picture: PillowImage.Image) -> str:
    model = picture.getexif().get(_CAMERA_MODEL)
    if not isinstance(model, str):
        return ""
    return "".join(one for one in model if one.isprintable()).strip()[:MAX_CAMERA_CHARACTERS]


def _own_from_xmp(xmp: object) -> str | None:
    if not isinstance(xmp, bytes):
        return None
    found = _XMP_OWN.search(xmp.decode("utf-8", errors="replace"))
    return None if found is None else html.unescape(found.group(1))


def _document(own_json: str | None) -> dict[str, object] | None:
    if own_json is None:
        return None
    try:
        document = json.loads(own_json)
    except (ValueError, RecursionError):
        return None
    return cast(dict[str, object], document) if isinstance(document, dict) else None
