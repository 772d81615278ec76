"""Facts of ``limner watch`` at the command line."""

import json
import re

import numpy as np
import pytest
from canaries import FEW, Paler
from painted_limner import painted_studio
from streams import add_incoming, add_stream, audit, register_active

from limner.studio.eval_judging import Checks
from limner.studio.eval_runs import begin_run, draw_run

SCORES = np.random.default_rng(1).normal(size=260)


@pytest.fixture
def add(settings, painter):
    def add(scores, start=0):
        with painted_studio(settings, painter) as studio:
            add_stream(studio, scores, start=start)
            return studio.card.name

    return add


def test_an_alarm_is_printed_and_is_the_exit_code(limner, add, settings, painter):
    stream = add(SCORES[:150])
    asked = limner("watch", "reference", stream, "--window", "50", "--run-length", "2000")
    assert asked.exit_code == 0
    assert "at most one false alarm in 2,000 images; windows of 50" in asked.stdout
    with painted_studio(settings, painter) as studio:
        label = register_active(studio).label
    add(SCORES[150:200], start=150)
    assert limner("watch", "run").exit_code == 0
    add(SCORES[200:] + 3, start=200)
    found = limner("watch", "run", stream)
    assert found.exit_code == 3
    assert f"The model {label} was paused." in found.stdout
    assert "told: log" in found.stdout
    shown = json.loads(limner("watch", "show", "--json").stdout)
    assert shown["is_alarmed"]
    assert shown["alarms"][0]["done"]["paused"] == label
    assert "Measure again" in limner("watch", "show").stdout


def test_canaries_are_kept_drawn_again_and_an_alarm_is_the_exit_code(limner, settings, painter):
    with painted_studio(settings, Paler()) as studio:  # another hand under the same name
        studio.parts.generator.is_pale = True
        run = begin_run(studio.parts, FEW, Checks(studio.parts))
        draw_run(studio.parts, run, Checks(studio.parts))
    kept = limner("watch", "canary", "last")
    assert kept.exit_code == 0, kept.stderr
    assert f"pictures of {run.run_id}" in kept.stdout
    assert "Not drawn again yet" in limner("watch", "show").stdout
    redrawn = limner("watch", "redraw")
    assert redrawn.exit_code == 3
    assert "6 of 6 pictures look different, though the model is the same." in redrawn.stdout
    shown = json.loads(limner("watch", "show", "--json").stdout)
    assert shown["is_alarmed"]
    assert "keep another run with `limner watch canary`" in limner("watch", "show").stdout


def test_a_small_reference_says_so(limner, add):
    stream = add(SCORES[:20])
    asked = limner("watch", "reference", stream, "--json")
    assert json.loads(asked.stdout)["num_images"] == 20
    assert "20 images; verdicts need 100" in asked.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("reference", "nobody"),
        ("reference", "painted", "--since", "yesterday"),
        ("run", "nobody"),
        ("redraw", "nobody"),
    ],
)
def test_bad_input_is_one_sentence(limner, add, arguments):
    result = limner("watch", *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("limner: ")


def test_nothing_watched_is_said(limner):
    assert "Nothing is watched" in limner("watch", "run").stderr
    assert "Nothing is watched" in limner("watch", "show").stderr
    assert "No decision by rule was audited" in limner("watch", "audits").stderr


def test_audits_are_printed_by_month_and_slice(limner, add, settings, painter):
    add(SCORES[:5])
    with painted_studio(settings, painter) as studio:
        for image_id in add_stream(studio, SCORES[:5], start=500):
            audit(studio, image_id, is_good=True, days=1, probability=0.5)
        for image_id in add_incoming(studio, 1):
            audit(studio, image_id, is_good=True, days=40, probability=0.5)
    assert re.search(r"month 2026-01 +1\.00 \(.*\), n 5", limner("watch", "audits").stdout)
    lines = limner("watch", "audits", "--json").stdout.splitlines()
    assert [json.loads(one)["by"] for one in lines] == [
        "all", "month", "month", "model", "model", "size", "size",
    ]  # fmt: skip
