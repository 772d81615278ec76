"""A folder with every kind of file, looked at once by the real checks."""

import io
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from limner.app import open_looker, wire_parts
from limner.core.settings import read_settings
from limner.studio.look.looker import Asked
from limner.studio.look.run import begin_look, look

CRITERIA = """
format: limner.criteria/1
name: incoming
owner: tests
review_by: 2099-01-01
impact_tiers: {low: 1}
default_impact: low
second_reviewer: []
may_requester_review: true
always_review: []
audit: {released: 0, refused: 0}
criteria:
  - {id: terms, question: "Is it clean?", about: request, check: terms, version: "1",
     fail: refuse, unsure: hold, error: hold}
  - {id: whole, question: "Is it whole?", about: image, check: integrity, version: "1",
     fail: refuse, unsure: refuse, error: refuse}
  - {id: light, question: "Is it light enough?", about: image, check: exposure, version: "1",
     fail: hold, unsure: hold, error: hold}
"""


def textured(seed: int, dim: float = 1.0) -> PillowImage.Image:
    """A picture with something in it, of 96 x 80 pixels."""
    rng = np.random.default_rng(seed)
    rough = PillowImage.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8)).resize((96, 80))
    return PillowImage.fromarray((np.asarray(rough) * dim).astype(np.uint8))


def write_folder(folder: Path) -> None:
    """Two good pictures, one nearly the same, one dark, one flat, one in a zip, and bad ones."""
    folder.mkdir()
    textured(1).save(folder / "good.png")
    textured(1).save(folder / "nearly.jpg", quality=70)
    textured(2, dim=0.1).save(folder / "dark.png")
    PillowImage.new("RGB", (64, 64), "red").save(folder / "flat.png")
    (folder / "again.png").write_bytes((folder / "good.png").read_bytes())
    (folder / "cut.png").write_bytes((folder / "good.png").read_bytes()[:900])
    (folder / "notes.txt").write_text("no picture")
    buffer = io.BytesIO()
    textured(3).save(buffer, "PNG")
    with zipfile.ZipFile(folder / "more.zip", "w") as archive:
        archive.writestr("inner.png", buffer.getvalue())


@pytest.fixture(scope="session")
def criteria() -> str:
    """Criteria that release what is whole and light enough."""
    return CRITERIA


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("look") / "in"
    write_folder(made)
    return made


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory):
    home = tmp_path_factory.mktemp("home")
    (home / "criteria.yaml").write_text(CRITERIA)
    opened = wire_parts(read_settings(default_home=home, environment={"LIMNER_CRITERIA": "auto"}))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def look_at(parts) -> Callable:
    """Look at paths: what was told, by the last part of its name, and the run."""
    opening = partial(open_looker, parts.settings, Asked())
    sha256 = opening().sha256

    def run(*paths: Path):
        begun = begin_look(parts, paths, Asked(), sha256)
        told = look(parts, begun, opening, num_processes=1)
        return {Path(one.name).name: one for one in told}, begun

    return run


@pytest.fixture(scope="module")
def first(look_at, folder):
    return look_at(folder)
