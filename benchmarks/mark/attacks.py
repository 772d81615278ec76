"""What may happen to a marked picture between leaving us and being read."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageFilter

from limner.studio.background import lay_under

# Shapes: H height, W width, C channels (RGBA, straight alpha).

Bytes = NDArray[np.uint8]
Harm = Callable[[Bytes, np.random.Generator], Bytes]


class Attack(NamedTuple):
    """One harm.

    Attributes:
        is_geometric: it is read with the thorough search.
        is_promised: the issue asks that a mark outlives it at 512 px.
    """

    name: str
    harm: Harm
    is_geometric: bool = False
    is_promised: bool = False


def jpeg(quality: int) -> Harm:
    """Laid on white and saved as JPEG, colours at half size as usual."""
    return lambda image_HWC, _: _saved(lay_under(image_HWC, "#ffffff"), "JPEG", quality=quality)


def webp(quality: int) -> Harm:
    """Saved as lossy WebP, with its transparency."""
    return lambda image_HWC, _: _saved(image_HWC, "WEBP", quality=quality)


def resize(scale: float) -> Harm:
    """Made smaller or larger, as a browser or an editor does it."""

    def harm(image_HWC: Bytes, _: np.random.Generator) -> Bytes:
        picture = PillowImage.fromarray(image_HWC).convert("RGBa")
        size = round(picture.width * scale), round(picture.height * scale)
        picture = picture.resize(size, PillowImage.Resampling.LANCZOS)
        return np.asarray(picture.convert("RGBA"))

    return harm


def crop(share: float) -> Harm:
    """This share of each side kept, at a random place."""

    def harm(image_HWC: Bytes, rng: np.random.Generator) -> Bytes:
        height, width = (round(side * share) for side in image_HWC.shape[:2])
        top = int(rng.integers(image_HWC.shape[0] - height + 1))
        left = int(rng.integers(image_HWC.shape[1] - width + 1))
        return image_HWC[top : top + height, left : left + width].copy()

    return harm


def blur(sigma_px: float) -> Harm:
    """Gaussian blur."""
    return lambda image_HWC, _: _filtered(image_HWC, ImageFilter.GaussianBlur(sigma_px))


def noise(sigma: float) -> Harm:
    """Gaussian noise in every colour, in grey levels."""

    def harm(image_HWC: Bytes, rng: np.random.Generator) -> Bytes:
        noise_HWC = rng.normal(0, sigma, (*image_HWC.shape[:2], 3))
        return _recoloured(image_HWC, image_HWC[..., :3] + noise_HWC)

    return harm


def brightness(factor: float) -> Harm:
    """Every colour times a factor."""
    return lambda image_HWC, _: _recoloured(image_HWC, image_HWC[..., :3] * factor)


def rotate(degrees: float) -> Harm:
    """Turned about its middle at the same size; corners are cut off and filled with white."""

    def harm(image_HWC: Bytes, _: np.random.Generator) -> Bytes:
        picture = PillowImage.fromarray(lay_under(image_HWC, "#ffffff"))
        turned = picture.rotate(degrees, PillowImage.Resampling.BICUBIC, fillcolor="#ffffff")
        return np.asarray(turned)

    return harm


def on_ground(colour: str) -> Harm:
    """Laid on a plain ground."""
    return lambda image_HWC, _: lay_under(image_HWC, colour)


def in_turn(*harms: Harm) -> Harm:
    """One after the other."""

    def harm(image_HWC: Bytes, rng: np.random.Generator) -> Bytes:
        for one in harms:
            image_HWC = one(image_HWC, rng)
        return image_HWC

    return harm


def grey(image_HWC: Bytes, _: np.random.Generator) -> Bytes:
    """Without colour."""
    return np.asarray(PillowImage.fromarray(image_HWC).convert("LA").convert("RGBA"))


def palette(image_HWC: Bytes, _: np.random.Generator) -> Bytes:
    """At most 64 colours, as tools that shrink PNG files do."""
    picture = PillowImage.fromarray(lay_under(image_HWC, "#ffffff")).convert("RGB")
    few = picture.quantize(64, dither=PillowImage.Dither.NONE)
    return np.asarray(few.convert("RGBA"))


ATTACKS: tuple[Attack, ...] = (
    Attack("none", lambda image_HWC, _: image_HWC),
    Attack("laid on white", on_ground("#ffffff")),
    Attack("laid on black", on_ground("#000000")),
    Attack("JPEG 90", jpeg(90)),
    Attack("JPEG 75", jpeg(75)),
    Attack("JPEG 50", jpeg(50), is_promised=True),
    Attack("JPEG 30", jpeg(30)),
    Attack("WebP 80", webp(80)),
    Attack("size 75 %", resize(0.75)),
    Attack("size 50 %", resize(0.5), is_promised=True),
    Attack("size 25 %", resize(0.25)),
    Attack("size 50 % + JPEG 75", in_turn(resize(0.5), jpeg(75))),
    Attack("size 50 % + JPEG 50", in_turn(resize(0.5), jpeg(50)), is_promised=True),
    Attack("screenshot: 125 % + JPEG 80", in_turn(resize(1.25), jpeg(80))),
    Attack("blur 1 px", blur(1.0)),
    Attack("blur 2 px", blur(2.0)),
    Attack("median 3 x 3", lambda image_HWC, _: _filtered(image_HWC, ImageFilter.MedianFilter(3))),
    Attack("noise 5", noise(5)),
    Attack("noise 10", noise(10)),
    Attack("brightness x 0.7", brightness(0.7)),
    Attack("brightness x 1.3", brightness(1.3)),
    Attack("grey", grey),
    Attack("64 colours", palette),
    Attack("mirrored", lambda image_HWC, _: image_HWC[:, ::-1].copy()),
    Attack("turned 90", lambda image_HWC, _: np.rot90(image_HWC).copy()),
    Attack("crop 90 %", crop(0.9), is_geometric=True, is_promised=True),
    Attack("crop 75 %", crop(0.75), is_geometric=True, is_promised=True),
    Attack("crop 50 %", crop(0.5), is_geometric=True),
    Attack("crop 75 % + JPEG 75", in_turn(crop(0.75), jpeg(75)), is_geometric=True),
    Attack("tilted 1", rotate(1), is_geometric=True),
    Attack("tilted 2", rotate(2), is_geometric=True),
    Attack("tilted 5", rotate(5), is_geometric=True),
)


def _saved(image_HWC: Bytes, file_format: str, **options: int) -> Bytes:
    picture, buffer = PillowImage.fromarray(image_HWC), io.BytesIO()
    picture = picture.convert("RGB") if file_format == "JPEG" else picture
    picture.save(buffer, file_format, **options)
    return np.asarray(PillowImage.open(buffer).convert("RGBA"))


def _filtered(image_HWC: Bytes, kernel: ImageFilter.Filter) -> Bytes:
    picture = PillowImage.fromarray(image_HWC).convert("RGBa").filter(kernel)
    return np.asarray(picture.convert("RGBA"))


def _recoloured(image_HWC: Bytes, colours_HWC: NDArray[np.float64]) -> Bytes:
    changed_HWC = image_HWC.copy()
    changed_HWC[..., :3] = np.clip(np.rint(colours_HWC), 0, 255)
    return changed_HWC
