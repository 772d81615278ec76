"""What pauses by itself, and what goes on serving."""

from datetime import date, timedelta

import pytest
from registries import GATE, GOOD, SUITE

from limner.core.models import Cause, Stage
from limner.studio.promoting import review
from limner.studio.revalidating import pause_by_rule, revalidate


def causes(registry) -> list[tuple[str, str]]:
    return [(one.version.label, str(one.last.cause)) for one in revalidate(registry.parts)]


@pytest.mark.parametrize("times", [2, 3, 4])
def test_nothing_is_paused_while_everything_holds(registry, times):
    registry.promoted("2", times=times)
    assert causes(registry) == []


@pytest.mark.parametrize("change", ["changed", "gone"])
def test_a_changed_file_pauses_and_the_version_before_serves(registry, change):
    registry.promoted("2")
    if change == "gone":
        registry.brush_of("2").unlink()
    else:
        registry.brush_of("2").write_bytes(b"another")
    assert causes(registry) == [("painted@2", "hash_changed")]
    assert registry.serves() == "painted@1"


def test_a_changed_suite_pauses(registry):
    registry.promoted("2")
    own = registry.home / "suites" / "own.yaml"
    own.write_text(SUITE.replace("one thing", "another thing"))
    assert causes(registry) == [("painted@2", "hash_changed")]


def test_a_suite_that_is_gone_pauses(registry):
    registry.promoted("2")
    (registry.home / "suites" / "own.yaml").unlink()
    assert causes(registry) == [("painted@2", "hash_changed")]


def test_changed_criteria_pause(registry, tmp_path):
    registry.promoted("2")
    from painted_limner import WHOLE

    edited = tmp_path / "edited.yaml"
    edited.write_text(WHOLE.read_text().replace("name: whole", "name: other"))
    registry.open(criteria=edited)
    assert causes(registry) == [("painted@2", "hash_changed")]


def test_criteria_that_cannot_be_read_pause(registry, tmp_path):
    registry.promoted("2")
    registry.open(criteria=tmp_path / "gone.yaml")
    assert causes(registry) == [("painted@2", "hash_changed")]


def test_evidence_that_has_become_too_old_pauses(registry):
    registry.promoted("2")
    registry.now += timedelta(days=31)
    assert causes(registry) == [("painted@2", "certificate_ended")]
    assert registry.serves() == "painted@1"


def test_newer_evidence_that_is_bad_pauses(registry):
    state = registry.promoted("2")
    registry.measure(state, GOOD | {"counts": (0.2, 0.1, 0.3)})
    assert causes(registry) == [("painted@2", "gate_closed")]


def test_a_stricter_gate_is_asked_of_the_next_and_not_of_what_passed(registry):
    registry.promoted("2")
    (registry.home / "gate.yaml").write_text(GATE.replace("limit: 0.5", "limit: 0.99"))
    assert causes(registry) == []


def test_a_missed_review_of_the_gate_pauses_where_its_owner_chose_so(registry):
    (registry.home / "gate.yaml").write_text(GATE.replace("2026-12-01", "2026-01-05"))
    registry.promoted("2")
    registry.now += timedelta(days=6)
    assert causes(registry) == [("painted@2", "review_missed")]


@pytest.mark.parametrize(("is_chosen", "found"), [(True, ["painted@2"]), (False, [])])
def test_a_missed_review_of_a_version_pauses_where_its_owner_chose_so(registry, is_chosen, found):
    registry.promoted("2", review_by=date(2026, 1, 5), pauses_when_overdue=is_chosen)
    registry.now += timedelta(days=6)
    assert [label for label, _ in causes(registry)] == found


def test_a_version_that_was_looked_at_in_time_goes_on(registry):
    registry.promoted("2", review_by=date(2026, 1, 5), pauses_when_overdue=True)
    review(registry.parts, "painted@2", by="Ada", review_by=date(2026, 3, 1))
    registry.now += timedelta(days=6)
    assert causes(registry) == []


def test_an_alarm_pauses_once(registry):
    state = registry.promoted("2")
    paused = pause_by_rule(registry.parts, state.version.sha256, Cause.ALARM, "Drift.")
    again = pause_by_rule(registry.parts, state.version.sha256, Cause.ALARM, "Drift.")
    assert (paused.stage, again) == (Stage.PAUSED, None)


def test_what_is_only_proposed_is_left_alone(registry):
    registry.propose("2")
    registry.brush_of("2").unlink()
    assert causes(registry) == []
