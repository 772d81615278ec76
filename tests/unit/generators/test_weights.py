import json

import numpy as np
import pytest

from limner.core.errors import GeneratorUnavailable
from limner.core.hashing import sha256_of_bytes
from limner.generators.embedded.packing import packed
from limner.generators.embedded.weights import Weights


def test_a_file_that_matches_its_hash_is_read(weights_folder):
    content = (weights_folder / "denoise.bin").read_bytes()
    assert Weights(weights_folder).read("denoise.bin") == content


def test_a_changed_file_is_refused(weights_folder):
    path = weights_folder / "text.xml"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(GeneratorUnavailable, match=r"'text\.xml' does not match its hash"):
        Weights(weights_folder).read("text.xml")


def test_a_missing_file_is_refused(weights_folder):
    (weights_folder / "decode.bin").unlink()
    with pytest.raises(GeneratorUnavailable, match=r"decode\.bin"):
        Weights(weights_folder).read("decode.bin")


def test_a_file_that_is_not_on_the_card_is_refused(weights_folder):
    (weights_folder / "more.bin").write_bytes(b"more")
    with pytest.raises(GeneratorUnavailable, match="does not match"):
        Weights(weights_folder).read("more.bin")


def test_a_missing_card_is_refused(tmp_path):
    with pytest.raises(GeneratorUnavailable, match=r"card\.json"):
        _ = Weights(tmp_path).card


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "other/1"}'])
def test_a_card_of_another_format_is_refused(tmp_path, content):
    (tmp_path / "card.json").write_text(content)
    with pytest.raises(GeneratorUnavailable, match=r"limner\.card/1"):
        _ = Weights(tmp_path).card


def test_a_card_that_lacks_something_is_refused_by_name(weights_folder):
    path = weights_folder / "card.json"
    document = json.loads(path.read_text())
    del document["time_shift"]
    path.write_text(json.dumps(document))
    with pytest.raises(GeneratorUnavailable, match="time_shift"):
        _ = Weights(weights_folder).card


def test_the_card_is_an_ingredient_too(weights_folder):
    ingredients = Weights(weights_folder).ingredients
    assert ingredients["card.json"] == sha256_of_bytes((weights_folder / "card.json").read_bytes())
    assert "denoise.bin" in ingredients


def test_the_card_in_words_is_read_where_it_is(weights_folder):
    (weights_folder / "MODEL_CARD.md").write_text("# What it cannot do\n")
    assert Weights(weights_folder).description == "# What it cannot do\n"


def test_weights_without_words_say_nothing(weights_folder):
    assert Weights(weights_folder).description == ""


def test_a_mapped_file_has_the_bytes_of_the_file(weights_folder):
    content = (weights_folder / "denoise.bin").read_bytes()
    assert Weights(weights_folder).map("denoise.bin").tobytes() == content


def test_what_is_written_into_a_mapping_never_reaches_the_file(weights_folder):
    content = (weights_folder / "denoise.bin").read_bytes()
    Weights(weights_folder).map("denoise.bin")[:] = 0
    assert (weights_folder / "denoise.bin").read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"other"])
def test_a_changed_file_is_not_mapped(weights_folder, content):
    (weights_folder / "denoise.bin").write_bytes(content)
    with pytest.raises(GeneratorUnavailable, match=r"'denoise\.bin' does not match its hash"):
        Weights(weights_folder).map("denoise.bin")


def test_a_missing_file_is_not_mapped(weights_folder):
    (weights_folder / "denoise.bin").unlink()
    with pytest.raises(GeneratorUnavailable, match=r"denoise\.bin.* cannot be read"):
        Weights(weights_folder).map("denoise.bin")


def test_a_file_that_is_not_on_the_card_is_not_mapped(weights_folder):
    (weights_folder / "more.bin").write_bytes(b"more")
    with pytest.raises(GeneratorUnavailable, match="does not match"):
        Weights(weights_folder).map("more.bin")


def with_packed_values(folder, graph="denoise"):
    """The same weights, the values of one graph in a packed file."""
    path = folder / f"{graph}.bin"
    content = packed(np.fromfile(path, np.uint8), {})
    path.unlink()
    path.with_suffix(".safetensors").write_bytes(content)
    card = json.loads((folder / "card.json").read_text())
    del card["files"][path.name]
    card["files"][f"{graph}.safetensors"] = sha256_of_bytes(content)
    (folder / "card.json").write_text(json.dumps(card))
    return folder


def test_values_are_the_same_bytes_from_a_packed_file(weights_folder):
    values = Weights(weights_folder).values("denoise").tobytes()
    assert Weights(with_packed_values(weights_folder)).values("denoise").tobytes() == values


def test_a_changed_packed_file_is_refused(weights_folder):
    path = with_packed_values(weights_folder) / "denoise.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(GeneratorUnavailable, match=r"'denoise\.safetensors' does not match"):
        Weights(weights_folder).values("denoise")


def test_a_packed_file_that_is_none_is_refused(weights_folder):
    folder = with_packed_values(weights_folder)
    (folder / "denoise.safetensors").write_bytes(b"no")
    card = json.loads((folder / "card.json").read_text())
    card["files"]["denoise.safetensors"] = sha256_of_bytes(b"no")
    (folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(GeneratorUnavailable, match="not a packed file"):
        Weights(folder).values("denoise")
