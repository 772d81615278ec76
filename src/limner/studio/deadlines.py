"""Requests that must be drawn within a time: refused at once where that cannot be, ended when over.

The time runs from when a job was taken. What counts is the least a request can take, by the fastest
passes of several pictures and a margin, so that none is refused that could have been met; one that
is met too late ends with what is finished.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from limner.core.errors import BadInput, DeadlineMissed

if TYPE_CHECKING:
    from limner.core.records import Request
    from limner.studio.parts import Parts
    from limner.studio.planning import Planned

MAX_WITHIN_SECONDS = 604_800.0  # a week
LEAST_PASS_SECONDS = 1e-4  # of a picture and step, on any machine
LOADED = 0.5  # what was measured here may have been measured on a machine with half its cores busy


def require_reachable(parts: Parts, request: Request, planned: Planned) -> None:
    """Refuse a request that can never be drawn in its time, by the fastest passes measured here.

    Raises:
        BadInput: the time is out of range, or the request takes longer even alone.
    """
    within = request.within_seconds
    if within is None:
        return
    if not (math.isfinite(within) and 0 < within <= MAX_WITHIN_SECONDS):
        raise BadInput(
            f"The time to draw within is {within!r} seconds; allowed is above 0 to "
            f"{MAX_WITHIN_SECONDS:g}.",
            code="within_seconds_out_of_range",
        )
    card = parts.generator_of(request.model).card
    measured = parts.store.fastest_pass_seconds(card.name) or 0.0
    choices, num_pictures = planned.choices, len(planned.shots)
    num_passes = num_pictures * max(1, round(choices.steps * choices.strength))
    least = num_passes * max(LEAST_PASS_SECONDS, LOADED * measured)
    if least > within:
        raise BadInput(
            f"The request cannot be drawn within {within:g} seconds; its {num_pictures} pictures "
            f"of {choices.steps} steps take at least {least:.2g} here.",
            code="deadline_unreachable",
            hint="Allow more time, or ask for fewer pictures or steps.",
        )


def due_at(request: Request, created_at: datetime) -> datetime | None:
    """When a request must be drawn; ``None`` for whenever."""
    if request.within_seconds is None:
        return None
    return created_at + timedelta(seconds=request.within_seconds)


def require_in_time(due: datetime | None, now: datetime) -> None:
    """Stop what is over its time.

    Raises:
        DeadlineMissed: it is.
    """
    if due is not None and now > due:
        raise DeadlineMissed(
            f"The job was to be drawn by {due:%Y-%m-%d %H:%M:%S} UTC and was not; pictures that "
            "were finished are kept.",
            hint="Submit it again with more time.",
        )
