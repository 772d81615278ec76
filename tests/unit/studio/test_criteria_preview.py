from dataclasses import replace

import pytest
import yaml
from painted_limner import WHOLE

from limner.core.access import ROLES, Principal
from limner.core.deciding import Outcome
from limner.core.errors import BadInput
from limner.store.judgements import add_judgement
from limner.studio.criteria_preview import freeze_candidate, preview_criteria

OPERATOR = Principal(name="opal", scopes=ROLES["operator"], token_id="1")
RELEASED, HELD, REFUSED = Outcome.RELEASED, Outcome.HELD, Outcome.REFUSED


def candidate(**changes) -> str:
    """The criteria in force, with changes of the first criterion."""
    document = yaml.safe_load(WHOLE.read_text())
    document["criteria"][0].update(changes)
    return yaml.safe_dump(document)


def preview(studio, text, viewer=OPERATOR, **options):
    return preview_criteria(studio.parts, viewer, text, **options)


def stricter() -> dict[str, float]:
    """Limits that nothing passes and that few fail."""
    return {"pass_at": 2.0, "fail_at": -1.0}


def test_the_criteria_in_force_change_nothing(studio):
    studio.generate("a fox", n=3, seed=1)
    found = preview(studio, WHOLE.read_text())
    assert (found.counts, found.changed) == ({(RELEASED, RELEASED): 3}, ())


def test_stricter_limits_hold_what_was_released(studio):
    studio.generate("a fox", n=3, seed=1)
    found = preview(studio, candidate(limits=stricter(), unsure="hold"))
    assert found.counts == {(RELEASED, HELD): 3}


def test_limits_that_everything_fails_refuse(studio):
    studio.generate("a fox", seed=1)
    found = preview(studio, candidate(limits={"pass_at": 3.0, "fail_at": 2.0}, fail="refuse"))
    assert found.counts == {(RELEASED, REFUSED): 1}


def test_a_changed_image_says_why(studio):
    studio.generate("a fox", seed=1)
    found = preview(studio, candidate(limits=stricter(), unsure="hold"))
    question = yaml.safe_load(WHOLE.read_text())["criteria"][0]["question"]
    assert question in found.changed[0].why[0]


def test_a_check_that_never_judged_an_image_is_named(studio):
    studio.generate("a fox", n=2, seed=1)
    document = yaml.safe_load(WHOLE.read_text())
    extra = {**document["criteria"][0], "id": "sharp", "check": "sharpness", "version": "1"}
    document["criteria"].append({**extra, "error": "hold"})
    found = preview(studio, yaml.safe_dump(document))
    assert (found.missing, found.counts) == ({"sharpness": 2}, {(RELEASED, HELD): 2})


def test_an_always_review_rule_holds_what_it_is_about(studio):
    studio.generate("a fox", seed=1)
    document = yaml.safe_load(WHOLE.read_text())
    document["always_review"] = [{"reason": "Everything drawn.", "operations": ["text"]}]
    assert preview(studio, yaml.safe_dump(document)).counts == {(RELEASED, HELD): 1}


def test_what_people_decided_since_is_compared(studio):
    (image,) = studio.generate("a fox", seed=1)
    decided = studio.parts.store.last_decision(image.image_id)
    refused, now = replace(decided.decision, outcome=REFUSED), studio.parts.read_clock()
    with studio.parts.store.reviews.writing(now) as connection:
        add_judgement(connection, image.image_id, [], refused, decided_by="person", now=now)
    found = preview(studio, candidate(limits={"pass_at": 3.0, "fail_at": 2.0}, fail="refuse"))
    assert (found.num_as_people, found.num_by_people) == (1, 1)


def test_who_does_not_see_everything_looks_back_at_their_own_images(studio):
    studio.generate("a fox", seed=1)
    dana = Principal(name="dana", scopes=ROLES["requester"], token_id="2")
    assert preview(studio, WHOLE.read_text(), dana).num_images == 0


def test_only_the_newest_are_looked_back_at(studio):
    studio.generate("a fox", n=3, seed=1)
    assert preview(studio, WHOLE.read_text(), num_past=2).num_images == 2


def test_nothing_is_stored_by_looking(studio):
    studio.generate("a fox", seed=1)
    before = studio.parts.store.ledger.entries_of(num_last=100)
    preview(studio, candidate(limits=stricter()))
    assert studio.parts.store.ledger.entries_of(num_last=100) == before


@pytest.mark.parametrize("text", ["", "[", "format: 1", "a: &a [*a]", "x" * 1_000_001])
def test_text_that_is_no_criteria_is_refused_in_one_sentence(studio, text):
    with pytest.raises(BadInput, match="the candidate"):
        preview(studio, text)


def test_a_check_nobody_knows_is_refused(studio):
    document = yaml.safe_load(WHOLE.read_text())
    document["criteria"].append({**document["criteria"][0], "id": "fair", "check": "beauty"})
    with pytest.raises(BadInput, match="names the check 'beauty'"):
        preview(studio, yaml.safe_dump(document))


def test_freezing_a_candidate_writes_it_into_the_ledger_once(studio):
    text = candidate(question="Is it whole, really?")
    criteria, is_new = freeze_candidate(studio.parts, text)
    again = freeze_candidate(studio.parts, text)
    entries = studio.parts.store.ledger.entries_of("criteria_frozen", subject=criteria.sha256)
    assert (is_new, again[1], len(entries)) == (True, False, 1)
