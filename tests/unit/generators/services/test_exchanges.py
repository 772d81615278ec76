"""What real services answered, byte for byte: ComfyUI, and stable-diffusion.cpp's server."""

import pytest
from exchange_cases import CASES
from exchanges import FOLDER, replayed

pytest.importorskip("websockets", reason="pip install 'limner[comfyui]'")


def test_every_case_was_recorded():
    assert {one.stem for one in FOLDER.glob("*.json")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_real_service_is_understood(name):
    with replayed(name) as replay:
        CASES[name](replay.url, lambda: None)
