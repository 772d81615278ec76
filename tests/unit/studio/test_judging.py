import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from painted_limner import WHOLE, painted_studio

from limner.core.criteria import Consequence, Criterion
from limner.core.deciding import Outcome
from limner.core.errors import BadInput, ImageHeld, ImageRefused, RequestRefused
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
from limner.core.records import Picture
from limner.core.reviewing import MAY_LEAVE
from limner.core.settings import read_settings
from limner.store.ledger.entries import Kind
from limner.studio import review
from limner.studio.criteria_file import parse_criteria
from limner.studio.image_file import decode_rgba
from limner.studio.judging import Judge
from limner.studio.studio import Studio
from limner.testing import PaintedGenerator

TERMS = {
    "id": "clean", "question": "Is it clean?", "about": "request", "check": "terms",
    "version": "1", "fail": "refuse", "unsure": "hold", "error": "hold",
}  # fmt: skip
SHARP = TERMS | {"id": "sharp", "about": "image", "check": "sharpness"}


@pytest.fixture
def studio_with(home: Path):
    """A studio under the criteria of whole.yaml, with other values for some of their keys."""
    opened = []

    def open_with(**changes):
        home.mkdir(exist_ok=True)
        document = yaml.safe_load(WHOLE.read_text()) | changes
        (home / "criteria.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
        settings = read_settings(default_home=home, environment={})
        opened.append(painted_studio(settings, PaintedGenerator()))
        return opened[-1]

    yield open_with
    for one in opened:
        one.close()


def criteria_with(*more):
    return [*yaml.safe_load(WHOLE.read_text())["criteria"], *more]


HOLD_ALL = {"always_review": [{"reason": "Everything is looked at."}]}


def kinds_of(studio):
    return [one.kind for one in studio.parts.store.ledger.entries_of(None)]


def test_a_released_image_leaves_sealed(studio):
    (image,) = studio.generate("a fox", seed=1)
    assert image.outcome is Outcome.RELEASED
    assert image.seal.manifest_id.startswith("urn:c2pa:")


def test_the_pixels_judged_are_the_pixels_that_leave(studio):
    (image,) = studio.generate("a fox", seed=1, file_format="jpeg")
    judged = {one["judged_sha256"] for one in studio.parts.store.results_of(image.image_id)}
    assert judged == {sha256_of_pixels(decode_rgba(image.content))}


def test_a_held_image_does_not_leave(studio_with, tmp_path):
    (image,) = studio_with(**HOLD_ALL).generate("a fox", seed=1)
    with pytest.raises(ImageHeld, match="Everything is looked at"):
        image.save(tmp_path / "fox")
    assert not (tmp_path / "fox.png").exists()


def test_a_held_image_is_not_sealed(studio_with):
    studio = studio_with(**HOLD_ALL)
    (image,) = studio.generate("a fox", seed=1)
    assert studio.parts.store.seal_of(image.image_id) is None


def test_a_refused_image_does_not_leave(studio_with):
    impossible = SHARP | {"limits": {"pass_at": 1e9, "fail_at": 1e9}}
    (image,) = studio_with(criteria=criteria_with(impossible)).generate("a fox", seed=1)
    with pytest.raises(ImageRefused):
        _ = image.content


def test_broken_criteria_hold_everything(home, studio_with):
    studio_with().close()
    (home / "criteria.yaml").write_text("format: nonsense")
    settings = read_settings(default_home=home, environment={})
    with painted_studio(settings, PaintedGenerator()) as studio:
        (image,) = studio.generate("a fox", seed=1)
    assert image.outcome is Outcome.HELD
    assert "not valid" in image.kept_back.message


def test_a_blocked_prompt_is_refused_before_anything_is_drawn(home, studio_with):
    studio = studio_with(criteria=criteria_with(TERMS))
    (home / "terms.txt").write_text("block hydra\n")
    with pytest.raises(RequestRefused):
        studio.generate("a hydra", seed=1)
    assert studio.parts.store.count_images() == 0


def test_a_refused_request_names_criteria_that_can_be_looked_up(home, studio_with):
    studio = studio_with(criteria=criteria_with(TERMS))
    (home / "terms.txt").write_text("block hydra\n")
    with pytest.raises(RequestRefused):
        studio.generate("a hydra", seed=1)
    *_, refusal = studio.parts.store.ledger.entries_of(None)
    named = refusal.document["criteria_sha256"]
    assert named == studio.parts.judge.criteria.sha256
    assert studio.parts.store.frozen_at(named) is not None


def test_the_same_bytes_keep_the_decision_they_had_and_say_since_when(studio_with):
    held = studio_with(**HOLD_ALL)
    (first,) = held.generate("a fox", seed=1)
    (again,) = held.generate("a fox", seed=1)
    assert again.decided.decision_id == first.decided.decision_id
    assert "That was decided on" not in first.kept_back.message
    assert "That was decided on 2026-01-01 00:00 UTC, and holds." in again.kept_back.message


def test_the_same_bytes_are_looked_at_again_where_more_is_at_stake(studio_with):
    studio = studio_with(
        impact_tiers={"low": 1, "high": 20},
        always_review=[{"reason": "Much is at stake.", "impact": ["high"]}],
    )
    (low,) = studio.generate("a fox", seed=1, impact="low")
    (high,) = studio.generate("a fox", seed=1, impact="high")
    assert (low.image_id, low.outcome) == (high.image_id, Outcome.RELEASED)
    assert high.outcome is Outcome.HELD


@pytest.mark.parametrize(
    ("says", "warns", "question"),
    [
        ({"bright": 0.0}, (), "Is it bright?"),
        ({"bright": None}, (), MAY_LEAVE),
        ({"bright": 0.0, "calm": 0.0}, (), MAY_LEAVE),
        ({"bright": 0.0, "calm": 0.0}, ("calm",), "Is it bright?"),
        ({"bright": 0.0}, ("bright",), MAY_LEAVE),
    ],
)
def test_a_card_asks_what_alone_keeps_an_image_or_whether_it_may_leave(
    studio_with, says, warns, question
):
    asked = [
        {
            "id": name, "question": f"Is it {name}?", "about": "image", "check": name,
            "version": "1", "fail": "warn" if name in warns else "hold", "unsure": "hold",
            "error": "hold", "not_applicable": "hold",
        }
        for name in says
    ]  # fmt: skip
    document = yaml.safe_load(WHOLE.read_text()) | {
        "criteria": criteria_with(*asked), "audit": {"released": 1, "refused": 1},
    }  # fmt: skip
    studio = studio_with()
    studio.parts.judge = Judge(
        criteria=parse_criteria(yaml.safe_dump(document), "more"),
        image_checks={
            **studio.parts.judge.image_checks,
            **{name: Says(name, score) for name, score in says.items()},
        },
    )
    studio.generate("a fox", seed=1)
    (view,) = review.list_cards(studio.parts, "ann")
    assert view.card.question == question


def test_a_card_of_a_hold_that_was_overtaken_decides_nothing(studio_with):
    studio = studio_with(**HOLD_ALL)
    studio.generate("a fox", seed=1)
    (first,) = review.list_cards(studio.parts, "ann")
    studio.close()
    studio = studio_with(**HOLD_ALL, name="others")
    studio.generate("a fox", seed=1)
    (second,) = review.list_cards(studio.parts, "ann")
    assert first.card.card_id != second.card.card_id
    with pytest.raises(BadInput, match="closed: judged again"):
        review.claim(studio.parts, first.card.card_id, "ann")


def test_whoever_asked_for_the_same_image_too_does_not_answer_about_it(studio_with):
    studio = studio_with(**HOLD_ALL, may_requester_review=False)
    for requester in ("alice", "bob"):
        Studio(studio.parts.for_requester(requester)).generate("a fox", seed=1)
    (view,) = review.list_cards(studio.parts, "bob")
    for requester in ("alice", "bob"):
        with pytest.raises(BadInput, match="you asked for yourself"):
            review.claim(studio.parts, view.card.card_id, requester)
    assert review.claim(studio.parts, view.card.card_id, "carol")


def test_other_criteria_decide_anew(studio_with):
    (first,) = studio_with(**HOLD_ALL).generate("a fox", seed=1)
    (again,) = studio_with().generate("a fox", seed=1)
    assert (first.outcome, again.outcome) == (Outcome.HELD, Outcome.RELEASED)
    assert again.decided.decision_id > first.decided.decision_id


def test_image_results_decision_and_seal_are_in_the_ledger(studio):
    studio.generate("a fox", seed=1)
    assert kinds_of(studio) == [
        Kind.LEDGER_BEGUN, Kind.IMAGE_STORED, Kind.CRITERIA_FROZEN, Kind.RESULTS, Kind.DECISION,
        Kind.SEAL,
    ]  # fmt: skip


def test_the_ledger_does_not_hold_the_prompt(studio):
    studio.generate("a very secret fox", seed=1)
    texts = [one.text for one in studio.parts.store.ledger.entries_of(None)]
    assert not any("secret" in text for text in texts)


def test_a_held_image_opens_a_review_card(studio_with):
    studio = studio_with(**HOLD_ALL)
    studio.generate("a fox", seed=1)
    assert Kind.REVIEW in kinds_of(studio)


def test_an_audited_release_opens_a_review_card_and_leaves(studio_with):
    studio = studio_with(audit={"released": 1, "refused": 1})
    (image,) = studio.generate("a fox", seed=1)
    assert image.outcome is Outcome.RELEASED
    assert Kind.REVIEW in kinds_of(studio)


class Says:
    """A check that gives every picture one score; ``None`` does not apply to it."""

    def __init__(self, name, score):
        self.score = score
        self.card = CheckCard(
            name=name, version="1", question="?", better=Better.HIGHER,
            limits=Limits(pass_at=1, fail_at=0.5),
        )  # fmt: skip

    def measure(self, _subject):
        if self.score is None:
            raise CheckNotAble(Cause.NOT_APPLICABLE, "There is nothing to judge.")
        return Finding(score=self.score)


class Counting:
    """A check that counts how often it looks, and raises the first time if it is asked to."""

    card = CheckCard(
        name="counting", version="1", question="?", better=Better.HIGHER,
        limits=Limits(pass_at=1, fail_at=0),
    )  # fmt: skip

    def __init__(self, *, is_broken_at_first=False, may_look=None):
        self.prompts = []
        self.is_broken_at_first = is_broken_at_first
        self.may_look = may_look

    def measure(self, subject):
        if self.may_look is not None:
            assert self.may_look.wait(10)
        self.prompts.append(subject.prompt)
        if self.is_broken_at_first and len(self.prompts) == 1:
            raise ValueError
        return Finding(score=1.0)


def judge_with(check) -> Judge:
    asked = Criterion(
        id="counted", question="?", about="image", check="counting", version="1", limits=None,
        fail=Consequence.HOLD, unsure=Consequence.HOLD, error=Consequence.HOLD,
    )  # fmt: skip
    criteria = parse_criteria(WHOLE.read_text(), "whole")
    return Judge(criteria=replace(criteria, criteria=(asked,)), image_checks={"counting": check})


FOX = ImageSubject(picture=Picture.of(np.zeros((8, 8, 4), np.uint8)), prompt="a fox")


def test_preparing_looks_once_with_the_prompt_to_come():
    check = Counting()
    judge = judge_with(check)
    judge.prepare("a hen")
    judge.prepare("a hen")
    judge.look(FOX)
    assert check.prompts == ["a hen", "a fox"]


def test_looking_waits_until_everything_is_prepared():
    check = Counting(may_look=threading.Event())
    judge = judge_with(check)
    judge.prepare("a hen")
    threading.Timer(0.05, check.may_look.set).start()
    judge.look(FOX)
    assert check.prompts == ["a hen", "a fox"]


def test_what_fails_while_preparing_is_not_a_result():
    judge = judge_with(Counting(is_broken_at_first=True))
    judge.prepare("a hen")
    assert [one.verdict for one in judge.look(FOX)] == [Verdict.PASS]


def test_without_preparing_the_checks_look_all_the_same():
    assert [one.verdict for one in judge_with(Counting()).look(FOX)] == [Verdict.PASS]


def test_without_criteria_nothing_is_prepared():
    check = Counting()
    judge = Judge(criteria=None, image_checks={"counting": check})
    judge.prepare("a hen")
    judge.look(FOX)
    assert check.prompts == []


class Timed:
    """A check that takes its time, tells when it begins, and reads prompts."""

    def __init__(self, name, seconds, begun):
        self.card = replace(Counting.card, name=name)
        self.seconds = seconds
        self.begun = begun
        self.has_read = threading.Event()

    def measure(self, subject):
        self.begun.append(self.card.name)
        time.sleep(self.seconds)
        return Finding(score=1.0)

    def read(self, prompt):
        if not prompt:
            raise ValueError
        self.has_read.set()


def test_the_check_that_took_longest_begins_first_the_next_time():
    begun = []
    checks = [Timed("short", 0, begun), Timed("long", 0.05, begun)]
    judge = Judge(criteria=None)
    results = [judge.judge_by(checks, FOX) for _ in range(2)]
    assert begun == ["short", "long", "long", "short"]
    assert [[one.check for one in each] for each in results] == [["short", "long"]] * 2


def judge_reading():
    check = Timed("counting", 0, [])
    return check, replace(judge_with(check), image_checks={"counting": check})


def test_checks_that_read_prompts_read_one_ahead():
    check, judge = judge_reading()
    judge.read_ahead("a fox")
    assert check.has_read.wait(10)
    assert check.begun == []


def test_a_prompt_that_cannot_be_read_ahead_is_no_fault_yet(capfd):
    _, judge = judge_reading()
    judge.read_ahead("")
    assert [one.verdict for one in judge.look(FOX)] == [Verdict.PASS]
    assert capfd.readouterr().err == ""
