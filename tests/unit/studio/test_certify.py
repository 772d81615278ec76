"""Certifying from what people answered here, and from a file."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import yaml
from painted_limner import WHOLE, painted_studio

from limner.core.deciding import Decision, Outcome
from limner.core.errors import BadInput, CriteriaInvalid
from limner.core.judging import Limits, Result, Verdict
from limner.core.reviewing import CardKind, Closing, EventKind
from limner.core.settings import read_settings
from limner.evals.certify import Shortfall
from limner.store.judgements import add_judgement
from limner.store.reviews import append_event, find_cards, open_card
from limner.studio.certify import certify_criterion
from limner.studio.criteria_file import read_criteria
from limner.studio.criteria_use import explain
from limner.studio.judging import MAY_LEAVE
from limner.testing import PaintedGenerator

NOW = datetime(2026, 1, 1, tzinfo=UTC)
QUESTION = "Is it sharp?"
SHARP = {
    "id": "sharp", "question": QUESTION, "about": "image", "check": "sharpness", "version": "1",
    "target": {"precision": 0.9, "confidence": 0.9}, "fail": "hold", "unsure": "hold",
    "error": "hold",
}  # fmt: skip


@pytest.fixture
def studio_with(home: Path):
    """A studio under criteria that ask for sharpness, with other values for some keys of that."""
    opened = []

    def open_with(**changes):
        home.mkdir(exist_ok=True)
        document = yaml.safe_load(WHOLE.read_text())
        document["criteria"] += [SHARP | changes]
        (home / "criteria.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
        settings = read_settings(default_home=home, environment={})
        opened.append(painted_studio(settings, PaintedGenerator()))
        return opened[-1]

    yield open_with
    for one in opened:
        one.close()


@pytest.fixture
def labelled(tmp_path):
    def write(num=1000, seed=0):
        rng = np.random.default_rng(seed)
        score = rng.random(num)
        is_good = rng.random(num) < 1 / (1 + np.exp(-12 * (score - 0.4)))
        both = zip(score.tolist(), is_good.tolist(), strict=True)
        rows = [f"{k},{one!r},{int(good)}" for k, (one, good) in enumerate(both)]
        path = tmp_path / "labels.csv"
        path.write_text("\n".join(["image,score,label", *rows]))
        return path

    return write


@pytest.fixture
def reviewed(studio_with):
    """A studio with images that were judged, decided and answered, as many as there are scores.

    What scores 0.5 or more was released and looked at with the given chance, the rest was held.
    """

    def make(
        score, is_good, *, chance=0.5, question=MAY_LEAVE, card_sha256=None, waiting=(),
        kind=CardKind.AUDIT, closed=True, **changes
    ):  # fmt: skip
        studio = studio_with(**changes)
        check = studio.parts.judge.cards["sharpness"]
        rng = np.random.default_rng(0)
        with studio.parts.store.reviews.writing(NOW) as connection:
            for k, one in enumerate(score):
                is_released = one >= 0.5
                is_audited = bool(is_released and rng.random() < chance)
                result = Result(
                    check="sharpness", version="1", verdict=Verdict.PASS, judged_sha256="sha256:aa",
                    limits=Limits(pass_at=0.5, fail_at=0.5), score=float(one),
                    card_sha256=card_sha256 or check.sha256,
                )  # fmt: skip
                decision = Decision(
                    outcome=Outcome.RELEASED if is_released else Outcome.HELD, reasons=(),
                    criteria_sha256="sha256:cc", impact="low",
                    audit_probability=chance if is_released else 1.0, is_audited=is_audited,
                    needs_second=False,
                )  # fmt: skip
                add_judgement(
                    connection, f"image-{k}", [result], decision, decided_by="rule", now=NOW
                )
                if not is_released or is_audited:
                    document = {
                        "question": question, "requester": None, "impact": None,
                        "needs_second": False, "due_at": None, "reasons": [],
                    }  # fmt: skip
                    open_card(
                        connection, image_id=f"image-{k}", opened_at=NOW, document=document,
                        kind=str(kind if is_released else CardKind.HELD),
                    )  # fmt: skip
            good_of = {f"image-{k}": good for k, good in enumerate(is_good)}
            for card, _ in find_cards(connection):
                if closed and int(card.image_id.split("-")[1]) not in waiting:
                    close(connection, card, good_of[card.image_id])
        return studio

    def close(connection, card, good):
        if card.kind is CardKind.HELD:
            closing = Closing.RELEASED if good else Closing.REFUSED
        else:
            closing = Closing.ACCEPTED if good else Closing.REJECTED
        append_event(
            connection, card, EventKind.CLOSED, happened_at=NOW, document={"outcome": str(closing)}
        )

    return make


def sample(num=360):
    """Scores 0-1; those under 0.4 are nearly all bad, the others nearly all good."""
    rng = np.random.default_rng(0)
    score = rng.random(num)
    return score, rng.random(num) < 1 / (1 + np.exp(-60 * (score - 0.4)))


def test_labels_of_a_file_certify_a_threshold(studio_with, labelled):
    found = certify_criterion(studio_with().parts, "sharp", labels_file=labelled())
    assert found.certificate is not None
    assert found.certificate.num_labels == 1000
    assert found.limits.pass_at == found.certification.passing.certified.threshold
    assert found.written_to is None


def test_what_is_certified_is_written_into_a_copy_and_holds(studio_with, labelled, home):
    studio = studio_with()
    found = certify_criterion(studio.parts, "sharp", labels_file=labelled(), is_to_write=True)
    assert found.written_to == home / "criteria.certified.yaml"
    copied = read_criteria(str(found.written_to))
    assert copied.criteria[-1].certified == found.certificate
    lines = explain(studio.parts, str(found.written_to)).lines
    assert any("certified on 2026-01-01 from 1,000 labels" in line for line in lines)
    assert not any("EXPIRED" in line for line in lines)


def test_a_certificate_of_another_state_of_the_check_is_told_as_expired(
    studio_with, labelled, home
):
    studio = studio_with()
    found = certify_criterion(studio.parts, "sharp", labels_file=labelled(), is_to_write=True)
    text = found.written_to.read_text().replace(found.card.sha256, "sha256:" + "0" * 64)
    found.written_to.write_text(text)
    assert any("EXPIRED" in line for line in explain(studio.parts, str(found.written_to)).lines)


def test_nothing_is_written_when_nothing_is_certified(studio_with, labelled, home):
    studio = studio_with()
    found = certify_criterion(studio.parts, "sharp", labels_file=labelled(num=15), is_to_write=True)
    assert (found.certificate, found.limits, found.written_to) == (None, None, None)
    assert not list(home.glob("*.certified*"))


def test_the_failing_limit_stays_where_nothing_is_asked_of_it(studio_with, labelled):
    found = certify_criterion(
        studio_with(limits={"pass_at": 0.9, "fail_at": 0.1}).parts, "sharp", labels_file=labelled()
    )
    assert found.limits.fail_at == 0.1
    assert found.certificate.fail_at is None


def test_the_failing_limit_never_lies_on_the_passing_side(studio_with, labelled):
    found = certify_criterion(
        studio_with(limits={"pass_at": 2, "fail_at": 2}).parts, "sharp", labels_file=labelled()
    )
    assert found.limits.fail_at == found.limits.pass_at


def test_both_limits_are_certified_where_both_are_asked(studio_with, labelled):
    target = SHARP["target"] | {"fail_precision": 0.8}
    found = certify_criterion(
        studio_with(target=target).parts, "sharp", labels_file=labelled(num=3000)
    )
    assert found.certificate.fail_at == found.limits.fail_at < found.limits.pass_at


def test_equal_labels_in_another_order_have_the_same_hash(studio_with, labelled):
    studio, path = studio_with(), labelled()
    first = certify_criterion(studio.parts, "sharp", labels_file=path).certificate
    header, *rows = path.read_text().split("\n")
    path.write_text("\n".join([header, *reversed(rows)]))
    assert certify_criterion(studio.parts, "sharp", labels_file=path).certificate == first


@pytest.mark.parametrize(
    ("criterion", "changes", "said"),
    [
        ("shrap", {}, "no criterion 'shrap'; there are whole, sharp"),
        ("whole", {}, "'whole' has no target"),
        ("sharp", {"target": {"precision": 0.9, "confidence": 1}}, "the confidence 1.0"),
        ("sharp", {"target": {"precision": 0.9, "confidence": 0}}, "the confidence 0.0"),
    ],
)
def test_what_cannot_be_asked_is_told(studio_with, labelled, criterion, changes, said):
    with pytest.raises(BadInput) as caught:
        certify_criterion(studio_with(**changes).parts, criterion, labels_file=labelled())
    assert said in caught.value.message


def test_another_version_of_the_check_is_told_before_anything_is_certified(studio_with, labelled):
    with pytest.raises(CriteriaInvalid, match="was set for version '0'"):
        certify_criterion(studio_with(version="0").parts, "sharp", labels_file=labelled())


@pytest.mark.parametrize(("label", "said"), [(1, "all 2 labels are good"), (0, "are bad")])
def test_labels_of_one_kind_are_told(studio_with, tmp_path, label, said):
    path = tmp_path / "labels.csv"
    path.write_text(f"score,label\n0.1,{label}\n0.2,{label}\n")
    with pytest.raises(BadInput) as caught:
        certify_criterion(studio_with().parts, "sharp", labels_file=path)
    assert said in caught.value.message


def test_answers_of_people_certify_a_threshold(reviewed):
    score, is_good = sample()
    found = certify_criterion(reviewed(score, is_good).parts, "sharp")
    assert found.certification.is_weighted
    assert found.certificate is not None
    assert found.notices == ()


def test_audited_images_count_for_those_that_were_not(reviewed):
    score, is_good = sample()
    step = certify_criterion(reviewed(score, is_good).parts, "sharp").certification.passing
    passing = score >= step.certified.threshold
    assert step.certified.coverage == pytest.approx(passing.mean(), abs=0.05)


def test_the_question_of_the_criterion_counts_too(reviewed):
    score, is_good = sample(120)
    found = certify_criterion(reviewed(score, is_good, question=QUESTION).parts, "sharp")
    assert found.certification.num > 60


@pytest.mark.parametrize(
    "changes",
    [
        {"question": "Is it decent?"},
        {"card_sha256": "sha256:" + "0" * 64},
        {"kind": CardKind.COMPLAINT, "question": "Is it decent?"},
    ],
)
def test_answers_about_something_else_do_not_count(reviewed, changes):
    score, is_good = sample(60)
    with pytest.raises(BadInput, match="No picture that people were asked about"):
        certify_criterion(reviewed(score, is_good, **changes).parts, "sharp")


def test_complaints_are_no_sample(reviewed):
    score, is_good = sample(120)
    found = certify_criterion(
        reviewed(score, is_good, kind=CardKind.COMPLAINT).parts, "sharp"
    ).certification
    assert found.num == (score < 0.5).sum()


def test_without_audits_answers_are_no_fair_sample(reviewed):
    score, is_good = sample(60)
    with pytest.raises(BadInput, match="no fair sample") as caught:
        certify_criterion(reviewed(score, is_good, chance=0.0).parts, "sharp")
    assert "audit" in caught.value.hint


def test_unanswered_cards_are_told_and_count_against_the_promise(reviewed):
    score, is_good = sample()
    waiting = set(np.argsort(-score)[:120].tolist())
    found = certify_criterion(reviewed(score, is_good, waiting=waiting).parts, "sharp")
    assert "wait for an answer" in found.notices[0]
    assert found.certification.passing.shortfall is Shortfall.NOT_SHOWN


def test_nothing_answered_is_nothing_to_learn_from(reviewed):
    score, is_good = sample(100)
    with pytest.raises(BadInput, match="there are no labels"):
        certify_criterion(reviewed(score, is_good, closed=False).parts, "sharp")


def test_refused_requests_cannot_have_been_looked_at(studio_with, home):
    clean = {
        "about": "request", "check": "terms", "question": "Is it clean?", "id": "clean",
    }  # fmt: skip
    with pytest.raises(BadInput, match="nobody can have looked at it") as caught:
        certify_criterion(studio_with(**clean).parts, "clean")
    assert "--labels" in caught.value.hint


def test_a_card_says_the_same_hash_whatever_its_limits(studio_with):
    card = studio_with().parts.judge.cards["sharpness"]
    assert replace(card, limits=Limits(pass_at=9, fail_at=9)).sha256 == card.sha256
    assert replace(card, version="2").sha256 != card.sha256
    assert replace(card, ingredients={"a": "sha256:00"}).sha256 != card.sha256
