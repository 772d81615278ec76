"""What an alarm does at once, in the transaction that raises it: pausing, and ending evidence.

Nothing is asked first: a model that changed unseen must not draw on while somebody looks. A person
lets it go on, by measuring again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from limner.core.models import Cause, Stage
from limner.core.watching import Alarm, Basis, Done, Method
from limner.store.evidence import end_evidence, standing_evidence
from limner.store.models import find_states
from limner.studio.aliases import pause_version

REVALIDATION = "revalidation"
DRIFT = "alarm"


def act(
    connection: sa.Connection,
    alarm: Alarm,
    basis: Basis,
    now: datetime,
    *,
    doubted: Sequence[str] = (),
) -> Done:
    """Pause the model that the alarm is about, and end the evidence it makes doubtful.

    Args:
        connection: in the write transaction that raises the alarm.
        alarm: that is raised, before it did anything.
        basis: what the stream was made with when it was found good.
        now: the time now, UTC.
        doubted: hashes of labels and normal sets in force that learnt from no picture of a camera
            that is new: what they are worth was measured on pictures of others, so that ends too.
    """
    is_by_hash = any(one.method is Method.REVALIDATION for one in alarm.readings)
    cause = Cause.HASH_CHANGED if is_by_hash else Cause.ALARM
    paused, why_not, aliases = _pause(connection, basis, alarm, cause, now)
    ended = end_evidence(
        connection,
        [*_doubtful(connection, basis, alarm), *doubted],
        cause=REVALIDATION if is_by_hash else DRIFT,
        alarm_id=alarm.alarm_id,
        now=now,
    )
    return Done(paused=paused, not_paused=why_not, aliases=aliases, ended=ended)


def _pause(
    connection: sa.Connection, basis: Basis, alarm: Alarm, cause: Cause, now: datetime
) -> tuple[str, str, tuple[str, ...]]:
    if not basis.model:
        return "", "Nothing here draws this stream, so nothing was paused.", ()
    states = {one.version.sha256: one for one in find_states(connection)}
    state = states.get(basis.model)
    if state is None:
        return "", f"The model {alarm.stream!r} is not in the registry: not paused.", ()
    label = state.version.label
    if state.stage is Stage.PAUSED:
        return "", f"The model {label} was paused already.", ()
    note = f"{alarm.title} See {alarm.alarm_id}."
    paused = pause_version(connection, state.version, cause, now, note=note)
    moved = (f"{alias} -> {version.label}" for alias, version in paused.given_back.items())
    return label, "", tuple(moved)


def _doubtful(connection: sa.Connection, basis: Basis, alarm: Alarm) -> Sequence[str]:
    """Hashes of evidence about the model, or citing what is another one now."""
    changed = {one.measure for one in alarm.readings if one.method is Method.REVALIDATION}
    suites = {one.removeprefix("basis.dataset.") for one in changed if ".dataset." in one}
    return [
        digest
        for digest, one in standing_evidence(connection).items()
        if (basis.model and one.basis.model_sha256 == basis.model)
        or ("basis.criteria" in changed and one.basis.criteria_sha256 == basis.criteria)
        or (one.suite in suites and one.basis.suite_sha256 == basis.datasets.get(one.suite))
    ]
