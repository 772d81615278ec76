"""What watching knows of every stream: for pages, for the command line, for Prometheus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from limner.core.canaries import CanarySet
from limner.core.watching import Alarm, Method, Reference, Telling
from limner.store.watches import (
    StoredReading,
    alarms,
    canary_sets,
    readings_of,
    references,
    tellings_of,
)

if TYPE_CHECKING:
    from limner.studio.parts import Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldAlarm:
    """An alarm and whom it told."""

    alarm: Alarm
    told: tuple[Telling, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """One stream.

    Attributes:
        reference: in force.
        readings: against it, oldest first.
        alarms: of the stream, against any reference, oldest first; those of canaries are theirs.
    """

    stream: str
    reference: Reference
    readings: Sequence[StoredReading]
    alarms: Sequence[ToldAlarm]

    @property
    def is_alarmed(self) -> bool:
        """The reference in force was ended by an alarm; somebody has to measure again."""
        return any(one.alarm.reference_id == self.reference.reference_id for one in self.alarms)

    def series(self) -> dict[tuple[str, str], list[StoredReading]]:
        """Readings by measure and method, each oldest first, in the order they first came."""
        found: dict[tuple[str, str], list[StoredReading]] = {}
        for one in self.readings:
            key = (one.reading.measure, str(one.reading.method))
            found.setdefault(key, []).append(one)
        return found

    def to_document(self) -> dict[str, object]:
        """JSON form: the newest reading of each measure, every alarm with whom it told."""
        return {
            "stream": self.stream,
            "reference": self.reference.to_document(),
            "is_alarmed": self.is_alarmed,
            "readings": [
                {"read_at": series[-1].read_at.isoformat(), **series[-1].reading.to_document()}
                for series in self.series().values()
            ],
            "alarms": [alarm_document(one) for one in self.alarms],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CanariesSeen:
    """One canary set.

    Attributes:
        readings: of the newest redraw; empty before the first.
        alarms: of the stream's canary sets, this one and earlier ones, oldest first.
    """

    canaries: CanarySet
    readings: Sequence[StoredReading]
    alarms: Sequence[ToldAlarm]

    @property
    def is_alarmed(self) -> bool:
        """The set was ended by an alarm; somebody has to look and keep another run."""
        return any(one.alarm.reference_id == self.canaries.canary_id for one in self.alarms)

    def to_document(self) -> dict[str, object]:
        """JSON form; the newest readings, every alarm with whom it told."""
        return {
            "canaries": self.canaries.to_document(),
            "is_alarmed": self.is_alarmed,
            "readings": [
                {"read_at": one.read_at.isoformat(), "run": one.read_until}
                | one.reading.to_document()
                for one in self.readings
            ],
            "alarms": [alarm_document(one) for one in self.alarms],
        }


def alarm_document(told: ToldAlarm) -> dict[str, object]:
    """An alarm and whom it told as JSON."""
    return {
        **told.alarm.to_document(),
        "title": told.alarm.title,
        "told": [{**one._asdict(), "told_at": one.told_at.isoformat()} for one in told.told],
    }


def overview(parts: Parts, stream: str | None = None) -> list[Overview]:
    """Every stream that has a reference, or one; empty if there is none."""
    with parts.store.watches.reading() as connection:
        newest = {one.stream: one for one in references(connection, stream)}
        raised = [
            ToldAlarm(alarm=one, told=tuple(tellings_of(connection, one.alarm_id)))
            for one in alarms(connection)
        ]
        return [
            Overview(
                stream=name,
                reference=reference,
                readings=readings_of(connection, reference.reference_id),
                alarms=[
                    one
                    for one in raised
                    if one.alarm.stream == name and not _is_of_canaries(one.alarm)
                ],
            )
            for name, reference in newest.items()
        ]


def canaries_seen(parts: Parts, stream: str | None = None) -> list[CanariesSeen]:
    """Every canary set in force, or that of one stream; empty if there is none."""
    with parts.store.watches.reading() as connection:
        raised = [
            ToldAlarm(alarm=one, told=tuple(tellings_of(connection, one.alarm_id)))
            for one in alarms(connection)
            if _is_of_canaries(one)
        ]
        found: list[CanariesSeen] = []
        for one in canary_sets(connection):
            readings = readings_of(connection, one.canary_id)
            newest = [stored for stored in readings if stored.read_until == readings[-1].read_until]
            own = [told for told in raised if told.alarm.stream == one.stream]
            if stream in (None, one.stream):
                found.append(CanariesSeen(canaries=one, readings=newest, alarms=own))
        return found


def _is_of_canaries(alarm: Alarm) -> bool:
    return all(one.method is Method.CANARY for one in alarm.readings) and bool(alarm.readings)


def find_alarm(parts: Parts, alarm_id: str) -> ToldAlarm | None:
    """An alarm by its id; ``None`` if there is none."""
    with parts.store.watches.reading() as connection:
        found = next((one for one in alarms(connection) if one.alarm_id == alarm_id), None)
        if found is None:
            return None
        return ToldAlarm(alarm=found, told=tuple(tellings_of(connection, alarm_id)))
