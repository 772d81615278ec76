"""Processes that are killed, stopped, or have no room: nothing half written, nothing lost."""

import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image as PillowImage

from limner.core.hashing import sha256_of_bytes
from limner.store.repository import Store

PROGRAM = Path(__file__).parents[1] / "painted_limner.py"


@pytest.fixture
def start(home, tmp_path):
    """Start the command line on the painted generator in a process of its own."""
    started = []

    def start(*arguments: str, seconds_per_step=0.0, home=home, **options) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), *arguments],
            cwd=tmp_path,
            env=os.environ | {"LIMNER_HOME": str(home), "PAINT_SECONDS": str(seconds_per_step)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def wait_until(is_so, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it never came to this"
        time.sleep(0.005)


def count_lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def stored_blobs(home: Path) -> set[str]:
    return {
        f"sha256:{path.stem}" for path in (home / "blobs").glob("??/*") if path.suffix == ".png"
    }


def stored_rows(home: Path) -> set[str]:
    with sqlite3.connect(home / "limner.sqlite3") as connection:
        rows = connection.execute(
            "SELECT image_id FROM images UNION SELECT sealed_sha256 FROM seals"
        )
        rows = {row[0] for row in rows}
    connection.close()
    return rows


@pytest.fixture
def killed_batch(start, home, tmp_path):
    """A batch of 40 rows that was killed five times in its middle, at uneven moments."""
    rows = tmp_path / "rows.csv"
    rows.write_text("prompt,seed\n" + "".join(f"a fox,{seed}\n" for seed in range(40)))
    results = tmp_path / "rows" / "results.jsonl"
    for round_ in range(5):
        process = start("batch", "rows.csv", seconds_per_step=0.002)
        enough = 5 * round_ + 3
        wait_until(lambda: count_lines(results) >= enough)  # noqa: B023 - called in this round
        time.sleep(0.0017 * round_)
        process.send_signal(signal.SIGKILL)
        process.wait()
    return tmp_path / "rows"


def test_every_file_of_a_killed_batch_is_a_whole_picture(killed_batch):
    for path in killed_batch.glob("*.png"):
        with PillowImage.open(path) as picture:
            picture.load()
    assert len(list(killed_batch.glob("*.png"))) >= 15


def test_every_row_of_a_killed_batch_has_its_whole_blob(killed_batch, home):
    blobs = {sha256_of_bytes(path.read_bytes()) for path in (home / "blobs").glob("??/*.png")}
    assert stored_rows(home) <= blobs


def test_after_opening_again_there_is_no_blob_without_a_row(killed_batch, home):
    Store.open(home).close()
    assert stored_blobs(home) == stored_rows(home)


def test_a_killed_batch_goes_on_to_the_end(killed_batch, start, home):
    process = start("batch", "rows.csv", "--json")
    output, _ = process.communicate(timeout=120)
    statuses = [json.loads(line)["status"] for line in output.splitlines()]
    assert (process.returncode, len(statuses), set(statuses)) == (0, 40, {"done", "skipped"})
    assert len(list(killed_batch.glob("*.png"))) == 40


def test_ctrl_c_keeps_what_is_finished_and_says_so(start, tmp_path):
    process = start("generate", "a fox", "--n", "40", "--out", "foxes", seconds_per_step=0.02)
    wait_until(lambda: len(list(tmp_path.glob("foxes/*.png"))) >= 4)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    num_kept = len(list(tmp_path.glob("foxes/*.png")))
    assert process.returncode == 130
    assert f"Stopped: {num_kept} of 40 pictures are finished and kept." in errors


def test_a_disk_that_is_full_from_the_start_is_one_sentence(start):
    limit = (100, resource.RLIM_INFINITY)
    process = start(
        "generate", "a fox", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    )
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (2, "")
    assert errors.startswith("limner: Cannot use the database")
    assert "Traceback" not in errors


@pytest.fixture
def small_disk(tmp_path):
    """A file system with 1.5 MB of room; needs the right to mount one."""
    path = tmp_path / "small"
    path.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(path)]
    if os.geteuid() != 0 or subprocess.run(mounting, capture_output=True).returncode != 0:
        pytest.skip("needs the right to mount a file system")
    yield path
    subprocess.run(["umount", str(path)], check=True)


def test_a_disk_that_fills_up_is_one_sentence(small_disk, start):
    process = start("generate", "a fox", "--n", "64", "--size", "512", home=small_disk)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "full" in errors
    assert "Traceback" not in errors


def test_a_disk_that_fills_up_keeps_whole_images_only(small_disk, start):
    start("generate", "a fox", "--n", "64", "--size", "512", home=small_disk).communicate()
    blobs = {sha256_of_bytes(path.read_bytes()) for path in (small_disk / "blobs").glob("??/*.png")}
    rows = stored_rows(small_disk)
    assert 0 < len(rows) < 64
    assert rows <= blobs


def test_a_data_folder_that_cannot_be_written_is_one_sentence(start, home):
    home.write_text("a file is in the way")
    process = start("generate", "a fox")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert errors.startswith(f"limner: Cannot write '{home}'")
