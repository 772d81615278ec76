import pytest

from limner.core.access import Principal, Scope
from limner.core.errors import BadInput, NotFound
from limner.core.records import Size
from limner.faces.pages.drawing import BLANK, fields_of, keep_picture, read_back, read_drawing
from limner.studio.image_file import encode_plain_png
from limner.studio.picture_file import read_picture
from limner.studio.studio import Studio

ADA = Principal(name="ada", scopes=frozenset({Scope.GENERATE}), token_id="t")
BEN = Principal(name="ben", scopes=frozenset({Scope.GENERATE}), token_id="t")


def drawing(studio: Studio, viewer: Principal = ADA, **said: str):
    return read_drawing(studio.parts, viewer, {"prompt": "a fox", **said})


def test_an_untouched_form_leaves_everything_open(studio: Studio):
    request = drawing(studio).request
    assert (request.seed, request.steps, request.size, request.style) == (None, None, None, None)


def test_every_field_is_read(studio: Studio):
    request = drawing(
        studio, n="3", seed="7", size="32x48", style="plain", steps="9", guidance="2.5"
    ).request
    assert (request.num_images, request.seed, request.size) == (3, 7, Size(32, 48))
    assert (request.style, request.steps, request.guidance) == ("plain", 9, 2.5)


def test_the_form_says_which_model_draws(studio: Studio):
    assert (drawing(studio).request.model, drawing(studio, model="x").request.model) == (None, "x")


@pytest.mark.parametrize(
    ("name", "value"),
    [("n", "many"), ("seed", "1.5"), ("steps", "x"), ("guidance", "high"), ("size", "big")],
)
def test_a_field_that_cannot_be_read_is_named_with_its_value(studio: Studio, name, value):
    with pytest.raises(BadInput, match=repr(value)):
        drawing(studio, **{name: value})


def test_a_format_that_is_not_written_is_refused(studio: Studio):
    with pytest.raises(BadInput, match="gif"):
        drawing(studio, format="gif")


def test_a_recipe_fills_the_form_so_that_it_draws_the_same(studio: Studio):
    (image,) = studio.generate("a fox", seed=5, style="plain", background="#102030", steps=3)
    said = fields_of(image.recipe)
    request = read_drawing(studio.parts, ADA, said).request
    (again,) = studio.draw(request)
    assert again.image_id == image.image_id


def test_the_form_of_a_recipe_has_the_fields_of_the_blank_one(studio: Studio):
    (image,) = studio.generate("a fox")
    assert fields_of(image.recipe).keys() == BLANK.keys()


def test_nobody_starts_from_a_picture_another_gave(studio: Studio, photo):
    picture = keep_picture(studio.parts, ADA, photo.read_bytes(), "photo.png")
    assert drawing(studio, start=picture.pixels_sha256).request.source is not None
    with pytest.raises(NotFound):
        drawing(studio, BEN, start=picture.pixels_sha256)


def test_a_mask_that_is_no_png_is_refused(studio: Studio, photo):
    picture = keep_picture(studio.parts, ADA, photo.read_bytes(), "photo.png")
    with pytest.raises(BadInput, match="Nothing is marked"):
        drawing(studio, start=picture.pixels_sha256, mode="edit", mask="https://example.org/x")


def test_a_stripped_copy_of_anothers_image_gives_no_recipe(studio: Studio, tmp_path):
    studio.parts.requester = "ada"
    (image,) = studio.generate("a fox", seed=5)
    path = image.save(tmp_path / "fox.png")
    stripped = encode_plain_png(read_picture(path, 64).image_HWC)
    assert read_back(studio.parts, ADA, stripped, "x").recipe is not None
    assert read_back(studio.parts, BEN, stripped, "x").recipe is None
