"""What watching keeps, on every database."""

from dataclasses import replace

import pytest
import sqlalchemy as sa
from ledgers import NOW

from limner.core.canaries import CanarySet
from limner.core.errors import StorageUnavailable
from limner.core.watching import (
    Alarm,
    Basis,
    Change,
    Done,
    Method,
    Reading,
    ReadingVerdict,
    Reference,
    Sensitivity,
    Telling,
)
from limner.store.ledger.entries import Kind
from limner.store.streams import stream_images, streams
from limner.store.watches import (
    add_readings,
    alarms,
    canary_sets,
    raise_alarm,
    readings_of,
    references,
    set_canaries,
    set_reference,
    tellings_of,
)

REFERENCE = Reference(
    reference_id="reference-0123456789ab",
    stream="icons",
    from_at=NOW,
    until_at=NOW,
    num_images=200,
    sensitivity=Sensitivity(run_length=5000, window=100),
    basis=Basis(model="sha256:aa", checks={"sharpness": "sha256:bb"}, cameras=("X 4x3",)),
    set_at=NOW,
    set_by="Ada",
)
READING = Reading(
    measure="score.sharpness",
    method=Method.MARTINGALE,
    verdict=ReadingVerdict.ALARM,
    num_reference=200,
    num_new=100,
    position=100,
    value=6.5,
    limit=4.5,
)
ALARM = Alarm(
    alarm_id="alarm-0123456789ab",
    reference_id=REFERENCE.reference_id,
    stream="icons",
    raised_at=NOW,
    readings=(READING,),
    changes=(Change(measure="score.sharpness", note="It fell.", examples=("sha256:cc",)),),
    done=Done(paused="icons@1", aliases=("default -> icons@0",), ended=("sha256:dd",)),
)
CANARIES = CanarySet(
    canary_id="canary-0123456789ab", stream="icons", run_id="run-1", set_at=NOW, set_by="Ada"
)
NEWER_CANARIES = replace(CANARIES, canary_id="canary-0123456789ac", run_id="run-2")


@pytest.fixture
def watches(store):
    with store.watches.writing(NOW) as connection:
        set_reference(connection, REFERENCE)
        add_readings(
            connection, REFERENCE.reference_id, [READING], read_until="2026 sha256:cc", now=NOW
        )
        raise_alarm(connection, ALARM)
        for one in (CANARIES, NEWER_CANARIES):
            set_canaries(connection, one)
    return store.watches


def test_everything_reads_back(watches):
    with watches.reading() as connection:
        assert references(connection, "icons") == [REFERENCE]
        assert references(connection, "others") == []
        (stored,) = readings_of(connection, REFERENCE.reference_id)
        assert (stored.reading, stored.read_until) == (READING, "2026 sha256:cc")
        assert alarms(connection) == [ALARM]
        assert alarms(connection, "reference-000000000000") == []
        assert canary_sets(connection) == [NEWER_CANARIES]


def test_whom_an_alarm_told_is_added(watches):
    telling = Telling("webhook", "example.org", NOW, is_told=False, note="It answered 500.")
    watches.tell(ALARM.alarm_id, telling)
    with watches.reading() as connection:
        assert tellings_of(connection, ALARM.alarm_id) == [telling]


def test_the_ledger_has_the_reference_and_the_alarm_without_names(watches, store):
    (alarm,) = store.ledger.entries_of(Kind.ALARM, subject=ALARM.alarm_id, num_last=5)
    (reference,) = store.ledger.entries_of(Kind.WATCH_REFERENCE, num_last=5)
    (canaries, _) = store.ledger.entries_of(Kind.CANARY_SET, num_last=5)
    assert alarm.document["paused"] == "icons@1"
    assert "Ada" not in reference.text + canaries.text
    assert store.ledger.verify(key=store.ledger.own_key()).is_good


@pytest.mark.parametrize(
    "table",
    ["watch_references", "watch_readings", "watch_canaries", "watch_alarms", "evidence_ends"],
)
def test_nothing_is_ever_changed(watches, table: str):
    with watches.writing(NOW) as connection:
        connection.execute(
            sa.text(
                "INSERT INTO evidence_ends (evidence_sha256, ended_at, cause, alarm_id) "
                "VALUES ('sha256:ee', 'now', 'alarm', 'alarm-1')"
            )
        )
    with pytest.raises(StorageUnavailable, match="append-only"), watches.writing(NOW) as connection:
        connection.execute(sa.text(f"DELETE FROM {table}"))


def raise_twice(store, alarm):
    with store.watches.writing(NOW) as connection:
        raise_alarm(connection, alarm)
        raise_alarm(connection, alarm)


def test_an_alarm_that_fails_leaves_no_trace(store):
    num_before = store.ledger.count()
    twice = replace(ALARM, alarm_id="alarm-000000000001")
    with pytest.raises(StorageUnavailable):
        raise_twice(store, twice)
    assert store.ledger.count() == num_before


def test_a_store_without_images_has_no_stream(store):
    with store.watches.reading() as connection:
        assert streams(connection) == []
        assert stream_images(connection, "icons") == []
        assert stream_images(connection, "incoming") == []
