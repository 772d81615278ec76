"""One run over incoming images: items go out to processes, what they find is stored in groups.

A run can be killed at any time. Run again, it meets the same items, and what was looked at before
with the same checks, criteria and labels is known by its hash and not looked at again: at least
once, and no row twice.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from limner.core.errors import LimnerError
from limner.core.judging import Result
from limner.core.looking import Incoming, Shot
from limner.executors.on_ray import RayPool
from limner.executors.pool import Loss, Pool, PoolBroken
from limner.store.judgements import last_decision
from limner.store.looks import StoredItem, Writing
from limner.studio.judging import Judgement
from limner.studio.look.asking import Desk
from limner.studio.look.duplicates import Duplicates
from limner.studio.look.films import Cut, cut_film, frames_to_look_at, is_film
from limner.studio.look.looker import Asked, Known, Looked, Looker, Task
from limner.studio.look.sources import Fault, Item, find_items, require_there

if TYPE_CHECKING:
    from datetime import datetime

    from limner.studio.parts import Parts

OpenLooker = Callable[[], Looker]
Answer = Looked | Known | Fault

GROUP = 16  # images stored in one transaction
GROUP_SECONDS = 1.0  # longest that a finding waits to be stored
LIMIT_SECONDS = 120.0  # for one image, start of its process included
FILM_SECONDS = 3600.0  # for finding the shots of one film


class LookFailed(LimnerError):
    """Looking cannot be done here."""

    code = "look_failed"


class Told(NamedTuple):
    """What became of one item, once it is stored.

    Attributes:
        outcome: of the decision that holds; ``None`` where it could not be looked at.
        fault: why it could not.
        is_known: it was looked at so before.
        shot: which frame of a film it is.
        num_asked: labels whose fit people are asked about, as they are unsure.
        why: it was held or refused, one sentence; empty where nothing stood against it.
    """

    number: int
    name: str
    image_id: str | None
    outcome: str | None
    fault: Fault | None
    is_known: bool
    shot: Shot | None = None
    num_asked: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookRun:
    """A run that has begun.

    Attributes:
        looker_sha256: of everything that decides what is found.
        num_to_ask: as of `Asked`.
    """

    run_id: str
    looker_sha256: str
    paths: tuple[Path, ...]
    num_to_ask: int = 0


def begin_look(parts: Parts, paths: Sequence[Path], asked: Asked, looker_sha256: str) -> LookRun:
    """Begin a run.

    Raises:
        BadInput: a path is not there.
        StorageUnavailable: the run cannot be stored.
    """
    require_there(paths)
    run_id = f"look-{uuid.UUID(bytes=parts.rng.bytes(16)).hex[:12]}"
    document = {"started_at": parts.read_clock().isoformat(), "asked": asdict(asked)}
    parts.store.looks.begin(run_id, looker_sha256, document)
    return LookRun(
        run_id=run_id,
        looker_sha256=looker_sha256,
        paths=tuple(paths),
        num_to_ask=asked.num_to_ask,
    )


def look(
    parts: Parts,
    run: LookRun,
    open_looker: OpenLooker,
    *,
    num_processes: int,
    on_ray: bool = False,
    paths: Sequence[Path] | None = None,
    first: int = 0,
) -> Iterator[Told]:
    """Look at everything below the paths of a run, and store it.

    Args:
        parts: of the studio.
        run: as it was begun.
        open_looker: called once in every process; can be pickled.
        num_processes: at least 1; on a cluster 0 takes all its cores.
        on_ray: on a Ray cluster, whose machines see files and data folder under the same paths.
        paths: what to look at now; all of the run's where left out.
        first: number of the first item, where the run has met some before.

    Raises:
        LookFailed: no process can be started.
        RayMissing: Ray is not installed, or there is no cluster.
        StorageUnavailable: what was found cannot be stored; what was stored before is kept.
    """
    pool = (RayPool[Task, Answer] if on_ray else Pool[Task, Answer])(
        open_looker, num_processes=num_processes, limit_seconds=LIMIT_SECONDS
    )
    keeper = Keeper(parts, run)
    items = _with_frames(find_items(run.paths if paths is None else paths))
    answers = pool.run(_tasks(parts, keeper, enumerate(items, first)))
    try:
        for task, answer in answers:
            if isinstance(answer, Loss):
                sentence = f"{task.item.name!r} was given up: the process that had it {answer.why}."
                answer = Fault("process_lost", sentence)
            keeper.take(task.number, task.item, answer)
            yield from keeper.store_if_due()
        yield from keeper.store()
    except PoolBroken as error:
        raise LookFailed(f"No process to look with can be started: {error}.") from error
    finally:
        answers.close()


def _tasks(parts: Parts, keeper: Keeper, items: Iterator[tuple[int, Item]]) -> Iterator[Task]:
    """Items that can be looked at; faults that were found on the way are kept at once."""
    for number, item in items:
        if item.fault is not None:
            keeper.take(number, item, item.fault)
        else:
            yield Task(number, item, float(parts.rng.random()))


def _with_frames(items: Iterator[Item]) -> Iterator[Item]:
    """Every film gives way to its frames; a process of its own reads it."""
    for item in items:
        if item.fault is not None or not is_film(item):
            yield item
            continue
        pool: Pool[Item, Cut] = Pool(_open_cutter, num_processes=1, limit_seconds=FILM_SECONDS)
        for _, answer in pool.run([item]):
            if isinstance(answer, Loss):
                told = f"{item.name!r} was given up: the process that read it {answer.why}."
                yield replace(item, path=None, fault=Fault("process_lost", told))
            else:
                yield from frames_to_look_at(item, answer)


def _open_cutter() -> Callable[[Item], Cut]:
    return cut_film


class _Taken(NamedTuple):
    number: int
    item: Item
    answer: Answer


class Keeper:
    """Stores answers in groups, and knows near duplicates among all that ever came in."""

    def __init__(self, parts: Parts, run: LookRun) -> None:
        self._parts = parts
        self._run = run
        self._duplicates = Duplicates(parts.store.looks.hashes())
        self._desk = Desk(parts, run.num_to_ask)
        self._taken: list[_Taken] = []
        self._stored_at = time.monotonic()

    def take(self, number: int, item: Item, answer: Answer) -> None:
        """Take an answer in; it is stored with the next group."""
        without_content = replace(item, content=None)
        self._taken.append(_Taken(number, without_content, answer))

    def store_if_due(self) -> Iterator[Told]:
        """Store what was taken in, if it is enough or has waited long enough."""
        is_due = time.monotonic() - self._stored_at >= GROUP_SECONDS
        if len(self._taken) >= GROUP or is_due:
            yield from self.store()

    def store(self) -> Iterator[Told]:
        """Store what was taken in, all or none."""
        now = self._parts.read_clock()
        told: list[Told] = []
        with self._parts.store.looks.writing(now) as writing:
            for one in self._taken:
                told.append(self._store_one(writing, one, now))
        self._taken = []
        self._stored_at = time.monotonic()
        yield from told

    def _store_one(self, writing: Writing, taken: _Taken, now: datetime) -> Told:
        number, item, answer = taken
        if isinstance(answer, Fault):
            stored = StoredItem(number, item.name, None, *answer, shot=item.shot)
            writing.add_item(self._run.run_id, stored)
            return Told(number, item.name, None, None, answer, is_known=False, shot=item.shot)
        to_ask = self._desk.to_ask(answer.image_id, answer.to_ask)
        if isinstance(answer, Looked):
            self._store_look(writing, item.name, answer, now, is_asked=bool(to_ask))
        elif to_ask and answer.content is not None:
            writing.keep(answer.image_id, answer.content)
        self._desk.ask(writing.connection, answer.image_id, to_ask, now)
        stored = StoredItem(number, item.name, answer.image_id, shot=item.shot)
        writing.add_item(self._run.run_id, stored)
        decided = last_decision(writing.connection, answer.image_id)
        reasons = () if decided is None else decided.decision.reasons
        return Told(
            number,
            item.name,
            answer.image_id,
            None if decided is None else str(decided.decision.outcome),
            None,
            isinstance(answer, Known),
            item.shot,
            len(to_ask),
            reasons[0].note if reasons else "",
        )

    def _store_look(
        self, writing: Writing, name: str, looked: Looked, now: datetime, *, is_asked: bool
    ) -> None:
        if writing.has_look(looked.image_id, self._run.looker_sha256):
            return  # the same file under another name, looked at in another process meanwhile
        content = looked.content if looked.is_for_people or is_asked else None
        writing.receive(_incoming(looked, name, now), looked.thumbnail, content)
        near = self._duplicates.meet(looked.image_id, looked.pdq)
        document = {
            "findings": replace(looked.findings, near=near).to_document(),
            "results": [_said(one) for one in looked.results],
        }
        writing.add_look(looked.image_id, self._run.looker_sha256, document, now)
        for heat_sha256, png in looked.heats:
            writing.add_heat(looked.image_id, heat_sha256, png)
        self._decide(writing, looked, now)

    def _decide(self, writing: Writing, looked: Looked, now: datetime) -> None:
        """Append the decision, unless one that was made before stands."""
        judgement = Judgement(
            results=looked.results,
            decision=looked.decision,
            criteria=self._parts.judge.criteria,
        )
        if judgement.is_overruled_by(last_decision(writing.connection, looked.image_id)):
            return
        # Nobody here asked for the image, so anybody may answer the card about it.
        judgement.write(writing.connection, looked.image_id, "", now)


def _incoming(looked: Looked, name: str, now: datetime) -> Incoming:
    return Incoming(
        image_id=looked.image_id,
        pixels_sha256=looked.pixels_sha256,
        file_format=looked.file_format,
        num_bytes=looked.num_bytes,
        size=looked.size,
        source=name,
        received_at=now,
        pdq=looked.pdq,
    )


def _said(result: Result) -> dict[str, object]:
    return {
        "check": result.check,
        "version": result.version,
        "verdict": str(result.verdict),
        "score": result.score,
        "cause": None if result.cause is None else str(result.cause),
        "notes": list(result.notes),
    }
