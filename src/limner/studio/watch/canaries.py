"""Canary sets: pictures of a kept run, drawn again after every upgrade and now and then.

Against a reference, the images people ask for are held, which differ from day to day. A canary set
holds prompts, seeds and pictures fixed, so that one upgrade shows in a few pictures. Each redraw is
a run of its own; an alarm ends the set, and somebody has to look before another is kept.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from limner.core.canaries import CanarySet
from limner.core.errors import BadInput
from limner.core.judging import Verdict
from limner.core.limits import require_one_of
from limner.core.runs import Run, RunPicture, Spot
from limner.core.watching import Alarm, Basis, Change, Done, Reading, ReadingVerdict, Telling
from limner.evals.measuring import in_force
from limner.store.watches import (
    add_readings,
    alarms,
    canary_sets,
    raise_alarm,
    readings_of,
    set_canaries,
)
from limner.studio.eval_judging import Checks
from limner.studio.eval_runs import begin_run, draw_run, find_run, run_now, suite_of, unfinished_run
from limner.studio.image_file import decode_rgba
from limner.studio.redraw import measure_difference
from limner.studio.watch.acting import act
from limner.studio.watch.redrawn import Pair, read_pairs
from limner.studio.watch.telling import tell

if TYPE_CHECKING:
    from limner.studio.parts import Parts

OnCase = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Redrawn:
    """What came of drawing a canary set again.

    Attributes:
        run: of the redraw; ``None`` where nothing was drawn.
        told: whom an alarm told.
        note: why nothing was drawn; else empty.
    """

    canaries: CanarySet
    run: Run | None = None
    readings: tuple[Reading, ...] = ()
    alarm: Alarm | None = None
    told: tuple[Telling, ...] = ()
    note: str = ""


def keep_canaries(parts: Parts, run_name: str) -> CanarySet:
    """Keep a finished run, whose pictures were found good, as the canary set of its model.

    Raises:
        NotFound: there is no such run.
        BadInput: it is not at its end, or its model is not here.
    """
    run = find_run(parts, run_name)
    stream, suite = str(run.document["model"]["name"]), suite_of(run)
    require_one_of("model", stream, parts.model_names)
    num_drawn = len(parts.store.runs.pictures(run.run_id))
    if num_drawn < suite.num_pictures:
        raise BadInput(
            f"The run {run.run_id} has {num_drawn} of {suite.num_pictures} pictures; a canary set "
            "needs all.",
            hint=f"`limner eval run {suite.name}` goes on with it.",
        )
    now = parts.read_clock()
    canaries = CanarySet(
        canary_id=f"canary-{secrets.token_hex(6)}",
        stream=stream,
        run_id=run.run_id,
        set_at=now,
        set_by=parts.requester,
    )
    with parts.store.watches.writing(now) as connection:
        set_canaries(connection, canaries)
    return canaries


def redraw_all(
    parts: Parts, stream: str | None = None, on_case: OnCase | None = None
) -> list[Redrawn]:
    """Draw every canary set again now, or one.

    Raises:
        BadInput: `stream` has none.
        StorageUnavailable: something cannot be written; what is finished stays.
    """
    with parts.store.watches.reading() as connection:
        newest = {one.stream: one for one in canary_sets(connection)}
    if stream is not None:
        require_one_of("stream with a canary set", stream, newest)
        newest = {stream: newest[stream]}
    return [redraw_canaries(parts, one, on_case) for one in newest.values()]


def redraw_canaries(parts: Parts, canaries: CanarySet, on_case: OnCase | None = None) -> Redrawn:
    """Draw one set again, going on with what was stopped; errors as `redraw_all`."""
    ended = _ended_by(parts, canaries)
    if ended:
        note = f"{ended} ended this canary set; look at it, then keep another run."
        return Redrawn(canaries=canaries, note=note)
    kept = find_run(parts, canaries.run_id)
    if not any(_kept_pictures(parts, kept)):
        note = "Every picture of this canary set was erased; keep another run."
        return Redrawn(canaries=canaries, note=note)
    drawing = drawing_parts(parts, canaries)
    checks, suite = Checks(drawing), suite_of(kept)
    of_set = canaries.canary_id
    run = unfinished_run(drawing, suite, checks, canary_id=of_set)
    run = run or begin_run(drawing, suite, checks, canary_id=of_set)
    draw_run(drawing, run, checks, on_case)
    found = read_pairs(
        _pairs(parts, kept, run),
        suite.checks,
        is_same_model=run.model_sha256 == kept.model_sha256,
    )
    return _settle(parts, Redrawn(canaries=canaries, run=run), found)


def due_canaries(parts: Parts) -> CanarySet | None:
    """A set whose model, checks or criteria changed since it was drawn, or whose time has come."""
    with parts.store.watches.reading() as connection:
        found = canary_sets(connection)
    return next((one for one in found if _is_due(parts, one)), None)


def drawing_parts(parts: Parts, canaries: CanarySet) -> Parts:
    """The parts whose default is the model that draws a set."""
    return parts.with_generator(lambda: parts.generator_of(canaries.stream))


def _is_due(parts: Parts, canaries: CanarySet) -> bool:
    if canaries.stream not in parts.model_names or _ended_by(parts, canaries):
        return False
    if not any(_kept_pictures(parts, find_run(parts, canaries.run_id))):
        return False
    last = find_run(parts, _last_run(parts, canaries))
    age = parts.read_clock() - max(last.started_at, canaries.set_at)
    if age >= timedelta(hours=parts.settings.canary_hours):
        return True
    drawing = drawing_parts(parts, canaries)
    now = run_now(drawing, suite_of(last), Checks(drawing))
    return any(
        getattr(now, name) != getattr(last, name)
        for name in ("model_sha256", "checks_sha256", "criteria_sha256")
    )


def _last_run(parts: Parts, canaries: CanarySet) -> str:
    """Of the newest redraw that was read, or the kept one."""
    with parts.store.watches.reading() as connection:
        read = readings_of(connection, canaries.canary_id)
    return read[-1].read_until if read else canaries.run_id


def _ended_by(parts: Parts, canaries: CanarySet) -> str:
    with parts.store.watches.reading() as connection:
        raised = alarms(connection, canaries.canary_id)
    return raised[-1].alarm_id if raised else ""


def _pairs(parts: Parts, kept: Run, redrawn: Run) -> list[Pair]:
    after = {one.spot: one for one in parts.store.runs.pictures(redrawn.run_id)}
    passed = [_passed(parts, run) for run in (kept, redrawn)]
    return [
        Pair(
            spot=one.spot,
            before=one.image_id,
            after=after[one.spot].image_id,
            psnr_db=_psnr_db(parts, one, after[one.spot]),
            passed_before=passed[0].get(one.spot, {}),
            passed_after=passed[1].get(one.spot, {}),
        )
        for one in _kept_pictures(parts, kept)
    ]


def _kept_pictures(parts: Parts, kept: Run) -> Iterator[RunPicture]:
    """The pictures as they were first drawn; those erased since can be held against nothing."""
    for one in parts.store.runs.pictures(kept.run_id):
        is_there = one.image_id is None or parts.store.image_by_id(one.image_id) is not None
        if is_there and not one.spot.way:
            yield one


def _passed(parts: Parts, run: Run) -> dict[Spot, dict[str, bool]]:
    found: dict[Spot, dict[str, bool]] = {}
    for one in in_force(parts.store.runs.scores(run.run_id)):
        if one.verdict is not Verdict.ERROR:
            found.setdefault(one.spot, {})[one.check] = one.verdict is Verdict.PASS
    return found


def _psnr_db(parts: Parts, before: RunPicture, after: RunPicture) -> float:
    ids = (before.image_id, after.image_id)
    if ids == (None, None):
        return math.inf
    records = [None if one is None else parts.store.image_by_id(one) for one in ids]
    first, second = records
    if first is None or second is None or first.size != second.size:
        return 0.0
    if first.pixels_sha256 == second.pixels_sha256:
        return math.inf
    pixels = [decode_rgba(parts.store.read_image(one)) for one in (first, second)]
    _, psnr_db = measure_difference(*pixels)
    return math.inf if psnr_db is None else psnr_db


def _settle(parts: Parts, redrawn: Redrawn, found: Sequence[tuple[Reading, Change]]) -> Redrawn:
    """Store the readings and what follows from them, all or nothing; then tell people."""
    canaries, run, now = redrawn.canaries, redrawn.run, parts.read_clock()
    assert run is not None
    readings = tuple(reading for reading, _ in found)
    alarmed = [one for one in found if one[0].verdict is ReadingVerdict.ALARM]
    alarm = None
    with parts.store.watches.writing(now) as connection:
        add_readings(connection, canaries.canary_id, readings, read_until=run.run_id, now=now)
        if alarmed and not alarms(connection, canaries.canary_id):
            alarm = Alarm(
                alarm_id=f"alarm-{secrets.token_hex(6)}",
                reference_id=canaries.canary_id,
                stream=canaries.stream,
                raised_at=now,
                readings=tuple(reading for reading, _ in alarmed),
                changes=tuple(change for _, change in alarmed),
                done=Done(),
            )
            basis = Basis(model=run.model_sha256, criteria=run.criteria_sha256)
            alarm = replace(alarm, done=act(connection, alarm, basis, now))
            raise_alarm(connection, alarm)
    told = () if alarm is None else tuple(tell(parts, alarm))
    return replace(redrawn, readings=readings, alarm=alarm, told=told)
