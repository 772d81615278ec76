"""Canvases of several forms in one pass: their cells in a row, the shorter ones padded at the end.

A drawing network that knows several forms takes cells instead of canvases, and the number of each
row's form; attention leaves out what lies beyond its cells. For squares alone the same network is
quicker with its form and size fixed, so that is another graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import opset13 as _opset

# Shapes: B and R rows, C channels, H height, W width, N cells.

NOISY, FORM = "noisy", "form"  # inputs of the graph
Node = Any  # OpenVINO's nodes have no types that hold
_operations: Any = _opset
_openvino: Any = openvino
Floats = NDArray[np.floating[Any]]  # float32


def packed(
    canvases: Sequence[Floats], forms: Sequence[tuple[int, int]]
) -> tuple[Floats, NDArray[np.int64]]:
    """Canvases `[R, C, H, W]`, each of one of `forms`, as cells `[B, C, N]` and numbers `[B]`."""
    longest = max(one.shape[2] * one.shape[3] for one in canvases)
    rows = [one.reshape(*one.shape[:2], -1) for one in canvases]
    padded = [np.pad(one, ((0, 0), (0, 0), (0, longest - one.shape[2]))) for one in rows]
    numbers = [np.full(len(one), forms.index(one.shape[2:]), np.int64) for one in canvases]
    return np.concatenate(padded), np.concatenate(numbers)


def unpacked(cells_BCN: Floats, like: Sequence[Floats]) -> list[Floats]:
    """Cells as canvases of the shapes of `like` again."""
    rows = np.split(cells_BCN, np.cumsum([len(one) for one in like])[:-1])
    return [
        np.ascontiguousarray(cells[:, :, : one.shape[2] * one.shape[3]]).reshape(one.shape)
        for cells, one in zip(rows, like, strict=True)
    ]


def reads_forms(model: openvino.Model) -> bool:
    """Whether a graph takes cells and forms."""
    inputs: list[Node] = model.inputs
    return any(FORM in one.get_names() for one in inputs)


def of_one_form(model: openvino.Model, form: int, sides: tuple[int, int]) -> openvino.Model:
    """A graph of cells and forms as one of canvases of one form; `model` is used up.

    What depends on the form becomes constant, and nothing lies beyond the end of a canvas, so
    attention takes no mask: 1 to 2 ms less a pass (docs/log.md).
    """
    noisy, asked = _input(model, NOISY), _input(model, FORM)
    channels = noisy.get_partial_shape()[1].get_length()
    canvas: Node = _operations.parameter([-1, channels, *sides], np.float32, name="canvas")
    canvas.output(0).set_names({NOISY})
    cells = _operations.reshape(canvas, _constant([0, 0, -1]), special_zero=True)
    _replace(noisy, cells.output(0))
    _replace(asked, _constant([form]).output(0))
    for node in list(model.get_ordered_ops()):  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType, reportUnknownVariableType]
        _without_mask(node)
    result: Node = model.get_results()[0]
    clean = _operations.reshape(result.input_value(0), _constant([0, 0, *sides]), special_zero=True)
    result.input(0).replace_source_output(clean.output(0))
    kept = [one for one in model.get_parameters() if FORM not in one.output(0).get_names()]
    return _openvino.Model(model.get_results(), [canvas, *kept[1:]], "denoise")


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
