"""A worker reads the streams now and then."""

from dataclasses import replace

import numpy as np
from streams import add_stream

from limner.core.errors import StorageUnavailable
from limner.store.watches import readings_of, references
from limner.studio.studio import Studio
from limner.studio.watch import run
from limner.studio.watch.periodic import Watcher
from limner.studio.watch.references import Asked, set_stream_reference


def test_streams_are_read_when_it_is_time(studio: Studio):
    scores = np.random.default_rng(1).normal(size=40)
    add_stream(studio, scores[:30])
    set_stream_reference(studio.parts, studio.card.name, Asked())
    add_stream(studio, scores[30:], start=30)
    now = [0.0]
    watcher = Watcher(studio.parts, read_seconds=lambda: now[0])
    assert not watcher.watch_if_due()
    now[0] = 601.0
    assert watcher.watch_if_due()
    assert not watcher.watch_if_due()
    with studio.parts.store.watches.reading() as connection:
        (reference,) = references(connection)
        assert readings_of(connection, reference.reference_id)


def test_a_reading_that_fails_stops_nothing(studio: Studio, monkeypatch, caplog):
    def fail(*_: object) -> None:
        raise StorageUnavailable

    monkeypatch.setattr(run, "watch_all", fail)
    now = [0.0]
    watcher = Watcher(studio.parts, read_seconds=lambda: now[0])
    now[0] = 601.0
    assert watcher.watch_if_due()
    assert "could not be read" in caplog.text


def test_a_reading_that_breaks_ends_no_worker(studio: Studio, monkeypatch, caplog):
    def fail(*_: object) -> None:
        raise KeyError("nsfw")

    monkeypatch.setattr(run, "watch_all", fail)
    now = [0.0]
    watcher = Watcher(studio.parts, read_seconds=lambda: now[0])
    now[0] = 601.0
    assert watcher.watch_if_due()
    assert "Reading the streams broke: KeyError" in caplog.text


def test_zero_minutes_leaves_it_to_the_command(studio: Studio):
    now = [0.0]
    settings = replace(studio.settings, watch_minutes=0)
    watcher = Watcher(studio.parts.with_settings(settings), read_seconds=lambda: now[0])
    now[0] = 1e9
    assert not watcher.watch_if_due()
