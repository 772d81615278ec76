from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import product

import pytest

from limner.core.errors import BadInput, StageRefused
from limner.core.models import (
    Cause,
    Claim,
    EventKind,
    Licence,
    ModelEvent,
    ModelState,
    ModelVersion,
    Origin,
    Stage,
    next_stage,
    require_alias,
    require_move,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
VERSION = ModelVersion(
    name="icons",
    version="2",
    files={"denoise.bin": "sha256:aa", "card.json": "sha256:bb"},
    licence=Licence(expression="MIT", source="LICENSE", reviewer="Ada"),
    card={"engine": "openvino"},
    owner="Ada",
    origin=Origin.PROPOSED,
    review_by=date(2026, 9, 1),
    claims=(Claim(text="Draws in a second.", source="README", said_on=date(2026, 1, 1)),),
)
ALLOWED = {
    ("proposed", "evaluating"),
    ("evaluating", "shadow"),
    ("shadow", "canary"),
    ("canary", "active"),
    ("proposed", "paused"),
    ("evaluating", "paused"),
    ("shadow", "paused"),
    ("canary", "paused"),
    ("active", "paused"),
    ("paused", "evaluating"),
}


@pytest.mark.parametrize(("stage", "to"), list(product(Stage, Stage)))
def test_a_proposed_model_moves_as_the_table_says(stage, to):
    if (stage, to) in ALLOWED:
        require_move(stage, to, Origin.PROPOSED)
    else:
        with pytest.raises(StageRefused, match="cannot become"):
            require_move(stage, to, Origin.PROPOSED)


@pytest.mark.parametrize(("stage", "to"), list(product(Stage, Stage)))
def test_a_shipped_model_may_also_go_back_from_paused_to_active(stage, to):
    if (stage, to) in ALLOWED | {("paused", "active")}:
        require_move(stage, to, Origin.SHIPPED)
    else:
        with pytest.raises(StageRefused):
            require_move(stage, to, Origin.SHIPPED)


@pytest.mark.parametrize(
    ("stage", "after"),
    [
        ("proposed", "evaluating"),
        ("evaluating", "shadow"),
        ("shadow", "canary"),
        ("canary", "active"),
        ("paused", "evaluating"),
    ],
)
def test_promoting_leads_one_stage_on(stage, after):
    assert next_stage(Stage(stage), Origin.PROPOSED) == after


def test_promoting_a_paused_model_that_was_shipped_makes_it_active_again():
    assert next_stage(Stage.PAUSED, Origin.SHIPPED) is Stage.ACTIVE


def test_nothing_comes_after_active():
    with pytest.raises(StageRefused, match="active already"):
        next_stage(Stage.ACTIVE, Origin.PROPOSED)


def test_a_version_comes_back_from_its_document():
    assert ModelVersion.from_document(VERSION.to_document()) == VERSION


def test_one_changed_file_is_another_version():
    changed = replace(VERSION, files={**VERSION.files, "denoise.bin": "sha256:ab"})
    assert changed.sha256 != VERSION.sha256


def test_another_owner_is_the_same_version():
    assert replace(VERSION, owner="Bo").sha256 == VERSION.sha256


def event(kind, stage, **facts):
    return ModelEvent(kind=kind, happened_at=NOW, stage=stage, cause=Cause.ASKED, **facts)


def state(*events):
    return ModelState(version=VERSION, registered_at=NOW, events=events)


def test_a_review_sets_the_next_day_and_leaves_the_stage():
    moved = event(EventKind.MOVED, Stage.SHADOW)
    reviewed = event(EventKind.REVIEWED, Stage.SHADOW, review_by=date(2027, 1, 1))
    found = state(moved, reviewed)
    assert (found.stage, found.review_by, found.last) == (
        Stage.SHADOW,
        date(2027, 1, 1),
        moved,
    )


def test_without_a_review_the_day_is_the_versions():
    assert state(event(EventKind.REGISTERED, Stage.PROPOSED)).review_by == date(2026, 9, 1)


@pytest.mark.parametrize("alias", ["default", "posters-2"])
def test_an_alias_is_a_name(alias):
    require_alias(alias)


@pytest.mark.parametrize("alias", ["", "Default", "two words", "-a", "a" * 61])
def test_what_is_no_alias_is_refused(alias):
    with pytest.raises(BadInput, match="alias"):
        require_alias(alias)
