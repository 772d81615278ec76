"""What ``limner look teach`` and ``normal`` print: what was learnt, and what it is worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from limner.core.learnt import Bound, LabelFacts, Learnt, NormalFacts, Share, Side
from limner.faces.printing import say

MOST_CAMERAS = 3  # that are named


def learnt_document(learnt: Learnt) -> dict[str, Any]:
    """JSON form of a version, without what was learnt."""
    return {
        "kind": str(learnt.kind),
        "name": learnt.name,
        "version": learnt.version,
        "sha256": learnt.sha256,
        "learnt_at": learnt.learnt_at.isoformat(),
        **learnt.document,
    }


def say_label(learnt: Learnt) -> None:
    """A label in a few lines."""
    facts = LabelFacts.from_document(learnt.document)
    say(
        f"Label {learnt.name!r} ({learnt.version}), learnt on {facts.num_yes:,} pictures it fits "
        f"and {facts.num_no:,} others."
    )
    say(f"  On pictures it has not seen: precision {_share(facts.precision)}")
    say(f"                               recall    {_share(facts.recall)}")
    say(f"  yes: {_side(facts.yes, 'from', facts)}")
    say(f"  no:  {_side(facts.no, 'up to', facts)}")
    _say_cameras(facts.cameras)
    say(
        "  Precision is that of pictures drawn as the examples were, with as many among them "
        "that fit."
    )


def say_normal(learnt: Learnt) -> None:
    """A normal set in a few lines."""
    facts = NormalFacts.from_document(learnt.document)
    say(
        f"Normal set {learnt.name!r} ({learnt.version}), learnt on {facts.num_good:,} good parts; "
        f"others are {facts.usual:.2f} away, at most {facts.highest:.2f}."
    )
    say(f"  anomalous: {_bound(facts.anomalous, 'above', 'good parts', facts)}")
    say(f"  normal:    {_bound(facts.normal, 'below', 'bad parts', facts)}")
    _say_cameras(facts.cameras)


def _say_cameras(cameras: Sequence[str]) -> None:
    """What it stands on: another camera puts it in doubt."""
    if cameras:
        more = len(cameras) - MOST_CAMERAS
        rest = f" and {more:,} more" if more > 0 else ""
        say(f"  Taken by: {', '.join(cameras[:MOST_CAMERAS])}{rest}.")


def _share(share: Share) -> str:
    if share.value is None or share.low is None or share.high is None:
        return "not measured, as no picture was called so"
    return f"{share.value:.1%} ({share.low:.1%} to {share.high:.1%}, of {share.num:,})"


def _side(side: Side, word: str, facts: LabelFacts) -> str:
    if side.at is None:
        return f"not certifiable for {facts.asked_precision:.1%}; said of none. {side.why_not}"
    return (
        f"{word} {side.at:.3f}, right {facts.asked_precision:.1%} of the time or more with "
        f"{facts.confidence:.0%} confidence; it reaches {_share(side.recall)}"
    )


def _bound(bound: Bound, word: str, kind: str, facts: NormalFacts) -> str:
    if bound.at is None:
        return f"not certifiable; said of none. {bound.why_not}"
    return (
        f"{word} {bound.at:.2f}, at most {facts.limit:.1%} of {kind} with "
        f"{facts.confidence:.0%} confidence ({bound.num_past} of {bound.num:,} seen)"
    )
