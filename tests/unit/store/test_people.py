"""Erasing a person on both databases: no row anywhere has their name, those of others stay."""

import pytest
import sqlalchemy as sa
from job_rows import START, new_job

from limner.core.jobs import JobState
from limner.core.rights import OptedOut, RightsEntry, RightsKind
from limner.core.runs import RunTask
from limner.store import schema
from limner.store.database import transaction
from limner.store.ledger.entries import Kind
from limner.store.people import DELETED, DISOWNED
from limner.store.repository import Store
from limner.store.reviews import commitment_of, name_of

PIXELS = "sha256:" + "1" * 64


def write(store: Store, *statements: sa.Executable) -> None:
    with transaction(store.people._engine) as connection:
        for statement in statements:
            connection.execute(statement)


def every_row(store: Store) -> str:
    with store.reviews.reading() as connection:
        return "\n".join(
            str(tuple(row))
            for table in schema.metadata.sorted_tables
            for row in connection.execute(table.select())
        )


def fill(store: Store, name: str) -> str:
    """Rows of a person in every table that may have their name; their commitment."""
    key, at = f"id-{name[:2]}", START.isoformat()
    store.jobs.add(new_job(f"job-{key}", owner=name))
    board = store.boards.create(name, "Foxes", START)
    store.boards.put(name, board.board_id, ["i"], START)
    store.boards.star(name, ["i"], START)
    store.boards.tag(name, ["i"], "fox", START)
    store.gallery.keep_picture(name, PIXELS, START)
    token = {"token_id": key, "token_sha256": key, "kind": "token", "name": name, "scopes": "admin"}
    shelf = {"owner": name, "created_at": at, "image_id": "i", "words": "fox", "outcome": "held"}
    store.run_jobs.add(key, RunTask.DRAW, owner=name, now=START)
    write(
        store,
        schema.tokens.insert().values(**token, created_at=at),
        schema.gallery.insert().values(**shelf),
        schema.grids.insert().values(grid_id=key, owner=name, created_at=at, document="{}"),
        schema.job_owners.insert().values(owner=name, served=1),
    )
    with store.reviews.writing(START) as connection:
        return commitment_of(connection, name)


def erase(store: Store, name: str) -> bool:
    return store.people.erase(name, reason="person_asked", recorded_at=START)


def test_every_table_with_an_owner_is_thought_of():
    owned = {one for one in schema.metadata.sorted_tables if "owner" in one.c}
    assert owned == {*DELETED, *DISOWNED}


def test_no_row_names_an_erased_person_and_those_of_others_stay(store):
    commitment = fill(store, "Annabel")
    fill(store, "Bo")
    assert set(store.people.traces_of("Annabel").num_rows) == {
        "tokens",
        *(table.name for table in (*DELETED, *DISOWNED)),
    }
    before = store.people.traces_of("Bo")
    assert erase(store, "Annabel")
    assert "Annabel" not in every_row(store)
    assert store.people.traces_of("Annabel").is_none
    assert store.people.traces_of("Bo") == before
    with store.reviews.reading() as connection:
        assert name_of(connection, commitment) is None


def test_what_was_asked_is_gone_and_a_job_that_waits_is_cancelled(store):
    fill(store, "Ann")
    erase(store, "Ann")
    job = store.jobs.find("job-id-An", START)
    assert (job.state, job.owner, job.request["prompt"]) == (JobState.CANCELLED, "", "")


def test_nobody_is_erased_while_a_job_of_theirs_is_drawn(store):
    fill(store, "Ann")
    assert store.leases.claim("w", START) is not None
    before = every_row(store)
    assert not erase(store, "Ann")
    assert every_row(store) == before


def test_the_ledger_says_that_it_was_done_and_not_who(store):
    fill(store, "Annabel")
    erase(store, "Annabel")
    (entry,) = store.ledger.entries_of(Kind.ERASURE)
    assert (entry.subject, entry.document["reason"]) == (None, "person_asked")
    assert store.ledger.verify().is_good


def test_a_person_is_known_by_name_commitment_or_token(store):
    commitment = fill(store, "Ann")
    assert {store.people.name_of(one) for one in ("Ann", commitment, "id-An")} == {"Ann"}


@pytest.mark.parametrize("name", ["ann lee", "Ann Lee"])
def test_entries_of_the_register_that_name_them_are_told_and_stay(store, name):
    entry = RightsEntry(kind=RightsKind.OPT_OUT, opted_out=OptedOut.NAME, name="Ann Lee")
    stored = store.rights.add(entry, START)
    assert store.people.traces_of(name).entry_ids == (stored.entry_id,)
    erase(store, name)
    assert store.rights.find(stored.entry_id, START).entry.name == "Ann Lee"


def test_an_image_of_two_stays_on_the_shelf_of_the_other(store):
    fill(store, "Ann")
    fill(store, "Bo")
    fill(store, "Cy")
    erase(store, "Cy")
    assert store.people.traces_of("Ann").image_ids == ()
    erase(store, "Ann")
    assert store.gallery.owners_of("i") == {"Bo"}
