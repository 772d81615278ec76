"""Processes killed between blob, row, entry and commit: all of an image is there, or nothing.

The child kills itself at a named point, so that every point is met every time.
"""

import signal
import subprocess
import sys

import pytest

from limner.store.repository import Store

CHILD = """
import os, signal, sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from recipes import RECIPE
from limner.core.hashing import sha256_of_bytes
from limner.core.recipe import ImageRecord
from limner.core.records import Size
from limner.store import blobs, repository
from limner.store.ledger import images, ledger

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def after(function):
    def run(*arguments, **named):
        function(*arguments, **named)
        die()
    return run

store = repository.Store.open(Path(sys.argv[1]))
content = b"first"
def add(content):
    store.add_image(ImageRecord(
        image_id=sha256_of_bytes(content), pixels_sha256="sha256:00", file_format="png",
        num_bytes=len(content), size=Size(64, 64), created_at=datetime(2026, 1, 1, tzinfo=UTC),
        seconds=0.5, recipe=RECIPE), content)

add(b"first")
match sys.argv[2]:
    case "intent":
        blobs.write_new = after(blobs.write_new)
    case "blob":
        blobs.BlobFolder.add = after(blobs.BlobFolder.add)
    case "row":
        repository.append_image = die
    case "entry":
        repository.append_image = after(repository.append_image)
    case "commit":
        blobs.BlobFolder.settle = die
    case "settled":
        ledger.Ledger.sign_if_due = die
    case "erasing":
        blobs.BlobFolder.unsettle = after(blobs.BlobFolder.unsettle)
    case "erased":
        repository.Store.clear_unsettled = die
    case "erased file":
        repository.empty_log = die
if sys.argv[2].startswith("eras"):
    store.erase_image(sha256_of_bytes(b"first"), reason="person_asked",
                      recorded_at=datetime(2026, 1, 1, tzinfo=UTC))
else:
    add(b"second")
sys.exit("was not killed")
"""


@pytest.fixture
def killed_at(home, request):
    """What a process that died at this point leaves, when the store is opened again."""
    opened = []

    def killed_at(point: str) -> Store:
        ran = subprocess.run(
            [sys.executable, "-c", CHILD, str(home), point],
            env={"PYTHONPATH": str(request.config.rootpath / "tests")},
            capture_output=True,
            text=True,
        )
        assert ran.returncode == -signal.SIGKILL, ran.stderr
        opened.append(Store.open(home))
        return opened[-1]

    yield killed_at
    for one in opened:
        one.close()


@pytest.mark.parametrize("point", ["intent", "blob", "row", "entry"])
def test_killed_before_the_commit_nothing_of_the_image_is_there(killed_at, point):
    store = killed_at(point)
    found = store.ledger.reconcile()
    assert (found.gaps, found.num_images, found.num_entries) == ((), 1, 1)


@pytest.mark.parametrize("point", ["commit", "settled"])
def test_killed_after_the_commit_all_of_the_image_is_there(killed_at, point):
    store = killed_at(point)
    found = store.ledger.reconcile()
    assert (found.gaps, found.num_images, found.num_entries) == ((), 2, 2)


@pytest.mark.parametrize("point", ["intent", "blob", "row", "entry", "commit", "settled"])
def test_wherever_it_was_killed_the_ledger_holds(killed_at, point):
    assert killed_at(point).ledger.verify().faults == ()


def test_killed_before_an_erasure_is_committed_the_image_stays(killed_at):
    found = killed_at("erasing").ledger.reconcile()
    assert (found.gaps, found.num_images, found.num_erased) == ((), 1, 0)


@pytest.mark.parametrize("point", ["erased", "erased file"])
def test_killed_after_an_erasure_is_committed_the_image_is_gone(killed_at, point):
    found = killed_at(point).ledger.reconcile()
    assert (found.gaps, found.num_images, found.num_erased) == ((), 0, 1)
