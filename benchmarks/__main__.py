"""Measure: `python -m benchmarks NAME...`, `--list` or `--all`; `--write` keeps what was measured.

The last line printed is one JSON object. Several names in one call share a run where they can, as
those of traffic do. Kept figures are the newest full run of each: all of them
together take hours, so they need not come from one day.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.figure import Benchmark, Figure
from benchmarks.table import BENCHMARKS
from limner.executors.pool import num_cores

DOCS = Path(__file__).parents[1] / "docs"
RECORD, PAGE = "figures.json", "figures.md"
HEAD = (
    "| figure | value | 95 % interval | goal | holds | n | measured | on |",
    "|---|---|---|---|---|---|---|---|",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run what was asked; 1 if a figure misses its goal."""
    options = parse_options(argv)
    if options.list:
        for one in BENCHMARKS:
            print(f"{one.name:20} {one.title}")
        return 0
    chosen = [one for one in BENCHMARKS if options.all or one.name in options.names]
    figures: list[Figure] = []
    for one in chosen:
        figures.append(one.run(is_quick=options.quick))
        if options.write:
            keep(one, figures[-1], DOCS)
        print(json.dumps(figures[-1].as_dict()), flush=True)
    return 1 if any(one.holds is False for one in figures) else 0


def parse_options(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line; what cannot be honoured ends the program with a sentence."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of figures; see --list")
    parser.add_argument("--quick", action="store_true", help="fewer samples; proves nothing")
    parser.add_argument("--list", action="store_true", help="names, with the issue that asks")
    parser.add_argument("--all", action="store_true", help="run every benchmark")
    parser.add_argument("--write", action="store_true", help=f"keep full runs in docs/{PAGE}")
    options = parser.parse_args(argv)
    if sum((bool(options.names), options.list, options.all)) != 1:
        parser.error("give one of NAME..., --list, --all")
    known = {one.name for one in BENCHMARKS}
    for name in options.names:
        if name not in known:
            parser.error(f"there is no figure {name!r}; --list names all")
    if options.write and (options.quick or options.list):
        parser.error("--write needs full runs")
    return options


def keep(benchmark: Benchmark, figure: Figure, docs: Path) -> None:
    """Put a figure in the place of its last one, in the record and on the page made from it.

    One that says as much of the machine stands beside those of other machines.
    """
    record = docs / RECORD
    kept = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    today = datetime.now(UTC).date().isoformat()
    here = {**figure.as_dict(), "measured": today, "machine": machine()}
    before = [one for one in kept.get(figure.name, []) if "machine" in one]
    elsewhere = [one for one in before if one["machine"] != machine()]
    kept[figure.name] = [here, *(elsewhere if benchmark.is_of_machine else [])]
    record.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    (docs / PAGE).write_text(figures_page(kept), encoding="utf-8")


def machine(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """What this runs on: processor, cores that may be used, and whether it multiplies in tiles.

    Args:
        cpuinfo: Linux's description of the processors; elsewhere there is none.
    """
    facts = cpuinfo.read_text(encoding="utf-8") if cpuinfo.exists() else ""
    lines = [line.partition(":") for line in facts.splitlines()]
    said = {name.strip(): value.strip() for name, _, value in lines}
    tiles = " with AMX" if "amx_bf16" in said.get("flags", "").split() else ""
    return f"{said.get('model name') or platform.machine()}, {num_cores()} cores{tiles}"


def figures_page(kept: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """The page of figures, as Markdown, in the order of the table; those not measured say so."""
    lines = [
        "# Figures",
        "",
        "Written by `python -m benchmarks NAME --write`, each from its newest full run. What one",
        "measures stands in the docstring of its function in `benchmarks/`. Where no machine is",
        "named, none was written down: two cores without AMX. Times, rates and shares of what a",
        "processor can do stand once for each machine they were measured on, the newest first.",
    ]
    for title in dict.fromkeys(one.title for one in BENCHMARKS):
        lines += ["", f"## {title}", "", *HEAD]
        for one in BENCHMARKS:
            if one.title == title:
                rows = [_row(one, figure) for figure in kept.get(one.name, [])]
                lines += rows or [f"| `{one.name}` | no full run yet | | | | | | |"]
    return "\n".join(lines) + "\n"


def _row(benchmark: Benchmark, figure: Mapping[str, Any]) -> str:
    """A line of the page; what was measured is held against the goal of today."""
    name, goal = benchmark.name, benchmark.goal
    ends = figure["interval"]
    interval = "" if ends is None else f"{ends[0]:g} to {ends[1]:g}"
    holds = "" if goal is None else "yes" if goal.holds(figure["value"]) else "**no**"
    return (
        f"| `{name}` | {figure['value']:g} {figure['unit']} | {interval} | {goal or ''} "
        f"| {holds} | {figure['n']} | {figure['measured']} | {figure.get('machine', '')} |"
    )


if __name__ == "__main__":
    sys.exit(main())
