import dataclasses
from pathlib import Path

import pytest
from benchmarks.quality.drawing import FIRST_SEED, StudioDrawing
from benchmarks.quality.specification import Asked
from painted_limner import painted_studio

from limner.core.settings import read_settings
from limner.testing import PaintedGenerator

FOX = Asked(prompt="a fox", concept="fox", style="striped")


@pytest.fixture
def painter() -> PaintedGenerator:
    return PaintedGenerator()


@pytest.fixture
def drawing(tmp_path: Path, painter: PaintedGenerator):
    settings = read_settings(default_home=tmp_path, environment={})
    with painted_studio(settings, painter) as studio:
        yield StudioDrawing(studio)


def test_one_picture_is_drawn_for_every_seed(drawing):
    assert [picture.shape[2] for picture in drawing.draw(FOX, 3)] == [4, 4, 4]


def test_pictures_of_other_seeds_differ(drawing):
    first, second = drawing.draw(FOX, 2)
    assert (first != second).any()


def test_a_broken_picture_is_none_in_its_place(drawing, painter):
    painter.faults = {FIRST_SEED + 1: "flat"}
    assert [picture is None for picture in drawing.draw(FOX, 3)] == [False, True, False]


def test_a_style_the_generator_has_is_asked_for(drawing):
    plain = dataclasses.replace(FOX, style="plain")
    assert (drawing.draw(FOX, 1)[0] != drawing.draw(plain, 1)[0]).any()


def test_a_style_the_generator_lacks_is_left_out(drawing):
    unknown, none = (dataclasses.replace(FOX, style=style) for style in ("baroque", ""))
    assert (drawing.draw(unknown, 1)[0] == drawing.draw(none, 1)[0]).all()
