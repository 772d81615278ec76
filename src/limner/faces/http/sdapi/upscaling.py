"""Enlarging a caller's own picture; the copy is judged and sealed like every image."""

from __future__ import annotations

import base64

from limner.core.records import Picture, Request
from limner.faces.http.compat.deliveries import Delivery
from limner.faces.http.compat.refusals import FieldRefused
from limner.faces.http.sdapi.fields import UpscaleFields
from limner.studio.parts import Parts
from limner.studio.upscaling import DEFAULT_ENLARGER, enlarging_request

NAMES = {"None": DEFAULT_ENLARGER, "Lanczos": DEFAULT_ENLARGER}
"""What clients call plain resampling; anything else is called by its own name."""


def upscaler_list(parts: Parts) -> list[dict[str, object]]:
    """The answer to ``upscalers``."""
    return [
        {"name": name, "model_name": None, "model_path": None, "model_url": None, "scale": 4}
        for name in _names(parts)
    ]


def upscaling_of(fields: UpscaleFields, picture: Picture, parts: Parts) -> Request:
    """The request that the fields of ``extra-single-image`` make.

    Raises:
        FieldRefused: an unknown upscaler, or a size that is no whole multiple.
    """
    if fields.upscaler_1 not in _names(parts):
        raise FieldRefused("upscaler_1", fields.upscaler_1, ", ".join(_names(parts)))
    if fields.resize_mode != 0:
        raise FieldRefused("resize_mode", fields.resize_mode, "0, by a factor")
    if not fields.upscaling_resize.is_integer():
        raise FieldRefused("upscaling_resize", fields.upscaling_resize, "2 or 4")
    name = NAMES.get(fields.upscaler_1, fields.upscaler_1)
    return enlarging_request(parts, picture, factor=int(fields.upscaling_resize), model=name)


def upscaled_document(delivery: Delivery) -> dict[str, object]:
    """The answer to ``extra-single-image``, of a job whose copy was released."""
    (image,) = delivery.released
    told = " ".join((*image.recipe.notices, *image.warnings))
    content = base64.b64encode(image.content).decode("ascii")
    return {"html_info": f"<p>{told}</p>" if told else "", "image": content}


def _names(parts: Parts) -> tuple[str, ...]:
    own = [one for one in parts.enlarger_names if one != DEFAULT_ENLARGER]
    return (*NAMES, *own)
