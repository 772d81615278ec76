"""Engines of tests can be imported in processes of their own."""

import os
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[3]


@pytest.fixture(scope="module", autouse=True)
def path():
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(TESTS)
    yield
    os.environ.pop("PYTHONPATH")
    if before is not None:
        os.environ["PYTHONPATH"] = before
