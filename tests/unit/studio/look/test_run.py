import gc
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from limner.core.deciding import Decision, Outcome
from limner.core.looking import Findings
from limner.core.records import Size
from limner.core.reviewing import CardKind
from limner.store.ledger.entries import Kind
from limner.studio.erase import erase
from limner.studio.look.looker import Asked, Looked
from limner.studio.look.rows import rows_of
from limner.studio.look.run import Keeper, begin_look
from limner.studio.look.sources import Item
from limner.studio.review import list_cards, show_picture


@pytest.fixture(scope="module")
def told(first):
    return first[0]


@pytest.fixture(scope="module")
def rows(parts, first):
    return {Path(row.item.name).name: row for row in rows_of(parts, first[1].run_id)}


@pytest.mark.parametrize(
    ("name", "outcome"),
    [("good.png", "released"), ("dark.png", "held"), ("flat.png", "refused")],
)
def test_every_picture_is_decided_by_the_criteria_in_force(told, name, outcome):
    assert told[name].outcome == outcome


def test_a_picture_in_an_archive_is_looked_at(told):
    assert told["inner.png"].outcome == "released"


def test_a_file_that_cannot_be_read_is_named_and_ends_nothing(told):
    assert "cut.png" in told["cut.png"].fault.sentence


def test_the_same_file_under_two_names_is_one_image(told):
    assert told["again.png"].image_id == told["good.png"].image_id


def test_results_are_of_exactly_these_pixels(parts, told, rows):
    pixels = rows["good.png"].look.incoming.pixels_sha256
    results = parts.store.results_of(told["good.png"].image_id)
    assert {one["judged_sha256"] for one in results} == {pixels}


def test_criteria_about_requests_do_not_arise(rows):
    assert rows["good.png"].look.reasons == []


def test_a_near_copy_is_told(told, rows):
    images = {told["good.png"].image_id, told["nearly.jpg"].image_id}
    near = [rows[name].look.findings.near for name in ("good.png", "nearly.jpg")]
    assert {one.image_id for one in near if one} < images


def test_the_ledger_says_that_it_came_in_and_not_from_where(parts, told):
    (entry,) = parts.store.ledger.entries_of(Kind.IMAGE_RECEIVED, subject=told["good.png"].image_id)
    assert "good.png" not in entry.text


def test_a_held_image_gets_a_card_and_can_be_looked_at(parts, told):
    (view,) = list_cards(parts, "ann")
    assert (view.card.image_id, view.card.kind) == (told["dark.png"].image_id, CardKind.HELD)
    assert show_picture(parts, view.card.card_id, "ann").startswith(b"\x89PNG")


def test_files_of_others_are_not_kept(parts, told):
    looks = parts.store.looks
    kept = {name: looks.find(told[name].image_id).is_kept for name in ("good.png", "dark.png")}
    assert kept == {"good.png": False, "dark.png": True}


def test_nothing_is_left_over_in_the_data_folder(parts, told):
    assert parts.store.ledger.reconcile().gaps == ()


def test_looking_again_adds_nothing(parts, look_at, folder, told):
    before = parts.store.ledger.entries_of(Kind.DECISION)
    again, _ = look_at(folder)
    assert {one.is_known for one in again.values() if one.fault is None} == {True}
    assert len(parts.store.ledger.entries_of(Kind.DECISION)) == len(before)


def test_an_erased_image_leaves_no_row_and_no_file(parts, look_at, tmp_path):
    path = tmp_path / "private.png"
    deep = np.random.default_rng(9).integers(0, 9, (64, 64, 3), np.uint8)
    PillowImage.fromarray(deep).save(path)
    told, run = look_at(path)
    image_id = told["private.png"].image_id
    erase(parts, [image_id])
    assert (parts.store.looks.find(image_id), list(parts.store.looks.items(run.run_id))) == (
        None,
        [],
    )
    assert parts.store.ledger.reconcile().gaps == ()


def looked(number):
    """What could have been found on a picture like no other."""
    decision = Decision(
        outcome=Outcome.RELEASED, reasons=(), criteria_sha256=None, impact="low",
        audit_probability=0, is_audited=False, needs_second=False,
    )  # fmt: skip
    return Looked(
        image_id=f"sha256:{number:064x}", pixels_sha256="sha256:aa", file_format="png",
        num_bytes=9, size=Size(4, 3), pdq=np.random.default_rng(number).bytes(32),
        findings=Findings(), results=(), decision=decision, thumbnail=b"small", content=None,
    )  # fmt: skip


def test_nothing_lives_on_of_a_picture_that_is_stored(parts, tmp_path):
    keeper = Keeper(parts, begin_look(parts, [tmp_path], Asked(), "sha256:looker"))

    def living_after(numbers):
        for number in numbers:
            keeper.take(number, Item(name=f"{number}.png"), looked(number))
            list(keeper.store_if_due())
        gc.collect()
        return len(gc.get_objects())

    living_after(range(160))  # statements are kept the first time they are made
    living = [living_after(range(start, start + 128)) for start in (160, 288, 416)]
    grown = [after - before for before, after in pairwise(living)]
    # A picture is five objects and more. What else lives in the process comes and goes, but what
    # is kept of pictures grows every time.
    assert min(grown) < 2 * 128
