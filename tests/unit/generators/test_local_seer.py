"""A model in a folder that sees: real graphs of mean colours, and what is missing said plainly."""

import io
import json

import numpy as np
import pytest
from onnx_graphs import colour_graph, words_graph
from PIL import Image as PillowImage
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from limner.core.errors import GeneratorUnavailable
from limner.generators.local_seer import FILES, LocalSeer
from limner.generators.seer_files import SeerFiles

VOCABULARY = {"a": 0, "photo": 1, "of": 2, "red": 3, "green": 4, "?": 5}
TABLE = np.array([[1, 1, 1], [1, 1, 1], [1, 1, 1], [9, -3, -3], [-3, 9, -3], [1, 1, 1]], np.float32)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "vision_model.onnx").write_bytes(colour_graph())
    (tmp_path / "text_model.onnx").write_bytes(words_graph(TABLE))
    tokenizer = Tokenizer(WordLevel(VOCABULARY, unk_token="?"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    said = {"crop_size": {"height": 32}, "image_mean": [0, 0, 0], "image_std": [1, 1, 1]}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(said))
    return tmp_path


def seer_in(folder):
    return LocalSeer(SeerFiles(folder, hint=", ".join(FILES)))


def scores_of(seer, picture, words):
    return [one.score for one in seer.look_for(picture, words)]


def jpeg(colour):
    content = io.BytesIO()
    PillowImage.new("RGB", (60, 40), colour).save(content, "JPEG")
    return content.getvalue()


def test_words_that_fit_score_high_and_others_low(folder):
    seer = seer_in(folder)
    red, green = scores_of(seer, jpeg((250, 0, 0)), ["red", "green"])
    assert red > 0.9
    assert green < 0.1
    red, green = scores_of(seer, jpeg((0, 250, 0)), ["red", "green"])
    assert red < 0.1
    assert green > 0.9


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_missing_is_named_with_what_is_needed(folder, name):
    (folder / name).unlink()
    with pytest.raises(GeneratorUnavailable, match=f"{name}' of the model that sees") as told:
        seer_in(folder).look_for(jpeg((250, 0, 0)), ["red"])
    assert told.value.code == "weights_absent"
    assert name in told.value.hint


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_broken_is_named_too(folder, name):
    (folder / name).write_bytes(b"{]")
    with pytest.raises(GeneratorUnavailable, match=name):
        seer_in(folder).look_for(jpeg((250, 0, 0)), ["red"])


def test_another_file_makes_another_seer(folder):
    before = seer_in(folder).sha256
    (folder / "text_model.onnx").write_bytes(words_graph(TABLE + 1))
    assert seer_in(folder).sha256 != before
