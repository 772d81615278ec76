"""Integrity: whether a picture is one at all. Finite, right size, not empty, flat or black.

Criteria may set its limits, but never leave it out: what fails it shows nothing. It does not judge
whether the picture shows what was asked.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from limner.core.hashing import sha256_of_pixels
from limner.core.judging import Better, CheckCard, Finding, ImageSubject, Limits

# Shapes: H height, W width, C channels (RGBA, straight alpha).

NAME = "integrity"
FLAT_RANGE = 2  # largest difference per channel, 0-255, of a picture that shows nothing
BLACK_LEVEL = 8  # largest channel value, 0-255, of a picture that is black

CARD = CheckCard(
    name=NAME,
    version="1",
    question="Is this a whole picture of something?",
    better=Better.HIGHER,
    limits=Limits(pass_at=1.0, fail_at=0.0),
)


class Integrity:
    """1.0 for a sound picture, 0.0 for a broken one."""

    @property
    def card(self) -> CheckCard:
        """What this check is."""
        return CARD

    def measure(self, subject: ImageSubject) -> Finding:
        """Look for a fault; the note names it."""
        fault = find_fault(subject.image_HWC, subject.expected_size, is_finite=subject.is_finite)
        if fault is None and sha256_of_pixels(subject.image_HWC) != subject.picture.pixels_sha256:
            fault = "not the one its hash names"
        if fault is None:
            return Finding(score=1.0)
        return Finding(score=0.0, notes=(f"The picture is {fault}.",))


def find_fault(
    image_HWC: NDArray[np.uint8], size: tuple[int, int] | None = None, *, is_finite: bool
) -> str | None:
    """What is wrong with a picture, in a word or two; ``None`` if nothing is.

    Args:
        image_HWC: should be uint8, RGBA, straight alpha.
        size: width and height it must have; ``None`` allows any from 1 x 1.
        is_finite: no value was NaN or infinite before rounding to uint8.
    """
    if not is_finite:
        return "not finite"
    shape = image_HWC.shape if size is None else (size[1], size[0], 4)
    if image_HWC.dtype != np.uint8 or image_HWC.shape != shape or not _is_rgba(image_HWC):
        return f"misshapen ({image_HWC.dtype} {image_HWC.shape})"
    alpha_HW = np.ascontiguousarray(image_HWC[..., 3])
    least_alpha = alpha_HW.min()
    if alpha_HW.max() <= FLAT_RANGE:
        return "empty (fully transparent)"
    seen_HWC = image_HWC if least_alpha > 0 else _seen(image_HWC, alpha_HW)
    # One axis after the other: thirty times as fast as both at once.
    highest_C, lowest_C = seen_HWC.max(axis=0).max(axis=0), seen_HWC.min(axis=0).min(axis=0)
    if (highest_C - lowest_C).max() <= FLAT_RANGE:
        return "flat (one colour)"
    if least_alpha == 255 and highest_C[:3].max() <= BLACK_LEVEL:
        return "black"
    return None


def _seen(image_HWC: NDArray[np.uint8], alpha_HW: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture with clear pixels all 0; a pixel at a time, as one number of 32 bits."""
    pixels_HW = np.ascontiguousarray(image_HWC).view(np.uint32)[..., 0]
    seen_HW = np.where(alpha_HW > 0, pixels_HW, np.uint32(0))
    return seen_HW.view(np.uint8).reshape(image_HWC.shape)


def _is_rgba(image_HWC: NDArray[np.uint8]) -> bool:
    return image_HWC.ndim == 3 and image_HWC.shape[2] == 4 and image_HWC.size > 0
