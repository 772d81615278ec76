"""Engines of tests can be imported in processes of their own, and the code that is tested too."""

import os
from pathlib import Path

import pytest

import limner
from limner.generators.process import generator as process_generator

TESTS = Path(__file__).parents[3]
CODE = Path(limner.__file__).parents[1]


@pytest.fixture(scope="module", autouse=True)
def path():
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(TESTS), str(CODE)])
    yield
    os.environ.pop("PYTHONPATH")
    if before is not None:
        os.environ["PYTHONPATH"] = before


@pytest.fixture(autouse=True)
def looks_often(monkeypatch):
    """Whether a drawing was cancelled is looked at so often that no test waits for it."""
    monkeypatch.setattr(process_generator, "POLL_SECONDS", 0.01)
