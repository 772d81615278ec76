import os
import time
from pathlib import Path

import numpy as np
import pytest
from engine_forms import form_of

from limner.core.drawing import FittedAdapter
from limner.core.errors import (
    DrawingCancelled,
    EngineFailed,
    EngineLost,
    GeneratorUnavailable,
    PromptTooLong,
)
from limner.generators.conformance import FACTS, Trial, try_fact
from limner.generators.process.generator import ProcessGenerator, Room
from limner.generators.process.outside import Housing
from limner.testing import PaintedGenerator

ENGINE = "process_engine:open_painted"


@pytest.fixture(scope="module")
def room():
    room = Room()
    yield room
    room.close()


def painter(room, memory_mb=0, **options):
    form = form_of("far", "painted", "/nowhere", options=options)
    form = type(form).from_document({**form.to_document(), "engine": "numpy"})
    return ProcessGenerator(form, Housing(engine=ENGINE, memory_mb=memory_mb), room)


@pytest.fixture(scope="module")
def far(room):
    return painter(room)


@pytest.mark.parametrize("fact", FACTS)
def test_it_conforms(far, fact):
    tried = try_fact(Trial(generator=far), fact)
    assert tried.holds is not False, tried.told


def test_it_draws_what_the_engine_draws_in_this_process(far):
    trial = Trial(generator=far)
    near = PaintedGenerator(card=far.card)
    mine, other = trial.draw(3)[0], Trial(generator=near).draw(3)[0]
    assert np.array_equal(mine.image_HWC, other.image_HWC)
    assert mine.execution == other.execution


def test_what_the_engine_refuses_is_refused_in_its_words(far):
    with pytest.raises(PromptTooLong, match="The prompt has 13 tokens; the first 12 are kept"):
        far.prepare(Trial(generator=far).sketch(prompt="fox " * 13))


def test_pictures_of_adapters_arrive(far):
    edges = FittedAdapter(
        name="edges", weight=0.5, sha256="sha256:e", image_HWC=np.ones((4, 4, 4), np.uint8)
    )
    plan = far.prepare(Trial(generator=far).sketch(adapters=(edges,)))
    assert plan.sketch.adapters == (edges,)


def test_a_killed_engine_is_told_as_lost_and_may_be_tried_again(room):
    with pytest.raises(EngineLost, match="ended by signal 9") as caught:
        Trial(generator=painter(room, fault="kill")).draw(1)
    assert caught.value.retryable


def test_the_next_drawing_starts_another_process(room):
    generator = painter(room)
    trial = Trial(generator=generator)
    trial.draw(1)
    first = generator.pid
    os.kill(first, 9)
    while generator.pid is not None:
        time.sleep(0.01)
    assert len(trial.draw(1)) == 1
    assert generator.pid != first


def test_an_engine_out_of_memory_is_told_so(room):
    with pytest.raises(EngineFailed, match="ran out of memory"):
        Trial(generator=painter(room, memory_mb=600, fault="memory")).draw(1)


def test_an_unforeseen_fault_is_told_without_its_words(room):
    with pytest.raises(EngineFailed, match=r"KeyError in process_engine\.py") as caught:
        Trial(generator=painter(room, fault="raise")).draw(1)
    assert "secret" not in caught.value.message


def test_an_engine_that_ends_itself_to_stop_was_cancelled_and_not_lost(room):
    trial, steps = Trial(generator=painter(room, fault="no stop")), []
    with pytest.raises(DrawingCancelled):
        trial.draw(1, on_step=steps.append, is_cancelled=lambda: bool(steps))
    assert len(steps) == 1
    assert trial.generator.pid is None
    assert len(trial.draw(1)) == 1


def test_a_cancelled_start_does_not_wait_for_it(room):
    generator = painter(room, seconds_per_step=0.0, fault="hang")
    asked = []

    def is_cancelled():
        asked.append(1)
        return len(asked) > 3

    with pytest.raises(DrawingCancelled):
        Trial(generator=painter(room, seconds_per_step=5)).draw(1, is_cancelled=is_cancelled)
    assert generator.pid is None


def test_one_model_is_loaded_at_a_time(room):
    first, second = painter(room), painter(room)
    Trial(generator=first).draw(1)
    Trial(generator=second).draw(1)
    assert (first.pid, second.pid is not None) == (None, True)


def test_an_idle_engine_ends():
    generator = painter(Room(idle_seconds=0.2))
    Trial(generator=generator).draw(1)
    deadline = time.monotonic() + 20
    while generator.pid is not None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert generator.pid is None


@pytest.mark.parametrize("setting", ["diffusers_python", ""])
def test_a_setting_is_named_where_one_names_the_interpreter(room, setting):
    housing = Housing(engine=ENGINE, python=Path("/no/python"), python_setting=setting)
    far = ProcessGenerator(form_of("far", "painted", "/"), housing, room)
    with pytest.raises(GeneratorUnavailable) as caught:
        Trial(generator=far).draw(1)
    assert caught.value.hint == (
        f"Name one that can in the setting {setting!r}." if setting else ""
    )


def test_an_interpreter_that_is_not_there_is_named(room):
    housing = Housing(engine=ENGINE, python=Path("/no/python"))
    far = ProcessGenerator(form_of("far", "painted", "/"), housing, room)
    with pytest.raises(GeneratorUnavailable, match="'/no/python' cannot be started"):
        Trial(generator=far).draw(1)


def test_an_environment_without_limner_is_told(room, tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o700)
    far = ProcessGenerator(
        form_of("far", "painted", "/"), Housing(engine=ENGINE, python=python), room
    )
    with pytest.raises(EngineLost, match="exit status 1"):
        Trial(generator=far).draw(1)
