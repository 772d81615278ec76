"""Takes out of a graph what is in 8 bits: the rounding of what is multiplied, and of kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import openvino  # a second of start-up that most processes never need

Node = Any  # OpenVINO's nodes have no types that hold


def without_rounding(model: openvino.Model) -> openvino.Model:
    """The graph with every rounding to 8 bits taken out, but for kernels; changed in place."""
    for node in model.get_ordered_ops():
        if node.get_type_name() == "FakeQuantize":
            for user in list(node.output(0).get_target_inputs()):
                user.replace_source_output(node.input_value(0))
    model.validate_nodes_and_infer_types()
    return model


def in_full(model: openvino.Model) -> openvino.Model:
    """The graph with kernels that are held in 8 bits written out; changed in place.

    With several streams OpenVINO 2026.4.1 mixes them up: the decoder drew noise.
    """
    from openvino import opset13  # loaded by now

    nodes: list[Node] = model.get_ordered_ops()  # pyright: ignore[reportUnknownMemberType]
    for node in nodes:
        if node.get_type_name() != "Multiply":
            continue
        held, scale = (constant_of(node.input_value(at).get_node()) for at in (0, 1))
        if held is None or scale is None or held.dtype != np.int8:
            continue
        kernel: Node = opset13.constant(  # pyright: ignore[reportUnknownMemberType]
            held.astype(np.float32) * scale.astype(np.float32)
        )
        for user in list(node.output(0).get_target_inputs()):
            user.replace_source_output(kernel.output(0))
    return model


def constant_of(node: Node) -> NDArray[Any] | None:
    """The values of a constant, or of what is converted from one."""
    while node.get_type_name() == "Convert":
        node = node.input_value(0).get_node()
    return node.data if node.get_type_name() == "Constant" else None
