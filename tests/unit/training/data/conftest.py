import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[4]))

from training.data import manifest
from training.data.manifest import Row


@pytest.fixture(scope="session")
def rows() -> list[Row]:
    """The committed manifest."""
    return manifest.read()


@pytest.fixture(scope="session")
def make_row():
    """A row with plain values, but for what a test says."""

    def make(index=0, **changes):
        values = {
            "index": index,
            "picture": f"set/{index}",
            "package": "set",
            "version": "1",
            "package_sha256": "0" * 64,
            "icon": str(index),
            "author": "somebody",
            "licence": "MIT",
            "render_sha256": f"{index:064d}",
            "style": "flat",
            "concept": "apple",
            "group": "food-drink/food-fruit",
            "keywords": ("fruit", "food"),
            "colours": ("red",),
            "split": "train",
        }
        return Row(**{**values, **changes})

    return make
