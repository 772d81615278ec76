"""Requests of several callers in one pass of an engine, in a process of its own."""

import os
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from types import SimpleNamespace

import numpy as np
import pytest
from engine_forms import form_of
from process_engine import UNPAINTABLE

from limner.core.errors import DrawingCancelled, EngineFailed, EngineLost
from limner.generators.conformance import FACTS, Trial, try_fact
from limner.generators.process.generator import ProcessGenerator, Room
from limner.generators.process.outside import Housing
from limner.testing import PaintedGenerator

ENGINE = "process_engine:open_shared"


@pytest.fixture(scope="module")
def room():
    room = Room()
    yield room
    room.close()


def painter(room, **options):
    form = form_of("shared", "painted", "/nowhere", options=options)
    form = type(form).from_document({**form.to_document(), "engine": "numpy"})
    return ProcessGenerator(form, Housing(engine=ENGINE), room)


@pytest.fixture(scope="module")
def shared(room):
    return painter(room)


@pytest.fixture
def hold(shared):
    """Draws with a generator while a pass of another request stands at its first step.

    Requests are (prompt, seeds, changes); all of them wait when that pass goes on.
    """
    pool = ThreadPoolExecutor(12)

    def draw(*requests, generator=shared, in_pass=None):
        may_go, seen = Event(), Event()
        trial = Trial(generator=generator)

        def first_step(progress):
            seen.set()
            assert may_go.wait(20)

        first = pool.submit(trial.draw, 1, sketch=loose(trial, "a first"), on_step=first_step)
        assert seen.wait(20)
        drawings, told = [], []
        for prompt, seeds, *changes in requests:
            waits, steps = Event(), []
            told.append(steps)
            drawings.append(
                pool.submit(
                    trial.draw,
                    *seeds,
                    sketch=loose(trial, prompt, **(changes[0] if changes else {})),
                    on_step=(changes[1:] or [steps.append])[0],
                    is_cancelled=cancelling(waits, *changes[2:]),
                )
            )
            assert waits.wait(20)
        if in_pass is not None:
            in_pass()
        may_go.set()
        ended = [one.exception() or one.result() for one in drawings]
        return SimpleNamespace(first=first, ended=ended, told=told)

    yield draw
    pool.shutdown()


def loose(trial, prompt, **changes):
    return trial.sketch(**{"prompt": prompt, "is_deterministic": False, **changes})


def cancelling(waits, is_cancelled=lambda: False):
    """Asked twice, its request is with the engine."""
    asked = []

    def ask():
        asked.append(1)
        if len(asked) > 1:
            waits.set()
        return is_cancelled()

    return ask


@pytest.mark.parametrize("fact", FACTS)
def test_it_conforms(shared, fact):
    tried = try_fact(Trial(generator=shared), fact)
    assert tried.holds is not False, tried.told


def test_requests_that_wait_together_share_a_pass_and_get_their_own(shared, hold):
    requests = [("a fox", [5]), ("a boat", [6, 7]), ("a tree", [8])]
    found = hold(*requests)
    near = Trial(generator=PaintedGenerator(card=shared.card))
    for (prompt, seeds), drawn in zip(requests, found.ended, strict=True):
        alone = near.draw(*seeds, sketch=near.sketch(prompt=prompt))
        assert [one.seed for one in drawn] == seeds
        assert [one.execution.batch_size for one in drawn] == [4] * len(seeds)
        for one, other in zip(drawn, alone, strict=True):
            assert np.array_equal(one.image_HWC, other.image_HWC)


def test_each_is_told_of_its_own_pictures_only(hold):
    found = hold(("a fox", [5]), ("a boat", [6, 7]))
    told = [[(one.step, one.batch_size, one.num_images) for one in steps] for steps in found.told]
    assert told == [[(k, 1, 1) for k in (1, 2, 3)], [(k, 2, 2) for k in (1, 2, 3)]]


def test_a_preview_shows_ones_own_pictures(hold):
    seen = []

    def look(progress):
        seen.append(progress.read_preview())

    found = hold(("a fox", [5]), ("a boat", [6, 7], {}, look))
    (_, boats) = found.ended
    assert np.array_equal(seen[0], [one.image_HWC for one in boats])


