"""Facts of canary sets: drawn again after every upgrade, held against what they were."""

from dataclasses import replace
from datetime import timedelta

import pytest
from canaries import FEW, Paler
from painted_limner import painted_studio
from streams import register_active

from limner.core.errors import BadInput, DrawingCancelled
from limner.core.models import Stage
from limner.core.runs import Spot
from limner.core.watching import ReadingVerdict
from limner.store.models import require_state
from limner.studio.erase import erase
from limner.studio.eval_judging import Checks
from limner.studio.eval_runs import begin_run, draw_run, find_run, unfinished_run
from limner.studio.studio import Studio
from limner.studio.watch.canaries import due_canaries, keep_canaries, redraw_all
from limner.studio.watch.overview import canaries_seen, overview
from limner.studio.watch.periodic import Redrawer
from limner.studio.watch.redrawn import Pair, read_pairs
from limner.testing import PAINTED_CARD


@pytest.fixture
def paler():
    return Paler()


@pytest.fixture
def kept(settings, paler):
    """A studio with a canary set of six pictures."""
    with painted_studio(settings, paler) as studio:
        run = begin_run(studio.parts, FEW, Checks(studio.parts))
        draw_run(studio.parts, run, Checks(studio.parts))
        keep_canaries(studio.parts, run.run_id)
        yield studio


def later(studio: Studio, **passed: float):
    now = studio.parts.read_clock() + timedelta(**passed)
    studio.parts.read_clock = lambda: now


def test_pictures_that_come_out_the_same_are_quiet(kept: Studio):
    (redrawn,) = redraw_all(kept.parts)
    assert redrawn.alarm is None
    assert [one.verdict for one in redrawn.readings] == [ReadingVerdict.QUIET] * 3
    assert redrawn.readings[0].note == "All 6 pictures look the same."


def test_other_pictures_by_the_same_model_are_an_alarm_that_pauses_it(kept: Studio, paler: Paler):
    model = register_active(kept)
    paler.is_pale = True
    (redrawn,) = redraw_all(kept.parts)
    assert redrawn.alarm is not None
    assert redrawn.alarm.title.startswith("6 of 6 pictures look different, though the model is the")
    assert redrawn.alarm.done.paused == model.label
    with kept.parts.store.models.reading() as connection:
        assert require_state(connection, model.sha256).stage is Stage.PAUSED
    examples = redrawn.alarm.changes[0].examples
    assert len(examples) == 8  # four pictures as they were, each beside what came
    assert all(kept.parts.store.image_by_id(one) is not None for one in examples)
    assert [one.channel for one in redrawn.told] == ["log"]


def test_an_alarm_ends_its_set_until_another_run_is_kept(kept: Studio, paler: Paler):
    paler.is_pale = True
    redraw_all(kept.parts)
    (again,) = redraw_all(kept.parts)
    assert again.run is None
    assert "ended this canary set" in again.note
    (seen,) = canaries_seen(kept.parts)
    assert seen.is_alarmed
    assert overview(kept.parts) == []
    later(kept, days=30)
    assert due_canaries(kept.parts) is None


def test_another_model_may_draw_other_pictures_as_long_as_they_pass(kept: Studio, paler: Paler):
    paler.is_pale, paler.card = True, replace(PAINTED_CARD, version="2")
    (redrawn,) = redraw_all(kept.parts)
    assert redrawn.alarm is None
    assert "look different, as another model draws" in redrawn.readings[0].note


def test_a_picture_that_was_erased_since_is_no_other_picture(kept: Studio):
    register_active(kept)
    erase_kept(kept, num=1)
    (redrawn,) = redraw_all(kept.parts)
    assert redrawn.alarm is None
    assert redrawn.readings[0].note == "All 5 pictures look the same."


def test_a_set_whose_pictures_were_all_erased_says_so_and_is_never_due(kept: Studio):
    erase_kept(kept, num=6)
    (redrawn,) = redraw_all(kept.parts)
    assert (redrawn.run, redrawn.readings) == (None, ())
    assert "was erased" in redrawn.note
    later(kept, days=30)
    assert due_canaries(kept.parts) is None


def erase_kept(kept: Studio, num: int):
    """Erase some of the kept pictures, and upgrade: what is drawn again has other recipes."""
    pictures = kept.parts.store.runs.pictures(find_run(kept.parts, "last").run_id)
    erase(kept.parts, [str(one.image_id) for one in pictures[:num]])
    kept.parts.version = "99.0"


