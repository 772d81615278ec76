"""Setting the length of a text free in a graph that was exported for one length.

Padding costs as much as words do: three words in 32 places take three times as long as alone. At
the exported length the graph says exactly what it said before.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import openvino
from openvino import opset13

from limner.core.errors import GeneratorUnavailable

Node = Any  # OpenVINO's nodes have no types that hold
_LENGTH = 1  # axis


def free_length(model: openvino.Model) -> None:
    """Let a graph from `[batch, length]` to `[batch, length, width]` take texts of any length.

    The exported length is in three kinds of constants: what is added to every place, the shapes of
    attention heads, and the mask's shape.

    Raises:
        GeneratorUnavailable: the length is somewhere else as well.
    """
    inputs: list[Node] = model.inputs
    length = inputs[0].get_partial_shape()[_LENGTH]
    if length.is_dynamic:
        return
    exported, asked = length.get_length(), _length_of(inputs[0])
    nodes: list[Node] = model.get_ordered_ops()  # pyright: ignore[reportUnknownMemberType]
    for node in nodes:
        if node.get_type_name() == "Constant":
            for user in list(node.output(0).get_target_inputs()):
                _set_free(node, user, exported, asked)
    any_shape = openvino.PartialShape([-1, -1])
    try:
        model.reshape({one: any_shape for one in inputs})  # pyright: ignore[reportUnknownMemberType]
        is_free = model.outputs[0].get_partial_shape()[_LENGTH].is_dynamic
    except RuntimeError:
        is_free = False
    if not is_free:
        raise GeneratorUnavailable(
            f"The text encoder was exported for {exported} tokens in a way that is not known here.",
            hint="Use weights that Limner's own export made.",
        )


def _set_free(constant: Node, user: Node, exported: int, asked: Node) -> None:
    """Put the length that is asked where one user of a constant reads the exported one."""
    shape = tuple(constant.output(0).get_shape())
    kind = user.get_node().get_type_name()
    if kind == "Add" and shape[:2] == (1, exported):
        user.replace_source_output(_beginning(constant, asked))
    elif kind == "Reshape" and user.get_index() == 1 and len(shape) == 1 and shape[0] == 4:
        target = np.array(constant.data, np.int64)
        if tuple(target[:2]) == (0, exported):  # zero keeps what the input has there
            target[_LENGTH] = 0
            user.replace_source_output(_constant(target).output(0))
    elif kind == "Concat" and shape == (1,) and int(constant.data[0]) == exported:
        user.replace_source_output(asked.output(0))


def _length_of(port: Node) -> Node:
    shape: Node = opset13.shape_of(port.get_node(), "i64")  # pyright: ignore[reportUnknownMemberType]
    return opset13.gather(shape, _constant([_LENGTH]), _constant(0))  # pyright: ignore[reportUnknownMemberType]


def _beginning(constant: Node, asked: Node) -> Node:
    start, step, axes = _constant([0]), _constant([1]), _constant([_LENGTH])
    sliced: Node = opset13.slice(constant, start, asked, step, axes)  # pyright: ignore[reportUnknownMemberType]
    return sliced.output(0)


def _constant(values: object) -> Node:
    return opset13.constant(np.array(values, np.int64))  # pyright: ignore[reportUnknownMemberType]
