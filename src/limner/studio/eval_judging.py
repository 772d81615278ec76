"""Judging the pictures of a run: every check that its suite names, on every picture it asks of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from limner.checks.referee import Referee
from limner.core.judging import Cause, CheckCard, Result, Verdict
from limner.core.runs import PROBABILITY_BAD, RunScore, Spot
from limner.evals.suite import Case, Suite
from limner.studio.arrival_checks import ARRIVAL_CHECKS
from limner.studio.eval_drawing import Seen
from limner.studio.parts import Parts
from limner.studio.suite_checks import (
    REFUSAL_CARD,
    SAME_CHECKS,
    EveryImageCheck,
    Eye,
    SuiteCheck,
    judge_asked,
    specification_checks,
)

REFUSED = "moderation_blocked"


class Checks:
    """Every check a suite may name, by the parts of a studio.

    Args:
        parts: of the studio; its image checks, and its settings for the referee's threads.
    """

    def __init__(self, parts: Parts) -> None:
        from limner.generators.embedded.sentences import Sentences

        num_threads = parts.settings.num_threads
        eye = Eye(Referee(Sentences(num_threads=num_threads), num_threads=num_threads))
        every = {name: EveryImageCheck(check=one) for name, one in parts.judge.image_checks.items()}
        self.looking: Mapping[str, SuiteCheck] = {**every, **specification_checks(eye)}

    @property
    def cards(self) -> Mapping[str, CheckCard]:
        """The card of every check, by name."""
        cards = {name: one.card for name, one in self.looking.items()}
        cards |= {name: one.card for name, one in SAME_CHECKS.items()}
        cards |= {name: one.card for name, one in ARRIVAL_CHECKS.items()}
        return cards | {REFUSAL_CARD.name: REFUSAL_CARD}


def judge_case(
    case: Case, suite: Suite, seen: Sequence[Seen], checks: Checks, parts: Parts
) -> list[RunScore]:
    """What every check of the suite says of every picture of a case."""
    first = {one.picture.spot.seed: one for one in seen if not one.picture.spot.way}
    said: dict[int, dict[str, Result]] = {seed: {} for seed in first}  # of these, by check
    scores: list[RunScore] = []
    for one in sorted(seen, key=lambda one: bool(one.picture.spot.way)):
        seed, way = one.picture.spot.seed, one.picture.spot.way
        for name in suite.checks:
            if name in ARRIVAL_CHECKS:
                result = _judge_arrival(name, case, one, said[seed], checks)
            else:
                result = _judge_picture(name, case, one, first[seed], checks)
            if result is not None and not way and one.subject is not None:
                said[seed][name] = result
            if result is not None:
                card = checks.cards[name]
                scores.append(_score(one.picture.spot, card, result, parts))
    return scores


def _judge_picture(name: str, case: Case, seen: Seen, first: Seen, checks: Checks) -> Result | None:
    """What one check says of one picture; ``None`` where it is not asked."""
    way, card = seen.picture.spot.way, checks.cards[name]
    if name == REFUSAL_CARD.name:
        is_refused = seen.picture.fault == REFUSED
        return None if way else _told(card, is_right=is_refused == case.must_refuse)
    if case.must_refuse:
        return None
    if name in SAME_CHECKS:
        if name != f"same-{way}":
            return None
        if seen.subject is None or first.subject is None:
            return _told(card, is_right=seen.picture.fault == first.picture.fault)
        return SAME_CHECKS[name].compare(first.subject, seen.subject)
    if way:
        return None
    if seen.subject is None:
        return _told(card, is_right=False) if _is_asked(name, case, checks) else None
    result = judge_asked(checks.looking[name], seen.subject, case.asked)
    return None if result.cause is Cause.NOT_APPLICABLE else result


def _judge_arrival(
    name: str, case: Case, seen: Seen, before: Mapping[str, Result], checks: Checks
) -> Result | None:
    """Whether checks say the same of a picture as it came; ``None`` where there is nothing."""
    is_other = name != f"same-{seen.picture.spot.way}" or case.must_refuse
    if is_other or seen.subject is None or not before:
        return None  # no picture could have come in
    looking = [checks.looking[one] for one in before if one in checks.looking]
    found = ARRIVAL_CHECKS[name].compare(before, seen.subject, looking, case.asked)
    return None if found.cause is Cause.NOT_APPLICABLE else found


def _is_asked(name: str, case: Case, checks: Checks) -> bool:
    """Whether a check would have looked at a picture of this case, had there been one."""
    is_on_specification = not isinstance(checks.looking[name], EveryImageCheck)
    return not is_on_specification or name in case.asked.kinds


def _told(card: CheckCard, *, is_right: bool) -> Result:
    """A verdict that needs no picture: there is none, or what became of it is the answer."""
    return Result(
        check=card.name,
        version=card.version,
        verdict=Verdict.PASS if is_right else Verdict.FAIL,
        judged_sha256="",
        limits=card.limits,
        score=None,
        card_sha256=card.sha256,
    )


def _score(spot: Spot, card: CheckCard, result: Result, parts: Parts) -> RunScore:
    chance = result.probability_bad
    guessed: dict[str, float | str] = {} if chance is None else {PROBABILITY_BAD: chance}
    return RunScore(
        spot=spot,
        check=card.name,
        card_sha256=card.sha256,
        verdict=result.verdict,
        score=result.score,
        cause="" if result.cause is None else str(result.cause),
        scored_at=parts.read_clock(),
        details={**result.details, **guessed},
    )
