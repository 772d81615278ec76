"""`limner upscale`: the copy is judged, sealed and written down; what cannot be done is refused."""

import json

import numpy as np
import pytest
from onnx_graphs import repeating_graph
from painted_limner import WHOLE
from PIL import Image as PillowImage
from typer.testing import CliRunner

from limner.app import Studio
from limner.faces.cli import app_for
from limner.studio.image_file import read_texts


def test_a_picture_is_doubled_and_sealed_with_its_origin(limner, photo):
    told = json.loads(limner("upscale", str(photo), "--json").stdout)
    assert (told["width_px"], told["height_px"], told["outcome"]) == (80, 60, "released")
    with PillowImage.open(told["path"]) as enlarged, PillowImage.open(photo) as before:
        expected = before.convert("RGBA").resize((80, 60), PillowImage.Resampling.LANCZOS)
        assert np.array_equal(np.asarray(enlarged), np.asarray(expected))
        texts = read_texts(enlarged)
    assert (texts.own["operation"], texts.own["generator"]) == ("enlarge", "lanczos")
    assert "Postprocess upscaler: lanczos" in texts.parameters
    verified = json.loads(limner("verify", told["path"], "--json").stdout)
    claims = verified["claims"]
    assert claims["source_type"] == "algorithmicallyEnhanced"
    assert [one["relationship"] for one in claims["ingredients"]] == ["parentOf"]


def test_a_copy_of_a_drawing_says_that_it_was_drawn(limner):
    drawn = json.loads(limner("generate", "a red fox", "--json").stdout)
    told = json.loads(limner("upscale", drawn["path"], "--json").stdout)
    with PillowImage.open(told["path"]) as enlarged:
        assert read_texts(enlarged).own["prompt"] == "a red fox"
    verified = json.loads(limner("verify", told["path"], "--json").stdout)
    assert verified["claims"]["source_type"] == "compositeWithTrainedAlgorithmicMedia"


def test_four_times_by_the_shipped_head(limner, photo):
    told = json.loads(
        limner("upscale", str(photo), "--by", "4", "--model", "enlarge-head", "--json").stdout
    )
    assert (told["width_px"], told["height_px"]) == (160, 120)
    with PillowImage.open(told["path"]) as enlarged:
        assert sorted(read_texts(enlarged).own["ingredients"]) == ["enlarge.bin", "enlarge.xml"]


def test_a_copy_can_be_made_again_to_the_same_pixels(limner, photo):
    path = limner("upscale", str(photo), "--quiet").stdout.strip()
    again = limner("redraw", path)
    assert (again.exit_code, "same" in again.stdout) == (0, True)


def test_white_is_laid_under_a_jpeg(limner, tmp_path):
    clear = tmp_path / "clear.png"
    PillowImage.new("RGBA", (8, 8), (0, 0, 0, 0)).save(clear)
    shape = PillowImage.open(clear)
    shape.paste((200, 0, 0, 255), (4, 4, 8, 8))
    shape.save(clear)
    answer = limner("upscale", str(clear), "--out", "white.jpg")
    assert "white was laid under" in answer.stderr
    with PillowImage.open("white.jpg") as enlarged:
        assert min(enlarged.getpixel((2, 2))) > 245


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--by", "3"], "Unknown factor '3'; allowed are 2, 4."),
        (["--model", "magic"], "Unknown model 'magic'; allowed are lanczos, enlarge-head."),
        (["--model", "painted"], "Unknown model 'painted'; allowed are lanczos, enlarge-head."),
    ],
)
def test_what_cannot_be_done_is_refused(limner, photo, options, sentence):
    answer = limner("upscale", str(photo), *options)
    assert (answer.exit_code, sentence in answer.stderr) == (2, True)


def test_what_only_enlarges_draws_nothing(limner):
    answer = limner("generate", "a red fox", "--model", "lanczos")
    assert (answer.exit_code, "draws nothing from a prompt" in answer.stderr) == (2, True)


def test_a_copy_that_would_be_too_large_is_refused(limner, tmp_path):
    large = tmp_path / "large.png"
    PillowImage.new("RGB", (3000, 2000)).save(large)
    answer = limner("upscale", str(large), "--by", "4")
    assert (answer.exit_code, "would be 12000x8000" in answer.stderr) == (2, True)


def test_a_graph_of_ones_own_enlarges_by_its_name(photo, tmp_path, monkeypatch):
    monkeypatch.setenv("LIMNER_CRITERIA", str(WHOLE))
    monkeypatch.setenv("LIMNER_MARK", "false")
    monkeypatch.chdir(tmp_path)

    def limner(*words):
        return CliRunner().invoke(app_for(words[0]), words, obj=lambda: Studio(tmp_path / "home"))

    (tmp_path / "repeat.onnx").write_bytes(repeating_graph(factor=4))
    answer = limner(
        "models", "add", "repeat", str(tmp_path / "repeat.onnx"), "--option", "factor=4",
        "--licence", "Apache-2.0", "--licence-source", "LICENSE",
    )  # fmt: skip
    assert answer.exit_code == 0
    told = json.loads(
        limner("upscale", str(photo), "--by", "4", "--model", "repeat", "--json").stdout
    )
    with PillowImage.open(told["path"]) as enlarged, PillowImage.open(photo) as before:
        expected_HWC = np.asarray(before.convert("RGBA")).repeat(4, axis=0).repeat(4, axis=1)
        assert np.array_equal(np.asarray(enlarged), expected_HWC)
    by_two = limner("upscale", str(photo), "--by", "2", "--model", "repeat")
    assert (by_two.exit_code, "allowed are 4" in by_two.stderr) == (2, True)
