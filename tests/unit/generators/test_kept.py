"""Pictures kept for whoever asks for the same again: never for another request, always said."""

from dataclasses import replace

import numpy as np
import pytest

from limner.core.drawing import FittedAdapter
from limner.core.errors import DrawingCancelled
from limner.core.records import Operation
from limner.generators.conformance import Trial
from limner.generators.kept import NOTICE, KeptPictures
from limner.testing import PaintedGenerator


@pytest.fixture
def painter():
    return PaintedGenerator()


@pytest.fixture
def keeping(painter):
    return KeptPictures(painter)


@pytest.fixture
def plain(painter):
    return replace(Trial(generator=painter).sketch(), is_deterministic=False)


def draw(generator, sketch, *seeds, **watch):
    return list(generator.generate(generator.prepare(sketch), seeds, **watch))


def test_what_was_drawn_is_given_again_and_says_so(keeping, painter, plain):
    (first,) = draw(keeping, plain, 5)
    (again,) = draw(keeping, plain, 5)
    assert painter.num_drawn == 1
    assert np.array_equal(first.image_HWC, again.image_HWC)
    assert (first.notices, again.notices) == ((), (NOTICE,))
    assert (again.execution.num_forwards, again.seconds) == (0, 0.0)


@pytest.mark.parametrize(
    "changes",
    [{"prompt": "a cat"}, {"steps": 2}, {"guidance": 2.5}, {"negative": "x"}, {"style": "flat"}],
)
def test_another_request_is_drawn(keeping, painter, plain, changes):
    draw(keeping, plain, 5)
    draw(keeping, replace(plain, **changes), 5)
    assert painter.num_drawn == 2


def worn(weight=1.0, sha256="sha256:1", value=None):
    image_HWC = None if value is None else np.full((8, 8, 4), value, np.uint8)
    return (FittedAdapter(name="ink", weight=weight, sha256=sha256, image_HWC=image_HWC),)


def test_what_was_drawn_with_an_adapter_is_given_again_to_who_asks_anew(keeping, painter, plain):
    for _ in range(2):
        draw(keeping, replace(plain, adapters=worn(value=10)), 5)
    assert painter.num_drawn == 1


@pytest.mark.parametrize(
    "other", [(), worn(weight=0.5), worn(sha256="sha256:2"), worn(value=10), worn() * 2]
)
def test_what_another_adapter_drew_is_not_given(keeping, painter, plain, other):
    draw(keeping, replace(plain, adapters=worn()), 5)
    draw(keeping, replace(plain, adapters=other), 5)
    assert painter.num_drawn == 2


def test_another_source_picture_is_drawn_anew(keeping, painter, plain):
    side = plain.canvas.width_px
    for value in (10, 20):
        source = np.full((side, side, 4), value, np.uint8)
        draw(
            keeping,
            replace(plain, operation=Operation.IMAGE, source_HWC=source, strength=0.5),
            5,
        )
    assert painter.num_drawn == 2


def test_a_deterministic_request_is_always_drawn(keeping, painter, plain):
    exact = replace(plain, is_deterministic=True)
    assert [draw(keeping, exact, 5)[0].notices for _ in range(2)] == [(), ()]
    assert painter.num_drawn == 2


def test_pictures_come_in_the_order_of_their_seeds_with_progress_of_the_whole(keeping, plain):
    draw(keeping, plain, 6)
    told = []
    drawn = draw(keeping, plain, 5, 6, 7, on_step=told.append)
    assert [one.seed for one in drawn] == [5, 6, 7]
    assert [bool(one.notices) for one in drawn] == [False, True, False]
    assert {(one.num_images_done, one.num_images) for one in told} == {(0, 3), (2, 3)}


def test_what_a_caller_does_to_a_picture_is_not_kept(keeping, plain):
    (first,) = draw(keeping, plain, 5)
    before = first.image_HWC.copy()
    first.image_HWC[:] = 0
    draw(keeping, plain, 5)[0].image_HWC[:] = 1
    assert np.array_equal(draw(keeping, plain, 5)[0].image_HWC, before)


def test_the_longest_unasked_go_when_there_is_no_room(painter, plain):
    room = draw(painter, plain, 1)[0].image_HWC.nbytes * 2
    keeping = KeptPictures(painter, max_bytes=room)
    draw(keeping, plain, 1, 2)
    draw(keeping, plain, 1)
    draw(keeping, plain, 3)
    assert [bool(draw(keeping, plain, seed)[0].notices) for seed in (1, 3)] == [True, True]
    assert not draw(keeping, plain, 2)[0].notices


def test_a_broken_picture_is_not_kept(keeping, painter, plain):
    painter.faults = {5: "not_finite"}
    draw(keeping, plain, 5)
    painter.faults = {}
    assert draw(keeping, plain, 5)[0].is_finite


def test_a_cancel_is_heard_when_everything_is_kept(keeping, plain):
    draw(keeping, plain, 5)
    with pytest.raises(DrawingCancelled):
        draw(keeping, plain, 5, is_cancelled=lambda: True)
