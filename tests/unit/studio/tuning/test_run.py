"""Teaching as a use case: what passes is kept and proposed, what does not stays out."""

import json
import shutil
from dataclasses import replace
from datetime import date

import pytest
from taught_folders import allow

from limner.core.drawing import FittedAdapter
from limner.core.errors import (
    BadInput,
    DrawingCancelled,
    ModelPaused,
    RequestRefused,
    StorageUnavailable,
)
from limner.core.models import Stage
from limner.core.ports import AdapterCard, AdapterKind, FloatSpan
from limner.core.records import Request
from limner.generators.embedded.adapter import Adapter
from limner.generators.embedded.tuning.teaching import Following
from limner.studio import rights
from limner.studio.adapters import require_active
from limner.studio.model_files import Place, file_fault, whence_of
from limner.studio.promoting import pause, promote
from limner.studio.registry import find_version
from limner.studio.tuning import run as tuning_run
from limner.studio.tuning.run import tune
from limner.testing import PAINTED_CARD, PaintedGenerator

QUIET = Following(on_step=lambda told: None)


def open_worn(place):
    adapter = Adapter(place)
    return PaintedGenerator(
        card=replace(
            PAINTED_CARD,
            name=adapter.facts.name,
            version=adapter.facts.version,
            ingredients=dict(adapter.ingredients),
        )
    )


def run(parts, teacher, asked, following=QUIET):
    return tune(parts, teacher, asked, following, open_worn)


@pytest.fixture
def allowed(parts, pictures):
    return allow(parts, sorted(pictures.iterdir()))


def test_what_passes_is_proposed_under_its_name_with_its_files(parts, teacher, asked, allowed):
    tuned = run(parts, teacher, asked)
    assert tuned.measured.faults == ()
    assert tuned.state.stage is Stage.PROPOSED
    assert tuned.state.version.label == "house@1"
    assert whence_of(tuned.state.version).kind is Place.ADAPTER
    assert file_fault(whence_of(tuned.state.version), tuned.state.version) == ""
    assert not tuned.folder.with_name(".house.teaching").exists()


def test_the_card_says_what_it_was_taught_on_by_hashes_and_entries_alone(
    parts, teacher, asked, allowed
):
    place = run(parts, teacher, asked).folder
    card, words = (place / name for name in ("card.json", "ADAPTER_CARD.md"))
    said = json.loads(card.read_text())
    pictures = said["pictures"]
    assert [len(pictures[part]) for part in ("taught", "chosen_by", "held_out")] == [14, 3, 3]
    assert {one["entry"] for part in pictures.values() for one in part} == {allowed}
    assert len(said["sources"]) == 2 * 17
    for text in (card.read_text(), words.read_text()):
        assert "red_thing" not in text
        assert "red thing" not in text
    assert f"entry {allowed} of the rights register" in words.read_text()


def test_one_that_learnt_nothing_is_kept_out_of_the_registry(parts, teacher, asked, allowed):
    teacher.error = 1.1
    tuned = run(parts, teacher, asked)
    assert tuned.state is None
    assert "never taught its error is 1.1" in tuned.measured.faults[0]
    assert not (tuned.folder.parent / "house").exists()


def test_one_that_draws_what_it_was_taught_is_kept_out(parts, teacher, asked, allowed):
    teacher.is_copying = True
    tuned = run(parts, teacher, asked)
    assert tuned.state is None
    assert tuned.measured.canaries_again.value == 1.0
    assert tuned.measured.taught_again.value == 1.0
    assert any("canary" in one for one in tuned.measured.faults)


def test_a_course_that_was_stopped_is_gone_on_with_when_the_same_is_asked(
    parts, teacher, asked, allowed
):
    def stop(told):
        if told.step == 2:
            raise DrawingCancelled

    with pytest.raises(DrawingCancelled):
        run(parts, teacher, asked, Following(on_step=stop))
    assert run(parts, teacher, asked).went_on
    assert teacher.kept == [None, b"1"]


def test_another_schedule_or_picture_starts_anew(parts, teacher, asked, allowed, pictures):
    with pytest.raises(ZeroDivisionError):
        run(parts, teacher, asked, Following(on_step=lambda told: 1 / 0))
    other = replace(asked, schedule=replace(asked.schedule, rank=4))
    assert not run(parts, teacher, other).went_on
    assert teacher.kept == [None, None]


