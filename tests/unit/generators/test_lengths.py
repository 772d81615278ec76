"""A text encoder exported for one length reads texts of any."""

import numpy as np
import openvino
import pytest
from openvino import opset13

from limner.core.errors import GeneratorUnavailable
from limner.generators.embedded.graphs import Part
from limner.generators.embedded.lengths import free_length
from limner.generators.embedded.networks import Networks
from limner.generators.embedded.tokens import Tokens
from limner.generators.embedded.weights import Weights

TEXTS = ["fox", "two orange frogs with green hats"]


@pytest.fixture(scope="module")
def rows():
    weights = Weights()
    return Tokens(weights.read("tokenizer.json"), weights.card.text_tokens).rows(TEXTS)


@pytest.fixture(scope="module")
def networks():
    return Networks(Weights(), 1)


def test_at_the_exported_length_not_one_bit_is_other(networks, rows, monkeypatch):
    with monkeypatch.context() as exported:
        exported.setattr("limner.generators.embedded.graphs.free_length", lambda model: None)
        graph = networks.graphs.compile(Part("text"))
    as_exported_BTE = graph([rows.ids_BT, rows.mask_BT])[graph.outputs[0]]
    assert np.array_equal(networks.read_tokens(rows), as_exported_BTE)


def test_words_are_read_alike_without_the_padding(networks, rows):
    short = rows.shortened()
    read_BTE, padded_BTE = networks.read_tokens(short), networks.read_tokens(rows)
    assert read_BTE.shape[1] == short.mask_BT.shape[1] < rows.mask_BT.shape[1]
    differences_N = np.abs(read_BTE - padded_BTE[:, : read_BTE.shape[1]])[short.mask_BT]
    assert differences_N.max() < 0.05  # of values up to 6, in bfloat16


def test_a_length_in_an_unknown_place_is_told():
    asked = opset13.parameter([-1, 8], np.int64)
    fixed = opset13.reshape(asked, np.array([-1, 8, 1], np.int64), False)
    with pytest.raises(GeneratorUnavailable, match="8 tokens"):
        free_length(openvino.Model([fixed], [asked]))
