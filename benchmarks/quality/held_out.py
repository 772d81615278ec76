"""Held-out pictures that come with the repository, and scenes of known truth made of them.

The pictures are in ``benchmarks/assets/heldout_64.npz``; every one has its row, with author and
licence, in ``training/data/manifest.csv``. Neither the generator nor the referee was trained on
any of them. Needs no torch and no network.
"""

# Shapes: N pictures, H height, W width, C channels (RGBA, straight alpha unless it says otherwise).

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from training.data import colours

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

ASSET = Path(__file__).parents[1] / "assets" / "heldout_64.npz"
CANVAS_PX = 128


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldOut:
    """One held-out picture: uint8 `[64, 64, 4]` and what the manifest says of it."""

    image_HWC: Bytes
    concept: str
    style: str
    split: str
    colours: tuple[str, ...]


@cache
def held_out() -> tuple[HeldOut, ...]:
    """All pictures of the asset, in the order of the manifest."""
    with np.load(ASSET, allow_pickle=False) as asset:
        ends = asset["ends"].tolist()
        content = asset["content"].tobytes()
        fields = zip(
            *(asset[name].tolist() for name in ("concept", "style", "split", "colours")),
            strict=True,
        )
        return tuple(
            HeldOut(
                image_HWC=_decoded(content[start:end]),
                concept=concept,
                style=style,
                split=split,
                colours=tuple(filter(None, words.split("|"))),
            )
            for start, end, (concept, style, split, words) in zip(
                [0, *ends], ends, fields, strict=False
            )
        )


def _decoded(content: bytes) -> Bytes:
    with PillowImage.open(io.BytesIO(content)) as picture:
        return np.asarray(picture.convert("RGBA"))


def painted_ground(word: str, rng: np.random.Generator) -> Bytes:
    """A canvas in a colour close to the word's, opaque."""
    wanted = colours.prototype(word) + rng.normal(0, 0.02, 3)
    rgb_C = np.rint(np.clip(wanted, 0, 1) * 255).astype(np.uint8)
    return np.broadcast_to(np.array([*rgb_C, 255], np.uint8), (CANVAS_PX, CANVAS_PX, 4)).copy()


def clear_ground() -> Bytes:
    """A transparent canvas."""
    return np.zeros((CANVAS_PX, CANVAS_PX, 4), np.uint8)


def laid_over(
    canvas_HWC: Bytes, sprite_HWC: Bytes, *, left: float, top: float, side: float
) -> Bytes:
    """Lay a sprite over a canvas; place and side are shares of the canvas."""
    side_px = round(side * CANVAS_PX)
    sprite = PillowImage.fromarray(sprite_HWC).resize(
        (side_px, side_px), PillowImage.Resampling.BICUBIC
    )
    canvas = PillowImage.fromarray(canvas_HWC)
    canvas.alpha_composite(sprite, (round(left * CANVAS_PX), round(top * CANVAS_PX)))
    return np.asarray(canvas)


def tinted(sprite_HWC: Bytes, word: str) -> Bytes:
    """The sprite in shades of one colour, its own light and dark kept in part."""
    grey_HW1 = (sprite_HWC[..., :3].astype(np.float32) @ [0.3, 0.59, 0.11])[..., None] / 255
    seen_HW = sprite_HWC[..., 3] >= 128
    level = float(np.median(grey_HW1[seen_HW])) if seen_HW.any() else 0.5
    shade_HW1 = np.clip(1 + 0.5 * (grey_HW1 - level), 0.6, 1.25)
    rgb_HWC = np.clip(colours.prototype(word) * shade_HW1, 0, 1)
    return np.concatenate([np.rint(rgb_HWC * 255).astype(np.uint8), sprite_HWC[..., 3:]], axis=2)


def arranged(sprites: Sequence[Bytes], rng: np.random.Generator, *, is_across: bool) -> Bytes:
    """Sprites of equal size beside each other, or above each other, on a transparent canvas.

    The first is left or above.
    """
    side = rng.uniform(0.41, 0.48) if len(sprites) == 2 else 0.31
    step = (1 - side) / (len(sprites) - 1)
    canvas_HWC = clear_ground()
    for number, sprite_HWC in enumerate(sprites):
        along, cross = number * step, (1 - side) / 2 + rng.uniform(-0.08, 0.08)
        left, top = (along, cross) if is_across else (cross, along)
        canvas_HWC = laid_over(canvas_HWC, sprite_HWC, left=left, top=top, side=side)
    return canvas_HWC


def repeated(sprite_HWC: Bytes, count: int, rng: np.random.Generator) -> Bytes:
    """One sprite 1 to 4 times on a transparent canvas, as people lay things out."""
    layouts = {
        1: (((0.5, 0.5),), 0.9),
        2: (((0.26, 0.5), (0.74, 0.5)), 0.46),
        3: (((0.26, 0.74), (0.74, 0.74), (0.5, 0.26)), 0.45),
        4: (((0.26, 0.26), (0.74, 0.26), (0.26, 0.74), (0.74, 0.74)), 0.45),
    }
    centres, side = layouts[count]
    side *= rng.uniform(0.9, 1.0)
    canvas_HWC = clear_ground()
    for x, y in centres:
        canvas_HWC = laid_over(
            canvas_HWC, sprite_HWC, left=x - side / 2, top=y - side / 2, side=side
        )
    return canvas_HWC
