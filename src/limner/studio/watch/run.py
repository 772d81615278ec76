"""Reading a stream against its reference; an alarm pauses, ends evidence and tells people.

One reading of a stream:

1. What it is made with is compared by hash (basis.py); another hash is an alarm at once.
2. Every window that has filled is tested as a whole (monitoring/window.py).
3. What came since the last reading goes through the detectors (monitoring/stream.py).
4. Readings are stored; an alarm with everything it does at once in the same transaction.
5. People are told.

An alarm ends its reference: nothing more is read against it until somebody has set another.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from limner.core.limits import require_one_of
from limner.core.reviewing import state_of
from limner.core.watching import (
    Alarm,
    Change,
    Done,
    Method,
    Reading,
    ReadingVerdict,
    Reference,
    Telling,
)
from limner.monitoring.explaining import explain
from limner.monitoring.sample import Audits, Sample
from limner.monitoring.stream import read_stream
from limner.monitoring.window import read_window
from limner.store.evidence import evidence_of
from limner.store.review_history import rule_decisions
from limner.store.reviews import find_cards
from limner.store.streams import StreamImage, count_refused_requests
from limner.store.watches import StoredReading, add_readings, alarms, raise_alarm, readings_of
from limner.store.watches import references as find_references
from limner.studio.watch.acting import act
from limner.studio.watch.basis import basis_now, changes_of, new_cameras, reading_of
from limner.studio.watch.references import images_of, images_since, shortcomings_of
from limner.studio.watch.sampling import audits_of, checks_of, sample_of
from limner.studio.watch.telling import tell

if TYPE_CHECKING:
    from limner.studio.parts import Parts

NUM_CHANGES = 8  # that an alarm explains; the rest is among its readings


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What came of reading one stream.

    Attributes:
        readings: that were made now.
        alarm: that was raised now; ``None`` for none.
        told: whom it told.
        note: why nothing was read, or what cannot be told by this reference; else empty.
    """

    stream: str
    reference: Reference
    readings: tuple[Reading, ...] = ()
    alarm: Alarm | None = None
    told: tuple[Telling, ...] = ()
    note: str = ""


class _Read(NamedTuple):
    """One moment's readings, the last image they saw, and the samples an alarm explains them by."""

    readings: list[Reading]
    until: str
    window: Sample


def watch_all(parts: Parts, stream: str | None = None) -> list[Watched]:
    """Read every stream that has a reference, or one.

    Raises:
        BadInput: `stream` has no reference.
    """
    with parts.store.watches.reading() as connection:
        newest = {one.stream: one for one in find_references(connection)}
    if stream is not None:
        require_one_of("watched stream", stream, newest)
        newest = {stream: newest[stream]}
    return [_watch(parts, reference) for reference in newest.values()]


def _watch(parts: Parts, reference: Reference) -> Watched:
    with parts.store.watches.reading() as connection:
        raised = alarms(connection, reference.reference_id)
        before = readings_of(connection, reference.reference_id)
        evidence = evidence_of(connection, reference.basis.model) if reference.basis.model else []
    watched = Watched(stream=reference.stream, reference=reference)
    if raised:
        note = (
            f"{raised[-1].alarm_id} ended this reference; measure again, then set another with "
            "`limner watch reference`."
        )
        return replace(watched, note=note)
    known, since = images_of(parts, reference), images_since(parts, reference)
    basis = basis_now(
        parts, reference.stream, since, evidence, cameras_before=reference.basis.cameras
    )
    changes = changes_of(reference.basis, basis, since)
    if changes:
        reads = [
            _Read(
                [reading_of(one, len(known), len(since)) for one in changes],
                since[-1].place if since else "",
                sample_of([], [], None),
            )
        ]
        return _settle(parts, watched, reads, changes, new_cameras(reference.basis, basis))
    reader = _Reader(parts, reference, known, since)
    reads = [*reader.windows(_place(before, is_window=True))]
    if not (reads and _alarmed(reads[-1].readings)):
        reads += reader.stream(_place(before, is_window=False))
    if not reads:
        note = shortcomings_of(reference) or "Nothing came that was not read before."
        return replace(watched, note=note)
    explained = reader.explain(reads[-1])
    return _settle(parts, watched, reads, explained, ())


