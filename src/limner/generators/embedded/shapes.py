"""A drawing network that knows canvases of several shapes, as a graph for one of them.

It is stored as one graph that takes the cells of canvases one after the other, padded at the end,
and the number of each row's shape; attention leaves out what lies beyond the end. So several shapes
can share a forward, but apart they take a fifth less, and are rounded as they are alone
(docs/log.md): each shape that is drawn gets a graph of its own, with its places worked in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import opset13 as _opset

NOISY, SHAPE = "noisy", "shape"  # inputs of the graph
Node = Any  # OpenVINO's nodes have no types that hold
_operations: Any = _opset
_openvino: Any = openvino
Floats = NDArray[np.floating[Any]]  # float32


def reads_shapes(model: openvino.Model) -> bool:
    """Whether a graph takes cells and shapes."""
    inputs: list[Node] = model.inputs
    return any(SHAPE in one.get_names() for one in inputs)


def of_one_shape(model: openvino.Model, shape: int, sides: tuple[int, int]) -> openvino.Model:
    """A graph of cells and shapes as one of canvases of one shape; `model` is used up.

    What depends on the shape becomes constant, and nothing lies beyond the end of a canvas, so
    attention takes no mask: 1 to 2 ms less a pass (docs/log.md).
    """
    noisy, asked = _input(model, NOISY), _input(model, SHAPE)
    channels = noisy.get_partial_shape()[1].get_length()
    canvas: Node = _operations.parameter([-1, channels, *sides], np.float32, name="canvas")
    canvas.output(0).set_names({NOISY})
    cells = _operations.reshape(canvas, _constant([0, 0, -1]), special_zero=True)
    _replace(noisy, cells.output(0))
    _replace(asked, _constant([shape]).output(0))
    for node in list(model.get_ordered_ops()):  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType, reportUnknownVariableType]
        _without_mask(node)
    result: Node = model.get_results()[0]
    clean = _operations.reshape(result.input_value(0), _constant([0, 0, *sides]), special_zero=True)
    result.input(0).replace_source_output(clean.output(0))
    kept = [one for one in model.get_parameters() if SHAPE not in one.output(0).get_names()]
    return _openvino.Model(model.get_results(), [canvas, *kept[1:]], "denoise")


def of_rows(model: openvino.Model, num_rows: int) -> openvino.Model:
    """A graph for exactly so many rows, whose first dimension is any; changed in place."""
    inputs: list[Node] = model.inputs
    shapes = {one: [num_rows, *list(one.get_partial_shape())[1:]] for one in inputs}
    model.reshape({one: _openvino.PartialShape(shape) for one, shape in shapes.items()})  # pyright: ignore[reportUnknownMemberType]
    return model


def _without_mask(node: Node) -> None:
    if node.get_type_name() == "ScaledDotProductAttention" and node.get_input_size() > 3:
        plain: Node = _operations.scaled_dot_product_attention(
            *(node.input_value(at) for at in range(3))
        )
        _replace(node.output(0), plain.output(0))


def _input(model: openvino.Model, name: str) -> Node:
    return model.input(name)


def _replace(port: Node, other: Node) -> None:
    for user in list(port.get_node().output(0).get_target_inputs()):
        user.replace_source_output(other)


def _constant(values: Sequence[int]) -> Node:
    return _operations.constant(np.array(values, np.int64))
