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

NUM_PICTURES = 60
WORKER = "ray::MapWorker"  # what its command line begins with while it has work
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
    for name in differing:
        print(name, _differences(here.get(name, {}), there.get(name, {})), file=sys.stderr)
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


def _differences(here: dict[str, Any], there: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    names = {*here, *there}
    return {
        one: (here.get(one), there.get(one)) for one in names if here.get(one) != there.get(one)
    }


def kill_a_worker() -> None:
    """Kill one worker of the cluster that this process has started."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            command = (folder / "cmdline").read_bytes().decode(errors="replace")
            is_own = _parent_of(_parent_of(int(folder.name))) == os.getpid()
        except OSError:  # it has ended since
            continue
        if is_own and command.startswith(WORKER):
            os.kill(int(folder.name), signal.SIGKILL)
            print(f"killed {command.strip(chr(0))!r}", file=sys.stderr)
            return
    raise RuntimeError("No worker of Ray is at work.")


def _parent_of(pid: int) -> int:
    """Linux only; the name of the process, which may hold anything, ends with the last bracket."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
