"""Pictures, facts and keys for tests that seal; everything is made here, nothing is fetched.

The C2PA library reads the system's clock, so certificates must hold now.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime

import numpy as np
from PIL import Image as PillowImage

from limner.core.records import Operation
from limner.provenance.facts import (
    DecisionFacts,
    Ingredient,
    MarkFacts,
    Oversight,
    Relationship,
    SealFacts,
)

MEDIA_TYPES = ("image/png", "image/jpeg", "image/webp")
PROMPT = "a portrait of Ada Lovelace"

FACTS = SealFacts(
    title="image.png",
    operation=Operation.TEXT,
    created_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    limner_version="0.1.0",
    model_name="limner-icons",
    model_version="1",
    model_sha256="sha256:" + "a" * 64,
    seed=42,
    pixels_sha256="sha256:" + "b" * 64,
    recipe_sha256="sha256:" + "c" * 64,
    oversight=Oversight.PROMPT_GUIDED,
    prompt_commitment="sha256:" + "d" * 64,
    decision=DecisionFacts(
        decision="released",
        decided_by="rule",
        criteria_sha256="sha256:" + "e" * 64,
        ledger_index=7,
    ),
    mark=MarkFacts(algorithm="limner.mark.v1", value="1234"),
)


def read_clock() -> datetime:
    return datetime.now(UTC)


def picture(seed: int = 0, side_px: int = 64) -> np.ndarray:
    """RGBA pixels of a drawing with flat areas and a transparent corner."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (8, 8, 4), np.uint8)
    image_HWC = np.kron(blocks, np.ones((side_px // 8, side_px // 8, 1), np.uint8))
    image_HWC[..., 3] = 255
    image_HWC[: side_px // 4, : side_px // 4, 3] = 0
    return image_HWC


def encoded(media_type: str, seed: int = 0, side_px: int = 64) -> bytes:
    """Bytes of a picture file without metadata."""
    buffer = io.BytesIO()
    drawn = PillowImage.fromarray(picture(seed, side_px), "RGBA")
    match media_type:
        case "image/png":
            drawn.save(buffer, "PNG")
        case "image/jpeg":
            drawn.convert("RGB").save(buffer, "JPEG", quality=90)
        case _:
            drawn.save(buffer, "WEBP", lossless=True, exact=True)
    return buffer.getvalue()


def pixels_of(content: bytes) -> np.ndarray:
    with PillowImage.open(io.BytesIO(content)) as opened:
        return np.asarray(opened.convert("RGBA"))


def source(content: bytes, media_type: str = "image/jpeg") -> Ingredient:
    """A picture another was made from."""
    return Ingredient(
        title="source",
        relationship=Relationship.PARENT,
        content=content,
        media_type=media_type,
        pixels_sha256="sha256:" + "1" * 64,
    )


def flipped(content: bytes, bit: int) -> bytes:
    """`content` with one bit turned over."""
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << (bit % 8)
    return bytes(changed)
