"""Start, drawing time, memory and size of the installed product, measured from outside.

Everything runs in fresh processes of the interpreter that runs the benchmark, with a data folder
of its own, on at most two cores. The numbers are wall times of this machine as it is: nothing is
subtracted for what else runs on it.
"""

from __future__ import annotations

import compileall
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import limner
from benchmarks.figure import Measurement, median_measurement

PROMPT = "a red apple"
NUM_CORES = 2
ROOT = Path(__file__).parents[1]

NEXT_PICTURES = """
import json, sys, time
import limner
seconds = []
with limner.Studio() as studio:
    list(studio.generate("a red apple", seed=0))
    for seed in range(1, int(sys.argv[1]) + 1):
        started = time.perf_counter()
        list(studio.generate("a red apple", seed=seed))
        seconds.append(time.perf_counter() - started)
print(json.dumps(seconds))
"""


def measure_help_start(is_quick: bool) -> Measurement:
    """Seconds from starting `limner --help` to its end, fresh processes after one warm-up."""
    with tempfile.TemporaryDirectory() as home:
        timed = [_seconds(["--help"], home) for _ in range((4 if is_quick else 20) + 1)]
    return median_measurement(timed[1:])


def measure_first_picture(is_quick: bool) -> Measurement:
    """Seconds of a whole `limner generate`, one picture at default settings, in fresh processes.

    From start to end of the process: imports, loading and checking the weights, drawing, writing
    the file and the database. The first process, which reads the files from disk and makes the
    database, is left out. The package is compiled to bytecode before, as pip leaves it.
    """
    compileall.compile_dir(Path(limner.__file__).parent, quiet=2)
    with tempfile.TemporaryDirectory() as home:
        timed = [
            _seconds(["generate", PROMPT, "--quiet", "--out", f"{home}/{number}.png"], home)
            for number in range((2 if is_quick else 10) + 1)
        ]
    return median_measurement(timed[1:])


def measure_next_picture(is_quick: bool) -> Measurement:
    """Seconds of one `Studio.generate` of one picture after the first, at default settings.

    With storing, in one process, pictures drawn one after the other.
    """
    with tempfile.TemporaryDirectory() as home:
        script = [sys.executable, "-c", NEXT_PICTURES, "4" if is_quick else "20"]
        made = subprocess.run(
            script,
            env=_environment(home),
            preexec_fn=_keep_to_cores,
            check=True,
            capture_output=True,
        )
    return median_measurement(json.loads(made.stdout.splitlines()[-1]))


def measure_peak_memory(is_quick: bool) -> Measurement:
    """Largest resident memory in MB (1e6 bytes) of a process that draws four pictures at once.

    The worst of the processes, as the kernel counted it (`ru_maxrss`).
    """
    with tempfile.TemporaryDirectory() as home:
        peaks: list[float] = []
        for number in range(1 if is_quick else 3):
            command = ["generate", PROMPT, "--n", "4", "--quiet", "--out", f"{home}/{number}/"]
            process = subprocess.Popen(
                _limner(command), env=_environment(home), preexec_fn=_keep_to_cores
            )
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            _require_success(process.returncode, command)
            peaks.append(usage.ru_maxrss * 1024 / 1e6)
    return Measurement(value=round(max(peaks), 1), n=len(peaks), interval=None)


def measure_installed_size(is_quick: bool) -> Measurement:
    """MB (1e6 bytes) that installing the built wheel adds to an empty virtual environment.

    The wheel is built from this checkout and installed with `constraints.txt` where there is one;
    the files are added up after `limner --help` has run once. Quick and full runs are the same.
    """
    with tempfile.TemporaryDirectory() as folder:
        venv = Path(folder) / "venv"
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        pip = [str(venv / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
        empty_bytes = _folder_bytes(venv)
        subprocess.run([*pip, "wheel", "--no-deps", "-w", folder, str(ROOT)], check=True)
        constraints = ROOT / "constraints.txt"
        held = ["-c", str(constraints)] if constraints.exists() else []
        wheel = next(Path(folder).glob("limner-*.whl"))
        subprocess.run([*pip, "install", *held, str(wheel)], check=True)
        subprocess.run([venv / "bin" / "limner", "--help"], check=True, stdout=subprocess.DEVNULL)
        num_bytes = _folder_bytes(venv) - empty_bytes
    return Measurement(value=round(num_bytes / 1e6, 1), n=1, interval=None)


def _seconds(arguments: Sequence[str], home: str) -> float:
    started = time.perf_counter()
    made = subprocess.run(
        _limner(arguments),
        env=_environment(home),
        preexec_fn=_keep_to_cores,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    seconds = time.perf_counter() - started
    _require_success(made.returncode, arguments)
    return seconds


def _limner(arguments: Sequence[str]) -> list[str]:
    return [str(Path(sys.executable).parent / "limner"), *arguments]


def _environment(home: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LIMNER_")}
    return {**kept, "LIMNER_HOME": f"{home}/home"}


def _keep_to_cores() -> None:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:NUM_CORES])


def _require_success(returncode: int, arguments: Sequence[str]) -> None:
    if returncode != 0:
        raise RuntimeError(f"limner {' '.join(arguments)} ended with {returncode}")


def _folder_bytes(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
