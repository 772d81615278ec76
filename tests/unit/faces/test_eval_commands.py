"""`limner eval`: what it prints, how it ends, and what it refuses."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from painted_limner import painted_studio
from typer.testing import CliRunner

from limner.core.settings import read_settings
from limner.faces.cli import app_for
from limner.store.evidence import evidence_of
from limner.testing import PaintedGenerator

WHOLE = Path(__file__).parents[2] / "assets" / "whole.yaml"
SUITE = """\
format: limner.suite/1
name: own
version: "1"
question: Does it count?
owner: Design
review_by: 2027-01-01
seeds: [5, 9, 11, 12]
checks: [integrity, count]
aspects: {reasoning: [count]}
cases:
  - {id: one, prompt: one thing, concept: x, count: 1}
  - {id: two, prompt: two things, concept: x, count: 2}
  - {id: three, prompt: three things, concept: x, count: 3}
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return read_settings(
        default_home=tmp_path_factory.mktemp("home"),
        environment={"LIMNER_CRITERIA": str(WHOLE), "LIMNER_MARK": "false"},
    )


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """The folder commands run in, with a suite of our own."""
    folder = tmp_path_factory.mktemp("here")
    (folder / "own.yaml").write_text(SUITE)
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        yield folder


@pytest.fixture(scope="module")
def ours(settings, here):
    """Run the command line: ``ours("eval", "list").stdout``; what is stored stays for the next."""
    painter = PaintedGenerator()

    def run(*arguments: str):
        return CliRunner().invoke(
            app_for(arguments[0]),
            arguments,
            obj=lambda: painted_studio(settings, painter),
            catch_exceptions=False,
        )

    return run


@pytest.fixture(scope="module")
def drawn(ours):
    """Id of a run of our suite that is whole; nothing may be added to it."""
    return run_of(ours)["run"]


def run_of(limner, *options: str) -> dict:
    return json.loads(limner("eval", "run", "own.yaml", "--anew", "--json", *options).stdout)


def test_a_run_prints_every_check_with_its_share(ours):
    lines = ours("eval", "run", "own.yaml").stdout.splitlines()
    assert [line.split()[:2] for line in lines[1:3]] == [
        ["integrity", "100.0%"],
        ["count", "33.3%"],
    ]


def test_a_run_says_beforehand_what_could_be_seen(ours):
    told = ours("eval", "run", "own.yaml", "--anew").stderr
    assert "Said beforehand: comparing two such runs would call a difference of" in told


def test_a_part_of_a_suite_has_a_name_that_says_so(ours):
    assert run_of(ours, "--limit", "2")["suite"]["name"] == "own-part"


def test_a_part_of_a_suite_takes_cases_evenly(ours):
    run = run_of(ours, "--limit", "2", "--seeds", "1..4")
    assert run["num_pictures"] == 8


def test_a_whole_run_leaves_evidence(settings, ours, drawn):
    run = json.loads(ours("eval", "show", drawn, "--json").stdout)
    with painted_studio(settings, PaintedGenerator()) as studio:
        with studio.parts.store.models.reading() as connection:
            found = evidence_of(connection, run["model"]["sha256"])
    assert {one.metric for one in found} == {
        "integrity.pass_rate",
        "count.pass_rate",
        "seeds.differ",
    }  # a painter that takes no time gives no bounds of it


def test_scoring_again_says_that_nothing_changed(ours, drawn):
    found = json.loads(ours("eval", "score", drawn, "--json").stdout)
    assert (found["num_changed"], found["num_new"], found["num_lost"]) == (0, 0, 0)


def test_two_runs_of_one_model_show_no_difference(ours, drawn):
    assert (
        ours("eval", "compare", drawn, run_of(ours)["run"]).stdout.count("no difference shown") == 2
    )


def test_a_comparison_does_not_call_p_values_exact_that_are_drawn_by_chance(ours, drawn):
    told = " ".join(ours("eval", "compare", drawn, run_of(ours)["run"]).stdout.split())
    assert "p-values are by 4,000 changes of signs of prompts, drawn by chance" in told
    assert "exact" not in told


