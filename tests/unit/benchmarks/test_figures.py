import json

import pytest
from benchmarks.__main__ import figures_page, keep, parse_options
from benchmarks.figure import Figure
from benchmarks.table import BENCHMARKS


def figure(name, value):
    return Figure(
        name=name, value=value, unit="s", goal="< 0.4", holds=value < 0.4, n=5, interval=None
    )


def test_a_figure_takes_the_place_of_its_last_one_and_leaves_the_others(tmp_path):
    for one in (figure("help-start", 0.5), figure("count", 0.1), figure("help-start", 0.2)):
        keep(one, tmp_path)
    kept = json.loads((tmp_path / "figures.json").read_text())
    assert {name: one["value"] for name, one in kept.items()} == {"help-start": 0.2, "count": 0.1}


def test_a_missed_goal_stands_out_on_the_page(tmp_path):
    keep(figure("help-start", 0.5), tmp_path)
    assert (
        "| `help-start` | 0.5 s |  | < 0.4 | **no** | 5 |" in (tmp_path / "figures.md").read_text()
    )


def test_a_figure_without_a_full_run_says_so():
    page = figures_page({})
    assert page.count("no full run yet") == len(BENCHMARKS)


def test_several_figures_are_named_at_once():
    assert parse_options(["help-start", "count"]).names == ["help-start", "count"]


@pytest.mark.parametrize(
    "argv", [[], ["count", "--all"], ["county"], ["count", "--quick", "--write"]]
)
def test_what_cannot_be_measured_is_refused(argv, capsys):
    with pytest.raises(SystemExit):
        parse_options(argv)
    assert "python -m benchmarks: error: " in capsys.readouterr().err
