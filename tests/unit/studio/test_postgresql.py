"""The whole road of an image with its rows in PostgreSQL."""

from pathlib import Path

import pytest
from ledgers import NOW
from painted_limner import WHOLE, painted_studio
from postgresql_server import postgresql_server

from limner.core.errors import StorageUnavailable
from limner.core.settings import read_settings
from limner.store.repository import Store


@pytest.fixture(scope="module")
def address():
    with postgresql_server() as address:
        yield address


def test_an_image_is_drawn_judged_sealed_and_found_again(address, home: Path, painter, tmp_path):
    variables = {"LIMNER_CRITERIA": str(WHOLE), "LIMNER_DATABASE": address}
    settings = read_settings(default_home=home, environment=variables)
    with painted_studio(settings, painter) as studio:
        [image] = studio.generate("a red apple", seed=3)
        shown = studio.show(image.save(tmp_path))
        assert shown.recipe == image.recipe
        assert studio.parts.store.ledger.verify().faults == ()
    assert not (home / "limner.sqlite3").exists()


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
