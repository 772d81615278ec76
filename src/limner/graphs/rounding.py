"""Takes the rounding to 8 bits out of a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import openvino  # a second of start-up that most processes never need


def without_rounding(model: openvino.Model) -> openvino.Model:
    """The graph with every rounding to 8 bits taken out, but for kernels; changed in place."""
    for node in model.get_ordered_ops():
        if node.get_type_name() == "FakeQuantize":
            for user in list(node.output(0).get_target_inputs()):
                user.replace_source_output(node.input_value(0))
    model.validate_nodes_and_infer_types()
    return model
