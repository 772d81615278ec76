from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from painted_limner import WHOLE, painted_studio

from limner.core.deciding import Outcome
from limner.core.errors import BadInput
from limner.core.judging import Better, Cause, CheckCard, CheckNotAble, Limits, Verdict
from limner.core.reviewing import Closing
from limner.core.rights import reason_of_likeness
from limner.core.settings import read_settings
from limner.store.judgements import add_judgement
from limner.studio import review
from limner.studio.judging_again import judge_again
from limner.testing import PaintedGenerator

TERMS = {
    "id": "clean", "question": "Is it clean?", "about": "request", "check": "terms",
    "version": "1", "fail": "refuse", "unsure": "hold", "error": "hold",
}  # fmt: skip


@pytest.fixture
def studio(home: Path):
    """A studio whose file of terms cannot be understood, so that every image is held."""
    home.mkdir(exist_ok=True)
    document = yaml.safe_load(WHOLE.read_text())
    document["criteria"].append(TERMS)
    (home / "criteria.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    (home / "terms.txt").write_text("blok hydra\n")
    settings = read_settings(default_home=home, environment={})
    with painted_studio(settings, PaintedGenerator()) as studio:
        yield studio


@pytest.fixture
def image(studio):
    (image,) = studio.generate("a fox", seed=1)
    return image


@pytest.fixture
def card_id(studio, image):
    (view,) = review.list_cards(studio.parts, "rob")
    return view.card.card_id


def mend(home):
    (home / "terms.txt").write_text("block hydra\n")


def open_cards(studio):
    return [one.card for one in review.list_cards(studio.parts, "rob")]


def test_a_card_says_what_could_not_be_checked_before_it_is_answered(studio, card_id):
    view = review.show_card(studio.parts, card_id, "rob")
    assert not view.is_revealed
    assert "starts with 'blok'" in view.unable[0]


def test_an_image_is_released_and_sealed_once_the_check_runs(home, studio, image, card_id):
    mend(home)
    decided = judge_again(studio.parts, card_id)
    assert (decided.decision.outcome, decided.decided_by) == (Outcome.RELEASED, "rule")
    assert studio.parts.store.seal_of(image.image_id) is not None
    closed = review.show_card(studio.parts, card_id, "rob")
    assert (closed.state.closing, open_cards(studio)) == (Closing.JUDGED_AGAIN, [])


def test_what_was_found_before_is_kept_beside_what_is_found_now(home, studio, image, card_id):
    mend(home)
    judge_again(studio.parts, card_id)
    results = studio.parts.store.results_of(image.image_id)
    assert [one["verdict"] for one in results if one["check"] == "terms"] == ["error", "pass"]
    assert len({one["judged_sha256"] for one in results if one["check"] == "integrity"}) == 1


class Moot:
    """A check that applies to no picture."""

    card = CheckCard(
        name="exposure",
        version="1",
        question="Is it bright?",
        better=Better.HIGHER,
        limits=Limits(pass_at=1, fail_at=0),
    )

    def measure(self, _subject):
        raise CheckNotAble(Cause.NOT_APPLICABLE, "There is nothing to judge.")


def test_an_image_to_which_a_check_does_not_apply_is_left_to_people(home):
    home.mkdir(exist_ok=True)
    document = yaml.safe_load(WHOLE.read_text())
    moot = {"id": "bright", "about": "image", "check": "exposure", "not_applicable": "warn"}
    document["criteria"].append(TERMS | moot)
    document["always_review"] = [{"reason": "Everything is looked at."}]
    (home / "criteria.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    settings = read_settings(default_home=home, environment={})
    with painted_studio(settings, PaintedGenerator()) as studio:
        judge = studio.parts.judge
        studio.parts.judge = replace(judge, image_checks={**judge.image_checks, "exposure": Moot()})
        (image,) = studio.generate("a fox", seed=1)
        assert Verdict.ERROR in {one.verdict for one in image.decided.decision.reasons}
        (view,) = review.list_cards(studio.parts, "rob")
        with pytest.raises(BadInput, match="not held for want of a check"):
            judge_again(studio.parts, view.card.card_id)


def test_an_image_stays_held_while_the_check_cannot_run(studio, card_id):
    before = review.show_card(studio.parts, card_id, "rob").card
    assert judge_again(studio.parts, card_id).decision.outcome is Outcome.HELD
    (card,) = open_cards(studio)
    assert card.card_id != card_id
    assert card.requester == before.requester


def test_an_image_that_a_person_answered_is_left_to_people(home, studio, card_id):
    review.claim(studio.parts, card_id, "rob")
    codes = ["other"]
    review.answer_card(studio.parts, card_id, "rob", "unsure", reasons=codes, is_final=False)
    mend(home)
    with pytest.raises(BadInput, match="was answered by a person"):
        judge_again(studio.parts, card_id)


def test_an_image_on_which_every_check_ran_is_left_to_people(home, studio, card_id):
    mend(home)
    judge_again(studio.parts, card_id)
    with pytest.raises(BadInput, match="not held for want of a check"):
        judge_again(studio.parts, card_id)


def test_an_image_that_is_like_a_registered_one_is_left_to_people(home, studio, image, card_id):
    held = image.decided.decision
    likened = replace(held, reasons=(*held.reasons, reason_of_likeness(7)))
    with studio.parts.store.reviews.writing(studio.parts.read_clock()) as connection:
        now = studio.parts.read_clock()
        add_judgement(connection, image.image_id, [], likened, decided_by="rule", now=now)
    mend(home)
    with pytest.raises(BadInput, match="not held for want of a check"):
        judge_again(studio.parts, card_id)


def test_what_the_checks_say_later_still_counts_against_it(home, studio, card_id):
    (home / "terms.txt").write_text("block fox\n")
    assert judge_again(studio.parts, card_id).decision.outcome is Outcome.REFUSED
    assert open_cards(studio) == []
