"""Suites from a table of a team's own prompts."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.core.errors import BadInput, SuiteInvalid
from limner.studio.suite_csv import suite_text_from_csv, write_suite
from limner.studio.suite_file import parse_suite, read_suite

ASKED = {"name": None, "owner": "Design", "review_by": "2027-01-01", "out": None}


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    def write(text: str) -> Path:
        (tmp_path / "our prompts.csv").write_text(text)
        return tmp_path / "our prompts.csv"

    return write


def test_every_other_column_is_a_slice(table):
    suite, _ = write_suite(table("prompt,team\na fox,web\na cat,print\n"), **ASKED)
    assert [case.slices for case in suite.cases] == [{"team": "web"}, {"team": "print"}]


def test_what_is_written_is_read_as_any_suite(table):
    suite, written = write_suite(table("prompt,id,style\na fox,fox,flat\n"), **ASKED)
    assert (written.name, read_suite(str(written))) == ("our-prompts.yaml", suite)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("text\na fox\n", "no rows with the column 'prompt'"),
        ("prompt,team\na fox,web\n,print\n", r"cases\.1\.prompt"),
        ("prompt,id\na fox,a\na cat,a\n", "the id 'a' is used twice"),
        ("prompt,team,team\na fox,web,print\n", "has the column 'team' twice"),
        ("prompt\na fox\na cat,web\n", "more or fewer cells than columns in row 2"),
        ("", "no rows"),
    ],
)
def test_a_table_with_a_fault_is_refused(table, text, told):
    with pytest.raises(SuiteInvalid, match=told):
        write_suite(table(text), **ASKED)


def test_a_day_that_is_none_is_refused(table):
    with pytest.raises(SuiteInvalid, match="allowed is a day as 2027-05-31"):
        write_suite(table("prompt\na fox\n"), **(ASKED | {"review_by": "soon"}))


def test_a_suite_that_is_there_is_not_overwritten(table):
    path = table("prompt\na fox\n")
    write_suite(path, **ASKED)
    with pytest.raises(BadInput, match="is there already"):
        write_suite(path, **ASKED)


prompts = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1).filter(str.strip)


@given(st.lists(prompts, min_size=1, max_size=5))
def test_any_prompt_comes_through_as_it_was(tmp_path_factory, prompts):
    path = tmp_path_factory.mktemp("any") / "x.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["prompt"], *([one] for one in prompts)])
    text = suite_text_from_csv(path, name="own", owner="Design", review_by="2027-01-01")
    found = [case.asked.prompt for case in parse_suite(text, "own").cases]
    assert found == [one.strip() for one in prompts]
