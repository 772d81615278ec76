"""`limner upscale`: what it writes, what it says, what it refuses."""

import json

import numpy as np
import pytest
from PIL import Image as PillowImage

from limner.studio.image_file import read_texts


def test_a_picture_is_doubled_by_the_method_that_is_named(limner, photo):
    answer = limner("upscale", str(photo), "--json")
    told = json.loads(answer.stdout)
    assert (told["width_px"], told["height_px"], told["method"]) == (80, 60, "lanczos")
    with PillowImage.open(told["path"]) as enlarged, PillowImage.open(photo) as before:
        expected = before.convert("RGBA").resize((80, 60), PillowImage.Resampling.LANCZOS)
        assert np.array_equal(np.asarray(enlarged), np.asarray(expected))
        texts = read_texts(enlarged)
    assert (texts.own["method"], texts.own["factor"]) == ("lanczos", 2)
    assert texts.parameters == "Postprocess upscale by: 2, Postprocess upscaler: lanczos"


def test_it_says_that_the_copy_has_no_credential(limner, photo):
    assert "carries no credential" in limner("upscale", str(photo)).stderr


def test_four_times_by_the_shipped_head(limner, photo):
    told = json.loads(
        limner("upscale", str(photo), "--by", "4", "--method", "enlarge-head", "--json").stdout
    )
    assert (told["width_px"], told["height_px"]) == (160, 120)
    with PillowImage.open(told["path"]) as enlarged:
        assert sorted(read_texts(enlarged).own["ingredients"]) == ["enlarge.bin", "enlarge.xml"]


def test_a_copy_is_no_picture_that_can_be_redrawn(limner, photo):
    path = limner("upscale", str(photo)).stdout.strip()
    shown = limner("show", path)
    assert (shown.exit_code, "recipe from" in shown.stdout) == (0, False)


def test_white_is_laid_under_a_jpeg(limner, tmp_path):
    clear = tmp_path / "clear.png"
    PillowImage.new("RGBA", (8, 8), (0, 0, 0, 0)).save(clear)
    answer = limner("upscale", str(clear), "--out", "white.jpg")
    assert "white was laid under" in answer.stderr
    with PillowImage.open("white.jpg") as enlarged:
        assert enlarged.getpixel((3, 3)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--by", "3"], "Unknown factor '3'; allowed are 2, 4."),
        (["--method", "magic"], "Unknown method 'magic'; allowed are lanczos, enlarge-head."),
    ],
)
def test_what_cannot_be_done_is_refused(limner, photo, options, sentence):
    answer = limner("upscale", str(photo), *options)
    assert (answer.exit_code, sentence in answer.stderr) == (2, True)


def test_a_copy_that_would_be_too_large_is_refused(limner, tmp_path):
    large = tmp_path / "large.png"
    PillowImage.new("RGB", (3000, 2000)).save(large)
    answer = limner("upscale", str(large), "--by", "4")
    assert (answer.exit_code, "would be 12000x8000" in answer.stderr) == (2, True)
