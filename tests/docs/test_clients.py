"""The Python of docs/clients.md, run as it stands against a running server."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from contract.running import serving
from painted_limner import WHOLE
from PIL import Image as PillowImage

PAGE = Path(__file__).parents[2] / "docs" / "clients.md"


def snippets():
    return re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("home"), WHOLE) as found:
        yield found


def run(program, folder, running):
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=os.environ | {"LIMNER_URL": running.url, "LIMNER_TOKEN": running.token()},
        capture_output=True,
        text=True,
        timeout=240,
    )


def test_every_snippet_of_the_openai_sdk_runs(running, tmp_path):
    mask_HWC = np.full((512, 512, 4), 255, np.uint8)
    mask_HWC[:100, :, 3] = 0
    PillowImage.fromarray(mask_HWC).save(tmp_path / "mask.png")
    ran = run("\n".join(snippets()[:3]), tmp_path, running)
    assert ran.returncode == 0, ran.stderr
    with PillowImage.open(tmp_path / "fox.png") as drawn:
        assert drawn.size == (512, 512)
    assert "image_generation.completed" in ran.stdout


def test_the_snippet_of_the_web_ui_runs(running, tmp_path):
    ran = run(snippets()[3], tmp_path, running)
    assert ran.returncode == 0, ran.stderr
    assert '"all_seeds": [7]' in ran.stdout
