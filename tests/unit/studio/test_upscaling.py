"""Enlarging as a request: what is known of a picture goes on into its copy."""

import numpy as np
import pytest
from painted_limner import painted_studio

from limner.core.deciding import Outcome
from limner.core.errors import BadInput
from limner.core.records import Operation, Picture
from limner.studio.image_file import decode_rgba
from limner.studio.sealing import facts_of
from limner.studio.upscaling import enlarging_request


@pytest.fixture
def stranger():
    rng = np.random.default_rng(1)
    image_HWC = rng.integers(0, 256, (40, 30, 4), np.uint8)
    image_HWC[..., 3] = 255
    return Picture.of(image_HWC)


def enlarged(studio, picture, **options):
    (image,) = studio.draw(enlarging_request(studio.parts, picture, **options))
    return image


def test_a_strangers_picture_is_called_by_what_was_done(settings, painter, stranger):
    with painted_studio(settings, painter) as studio:
        image = enlarged(studio, stranger)
        facts = facts_of(studio.parts, image.record, image.decided, None)
    assert (image.recipe.prompt, image.recipe.title) == ("", "a picture, enlarged to 60x80")
    assert (image.outcome, image.recipe.operation) == (Outcome.RELEASED, Operation.ENLARGE)
    assert facts.is_untrained
    assert [one.title for one in facts.ingredients] == ["source"]


def test_a_drawing_of_ours_hands_its_prompt_on_and_stays_a_machines(settings, painter):
    with painted_studio(settings, painter) as studio:
        (drawn,) = studio.generate("a red fox")
        picture = Picture.of(decode_rgba(drawn.content))
        image = enlarged(studio, picture, factor=4)
        facts = facts_of(studio.parts, image.record, image.decided, None)
    assert image.recipe.prompt == "a red fox"
    assert not facts.is_untrained


def test_an_enlargement_of_an_enlargement_stays_a_machines_too(settings, painter):
    with painted_studio(settings, painter) as studio:
        (drawn,) = studio.generate("a red fox")
        first = enlarged(studio, Picture.of(decode_rgba(drawn.content)))
        second = enlarged(studio, Picture.of(decode_rgba(first.content)))
        facts = facts_of(studio.parts, second.record, second.decided, None)
    assert (second.recipe.prompt, facts.is_untrained) == ("a red fox", False)


def test_it_is_written_down_like_every_image(settings, painter, stranger):
    with painted_studio(settings, painter) as studio:
        image = enlarged(studio, stranger)
        stored = studio.parts.store.image_by_id(image.record.image_id)
        decided = image.decided
    assert stored is not None
    assert decided.decided_by == "rule"
    assert decided.entry is not None


@pytest.mark.parametrize(
    ("options", "sentence"),
    [({"factor": 3}, "allowed are 2, 4"), ({"model": "magic"}, "lanczos, enlarge-head")],
)
def test_what_cannot_be_done_is_refused(settings, painter, stranger, options, sentence):
    with painted_studio(settings, painter) as studio, pytest.raises(BadInput, match=sentence):
        enlarged(studio, stranger, **options)
