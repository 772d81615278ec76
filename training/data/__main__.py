"""The training set from the command line: `python -m training.data --help`."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from training.data import attribution, check, manifest, splits
from training.data.packages import DataError, fetch, packages

SPLIT_SEED = 20261124


def default_work() -> Path:
    """Where downloads and sprites go when nothing is said."""
    return Path(os.environ.get("LIMNER_TRAINING_DIR") or Path.home() / ".cache/limner/training")


def main() -> int:
    """Run one step; returns the exit code."""
    options = _parser().parse_args()
    try:
        return STEPS[options.step][0](options)
    except DataError as error:
        print(error, file=sys.stderr)
        return 5


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.data", description=__doc__)
    steps = parser.add_subparsers(dest="step", required=True)
    for name, (_, text) in STEPS.items():
        step = steps.add_parser(name, help=text, description=text)
        step.add_argument(
            "--work", type=Path, default=default_work(), help="folder for downloads and sprites"
        )
        step.add_argument("--processes", type=int, default=2, help="processes that draw")
        step.add_argument("--sample", type=int, default=200, help="pictures that check draws again")
    return parser


def _fetch(options: argparse.Namespace) -> int:
    for package in packages().values():
        print(fetch(package, options.work))
    return 0


def _render(options: argparse.Namespace) -> int:
    from training.data import build, sources

    found = list(sources.candidates(options.work))
    rows = build.build(found, options.work, options.processes, say=print)
    manifest.write_jsonl(rows, options.work / "rows.jsonl")
    print(f"{len(rows)} pictures, {dict(Counter(row.style for row in rows))}")
    return 0


def _manifest(options: argparse.Namespace) -> int:
    rows = manifest.read_jsonl(options.work / "rows.jsonl")
    manifest.write(rows)
    print(f"{len(rows)} rows, {dict(Counter(row.split for row in rows))}")
    return 0


def _split(options: argparse.Namespace) -> int:
    rows = manifest.read_jsonl(options.work / "rows.jsonl")
    trained = {(row.concept, row.style) for row in manifest.read() if row.split == "train"}
    styles_of: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        styles_of[row.concept].append(row.style)
    concepts, styles = splits.choose(styles_of, SPLIT_SEED, *splits.read_lists(), trained)
    splits.write_lists(concepts, styles)
    print(f"{len(concepts)} concepts, {len(styles)} styles held out; run render and manifest again")
    return 0


def _attribution(options: argparse.Namespace) -> int:
    attribution.write(manifest.read())
    print(attribution.ATTRIBUTION)
    return 0


def _check(options: argparse.Namespace) -> int:
    from training.data import build, sources

    faults = list(check.all_faults(options.work))
    generator = np.random.default_rng(0)
    rows = {row.picture: row for row in manifest.read()}
    found = [one for one in sources.candidates(options.work) if one.picture in rows]
    again = generator.choice(len(found), min(options.sample, len(found)), replace=False)
    faults += build.differences([found[number] for number in again], rows)
    for fault in faults[:40]:
        print(fault, file=sys.stderr)
    print(f"{len(rows)} pictures, {len(again)} drawn again, {len(faults)} faults")
    return 5 if faults else 0


STEPS = {
    "fetch": (_fetch, "fetch the pinned packages and verify their hashes"),
    "render": (_render, "draw the pictures into sprite files"),
    "manifest": (_manifest, "write the committed manifest from what was drawn"),
    "split": (_split, "add to the held-out lists after new packages came in"),
    "attribution": (_attribution, "write ATTRIBUTION.md from the manifest"),
    "check": (_check, "verify manifest, lists, licences and sprites, and draw a sample again"),
}

if __name__ == "__main__":
    sys.exit(main())
