"""Holds large matrices and convolution kernels of a graph in 8 bits.

One scale per output row (per token in an embedding table), as in Jacob et al. 2018
(arXiv:1712.05877). The arithmetic stays what it was, unless the engine is told to round what the
matrices are multiplied with to 8 bits too, in groups with a scale of their own.
"""

from __future__ import annotations

import numpy as np
import openvino
from openvino import opset13

LEAST_VALUES = 10_000  # smaller constants are not worth it
SCALE = ":scale"


def held_in_8_bits(model: openvino.Model, least_values: int = LEAST_VALUES) -> openvino.Model:
    """The same graph, its large constants of two and four axes in 8 bits; changed in place."""
    for node in model.get_ordered_ops():
        if (
            node.get_type_name() != "Constant"
            or len(node.shape) not in (2, 4)
            or np.prod(list(node.shape)) < least_values
        ):
            continue
        if node.data.dtype not in (np.float32, np.float16):
            continue
        values = node.data.astype(np.float32)
        scale = (
            np.maximum(np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True), 1e-12)
            / 127
        )
        rounded = opset13.constant(np.rint(values / scale).astype(np.int8))
        scales = opset13.constant(scale.astype(np.float32))
        rounded.set_friendly_name(node.get_friendly_name())
        scales.set_friendly_name(node.get_friendly_name() + SCALE)
        wide = opset13.convert(rounded, "f32")  # pyright: ignore[reportUnknownMemberType]
        held = opset13.multiply(wide, scales)  # pyright: ignore[reportUnknownMemberType]
        for target in _users(node):
            target.replace_source_output(held.output(0))
    model.validate_nodes_and_infer_types()
    return model


def _users(node: openvino.Node) -> list[openvino.Input]:
    """What takes the constant, past the conversion that follows one held in half precision."""
    targets = list(node.output(0).get_target_inputs())
    if len(targets) == 1 and targets[0].get_node().get_type_name() == "Convert":
        return list(targets[0].get_node().output(0).get_target_inputs())
    return targets
