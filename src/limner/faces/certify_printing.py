"""What `limner criteria certify` prints: the walk over thresholds, and the answer in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from limner.core.judging import Better
from limner.evals.certify import Shortfall, Side, Step
from limner.faces.printing import note, say, say_json
from limner.studio.criteria_use import percent

if TYPE_CHECKING:
    from limner.studio.certify import Certified

MAX_LINES = 12
BAR_CELLS = 20


def say_certified(certified: Certified) -> None:
    """The answer for a person."""
    card, target, found = certified.card, certified.target, certified.certification
    is_higher = card.better is Better.HIGHER
    say(f"{certified.criterion.id}: {certified.criterion.question}")
    say(f"check {card.name} version {card.version}; {card.better} is better")
    say(f"{found.num:,} labels, {found.num_bad:,} of them bad" + _weighted(found.is_weighted))
    for one in certified.notices:
        note(one)
    asked = f"of what passes {percent(target.precision)} is good"
    if target.recall is not None:
        asked += f", of what is bad {percent(target.recall)} does not pass"
    say("")
    _say_side("pass", "at or over" if is_higher else "at or under", asked, found.passing)
    if found.failing is not None and target.fail_precision is not None:
        asked = f"of what fails {percent(target.fail_precision)} is bad"
        say("")
        _say_side("fail", "at or under" if is_higher else "at or over", asked, found.failing)
    if certified.written_to is not None:
        say("")
        say(f"Written to {certified.written_to}")


def say_certified_json(certified: Certified) -> None:
    """The answer for a program."""
    found, certificate = certified.certification, certified.certificate
    say_json(
        {
            "criterion": certified.criterion.id,
            "check": certified.card.name,
            "version": certified.card.version,
            "is_certified": certificate is not None,
            "limits": None if certified.limits is None else asdict(certified.limits),
            "certificate": (
                None
                if certificate is None
                else asdict(certificate) | {"certified_on": certificate.certified_on.isoformat()}
            ),
            "num_labels": found.num,
            "num_bad": found.num_bad,
            "num_unknown": found.num_unknown,
            "is_weighted": found.is_weighted,
            "passing": asdict(found.passing),
            "failing": None if found.failing is None else asdict(found.failing),
            "notices": list(certified.notices),
            "written_to": None if certified.written_to is None else str(certified.written_to),
        }
    )


def _weighted(is_weighted: bool) -> str:
    if not is_weighted:
        return ""
    return "; chances of being looked at differ, so each counts for those it stands for"


def _say_side(verb: str, side_of: str, asked: str, side: Side) -> None:
    say(f"To {verb}: {asked}, sure of it to {percent(1 - side.delta)}.")
    if side.steps:
        has_recall = side.steps[0].recall is not None
        say(
            f"  {side_of:>12} {'pictures':>9} {'wrong':>6} {'right':>7}"
            + (f" {'stopped':>8}" if has_recall else "")
            + f" {'p-value':>8}  share that would {verb}"
        )
        for step in _some(side):
            say(_line(step, side))
    if side.certified is None:
        say(f"NOT CERTIFIABLE: {_why_not(side)}")
        return
    low = f"at least {percent(_floor(side.precision_low))} right"
    if side.recall_low is not None:
        low += f", at least {percent(_floor(side.recall_low))} of the bad stopped"
    say(f"CERTIFIED: {verb} {side_of} {side.certified.threshold!r}.")
    say(f"This threshold taken by itself: {low}.")


def _some(side: Side) -> Sequence[Step]:
    """A few of the steps, evenly; with the first, the certified one and the last."""
    steps = side.steps
    if len(steps) <= MAX_LINES:
        return steps
    every = (len(steps) - 1) / (MAX_LINES - 2)
    chosen = {round(k * every) for k in range(MAX_LINES - 1)}
    if side.certified is not None:
        chosen.add(steps.index(side.certified))
    return [steps[k] for k in sorted(chosen)]


def _line(step: Step, side: Side) -> str:
    bar = "█" * round(step.coverage * BAR_CELLS)
    recall = "" if step.recall is None else f" {step.recall:>8.1%}"
    p_value = f"{step.p_value:.4f}" if step.p_value >= 0.0001 else "<0.0001"
    told = "  <- certified" if step == side.certified else ""
    if step.p_value > side.delta:
        told = "  <- not shown"
    return (
        f"  {step.threshold:>12.6g} {step.num:>9,} {step.num_wrong:>6,} {step.precision:>7.1%}"
        f"{recall} {p_value:>8}  {bar} {step.coverage:.0%}{told}"
    )


def _floor(share: float | None) -> float:
    return 0.0 if share is None else int(share * 10_000) / 10_000


def _why_not(side: Side) -> str:
    match side.shortfall:
        case Shortfall.TOO_FEW_LABELS:
            why = "there are too few labels to show this even if none spoke against it"
        case Shortfall.TOO_FEW_BAD:
            why = "there are too few bad pictures to show how many of the bad are stopped"
        case Shortfall.OVERLAPS:
            return "every threshold that could be tested lies where pictures already pass."
        case _:
            why = "already the strictest threshold that could be tested is not shown to keep it"
    if side.num_more is None:
        return (
            f"{why}. As far as these labels tell, more of them will not help: the check does not "
            "part good from bad well enough, or too much is promised."
        )
    return f"{why}. About {side.num_more:,} more labels, drawn as these were, would probably do."
