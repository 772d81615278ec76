"""Facts of watching: readings, alarms, and what an alarm does."""

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import yaml
from painted_limner import WHOLE, painted_studio
from streams import BEGAN, add_stream, audit, register_active

from limner.core.deciding import Outcome
from limner.core.errors import BadInput
from limner.core.evidence import Basis, Evidence
from limner.core.models import Cause, Stage
from limner.core.settings import Settings, read_settings
from limner.core.watching import Method, ReadingVerdict
from limner.store.evidence import add_evidence, evidence_of
from limner.store.ledger.entries import Kind
from limner.store.models import alias_moves, find_aliases, point_alias, require_state
from limner.store.watches import alarms, readings_of
from limner.studio.gate_use import SUITES_FOLDER
from limner.studio.studio import Studio
from limner.studio.suite_file import read_suite, suite_text
from limner.studio.watch.references import Asked, set_stream_reference
from limner.studio.watch.run import Watched, watch_all
from limner.testing import PaintedGenerator

NORMAL = np.random.default_rng(1).normal(size=400)
USUAL = Asked(num_last=200, run_length=2000, window=50)


def evidence(model_sha256: str, **changes: str) -> Evidence:
    names = ("suite_sha256", "checks_sha256", "criteria_sha256", "data_sha256")
    basis = {name: f"sha256:{name}" for name in names} | changes
    return Evidence(
        metric="sharpness.pass_rate",
        suite="private",
        estimate=0.9,
        low=0.85,
        high=0.95,
        confidence=0.95,
        num=100,
        run="run-1",
        started_at=BEGAN,
        measured_at=BEGAN,
        basis=Basis(model_sha256=model_sha256, **basis),
    )


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose stream has a reference of 200 images."""
    home = tmp_path_factory.mktemp("prepared") / "home"
    environment = {"LIMNER_CRITERIA": str(WHOLE), "LIMNER_MARK": "false"}
    settings = read_settings(default_home=home, environment=environment)
    with painted_studio(settings, PaintedGenerator()) as studio:
        add_stream(studio, NORMAL[:200])
        set_stream_reference(studio.parts, studio.card.name, USUAL)
    return home


@pytest.fixture
def watched(prepared: Path, home: Path, settings: Settings, painter: PaintedGenerator):
    """A studio of its own in a copy of that folder."""
    shutil.copytree(prepared, home)
    with painted_studio(settings, painter) as opened:
        yield opened


def watch(studio: Studio) -> Watched:
    (found,) = watch_all(studio.parts)
    return found


def test_a_stream_that_goes_on_raises_nothing(watched: Studio):
    add_stream(watched, NORMAL[200:300], start=200)
    found = watch(watched)
    assert found.alarm is None
    assert {one.verdict for one in found.readings if one.measure == "score.sharpness"} == {
        ReadingVerdict.QUIET
    }
    assert watch(watched).readings == ()
    assert "not read before" in watch(watched).note


def test_what_was_read_is_kept_and_not_read_again(watched: Studio):
    add_stream(watched, NORMAL[200:260], start=200)
    first = watch(watched)
    add_stream(watched, NORMAL[260:300], start=260)
    second = watch(watched)
    windows = [one for one in second.readings if one.method is Method.KOLMOGOROV_SMIRNOV]
    assert {one.position for one in windows} == {100}
    with watched.parts.store.watches.reading() as connection:
        kept = readings_of(connection, first.reference.reference_id)
    assert [one.reading for one in kept] == [*first.readings, *second.readings]


def test_criteria_that_a_reference_names_are_frozen_before_it(
    watched: Studio, settings: Settings, tmp_path: Path
):
    document = yaml.safe_load(WHOLE.read_text()) | {"name": "nothing was decided by these"}
    path = tmp_path / "criteria.yaml"
    path.write_text(yaml.safe_dump(document))
    with painted_studio(replace(settings, criteria=str(path)), PaintedGenerator()) as studio:
        named = set_stream_reference(studio.parts, studio.card.name, USUAL).basis.criteria
        ledger = studio.parts.store.ledger
        (frozen,) = ledger.entries_of(Kind.CRITERIA_FROZEN, subject=named)
        *_, reference = ledger.entries_of(Kind.WATCH_REFERENCE)
    assert frozen.position < reference.position


def test_a_stream_of_zero_length_after_its_reference_is_read_and_says_nothing(watched: Studio):
    found = watch(watched)
    assert (found.readings, found.alarm) == ((), None)


def test_a_change_pauses_the_model_ends_evidence_and_says_what(watched: Studio):
    model, store = register_active(watched), watched.parts.store
    with store.models.writing(BEGAN) as connection:
        add_evidence(connection, [evidence(model.sha256)], BEGAN)
    add_stream(watched, NORMAL[200:260] - 2.0, start=200)
    found = watch(watched)
    assert found.alarm is not None
    assert found.alarm.done.paused == model.label
    assert len(found.alarm.done.ended) == 1
    with store.models.reading() as connection:
        state = require_state(connection, model.sha256)
        assert (state.stage, state.last.cause) == (Stage.PAUSED, Cause.ALARM)
        assert evidence_of(connection, model.sha256) == []
    change = found.alarm.changes[0]
    assert change.measure in ("score.sharpness", "expected_bad.sharpness", "scores")
    assert change.examples
    assert [(one.channel, one.is_told) for one in found.told] == [("log", True)]


def test_a_check_that_stops_answering_raises_an_alarm(watched: Studio):
    add_stream(watched, np.full(50, np.nan), start=200)
    alarm = watch(watched).alarm
    assert alarm is not None
    assert "check_errors" in {one.measure for one in alarm.readings}


def test_an_alarm_is_in_the_ledger_with_what_it_did(watched: Studio):
    register_active(watched)
    add_stream(watched, NORMAL[200:260] + 2.0, start=200)
    found, ledger = watch(watched), watched.parts.store.ledger
    assert found.alarm is not None
    (entry,) = ledger.entries_of(Kind.ALARM, subject=found.alarm.alarm_id, num_last=2)
    said = json.loads(entry.text)["document"]
    assert said["paused"] == found.alarm.done.paused
    assert "fox" not in entry.text
    assert ledger.verify(key=ledger.own_key()).is_good


def test_an_alarm_ends_its_reference_and_is_raised_once(watched: Studio):
    add_stream(watched, NORMAL[200:260] + 3.0, start=200)
    assert watch(watched).alarm is not None
    add_stream(watched, NORMAL[260:320] + 3.0, start=260)
    again = watch(watched)
    assert again.alarm is None
    assert "ended this reference" in again.note
    set_stream_reference(watched.parts, watched.card.name, replace(USUAL, num_last=120))
    assert watch(watched).alarm is None
    with watched.parts.store.watches.reading() as connection:
        assert len(alarms(connection)) == 1


def test_aliases_go_back_to_the_last_active_version(watched: Studio):
    earlier, model = register_active(watched, "0.9"), register_active(watched)
    with watched.parts.store.models.writing(BEGAN) as connection:
        point_alias(connection, "default", earlier, BEGAN)
        point_alias(connection, "default", model, BEGAN)
    add_stream(watched, NORMAL[200:260] + 3.0, start=200)
    found = watch(watched).alarm
    assert found is not None
    assert found.done.aliases == (f"default -> {earlier.label}",)
    with watched.parts.store.models.reading() as connection:
        assert find_aliases(connection)["default"] == earlier.sha256
        assert len(alias_moves(connection, "default")) == 3


def test_a_model_that_is_in_no_registry_is_said_not_to_be_paused(watched: Studio):
    add_stream(watched, NORMAL[200:260] + 3.0, start=200)
    found = watch(watched).alarm
    assert found is not None
    assert "not in the registry" in found.done.not_paused


def test_a_small_reference_says_so_and_gives_no_verdict(studio: Studio):
    add_stream(studio, NORMAL[:60])
    set_stream_reference(studio.parts, studio.card.name, USUAL)
    add_stream(studio, NORMAL[60:160] + 9.0, start=60)
    found = watch(studio)
    assert found.alarm is None
    assert "60 images" in found.note
    assert {one.verdict for one in found.readings} == {ReadingVerdict.INSUFFICIENT}


def test_other_criteria_are_an_alarm_at_once(watched: Studio):
    model = register_active(watched)
    judge = watched.parts.judge
    assert judge.criteria is not None
    watched.parts.__dict__["judge"] = replace(
        judge, criteria=replace(judge.criteria, owner="somebody else")
    )
    found = watch(watched).alarm
    assert found is not None
    assert [one.measure for one in found.changes] == ["basis.criteria"]
    assert {one.method for one in found.readings} == {Method.REVALIDATION}
    with watched.parts.store.models.reading() as connection:
        assert require_state(connection, model.sha256).last.cause is Cause.HASH_CHANGED


def test_other_model_files_are_an_alarm_at_once(watched: Studio, painter):
    card = painter.card
    painter.__class__ = type(
        "Swapped",
        (type(painter),),
        {"card": property(lambda _: replace(card, ingredients={"weights": "sha256:ff"}))},
    )
    found = watch(watched).alarm
    assert found is not None
    assert [one.measure for one in found.changes] == ["basis.model"]


def test_a_stuck_seed_is_found(watched: Studio):
    add_stream(watched, NORMAL[200:260], start=200, seed=5)
    found = watch(watched).alarm
    assert found is not None
    assert "repeated_seeds" in {one.measure for one in found.changes}


def test_an_unknown_stream_is_refused_by_name(watched: Studio):
    with pytest.raises(BadInput, match="painted"):
        set_stream_reference(watched.parts, "nobody", USUAL)
    with pytest.raises(BadInput, match="nobody"):
        watch_all(watched.parts, "nobody")


@pytest.mark.parametrize(("name", "value"), [("run_length", 1), ("window", 5)])
def test_sensitivity_outside_its_bounds_is_refused(watched: Studio, name: str, value: int):
    with pytest.raises(BadInput, match=f"{value}; allowed is"):
        set_stream_reference(watched.parts, watched.card.name, replace(USUAL, **{name: value}))


def test_a_time_without_images_is_no_reference(watched: Studio):
    asked = replace(USUAL, until=BEGAN - timedelta(days=1))
    with pytest.raises(BadInput, match="has no image in that time"):
        set_stream_reference(watched.parts, watched.card.name, asked)


def test_another_encoder_is_found_by_the_size_of_files(watched: Studio):
    add_stream(watched, NORMAL[200:260], start=200, num_bytes=99)
    found = watch(watched).alarm
    assert found is not None
    assert "bits_per_pixel" in {one.measure for one in found.changes}


def hold_and_answer(studio: Studio, images: list[str], *, num_held: int, num_good: int) -> None:
    """Hold the first of some images by rule; people let the first of those go."""
    for place, image_id in enumerate(images[:num_held]):
        audit(
            studio,
            image_id,
            is_good=place < num_good,
            days=1,
            probability=1.0,
            outcome=Outcome.HELD,
        )


@pytest.fixture
def held(studio: Studio) -> Studio:
    """A stream whose reference has 60 held images, 3 of which people found good."""
    images = add_stream(studio, NORMAL[:200])
    hold_and_answer(studio, images, num_held=60, num_good=3)
    set_stream_reference(studio.parts, studio.card.name, USUAL)
    return studio


def test_good_images_that_are_held_more_often_are_an_alarm(held: Studio):
    images = add_stream(held, NORMAL[200:300], start=200)
    hold_and_answer(held, images[:50], num_held=15, num_good=8)
    hold_and_answer(held, images[50:], num_held=15, num_good=8)
    found = watch(held)
    assert found.alarm is not None
    (reading,) = found.alarm.readings
    assert (reading.measure, reading.method) == ("audit.held_good", Method.AUDIT_CHART)
    assert (reading.before, reading.after) == (pytest.approx(3 / 60), pytest.approx(16 / 30))
    assert [one.measure for one in found.alarm.changes] == ["audit.held_good"]


def test_as_many_good_images_held_as_before_are_none(held: Studio):
    images = add_stream(held, NORMAL[200:300], start=200)
    hold_and_answer(held, images[:50], num_held=15, num_good=1)
    hold_and_answer(held, images[50:], num_held=15, num_good=1)
    found = watch(held)
    assert found.alarm is None
    assert ("audit.held_good", ReadingVerdict.QUIET) in {
        (one.measure, one.verdict) for one in found.readings
    }


def keep_evidence(studio: Studio, *evidence: Evidence) -> None:
    with studio.parts.store.models.writing(BEGAN) as connection:
        add_evidence(connection, evidence, BEGAN)


def standing(studio: Studio, model_sha256: str) -> list[Evidence]:
    with studio.parts.store.models.reading() as connection:
        return evidence_of(connection, model_sha256)


def test_changed_criteria_end_the_evidence_that_cites_them_and_no_other(watched: Studio):
    model, judge = register_active(watched), watched.parts.judge
    assert judge.criteria is not None
    citing = evidence("sha256:other", criteria_sha256=judge.criteria.sha256)
    keep_evidence(watched, evidence(model.sha256), citing, evidence("sha256:third"))
    watched.parts.__dict__["judge"] = replace(
        judge, criteria=replace(judge.criteria, owner="somebody else")
    )
    found = watch(watched).alarm
    assert found is not None
    assert len(found.done.ended) == 2
    assert citing.sha256 in found.done.ended
    assert standing(watched, model.sha256) == standing(watched, "sha256:other") == []
    assert len(standing(watched, "sha256:third")) == 1


def test_a_changed_check_ends_the_evidence_about_the_model_it_judged(watched: Studio):
    model, judge = register_active(watched), watched.parts.judge
    keep_evidence(watched, evidence(model.sha256), evidence("sha256:third"))
    assert judge.criteria is not None
    name = judge.criteria.criteria[-1].check
    card = replace(judge.cards[name], version="changed")
    changed = type("Changed", (), {"card": card})()
    watched.parts.__dict__["judge"] = replace(
        judge, image_checks={**judge.image_checks, name: changed}
    )
    found = watch(watched).alarm
    assert found is not None
    assert [one.measure for one in found.changes] == [f"basis.check.{name}"]
    assert standing(watched, model.sha256) == []
    assert len(standing(watched, "sha256:third")) == 1


def write_own_suite(studio: Studio, **changes: str) -> str:
    """Write the team's own suite into the data folder; its hash."""
    path = studio.settings.home / SUITES_FOLDER / "own.yaml"
    path.parent.mkdir(exist_ok=True)
    document = yaml.safe_load(suite_text("private")) | {"name": "own"} | changes
    path.write_text(yaml.safe_dump(document))
    return read_suite(str(path)).sha256


def test_a_changed_suite_ends_the_evidence_that_was_measured_by_it(watched: Studio):
    model, before = register_active(watched), write_own_suite(watched)
    about = replace(evidence(model.sha256, suite_sha256=before), suite="own")
    citing = replace(evidence("sha256:other", suite_sha256=before), suite="own")
    keep_evidence(watched, about, citing, evidence("sha256:third"))
    set_stream_reference(watched.parts, watched.card.name, USUAL)
    assert watch(watched).alarm is None
    assert write_own_suite(watched, owner="another team") != before
    found = watch(watched).alarm
    assert found is not None
    assert [one.measure for one in found.changes] == ["basis.dataset.own"]
    assert set(found.done.ended) == {about.sha256, citing.sha256}
    assert len(standing(watched, "sha256:third")) == 1


def test_a_reference_that_knows_no_suite_says_to_be_set_anew(watched: Studio):
    model = register_active(watched)
    keep_evidence(watched, replace(evidence(model.sha256), suite="own"))
    set_stream_reference(watched.parts, watched.card.name, USUAL)
    write_own_suite(watched)
    found = watch(watched)
    assert found.alarm is None
    assert "they could not be read when the reference was set: own." in found.note
    assert "set the reference anew" in found.note
