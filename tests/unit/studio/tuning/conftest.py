"""A folder of small pictures without rights yet, and what is asked to be taught of it."""

from datetime import date

import pytest
from taught_folders import HeldTeacher, write_picture

from limner.generators.embedded.tuning.teaching import Schedule
from limner.studio import rights_pictures
from limner.studio.tuning.run import Asked


@pytest.fixture
def teacher():
    return HeldTeacher()


@pytest.fixture
def pictures(tmp_path):
    """A folder of 20 pictures that nobody has rights to yet."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(20):
        write_picture(folder / f"red_thing-{number:02}.png", number)
    return folder


@pytest.fixture
def parts(registry, monkeypatch):
    """Near copies are told by PDQ alone here: the network behind the look hash is not loaded."""
    monkeypatch.setattr(rights_pictures, "_looks_of", lambda parts, picture: ())
    return registry.parts


@pytest.fixture
def asked(pictures):
    return Asked(
        folder=pictures,
        name="house",
        owner="Ada",
        review_by=date(2026, 12, 1),
        by="Bo",
        licence_read_by="Cy",
        schedule=Schedule(steps=3),
    )
