"""`limner models`, `gate` and `due`: what they print and how they end."""

import json
from datetime import date

import pytest
from registries import Registry
from typer.testing import CliRunner

from limner.faces.cli import app_for
from limner.studio.studio import Studio


@pytest.fixture
def registry(tmp_path):
    made = Registry(tmp_path / "home")
    yield made
    made.parts.close()


@pytest.fixture
def run(registry):
    """Run a command on the registry: ``run("models", "registry").stdout``."""

    def command(*arguments: str):
        def opened() -> Studio:
            registry.open()
            return Studio(registry.parts)

        return CliRunner().invoke(
            app_for(arguments[0]), arguments, obj=opened, catch_exceptions=False
        )

    return command


def test_the_registry_is_listed_with_what_serves(registry, run):
    registry.promoted("2")
    lines = run("models", "registry").stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["active", "painted@1"],
        ["active", "painted@2"],
    ]
    assert [line.endswith("serves default") for line in lines] == [False, True]


def test_the_registry_as_json_has_every_event(registry, run):
    registry.promoted("2", times=1)
    found = [json.loads(line) for line in run("models", "registry", "--json").stdout.splitlines()]
    assert [one["stage"] for one in found] == ["active", "evaluating"]
    assert [one["stage"] for one in found[1]["events"]] == ["proposed", "evaluating"]


def test_a_version_is_shown_with_what_happened_and_by_whom(registry, run):
    registry.promoted("2", times=1)
    told = run("models", "stage", "painted@2").stdout
    assert "licence Apache-2.0, LICENSE, read by Cy" in told
    assert "evaluating promoted by Ada" in told


def test_promoting_without_evidence_ends_with_3_and_says_what_is_missing(registry, run):
    registry.promoted("2", times=1)
    registry.propose("3")
    run("models", "promote", "painted@3", "--as", "Ada")
    result = run("models", "promote", "painted@3", "--as", "Ada")
    assert result.exit_code == 3
    assert result.stdout.startswith("INSUFFICIENT  gate ours")
    assert "100 observations are needed" in result.stdout
    assert result.stdout.endswith("painted@3 is evaluating still.\n")


def test_promoting_with_evidence_ends_with_0(registry, run):
    registry.promoted("2", times=1)
    result = run("models", "promote", "painted@2", "--as", "Ada")
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "painted@2 is shadow.")


def test_a_gate_that_says_no_ends_with_4(registry, run):
    state = registry.propose("2")
    registry.measure(state, {"whole": (0.5, 0.4, 0.6)})
    result = run("gate", "painted@2", "--json")
    assert (result.exit_code, json.loads(result.stdout)["verdict"]) == (4, "fail")


def test_a_gate_that_passes_says_until_when(registry, run):
    registry.promoted("2", times=1)
    result = run("gate", "painted@2")
    assert result.exit_code == 0
    assert result.stdout.startswith("PASS  gate ours, valid until 2026-01-31 12:01 UTC")


def test_a_gate_nobody_froze_before_shows_nothing(registry, run, tmp_path):
    registry.promoted("2", times=1)
    other = tmp_path / "other.yaml"
    other.write_text((registry.home / "gate.yaml").read_text().replace("ours", "theirs"))
    result = run("gate", "painted@2", "--gate", str(other))
    assert (result.exit_code, "post hoc" in result.stdout) == (3, True)


def test_an_unknown_run_is_refused(run):
    assert run("gate", "run-0").exit_code == 2


def test_pausing_prints_what_serves_now(registry, run):
    registry.promoted("2")
    told = run("models", "pause", "painted@2", "--reason", "Complaints.", "--as", "Ada").stdout
    assert told.splitlines()[0].endswith("serves default")


def test_rolling_back_says_what_serves_again(registry, run):
    registry.promoted("2")
    result = run("models", "rollback", "--reason", "Worse.", "--as", "Ada")
    assert result.stdout == "default is painted@1 again.\n"


def test_rolling_back_from_the_first_is_refused(registry, run):
    result = run("models", "rollback", "--reason", "Worse.", "--as", "Ada")
    assert (result.exit_code, "nothing would serve" in result.stderr) == (2, True)


def test_two_people_sign_a_waiver(registry, run):
    state = registry.propose("2")
    registry.measure(state, {"whole": (0.99, 0.97, 1.0)})
    for name in ("Ada", "Bo"):
        asked = ("painted@2", "counts", "--reason", "x", "--until", "2026-02-01", "--as", name)
        assert run("models", "waive", *asked).exit_code == 0
    result = run("gate", "painted@2")
    assert (result.exit_code, "waived" in result.stdout) == (0, True)


def test_a_day_that_is_none_is_refused(registry, run):
    registry.propose("2")
    asked = ("painted@2", "counts", "--reason", "x", "--until", "soon")
    assert run("models", "waive", *asked).exit_code == 2


def test_a_review_is_noted(registry, run):
    registry.propose("2")
    result = run("models", "review", "painted@2", "--until", "2027-01-01", "--as", "Ada")
    assert result.stdout == "painted@2 is to be looked at by 2027-01-01.\n"


@pytest.mark.parametrize("given", [[], ["some", "--weights", "folder"]])
def test_proposing_needs_a_model_or_weights_and_not_both(run, given):
    result = run("models", "propose", *given, "--owner", "Ada", "--review-by", "2026-12-01")
    assert (result.exit_code, "and not both" in result.stderr) == (2, True)


def test_a_folder_without_weights_is_not_proposed(run):
    asked = ("--weights", "nowhere", "--owner", "Ada", "--review-by", "2026-12-01", "--as", "Bo")
    result = run("models", "propose", *asked)
    assert (result.exit_code, "holds no model" in result.stderr) == (2, True)


def test_what_is_due_is_listed_with_days(registry, run):
    registry.propose("2", review_by=date(2026, 1, 9))
    lines = run("due").stdout.splitlines()
    assert lines[0].strip() == "in 8 days  model painted@2, Ada, by 2026-01-09"


def test_only_what_is_due_soon_is_listed_when_asked(registry, run):
    registry.propose("2", review_by=date(2026, 1, 9))
    found = [json.loads(one) for one in run("due", "--within", "30", "--json").stdout.splitlines()]
    assert [(one["name"], one["days_left"]) for one in found] == [("painted@2", 8)]


def test_pictures_are_drawn_by_what_serves(registry, run, tmp_path):
    registry.promoted("2")
    told = run("generate", "a fox", "--seed", "1", "--out", str(tmp_path / "a.png"), "--json")
    assert json.loads(told.stdout)["recipe"]["generator_version"] == "2"
