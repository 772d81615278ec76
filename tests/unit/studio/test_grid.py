import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PillowImage

from limner.core.errors import BadInput
from limner.core.records import Size
from limner.studio.grid import Axis, parse_axis, sheet_of


@pytest.mark.parametrize(
    ("text", "axis"),
    [
        ("seed=1..4", Axis("seed", (1, 2, 3, 4))),
        ("seed=7", Axis("seed", (7,))),
        ("guidance=1,2.5", Axis("guidance", (1.0, 2.5))),
        ("prompt=a fox, big|a cat", Axis("prompt", ("a fox, big", "a cat"))),
        ("size=64,32x48", Axis("size", (Size(64, 64), Size(32, 48)))),
    ],
)
def test_an_axis_is_a_name_and_values(text, axis):
    assert parse_axis(text) == axis


@pytest.mark.parametrize(
    "text",
    [
        "seed",
        "seed=",
        "colour=red",
        "seed=a,b",
        "steps=1..99",
        "=1",
        "seed=4..1",
        f"seed=1..{'9' * 5000}",
    ],
)
def test_a_bad_axis_is_refused_by_name(text):
    with pytest.raises(BadInput, match="axis"):
        parse_axis(text)


def test_a_grid_of_combinations_is_refused_before_anything_is_drawn(studio, painter):
    with pytest.raises(BadInput, match="one picture a cell"):
        studio.grid("a {red|blue} fox", x="seed=1,2", combinations=True)
    assert painter.num_drawn == 0


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=32))
def test_listed_numbers_read_back(seeds):
    assert parse_axis("seed=" + ",".join(map(str, seeds))).values == tuple(seeds)


def test_labels_of_numbers_say_what_they_are():
    assert parse_axis("guidance=1,2.5").labels == ["guidance 1", "guidance 2.5"]


def test_a_grid_has_a_picture_for_every_pair(studio):
    grid = studio.grid("a fox", x="seed=1..3", y="style=plain,striped")
    made = [[(cell.seed, cell.recipe.style) for cell in row] for row in grid.cells]
    assert made == [
        [(1, "plain"), (2, "plain"), (3, "plain")],
        [(1, "striped"), (2, "striped"), (3, "striped")],
    ]


def test_everything_that_does_not_vary_is_equal(studio):
    grid = studio.grid("a fox", x="steps=1..3")
    assert len({cell.seed for cell in grid.cells[0]}) == 1


@pytest.mark.parametrize(
    "x",
    [
        "prompt=a fox|a cat",
        "negative=blur,noise",
        "style=plain,striped",
        "background=red,transparent",
        "sampler=brush",
        "seed=1,2",
        "steps=1,2",
        "guidance=1,2",
        "size=32,64",
    ],
)
def test_every_parameter_can_vary(studio, x):
    axis = parse_axis(x)
    assert len(studio.grid("a fox", x=x, seed=1).cells[0]) == len(axis.values)


def test_strength_can_vary(studio, photo):
    grid = studio.grid("a fox", x="strength=0.2,0.8", image=photo)
    assert [cell.recipe.strength for cell in grid.cells[0]] == [0.2, 0.8]


def test_nothing_is_drawn_when_one_value_is_refused(studio, painter):
    with pytest.raises(BadInput, match="Unknown style 'cubist'"):
        studio.grid("a fox", x="seed=1..3", y="style=plain,cubist")
    assert painter.num_drawn == 0


def test_a_grid_of_too_many_pictures_is_refused(studio):
    with pytest.raises(BadInput, match="has 90 pictures; allowed are up to 64"):
        studio.grid("a fox", x="seed=1..10", y="steps=1..9")


def test_axes_of_the_same_name_are_refused(studio):
    with pytest.raises(BadInput, match="Both axes vary the seed"):
        studio.grid("a fox", x="seed=1..2", y="seed=3..4")


def test_a_broken_cell_does_not_spoil_the_grid(studio, painter):
    painter.faults = {2: "flat"}
    grid = studio.grid("a fox", x="seed=1..3")
    assert [cell is None for cell in grid.cells[0]] == [False, True, False]
    assert "seed 2" in grid.errors[0].message


def test_the_sheet_names_the_images_on_it(studio):
    grid = studio.grid("a fox", x="seed=1..2")
    with PillowImage.open(io.BytesIO(grid.content)) as sheet:
        own = json.loads(sheet.info["limner"])
    assert own["images"] == [[cell.image_id for cell in grid.cells[0]]]


def test_a_contact_sheet_is_as_square_as_it_gets(studio):
    images = studio.generate("a fox", n=4, seed=1)
    with PillowImage.open(io.BytesIO(sheet_of(images))) as sheet:
        own = json.loads(sheet.info["limner"])
    assert [len(row) for row in own["images"]] == [2, 2]
