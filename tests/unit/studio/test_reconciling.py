"""What was judged is what the ledger tells, or reconciling names the image."""

import pytest
import sqlalchemy as sa

from limner.store import schema
from limner.store.ledger.reconcile import Gap


@pytest.fixture
def image(studio):
    (image,) = studio.generate("a red fox", seed=1)
    studio.generate("a blue whale", seed=2)
    assert studio.parts.store.ledger.reconcile().is_whole
    return image


def gaps_after(studio, *statements):
    """What reconciling finds after somebody has written into the database, past its triggers."""
    with studio.parts.store._engine.connect() as connection:
        raw = connection.connection.cursor()
        names = raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in names:
            raw.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            raw.execute(statement)
    return [(one.gap, one.name) for one in studio.parts.store.ledger.reconcile().gaps]


@pytest.mark.parametrize(
    ("gap", "statement"),
    [
        (Gap.DECISIONS_DIFFER, "UPDATE decisions SET outcome = 'held' WHERE image_id = '{}'"),
        (Gap.DECISIONS_DIFFER, "UPDATE decisions SET decided_by = 'person' WHERE image_id = '{}'"),
        (Gap.DECISIONS_DIFFER, "DELETE FROM decisions WHERE image_id = '{}'"),
        (
            Gap.DECISIONS_DIFFER,
            "INSERT INTO decisions (image_id, decided_at, decided_by, outcome, document) "
            "SELECT image_id, decided_at, decided_by, 'refused', document FROM decisions "
            "WHERE image_id = '{}'",
        ),
        (Gap.RESULTS_DIFFER, "UPDATE results SET verdict = 'unsure' WHERE image_id = '{}'"),
        (Gap.RESULTS_DIFFER, "UPDATE results SET score = 0.25 WHERE image_id = '{}'"),
        (Gap.RESULTS_DIFFER, "DELETE FROM results WHERE image_id = '{}'"),
        (Gap.SEALS_DIFFER, "UPDATE seals SET manifest_id = 'urn:other' WHERE image_id = '{}'"),
    ],
)
def test_what_was_judged_and_changed_since_is_named(studio, image, gap, statement):
    assert gaps_after(studio, statement.format(image.image_id)) == [(gap, image.image_id)]


def test_a_seal_that_is_gone_is_named_with_its_file(studio, image):
    gone = f"DELETE FROM seals WHERE image_id = '{image.image_id}'"
    gaps = {gap for gap, _ in gaps_after(studio, gone)}
    assert gaps == {Gap.SEALS_DIFFER, Gap.FILE_WITHOUT_ROW}


def test_an_erased_image_that_was_drawn_again_has_no_gap(studio, image):
    store = studio.parts.store
    store.erase_image(image.image_id, reason="asked", recorded_at=studio.parts.read_clock())
    assert store.ledger.reconcile().is_whole
    studio.generate("a red fox", seed=1)
    assert store.ledger.reconcile().is_whole
    with store._engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(schema.decisions)) >= 2
