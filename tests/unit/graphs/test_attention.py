"""Attention as the engine runs it fastest: other operations, the same answers."""

from collections import Counter

import numpy as np
import openvino
import pytest
from openvino import opset13 as op

from limner.generators.embedded.graphs import Graphs
from limner.generators.embedded.weights import Weights
from limner.graphs.attention import with_plain_attention

HEADS, HEAD_WIDTH = 2, 8
WIDTH = HEADS * HEAD_WIDTH
EXACT = {"INFERENCE_PRECISION_HINT": "f32"}


def linear(given, seed):
    matrix = np.random.default_rng(seed).standard_normal((WIDTH, WIDTH)).astype(np.float32)
    return op.matmul(given, op.constant(matrix), False, True)


def in_heads(made):
    cut = op.reshape(made, np.array([0, 0, HEADS, HEAD_WIDTH]), special_zero=True)
    return op.transpose(cut, np.array([0, 2, 1, 3]))


def graph(mask=None, has_second_reader=False):
    given = op.parameter([-1, 6, WIDTH], np.float32)
    products = [linear(given, seed) for seed in range(3)]
    heads = [in_heads(one) for one in products]
    rest = [] if mask is None else [op.constant(mask)]
    mixed = op.scaled_dot_product_attention(*heads, *rest)
    outputs = [mixed, products[0]] if has_second_reader else [mixed]
    return openvino.Model(outputs, [given], "attention")


def answer(model):
    given = np.random.default_rng(9).standard_normal((3, 6, WIDTH)).astype(np.float32)
    return openvino.compile_model(model, "CPU", EXACT)(given)[0]


def operations(model):
    return Counter(node.get_type_name() for node in model.get_ops())


def test_plain_attention_answers_as_the_engines_own():
    assert np.allclose(answer(with_plain_attention(graph())), answer(graph()), atol=1e-5)


def test_queries_keys_and_values_are_made_by_one_product():
    found = operations(with_plain_attention(graph()))
    assert found["MatMul"] == 3  # one, and the two of attention
    assert found["ScaledDotProductAttention"] == 0


def test_attention_with_a_mask_is_left_to_the_engine():
    mask = np.zeros((1, 1, 6, 6), np.float32)
    mask[..., 4:] = -1e4
    changed = with_plain_attention(graph(mask))
    assert operations(changed)["ScaledDotProductAttention"] == 1
    assert np.allclose(answer(changed), answer(graph(mask)), atol=1e-5)


def test_a_product_that_something_else_reads_stays_by_itself():
    changed = with_plain_attention(graph(has_second_reader=True))
    assert operations(changed)["MatMul"] == 4
    assert np.allclose(answer(changed), answer(graph(has_second_reader=True)), atol=1e-5)


def test_a_graph_without_attention_is_left_as_it_is():
    given = op.parameter([-1, 6, WIDTH], np.float32)
    model = openvino.Model([op.relu(linear(given, 0))], [given], "none")
    before = operations(model)
    assert operations(with_plain_attention(model)) == before


@pytest.fixture(scope="module")
def drawing():
    graphs = Graphs(Weights(), 1)  # holds the values that both read
    part = graphs.drawing_part("denoise")
    yield graphs.read(part), graphs.as_it_runs(part)
    assert graphs


def test_the_drawing_network_answers_as_stored(drawing):
    stored, _ = drawing
    rng = np.random.default_rng(0)
    inputs = [rng.random(one.shape, np.float32) for one in stored.inputs]
    made = [openvino.compile_model(one, "CPU", EXACT)(inputs)[0] for one in drawing]
    assert np.allclose(*made, atol=1e-4)


def test_the_drawing_networks_scale_of_queries_is_folded_into_what_was_learnt(drawing):
    stored, changed = (operations(one) for one in drawing)
    layers = stored["ScaledDotProductAttention"]
    assert changed["Softmax"] == layers
    assert changed["MatMul"] == stored["MatMul"]  # two less for heads, two more for attention
    constant = sum(
        node.get_type_name() == "Multiply"
        and all(_is_of_constants(node.input_value(at).get_node()) for at in (0, 1))
        for node in drawing[1].get_ops()
    )
    assert constant >= layers


def _is_of_constants(node):
    while node.get_type_name() == "Convert":
        node = node.input_value(0).get_node()
    return node.get_type_name() == "Constant"
