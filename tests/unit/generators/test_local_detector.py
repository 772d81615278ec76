"""A model in a folder that finds where something is: a real graph of two halves, faults by name."""

import io
import json

import numpy as np
import pytest
from onnx_graphs import halves_graph
from PIL import Image as PillowImage
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

from limner.app import open_seer
from limner.core.errors import GeneratorUnavailable
from limner.core.looking import Findings, LabelFound
from limner.core.records import Picture
from limner.core.settings import read_settings
from limner.generators.local_detector import FILES, LocalDetector
from limner.studio.look.looker import Asked
from limner.studio.look.words import FoundByWords

VOCABULARY = {"[CLS]": 0, "[SEP]": 1, ".": 2, "a": 3, "red": 4, "green": 5, "door": 6, "?": 7}
NEVER = [-9, -9, -9]
TABLE = np.array(
    [NEVER, NEVER, [9, 9, 9], NEVER, [9, -9, -9], [-9, 9, -9], NEVER, NEVER], np.float32
)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "dino"
    made.mkdir()
    (made / "model.onnx").write_bytes(halves_graph(TABLE))
    tokenizer = Tokenizer(WordLevel(VOCABULARY, unk_token="?"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 0), ("[SEP]", 1)]
    )
    tokenizer.save(str(made / "tokenizer.json"))
    size = {"shortest_edge": 32, "longest_edge": 48}
    said = {"size": size, "image_mean": [0, 0, 0], "image_std": [1, 1, 1]}
    (made / "preprocessor_config.json").write_text(json.dumps(said))
    return made


def halves():
    """Red on the left, green on the right."""
    rgba_HWC = np.zeros((40, 60, 4), np.uint8)
    rgba_HWC[..., 3] = 255
    rgba_HWC[:, :30, 0] = rgba_HWC[:, 30:, 1] = 250
    return rgba_HWC


def jpeg():
    content = io.BytesIO()
    PillowImage.fromarray(halves()[..., :3]).save(content, "JPEG", subsampling=0)
    return content.getvalue()


@pytest.fixture
def detector(folder, tmp_path):
    settings = read_settings(default_home=tmp_path, environment={})
    return open_seer(settings, Asked(words=("red",), seer=str(folder)))


def test_each_of_the_words_is_found_where_it_is(detector):
    assert isinstance(detector, LocalDetector)
    red, green = detector.look_for(jpeg(), ["A red door.", "green"])
    (box,) = red.boxes
    assert red.score == box.score > 0.9
    assert box[:4] == (0.0, 0.0, 0.5, 1.0)
    (box,) = green.boxes
    assert box[:4] == (0.5, 0.0, 0.5, 1.0)


def test_what_is_not_there_has_a_low_score_and_no_box(detector):
    (door,) = detector.look_for(jpeg(), ["door"])
    assert door.score < 0.1
    assert door.boxes == ()


def test_boxes_come_back_with_what_was_found(detector):
    found = FoundByWords(detector, ["red"])(Picture.of(halves()))
    assert (found[0].verdict, len(found[0].boxes)) == ("unsure", 1)
    findings = Findings(labels=(*found, LabelFound("cup", "0", 0.5, "unsure")))
    document = json.loads(json.dumps(findings.to_document()))
    assert "boxes" not in document["labels"][1]
    assert Findings.from_document(document).labels == findings.labels


@pytest.mark.parametrize("name", FILES[1:])
def test_a_file_that_is_missing_or_broken_is_named(folder, detector, name):
    (folder / name).unlink()
    with pytest.raises(GeneratorUnavailable, match=f"{name}' of the model that sees") as told:
        detector.look_for(jpeg(), ["red"])
    assert told.value.code == "weights_absent"
    (folder / name).write_bytes(b"{]")
    with pytest.raises(GeneratorUnavailable, match=name):
        detector.look_for(jpeg(), ["red"])


def test_a_folder_without_weights_is_told_with_what_either_kind_needs(tmp_path):
    settings = read_settings(default_home=tmp_path, environment={})
    absent = open_seer(settings, Asked(words=("red",), seer=str(tmp_path / "nowhere")))
    with pytest.raises(GeneratorUnavailable) as told:
        absent.look_for(jpeg(), ["red"])
    assert told.value.code == "weights_absent"
    assert "vision_model.onnx" in told.value.hint
    assert "or model.onnx" in told.value.hint


def test_a_graph_that_finds_nothing_of_the_kind_is_named(folder, detector):
    from onnx_graphs import colour_graph

    (folder / "model.onnx").write_bytes(colour_graph())
    with pytest.raises(GeneratorUnavailable, match=r"model\.onnx"):
        detector.look_for(jpeg(), ["red"])
