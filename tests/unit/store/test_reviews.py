"""Review cards as rows with their entries: names only as commitments, nothing overwritten."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from limner.core.errors import BadInput, StorageUnavailable
from limner.core.reviewing import Answer, CardKind, EventKind
from limner.store import reviews, schema

NOW = datetime(2026, 1, 1, tzinfo=UTC)
IMAGE = "sha256:" + "a" * 64
DOCUMENT: reviews.CardDocument = {
    "question": "Is it fine?",
    "requester": "Dana",
    "impact": "high",
    "needs_second": True,
    "due_at": "2026-01-02T00:00:00+00:00",
    "reasons": ["nsfw is unsure"],
}


@pytest.fixture
def connection(store):
    with store.reviews.writing(NOW) as opened:
        yield opened


def ask(connection, kind="held", **changes):
    return reviews.open_card(
        connection,
        image_id=IMAGE,
        kind=kind,
        opened_at=NOW,
        document={**DOCUMENT, **changes},
    )


def answer(connection, card, reviewer):
    reviews.append_event(
        connection,
        card,
        EventKind.ANSWERED,
        happened_at=NOW,
        reviewer=reviewer,
        document={"answer": "accept", "reasons": [], "seconds": 2.5},
    )


def entries(connection):
    return list(connection.scalars(sa.select(schema.ledger_entries.c.entry)))


def test_a_card_is_read_back_as_it_was_opened(connection):
    card = reviews.find_card(connection, ask(connection, probability_bad=0.3, cost=5.0))
    assert card is not None
    assert (card.question, card.impact, card.needs_second) == ("Is it fine?", "high", True)
    assert (card.due_at, card.reasons) == (datetime(2026, 1, 2, tzinfo=UTC), ("nsfw is unsure",))
    assert (card.probability_bad, card.cost, card.kind) == (0.3, 5.0, CardKind.HELD)


def test_the_requester_is_known_by_the_commitment_of_their_name(connection):
    card = reviews.find_card(connection, ask(connection))
    assert card is not None
    assert card.requester == reviews.find_person(connection, "Dana")


def test_no_name_stands_in_the_ledger_or_in_rows_that_stay(connection):
    card = reviews.find_card(connection, ask(connection))
    assert card is not None
    answer(connection, card, reviews.commitment_of(connection, "Annabel"))
    rows = [*connection.execute(schema.review_cards.select())]
    rows += [*connection.execute(schema.review_events.select())]
    told = "".join(map(str, [*rows, *entries(connection)]))
    assert "Dana" not in told
    assert "Annabel" not in told


def test_a_person_has_one_commitment(connection):
    assert reviews.commitment_of(connection, "Ann") == reviews.commitment_of(connection, "Ann")


def test_an_erased_person_has_no_name_and_their_answers_stay(connection):
    card = reviews.find_card(connection, ask(connection))
    assert card is not None
    ann = reviews.commitment_of(connection, "Ann")
    answer(connection, card, ann)
    assert reviews.erase_person(connection, "Ann", reason="person_asked", recorded_at=NOW)
    assert reviews.name_of(connection, ann) is None
    assert [one.reviewer for one in reviews.events_of(connection, card.card_id)] == [ann]


def test_every_event_has_its_entry(connection):
    card = reviews.find_card(connection, ask(connection))
    assert card is not None
    answer(connection, card, reviews.commitment_of(connection, "Ann"))
    said = [one for one in entries(connection) if '"kind":"review"' in one]
    assert len(said) == 2
    assert all(card.card_id in one for one in said)


def test_the_ledger_does_not_give_a_honeypot_away(connection):
    ask(connection, kind="honeypot", truth="reject")
    assert not any("honeypot" in one or "reject" in one for one in entries(connection))


def test_a_failed_transaction_leaves_neither_card_nor_entry(store):
    def ask_and_fail():
        with store.reviews.writing(NOW) as connection:
            ask(connection)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        ask_and_fail()
    with store.reviews.reading() as connection:
        assert reviews.find_cards(connection) == []
        assert entries(connection) == []


@pytest.mark.parametrize(
    "statement", ["UPDATE review_events SET event = 'closed'", "DELETE FROM review_events"]
)
def test_events_cannot_be_changed_or_removed(store, statement):
    with store.reviews.writing(NOW) as connection:
        card = reviews.find_card(connection, ask(connection))
        assert card is not None
        answer(connection, card, reviews.commitment_of(connection, "Ann"))
    with (
        pytest.raises(StorageUnavailable, match="append-only"),
        store.reviews.writing(NOW) as connection,
    ):
        connection.execute(sa.text(statement))


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("held", {"prompt": "a fox"}),
        ("held", {"truth": "accept"}),
        ("honeypot", {}),
        ("honeypot", {"truth": "unsure"}),
        ("urgent", {}),
        ("held", {"due_at": "tomorrow"}),
        ("held", {"unmitigated_share": 2.0}),
    ],
)
def test_a_card_that_is_not_allowed_is_refused(connection, kind, changes):
    with pytest.raises(BadInput):
        ask(connection, kind=kind, **changes)


def test_a_card_without_a_required_key_is_refused(connection):
    document = {key: value for key, value in DOCUMENT.items() if key != "needs_second"}
    with pytest.raises(BadInput, match="needs_second"):
        reviews.open_card(connection, image_id=IMAGE, kind="held", opened_at=NOW, document=document)


def test_unclosed_cards_are_those_with_an_image_and_without_a_closing(connection):
    first, second = ask(connection), ask(connection)
    image = {one.name: "x" for one in schema.images.columns}
    numbers = dict.fromkeys(("num_bytes", "width_px", "height_px", "seconds", "seed"), 1)
    row = image | numbers | {"image_id": IMAGE, "pdq": None, "is_opaque": None}
    connection.execute(schema.images.insert().values(row))
    card = reviews.find_card(connection, first)
    assert card is not None
    reviews.append_event(
        connection, card, EventKind.CLOSED, happened_at=NOW, document={"outcome": "released"}
    )
    found = reviews.find_cards(connection, is_unclosed=True)
    assert [card.card_id for card, _events in found] == [second]


def test_cards_of_an_erased_image_do_not_wait(connection):
    ask(connection)
    assert reviews.find_cards(connection, is_unclosed=True) == []


def test_cards_come_with_their_own_events_only(connection):
    ask(connection)
    card = reviews.find_card(connection, ask(connection))
    assert card is not None
    answer(connection, card, reviews.commitment_of(connection, "Ann"))
    found = {one.card_id: events for one, events in reviews.find_cards(connection)}
    assert sorted(len(events) for events in found.values()) == [0, 1]
    assert found[card.card_id][0].document["answer"] == str(Answer.ACCEPT)
