"""The edge-case log as a dataset: what leaves with it."""

import json
from datetime import UTC, datetime

import pytest

from limner.studio import edge_cases, review, rights
from limner.studio.rights_file import values_of


@pytest.fixture
def image(studio):
    """An image of somebody who consented, that somebody complained about."""
    (drawn,) = studio.generate("jane doe", seed=1)
    review.complain(studio.parts, drawn.image_id, "rights")
    return drawn


@pytest.fixture
def consent(studio, image):
    values = values_of(kind="consent", purpose="posters", expires="2026-06-30", name="Jane Doe")
    return rights.add(studio.parts, values.to_entry()).stored


def exported(studio, folder):
    """How many pictures were written, their files, and the one line."""
    num_written = edge_cases.export(studio.parts, edge_cases.edge_cases(studio.parts), folder)
    (line,) = (folder / "cases.jsonl").read_text().splitlines()
    return num_written, list((folder / "images").iterdir()), json.loads(line)


def test_a_picture_that_nothing_blocks_is_exported(studio, consent, tmp_path):
    folder = tmp_path / "cases"
    num_written, files, line = exported(studio, folder)
    assert (num_written, files) == (1, [folder / line["image"]])
    assert line["blocked_by"] is None


def test_the_picture_of_a_blocked_image_is_left_out_and_its_line_says_so(
    studio, image, consent, tmp_path
):
    rights.withdraw(studio.parts, consent.entry_id)
    num_written, files, line = exported(studio, tmp_path / "cases")
    assert (num_written, files) == (0, [])
    assert (line["image"], line["blocked_by"]) == (None, consent.entry_id)
    assert line["image_id"] == image.image_id


def test_a_consent_that_has_just_expired_keeps_its_pictures_out(studio, consent, tmp_path):
    studio.parts.read_clock = lambda: datetime(2026, 7, 1, tzinfo=UTC)
    assert exported(studio, tmp_path / "cases")[0] == 0
