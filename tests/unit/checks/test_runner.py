import math
import threading
import time
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
    left = [one for one in threading.enumerate() if one.name == "lane of checks"]
    assert left
    assert all(one.daemon for one in left)


def test_a_lane_that_has_ended_serves_again_and_one_that_hangs_does_not(let_go):
    check = Stub(Finding(score=0.9), card())
    judge(check, SUBJECT)
    before = threading.active_count()
    for _ in range(5):
        judge(check, SUBJECT)
    assert threading.active_count() == before
    judge(Hanging(let_go), SUBJECT, time_limit_seconds=0.05)
    assert judge(check, SUBJECT).verdict is Verdict.PASS


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


def named(name: str, measure) -> Stub:
    check = Stub(None, card(name))
    check.measure = measure
    return check


def test_as_many_checks_as_there_are_lanes_run_at_once():
    meeting = threading.Barrier(2, timeout=10)

    def meet(subject):
        meeting.wait()
        return Finding(score=1.0)

    results = judge_all([named("one", meet), named("other", meet)], SUBJECT, num_lanes=2)
    assert [one.verdict for one in results] == [Verdict.PASS] * 2


def test_one_lane_runs_one_check_after_the_other():
    running = threading.Semaphore(1)

    def alone(subject):
        assert running.acquire(blocking=False)
        time.sleep(0.01)
        running.release()
        return Finding(score=1.0)

    results = judge_all([named(str(k), alone) for k in range(4)], SUBJECT)
    assert [one.verdict for one in results] == [Verdict.PASS] * 4


def test_results_stand_in_the_order_of_the_checks_whichever_answers_first():
    is_second_done = threading.Event()

    def wait(subject):
        assert is_second_done.wait(10)
        return Finding(score=0.9)

    def let_on(subject):
        is_second_done.set()
        return Finding(score=0.1)

    results = judge_all([named("slow", wait), named("fast", let_on)], SUBJECT, num_lanes=2)
    assert [(one.check, one.score) for one in results] == [("slow", 0.9), ("fast", 0.1)]


@pytest.mark.parametrize("num_lanes", [1, 2])
def test_checks_behind_one_that_hangs_are_judged_all_the_same(let_go, num_lanes):
    checks = [
        Hanging(let_go, card("hangs")),
        Stub(Finding(score=0.9), card("second")),
        Hanging(let_go, card("hangs too")),
        Stub(Finding(score=0.1), card("fourth")),
    ]
    results = judge_all(checks, SUBJECT, num_lanes=num_lanes, time_limit_seconds=0.5)
    assert [(one.check, one.verdict) for one in results] == [
        ("hangs", Verdict.ERROR),
        ("second", Verdict.PASS),
        ("hangs too", Verdict.ERROR),
        ("fourth", Verdict.FAIL),
    ]


def test_a_check_that_answers_too_late_stays_an_error(let_go):
    def late(subject):
        assert let_go.wait(10)
        return Finding(score=1.0)

    def wait_and_let_go(subject):
        time.sleep(0.15)
        let_go.set()
        time.sleep(0.05)
        return Finding(score=1.0)

    checks = [named("late", late), named("next", wait_and_let_go)]
    results = judge_all(checks, SUBJECT, num_lanes=1, time_limit_seconds=0.5)
    assert results[0].cause is Cause.TIMED_OUT
    assert results[1].verdict is Verdict.PASS


def test_an_answer_of_the_wrong_kind_is_an_error():
    results = judge_all([Stub(None), Stub(Finding(score="much"))], SUBJECT)
    assert [one.cause for one in results] == [Cause.RAISED] * 2


def test_a_request_is_known_by_its_prompt_and_negative_prompt():
    hashes = {
        judged_sha256(Request(prompt="a", negative="b")),
        judged_sha256(Request(prompt="b", negative="a")),
        judged_sha256(Request(prompt="a", negative="b", seed=4)),
    }
    assert len(hashes) == 2
