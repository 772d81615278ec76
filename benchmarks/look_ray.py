"""Looking on a Ray cluster of this machine: the rows it gives beside those of processes.

While the run goes on one of its workers is killed. Needs the extra `ray`.
"""

from __future__ import annotations

import os
import signal
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.figure import Measurement
from benchmarks.look_scale import write_pictures
from limner.app import open_looker, wire_parts
from limner.core.settings import read_settings
from limner.executors.pool import num_cores
from limner.studio.look.looker import Asked
from limner.studio.look.rows import rows_of
from limner.studio.look.run import begin_look, look

NUM_PICTURES = 300
WORKER = "ray::"  # what the command line of a worker with work begins with
VARYING = ("seconds", "near")  # near copies are those that came before, in whatever order


def measure_look_ray(is_quick: bool) -> Measurement:
    """Rows that are others on Ray, with a worker killed at a third of the run, than without."""
    num = 12 if is_quick else NUM_PICTURES
    with TemporaryDirectory() as folder:
        place = Path(folder, "in")
        write_pictures(place, num)
        (place / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n cut off")
        here = looked(Path(folder, "here"), place)
        there = looked(Path(folder, "ray"), place, kill_at=num // 3)
    differing = [name for name in {*here, *there} if here.get(name) != there.get(name)]
    print(f"{len(here)} rows here, {len(there)} on Ray", file=sys.stderr)
    return Measurement(value=len(differing), n=len(here))


def looked(home: Path, place: Path, *, kill_at: int | None = None) -> dict[str, dict[str, Any]]:
    """What a look finds, by name; on Ray where a worker is to be killed after so many rows."""
    settings = read_settings(default_home=home, environment={})
    parts, on_ray = wire_parts(settings), kill_at is not None
    opening = partial(open_looker, settings, Asked())
    run = begin_look(parts, [place], Asked(), opening().sha256)
    told = look(parts, run, opening, num_processes=num_cores(), on_ray=on_ray)
    for number, _ in enumerate(told):
        if number == kill_at:
            kill_a_worker()
    rows = {row.item.name: row.document for row in rows_of(parts, run.run_id)}
    parts.close()
    for row in rows.values():
        for key in (*VARYING, "number"):
            row.pop(key, None)
        for result in row.get("results", ()):
            result.pop("seconds", None)
    return rows


def kill_a_worker() -> int:
    """Kill one worker of Ray on this machine, and only ones with this process's files open."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            line = (folder / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if line.startswith(f"{WORKER}Map") or line.startswith(f"{WORKER}_MapWorker"):
            os.kill(int(folder.name), signal.SIGKILL)
            print(f"killed {line.strip(chr(0))[:60]!r}", file=sys.stderr)
            return int(folder.name)
    raise RuntimeError("No worker of Ray is at work on this machine.")
