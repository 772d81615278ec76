from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from measured import EVIDENCE, STARTED_AT

from limner.core.errors import EvidenceInvalid
from limner.core.evidence import Evidence, checks_sha256
from limner.core.judging import Better, CheckCard, Limits


def test_evidence_comes_back_from_its_document():
    assert Evidence.from_document(EVIDENCE.to_document()) == EVIDENCE


def test_the_same_moment_in_another_time_zone_is_the_same_evidence():
    tokyo = timezone(timedelta(hours=9))
    moved = replace(EVIDENCE, started_at=STARTED_AT.astimezone(tokyo))
    assert moved.sha256 == EVIDENCE.sha256


@pytest.mark.parametrize("name", ["started_at", "measured_at"])
def test_a_time_without_a_zone_is_refused(name):
    with pytest.raises(EvidenceInvalid, match="no time zone"):
        replace(EVIDENCE, **{name: datetime(2026, 3, 1, 13)})  # noqa: DTZ001 - the fault


def test_measured_before_the_run_began_is_refused():
    with pytest.raises(EvidenceInvalid, match="before its run began"):
        replace(EVIDENCE, measured_at=STARTED_AT - timedelta(seconds=1))


@pytest.mark.parametrize(
    "fault",
    [
        {"estimate": float("nan")},
        {"high": float("inf")},
        {"low": 0.95},
        {"high": 1.2},
        {"num": 0},
        {"confidence": 1.0},
    ],
)
def test_what_is_no_measurement_is_refused(fault):
    with pytest.raises(EvidenceInvalid):
        replace(EVIDENCE, **fault)


@pytest.mark.parametrize("name", ["basis", "num", "started_at"])
def test_a_document_that_lacks_something_is_refused(name):
    document = EVIDENCE.to_document()
    del document[name]
    with pytest.raises(EvidenceInvalid):
        Evidence.from_document(document)


def test_the_order_of_checks_does_not_change_their_hash():
    cards = {
        name: CheckCard(
            name=name,
            version="1",
            question="Is it?",
            better=Better.HIGHER,
            limits=Limits(pass_at=1, fail_at=0),
        )
        for name in ("a", "b")
    }
    assert checks_sha256(cards) == checks_sha256(dict(reversed(cards.items())))