def test_a_set_is_due_after_an_upgrade_and_after_a_day(kept: Studio, paler: Paler):
    assert due_canaries(kept.parts) is None
    paler.card = replace(PAINTED_CARD, version="2")
    due = due_canaries(kept.parts)
    assert due is not None
    redraw_all(kept.parts)
    assert due_canaries(kept.parts) is None
    later(kept, hours=25)
    assert due_canaries(kept.parts) is not None


def test_a_worker_draws_what_is_due_when_idle_and_stops_for_a_job(kept: Studio, paler: Paler):
    paler.card = replace(PAINTED_CARD, version="2")
    now, is_idle = [0.0], [True]
    redrawer = Redrawer(kept.parts, is_idle=lambda: is_idle[0], read_seconds=lambda: now[0])
    assert redrawer.take() is None
    now[0] = 100.0
    draw = redrawer.take()
    assert draw is not None
    is_idle[0] = False  # a job comes meanwhile
    draw()
    (seen,) = canaries_seen(kept.parts)
    assert seen.readings == []
    is_idle[0], now[0] = True, 200.0
    draw = redrawer.take()
    assert draw is not None
    draw()
    (seen,) = canaries_seen(kept.parts)
    assert len(seen.readings) == 3


def test_a_redraw_leaves_a_persons_unfinished_run_alone(kept: Studio):
    checks = Checks(kept.parts)
    asked = begin_run(kept.parts, FEW, checks)
    (redrawn,) = redraw_all(kept.parts)
    assert redrawn.run is not None
    assert redrawn.run.run_id != asked.run_id
    assert kept.parts.store.runs.pictures(asked.run_id) == []


def test_a_person_does_not_go_on_with_a_redraw_but_the_redraw_does(kept: Studio):
    def stop(*_: int) -> None:
        raise DrawingCancelled

    later(kept, minutes=1)
    with pytest.raises(DrawingCancelled):
        redraw_all(kept.parts, on_case=stop)
    assert unfinished_run(kept.parts, FEW, Checks(kept.parts)) is None
    begun = find_run(kept.parts, "last")
    later(kept, minutes=1)
    begin_run(kept.parts, FEW, Checks(kept.parts))
    (redrawn,) = redraw_all(kept.parts)
    assert redrawn.run is not None
    assert redrawn.run.run_id == begun.run_id


def test_a_run_that_is_not_at_its_end_is_no_canary_set(studio: Studio):
    run = begin_run(studio.parts, FEW, Checks(studio.parts))

    def stop(*_: int) -> None:
        raise DrawingCancelled

    with pytest.raises(DrawingCancelled):
        draw_run(studio.parts, run, Checks(studio.parts), stop)
    with pytest.raises(BadInput, match="2 of 6 pictures; a canary set needs all"):
        keep_canaries(studio.parts, run.run_id)


def test_a_stream_without_a_canary_set_is_named(kept: Studio):
    with pytest.raises(BadInput, match="stream with a canary set"):
        redraw_all(kept.parts, "other")


def pairs(before: str, after: str) -> list[Pair]:
    """A pair of each prompt: p passes, f fails."""
    return [
        Pair(
            spot=Spot(f"case-{k}", 1),
            before=f"sha256:{k}a",
            after=f"sha256:{k}b",
            psnr_db=12.0,
            passed_before={"sharpness": was == "p"},
            passed_after={"sharpness": now == "p"},
        )
        for k, (was, now) in enumerate(zip(before, after, strict=True))
    ]


@pytest.mark.parametrize(
    ("after", "is_alarm"), [("p" * 12, False), ("f" * 6 + "p" * 6, False), ("f" * 8 + "pppp", True)]
)
def test_an_upgrade_alarms_where_surely_fewer_pass(after: str, is_alarm: bool):
    _, (reading, change) = read_pairs(pairs("p" * 12, after), ["sharpness"], is_same_model=False)
    assert (reading.verdict is ReadingVerdict.ALARM) == is_alarm
    assert len(change.examples) == 2 * min(after.count("f"), 4)


def test_a_check_that_says_another_thing_of_the_same_pictures_is_an_alarm():
    _, (reading, _) = read_pairs(pairs("pp", "pf"), ["sharpness"], is_same_model=True)
    assert reading.note == "The check 'sharpness' says another thing of 1 of 2 pictures."
    assert reading.verdict is ReadingVerdict.ALARM
