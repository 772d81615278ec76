from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.core.errors import EntryInvalid
from limner.store.ledger.entries import MAX_ENTRY_BYTES, Draft, Entry, Kind
from limner.store.ledger.tree import leaf_hash

NOW = datetime(2026, 1, 1, tzinfo=UTC)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"]), max_size=8), inner, max_size=4
        )
    ),
    max_leaves=12,
)


def entry_of(document, **changes) -> Entry:
    return Entry.of(Draft(kind="note", document=document, **changes), 3, NOW)


def test_the_text_of_an_entry_is_canonical():
    assert entry_of({"b": 1.0, "a": "é"}, subject="s").text == (
        '{"document":{"a":"é","b":1},"format":"limner.entry/1","kind":"note",'
        '"recorded_at":"2026-01-01T00:00:00+00:00","subject":"s"}'
    )


@pytest.mark.parametrize(
    ("number", "text"),
    # RFC 8785 appendix B
    [
        (-0.0, "0"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (9007199254740992.0, "9007199254740992"),
        (295147905179352830000.0, "295147905179352830000"),
        (9.999999999999997e22, "9.999999999999997e+22"),
        (1e23, "1e+23"),
        (0.000001, "0.000001"),
        (333333333.3333332, "333333333.3333332"),
        (-0.0000033333333333333333, "-0.0000033333333333333333"),
    ],
)
def test_numbers_are_written_as_the_standard_says(number, text):
    assert f'"document":{{"a":{text}}}' in entry_of({"a": number}).text


def test_the_leaf_hash_is_over_the_text():
    entry = entry_of({"a": 1})
    assert entry.leaf_sha256 == leaf_hash(entry.text.encode())


def test_a_time_of_another_zone_is_written_in_utc():
    there = datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert Entry.of(Draft(kind="note", document={}), 0, there).recorded_at.tzinfo is UTC


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), JSON))
def test_an_entry_reads_back_from_its_text(document):
    entry = entry_of(document)
    assert Entry.from_text(3, entry.text) == entry


@pytest.mark.parametrize(
    "kind", ["", "Note", "a note", "a-note", "_note", "note_", "1note", "n" * 41, "note\n", "é"]
)
def test_what_is_no_name_is_no_kind(kind):
    with pytest.raises(EntryInvalid, match="The kind of entry is"):
        Entry.of(Draft(kind=kind, document={}), 0, NOW)


@pytest.mark.parametrize("kind", [*Kind, "note", "model_adopted", "a1"])
def test_the_list_of_kinds_is_open(kind):
    assert Entry.of(Draft(kind=kind, document={}), 0, NOW).kind == kind


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 2**53, b"bytes", NOW, "\ud800", {1: "a"}]
)
def test_what_is_not_json_is_refused(value):
    with pytest.raises(EntryInvalid, match="cannot be written as JSON"):
        entry_of({"a": value})


def test_an_entry_that_no_bundle_can_hold_is_refused():
    with pytest.raises(EntryInvalid, match="at most 65,535 fit"):
        entry_of({"a": "x" * MAX_ENTRY_BYTES})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format":"limner.entry/2","kind":"note","recorded_at":"2026-01-01T00:00:00+00:00"}',
        '{"document":[],"format":"limner.entry/1","kind":"note"}',
        '{"document":{},"format":"limner.entry/1","kind":"note","recorded_at":"2026-01-01"}',
        '{"document":{},"format":"limner.entry/1","kind":"note","recorded_at":"soon"}',
        "[" * 50_000,
    ],
)
def test_what_is_no_entry_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        Entry.from_text(0, text)
