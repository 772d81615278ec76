"""Our PNG writer: what Pillow reads is what was written, whatever the picture."""

import io

import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL.PngImagePlugin import PngInfo

from limner.studio.png_file import write_png

RNG = np.random.default_rng(0)


def picture(height_px, width_px):
    """Noise over a slope, with every value of alpha."""
    slope = np.arange(height_px * width_px * 4).reshape(height_px, width_px, 4) // 3
    return (slope + RNG.integers(0, 9, slope.shape)).astype(np.uint8)


def opened(content):
    with PillowImage.open(io.BytesIO(content)) as read:
        read.load()
        return read


@pytest.mark.parametrize("sides", [(1, 1), (1, 7), (7, 1), (3, 2), (64, 80)])
def test_every_pixel_comes_back(sides):
    image_HWC = picture(*sides)
    read = opened(write_png(image_HWC, PngInfo()))
    assert read.mode == "RGBA"
    assert np.array_equal(np.asarray(read), image_HWC)


def test_extreme_values_next_to_each_other_come_back():
    image_HWC = np.where(RNG.random((16, 16, 4)) < 0.5, 0, 255).astype(np.uint8)
    assert np.array_equal(np.asarray(opened(write_png(image_HWC, PngInfo()))), image_HWC)


def test_a_picture_that_is_a_view_of_another_is_written_as_it_looks():
    flipped_HWC = picture(9, 8)[::-1, ::-1]
    assert np.array_equal(np.asarray(opened(write_png(flipped_HWC, PngInfo()))), flipped_HWC)


def test_texts_come_back_before_the_pixels_are_read():
    texts = PngInfo()
    texts.add_text("parameters", "a fox, naïve\nSteps: 8")
    texts.add_itxt("limner", '{"prompt": "狐"}')
    with PillowImage.open(io.BytesIO(write_png(picture(8, 8), texts))) as read:
        assert read.info["parameters"] == "a fox, naïve\nSteps: 8"
        assert read.info["limner"] == '{"prompt": "狐"}'


def test_it_is_hardly_larger_than_what_pillow_writes():
    image_HWC = np.zeros((64, 64, 4), np.uint8)
    image_HWC[16:48, 16:48] = (200, 80, 30, 255)
    image_HWC[..., 1] += np.arange(64, dtype=np.uint8)
    buffer = io.BytesIO()
    PillowImage.fromarray(image_HWC, "RGBA").save(buffer, "PNG")
    assert len(write_png(image_HWC, PngInfo())) < 1.5 * len(buffer.getvalue())
