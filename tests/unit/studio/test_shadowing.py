"""Shadow drawing: what a candidate draws beside live requests, and that none of it leaves."""

from dataclasses import replace
from datetime import timedelta
from threading import Event, Thread

import pytest

from limner.core.errors import BadInput
from limner.core.records import Request, Size
from limner.core.shadows import LOST, Shadow
from limner.studio import leisure, shadowing
from limner.studio.erase import erase
from limner.studio.generate import generate
from limner.studio.promoting import pause, promote
from limner.studio.shadow_compare import WOULD_BE_RELEASED, compare_shadow
from limner.studio.shadowing import MOST_LOST, draw_shadow, next_due
from limner.studio.working import run_worker
from limner.testing import PaintedGenerator


@pytest.fixture
def candidate(registry):
    """A version in shadow."""
    return registry.promoted("2", times=2).version


def served(registry, seed: int = 1, prompt: str = "a fox", **asked: object):
    """An image somebody asked for."""
    registry.now += timedelta(seconds=1)
    (image,) = generate(registry.parts, Request(prompt=prompt, seed=seed, **asked), "png")
    return image


def shadowed(registry, candidate) -> Shadow:
    """The next that is due, drawn."""
    due = next_due(registry.parts)
    assert due is not None
    assert due[0] == candidate
    return draw_shadow(registry.parts, *due)


def test_a_candidate_draws_the_same_request_and_seed(registry, candidate):
    image = served(registry, seed=7, style="plain", size=Size(48, 32))
    shadow = shadowed(registry, candidate)
    recipe = registry.parts.store.image_by_id(shadow.shadow_id).recipe
    same = ("prompt", "seed", "style", "size", "steps", "guidance", "background")
    assert [getattr(recipe, one) for one in same] == [getattr(image.recipe, one) for one in same]
    assert (image.recipe.generator_version, recipe.generator_version) == ("1", "2")


def test_nothing_a_candidate_draws_can_leave(registry, candidate):
    served(registry)
    shadow = shadowed(registry, candidate)
    store = registry.parts.store
    assert store.last_decision(shadow.shadow_id) is None
    assert store.seal_of(shadow.shadow_id) is None
    assert store.image_by_id(shadow.shadow_id).recipe.mark is None
    assert shadow.outcome == "released"


def test_each_request_is_drawn_once_the_newest_first(registry, candidate):
    ids = [served(registry, seed).image_id for seed in (1, 2)]
    drawn = [shadowed(registry, candidate).image_id for _ in ids]
    assert drawn == ids[::-1]
    assert next_due(registry.parts) is None


def test_what_was_drawn_before_it_was_in_shadow_is_not_drawn(registry):
    served(registry)
    registry.promoted("2", times=2)
    assert next_due(registry.parts) is None


def test_what_another_version_drew_is_not_drawn(registry, candidate):
    registry.promoted("3", times=3)
    served(registry, model="painted@3")
    assert next_due(registry.parts) is None


def test_a_candidate_that_is_paused_draws_no_more(registry, candidate):
    served(registry)
    pause(registry.parts, candidate.label, by="Ada", note="Odd.")
    assert next_due(registry.parts) is None


def test_what_a_candidate_cannot_honour_is_kept_as_its_fault(registry, candidate, monkeypatch):
    def refuse(*_: object):
        raise BadInput("No.", code="style_unknown")

    served(registry)
    monkeypatch.setattr(PaintedGenerator, "prepare", refuse)
    assert shadowed(registry, candidate).fault == "style_unknown"
    assert compare_shadow(registry.parts, candidate.label).faults == {"style_unknown": 1}


def test_one_that_is_stopped_is_due_again(registry, candidate):
    served(registry)
    due = next_due(registry.parts)
    assert draw_shadow(registry.parts, *due, lambda: True) is None
    assert next_due(registry.parts) == due


def test_a_candidate_with_which_processes_die_draws_no_more(registry, candidate):
    images = [served(registry, seed) for seed in range(MOST_LOST + 1)]
    for image in images[:MOST_LOST]:
        begun = Shadow(
            model_sha256=candidate.sha256,
            image_id=image.image_id,
            drawn_at=registry.now,
            fault=LOST,
        )
        assert registry.parts.store.shadows.begin(begun)
        assert not registry.parts.store.shadows.begin(begun)
    assert next_due(registry.parts) is None


def test_erasing_an_image_erases_what_was_drawn_beside_it(registry, candidate):
    image = served(registry)
    shadow = shadowed(registry, candidate)
    erase(registry.parts, [image.image_id])
    store = registry.parts.store
    assert store.image_by_id(shadow.shadow_id) is None
    assert store.shadows.of_model(candidate.sha256) == []


def test_both_are_compared_by_prompt(registry, candidate):
    for seed, prompt in enumerate(("a fox", "a fox", "a bear")):
        served(registry, seed, prompt)
        shadowed(registry, candidate)
    found = compare_shadow(registry.parts, candidate.label)
    assert (found.num_requests, found.num_prompts, found.faults) == (3, 2, {})
    assert set(found.differences) == {"integrity", WOULD_BE_RELEASED}
    assert found.differences["integrity"].winner is None


def test_a_candidate_that_is_worse_is_seen_to_be(registry, candidate):
    for seed in range(8):
        served(registry, seed, f"thing {seed}")
        shadow = shadowed(registry, candidate)
        registry.parts.store.shadows.end(
            replace(shadow, outcome="held", verdicts={"integrity": "fail"})
        )
    found = compare_shadow(registry.parts, candidate.label).differences
    assert {one.winner for one in found.values()} == {"first"}


def test_a_worker_with_nothing_to_do_draws_shadows(registry, candidate, monkeypatch):
    monkeypatch.setattr(leisure, "IDLE_SECONDS", 0.0)
    monkeypatch.setattr(shadowing, "LOOK_SECONDS", 0.0)
    served(registry)
    stop, shadows = Event(), registry.parts.store.shadows
    worker = Thread(target=lambda: run_worker(registry.parts, stop=stop))
    worker.start()
    try:
        for _ in range(600):
            if any(not one.fault for one in shadows.of_model(candidate.sha256)):
                break
            stop.wait(0.05)
    finally:
        stop.set()
        worker.join(10)
    assert [one.fault for one in shadows.of_model(candidate.sha256)] == [""]
    promote(registry.parts, candidate.label, by="Ada")
