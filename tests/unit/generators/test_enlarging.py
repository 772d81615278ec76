"""Enlarging behind the port: the head's own pixels, no seam, stopped between parts."""

from dataclasses import replace

import numpy as np
import pytest
from enlarging import enlarged, sketch_of
from PIL import Image as PillowImage

from limner.core.errors import DrawingCancelled, PictureBroken
from limner.core.records import Size
from limner.generators.embedded.enlarging import open_head
from limner.generators.embedded.weights import Weights
from limner.generators.enlarging.lanczos import open_lanczos
from limner.testing import require_conforming


@pytest.fixture
def head(weights_folder):
    return open_head(weights=Weights(weights_folder), num_threads=1)


@pytest.mark.parametrize("size", [(8, 8), (1, 1), (13, 30), (60, 7)])
def test_a_picture_of_any_size_is_enlarged_without_a_seam(head, size):
    """The tiny head repeats every pixel, so the whole must be the picture repeated."""
    image_HWC = np.random.default_rng(0).integers(0, 256, (*size, 4), np.uint8)
    image_HWC[..., 3] = 255
    large_HWC = enlarged(head, image_HWC, 4).image_HWC
    assert head.card.factors == (4,)
    assert np.array_equal(large_HWC, image_HWC.repeat(4, axis=0).repeat(4, axis=1))


def test_what_is_transparent_stays_so(head):
    image_HWC = np.full((9, 9, 4), 200, np.uint8)
    image_HWC[:, 4:, 3] = 0
    large_HWC = enlarged(head, image_HWC, 4).image_HWC
    assert (large_HWC[:, 16:, 3].max(), large_HWC[:, :16, 3].min()) == (0, 200)


def test_its_ingredients_are_the_heads_files(head):
    assert sorted(head.card.ingredients) == ["enlarge.bin", "enlarge.xml"]


def test_the_packaged_head_doubles_a_picture_and_keeps_its_looks():
    steps = np.linspace(0, 255, 100).astype(np.uint8)
    image_HWC = np.dstack([np.tile(steps, (90, 1))] * 3 + [np.full((90, 100), 255, np.uint8)])
    packaged = open_head(num_threads=1)
    assert packaged.card.factors == (2, 4)
    drawn = enlarged(packaged, image_HWC, 2)
    assert drawn.image_HWC.shape == (180, 200, 4)
    assert np.abs(drawn.image_HWC[::2, ::2, :3].astype(int) - image_HWC[..., :3]).mean() < 6
    assert (drawn.execution.engine, drawn.execution.num_forwards) == ("openvino", 1)


def test_what_is_not_a_number_is_no_picture(head, monkeypatch):
    class Broken:
        def enlarge(self, small_NCHW):
            return np.full((len(small_NCHW), 4, 32, 32), np.nan, np.float32)

    monkeypatch.setattr("limner.generators.embedded.enlarging.open_networks", lambda *_: Broken())
    with pytest.raises(PictureBroken, match="not a number"):
        enlarged(head, np.zeros((4, 4, 4), np.uint8), 4)


def test_lanczos_is_pillows_own(photo):
    with PillowImage.open(photo) as opened:
        before = opened.convert("RGBA")
    expected = before.resize((160, 120), PillowImage.Resampling.LANCZOS)
    drawn = enlarged(open_lanczos(), np.asarray(before), 4)
    assert np.array_equal(drawn.image_HWC, np.asarray(expected))


def test_it_is_told_part_by_part_and_stops_between_two(head):
    image_HWC = np.full((60, 60, 4), 255, np.uint8)
    told = []
    enlarged(head, image_HWC, 4, on_step=told.append)
    assert [one.step for one in told] == list(range(1, told[0].num_steps + 1))
    assert len(told) > 2
    told.clear()
    with pytest.raises(DrawingCancelled):
        enlarged(head, image_HWC, 4, on_step=told.append, is_cancelled=lambda: bool(told))
    assert len(told) == 1


def test_both_ways_to_enlarge_keep_what_every_engine_keeps(head):
    for generator in (open_lanczos(), head):
        tried = {one.fact: one.holds for one in require_conforming(generator)}
        assert tried["cancelled-before-the-first-step"] is True
        assert tried["facts-are-complete"] is True


def test_a_sketch_says_its_factor_by_its_canvas():
    image_HWC = np.full((3, 5, 4), 255, np.uint8)
    sketch = replace(sketch_of(image_HWC, 2), canvas=Size(20, 12))
    (drawn,) = open_lanczos().generate(open_lanczos().prepare(sketch), [0])
    assert drawn.image_HWC.shape == (12, 20, 4)
