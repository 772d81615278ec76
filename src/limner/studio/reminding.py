"""A daily reminder of what is due and a recurring report, to whoever the settings name.

Neither names a project, a prompt or a requester.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

from limner.studio.due import REMIND_DAYS, Due, everything_due
from limner.studio.gains import Gains, gains
from limner.studio.messages import Message, send

if TYPE_CHECKING:
    from limner.studio.parts import Parts

REMINDER, REPORT = "reminder", "report"
DAY_SECONDS = 86_400.0
LOOK_SECONDS = 600.0  # between two looks whether a day has begun

_log = logging.getLogger(__name__)


class Reminder:
    """Reminds once a day and reports as often as the settings say, as long as its process lives.

    Args:
        parts: of the studio.
        read_seconds: a steady clock.
    """

    def __init__(self, parts: Parts, read_seconds: Callable[[], float]) -> None:
        self._parts = parts
        self._read_seconds = read_seconds
        self._looked_seconds = float("-inf")

    def remind_if_due(self) -> None:
        """Send what is to be sent today and was not yet."""
        now = self._read_seconds()
        if now - self._looked_seconds >= LOOK_SECONDS:
            self._looked_seconds = now
            remind(self._parts)
            report(self._parts)


def remind(parts: Parts) -> list[Due]:
    """Tell once a day what is overdue or due within `REMIND_DAYS`; gives the same."""
    today = parts.read_clock().date()
    limit = today + timedelta(days=REMIND_DAYS)
    found = [
        one for one in everything_due(parts) if one.review_by is not None and one.review_by <= limit
    ]
    if found and parts.store.messages.claim(REMINDER, today, parts.read_clock()):
        for one in found:
            facts = {"action": "review_due", "what": one.what, "review_by": str(one.review_by)}
            state = "overdue" if (one.days_left(today) or 0) < 0 else "due"
            _log.warning("A review is %s: %s %s", state, one.what, one.name, extra=facts)
        _send(parts, REMINDER, reminder_of(parts, found))
    return found


def report(parts: Parts) -> Message | None:
    """Send the recurring report if it is time and anything was drawn; gives what was sent."""
    every, now = parts.settings.report_days, parts.read_clock()
    last = parts.store.messages.last(REPORT)
    if not every or (last is not None and now.date() < last.day + timedelta(days=every)):
        return None
    found = gains(parts, since=now - timedelta(days=every))
    if not found.whole.num_drawn:
        return None
    message = report_of(parts, found)
    if not parts.store.messages.claim(REPORT, now.date(), now):
        return None
    _send(parts, REPORT, message)
    return message


def reminder_of(parts: Parts, found: list[Due]) -> Message:
    """What people are told of what is due."""
    lines = due_lines(parts, found)
    title = f"Limner: {len(found)} {'review is' if len(found) == 1 else 'reviews are'} due"
    return Message(
        title=title,
        lines=(*lines, "", "See `limner due` or the page Models."),
        document={
            "text": f"{title}. {lines[0]}",
            "due": [
                {
                    "what": one.what,
                    "name": one.name,
                    "owner": one.owner,
                    "review_by": str(one.review_by),
                    "pauses": one.pauses,
                }
                for one in found
            ],
        },
        logged=("Reviews are due", {"action": "reviews_due", "reviews": len(found)}),
    )


def report_of(parts: Parts, found: Gains) -> Message:
    """What people are told of the last days: what came of them, what it cost, what is due."""
    today = parts.read_clock().date()
    limit = today + timedelta(days=REMIND_DAYS)
    due = [one for one in everything_due(parts) if one.review_by and one.review_by <= limit]
    title = f"Limner: report of the last {parts.settings.report_days} days"
    whole = found.whole
    goals = [one for one in found.goals if not one.goal.project]
    lines = (*whole.sentences(), *(one.sentence for one in goals), *due_lines(parts, due))
    return Message(
        title=title,
        lines=(*lines, "", "See `limner gains` and `limner due`."),
        document={
            "text": f"{title}. {whole.sentences()[0]}",
            "whole": asdict(whole),
            "goals": [one.sentence for one in goals],
            "num_due": len(due),
        },
        logged=(
            f"{title}. {whole.sentences()[0]}",
            {"action": "report", "images": whole.num_drawn},
        ),
    )


def due_lines(parts: Parts, found: list[Due]) -> list[str]:
    """What is due, one line each."""
    today = parts.read_clock().date()
    lines: list[str] = []
    for one in found:
        days = one.days_left(today) or 0
        when = f"{-days} days late" if days < 0 else f"due in {days} days"
        effect = "; a missed review pauses what depends on it" if one.pauses else ""
        lines.append(f"{one.what} {one.name}, {one.owner}: {when}{effect}.")
    return lines


def _send(parts: Parts, kind: str, message: Message) -> None:
    sent = list(send(parts.settings, message))
    for one in sent:
        if one.note:
            facts = {"action": "message_not_sent", "kind": kind, "channel": one.channel}
            _log.error("A message could not be sent", extra=facts)
    told = [(one.channel, one.to, one.note) for one in sent]
    parts.store.messages.note(kind, parts.read_clock().date(), told)
