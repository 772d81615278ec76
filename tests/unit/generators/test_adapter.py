"""Adapters of the embedded model on tiny graphs: what is worked in, what is refused."""

import json
import shutil

import numpy as np
import pytest

from limner.core.drawing import FittedAdapter
from limner.core.errors import BadInput, GeneratorUnavailable
from limner.core.hashing import sha256_of_bytes
from limner.core.limits import resolve_choices
from limner.core.records import AskedAdapter, Request
from limner.generators.embedded import EmbeddedGenerator
from limner.generators.embedded.adapter import (
    CORRECTIONS_FILE,
    Adapter,
    AdapterShelf,
    Correction,
    corrections_as_bytes,
    corrections_of_bytes,
    together,
)
from limner.generators.embedded.networks import Caption, Networks
from limner.generators.embedded.weights import Weights

MATRIX, SIDE = "network.blocks.0.query.weight", 64


def a_correction(seed=0, name=MATRIX, side=SIDE):
    rng = np.random.default_rng(seed)
    down, up = rng.standard_normal((2, side)), rng.standard_normal((side, 2)) * 0.5
    # what half precision holds exactly, so that a file gives back what it was given
    return {name: Correction(*(one.astype(np.float16).astype(np.float32) for one in (down, up)))}


def write_adapter(folder, base, corrections, name="house", **said):
    folder.mkdir(parents=True)
    content = corrections_as_bytes(corrections)
    (folder / CORRECTIONS_FILE).write_bytes(content)
    card = {
        "format": "limner.adapter/1", "name": name, "version": "1", "licence": "Apache-2.0",
        "base": dict(base), "files": {CORRECTIONS_FILE: sha256_of_bytes(content)},
        "sources": ["sha256:" + "a" * 64],
    }  # fmt: skip
    (folder / "card.json").write_text(json.dumps({**card, **said}))
    return Adapter(folder)


@pytest.fixture
def weights(weights_folder):
    return Weights(weights_folder)


@pytest.fixture
def shelf(tmp_path, weights):
    write_adapter(tmp_path / "adapters" / "house", weights.ingredients, a_correction())
    return tmp_path / "adapters"


@pytest.fixture
def dressed(weights, shelf):
    return EmbeddedGenerator(weights=weights, adapters=shelf)


def drawn(generator, sketch, **changes):
    plan = generator.prepare(sketch(**changes))
    return next(generator.generate(plan, [5])).image_HWC


def wearing(generator, weight):
    sha256 = generator.card.adapters["house"].sha256
    return (FittedAdapter(name="house", weight=weight, sha256=sha256),)


def test_a_file_gives_back_the_corrections_it_was_given():
    given = a_correction()
    found = corrections_of_bytes(corrections_as_bytes(given))
    assert found.keys() == given.keys()
    for one, other in zip(found[MATRIX], given[MATRIX], strict=True):
        assert np.array_equal(one, other)


def test_two_adapters_together_add_what_each_adds_by_its_weight():
    first, second = a_correction(1), a_correction(2)
    both = together([(first, 0.5), (second, 2.0)])[MATRIX]
    added = [one[MATRIX].up_OR @ one[MATRIX].down_RI for one in (first, second)]
    assert np.allclose(both.up_OR @ both.down_RI, 0.5 * added[0] + 2 * added[1], atol=1e-4)


def test_a_correction_changes_the_answer_as_its_matrix_says(weights):
    networks, given = Networks(weights, 1), a_correction()[MATRIX]
    rng = np.random.default_rng(3)
    noisy, time = rng.standard_normal((2, 4, 8, 8), np.float32), np.zeros(2, np.float32)
    caption = Caption(np.zeros((2, 1, 2, 1, 8, 4), np.float32), np.zeros((2, 4), np.float32))
    (made,) = networks.corrected({MATRIX: given})([noisy], time, caption)
    matrix = np.eye(SIDE) + given.up_OR @ given.down_RI
    turned = (noisy.reshape(2, 4, SIDE) @ matrix.T).reshape(noisy.shape)
    assert np.allclose(made, np.tanh(0.5 * turned), atol=0.05)  # bfloat16 where there is that
    (plain,) = networks.predict_clean([noisy], time, caption)
    assert not np.allclose(made, plain, atol=0.1)


