import json
from dataclasses import replace

import numpy as np
import pytest
from painted_limner import WHOLE, painted_studio
from PIL import Image as PillowImage
from PIL.PngImagePlugin import PngInfo
from recipes import RECIPE

from limner.core.errors import BadInput, RecipeMissing
from limner.core.records import Size
from limner.core.settings import read_settings
from limner.studio.image_file import encode_image
from limner.studio.redraw import find_changes, measure_difference, parse_recipe


@pytest.fixture
def stranger(tmp_path, painter):
    """A studio on another machine: the same generator, an empty data folder."""
    settings = read_settings(
        default_home=tmp_path / "elsewhere",
        environment={"LIMNER_CRITERIA": str(WHOLE), "LIMNER_MARK": "false"},
    )
    with painted_studio(settings, painter) as opened:
        yield opened


def drawn(studio, tmp_path, **options):
    (image,) = studio.generate("a fox", seed=3, **options)
    return image.save(tmp_path / "fox")


@pytest.mark.parametrize("file_format", ["png", "webp", "jpeg"])
def test_what_was_drawn_here_before_leaves_as_the_same_file(studio, tmp_path, file_format):
    path = drawn(studio, tmp_path, file_format=file_format)
    assert studio.redraw(path).comparison.is_same_file


@pytest.mark.parametrize("file_format", ["png", "webp", "jpeg"])
def test_the_same_generator_draws_the_same_pixels_elsewhere(
    studio, stranger, tmp_path, file_format
):
    path = drawn(studio, tmp_path, file_format=file_format)
    redrawn = stranger.redraw(path)
    assert redrawn.comparison.is_same_pixels
    assert redrawn.image.image_id == studio.redraw(path).image.image_id


def test_a_changed_picture_differs_by_as_much_as_it_was_changed(studio, tmp_path):
    path = drawn(studio, tmp_path)
    with PillowImage.open(path) as picture:
        image_HWC = np.array(picture)
        texts = picture.info
    image_HWC[0, 0] = (0, 0, 0, 40)
    chunks = PngInfo()
    chunks.add_itxt("limner", texts["limner"])
    PillowImage.fromarray(image_HWC).save(path, pnginfo=chunks)
    assert studio.redraw(path).comparison.max_difference == 40


def test_another_ingredient_is_named(studio, stranger, painter, tmp_path):
    path = drawn(studio, tmp_path)
    painter.card = replace(painter.card, ingredients={"brush": "sha256:" + "1" * 64})
    changes = stranger.redraw(path).comparison.changes
    assert [change.name for change in changes] == ["ingredients.brush"]


def test_a_picture_without_recipe_is_refused(studio, photo):
    with pytest.raises(RecipeMissing, match="has no recipe inside, and none is stored"):
        studio.redraw(photo)


def test_a_picture_stripped_of_its_recipe_is_known_by_its_pixels(studio, tmp_path):
    path = drawn(studio, tmp_path)
    with PillowImage.open(path) as picture:
        bare = PillowImage.fromarray(np.array(picture))
    bare.save(tmp_path / "bare.png")
    shown = studio.show(tmp_path / "bare.png")
    assert (shown.found_in, shown.recipe.seed) == ("store, by its pixels", 3)


def test_a_picture_drawn_from_another_is_drawn_again_from_what_was_kept(studio, photo, tmp_path):
    path = drawn(studio, tmp_path, image=photo, strength=0.5)
    photo.unlink()
    assert studio.redraw(path).comparison.is_same_file


def test_a_repainted_picture_is_drawn_again(studio, photo, tmp_path):
    PillowImage.new("L", (40, 30), 255).save(tmp_path / "mask.png")
    path = drawn(studio, tmp_path, image=photo, mask=tmp_path / "mask.png")
    assert studio.redraw(path).comparison.is_same_file


def test_a_source_that_was_never_kept_here_is_asked_for(studio, stranger, photo, tmp_path):
    path = drawn(studio, tmp_path, image=photo)
    with pytest.raises(RecipeMissing, match="is not kept in this data folder"):
        stranger.redraw(path)


def test_a_source_can_be_given(studio, stranger, photo, tmp_path):
    path = drawn(studio, tmp_path, image=photo)
    assert stranger.redraw(path, source_path=photo).comparison.is_same_pixels


