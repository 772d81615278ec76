"""A public load generator, NVIDIA's AIPerf, driving `/v1/images/generations` of `limner studio`.

AIPerf (Apache-2.0, https://github.com/ai-dynamo/aiperf) needs an environment of its own:
`pip install aiperf`, and its command in `AIPERF_COMMAND` or on the path.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any

from benchmarks.figure import Measurement
from benchmarks.serving import Served, serving
from benchmarks.traces import PROMPTS
from limner.store.counting import count_waiting_cards
from limner.store.database import open_database

COMMAND_IN = "AIPERF_COMMAND"
MISSING = (
    "AIPerf is not here: pip install aiperf in an environment of its own, "
    f"and name its command in {COMMAND_IN}."
)
CONCURRENCY, STEPS = 8, 4
SIZE = "256x256"


def measure_aiperf(is_quick: bool) -> Measurement:
    """Pictures a second that AIPerf gets, with eight of its requests always under way.

    Four steps, as in the trace of equal requests of `traffic-uniform`, which the network alone
    draws; here every picture is also marked, judged, stored, sealed and sent as base64, with the
    criteria of a new install in one run and none but a whole picture, and no mark, in the other.
    The figure is the latter. AIPerf and the server share the machine's cores.

    Raises:
        SystemExit: AIPerf is not here.
        RuntimeError: a request failed, and not because its picture is held for a person.
    """
    command = os.environ.get(COMMAND_IN) or shutil.which("aiperf")
    if command is None:
        raise SystemExit(MISSING)
    num = 40 if is_quick else 400
    rates: dict[bool, float] = {}
    for is_plain in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            home, artifacts = Path(folder, "home"), Path(folder, "aiperf")
            home.mkdir()
            with serving(home, is_plain=is_plain) as served:
                _drive(command, served, num, artifacts)
                num_held = _num_held(home)
            report = json.loads((artifacts / "profile_export_aiperf.json").read_text())
            rates[is_plain] = _rate(report, num, num_held)
            _print(report, "whole pictures only" if is_plain else "criteria of a new install")
    return Measurement(value=rates[True], n=num)


def _drive(command: str, served: Served, num: int, artifacts: Path) -> None:
    artifacts.mkdir()
    prompts = artifacts / "prompts.jsonl"
    prompts.write_text("".join(json.dumps({"text": prompt}) + "\n" for prompt in PROMPTS))
    extra = {"response_format": "b64_json", "num_inference_steps": STEPS, "size": SIZE}
    options = {
        "--model": "default",
        "--endpoint-type": "image-generation",
        "--url": served.url,
        "--api-key": served.token("aiperf"),
        "--input-file": prompts,
        "--custom-dataset-type": "single_turn",
        "--tokenizer": _tokenizer(artifacts / "tokenizer"),
        "--concurrency": CONCURRENCY,
        "--request-count": num,
        "--warmup-request-count": 2 * CONCURRENCY,
        "--artifact-dir": artifacts,
        "--ui": "none",
    }
    arguments = [part for name, value in options.items() for part in (name, str(value))]
    for name, value in extra.items():
        arguments += ["--extra-inputs", f"{name}:{value}"]
    made = subprocess.run([command, "profile", *arguments], capture_output=True, text=True)
    if made.returncode:
        raise RuntimeError(f"AIPerf ended with {made.returncode}: {made.stdout[-2000:]}")


def _tokenizer(folder: Path) -> Path:
    """The tokenizer of the model inside, as AIPerf reads one from a folder; it counts words."""
    folder.mkdir()
    weights = files("limner.generators.embedded") / "weights"
    (folder / "tokenizer.json").write_bytes((weights / "tokenizer.json").read_bytes())
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 512}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"}))
    return folder


def _num_held(home: Path) -> int:
    engine = open_database(home)
    with engine.connect() as connection:
        num_held = count_waiting_cards(connection)
    engine.dispose()
    return num_held


def _rate(report: dict[str, Any], num: int, num_held: int) -> float:
    """Pictures a second; one that is held for a person is answered 403, which AIPerf calls failed.

    Of the requests before those that count some may be held, too.
    """
    answered = int(report["request_count"]["avg"])
    if not num - num_held <= answered <= num:
        raise RuntimeError(f"{answered} of {num} requests were answered, {num_held} held")
    return float(report["request_throughput"]["avg"])


def _print(report: dict[str, Any], what: str) -> None:
    waits = report["request_latency"]
    print(
        f"{what}: {report['request_throughput']['avg']:.1f} pictures a second, "
        f"{CONCURRENCY} requests at once wait {waits['p50']:.0f} ms (median), "
        f"{waits['p95']:.0f} (p95), {waits['p99']:.0f} (p99)"
    )
