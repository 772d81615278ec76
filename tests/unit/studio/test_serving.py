"""Who draws: alias, canary, falling back, and what is refused."""

from dataclasses import replace
from datetime import timedelta
from threading import Event, Thread

import pytest

from limner.core.errors import ModelPaused
from limner.core.records import Request
from limner.studio import serving
from limner.studio.generate import generate
from limner.studio.promoting import pause, promote, rollback
from limner.studio.registry import overview
from limner.studio.studio import Studio
from limner.studio.working import run_worker


def drawn_by(registry, seed: int = 1, **asked: object) -> str:
    """Version that drew one picture."""
    registry.look_anew()
    request = Request(prompt="a fox", seed=seed, **asked)
    (image,) = generate(registry.parts, request, "png")
    return image.recipe.generator_version


def test_an_empty_registry_changes_nothing_and_makes_no_database(registry):
    assert registry.parts.generator is registry.parts.shipped
    assert not (registry.home / "limner.sqlite3").exists()


def test_the_recipe_says_which_version_drew(registry):
    registry.promoted("2")
    assert drawn_by(registry) == "2"


def test_another_process_sees_what_serves(registry):
    registry.promoted("2")
    registry.open()
    assert registry.serves() == "painted@2"


def test_a_version_can_be_asked_for_by_its_label(registry):
    registry.promoted("2")
    assert drawn_by(registry, model="painted@1") == "1"


def test_a_paused_version_is_refused_by_its_label(registry):
    registry.promoted("2")
    pause(registry.parts, "painted@2", by="Ada", note="Complaints.")
    with pytest.raises(ModelPaused, match=r"painted@2 is paused: Complaints\."):
        drawn_by(registry, model="painted@2")


def test_another_alias_leads_to_its_own_version(registry):
    registry.promoted("2", alias="posters")
    assert [drawn_by(registry), drawn_by(registry, model="posters")] == ["1", "2"]


def test_an_alias_whose_only_version_is_paused_serves_nothing(registry):
    registry.promoted("2", alias="posters")
    pause(registry.parts, "painted@2", by="Ada", note="Complaints.")
    with pytest.raises(ModelPaused, match="Nothing active serves under the alias 'posters'"):
        drawn_by(registry, model="posters")


def test_when_everything_is_paused_nothing_is_drawn(registry):
    registry.propose("2")
    pause(registry.parts, "painted@1", by="Ada", note="Complaints.")
    with pytest.raises(ModelPaused):
        drawn_by(registry)


def test_a_canary_draws_its_share_and_the_same_request_the_same_way(registry):
    registry.promoted("2", times=3, canary_share=0.3)
    first, again = ([drawn_by(registry, seed) for seed in range(60)] for _ in "ab")
    assert first == again
    assert 8 <= first.count("2") <= 28  # 18 expected, 3 standard deviations


def test_a_canary_does_not_change_what_serves(registry):
    registry.promoted("2", times=3, canary_share=0.5)
    assert registry.serves() == "painted@1"


def test_a_canary_that_cannot_honour_a_request_is_passed_over(registry):
    registry.promoted("2", times=3, canary_share=0.5)
    drawn_by(registry)  # opens it
    canary = registry.opened["painted@2"]
    canary.card = replace(canary.card, styles=("plain",))
    assert {drawn_by(registry, seed, style="striped") for seed in range(20)} == {"1"}


def test_a_version_that_opens_as_something_else_is_paused_and_the_one_before_draws(registry):
    registry.promoted("2")
    registry.open()
    true_card = registry.open_version

    def open_other(version):
        generator = true_card(version)
        if version.version == "2":
            generator.card = replace(generator.card, version="9")
        return generator

    registry.parts._open_version = open_other
    assert drawn_by(registry) == "1"
    (state,) = [one for one in overview(registry.parts).states if one.version.version == "2"]
    assert (str(state.stage), str(state.last.cause)) == ("paused", "hash_changed")


def test_the_file_of_what_serves_is_changed_and_the_version_before_draws_on(registry):
    registry.promoted("2")
    assert drawn_by(registry) == "2"
    registry.brush_of("2").write_bytes(b"another")
    assert drawn_by(registry) == "1"


def test_a_version_promoted_again_after_a_pause_serves_again(registry):
    state = registry.promoted("2")
    pause(registry.parts, "painted@2", by="Ada", note="Complaints.")
    registry.now += timedelta(days=1)
    registry.measure(state)
    for _ in range(4):
        promote(registry.parts, "painted@2", by="Ada")
    assert drawn_by(registry) == "2"


def test_a_worker_that_runs_draws_with_what_serves_now(registry, monkeypatch):
    """Neither a rollback nor a promotion waits until it is started anew."""
    monkeypatch.setattr(serving, "LOOK_SECONDS", 0.0)
    registry.promoted("2")
    stop = Event()
    worker = Thread(target=lambda: run_worker(registry.parts, stop=stop))
    studio, drawn = Studio(registry.parts), []

    def draw_job() -> str:
        job_id = studio.jobs.submit(Request(prompt="a fox", seed=1), owner="ann").job_id
        job = studio.jobs.wait(job_id, timeout_seconds=30)
        record = registry.parts.store.image_by_id(job.images[0].image_id)
        return record.recipe.generator_version

    worker.start()
    try:
        drawn.append(draw_job())
        rollback(registry.parts, by="Ada", note="Worse.")
        drawn.append(draw_job())
    finally:
        stop.set()
        worker.join(10)
    assert drawn == ["2", "1"]
