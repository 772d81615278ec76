"""Beginning to load before the rest of the program is there: it ends with the command."""

from threading import Event, enumerate

import typer

from limner import early
from limner.faces.opening import opened


def is_loading():
    return any(one.name == "load networks" for one in enumerate())


def test_leaving_stops_the_loading_and_waits_for_it(monkeypatch):
    asked = []

    def load(stop, imported):
        imported.set()
        asked.append(stop.wait(30))

    monkeypatch.setattr(early, "_load", load)
    with early.loading_networks():
        assert is_loading()
    assert (asked, is_loading()) == ([True], False)


def test_nothing_goes_on_before_what_runs_the_networks_is_imported(monkeypatch):
    order = []

    class Loaded:
        def load_for_drawing(self, _stop):
            pass

    monkeypatch.setattr(early, "_graphs", lambda: order.append("imported") or Loaded())
    with early.loading_networks():
        order.append("goes on")
    assert order == ["imported", "goes on"]


def test_a_setting_that_is_not_allowed_is_left_to_whoever_reads_it(monkeypatch, tmp_path):
    monkeypatch.setenv("LIMNER_HOME", str(tmp_path))
    monkeypatch.setenv("LIMNER_NUM_THREADS", "many")
    imported = Event()
    early._load(Event(), imported)
    assert imported.is_set()
    assert list(tmp_path.iterdir()) == []


def test_a_program_with_a_studio_of_its_own_loads_nothing_ahead(studio, monkeypatch):
    monkeypatch.setattr("limner.faces.opening.loading_networks", None)
    context = typer.Context(typer.main.get_command(typer.Typer(callback=lambda: None)))
    context.obj = lambda: studio
    with opened(context, draws=True) as given:
        assert given is studio
