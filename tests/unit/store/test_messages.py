"""Messages in the store, on every database: one of a kind a day."""

from datetime import date, timedelta

from ledgers import NOW

TODAY = date(2026, 1, 9)


def test_only_one_process_takes_a_message_on(store):
    assert [store.messages.claim("report", TODAY, NOW) for _ in range(2)] == [True, False]
    assert store.messages.claim("reminder", TODAY, NOW)
    assert store.messages.claim("report", TODAY + timedelta(days=1), NOW)


def test_the_newest_of_a_kind_reads_back_with_what_came_of_it(store):
    assert store.messages.last("report") is None
    for days in (0, 7, 3):
        store.messages.claim("report", TODAY + timedelta(days=days), NOW)
    told = [("log", "this install", ""), ("webhook", "example.org", "It answered 500.")]
    store.messages.note("report", TODAY + timedelta(days=7), told)
    last = store.messages.last("report")
    assert last is not None
    assert (last.day, last.sent_at, list(last.told)) == (TODAY + timedelta(days=7), NOW, told)
