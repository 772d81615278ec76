import numpy as np
import openvino as ov
import pytest
from openvino import opset13
from training.rounding import round_inputs

from limner.graphs.rounding import without_rounding

# Shapes: B pictures, C channels, H height, W width.

SHOWN = [
    np.random.default_rng(seed).normal(0, 3, (1, 3, 8, 8)).astype(np.float32) for seed in range(4)
]


def graph() -> ov.Model:
    """Two convolutions with a ReLU between them."""
    rng = np.random.default_rng(9)
    given = made = opset13.parameter([1, 3, 8, 8], np.float32)
    for shape in ((16, 3, 3, 3), (4, 16, 1, 1)):
        kernel = opset13.constant(rng.normal(0, 0.3, shape).astype(np.float32))
        made = opset13.relu(opset13.convolution(made, kernel, [1, 1], [0, 0], [0, 0], [1, 1]))
    return ov.Model([made], [given])


def answers(model: ov.Model) -> np.ndarray:
    made = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.concatenate([made(one)[0] for one in SHOWN])


@pytest.fixture(scope="module")
def whole() -> np.ndarray:
    return answers(graph())


@pytest.mark.skipif(
    "BF16" not in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"),
    reason="sums of 8 bits overflow on this processor, so nothing is rounded there",
)
def test_every_convolution_is_given_8_bits_and_answers_nearly_alike(whole):
    model = graph()
    round_inputs(model, SHOWN)
    assert sum(node.get_type_name() == "FakeQuantize" for node in model.get_ops()) == 4
    apart = np.abs(answers(model) - whole).max()
    assert 0 < apart < 0.03 * whole.max()


def test_what_lies_outside_the_ranges_that_were_seen_is_cut_off(whole):
    model = graph()
    round_inputs(model, [one / 10 for one in SHOWN])
    assert answers(model).max() < 0.3 * whole.max()


def test_small_kernels_and_values_that_are_rare_are_left_out(whole):
    model = graph()
    round_inputs(model, SHOWN, share=0.9, least_values=100)
    assert sum(node.get_type_name() == "FakeQuantize" for node in model.get_ops()) == 2
    assert answers(model).max() < 0.9 * whole.max()


def test_nought_stays_nought_where_values_are_negative_too():
    model = graph()
    round_inputs(model, [one - 1 for one in SHOWN])
    nodes = [node for node in model.get_ordered_ops() if node.get_type_name() == "FakeQuantize"]
    low, high = (nodes[0].input_value(at).get_node().data.item() for at in (1, 2))
    assert low < 0 < high
    assert -low / (high - low) * 255 == pytest.approx(round(-low / (high - low) * 255), abs=1e-3)


def test_a_graph_without_its_rounding_is_the_one_before(whole):
    model = graph()
    round_inputs(model, SHOWN)
    assert np.array_equal(answers(without_rounding(model)), whole)
