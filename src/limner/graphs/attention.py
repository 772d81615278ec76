"""Attention written the way the engine runs it fastest; the answers differ by rounding alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import openvino
from openvino import opset13 as _opset

from limner.graphs.rounding import constant_of

Node = Any  # OpenVINO's nodes have no types that hold
_operations: Any = _opset

HEADS_FIRST = [0, 2, 1, 3]  # from [batch, tokens, heads, width]


class _Heads(NamedTuple):
    """A product with a matrix, and the transposition that cuts what comes of it into heads."""

    product: Node
    heads: Node


def with_plain_attention(model: openvino.Model) -> openvino.Model:
    """The graph with queries, keys and values by one product, and attention by two; in place.

    Three products of one input take longer than one of their matrices laid side by side. The
    engine turns the keys of its own attention around before it multiplies, and scales every query;
    a product that reads keys as they lie needs no turn, and the scale goes into what queries are
    multiplied with anyway. A tenth of a forward (docs/log.md, "The graph itself").
    """
    for node in _nodes(model, "ScaledDotProductAttention"):
        if node.get_input_size() == 3:
            _replace(node, _attended(*(node.input_value(at) for at in range(3))))
    _join_heads(model)
    model.validate_nodes_and_infer_types()
    return model


def _attended(queries: Node, keys: Node, values: Node) -> Node:
    width = queries.get_partial_shape()[3].get_length()
    scale = np.float32(width**-0.5)
    learnt = _learnt_scale(queries)
    if learnt is None:
        queries = _operations.multiply(queries, scale)
    else:
        _replace(learnt, _operations.multiply(learnt, scale))
    shares = _operations.softmax(_operations.matmul(queries, keys, False, True), -1)
    return _operations.matmul(shares, values, False, False)


def _learnt_scale(queries: Node) -> Node | None:
    """What queries are multiplied with before they are rotated, if by nothing else after."""
    rotated = queries.get_node()  # x * cos + turned(x) * sin
    if rotated.get_type_name() != "Add":
        return None
    with_cosines = rotated.input_value(0).get_node()
    if with_cosines.get_type_name() != "Multiply":
        return None
    scaled = with_cosines.input_value(0).get_node()
    if scaled.get_type_name() != "Multiply":
        return None
    for at in (0, 1):
        learnt = scaled.input_value(at).get_node()
        if constant_of(learnt) is not None and len(learnt.output(0).get_target_inputs()) == 1:
            return learnt
    return None


def _join_heads(model: openvino.Model) -> None:
    """Products of one input that are cut into heads, as one product."""
    of_one_input: dict[tuple[str, int, str], list[_Heads]] = defaultdict(list)
    for product in _nodes(model, "MatMul"):
        heads = _heads_of(product)
        if heads is not None:
            given, shape = product.input_value(0), str(heads.get_output_partial_shape(0))
            key = given.get_node().get_friendly_name(), given.get_index(), shape
            of_one_input[key].append(_Heads(product, heads))
    for found in of_one_input.values():
        if len(found) > 1:
            _join(found)


def _join(found: Sequence[_Heads]) -> None:
    _, num_heads, _, width = found[0].heads.get_output_partial_shape(0)
    matrix = _operations.concat([one.product.input_value(1) for one in found], 0)
    product = _operations.matmul(found[0].product.input_value(0), matrix, False, True)
    cut = np.array([0, 0, len(found), num_heads.get_length(), width.get_length()])
    apart = _operations.reshape(product, cut, special_zero=True)
    turned = _operations.transpose(apart, np.array([2, 0, 3, 1, 4]))
    parts = _operations.split(turned, 0, len(found))
    for at, one in enumerate(found):
        _replace(one.heads, _operations.squeeze(parts.output(at), np.array([0])))


def _heads_of(product: Node) -> Node | None:
    """The transposition that cuts a product with a matrix into heads, if nothing else reads it."""
    matrix = product.input_value(1).get_node()
    if constant_of(matrix) is None or not product.get_attributes()["transpose_b"]:
        return None
    cut = _only_user(product)
    heads = None if cut is None or cut.get_type_name() != "Reshape" else _only_user(cut)
    if heads is None or heads.get_type_name() != "Transpose":
        return None
    order = constant_of(heads.input_value(1).get_node())
    return heads if order is not None and order.tolist() == HEADS_FIRST else None


def _only_user(node: Node) -> Node | None:
    users = list(node.output(0).get_target_inputs())
    return users[0].get_node() if len(users) == 1 else None


def _nodes(model: openvino.Model, kind: str) -> list[Node]:
    nodes: list[Node] = model.get_ordered_ops()  # pyright: ignore[reportUnknownMemberType]
    return [one for one in nodes if one.get_type_name() == kind]


def _replace(node: Node, other: Node) -> None:
    """Let whoever reads one node read another, but for that one itself."""
    for user in list(node.output(0).get_target_inputs()):
        if user.get_node().get_friendly_name() != other.get_friendly_name():
            user.replace_source_output(other.output(0))
