"""Fixtures that several test files use: a studio on the painted generator, and its command line."""

import os

# Before numpy is imported: matrices here are small, and on a busy machine a product that is shared
# waits for whichever core is taken.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from collections.abc import Callable
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from painted_limner import WHOLE, painted_studio
from PIL import Image as PillowImage
from typer.testing import CliRunner, Result

from limner.core.settings import Settings, read_settings
from limner.faces.cli import app_for
from limner.store.repository import Store
from limner.testing import PaintedGenerator

RunLimner = Callable[..., Result]

# How long an example takes says something of the machine, not of the code.
hypothesis.settings.register_profile("limner", deadline=None)
hypothesis.settings.load_profile("limner")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def settings(home: Path) -> Settings:
    """Criteria that ask for a whole picture only, so that no check's network is loaded; no marks,
    which pictures of 64 pixels could not carry."""
    return read_settings(
        default_home=home, environment={"LIMNER_CRITERIA": str(WHOLE), "LIMNER_MARK": "false"}
    )


@pytest.fixture
def painter() -> PaintedGenerator:
    return PaintedGenerator()


@pytest.fixture
def studio(settings: Settings, painter: PaintedGenerator):
    with painted_studio(settings, painter) as opened:
        yield opened


@pytest.fixture
def store(home: Path):
    opened = Store.open(home)
    yield opened
    opened.close()


@pytest.fixture
def limner(
    settings: Settings, painter: PaintedGenerator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> RunLimner:
    """Run the command line in a folder of its own: ``limner("generate", "a fox").exit_code``."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def run(*arguments: str, typed: str = "") -> Result:
        return CliRunner().invoke(
            app_for(arguments[0]),
            arguments,
            input=typed,
            obj=lambda: painted_studio(settings, painter),
            catch_exceptions=False,
        )

    return run


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture file of 40x30 pixels with no two columns alike."""
    path = tmp_path / "photo.png"
    image_HWC = np.zeros((30, 40, 4), np.uint8)
    image_HWC[..., 0] = np.arange(40) * 6
    image_HWC[..., 1] = np.arange(30)[:, None] * 8
    image_HWC[..., 3] = 255
    PillowImage.fromarray(image_HWC).save(path)
    return path
