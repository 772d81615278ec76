"""The way of a version: proposed, evaluated, through gates to serving, paused, back again."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from registries import APACHE, GOOD

from limner.core.errors import BadInput, GateInvalid, NotFound, StageRefused
from limner.core.gates import GateVerdict, Lack
from limner.core.models import Cause, Stage
from limner.store.ledger.appending import find_entries
from limner.store.ledger.entries import Kind
from limner.studio.gate_use import answer_document
from limner.studio.promoting import held_by_gate, pause, promote, review, rollback, waive
from limner.studio.registry import find_version, overview


def stages(registry) -> dict[str, str]:
    return {one.version.label: str(one.stage) for one in overview(registry.parts).states}


def test_what_came_with_the_install_serves_from_the_first_look_on(registry):
    found = overview(registry.parts)
    assert stages(registry) == {"painted@1": "active"}
    assert found.aliases == {"default": found.states[0].version.sha256}


def test_a_proposed_version_serves_nobody(registry):
    registry.propose("2")
    assert stages(registry)["painted@2"] == "proposed"
    assert registry.serves() == "painted@1"


def test_a_version_goes_through_every_stage_to_serving(registry):
    state = registry.propose("2")
    registry.measure(state)
    seen = [promote(registry.parts, "painted@2", by="Ada").state.stage for _ in range(4)]
    assert seen == [Stage.EVALUATING, Stage.SHADOW, Stage.CANARY, Stage.ACTIVE]
    assert registry.serves() == "painted@2"


def test_being_evaluated_needs_no_evidence(registry):
    registry.propose("2")
    assert promote(registry.parts, "painted@2", by="Ada").answer is None


def test_without_evidence_the_gate_stays_closed_and_says_how_much_is_needed(registry):
    registry.promoted("2", times=1)
    other = registry.propose("3")
    promote(registry.parts, other.version.label, by="Ada")
    found = promote(registry.parts, "painted@3", by="Ada")
    assert (found.is_moved, found.answer.verdict) == (False, GateVerdict.INSUFFICIENT)
    assert [(one.lack, one.num_more) for one in found.answer.rules] == [(Lack.MISSING, 100)] * 2
    assert stages(registry)["painted@3"] == "evaluating"


def test_evidence_that_is_bad_fails(registry):
    state = registry.propose("2")
    registry.measure(state, GOOD | {"counts": (0.3, 0.2, 0.4)})
    promote(registry.parts, "painted@2", by="Ada")
    assert promote(registry.parts, "painted@2", by="Ada").answer.verdict is GateVerdict.FAIL


def test_a_run_that_began_before_the_gate_was_frozen_is_post_hoc(registry):
    state = registry.propose("2")
    registry.measure(
        state, change=lambda one: replace(one, started_at=one.started_at - timedelta(1))
    )
    answer = held_by_gate(registry.parts, "painted@2")
    assert {one.lack for one in answer.rules} == {Lack.POST_HOC}


@pytest.mark.parametrize(
    ("licence", "told"),
    [
        (replace(APACHE, expression="CC-BY-NC-4.0"), "the gate allows Apache-2.0"),
        (replace(APACHE, reviewer=" "), "Nobody has read the licence"),
    ],
)
def test_a_licence_that_is_not_in_order_fails_whatever_was_measured(registry, licence, told):
    state = registry.propose("2", licence=licence)
    registry.measure(state)
    answer = held_by_gate(registry.parts, "painted@2")
    assert answer.verdict is GateVerdict.FAIL
    assert told in answer.faults[0]


def test_labels_of_the_owner_do_not_count(registry):
    state = registry.propose("2", owner="Eve")
    registry.measure(state, change=lambda one: replace(one, labelled_by=("eve",)))
    answer = held_by_gate(registry.parts, "painted@2")
    assert {one.lack for one in answer.rules} == {Lack.INTERESTED_LABELS}


def test_a_changed_file_is_not_promoted(registry):
    registry.promoted("2", times=1)
    registry.brush_of("2").write_bytes(b"another")
    with pytest.raises(StageRefused, match="no longer what was registered"):
        promote(registry.parts, "painted@2", by="Ada")


def test_an_active_version_has_no_stage_after_it(registry):
    registry.promoted("2")
    with pytest.raises(StageRefused, match="active already"):
        promote(registry.parts, "painted@2", by="Ada")


def test_pausing_gives_the_alias_back_at_once(registry):
    registry.promoted("2")
    pause(registry.parts, "painted@2", by="Ada", note="Complaints.")
    assert (stages(registry)["painted@2"], registry.serves()) == ("paused", "painted@1")


def test_a_paused_version_is_evaluated_again(registry):
    registry.promoted("2")
    pause(registry.parts, "painted@2", by="Ada", note="Complaints.")
    assert promote(registry.parts, "painted@2", by="Ada").state.stage is Stage.EVALUATING


def test_rolling_back_is_one_step_to_the_version_before(registry):
    registry.promoted("2")
    registry.promoted("3")
    assert rollback(registry.parts, by="Ada", note="Worse.").version.label == "painted@2"
    assert registry.serves() == "painted@2"
    assert rollback(registry.parts, by="Ada", note="Worse.").version.label == "painted@1"


def test_there_is_nothing_to_roll_back_to_before_the_first(registry):
    with pytest.raises(StageRefused, match="nothing would serve"):
        rollback(registry.parts, by="Ada", note="Worse.")
    assert registry.serves() == "painted@1"


def test_rolling_back_passes_over_what_is_paused(registry):
    for version in "23":
        registry.promoted(version)
    pause(registry.parts, "painted@2", by="Ada", note="Complaints.")
    assert rollback(registry.parts, by="Ada", note="Worse.").version.label == "painted@1"


@pytest.mark.parametrize("note", ["", "  "])
def test_nothing_is_taken_out_of_service_without_a_reason(registry, note):
    registry.promoted("2")
    for take_out in (
        lambda: pause(registry.parts, "painted@2", by="Ada", note=note),
        lambda: rollback(registry.parts, by="Ada", note=note),
    ):
        with pytest.raises(BadInput, match="needs a reason"):
            take_out()


def test_two_people_waive_a_rule_and_one_person_twice_does_not(registry):
    state = registry.propose("2")
    registry.measure(state, {"whole": GOOD["whole"]})
    for person, verdict in (("Ada", "insufficient"), ("ADA", "insufficient"), ("Bo", "pass")):
        waive(
            registry.parts,
            "painted@2",
            "counts",
            person=person,
            reason="The suite counts wrongly.",
            until=date(2026, 2, 1),
        )
        assert held_by_gate(registry.parts, "painted@2").verdict == verdict


def test_a_waiver_ends_with_its_day(registry):
    state = registry.propose("2")
    registry.measure(state, {"whole": GOOD["whole"]})
    for person in ("Ada", "Bo"):
        waive(
            registry.parts, "painted@2", "counts", person=person, reason="x", until=date(2026, 1, 9)
        )
    registry.now += timedelta(days=9)
    assert held_by_gate(registry.parts, "painted@2").verdict is GateVerdict.INSUFFICIENT


@pytest.mark.parametrize(
    ("rule", "until"),
    [("beauty", date(2026, 2, 1)), ("counts", date(2025, 12, 1)), ("counts", date(2027, 1, 1))],
)
def test_a_waiver_that_cannot_hold_is_refused(registry, rule, until):
    registry.propose("2")
    with pytest.raises(GateInvalid):
        waive(registry.parts, "painted@2", rule, person="Ada", reason="x", until=until)


def test_a_review_sets_the_next_day(registry):
    registry.propose("2")
    state = review(registry.parts, "painted@2", by="Ada", review_by=date(2027, 3, 1))
    assert (state.review_by, state.stage) == (date(2027, 3, 1), Stage.PROPOSED)


def test_a_review_is_not_set_into_the_past(registry):
    registry.propose("2")
    with pytest.raises(BadInput, match="must be after 2026-01-01"):
        review(registry.parts, "painted@2", by="Ada", review_by=date(2026, 1, 1))


def test_every_step_has_its_ledger_entry_without_a_name(registry):
    state = registry.promoted("2")
    pause(registry.parts, "painted@2", by="Ada", note="Complaints.")
    with registry.parts.store.models.reading() as connection:
        entries = list(find_entries(connection, Kind.MODEL_CHANGE, subject=state.version.sha256))
    assert [one.document.get("stage") for one in entries] == [
        "proposed",
        "evaluating",
        "shadow",
        "canary",
        "active",
        None,  # the alias
        "paused",
    ]
    assert entries[2].document["gate"]["verdict"] == "pass"
    assert not any('"Ada"' in one.text or '"Bo"' in one.text for one in entries)


def test_what_a_gate_said_names_nobody(registry):
    state = registry.propose("2")
    registry.measure(state, {"whole": GOOD["whole"]})
    for person in ("Ada Jones", "Bo Smith"):
        waive(
            registry.parts, "painted@2", "counts", person=person, reason="x", until=date(2026, 2, 1)
        )
    document = answer_document(held_by_gate(registry.parts, "painted@2"))
    assert document["verdict"] == "pass"
    assert not any(name in str(document) for name in ("Jones", "Smith"))


def test_the_same_files_are_not_proposed_twice(registry):
    registry.propose("2")
    with pytest.raises(BadInput, match="in the registry already; it is 'proposed'"):
        registry.propose("2")


def test_other_files_under_the_same_version_are_refused(registry):
    registry.propose("2")
    with pytest.raises(BadInput, match="another painted@2, and a version never changes"):
        registry.propose("2", content="other")


@pytest.mark.parametrize(
    "said",
    [
        {"owner": " "},
        {"review_by": date(2026, 1, 1)},
        {"canary_share": 0.0},
        {"canary_share": 0.6},
        {"alias": "Two Words"},
    ],
)
def test_a_proposal_with_a_fault_is_refused_and_leaves_no_trace(registry, said):
    with pytest.raises(BadInput):
        registry.propose("2", **said)
    assert stages(registry) == {"painted@1": "active"}


def test_a_version_is_found_by_label_and_by_the_start_of_its_hash(registry):
    sha256 = registry.propose("2").version.sha256
    for name in ("painted@2", sha256, sha256[7:15]):
        assert find_version(registry.parts, name).version.sha256 == sha256


def test_a_name_with_several_versions_is_not_guessed(registry):
    registry.propose("2")
    with pytest.raises(NotFound, match=r"Several versions are called 'painted'"):
        find_version(registry.parts, "painted")


def test_an_unknown_name_is_refused_with_those_there_are(registry):
    with pytest.raises(NotFound, match="no model 'posters'; there are painted@1"):
        find_version(registry.parts, "posters")


def test_a_shipped_version_that_was_paused_comes_back_without_a_gate(registry):
    registry.promoted("2")
    pause(registry.parts, "painted@1", by="Ada", note="Replaced.")
    state = promote(registry.parts, "painted@1", by="Ada").state
    assert (state.stage, state.last.cause) == (Stage.ACTIVE, Cause.PROMOTED)