def test_a_list_has_a_line_for_every_run(ours, drawn):
    line = next(one for one in ours("eval", "list").stdout.splitlines() if drawn in one)
    assert line.split()[-1] == "whole"


def test_a_run_is_shown_with_what_was_not_measured(ours, drawn):
    assert "Not measured by this suite: alignment, quality" in ours("eval", "show", drawn).stdout


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("id: two", "id: one", "the id 'one' is used twice"),
        ("checks: [integrity, count]", "checks: [integrity, beauty]", "names the check 'beauty'"),
        ("seeds: [5, 9, 11, 12]", "seeds: []", "there are no seeds"),
    ],
)
def test_a_suite_with_a_fault_is_refused_in_one_sentence(ours, here, before, after, told):
    text = SUITE.replace("aspects: {reasoning: [count]}\n", "").replace(before, after)
    (here / "wrong.yaml").write_text(text)
    result = ours("eval", "run", "wrong.yaml")
    assert (result.exit_code, told in result.stderr) == (2, True)


@pytest.mark.parametrize("seeds", ["", "1,", "4..1", "1..100", "x", "1,1"])
def test_seeds_with_a_fault_are_refused(ours, seeds):
    assert ours("eval", "run", "own.yaml", "--seeds", seeds).exit_code == 2


def test_a_limit_under_one_is_refused(ours):
    assert "needs at least one case" in ours("eval", "run", "own.yaml", "--limit", "0").stderr


def test_an_unknown_run_is_refused_with_what_lists_them(ours):
    result = ours("eval", "show", "run-0")
    assert (result.exit_code, "limner eval list" in result.stderr) == (2, True)


def test_a_folder_without_weights_is_refused(ours):
    result = ours("eval", "run", "own.yaml", "--weights", "nowhere")
    assert "holds no model" in result.stderr


def test_a_report_is_written_where_the_command_runs(ours, here, drawn):
    assert ours("eval", "report", drawn).stdout == f"report-{drawn}.html\n"
    assert (here / f"report-{drawn}.html").read_text().startswith("<!doctype html>")


def test_a_report_held_to_criteria_that_were_never_frozen_is_post_hoc(ours, drawn):
    told = ours("eval", "report", drawn, "--criteria", "team", "--out", "r.md").stderr
    assert told.startswith("note: post hoc")


def test_a_correction_needs_a_known_verdict(ours, drawn):
    asked = ("eval", "correct", drawn, "one", "5", "count", "maybe", "--reason", "x")
    assert "allowed are pass, fail" in ours(*asked).stderr


def test_a_correction_reaches_the_evidence_that_gates_go_by(settings, here, tmp_path):
    fresh = replace(settings, home=tmp_path / "home")

    def limner(*arguments: str):
        opened = painted_studio(fresh, PaintedGenerator())
        return CliRunner().invoke(app_for("eval"), arguments, obj=lambda: opened)

    run = run_of(limner)
    said = ("--reason", "seen", "--as", "ada")
    limner("eval", "correct", run["run"], "two", "5", "count", "pass", *said)
    with painted_studio(fresh, PaintedGenerator()) as studio:
        with studio.parts.store.models.reading() as connection:
            found = evidence_of(connection, run["model"]["sha256"])
    assert {(one.metric, one.labelled_by) for one in found if not one.slice} == {
        ("integrity.pass_rate", ()),
        ("count.pass_rate", ()),
        ("count.pass_rate", ("ada",)),
        ("seeds.differ", ()),
    }


def test_a_correction_changes_the_number(ours):
    run = run_of(ours)["run"]
    ours("eval", "correct", run, "two", "5", "count", "pass", "--reason", "seen", "--as", "ada")
    found = json.loads(ours("eval", "show", run, "--json").stdout)
    assert found["results"]["count"]["share"] == pytest.approx(5 / 12)
