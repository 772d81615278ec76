"""Evidence, gates and waivers in the store, on every database."""

from dataclasses import replace
from datetime import date, timedelta

import measured
import pytest
import sqlalchemy as sa
from ledgers import NOW

from limner.core.errors import StorageUnavailable
from limner.core.gates import Direction, Gate, Rule, Waiver
from limner.store.evidence import (
    add_evidence,
    evidence_of,
    freeze_gate,
    frozen_gate,
    gate_registered_at,
    sign_waiver,
    waivers_of,
)
from limner.store.ledger.appending import find_entries
from limner.store.ledger.entries import Kind
from limner.store.reviews import erase_person

MODEL = "sha256:m"
EVIDENCE = replace(
    measured.EVIDENCE,
    started_at=NOW,
    measured_at=NOW,
    asked_by="Ada",
    labelled_by=("Bo", "Cy"),
)
GATE = Gate(
    name="team",
    owner="Ada",
    review_by=date(2026, 12, 1),
    licences=("MIT",),
    rules=(
        Rule(
            id="faithful",
            metric="atoms.pass_rate",
            suite="basics",
            direction=Direction.AT_LEAST,
            limit=0.8,
            min_num=200,
            max_age_days=30,
            confidence=0.95,
        ),
    ),
)
WAIVER = Waiver(
    model_sha256=MODEL,
    gate_sha256=GATE.sha256,
    rule_id="faithful",
    reason="The suite has a fault.",
    person="Ada",
    signed_at=NOW,
    expires_at=NOW + timedelta(days=7),
)


def test_evidence_reads_back(store):
    with store.models.writing(NOW) as connection:
        add_evidence(connection, [EVIDENCE], NOW)
        assert evidence_of(connection, MODEL) == [EVIDENCE]


def test_evidence_of_another_model_is_not_this_ones(store):
    with store.models.writing(NOW) as connection:
        add_evidence(connection, [EVIDENCE], NOW)
        assert evidence_of(connection, "sha256:other") == []


def test_the_same_evidence_is_kept_once(store):
    with store.models.writing(NOW) as connection:
        add_evidence(connection, [EVIDENCE], NOW)
        add_evidence(connection, [EVIDENCE], NOW)
        assert len(evidence_of(connection, MODEL)) == 1
        assert len(list(find_entries(connection, Kind.EVIDENCE))) == 1


def test_a_labeller_whose_name_was_erased_has_none(store):
    with store.models.writing(NOW) as connection:
        add_evidence(connection, [EVIDENCE], NOW)
        erase_person(connection, "Bo", reason="person_asked", recorded_at=NOW)
        assert evidence_of(connection, MODEL) == [replace(EVIDENCE, labelled_by=("", "Cy"))]


def test_a_gate_is_frozen_once(store):
    with store.models.writing(NOW) as connection:
        assert freeze_gate(connection, GATE, NOW)
        assert not freeze_gate(connection, GATE, NOW + timedelta(days=1))
        assert gate_registered_at(connection, GATE.sha256) == NOW
        assert frozen_gate(connection, GATE.sha256) == GATE


def test_a_gate_that_was_not_frozen_is_not_there(store):
    with store.models.reading() as connection:
        assert frozen_gate(connection, GATE.sha256) is None


def test_a_waiver_reads_back(store):
    with store.models.writing(NOW) as connection:
        sign_waiver(connection, WAIVER)
        assert waivers_of(connection, MODEL) == [WAIVER]


def test_a_signature_goes_with_the_name(store):
    with store.models.writing(NOW) as connection:
        sign_waiver(connection, WAIVER)
        erase_person(connection, "Ada", reason="person_asked", recorded_at=NOW)
        assert waivers_of(connection, MODEL) == []


def test_the_ledger_has_no_names_of_people(store):
    with store.models.writing(NOW) as connection:
        add_evidence(connection, [EVIDENCE], NOW)
        sign_waiver(connection, replace(WAIVER, person="Dee Kay"))
        texts = [one.text for one in find_entries(connection)]
    assert not any("Dee Kay" in one or '"Cy"' in one for one in texts)


@pytest.mark.parametrize("table", ["evidence", "waivers", "gates"])
@pytest.mark.parametrize("change", ["UPDATE {} SET document = ''", "DELETE FROM {}"])
def test_rows_cannot_be_changed(store, table, change):
    with store.models.writing(NOW) as connection:
        add_evidence(connection, [EVIDENCE], NOW)
        freeze_gate(connection, GATE, NOW)
        sign_waiver(connection, WAIVER)
    with pytest.raises(StorageUnavailable, match="append-only"), store.models.writing(NOW) as found:
        found.execute(sa.text(change.format(table)))
