import json

import pytest
from benchmarks.__main__ import figures_page, keep, machine, parse_options
from benchmarks.figure import Figure
from benchmarks.table import BENCHMARKS


def figure(name, value):
    return Figure(
        name=name, value=value, unit="s", goal="< 0.4", holds=value < 0.4, n=5, interval=None
    )


def keep_one(name, value, docs):
    (benchmark,) = (one for one in BENCHMARKS if one.name == name)
    keep(benchmark, figure(name, value), docs)


def kept_values(docs):
    kept = json.loads((docs / "figures.json").read_text())
    return {name: [one["value"] for one in figures] for name, figures in kept.items()}


def test_a_figure_takes_the_place_of_its_last_one_and_leaves_the_others(tmp_path):
    for name, value in (("help-start", 0.5), ("count", 0.1), ("help-start", 0.2)):
        keep_one(name, value, tmp_path)
    assert kept_values(tmp_path) == {"help-start": [0.2], "count": [0.1]}


def test_a_time_stands_once_for_each_machine_and_a_quality_once(tmp_path, monkeypatch):
    for name, value in (("help-start", 0.3), ("count", 0.1)):
        keep_one(name, value, tmp_path)
    monkeypatch.setattr("benchmarks.__main__.machine", lambda: "Quick 9000, 2 cores")
    for name, value in (("help-start", 0.2), ("help-start", 0.1), ("count", 0.3)):
        keep_one(name, value, tmp_path)
    assert kept_values(tmp_path) == {"help-start": [0.1, 0.3], "count": [0.3]}
    page = (tmp_path / "figures.md").read_text()
    assert (page.count("| `help-start` |"), page.count("| `count` |")) == (2, 1)


def test_a_missed_goal_stands_out_on_the_page(tmp_path):
    keep_one("help-start", 0.5, tmp_path)
    assert (
        "| `help-start` | 0.5 s |  | < 0.4 | **no** | 5 |" in (tmp_path / "figures.md").read_text()
    )


def test_a_figure_names_the_machine_it_was_measured_on(tmp_path):
    keep_one("help-start", 0.2, tmp_path)
    assert machine() in (tmp_path / "figures.md").read_text()


@pytest.mark.parametrize(
    ("flags", "end"), [("fpu amx_bf16 amx_tile", "with AMX"), ("fpu avx512_bf16", "cores")]
)
def test_a_machine_is_named_by_its_processor_and_whether_it_multiplies_in_tiles(
    tmp_path, flags, end
):
    said = f"processor\t: 0\nmodel name\t: Quick 9000\nflags\t\t: {flags}\n"
    (tmp_path / "cpuinfo").write_text(2 * said)
    named = machine(tmp_path / "cpuinfo")
    assert named.startswith("Quick 9000, ")
    assert named.endswith(end)


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
