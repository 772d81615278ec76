"""`limner eval side-by-side`: keys, leaving and going on, and what is told when."""

import json

import pytest

SUITE = """\
format: limner.suite/1
name: own
version: "1"
question: Which is better?
owner: Design
review_by: 2027-01-01
seeds: [5, 9]
checks: [integrity]
cases:
  - {id: one, prompt: one thing}
  - {id: two, prompt: two things}
"""


@pytest.fixture
def runs(limner, tmp_path):
    """Ids of two whole runs of our suite."""
    (tmp_path / "here" / "own.yaml").write_text(SUITE)
    asked = ("eval", "run", "own.yaml", "--anew", "--quiet")
    return tuple(limner(*asked).stdout.strip() for _ in "ab")


@pytest.fixture
def press(monkeypatch):
    """Give the keys a person will press: ``press("l", "q")``."""

    def give(*keys: str) -> None:
        left = iter(keys)
        monkeypatch.setattr("limner.faces.eval_people_commands.read_key", lambda: next(left))

    return give


def standing(limner, runs) -> dict:
    return json.loads(limner("eval", "side-by-side", *runs, "--json").stdout)


def test_one_key_is_one_answer(limner, runs, press):
    press("l", "r", "t", "q")
    assert limner("eval", "side-by-side", *runs, "--as", "Ada").stderr.startswith("3 answered.")
    assert standing(limner, runs)["num_answers"] == 3


@pytest.mark.parametrize("key", ["q", "\x03", "\x04", "\x1b"])
def test_leaving_answers_nothing(limner, runs, press, key):
    press(key)
    assert limner("eval", "side-by-side", *runs, "--as", "Ada").stderr.startswith("0 answered.")


def test_a_key_without_a_meaning_is_passed_over(limner, runs, press):
    press("x", "\x1b[C", "q")
    assert limner("eval", "side-by-side", *runs, "--as", "Ada").stderr.startswith("1 answered.")


def test_the_same_command_goes_on(limner, runs, press):
    press("l", "q")
    first = limner("eval", "side-by-side", *runs, "--as", "Ada").stdout
    press("q")
    again = limner("eval", "side-by-side", *runs, "--as", "Ada").stdout
    lefts = [text.split("[q]uit")[-1].split()[0] for text in (first.strip(), again.strip())]
    assert lefts[0] == lefts[1]  # the last that was shown is the first now


def test_neither_run_nor_model_is_told_while_it_is_blind(limner, runs, press):
    press("l", "r", "t", "q")
    told = limner("eval", "side-by-side", *runs, "--as", "Ada").output
    assert not any(name in told for name in (*runs, "painted"))


def test_the_ranking_is_told_when_asked(limner, runs, press):
    press(*"ltltltlt")
    limner("eval", "side-by-side", *runs, "--as", "Ada")
    told = limner("eval", "side-by-side", *runs, "--result").stdout
    assert all(f"painted@1 {run}" in told for run in runs)
    assert "How noisy the answers are:" in told


def test_before_any_answer_it_is_said_that_nothing_is_ranked(limner, runs):
    assert "nothing is ranked" in limner("eval", "side-by-side", *runs, "--result").stdout


def test_a_study_of_one_run_alone_is_refused(limner, runs):
    result = limner("eval", "side-by-side", runs[0], runs[0])
    assert (result.exit_code, "two different runs" in result.stderr) == (2, True)


def test_a_number_of_pairs_out_of_range_is_refused(limner, runs):
    result = limner("eval", "side-by-side", *runs, "--pairs", "0")
    assert (result.exit_code, "allowed are 1 to 400" in result.stderr) == (2, True)
