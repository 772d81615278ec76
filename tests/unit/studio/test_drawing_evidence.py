"""What a run shows besides its checks: seconds, and that seeds make a difference."""

from dataclasses import replace
from datetime import date

import pytest

from limner.core.runs import Spot
from limner.evals.specification import Asked
from limner.evals.suite import Case, Suite
from limner.studio.drawing_evidence import drawing_evidence
from limner.studio.eval_judging import Checks
from limner.studio.eval_runs import begin_run, draw_run
from limner.testing import PaintedGenerator

SUITE = Suite(
    name="own",
    version="1",
    question="Do seeds make a difference?",
    owner="Design",
    review_by=date(2027, 1, 1),
    seeds=(5, 9),
    checks=("integrity",),
    aspects={},
    ways=(),
    cases=tuple(Case(id=f"case-{k}", asked=Asked(prompt=f"thing {k}")) for k in range(4)),
)


class StuckGenerator(PaintedGenerator):
    """Paints what the first seed gives, whatever seed is asked."""

    def generate(self, plan, seeds, **watch):
        (only,) = super().generate(plan, [5], **watch)
        for seed in seeds:
            yield replace(only, seed=seed)


def told(studio, generator=None) -> dict:
    parts = studio.parts if generator is None else studio.parts.with_generator(lambda: generator)
    checks = Checks(parts)
    run = begin_run(parts, SUITE, checks)
    draw_run(parts, run, checks)
    return {
        one.metric: one.estimate
        for one in drawing_evidence(parts, parts.store.runs.pictures(run.run_id))
    }


def test_seeds_that_each_give_another_picture_are_counted_by_prompt(studio):
    differ = told(studio)["seeds.differ"]
    assert (differ.value, differ.num) == (1.0, 4)


def test_a_stuck_seed_is_seen(studio):
    assert told(studio, StuckGenerator())["seeds.differ"].value == 0.0


def test_seconds_are_the_mean_over_prompts_with_an_interval(studio):
    slow = PaintedGenerator(seconds_per_step=0.002)
    runs = studio.parts
    pictures = [
        replace(one, seconds=float(k))
        for k, one in enumerate(drawn(runs, slow))
        if not one.spot.way
    ]
    estimate = drawing_evidence(runs, pictures)[0].estimate
    assert estimate.value == pytest.approx(3.5)
    assert estimate.low < 3.5 < estimate.high


def drawn(parts, generator):
    parts = parts.with_generator(lambda: generator)
    checks = Checks(parts)
    run = begin_run(parts, SUITE, checks)
    draw_run(parts, run, checks)
    return parts.store.runs.pictures(run.run_id)


def test_without_a_picture_there_is_nothing_to_tell(studio):
    pictures = [
        replace(one, image_id=None, spot=Spot("case-0", k))
        for k, one in enumerate(drawn(studio.parts, PaintedGenerator()))
    ]
    assert [one.estimate.value for one in drawing_evidence(studio.parts, pictures)] == [None, None]
