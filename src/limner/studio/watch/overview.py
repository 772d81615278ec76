"""What watching knows of every stream: for pages, for the command line, for Prometheus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from limner.core.watching import Alarm, Reference, Telling
from limner.store.watches import StoredReading, alarms, readings_of, references, tellings_of

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
        alarms: of the stream, against any reference, oldest first.
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
                alarms=[one for one in raised if one.alarm.stream == name],
            )
            for name, reference in newest.items()
        ]


def find_alarm(parts: Parts, alarm_id: str) -> ToldAlarm | None:
    """An alarm by its id; ``None`` if there is none."""
    with parts.store.watches.reading() as connection:
        found = next((one for one in alarms(connection) if one.alarm_id == alarm_id), None)
        if found is None:
            return None
        return ToldAlarm(alarm=found, told=tuple(tellings_of(connection, alarm_id)))