def _settle(
    parts: Parts,
    watched: Watched,
    reads: Sequence[_Read],
    changes: Sequence[Change],
    cameras: Sequence[str],
) -> Watched:
    """Store the readings and what follows from them, all or nothing; then tell people."""
    reference, now = watched.reference, parts.read_clock()
    readings = tuple(reading for one in reads for reading in one.readings)
    alarmed, alarm = _alarmed(readings), None
    doubted = [
        one.sha256
        for one in parts.store.learnt.in_force()
        if not all(one.has_learnt_from(camera) for camera in cameras)
    ]
    with parts.store.watches.writing(now) as connection:
        if alarms(connection, reference.reference_id):  # another process was quicker
            return watched
        for one in reads:
            add_readings(
                connection, reference.reference_id, one.readings, read_until=one.until, now=now
            )
        if alarmed:
            alarm = Alarm(
                alarm_id=f"alarm-{secrets.token_hex(6)}",
                reference_id=reference.reference_id,
                stream=reference.stream,
                raised_at=now,
                readings=tuple(alarmed),
                changes=tuple(changes),
                done=Done(),
            )
            done = act(connection, alarm, reference.basis, now, doubted=doubted)
            alarm = replace(alarm, done=done)
            raise_alarm(connection, alarm)
    told = () if alarm is None else tuple(tell(parts, alarm))
    return replace(
        watched, readings=readings, alarm=alarm, told=told, note=shortcomings_of(reference)
    )


class _Reader:
    """Reads one stream: its reference as a sample, made once."""

    def __init__(
        self,
        parts: Parts,
        reference: Reference,
        known: Sequence[StreamImage],
        since: Sequence[StreamImage],
    ) -> None:
        self._parts = parts
        self._reference = reference
        self._known = known
        self._since = since
        self._checks = checks_of(known)
        self._sample = sample_of(
            known,
            self._checks,
            parts.read_sentences,
            num_refused=self._num_refused(known),
        )

    def windows(self, after: str) -> list[_Read]:
        """The readings of every window that filled after a place, up to the first alarm."""
        size, found = self._reference.sensitivity.window, list[_Read]()
        start = sum(one.place <= after for one in self._since)
        if start + size > len(self._since):
            return found
        audits = self._audits()
        for stop in range(start + size, len(self._since) + 1, size):
            images = self._since[stop - size : stop]
            window = sample_of(
                images,
                self._checks,
                self._parts.read_sentences,
                num_refused=self._num_refused(images),
            )
            readings = read_window(
                self._sample,
                window,
                audits,
                self._reference.sensitivity,
                position=stop,
                rng=np.random.default_rng([self._seed, stop]),
            )
            found.append(_Read(readings, images[-1].place, window))
            if _alarmed(readings):
                break
        return found

    def stream(self, after: str) -> list[_Read]:
        """The readings of the detectors on what came after a place."""
        num_before = sum(one.place <= after for one in self._since)
        if num_before == len(self._since):
            return []
        stream = sample_of(self._since, self._checks, None)
        readings = read_stream(
            self._sample,
            stream,
            self._reference.sensitivity,
            after=num_before,
            seed=self._seed,
        )
        newest = self._since[-self._reference.sensitivity.window :]
        return [_Read(readings, self._since[-1].place, sample_of(newest, self._checks, None))]

    def explain(self, read: _Read) -> list[Change]:
        """What the alarms among some readings say changed, the clearest first."""
        alarmed = sorted(_alarmed(read.readings), key=lambda one: -(one.value or 0.0))
        return [explain(one, self._sample, read.window) for one in alarmed[:NUM_CHANGES]]

    @property
    def _seed(self) -> int:
        return int(self._reference.reference_id.removeprefix("reference-"), 16)

    def _num_refused(self, images: Sequence[StreamImage]) -> int:
        if not images or not images[0].recipe:
            return 0
        with self._parts.store.watches.reading() as connection:
            return count_refused_requests(
                connection, since=images[0].came_at, until=images[-1].came_at
            )

    def _audits(self) -> Audits:
        now = self._parts.read_clock()
        with self._parts.store.watches.reading() as connection:
            cards = [(card, state_of(events, now)) for card, events in find_cards(connection)]
            decisions = rule_decisions(connection)
        return audits_of(
            cards,
            decisions,
            frozenset(one.image_id for one in self._known),
            frozenset(one.image_id for one in self._since),
        )


def _place(before: Sequence[StoredReading], *, is_window: bool) -> str:
    """How far windows, or the detectors, have read; empty at first."""
    places = [
        one.read_until
        for one in before
        if (one.reading.method is not Method.MARTINGALE) == is_window
    ]
    return max(places, default="")


def _alarmed(readings: Sequence[Reading]) -> list[Reading]:
    return [one for one in readings if one.verdict is ReadingVerdict.ALARM]
