"""`python -m benchmarks NAME [--quick]`, or `--list`, or `--all [--write]`.

The last line printed is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.table import BENCHMARKS

FIGURES_PAGE = Path(__file__).parents[1] / "docs" / "figures.md"


def main(argv: Sequence[str] | None = None) -> int:
    """Run what was asked; 1 if a figure misses its goal."""
    options = parse_options(argv)
    if options.list:
        for one in BENCHMARKS:
            print(f"{one.name:20} {one.title}")
        return 0
    chosen = [one for one in BENCHMARKS if options.all or one.name == options.name]
    figures: list[Figure] = []
    for one in chosen:
        figures.append(one.run(is_quick=options.quick))
        print(json.dumps(figures[-1].as_dict()), flush=True)
    if options.write:
        FIGURES_PAGE.write_text(figures_page(figures), encoding="utf-8")
    return 1 if any(one.holds is False for one in figures) else 0


def parse_options(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line; what cannot be honoured ends the program with a sentence."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", nargs="?", choices=[one.name for one in BENCHMARKS])
    parser.add_argument("--quick", action="store_true", help="fewer samples; proves nothing")
    parser.add_argument("--list", action="store_true", help="names, with the issue that asks")
    parser.add_argument("--all", action="store_true", help="run every benchmark")
    parser.add_argument("--write", action="store_true", help=f"with --all: write {FIGURES_PAGE}")
    options = parser.parse_args(argv)
    if sum((bool(options.name), options.list, options.all)) != 1:
        parser.error("give one of NAME, --list, --all")
    if options.write and (options.quick or not options.all):
        parser.error("--write needs --all, and full runs")
    return options


def figures_page(figures: Sequence[Figure]) -> str:
    """The page of figures, as Markdown."""
    lines = [
        "# Figures",
        "",
        "Written by `python -m benchmarks --all --write` from full runs. What each one measures",
        "stands in the docstring of its function in `benchmarks/`.",
        "",
        "| figure | value | 95 % interval | goal | holds | n |",
        "|---|---|---|---|---|---|",
    ]
    for one in figures:
        interval = "" if one.interval is None else f"{one.interval[0]:g} to {one.interval[1]:g}"
        holds = {None: "", True: "yes", False: "**no**"}[one.holds]
        lines.append(
            f"| `{one.name}` | {one.value:g} {one.unit} | {interval} | {one.goal} | {holds} "
            f"| {one.n} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