@pytest.mark.parametrize(
    "wrong", [a_correction(name="network.blocks.9.query.weight"), a_correction(side=32)]
)
def test_corrections_of_another_network_are_refused(weights, wrong):
    with pytest.raises(GeneratorUnavailable, match="does not have"):
        Networks(weights, 1).corrected(wrong)


def test_the_card_lists_adapters_with_their_hash_version_and_sources(dressed):
    card = dressed.card.adapters["house"]
    assert card.registered_as == "house@1"
    assert card.sha256.startswith("sha256:")
    assert card.sources == ("sha256:" + "a" * 64,)


def test_an_adapter_changes_the_picture_and_at_weight_zero_does_not(dressed, sketch):
    plain = drawn(dressed, sketch)
    assert np.array_equal(drawn(dressed, sketch, adapters=wearing(dressed, 0.0)), plain)
    assert not np.array_equal(drawn(dressed, sketch, adapters=wearing(dressed, 1.0)), plain)
    assert np.array_equal(drawn(dressed, sketch), plain)


def test_one_that_is_always_worn_draws_as_one_that_was_asked_for(dressed, weights, shelf, sketch):
    worn = EmbeddedGenerator(weights=weights, worn=Adapter(shelf / "house"))
    asked = drawn(dressed, sketch, adapters=wearing(dressed, 1.0))
    assert np.array_equal(drawn(worn, sketch), asked)
    assert (worn.card.name, worn.card.version) == ("house", "1")
    assert worn.card.ingredients.keys() == {CORRECTIONS_FILE, "card.json"}


def test_one_that_was_taught_on_other_weights_is_not_listed_and_not_worn(tmp_path, weights):
    other = {**weights.ingredients, "denoise.bin": "sha256:" + "0" * 64}
    adapter = write_adapter(tmp_path / "adapters" / "house", other, a_correction())
    assert AdapterShelf(tmp_path / "adapters").fitting(weights.ingredients) == {}
    with pytest.raises(GeneratorUnavailable, match="taught on other weights"):
        adapter.corrections(weights.ingredients)


def test_asking_for_one_that_was_taught_on_other_weights_says_so(tmp_path, weights):
    other = {**weights.ingredients, "denoise.bin": "sha256:" + "0" * 64}
    write_adapter(tmp_path / "adapters" / "house", other, a_correction())
    card = EmbeddedGenerator(weights=weights, adapters=tmp_path / "adapters").card
    request = Request(prompt="a fox", adapters=(AskedAdapter(name="house"),))
    with pytest.raises(BadInput, match="'house' was taught on other weights"):
        resolve_choices(request, card)


def test_a_file_that_was_changed_is_refused(shelf, weights):
    path = shelf / "house" / CORRECTIONS_FILE
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(GeneratorUnavailable, match="does not match its hash"):
        Adapter(shelf / "house").corrections(weights.ingredients)


@pytest.mark.parametrize("content", ["", "{}", '{"format": "limner.adapter/2"}', "[1]"])
def test_a_card_that_is_none_is_one_sentence_and_is_passed_over(shelf, weights, content):
    (shelf / "odd").mkdir()
    (shelf / "odd" / "card.json").write_text(content)
    with pytest.raises(GeneratorUnavailable, match=r"limner\.adapter/1"):
        _ = Adapter(shelf / "odd").facts
    assert list(AdapterShelf(shelf).fitting(weights.ingredients)) == ["house"]


@pytest.mark.parametrize("is_replaced", [False, True])
def test_one_that_is_not_what_was_accepted_any_more_is_not_worn(
    dressed, shelf, weights, sketch, is_replaced
):
    accepted = sketch(adapters=wearing(dressed, 1.0))
    plan = dressed.prepare(accepted)
    shutil.rmtree(shelf / "house")
    if is_replaced:
        write_adapter(shelf / "house", weights.ingredients, a_correction(4))
    with pytest.raises(GeneratorUnavailable, match="'house' was taken away or changed"):
        next(dressed.generate(plan, [5]))


def test_an_adapter_that_comes_later_is_seen_without_opening_anew(dressed, shelf, weights):
    write_adapter(shelf / "other", weights.ingredients, a_correction(4), name="other")
    assert list(dressed.card.adapters) == ["house", "other"]
