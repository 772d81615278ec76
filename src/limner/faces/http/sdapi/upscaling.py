"""Enlarging a caller's own picture, by plain resampling; nothing is drawn and nothing is kept."""

from __future__ import annotations

import base64
import io

from PIL import Image as PillowImage
from PIL import ImageOps
from PIL.PngImagePlugin import PngInfo

from limner.core.records import Picture, Size
from limner.faces.http.compat.refusals import FieldRefused
from limner.faces.http.sdapi.fields import UpscaleFields
from limner.studio.image_file import FileTexts

UPSCALERS: dict[str, PillowImage.Resampling] = {
    "None": PillowImage.Resampling.LANCZOS,
    "Lanczos": PillowImage.Resampling.LANCZOS,
    "Nearest": PillowImage.Resampling.NEAREST,
}
NO_CREDENTIAL = (
    "The enlarged copy carries no credential; the picture it was made from keeps its own."
)


def upscaler_list() -> list[dict[str, object]]:
    """The answer to ``upscalers``."""
    return [
        {"name": name, "model_name": None, "model_path": None, "model_url": None, "scale": 4}
        for name in UPSCALERS
    ]


def upscaled_document(
    fields: UpscaleFields, picture: Picture, texts: FileTexts, max_megapixels: int
) -> dict[str, object]:
    """The answer to ``extra-single-image``.

    Raises:
        FieldRefused: an unknown upscaler, or a result that is too large.
    """
    resampling = UPSCALERS.get(fields.upscaler_1)
    if resampling is None:
        raise FieldRefused("upscaler_1", fields.upscaler_1, ", ".join(UPSCALERS))
    size = _target_size(fields, picture.size)
    if size.width_px * size.height_px > max_megapixels * 1_000_000 or min(size) < 1:
        raise FieldRefused("upscaling_resize", str(size), f"up to {max_megapixels} megapixels")
    opened = PillowImage.fromarray(picture.image_HWC, "RGBA")
    if fields.resize_mode == 1 and fields.upscaling_crop:
        enlarged = ImageOps.fit(opened, size, resampling)
    else:
        enlarged = opened.resize(size, resampling)
    note = f"Postprocess upscale to: {size}, Postprocess upscaler: {fields.upscaler_1}"
    text = f"{texts.parameters}, {note}" if texts.parameters else note
    return {"html_info": f"<p>{NO_CREDENTIAL}</p>", "image": _encoded(enlarged, text)}


def _target_size(fields: UpscaleFields, size: Size) -> Size:
    if fields.resize_mode == 0:
        factor = fields.upscaling_resize
        return Size(round(size.width_px * factor), round(size.height_px * factor))
    wanted = Size(fields.upscaling_resize_w, fields.upscaling_resize_h)
    if fields.upscaling_crop:
        return wanted
    factor = min(wanted.width_px / size.width_px, wanted.height_px / size.height_px)
    return Size(round(size.width_px * factor), round(size.height_px * factor))


def _encoded(picture: PillowImage.Image, parameters: str) -> str:
    chunks = PngInfo()
    chunks.add_itxt("parameters", parameters)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", pnginfo=chunks)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
