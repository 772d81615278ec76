"""The whole road of an image with its rows in PostgreSQL."""

from datetime import timedelta
from pathlib import Path

import pytest
from ledgers import NOW
from pages.cards import hold, takers_of
from painted_limner import WHOLE, painted_studio
from postgresql_server import postgresql_server
from streams import add_kept

from limner.core.deciding import Outcome
from limner.core.errors import StorageUnavailable
from limner.core.learnt import LearntKind
from limner.core.looking import LabelFound
from limner.core.reviewing import CardKind
from limner.core.settings import read_settings
from limner.store.repository import Store
from limner.studio.edge_cases import edge_cases
from limner.studio.look.asking import Desk, answered_of
from limner.studio.review import answer_card, claim, complain, list_cards


@pytest.fixture(scope="module")
def address():
    with postgresql_server() as address:
        yield address


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """The one data folder that has the keys of this database."""
    return tmp_path_factory.mktemp("there") / "home"


@pytest.fixture
def settings(address, home: Path):
    variables = {"LIMNER_CRITERIA": str(WHOLE), "LIMNER_DATABASE": address}
    return read_settings(default_home=home, environment=variables)


def test_an_image_is_drawn_judged_sealed_and_found_again(settings, home: Path, painter, tmp_path):
    with painted_studio(settings, painter) as studio:
        [image] = studio.generate("a red apple", seed=3)
        shown = studio.show(image.save(tmp_path))
        assert shown.recipe == image.recipe
        assert studio.parts.store.ledger.verify().faults == ()
    assert not (home / "limner.sqlite3").exists()


def test_edge_cases_exports_and_holding_for_likeness_work_there_too(settings, painter):
    with painted_studio(settings, painter) as studio:
        parts = studio.parts
        [image] = studio.generate("a green pear", seed=5)
        complain(parts, image.image_id, "rights")
        (case,) = edge_cases(parts, words="PEAR complained")
        assert case.image_id == image.image_id
        assert edge_cases(parts, words="pear zebra") == []
        assert studio.export(image.image_id, "webp").startswith(b"RIFF")
        held = parts.store.rights.hold([image.image_id], 1, parts.judge.criteria, NOW)
        assert held == [image.image_id]
        assert parts.store.rights.hold([image.image_id], 1, parts.judge.criteria, NOW) == []
        kinds = {one.card.kind for one in list_cards(parts, "ann")}
        assert kinds == {CardKind.COMPLAINT, CardKind.HELD}


def test_what_a_label_is_unsure_of_is_asked_and_answered_there_too(settings, painter):
    with painted_studio(settings, painter) as studio:
        parts, image_id = studio.parts, add_kept(studio, outcome=Outcome.RELEASED)
        now, found = parts.read_clock(), [LabelFound("cup", "0123", 0.6, "unsure")]
        with parts.store.looks.writing(now) as writing:
            Desk(parts, 1).ask(writing.connection, image_id, found, now)
        assert Desk(parts, 1).to_ask("sha256:other", found) == ()
        (view,) = (one for one in list_cards(parts, "ann") if one.card.kind is CardKind.LABEL)
        claim(parts, view.card.card_id, "ann")
        answer_card(parts, view.card.card_id, "ann", "reject")
        assert [one.name for one in answered_of(parts, "cup").no] == ["in/kept.png"]
        parts.store.learnt.add(LearntKind.LABEL, "cup", {}, b"", now + timedelta(seconds=1))
        assert list(answered_of(parts, "cup").no) == []


def test_of_two_reviewers_who_take_one_card_at_the_same_moment_one_gets_it(settings, painter):
    with painted_studio(settings, painter) as studio:
        [image] = studio.generate("a blue plum", seed=7)
        card_id = hold(studio, image.image_id)
        assert takers_of(studio.parts, card_id, ("rob", "ann")) == 1


def test_two_servers_write_one_ledger(address, tmp_path):
    stores = [Store.open(tmp_path / name, address) for name in ("one", "two")]
    for number, store in enumerate(stores * 3):
        store.ledger.append("note", {"number": number}, recorded_at=NOW)
    notes = [one.document["number"] for one in stores[0].ledger.entries_of("note")]
    for store in stores:
        store.close()
    assert notes == [0, 1, 2, 3, 4, 5]


def test_a_database_that_cannot_be_reached_is_told_in_one_sentence(tmp_path):
    with pytest.raises(StorageUnavailable, match="Cannot use the database 'limner'"):
        Store.open(tmp_path, "postgresql://limner@127.0.0.1:9/limner")
