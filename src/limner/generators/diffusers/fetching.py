"""A pipeline of the hub, fetched whole: safetensors and settings only, nothing that could run.

``python -m limner.generators.diffusers.fetching NAME FOLDER`` runs where the engine lives, which
has the hub's library; who asks needs none.
"""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from limner.core.errors import BadInput, GeneratorUnavailable

PREFIX = "hub:"
KINDS = ("*.json", "*.safetensors", "*.txt", "*.model", "*.md")
FETCHED = 0
NOT_INSTALLED = 3

_NAME = re.compile(r"[\w.-]+/[\w.-]+")


def hub_name_of(location: str) -> str:
    """``OWNER/NAME`` of a location ``hub:OWNER/NAME``; empty of any other.

    Raises:
        BadInput: what follows ``hub:`` is no such name.
    """
    if not location.startswith(PREFIX):
        return ""
    name = location.removeprefix(PREFIX)
    if _NAME.fullmatch(name) is None or ".." in name:
        raise BadInput(f"The location is {location!r}; allowed is {PREFIX}OWNER/NAME.")
    return name


def fetch_pipeline(name: str, folder: Path, python: Path | None) -> None:
    """Fetch a pipeline into a folder; run again, it goes on where it stopped.

    Args:
        name: ``OWNER/NAME``.
        folder: it goes into.
        python: interpreter of the environment the engine lives in; ``None`` for this one.

    Raises:
        GeneratorUnavailable: the hub's library is not there.
        BadInput: the hub does not give it.
    """
    interpreter = str(python or sys.executable)
    module = "limner.generators.diffusers.fetching"
    ran = subprocess.run(
        [interpreter, "-m", module, name, str(folder)], capture_output=True, text=True, check=False
    )
    if ran.returncode == NOT_INSTALLED:
        raise GeneratorUnavailable(
            "Fetching from the hub needs huggingface_hub, which cannot be imported here.",
            hint=f"{interpreter} -m pip install 'limner[diffusers]'",
        )
    if ran.returncode != FETCHED:
        last = (ran.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        raise BadInput(
            f"The model {name!r} could not be fetched from the hub: {last[:300]}",
            hint="See that the name is right and the hub can be reached, or name a folder.",
        )


def main(arguments: list[str]) -> int:
    """Fetch; what went wrong is one line."""
    name, folder = arguments
    try:
        hub: Any = import_module("huggingface_hub")
    except ImportError:
        return NOT_INSTALLED
    try:
        hub.snapshot_download(name, local_dir=folder, allow_patterns=list(KINDS))
    except Exception as error:  # noqa: BLE001 - the library's and its transport's, of many kinds
        sys.stderr.write(f"{type(error).__name__}: {' '.join(str(error).split())}\n")
        return 1
    return FETCHED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