def test_what_does_not_agree_is_drawn_apart_the_oldest_first(hold):
    order = []

    def told(name):
        return lambda progress: order.append(name)

    hold(
        ("a fox", [5], {}, told("fox")),
        ("a boat", [6], {"steps": 2}, told("boat")),
        ("a tree", [7], {}, told("tree")),
    )
    assert sorted(order[:6]) == ["fox"] * 3 + ["tree"] * 3
    assert order[6:] == ["boat"] * 2


def test_a_request_for_many_waits_its_turn_after_every_pass(hold):
    order = []

    def told(name):
        return lambda progress: order.append(name)

    hold(
        ("many", list(range(10, 22)), {}, told("many")),
        ("one", [6], {"steps": 2}, told("one")),
    )
    assert order == ["many"] * 3 + ["one"] * 2 + ["many"] * 6


def test_deterministic_requests_share_no_pass(hold):
    found = hold(("a fox", [5]), ("a boat", [6], {"is_deterministic": True}))
    ((fox,), (boat,)) = found.ended
    assert (fox.execution.batch_size, boat.execution.batch_size) == (1, 1)


def test_one_that_is_cancelled_leaves_the_others_alone(hold):
    steps = []
    found = hold(
        ("a fox", [5]),
        ("a boat", [6], {}, steps.append, lambda: bool(steps)),
        ("a tree", [7]),
    )
    fox, boat, tree = found.ended
    assert isinstance(boat, DrawingCancelled)
    assert len(steps) == 1
    assert [one.execution.batch_size for one in (*fox, *tree)] == [3, 3]


def test_one_that_is_cancelled_while_it_waits_goes_at_once(hold):
    is_cancelled = Event()
    steps = []
    found = hold(
        ("a boat", [6], {}, steps.append, is_cancelled.is_set),
        ("a fox", [5]),
        in_pass=is_cancelled.set,
    )
    boat, (fox,) = found.ended
    assert isinstance(boat, DrawingCancelled)
    assert fox.seed == 5


def test_when_all_of_a_pass_are_cancelled_it_ends(hold, shared):
    steps = []
    found = hold(*((name, [6], {}, steps.append, lambda: bool(steps)) for name in ("fox", "boat")))
    assert all(isinstance(one, DrawingCancelled) for one in found.ended)
    assert len(steps) == 2
    assert len(Trial(generator=shared).draw(1)) == 1


def test_one_that_fails_does_not_fail_those_in_its_pass(hold):
    found = hold(("a fox", [5]), ("a boat", [UNPAINTABLE]), ("a tree", [7]))
    (fox,), boat, (tree,) = found.ended
    assert isinstance(boat, EngineFailed)
    assert "secret" not in boat.message
    assert (fox.seed, tree.seed) == (5, 7)


def test_a_pass_too_large_for_the_memory_is_drawn_in_smaller_ones(hold, room):
    small = painter(room, most=2)
    found = hold(("a fox", [5, 6]), ("a boat", [7, 8]), generator=small)
    sizes = [one.execution.batch_size for drawn in found.ended for one in drawn]
    assert sizes == [2, 2, 2, 2]


def test_all_that_were_in_a_killed_process_may_be_tried_again(hold, room):
    mortal = painter(room)
    found = hold(
        ("a fox", [5]),
        ("a boat", [6]),
        generator=mortal,
        in_pass=lambda: os.kill(mortal.pid, 9),
    )
    assert all(isinstance(one, EngineLost) and one.retryable for one in found.ended)
    assert len(Trial(generator=mortal).draw(1)) == 1


def test_another_model_waits_for_those_inside(hold, room, shared):
    other = painter(room, most=3)
    pool = ThreadPoolExecutor(1)
    drawn_by_other = []

    def come():
        trial = Trial(generator=other)
        drawn_by_other.append(pool.submit(trial.draw, 2, sketch=loose(trial, "other")))

    found = hold(("a fox", [5]), in_pass=come)
    assert found.ended[0][0].seed == 5
    assert drawn_by_other[0].result(20)[0].seed == 2
    assert (shared.pid, other.pid is None) == (None, False)
    pool.shutdown()
