"""What is published of models: the evidence that holds, as gates take it."""

from dataclasses import replace
from datetime import timedelta

from registries import GOOD, SUITE

from limner.studio import log
from limner.studio.publishing import Period, gather


def published(registry, folder) -> list[tuple[str, float]]:
    exported = log.export(registry.parts, folder)
    told = gather(registry.parts, Period(), exported.checkpoint.num_entries)
    return [
        (one["metric"], one["estimate"])
        for model in told.models
        for one in sorted(model.evidence, key=lambda one: one["metric"])
    ]


def test_what_was_measured_again_is_told_once_as_it_is_now(registry, tmp_path):
    state = registry.propose("2")
    registry.measure(state)
    registry.measure(state, {"counts": (0.6, 0.55, 0.7)})
    found = published(registry, tmp_path / "ledger")
    assert found == [("count.pass_rate", 0.6), ("integrity.pass_rate", 0.99)]


def test_evidence_whose_suite_changed_is_not_told_to_stand(registry, tmp_path):
    registry.measure(registry.propose("2"))
    (registry.home / "suites" / "own.yaml").write_text(SUITE.replace("one thing", "another"))
    assert published(registry, tmp_path / "ledger") == []


def test_evidence_that_has_ended_is_not_told_to_stand(registry, tmp_path):
    ends_at = registry.now + timedelta(days=1)
    registry.measure(registry.propose("2"), GOOD, lambda one: replace(one, expires_at=ends_at))
    registry.now += timedelta(days=2)
    assert published(registry, tmp_path / "ledger") == []
