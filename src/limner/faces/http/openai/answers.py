"""What OpenAI's interface answers: documents, events, and the count of tokens.

Tokens are counted by rule, for clients that reckon with them: those of the text as the generator
read them, and one for every 32 x 32 pixels of canvas, drawn or started from.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterable, Mapping
from typing import Literal

from PIL import Image as PillowImage

from limner.core.recipe import Recipe
from limner.core.records import FileFormat, Operation, Picture
from limner.faces.http.compat.deliveries import Delivery, job_path
from limner.faces.http.compat.drawing import event_text
from limner.faces.http.openai.requests import Asked
from limner.studio.image import Image
from limner.studio.image_file import decode_rgba

PX_PER_TOKEN = 32

Kind = Literal["image_generation", "image_edit"]


def response_document(
    asked: Asked, delivery: Delivery, urls: Mapping[str, str]
) -> dict[str, object]:
    """The answer to a generation or an edit.

    Only released images are in ``data``, so it may be shorter than ``n``; ``limner`` names the job
    and every image that is not there.

    Args:
        asked: how the answer has to look.
        delivery: with at least one released image.
        urls: address of each released image by its id; empty for base64.
    """
    released = delivery.released
    document: dict[str, object] = {
        "created": int(delivery.job.created_at.timestamp()),
        "data": [_datum(one, urls) for one in released],
        "background": background_of(asked, released[0]),
        "output_format": asked.file_format,
        "quality": asked.quality,
        "size": str(released[0].record.size),
        "usage": usage_of(one.recipe for one in released),
        "limner": limner_document(delivery),
    }
    if asked.safety_identifier:
        document["safety_identifier"] = asked.safety_identifier
    return document


def limner_document(delivery: Delivery) -> dict[str, object]:
    """Where the job is, what the images are known by here, and which ones did not leave."""
    return {
        "job": job_path(delivery.job),
        "images": [{"id": one.image_id, "seed": one.seed} for one in delivery.released],
        "not_released": delivery.kept_document(),
    }


def completed_event(asked: Asked, image: Image, kind: Kind, created_at: int) -> str:
    """The event that brings a finished image."""
    document: dict[str, object] = {
        **_event_head(asked, created_at),
        "type": f"{kind}.completed",
        "b64_json": base64_of(image.content),
        "background": background_of(asked, image),
        "size": str(image.record.size),
        "usage": usage_of([image.recipe]),
        "limner": {"image": image.image_id, "seed": image.seed},
    }
    if asked.safety_identifier:
        document["safety_identifier"] = asked.safety_identifier
    return event_text(f"{kind}.completed", document)


def partial_event(asked: Asked, preview: bytes, index: int, kind: Kind, created_at: int) -> str:
    """The event that brings a picture in the making.

    Args:
        asked: gives the format.
        preview: a picture file in any format.
        index: of this partial picture, from 0.
        kind: generation or edit.
        created_at: seconds since 1970.
    """
    content, size = _converted(preview, asked.file_format)
    document = {
        **_event_head(asked, created_at),
        "type": f"{kind}.partial_image",
        "b64_json": base64_of(content),
        "background": asked.background,
        "size": size,
        "partial_image_index": index,
    }
    return event_text(f"{kind}.partial_image", document)


def error_event(error: Mapping[str, object]) -> str:
    """The event that ends a stream without an image."""
    return event_text("error", {"type": "error", "error": dict(error)})


def usage_of(recipes: Iterable[Recipe]) -> dict[str, object]:
    """Tokens of images, counted as the top of this module says."""
    text_tokens = input_images = output_images = 0
    for recipe in recipes:
        per_image = math.ceil(recipe.canvas.width_px / PX_PER_TOKEN) * math.ceil(
            recipe.canvas.height_px / PX_PER_TOKEN
        )
        text_tokens += recipe.num_prompt_tokens
        input_images += 0 if recipe.operation is Operation.TEXT else per_image
        output_images += per_image
    return {
        "input_tokens": text_tokens + input_images,
        "input_tokens_details": {"text_tokens": text_tokens, "image_tokens": input_images},
        "output_tokens": output_images,
        "output_tokens_details": {"text_tokens": 0, "image_tokens": output_images},
        "total_tokens": text_tokens + input_images + output_images,
    }


def background_of(asked: Asked, image: Image) -> Literal["transparent", "opaque"]:
    """What is behind the subject of a released image: told from its pixels."""
    if asked.file_format == "jpeg" or asked.background == "opaque":
        return "opaque"
    is_opaque = image.record.is_opaque
    if is_opaque is None:  # stored before this was noted
        is_opaque = Picture.of(decode_rgba(image.content)).is_opaque
    return "opaque" if is_opaque else "transparent"


def base64_of(content: bytes) -> str:
    """Bytes as base64 text."""
    return base64.b64encode(content).decode("ascii")


def _datum(image: Image, urls: Mapping[str, str]) -> dict[str, str]:
    url = urls.get(image.image_id)
    return {"b64_json": base64_of(image.content)} if url is None else {"url": url}


def _event_head(asked: Asked, created_at: int) -> dict[str, object]:
    return {"created_at": created_at, "output_format": asked.file_format, "quality": asked.quality}


def _converted(preview: bytes, file_format: FileFormat) -> tuple[bytes, str]:
    with PillowImage.open(io.BytesIO(preview)) as opened:
        size = f"{opened.width}x{opened.height}"
        if (opened.format or "").lower() == file_format:
            return preview, size
        buffer = io.BytesIO()
        if file_format == "jpeg":
            flat = PillowImage.new("RGBA", opened.size, "white")
            flat.alpha_composite(opened.convert("RGBA"))
            flat.convert("RGB").save(buffer, "JPEG")
        else:
            opened.convert("RGBA").save(buffer, file_format)
        return buffer.getvalue(), size
