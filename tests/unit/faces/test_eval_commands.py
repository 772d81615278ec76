"""`limner eval`: what it prints, how it ends, and what it refuses."""

import json

import pytest

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


@pytest.fixture
def ours(limner, tmp_path):
    (tmp_path / "here" / "own.yaml").write_text(SUITE)
    return limner


def run_of(limner, *options: str) -> dict:
    return json.loads(limner("eval", "run", "own.yaml", "--json", *options).stdout)


def test_a_run_prints_every_check_with_its_share(ours):
    lines = ours("eval", "run", "own.yaml").stdout.splitlines()
    assert [line.split()[:2] for line in lines[1:3]] == [
        ["integrity", "100.0%"],
        ["count", "33.3%"],
    ]


def test_a_run_says_beforehand_what_could_be_seen(ours):
    told = ours("eval", "run", "own.yaml").stderr
    assert "Said beforehand: comparing two such runs would call a difference of" in told


def test_a_part_of_a_suite_has_a_name_that_says_so(ours):
    assert run_of(ours, "--limit", "2")["suite"]["name"] == "own-part"


def test_a_part_of_a_suite_takes_cases_evenly(ours):
    run = run_of(ours, "--limit", "2", "--seeds", "1..4")
    assert run["num_pictures"] == 8


def test_a_whole_run_leaves_evidence(ours, studio):
    run_of(ours)
    with studio.parts.store.models.reading() as connection:
        from limner.core.models import model_sha256
        from limner.store.evidence import evidence_of

        card = studio.card
        found = evidence_of(connection, model_sha256(card.name, card.version, card.ingredients))
    assert {one.metric for one in found} == {"integrity.pass_rate", "count.pass_rate"}


def test_scoring_again_says_that_nothing_changed(ours):
    run = run_of(ours)["run"]
    found = json.loads(ours("eval", "score", run, "--json").stdout)
    assert (found["num_changed"], found["num_new"], found["num_lost"]) == (0, 0, 0)


def test_two_runs_of_one_model_show_no_difference(ours):
    runs = run_of(ours)["run"], run_of(ours, "--anew")["run"]
    assert ours("eval", "compare", *runs).stdout.count("no difference shown") == 2


def test_a_list_has_a_line_for_every_run(ours):
    run = run_of(ours)["run"]
    line = ours("eval", "list").stdout.split()
    assert (line[0], line[-1]) == (run, "whole")


def test_a_run_is_shown_with_what_was_not_measured(ours):
    run = run_of(ours)["run"]
    assert "Not measured by this suite: alignment, quality" in ours("eval", "show", run).stdout


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("id: two", "id: one", "the id 'one' is used twice"),
        ("checks: [integrity, count]", "checks: [integrity, beauty]", "names the check 'beauty'"),
        ("seeds: [5, 9, 11, 12]", "seeds: []", "there are no seeds"),
    ],
)
def test_a_suite_with_a_fault_is_refused_in_one_sentence(ours, tmp_path, before, after, told):
    text = SUITE.replace("aspects: {reasoning: [count]}\n", "").replace(before, after)
    (tmp_path / "here" / "own.yaml").write_text(text)
    result = ours("eval", "run", "own.yaml")
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
