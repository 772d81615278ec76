"""The real command line with the real weights, each run in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image as PillowImage

from limner.generators.embedded.weights import CARD_FILE, PACKAGED


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("acceptance")


@pytest.fixture(scope="module")
def limner(folder):
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "limner", *arguments],
            cwd=folder,
            env=os.environ | {"LIMNER_HOME": str(folder / "home")},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


@pytest.fixture(scope="module")
def apple(limner, folder) -> Path:
    """One picture, drawn by the embedded model."""
    finished = limner("generate", "a red apple", "--seed", "1", "--out", "apple.png")
    assert finished.returncode == 0, finished.stderr
    return folder / "apple.png"


def printed(finished) -> list[dict]:
    return [json.loads(line) for line in finished.stdout.splitlines()]


def test_generate_draws_a_picture_of_256_pixels(apple):
    with PillowImage.open(apple) as picture:
        assert (picture.size, picture.mode) == ((256, 256), "RGBA")


def test_show_names_the_model_that_drew_it(apple, limner):
    (shown,) = printed(limner("show", str(apple), "--json"))
    assert shown["recipe"]["generator"] == "limner-icons"


def test_redraw_draws_the_same_picture(apple, limner):
    (redrawn,) = printed(limner("redraw", str(apple), "--json"))
    comparison = redrawn["comparison"]
    assert comparison["psnr_db"] is None or comparison["psnr_db"] > 45


def test_redraw_draws_in_the_precision_it_was_drawn_in(limner, folder, monkeypatch):
    monkeypatch.setenv("LIMNER_PRECISION", "f32")
    limner("generate", "a red apple", "--seed", "4", "--out", "exact.png")
    monkeypatch.delenv("LIMNER_PRECISION")
    (redrawn,) = printed(limner("redraw", "exact.png", "--json"))
    assert redrawn["comparison"]["changes"] == []


def test_a_picture_of_a_deterministic_batch_is_drawn_alone_byte_for_byte(limner, folder):
    limner("generate", "a blue car", "--seed", "5", "--n", "3", "--deterministic", "--out", "cars")
    limner("generate", "a blue car", "--seed", "7", "--deterministic", "--out", "alone.png")
    third = folder / "cars" / "a-blue-car-7.png"
    assert third.read_bytes() == (folder / "alone.png").read_bytes()


def test_a_transparent_background_leaves_corners_transparent(limner, folder):
    arguments = ["--seed", "2", "--background", "transparent", "--out", "clear.png"]
    limner("generate", "a yellow banana", *arguments)
    with PillowImage.open(folder / "clear.png") as picture:
        assert min(picture.getpixel(place)[3] for place in ((0, 0), (255, 0), (0, 255))) < 32


def test_a_colour_is_laid_exactly_under_a_transparent_picture(limner, folder):
    arguments = ["--seed", "2", "--background", "#123456", "--out", "blue.png"]
    limner("generate", "a yellow banana", *arguments)
    with PillowImage.open(folder / "blue.png") as picture:
        assert picture.getextrema()[3] == (255, 255)


def test_repainting_keeps_what_the_mask_keeps(apple, limner, folder, monkeypatch):
    monkeypatch.setenv("LIMNER_MARK", "false")  # a mark is in all of the picture
    mask = PillowImage.new("L", (256, 256), 0)
    mask.paste(255, (128, 0, 256, 256))
    mask.save(folder / "mask.png")
    finished = limner(
        "generate",
        "a green apple",
        "--image",
        str(apple),
        "--mask",
        "mask.png",
        "--out",
        "half.png",
    )
    assert finished.returncode == 0, finished.stderr
    with PillowImage.open(apple) as before, PillowImage.open(folder / "half.png") as after:
        left = (0, 0, 128, 256)
        assert before.crop(left).tobytes() == after.crop(left).tobytes()


def test_an_over_long_prompt_is_refused_with_the_number_of_tokens_kept(limner):
    finished = limner("generate", "fox " * 200)
    assert finished.returncode == 2
    assert "tokens" in finished.stderr


def test_a_prompt_that_is_not_text_is_refused(limner):
    finished = limner("generate", b"\xff\xfe fox")
    assert finished.returncode == 2
    assert r"The prompt holds '\udcff' at position 1" in finished.stderr


def test_every_style_of_the_card_is_listed(limner):
    card = json.loads((PACKAGED / CARD_FILE).read_text())
    assert limner("styles").stdout.split() == list(card["styles"])


def test_a_grid_of_styles_is_one_sheet(limner, folder):
    first, second = limner("styles").stdout.split()[:2]
    finished = limner(
        "grid", "a rocket", "--x", f"style={first},{second}", "--seed", "1", "--out", "grid.png"
    )
    assert (finished.returncode, (folder / "grid.png").is_file()) == (0, True), finished.stderr
