"""What is printed of the registry, of gates, and of what is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from limner.faces.printing import say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from limner.core.gates import GateAnswer, RuleAnswer
    from limner.core.models import ModelState
    from limner.studio.due import Due
    from limner.studio.registry import Overview


def say_registry(found: Overview) -> None:
    """Every version in one line, with the aliases that point at it."""
    for state in found.states:
        version = state.version
        names = [alias for alias, sha256 in found.aliases.items() if sha256 == version.sha256]
        serves = f"  serves {', '.join(sorted(names))}" if names else ""
        say(
            f"{state.stage!s:<10} {version.label:<28} {version.sha256[7:15]}  "
            f"owner {version.owner}{serves}"
        )


def say_state(state: ModelState) -> None:
    """One version with everything that happened to it."""
    version, licence = state.version, state.version.licence
    say(f"{version.label}  {version.sha256}")
    read = f"read by {licence.reviewer}" if licence.reviewer else "read by nobody"
    say(f"  licence {licence.expression}, {licence.source}, {read}")
    due = "no day is set" if state.review_by is None else f"to be looked at by {state.review_by}"
    say(f"  owner {version.owner}; {due}")
    for one in state.events:
        told = f"  {one.happened_at:%Y-%m-%d %H:%M} UTC  {one.stage!s:<10} {one.cause}"
        told += f" by {one.by}" if one.by else ""
        say(f"{told}: {one.note}" if one.note else told)


def say_answer(answer: GateAnswer) -> None:
    """What a gate says: the verdict first, then what stands in the way, then what is kept."""
    until = answer.valid_until
    ends = "" if until is None else f", valid until {until:%Y-%m-%d %H:%M} UTC"
    say(f"{str(answer.verdict).upper()}  gate {answer.gate.name}{ends}")
    for fault in answer.faults:
        say(f"  FAULT         {fault}")
    for one in sorted(answer.rules, key=lambda one: one.lets_pass):
        say(f"  {_word(one):<13} {one.rule.id}: {one.note}{_more(one)}")


def say_due(found: Sequence[Due], today: date) -> None:
    """What is to be looked at again, one line each."""
    for one in found:
        if one.fault:
            say(f"{'fault':>12}  {one.what} {one.name}: {one.fault}")
            continue
        effect = "; a missed review pauses" if one.pauses else ""
        day = "" if one.review_by is None else f", by {one.review_by}"
        say(f"{_when(one.days_left(today)):>12}  {one.what} {one.name}, {one.owner}{day}{effect}")


def registry_document(state: ModelState, aliases: dict[str, str]) -> dict[str, object]:
    """JSON form of a version as it stands."""
    version = state.version
    return {
        "model": version.label,
        "sha256": version.sha256,
        "stage": str(state.stage),
        "aliases": sorted(alias for alias, sha256 in aliases.items() if sha256 == version.sha256),
        "owner": version.owner,
        "licence": version.licence.expression,
        "licence_read_by": version.licence.reviewer,
        "review_by": None if state.review_by is None else state.review_by.isoformat(),
        "events": [
            {
                "at": one.happened_at.isoformat(),
                "event": str(one.kind),
                "stage": str(one.stage),
                "cause": str(one.cause),
                "note": one.note,
                "by": one.by,
            }
            for one in state.events
        ],
    }


def _word(answer: RuleAnswer) -> str:
    if answer.waived_by:
        return "waived"
    return str(answer.verdict)


def _more(answer: RuleAnswer) -> str:
    if answer.num_more is None or "observations" in answer.note:
        return ""
    return f" {answer.num_more:,} observations are needed."


def _when(days: int | None) -> str:
    if days is None:
        return "no day"
    if days < 0:
        return f"{-days} days late"
    return f"in {days} days"
