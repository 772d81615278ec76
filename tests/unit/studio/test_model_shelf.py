from dataclasses import replace

import numpy as np
import pytest
from engine_forms import FORM

from limner.core.errors import BadInput
from limner.core.ports import Ability
from limner.core.recipe import UsedAdapter
from limner.core.records import AskedAdapter, Picture, Request
from limner.studio.model_shelf import ModelShelf
from limner.testing import PaintedGenerator


@pytest.fixture
def shelf(home):
    shelf = ModelShelf(home, lambda form: PaintedGenerator(card=form.card))
    shelf.keep(FORM)
    return shelf


@pytest.fixture
def studio(studio, shelf):
    studio.parts._open_model = shelf.open
    studio.parts._model_names = shelf.names
    return studio


def test_a_model_draws_under_its_name(studio):
    (image,) = studio.generate("a fox", seed=1, model="other-1.0")
    assert (image.recipe.generator, str(image.recipe.canvas)) == ("other-1.0", "32x32")


def test_without_a_name_the_default_draws(studio):
    (image,) = studio.generate("a fox", seed=1)
    assert image.recipe.generator == "painted"


def test_an_unknown_model_is_refused_with_the_names_there_are(studio):
    with pytest.raises(BadInput, match=r"Unknown model 'x'; allowed are painted, other-1.0\."):
        studio.generate("a fox", model="x")


def test_a_redrawn_image_is_drawn_by_its_own_model(studio, tmp_path):
    (image,) = studio.generate("a fox", seed=1, model="other-1.0")
    path = image.save(tmp_path / "fox.png")
    assert studio.redraw(path or tmp_path / "fox.png").comparison.is_same_drawing


def test_a_job_is_drawn_by_the_model_it_asks_for(studio):
    job = studio.jobs.submit(Request(prompt="a fox", model="other-1.0"), owner="ann")
    assert job.request["model"] == "other-1.0"


def test_a_changed_form_opens_anew(shelf):
    before = shelf.open("other-1.0")
    shelf.keep(replace(FORM, version="2"))
    assert (shelf.open("other-1.0").card.version, before.card.version) == ("2", "1")


def test_an_unchanged_form_gives_the_same_generator(shelf):
    assert shelf.open("other-1.0") is shelf.open("other-1.0")


def test_a_removed_model_is_unknown(shelf):
    shelf.remove("other-1.0")
    with pytest.raises(BadInput, match="Unknown model"):
        shelf.open("other-1.0")


def test_a_use_the_licence_does_not_allow_is_refused(studio, shelf):
    shelf.keep(replace(FORM, uses=("research",)))
    with pytest.raises(BadInput, match=r"The use is None; the licence of the model 'other-1.0'"):
        studio.generate("a fox", model="other-1.0")


def test_an_allowed_use_is_in_the_recipe(studio, shelf):
    shelf.keep(replace(FORM, uses=("research",)))
    (image,) = studio.generate("a fox", model="other-1.0", use="research")
    assert image.recipe.use == "research"


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"negative": "blur"}, "The negative prompt is 'blur'; the model 'other-1.0' takes none."),
        ({"background": "transparent"}, "The background is 'transparent'"),
    ],
)
def test_what_a_model_cannot_honour_is_refused_by_name(studio, shelf, asked, sentence):
    shelf.keep(replace(FORM, abilities=frozenset({Ability.SEED})))
    with pytest.raises(BadInput, match=sentence):
        studio.generate("a fox", model="other-1.0", **asked)


def test_adapters_are_in_the_recipe_with_their_hashes(studio):
    (image,) = studio.generate("a fox", seed=1, model="other-1.0", adapters=["ink=0.5"])
    assert image.recipe.adapters == (UsedAdapter("ink", 0.5, FORM.adapters["ink"].sha256, None),)


def test_an_adapter_with_a_picture_outlives_its_job(studio, shelf):
    grey = Picture.of(np.full((8, 8, 4), 99, np.uint8))
    asked = AskedAdapter(name="edges", picture=grey)
    request = Request(prompt="a fox", seed=1, model="other-1.0", adapters=(asked,))
    (image,) = studio.draw(request)
    assert image.recipe.adapters[0].picture_sha256 == grey.pixels_sha256
    assert studio.parts.store.read_source(grey.pixels_sha256) is not None


@pytest.mark.parametrize(
    ("adapter", "sentence"),
    [
        ("oil", "Unknown adapter 'oil'; allowed are ink, edges."),
        ("ink=9", "The weight of 'ink' is 9.0; allowed are -2 to 2."),
        ("ink=much", "The adapter is 'much'; allowed is NAME=WEIGHT."),
        ("edges", "The adapter 'edges' is a controlnet and needs a picture to go by."),
        ("=1", "The adapter is '=1'; allowed is NAME"),
    ],
)
def test_an_adapter_that_cannot_be_put_on_is_refused(studio, adapter, sentence):
    with pytest.raises(BadInput) as caught:
        studio.generate("a fox", model="other-1.0", adapters=[adapter])
    assert sentence in caught.value.message
