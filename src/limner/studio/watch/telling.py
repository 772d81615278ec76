"""Telling people of an alarm, by every channel of the settings. None of them is told of any prompt.

That a message does not go out is kept with the alarm and shown; it stops nothing else.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from limner.core.watching import Alarm, Telling
from limner.studio.messages import Message, send

if TYPE_CHECKING:
    from limner.studio.parts import Parts

_log = logging.getLogger(__name__)


def tell(parts: Parts, alarm: Alarm) -> list[Telling]:
    """Tell everybody the settings name, and keep what came of it with the alarm."""
    told: list[Telling] = []
    for channel, to, note in send(parts.settings, message_of(alarm)):
        if note:
            facts = {"action": "alarm_not_told", "alarm_id": alarm.alarm_id, "channel": channel}
            _log.error("An alarm could not be told", extra=facts)
        telling = Telling(channel, to, parts.read_clock(), is_told=not note, note=note)
        parts.store.watches.tell(alarm.alarm_id, telling)
        told.append(telling)
    return told


def message_of(alarm: Alarm) -> Message:
    """What people are told of an alarm."""
    done = alarm.done
    return Message(
        title=f"Limner: {' '.join(alarm.stream.split())} changed ({alarm.alarm_id})",
        lines=(
            f"The stream {alarm.stream!r} is no longer what it was at its reference.",
            "",
            *(f"- {one.note}" for one in alarm.changes),
            "",
            f"The model {done.paused} was paused." if done.paused else done.not_paused,
            f"{len(done.ended)} pieces of evidence ended.",
            *(f"The alias moved: {one}." for one in done.aliases),
            "",
            f"See `limner watch show` or the page Watch: {alarm.alarm_id}.",
        ),
        document={
            "text": f"Limner: {alarm.title}",
            "alarm_id": alarm.alarm_id,
            "stream": alarm.stream,
            "raised_at": alarm.raised_at.isoformat(),
            "changes": [{"measure": one.measure, "note": one.note} for one in alarm.changes],
            "paused": done.paused,
            "not_paused": done.not_paused,
            "aliases": list(done.aliases),
            "num_evidence_ended": len(done.ended),
        },
        logged=(
            "A stream of images has changed",
            {
                "action": "alarm_raised",
                "alarm_id": alarm.alarm_id,
                "stream": alarm.stream,
                "measures": [one.measure for one in alarm.readings],
                "paused": done.paused,
            },
        ),
    )