def test_another_source_than_the_recipe_says_is_refused(studio, stranger, photo, tmp_path):
    path = drawn(studio, tmp_path, image=photo)
    PillowImage.new("RGB", (40, 30), "red").save(tmp_path / "other.png")
    with pytest.raises(BadInput, match="the recipe started from"):
        stranger.redraw(path, source_path=tmp_path / "other.png")


def test_measure_difference_of_equal_pictures_has_no_psnr():
    image_HWC = np.full((2, 2, 4), 7, np.uint8)
    assert measure_difference(image_HWC, image_HWC) == (0, None)


def test_measure_difference_gives_psnr_in_decibels():
    first_HWC, second_HWC = np.zeros((2, 2, 4), np.uint8), np.full((2, 2, 4), 255, np.uint8)
    assert measure_difference(first_HWC, second_HWC) == (255, pytest.approx(0.0))


def test_find_changes_names_a_version():
    now = replace(RECIPE, versions={"limner": "0.0.1"})
    assert find_changes(RECIPE, now) == (("versions.limner", "0.0.0", "0.0.1"),)


@pytest.mark.parametrize(
    "change",
    [{"steps": "many"}, {"prompt": 7}, {"ingredients": {"a": 1}}, {"seed": None}, {"format": "x"}],
)
def test_json_that_is_no_recipe_is_not_taken_for_one(change):
    document = json.loads(json.dumps(RECIPE.to_document() | change))
    assert parse_recipe(document) is None


def with_recipe(path, size, changes, without=()):
    document = {**RECIPE.to_document(), **changes}
    chunks = PngInfo()
    chunks.add_itxt("limner", json.dumps({k: document[k] for k in document if k not in without}))
    PillowImage.new("RGBA", size, (1, 2, 3, 255)).save(path, pnginfo=chunks)
    return path


@pytest.mark.parametrize(
    ("changes", "without", "sentence"),
    [
        ({"format": "limner.recipe/2"}, (), "its format is 'limner.recipe/2', and allowed is"),
        ({"lens": 2}, (), "it has the field 'lens', which is not known here"),
        ({"steps": 2.5}, (), "something in it is missing or not allowed"),
        ({}, ("seed",), "something in it is missing or not allowed"),
    ],
)
def test_a_recipe_that_cannot_be_read_is_not_said_to_be_missing(
    studio, tmp_path, changes, without, sentence
):
    path = with_recipe(tmp_path / "foreign.png", RECIPE.size, changes, without)
    with pytest.raises(RecipeMissing, match="has a recipe that cannot be read") as refused:
        studio.redraw(path)
    assert sentence in refused.value.message


def test_an_enlarged_picture_whose_recipe_names_no_first_one_is_refused(studio, tmp_path):
    changes = {"operation": "enlarge", "source_sha256": None}
    path = with_recipe(tmp_path / "enlarged.png", RECIPE.size, changes)
    with pytest.raises(RecipeMissing, match="does not say which"):
        studio.redraw(path)


def test_a_picture_that_was_resized_since_is_refused_before_it_is_drawn(studio, painter, tmp_path):
    path = drawn(studio, tmp_path)
    with PillowImage.open(path) as picture:
        chunks = PngInfo()
        chunks.add_itxt("limner", picture.info["limner"])
        picture.resize((20, 30)).save(path, pnginfo=chunks)
    with pytest.raises(BadInput, match="is 20x30, and its recipe drew 64x64"):
        studio.redraw(path)
    assert painter.num_drawn == 1


def test_a_forged_recipe_is_held_to_the_same_limits(studio, tmp_path):
    recipe = replace(studio.generate("a fox", seed=3)[0].recipe, size=Size(9000, 9))
    path = tmp_path / "forged.png"
    path.write_bytes(encode_image(np.zeros((9, 9000, 4), np.uint8), "png", recipe))
    with pytest.raises(BadInput, match="The size is 9000x9"):
        studio.redraw(path)


def test_variations_take_prompt_and_style_from_the_recipe(studio, tmp_path):
    path = drawn(studio, tmp_path, style="striped")
    recipe = studio.variations(path, n=1, seed=9)[0].recipe
    assert (recipe.prompt, recipe.style, recipe.seed) == ("a fox", "striped", 9)


def test_variations_of_a_picture_without_recipe_need_a_prompt(studio, photo):
    with pytest.raises(BadInput, match="has no recipe to take a prompt from"):
        studio.variations(photo)


def test_variations_start_from_the_picture(studio, photo):
    (image,) = studio.variations(photo, "a fox", n=1, strength=0.5)
    assert image.recipe.source_sha256 is not None
