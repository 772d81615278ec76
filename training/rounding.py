"""Has a graph round what its convolutions are given to 8 bits, so that an engine multiplies in 8 bits.

One range for each, the widest that was seen on pictures shown to it; what lies outside is cut off, and nought is one
of its levels. Kernels that are not in 8 bits yet are rounded too, each output channel by itself. As in Jacob et al. 2018
(arXiv:1712.05877), without training.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import openvino as ov
from openvino import opset13

LEVELS = 256


class Range(NamedTuple):
    """The lowest and the highest value."""

    low: float
    high: float


def round_inputs(model: ov.Model, shown: Iterable[np.ndarray], *, share: float = 1.0, least_values: int = 0) -> None:
    """Insert the rounding, in place; everything that takes what a convolution is given takes it rounded.

    Args:
        model: of one input.
        shown: inputs whose ranges are taken.
        share: of the values of one input at either end that its range reaches to.
        least_values: of a kernel; convolutions with smaller ones stay as they are.
    """
    given = list(_given_to_convolutions(model, least_values))
    for output, seen in zip(given, _ranges(model, given, shown, share), strict=True):
        users = list(output.get_target_inputs())
        ends = (np.float32(end) for end in _with_nought(seen))
        low, high = ends
        rounded = opset13.fake_quantize(output, low, high, low, high, LEVELS)
        for user in users:
            user.replace_source_output(rounded.output(0))
    for node in _convolutions(model, least_values):
        kernel = node.input_value(1)
        if kernel.get_node().get_type_name() == "Constant":
            values = kernel.get_node().data.astype(np.float32)
            most = np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True)
            node.input(1).replace_source_output(opset13.fake_quantize(kernel, -most, most, -most, most, LEVELS - 1).output(0))
    model.validate_nodes_and_infer_types()


def _with_nought(seen: Range) -> Range:
    """A range of which nought is a level, so that what pads a picture is exact."""
    low, high = min(seen.low, 0.0), max(seen.high, 0.0)
    step = (high - low) / (LEVELS - 1)
    below = np.rint(-low / step)
    return Range(-below * step, (LEVELS - 1 - below) * step)


def _given_to_convolutions(model: ov.Model, least_values: int) -> Iterator[ov.Output]:
    seen: set[str] = set()
    for node in _convolutions(model, least_values):
        output = node.input_value(0)
        name = output.get_node().get_friendly_name()
        if name not in seen:
            seen.add(name)
            yield output


def _convolutions(model: ov.Model, least_values: int) -> Iterator[ov.Node]:
    kinds = (node for node in model.get_ordered_ops() if node.get_type_name() == "Convolution")
    return (node for node in kinds if np.prod(list(node.input(1).get_shape())) >= least_values)


def _ranges(model: ov.Model, given: list[ov.Output], shown: Iterable[np.ndarray], share: float) -> list[Range]:
    probe = ov.Model(given, model.get_parameters(), "probe")
    graph = ov.Core().compile_model(probe, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    ends = np.array([[np.quantile(made, (1 - share, share)) for made in graph(one).values()] for one in shown])
    return [Range(float(low), float(high)) for low, high in zip(ends[..., 0].min(axis=0), ends[..., 1].max(axis=0), strict=True)]
