"""Shadows in the store, on every database: begun once, ended, or taken back."""

from dataclasses import replace
from datetime import timedelta

from ledgers import NOW

from limner.core.shadows import LOST, Shadow

BEGUN = Shadow(model_sha256="sha256:m", image_id="sha256:i", drawn_at=NOW)
ENDED = replace(
    BEGUN,
    shadow_id="sha256:s",
    fault="",
    outcome="released",
    verdicts={"integrity": "pass"},
    versions={"integrity": "1"},
    seconds=1.5,
)


def test_one_is_begun_once_and_reads_back_as_it_ended(store):
    assert [store.shadows.begin(BEGUN) for _ in range(2)] == [True, False]
    assert [one.fault for one in store.shadows.of_model("sha256:m")] == [LOST]
    store.shadows.end(ENDED)
    assert store.shadows.of_model("sha256:m") == [ENDED]
    assert store.shadows.pictures_beside("sha256:i") == ["sha256:s"]


def test_one_that_is_taken_back_can_be_begun_again(store):
    store.shadows.begin(BEGUN)
    store.shadows.take_back(BEGUN)
    assert store.shadows.begin(BEGUN)


def test_candidates_are_kept_apart_oldest_first(store):
    later = replace(BEGUN, image_id="sha256:a", drawn_at=NOW + timedelta(hours=1))
    for one in (later, BEGUN, replace(BEGUN, model_sha256="sha256:other")):
        store.shadows.begin(one)
    assert store.shadows.of_model("sha256:m") == [BEGUN, later]


def test_nothing_is_due_where_nothing_was_asked_for(store):
    assert store.shadows.due("sha256:m", NOW, 10) == []
