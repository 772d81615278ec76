"""Whether the checks of a suite say the same of a picture once it has come in from elsewhere.

The picture as it was drawn is held against itself darker, blurred, noisy, saved as JPEG or resized;
see evals/arriving.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from limner.checks.runner import judge
from limner.core.judging import (
    Better,
    Cause,
    CheckCard,
    CheckNotAble,
    Finding,
    ImageSubject,
    Limits,
    Result,
    Verdict,
)
from limner.evals.arriving import ARRIVALS
from limner.evals.specification import Asked
from limner.evals.suite import Way
from limner.studio.suite_checks import TIME_LIMIT_SECONDS, SuiteCheck, judge_asked

ARRIVED_WORDS: Mapping[Way, str] = {
    Way.DARKER: "in less than half its light",
    Way.BLURRED: "blurred",
    Way.NOISY: "noisy",
    Way.JPEG: "as a JPEG of low quality",
    Way.RESIZED: "scaled down and up again",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalCheck:
    """Whether other checks say the same of a picture however it came.

    Attributes:
        way: it came.
    """

    way: Way

    @property
    def card(self) -> CheckCard:
        """What this check is: not one verdict may be another."""
        return CheckCard(
            name=f"same-{self.way}",
            version="1",
            question=f"Do the other checks say the same when it comes {ARRIVED_WORDS[self.way]}?",
            better=Better.LOWER,
            limits=Limits(pass_at=0.0, fail_at=1.0),
        )

    def compare(
        self,
        before: Mapping[str, Result],
        came: ImageSubject,
        looking: Sequence[SuiteCheck],
        asked: Asked,
    ) -> Result:
        """What it says of a picture as it came: how many checks say otherwise.

        A check that cannot judge one of the two says otherwise.

        Args:
            before: what each check said of the picture as it was drawn, by the check's name; those
                that were asked nothing are not there.
            came: the picture as it came.
            looking: the checks.
            asked: of the picture.
        """
        otherwise = _Otherwise(self.card, before, looking, asked)
        return judge(otherwise, came, time_limit_seconds=TIME_LIMIT_SECONDS)


@dataclass(frozen=True, slots=True)
class _Otherwise:
    """Counts the checks that say otherwise of a picture than before, as the runner takes it."""

    card: CheckCard
    before: Mapping[str, Result]
    looking: Sequence[SuiteCheck]
    asked: Asked

    def measure(self, subject: ImageSubject, /) -> Finding:
        changed: dict[str, float | str] = {}
        asked = [one for one in self.looking if one.card.name in self.before]
        if not asked:
            note = "No check was asked anything of this picture."
            raise CheckNotAble(Cause.NOT_APPLICABLE, note)
        for check in asked:
            before = self.before[check.card.name]
            now = judge_asked(check, subject, self.asked)
            if Verdict.ERROR in (before.verdict, now.verdict) or _passes(before) != _passes(now):
                changed[check.card.name] = f"{before.verdict} -> {now.verdict}"
        return Finding(score=float(len(changed)), details=changed)


def _passes(result: Result) -> bool:
    return result.verdict is Verdict.PASS


ARRIVAL_CHECKS: Mapping[str, ArrivalCheck] = {
    one.card.name: one for one in (ArrivalCheck(way=way) for way in Way if way in ARRIVALS)
}
"""By name."""
