"""Pictures as they may come in from elsewhere: darker, blurred, noisy, saved as JPEG, resized.

What is on them stays the same, so whatever looks at them should say the same. How strong each
change is was chosen so that a person still sees at once what is shown. What comes out is opaque, on
white, as photographs and saved pictures are. The same picture always comes out the same.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageFilter

from limner.evals.suite import Way

# Shapes: H height, W width, C channels (RGBA, straight alpha).

LIGHT = 0.45  # of the light that is left
BLUR_SHARE = 0.006  # standard deviation of the blur, of the longer side
NOISE = 16.0  # standard deviation in 8-bit steps
JPEG_QUALITY = 25
SMALLER = 0.4  # of the side, before it is brought back to its size
CHANCE = 20261129  # where noise comes from

Bytes = NDArray[np.uint8]
Picture = PillowImage.Image


def arrived(image_HWC: Bytes, way: Way) -> Bytes:
    """A picture as it came in, of the same size.

    Args:
        image_HWC: uint8, RGBA.
        way: of `ARRIVALS`.
    """
    whole = PillowImage.fromarray(image_HWC, "RGBA")
    ground = PillowImage.new("RGBA", whole.size, (255, 255, 255, 255))
    came = _CHANGES[way](PillowImage.alpha_composite(ground, whole).convert("RGB"))
    return np.asarray(came.convert("RGBA"), np.uint8)


def _darker(picture: Picture) -> Picture:
    return picture.point(lambda value: value * LIGHT)


def _blurred(picture: Picture) -> Picture:
    return picture.filter(ImageFilter.GaussianBlur(BLUR_SHARE * max(picture.size)))


def _noisy(picture: Picture) -> Picture:
    pixels = np.asarray(picture, np.float32)
    noise = np.random.default_rng(CHANCE).normal(0, NOISE, pixels.shape)
    return PillowImage.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8), "RGB")


def _as_jpeg(picture: Picture) -> Picture:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return PillowImage.open(io.BytesIO(buffer.getvalue())).convert("RGB")


def _resized(picture: Picture) -> Picture:
    small = (max(1, round(picture.width * SMALLER)), max(1, round(picture.height * SMALLER)))
    bilinear = PillowImage.Resampling.BILINEAR
    return picture.resize(small, bilinear).resize(picture.size, bilinear)


_CHANGES: Mapping[Way, Callable[[Picture], Picture]] = {
    Way.DARKER: _darker,
    Way.BLURRED: _blurred,
    Way.NOISY: _noisy,
    Way.JPEG: _as_jpeg,
    Way.RESIZED: _resized,
}

ARRIVALS = frozenset(_CHANGES)
"""The ways that draw nothing anew: the picture that is there is changed."""
