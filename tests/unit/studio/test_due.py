"""What is to be looked at again, and what makers claim."""

from datetime import date

import pytest
from registries import GATE

from limner.core.errors import BadInput
from limner.studio.claims_file import read_claims
from limner.studio.due import everything_due
from limner.studio.promoting import pause


def names(found) -> list[str]:
    return [f"{one.what} {one.name}" for one in found]


def test_models_gate_criteria_and_suites_are_listed_with_who_answers(registry):
    registry.propose("2", review_by=date(2026, 2, 1))
    found = everything_due(registry.parts)
    owners = {f"{one.what} {one.name}": one.owner for one in found}
    assert {"model painted@2", "gate ours", "criteria whole", "suite own", "suite basics"} <= set(
        owners
    )
    assert (owners["model painted@2"], owners["suite own"]) == ("Ada", "Design")


def test_what_is_due_first_comes_first(registry):
    registry.propose("2", review_by=date(2026, 1, 9))
    assert names(everything_due(registry.parts))[0] == "model painted@2"


def test_what_has_no_day_comes_last(registry):
    assert names(everything_due(registry.parts))[-1] == "model painted@1"


def test_a_paused_model_is_not_due(registry):
    registry.propose("2")
    pause(registry.parts, "painted@2", by="Ada", note="x")
    assert "model painted@2" not in names(everything_due(registry.parts))


def test_days_left_are_below_nought_when_it_is_late(registry):
    registry.propose("2", review_by=date(2026, 1, 9))
    found = everything_due(registry.parts)[0]
    assert found.days_left(date(2026, 1, 11)) == -2


def test_a_suite_whose_missed_review_pauses_models_says_so(registry):
    (registry.home / "gate.yaml").write_text(GATE.replace("[gate]", "[suites]"))
    pauses = {one.name: one.pauses for one in everything_due(registry.parts) if one.what == "suite"}
    assert (pauses["own"], pauses["basics"]) == (True, False)


def test_a_gate_that_cannot_be_read_is_told_and_stops_nothing(registry):
    (registry.home / "gate.yaml").write_text("format: nothing")
    faults = [one for one in everything_due(registry.parts) if one.fault]
    assert names(faults) == ["gate in force"]


CLAIMS = """\
format: limner.claims/1
claims:
  - {text: Counts, source: README, said_on: 2026-01-01,
     metric: count.pass_rate, suite: own, limit: 0.9}
"""


def test_claims_are_read_with_source_and_day(tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text(CLAIMS)
    (claim,) = read_claims(path)
    assert (claim.text, claim.said_on, claim.limit) == ("Counts", date(2026, 1, 1), 0.9)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (CLAIMS.replace("source: README, ", ""), "source"),
        (CLAIMS.replace("limit: 0.9", "limit: .inf"), "limit"),
        ("claims: [", "not YAML"),
        ("format: limner.claims/1\nclaims: []\n", "claims"),
        (CLAIMS + "#" * 200_000, "more than the 200,000 bytes"),
    ],
)
def test_claims_with_a_fault_are_refused_in_one_sentence(tmp_path, text, told):
    path = tmp_path / "claims.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match=told):
        read_claims(path)


def test_claims_that_are_not_there_are_refused(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        read_claims(tmp_path / "gone.yaml")
