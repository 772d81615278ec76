"""Pictures for the tests of checks, made here so that their truth is known."""

import numpy as np
from PIL import Image, ImageFilter

from limner.core.judging import ImageSubject
from limner.core.records import Picture


def disc(side_px=256, ground=(0, 0, 0, 0), colour=(200, 30, 30, 255), radius=0.35) -> np.ndarray:
    """A disc of one colour in the middle; uint8 RGBA, drawn eight times as fine and shrunk."""
    fine = side_px * 4
    rows_H1, columns_1W = np.ogrid[:fine, :fine]
    inside_HW = np.hypot(rows_H1 - fine / 2, columns_1W - fine / 2) < radius * fine
    image_HWC = np.full((fine, fine, 4), ground, np.uint8)
    image_HWC[inside_HW] = colour
    return np.asarray(Image.fromarray(image_HWC).resize((side_px, side_px), Image.Resampling.BOX))


def blurred(image_HWC: np.ndarray, sigma_px: float) -> np.ndarray:
    return np.asarray(Image.fromarray(image_HWC).filter(ImageFilter.GaussianBlur(sigma_px)))


def subject(image_HWC: np.ndarray, **fields) -> ImageSubject:
    return ImageSubject(picture=Picture.of(np.ascontiguousarray(image_HWC)), **fields)
