"""Two passes: what is drawn, what the recipe says, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from painted_limner import painted_studio

from limner.core.errors import BadInput
from limner.core.recipe import Recipe
from limner.core.records import DRAWING, Operation, Size
from limner.studio.parameters_text import format_parameters
from limner.testing import PAINTED_CARD, PaintedGenerator

TWO_CANVASES = replace(PAINTED_CARD, canvases=(Size(64, 64), Size(96, 48), Size(128, 128)))


class Noting(PaintedGenerator):
    """Keeps the sketches it was asked to draw; like an engine's process it draws one at a time."""

    is_drawing = False

    def prepare(self, sketch):
        assert not self.is_drawing, "the engine is in the middle of a drawing"
        return super().prepare(sketch)

    def generate(self, plan, seeds, **watch):
        self.__dict__.setdefault("sketches", []).append(plan.sketch)
        self.is_drawing = True
        yield from super().generate(plan, seeds, **watch)
        self.is_drawing = False


@pytest.fixture
def noting():
    return Noting(card=TWO_CANVASES)


@pytest.fixture
def two_passes(settings, noting):
    with painted_studio(settings, noting) as opened:
        yield opened


def test_what_was_drawn_small_is_enlarged_and_drawn_over(two_passes, noting):
    (image,) = two_passes.generate("a red fox", size="128", seed=3, second_pass=0.5)
    first, second = noting.sketches
    assert (first.operation, first.canvas) == (Operation.TEXT, Size(64, 64))
    assert (second.operation, second.canvas) == (Operation.IMAGE, Size(128, 128))
    assert (second.strength, second.source_HWC.shape) == (0.5, (128, 128, 4))
    assert image.recipe.size == image.recipe.canvas == Size(128, 128)
    assert image.recipe.operation is Operation.TEXT


def test_the_recipe_says_both_passes_and_comes_back_from_json(two_passes):
    (image,) = two_passes.generate("a red fox", size="128", seed=3, second_pass=0.5)
    recipe = image.recipe
    assert recipe.second_pass == (Size(64, 64), 0.5, "lanczos")
    assert recipe.steps_run > recipe.steps
    assert Recipe.from_document(recipe.to_document()) == recipe
    assert "Hires resize: 128x128" in format_parameters(recipe)


def test_it_is_drawn_again_to_the_same_pixels(two_passes, tmp_path):
    (image,) = two_passes.generate("a red fox", size="128", seed=3, second_pass=0.5)
    path = tmp_path / "fox.png"
    path.write_bytes(image.content)
    assert two_passes.redraw(path).comparison.is_same_pixels


def test_a_job_draws_both_passes_too(two_passes, noting):
    from limner.core.records import Request
    from limner.studio.request_document import document_of, request_of

    asked = Request(prompt="a fox", second_pass=0.4)
    kept = request_of(document_of(asked, None, None), lambda *_: None, 64)
    assert kept.second_pass == 0.4


def test_one_pass_is_as_it_was(two_passes, noting):
    (image,) = two_passes.generate("a red fox", size="128", seed=3)
    assert (len(noting.sketches), image.recipe.second_pass) == (1, None)
    assert "second_pass" not in image.recipe.to_document()


@pytest.mark.parametrize(
    ("changes", "options", "sentence"),
    [
        ({"canvases": (Size(64, 64),)}, {}, "can draw no second pass"),
        ({"operations": DRAWING - {Operation.IMAGE}}, {}, "can draw no second pass"),
        ({}, {"size": "96x48"}, "can draw no second pass at the shape of 96x48"),
        (
            {},
            {"size": "64"},
            "The size is 64x64, and .* allowed .* is a larger size, up to 128x128",
        ),
        ({}, {"second_pass": 1.5}, "The second pass is 1.5; allowed are 0 to 1"),
        ({}, {"second_pass": float("nan")}, "The second pass is nan"),
    ],
)
def test_what_cannot_be_done_is_refused_before_drawing(settings, changes, options, sentence):
    noting = Noting(card=replace(TWO_CANVASES, **changes))
    with painted_studio(settings, noting) as studio, pytest.raises(BadInput, match=sentence):
        studio.generate("a red fox", **{"size": "128", "second_pass": 0.5, **options})
    assert noting.num_drawn == 0


@pytest.mark.parametrize(
    ("size", "canvas"), [("80", "96x96"), ("96", "96x96"), ("300", "320x320"), (None, "128x128")]
)
def test_where_larger_canvases_are_drawn_the_second_is_the_least_that_will_do(
    settings, size, canvas
):
    any_size = replace(PAINTED_CARD, canvases=(Size(64, 64),), canvas_step_px=32)
    noting = Noting(card=any_size)
    with painted_studio(settings, noting) as studio:
        (image,) = studio.generate("a red fox", size=size, seed=3, second_pass=0.5)
    assert [str(one.canvas) for one in noting.sketches] == ["64x64", canvas]
    assert str(image.recipe.size) == (f"{size}x{size}" if size else canvas)


def test_a_picture_to_start_from_and_a_second_pass_do_not_go_together(two_passes, photo):
    with pytest.raises(BadInput, match="allowed is one of them"):
        two_passes.generate("a fox", image=photo, second_pass=0.5)


def test_every_seed_has_a_second_pass_of_its_own(two_passes, noting):
    images = two_passes.generate("a red fox", size="128", seed=3, n=2, second_pass=0.5)
    assert [one.seed for one in images] == [3, 4]
    assert len(noting.sketches) == 3
    first, second = (one.record.pixels_sha256 for one in images)
    assert first != second
    assert np.array_equal(noting.sketches[1].source_HWC.shape, (128, 128, 4))
