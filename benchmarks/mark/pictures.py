"""The pictures the mark is measured on: photographs, flat art, and drawings of the model inside.

Photographs are those in the wheel of scikit-image (BSD-3-Clause; extra ``benchmarks``). Flat art is
the training renders where they are present (``LIMNER_TRAINING_DIR``), else the held-out pictures of
this repository enlarged from 64 pixels; which it was is printed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from training.data.__main__ import default_work
from training.data.sprites import open_sprites, sprite_path

from benchmarks.quality.held_out import held_out
from benchmarks.quality.specification import seen_concepts
from limner.core.drawing import Sketch
from limner.core.records import Operation
from limner.generators.embedded import EmbeddedGenerator
from limner.studio.background import lay_under

# Shapes: N pictures, H height, W width, C channels (RGBA, straight alpha).

Bytes = NDArray[np.uint8]

# Those whose own licence is stated there: public domain, CC0, or no known restrictions.
PHOTOGRAPHS = (
    "astronaut.png brick.png camera.png cell.png chelsea.png clock_motion.png coffee.png coins.png "
    "grass.png gravel.png hubble_deep_field.jpg ihc.png retina.jpg rocket.jpg"
).split()
GROUNDS = ("#ffffff", "#78b4e6", "#ffffff", "#28283c", "#ffd23c", "#d8d8d8", "#3ca050", "#000000")
SPRITE_PX = 256


class PicturesMissing(Exception):
    """The extra that a benchmark needs is not installed."""


@cache
def photographs(short_side_px: int | None = None) -> tuple[Bytes, ...]:
    """Fourteen photographs, grey ones among them, whole; as they are, or at a size."""
    try:
        from skimage import data
    except ImportError as error:
        raise PicturesMissing("Photographs need: pip install 'limner[benchmarks]'") from error
    folder = Path(data.__file__).parent
    pictures: list[Bytes] = []
    for name in PHOTOGRAPHS:
        with PillowImage.open(folder / name) as picture:
            picture = picture.convert("RGBA")
            if short_side_px is not None:
                scale = short_side_px / min(picture.size)
                size = tuple(round(side * scale) for side in picture.size)
                picture = picture.resize(size, PillowImage.Resampling.LANCZOS)
            pictures.append(np.asarray(picture))
    return tuple(pictures)


@cache
def flat_art_source() -> str:
    """Where flat art comes from here, in words."""
    work = default_work()
    if sprite_path(work, SPRITE_PX).exists():
        return f"{len(open_sprites(work, SPRITE_PX))} training renders of 256 px"
    return f"{len(held_out())} held-out pictures enlarged from 64 px (no training renders here)"


def flat_art(num_pictures: int, rng: np.random.Generator, side_px: int = 256) -> list[Bytes]:
    """Icons and emoji on transparent ground, drawn at random without repeats."""
    return list(each_flat(num_pictures, rng, side_px))


def on_grounds(pictures: Sequence[Bytes]) -> list[Bytes]:
    """The pictures on plain grounds, opaque; white comes oftenest."""
    return [on_ground(picture_HWC, number) for number, picture_HWC in enumerate(pictures)]


def on_ground(picture_HWC: Bytes, number: int) -> Bytes:
    """A picture on the plain ground that comes at this place."""
    return lay_under(picture_HWC, GROUNDS[number % len(GROUNDS)])


def drawings(num_pictures: int, *, is_transparent: bool) -> list[Bytes]:
    """What the model inside draws at its own size, without a mark."""
    generator = EmbeddedGenerator()
    card = generator.card
    concepts = seen_concepts()
    pictures: list[Bytes] = []
    for number in range(num_pictures):
        sketch = Sketch(
            operation=Operation.TEXT,
            prompt=concepts[number * len(concepts) // num_pictures].prompt,
            negative="",
            style=card.styles[number % len(card.styles)],
            steps=card.steps.default,
            guidance=card.guidance.default,
            sampler=card.samplers[0],
            canvas=card.canvases[0],
            is_transparent=is_transparent,
        )
        pictures += [
            one.image_HWC for one in generator.generate(generator.prepare(sketch), [number])
        ]
    return pictures


def each_flat(num_pictures: int, rng: np.random.Generator, side_px: int = 256) -> Iterator[Bytes]:
    """`flat_art`, one at a time; fewer where there are not so many."""
    work = default_work()
    if sprite_path(work, SPRITE_PX).exists():
        sprites_NHWC = open_sprites(work, SPRITE_PX)
        for index in rng.permutation(len(sprites_NHWC))[:num_pictures]:
            yield _enlarged(sprites_NHWC[index], side_px)
    else:
        pictures = held_out()
        for index in rng.permutation(len(pictures))[:num_pictures]:
            straight_HWC = pictures[index].image_HWC.astype(np.uint16)
            colour_HWC = straight_HWC[..., :3] * straight_HWC[..., 3:] // 255
            pixels_HWC = np.concatenate([colour_HWC, straight_HWC[..., 3:]], axis=2)
            yield _enlarged(pixels_HWC.astype(np.uint8), side_px)


def _enlarged(premultiplied_HWC: Bytes, side_px: int) -> Bytes:
    picture = PillowImage.fromarray(np.ascontiguousarray(premultiplied_HWC), "RGBa")
    if side_px != picture.width:
        picture = picture.resize((side_px, side_px), PillowImage.Resampling.LANCZOS)
    return np.asarray(picture.convert("RGBA"))
