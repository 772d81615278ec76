"""What ``limner review stats`` prints: every number with its interval and what it rests on."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from limner.faces.printing import say, say_json

if TYPE_CHECKING:
    from limner.evals.intervals import Estimate
    from limner.studio.review_statistics import ReviewerStatistics, ReviewStatistics

LABEL_COLUMNS = 34


def say_statistics(found: ReviewStatistics, *, as_json: bool) -> None:
    """Statistics of reviews, as a table or as one JSON object."""
    if as_json:
        say_json(asdict(found))
        return
    say(f"{found.num_waiting} cards wait, {found.num_closed} are closed. Intervals are 95 %.")
    _say("seconds to a first answer, median", found.seconds, "answers")
    _say("escalated", found.escalated, "cards")
    say("Agreement of blind first answers, on cards that two or more answered")
    _say("raw agreement", found.agreement, "cards")
    _say("Krippendorff alpha, nominal", found.alpha_nominal, "cards")
    _say("Krippendorff alpha, ordinal", found.alpha_ordinal, "cards")
    _say("Gwet AC1", found.ac1, "cards")
    say("Decisions by rule, from held images and random audits, weighted by 1/probability")
    _say("precision of releases", found.rates.precision, "released and audited")
    _say("recall of bad images", found.rates.recall, "bad ones found")
    _say("people decided against the rule", found.override, "audits and complaints")
    if found.num_audits_waiting:
        say(f"  {found.num_audits_waiting} of them wait for an answer and are not counted yet.")
    if found.num_never_audited:
        say(f"  {found.num_never_audited} decisions are never audited; nothing is known of them.")
    for one in found.reviewers:
        _say_reviewer(one)


def _say_reviewer(one: ReviewerStatistics) -> None:
    say(f"Reviewer {one.name or 'whose name was erased'}: {one.num_answers} answers")
    _say("seconds to a first answer, median", one.seconds, "answers")
    _say("changed their mind", one.changed_mind, "answers")
    _say("decided otherwise by others", one.overruled, "answers on closed cards")
    _say("hits on planted bad images", one.detection.hit_rate, "planted")
    _say("false alarms on planted good ones", one.detection.false_alarm_rate, "planted")
    _say("d' (telling them apart)", one.detection.d_prime, "planted")
    _say("criterion (above 0 is lenient)", one.detection.criterion, "planted")


def _say(label: str, estimate: Estimate, of: str) -> None:
    rests_on = f"n = {estimate.num} {of}"
    if estimate.value is None:
        say(f"  {label:{LABEL_COLUMNS}} not defined yet  {rests_on}")
        return
    between = ""
    if estimate.low is not None and estimate.high is not None:
        between = f"[{estimate.low:.3f}, {estimate.high:.3f}]"
    say(f"  {label:{LABEL_COLUMNS}} {estimate.value:7.3f} {between:18} {rests_on}")