@pytest.mark.parametrize("name", ["House", "", "a b", "../x", "x" * 61])
def test_a_name_that_is_none_is_refused_before_anything_is_read(parts, teacher, asked, name):
    with pytest.raises(BadInput, match="name is"):
        run(parts, teacher, replace(asked, name=name))


def test_a_name_is_given_once(parts, teacher, asked, allowed):
    run(parts, teacher, asked)
    with pytest.raises(BadInput, match="There is an adapter 'house' already"):
        run(parts, teacher, asked)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"review_by": date(2025, 12, 31)}, "The review is due on 2025-12-31"),
        ({"owner": " "}, "needs an owner"),
    ],
)
def test_what_the_registry_would_not_take_is_refused_before_anything_is_taught(
    parts, teacher, asked, allowed, said, fault
):
    with pytest.raises(BadInput, match=fault):
        run(parts, teacher, replace(asked, **said))
    assert teacher.num_steps_done == 0


def test_a_name_whose_adapter_was_taken_away_is_refused_before_anything_is_taught(
    parts, teacher, asked, allowed
):
    shutil.rmtree(run(parts, teacher, asked).folder)
    num_steps = teacher.num_steps_done
    with pytest.raises(BadInput, match="The registry has another house@1"):
        run(parts, teacher, asked)
    assert teacher.num_steps_done == num_steps


def test_one_that_could_not_be_proposed_is_proposed_when_asked_again(
    parts, teacher, asked, allowed, monkeypatch
):
    def fail(*_):
        raise StorageUnavailable("The database is locked.", retryable=True)

    with monkeypatch.context() as patched:
        patched.setattr(tuning_run, "propose", fail)
        with pytest.raises(StorageUnavailable):
            run(parts, teacher, asked)
    tuned = run(parts, teacher, asked)
    assert (tuned.went_on, tuned.state.stage) == (True, Stage.PROPOSED)
    assert not tuned.folder.with_name(".house.teaching").exists()


def test_a_request_wears_it_only_while_it_is_active(registry, parts, teacher, asked, allowed):
    tuned = run(parts, teacher, asked)
    house = Adapter(tuned.folder).card
    card = replace(PAINTED_CARD, adapters={"house": house})
    worn = (FittedAdapter(name="house", weight=1.0, sha256=house.sha256),)

    def ask():
        registry.look_anew()
        require_active(parts, card, worn)

    with pytest.raises(ModelPaused, match="'house' is 'proposed'; only what is 'active'"):
        ask()
    registry.measure(tuned.state)
    for _ in range(4):
        promote(parts, "house@1", by="Ada")
    ask()
    pause(parts, "house@1", by="Ada", note="looks odd")
    with pytest.raises(ModelPaused, match="'house' is 'paused'"):
        ask()


def test_one_that_only_calls_itself_as_an_active_version_is_not_worn(registry, parts):
    shipped = find_version(parts, "painted@1")
    assert shipped.stage is Stage.ACTIVE
    house = AdapterCard(
        kind=AdapterKind.LORA,
        sha256="sha256:" + "0" * 64,
        weight=FloatSpan(0.0, 1.5, 1.0),
        registered_as=shipped.version.label,
    )
    card = replace(PAINTED_CARD, adapters={"house": house})
    worn = (FittedAdapter(name="house", weight=1.0, sha256=house.sha256),)
    with pytest.raises(ModelPaused, match="'house' is not what the registry has as painted@1"):
        require_active(parts, card, worn)


def test_nothing_is_drawn_with_it_once_a_right_behind_it_has_ended(parts, teacher, asked, allowed):
    card = Adapter(run(parts, teacher, asked).folder).card
    worn = PaintedGenerator(card=replace(PAINTED_CARD, sources=card.sources))
    drawing = parts.with_generator(lambda: worn)
    rights.require_rights(drawing, Request(prompt="a fox"))
    rights.withdraw(parts, allowed)
    with pytest.raises(RequestRefused, match="was withdrawn"):
        rights.require_rights(drawing, Request(prompt="a fox"))


def test_withdrawing_a_right_reaches_what_was_drawn_with_the_adapter(
    parts, teacher, asked, allowed
):
    card = Adapter(run(parts, teacher, asked).folder).card
    painter = PaintedGenerator(card=replace(PAINTED_CARD, adapters={"house": card}))
    ended = rights.withdraw(parts.with_generator(lambda: painter), allowed).stored
    assert {card.sha256, "model:house@1"} <= set(ended.entry.keys)
