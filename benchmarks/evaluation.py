"""What runs of suites promise: how long one takes, that a killed one ends alike, and rescoring.

The command is run as a person would, in processes of its own, with the embedded generator.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figure import Measurement
from benchmarks.quality import specification
from benchmarks.quality.specification import EMOJI_STYLES, named
from limner.core.runs import RunScore
from limner.evals.measuring import in_force
from limner.evals.specification import Asked
from limner.store.repository import Store
from limner.store.sqlite import DATABASE_FILE

NUM_PROMPTS, QUICK_PROMPTS = 1000, 6
NUM_RESUMED, QUICK_RESUMED = 100, 8
NUM_RESCORED, QUICK_RESCORED = 100, 6
NUM_KILLS, QUICK_KILLS = 10, 2
MOST_SECONDS_BEFORE_KILL = 3.0
CHECKS = ("integrity", "concept", "colour", "ground", "count", "position", "style", "atoms")
SEEDS = (1000, 1001, 1002, 1003)


def measure_run_time(is_quick: bool) -> Measurement:
    """Minutes of `limner eval run` on 1,000 prompts with 4 seeds, drawn and scored by 8 checks.

    From the start of the command to its end. Quick draws 6 prompts and tells their minutes.
    """
    num = QUICK_PROMPTS if is_quick else NUM_PROMPTS
    with _folder() as home:
        began = time.perf_counter()
        document = _run(home, num)
        minutes = (time.perf_counter() - began) / 60
    num_pictures = document["num_pictures"]
    print(
        f"{num} prompts, {num_pictures} pictures in {minutes:.2f} minutes, "
        f"{60 * minutes / num_pictures:.2f} s a picture"
    )
    return Measurement(value=round(minutes, 2), n=num_pictures)


def measure_resume(is_quick: bool) -> Measurement:
    """Faults of a run that is killed with SIGKILL ten times and goes on each time.

    A run of 100 prompts with 4 seeds is killed at a random moment within three seconds after it
    stored some case, and the command given again; the last time it comes to its end. A fault is:
    a score that is not what an uninterrupted run says of the same picture, one too many or too
    few, other numbers, or a second run in place of the first.
    """
    num = QUICK_RESUMED if is_quick else NUM_RESUMED
    num_kills = QUICK_KILLS if is_quick else NUM_KILLS
    rng = np.random.default_rng(20261124)
    with _folder() as home:
        whole = _run(home, num)
        expected = _scores(home, whole["run"])
    with _folder() as home:
        killed = sum(_killed(home, num, rng) for _ in range(num_kills))
        resumed = _run(home, num)
        found = _scores(home, resumed["run"])
        num_runs = len(_store_runs(home))
    faults = len(set(expected.items()) ^ set(found.items()))
    faults += whole["results_sha256"] != resumed["results_sha256"]
    faults += num_runs != 1
    print(f"{killed} kills while it drew; {len(found)} scores, {faults} faults")
    return Measurement(value=float(faults), n=killed)


def measure_rescoring(is_quick: bool) -> Measurement:
    """Scores that come out otherwise when a stored run is scored again by a new process.

    A run of 100 prompts with 4 seeds and 8 checks; counted are scores that differ or are missing,
    and other numbers of the whole.
    """
    with _folder() as home:
        run = _run(home, QUICK_RESCORED if is_quick else NUM_RESCORED)
        again = _limner(home, "eval", "score", run["run"], "--json")
        shown = _limner(home, "eval", "show", run["run"], "--json")
    faults = again["num_changed"] + again["num_new"] + again["num_lost"]
    faults += run["results_sha256"] != shown["results_sha256"]
    print(f"{again['num_scores']} scores made again, {faults} came out otherwise")
    return Measurement(value=float(faults), n=again["num_scores"])


def prompts_of(num: int) -> list[Asked]:
    """Specified prompts, the same for the same number: of all kinds, then plain concepts."""
    kinds = [
        specification.seen_concepts(),
        specification.coloured_things(),
        specification.grounds(),
        specification.counted_things(),
        specification.placed_pairs(),
        specification.styled_things(EMOJI_STYLES),
        [Asked(prompt=named(one), concept=one) for one in specification.concepts()],
    ]
    found = list(dict.fromkeys(one for kind in kinds for one in kind))
    return [found[k * len(found) // num] for k in range(num)]


def suite_text(num: int) -> str:
    """A suite of so many prompts, as a file."""
    cases = [
        {"id": f"case-{number:04}", **asked.to_document()}
        for number, asked in enumerate(prompts_of(num))
    ]
    head = {
        "format": "limner.suite/1",
        "name": "many",
        "version": "1",
        "question": "How long does it take?",
        "owner": "Limner",
        "seeds": SEEDS,
        "checks": CHECKS,
        "cases": cases,
    }
    lines = (f"{key}: {json.dumps(value)}" for key, value in head.items())
    return "\n".join((*lines, "review_by: 2027-05-24", ""))


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _run(home: Path, num: int) -> Mapping[str, Any]:
    return _limner(home, *_asked(home, num))


def _asked(home: Path, num: int) -> tuple[str, ...]:
    file = home / "many.yaml"
    file.write_text(suite_text(num), encoding="utf-8")
    return "eval", "run", str(file), "--json"


def _environment(home: Path) -> dict[str, str]:
    return {**os.environ, "LIMNER_HOME": str(home / "home")}


def _limner(home: Path, *arguments: str) -> Mapping[str, Any]:
    command = [sys.executable, "-m", "limner", *arguments]
    done = subprocess.run(
        command, env=_environment(home), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def _killed(home: Path, num: int, rng: np.random.Generator) -> bool:
    """Run until a further case is stored and a moment more, then kill; whether it was drawing."""
    before = _num_stored(home)
    command = [sys.executable, "-m", "limner", *_asked(home, num)]
    process = subprocess.Popen(
        command, env=_environment(home), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while process.poll() is None and _num_stored(home) == before:
        time.sleep(0.1)
    time.sleep(rng.uniform(0, MOST_SECONDS_BEFORE_KILL))
    is_drawing = process.poll() is None
    if is_drawing:
        process.send_signal(signal.SIGKILL)
    process.wait()
    return is_drawing


def _num_stored(home: Path) -> int:
    """Pictures of runs that are committed; read beside the process, which is left alone."""
    database = home / "home" / DATABASE_FILE
    if not database.exists():
        return 0
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        try:
            return connection.execute("SELECT count(*) FROM eval_pictures").fetchone()[0]
        except sqlite3.OperationalError:  # its tables are not made yet
            return 0


def _store_runs(home: Path) -> list[str]:
    with _opened(home) as store:
        return [one.run_id for one in store.runs.newest()]


def _scores(home: Path, run_id: str) -> dict[tuple[object, ...], tuple[object, ...]]:
    with _opened(home) as store:
        return {_place(one): one.said for one in in_force(store.runs.scores(run_id))}


def _place(score: RunScore) -> tuple[object, ...]:
    return (*score.spot, score.check)


@contextmanager
def _opened(home: Path) -> Iterator[Store]:
    store = Store.open(home / "home")
    try:
        yield store
    finally:
        store.close()
