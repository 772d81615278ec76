"""The registry in the store, on every database."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from ledgers import NOW

from limner.core.errors import NotFound, StageRefused, StorageUnavailable
from limner.core.models import (
    Cause,
    EventKind,
    Licence,
    ModelEvent,
    ModelVersion,
    Origin,
    Stage,
)
from limner.store.ledger.appending import find_entries
from limner.store.ledger.entries import Kind
from limner.store.models import (
    alias_moves,
    append_event,
    find_aliases,
    find_states,
    gate_documents,
    move,
    point_alias,
    register,
    require_state,
)
from limner.store.reviews import erase_person

VERSION = ModelVersion(
    name="icons",
    version="2",
    files={"denoise.bin": "sha256:aa"},
    licence=Licence(expression="MIT", source="LICENSE", reviewer="Ada"),
    card={"engine": "openvino"},
    owner="design team",
    origin=Origin.PROPOSED,
    proposed_by="Bo",
)
ARRIVED = ModelEvent(
    kind=EventKind.REGISTERED, happened_at=NOW, stage=Stage.PROPOSED, cause=Cause.PROPOSED, by="Bo"
)


def moved(stage, cause=Cause.PROMOTED, **facts):
    return ModelEvent(
        kind=EventKind.MOVED,
        happened_at=NOW + timedelta(hours=1),
        stage=stage,
        cause=cause,
        **facts,
    )


@pytest.fixture
def registered(store):
    with store.models.writing(NOW) as connection:
        register(connection, VERSION, ARRIVED)
    return store.models


def test_a_version_reads_back(registered):
    with registered.reading() as connection:
        (state,) = find_states(connection)
    assert (state.version, state.registered_at, state.events) == (VERSION, NOW, (ARRIVED,))


def test_a_version_moves_on_the_table(registered):
    with registered.writing(NOW) as connection:
        move(connection, VERSION.sha256, moved(Stage.EVALUATING))
        assert require_state(connection, VERSION.sha256).stage is Stage.EVALUATING


def test_a_move_that_is_not_on_the_table_leaves_no_trace(registered, store):
    num_before = store.ledger.count()
    with pytest.raises(StageRefused), registered.writing(NOW) as connection:
        move(connection, VERSION.sha256, moved(Stage.ACTIVE))
    assert store.ledger.count() == num_before


def test_there_is_no_version_with_another_hash(registered):
    with pytest.raises(NotFound), registered.reading() as connection:
        require_state(connection, "sha256:other")


def test_a_review_sets_the_next_day(registered):
    event = replace(ARRIVED, kind=EventKind.REVIEWED, review_by=date(2027, 1, 1))
    with registered.writing(NOW) as connection:
        append_event(connection, VERSION, event)
        assert require_state(connection, VERSION.sha256).review_by == date(2027, 1, 1)


def test_an_alias_points_where_it_was_last_pointed(registered):
    second = replace(VERSION, version="3")
    with registered.writing(NOW) as connection:
        register(connection, second, ARRIVED)
        point_alias(connection, "default", VERSION, NOW)
        point_alias(connection, "default", second, NOW)
        assert find_aliases(connection) == {"default": second.sha256}
        assert [one.model_sha256 for one in alias_moves(connection, "default")] == [
            VERSION.sha256,
            second.sha256,
        ]


def test_what_a_gate_said_is_kept_with_the_move(registered):
    with registered.writing(NOW) as connection:
        move(connection, VERSION.sha256, moved(Stage.EVALUATING), {"verdict": "pass"})
        assert gate_documents(connection, VERSION.sha256) == [{"verdict": "pass"}]


def test_every_change_has_its_entry(registered):
    with registered.writing(NOW) as connection:
        move(connection, VERSION.sha256, moved(Stage.PAUSED, Cause.ALARM))
        point_alias(connection, "default", VERSION, NOW)
    with registered.reading() as connection:
        entries = list(find_entries(connection, Kind.MODEL_CHANGE, subject=VERSION.sha256))
    assert [one.document["event"] for one in entries] == ["registered", "moved", "alias_moved"]


def test_the_ledger_has_no_names_of_people(registered):
    with registered.writing(NOW) as connection:
        move(connection, VERSION.sha256, moved(Stage.EVALUATING, by="Cy Jones"))
    with registered.reading() as connection:
        texts = [one.text for one in find_entries(connection)]
    assert not any('"Bo"' in one or "Cy Jones" in one for one in texts)


def test_an_erased_name_is_gone_from_the_registry(registered):
    with registered.writing(NOW) as connection:
        erase_person(connection, "Bo", reason="person_asked", recorded_at=NOW)
        state = require_state(connection, VERSION.sha256)
    assert (state.version.proposed_by, state.last.by) == ("", "")


@pytest.mark.parametrize("table", ["model_versions", "model_events"])
@pytest.mark.parametrize("change", ["UPDATE {} SET document = ''", "DELETE FROM {}"])
def test_rows_of_the_registry_cannot_be_changed(registered, table, change):
    with pytest.raises(StorageUnavailable, match="append-only"), registered.writing(NOW) as found:
        found.execute(sa.text(change.format(table)))
