import math
import threading
from dataclasses import dataclass, field

import numpy as np
import pytest

from limner.checks.runner import judge, judge_all, judged_sha256
from limner.core.errors import BadInput
from limner.core.hashing import sha256_of_pixels
from limner.core.judging import (
    Better,
    Cause,
    CheckCard,
    CheckNotAble,
    Finding,
    ImageSubject,
    Limits,
    Verdict,
)
from limner.core.records import Picture, Request

SUBJECT = ImageSubject(picture=Picture.of(np.full((4, 4, 4), 9, np.uint8)))
SECRET = "a portrait of the mayor"


def card(name: str = "stub", better: Better = Better.HIGHER) -> CheckCard:
    return CheckCard(
        name=name,
        version="3",
        question="Is it good?",
        better=better,
        limits=Limits(pass_at=0.8, fail_at=0.4),
    )


@dataclass
class Stub:
    """A check that answers with what it is given, or raises it."""

    answer: object
    card: CheckCard = field(default_factory=card)

    def measure(self, subject):
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


class Hanging(Stub):
    """A check that does not answer until it is let go."""

    def measure(self, subject):
        self.answer.wait(30)
        return Finding(score=1.0)


@pytest.fixture
def let_go():
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.parametrize(
    ("score", "verdict"),
    [(0.8, Verdict.PASS), (0.6, Verdict.UNSURE), (0.4, Verdict.FAIL)],
)
def test_a_score_is_held_against_the_limits_of_the_card(score, verdict):
    assert judge(Stub(Finding(score=score)), SUBJECT).verdict is verdict


def test_given_limits_are_used_instead_of_the_cards():
    result = judge(Stub(Finding(score=0.6)), SUBJECT, Limits(pass_at=0.5, fail_at=0.1))
    assert (result.verdict, result.limits) == (Verdict.PASS, Limits(pass_at=0.5, fail_at=0.1))


def test_where_lower_is_better_a_low_score_passes():
    check = Stub(Finding(score=0.1), card(better=Better.LOWER))
    assert judge(check, SUBJECT, Limits(pass_at=0.2, fail_at=0.5)).verdict is Verdict.PASS


def test_a_pass_keeps_its_score_and_probability_and_details():
    finding = Finding(score=0.9, probability_bad=0.1, notes=("So.",), details={"edges": 4.0})
    result = judge(Stub(finding), SUBJECT)
    assert (result.score, result.probability_bad, result.notes, result.details) == (
        0.9,
        0.1,
        ("So.",),
        {"edges": 4.0},
    )


def test_a_result_names_check_version_and_judged_pixels():
    result = judge(Stub(Finding(score=0.9)), SUBJECT)
    assert (result.check, result.version, result.judged_sha256) == (
        "stub",
        "3",
        sha256_of_pixels(SUBJECT.image_HWC),
    )


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_finite_number_is_an_error(score):
    result = judge(Stub(Finding(score=score)), SUBJECT)
    assert (result.verdict, result.cause, result.score) == (Verdict.ERROR, Cause.RAISED, None)


@pytest.mark.parametrize("chance", [math.nan, -0.1, 1.1])
def test_a_probability_that_is_none_is_an_error(chance):
    result = judge(Stub(Finding(score=0.9, probability_bad=chance)), SUBJECT)
    assert (result.verdict, result.cause) == (Verdict.ERROR, Cause.RAISED)


@pytest.mark.parametrize("cause", list(Cause))
def test_a_check_that_is_not_able_gives_an_error_with_its_cause(cause):
    result = judge(Stub(CheckNotAble(cause, "It is missing.")), SUBJECT)
    assert (result.verdict, result.cause, result.notes) == (
        Verdict.ERROR,
        cause,
        ("It is missing.",),
    )


@pytest.mark.parametrize("error", [ValueError("x"), MemoryError(), RecursionError(), KeyError(1)])
def test_a_check_that_raises_gives_an_error(error):
    result = judge(Stub(error), SUBJECT)
    assert (result.verdict, result.cause) == (Verdict.ERROR, Cause.RAISED)


def test_the_text_of_what_was_raised_is_not_kept():
    result = judge(Stub(ValueError(SECRET)), Request(prompt=SECRET))
    assert SECRET not in repr(result)


def test_the_sentence_of_our_own_errors_is_kept():
    result = judge(Stub(BadInput("The picture is odd.")), SUBJECT)
    assert result.notes == ("The picture is odd.",)


def test_a_check_that_hangs_is_left_behind_with_an_error(let_go):
    result = judge(Hanging(let_go), SUBJECT, time_limit_seconds=0.05)
    assert (result.verdict, result.cause) == (Verdict.ERROR, Cause.TIMED_OUT)


def test_a_hanging_check_does_not_keep_the_process_alive(let_go):
    judge(Hanging(let_go), SUBJECT, time_limit_seconds=0.05)
    left = [one for one in threading.enumerate() if one.name == "check stub"]
    assert [one.daemon for one in left] == [True]


def test_all_checks_answer_in_their_order_though_one_fails():
    checks = [
        Stub(Finding(score=0.9), card("first")),
        Stub(ValueError(), card("second")),
        Stub(Finding(score=0.1), card("third")),
    ]
    results = judge_all(checks, SUBJECT, {"third": Limits(pass_at=0.1, fail_at=0.0)})
    assert [(one.check, one.verdict) for one in results] == [
        ("first", Verdict.PASS),
        ("second", Verdict.ERROR),
        ("third", Verdict.PASS),
    ]


def test_a_request_is_known_by_its_prompt_and_negative_prompt():
    hashes = {
        judged_sha256(Request(prompt="a", negative="b")),
        judged_sha256(Request(prompt="b", negative="a")),
        judged_sha256(Request(prompt="a", negative="b", seed=4)),
    }
    assert len(hashes) == 2
