"""The drawing network's graph, run by torch, so that gradients reach what is learnt.

The graph is read from the weights that draw, operation by operation. So there is no second copy of
the network here, and what is taught fits what draws. A correction is added to its matrix before
the product: thin products beside it, as LoRA is often written, take most of the time at this size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np
import openvino

from limner.core.errors import GeneratorUnavailable
from limner.generators.embedded.adapter import parameter_of

Torch = Any  # the module; it is not there in a plain install
Tensor = Any
Node = Any  # OpenVINO's nodes have no types that hold
Operation = Callable[[Torch, Node, Sequence[Tensor]], Tensor]


def open_torch(num_threads: int = 0) -> Torch:
    """The library.

    Args:
        num_threads: 0 leaves it to the library.

    Raises:
        GeneratorUnavailable: it is not installed here; says how to install it.
    """
    try:
        torch = import_module("torch")
    except ImportError as error:
        raise GeneratorUnavailable(
            "Teaching needs torch, which cannot be imported here.",
            hint="Install it with: pip install 'limner[tune]'",
        ) from error
    if num_threads:
        torch.set_num_threads(num_threads)
    return torch


class TorchGraph:
    """A graph as a function of its inputs.

    Args:
        torch: the library.
        model: the graph.
        corrections: by parameter: ``down`` `[R, I]` and ``up`` `[O, R]`, tensors that may be
            learnt; their product is added to the parameter's matrix `[O, I]`.

    Raises:
        GeneratorUnavailable: the graph has an operation that is not known here.
    """

    def __init__(
        self,
        torch: Torch,
        model: openvino.Model,
        corrections: Mapping[str, tuple[Tensor, Tensor]],
    ) -> None:
        self._torch = torch
        self._corrections = corrections
        self._inputs = [one.get_node().get_name() for one in model.inputs]
        (self._output,) = [one.get_node().get_name() for one in model.outputs]
        self._known: dict[tuple[str, int], Tensor] = {}
        self._corrected: dict[str, tuple[Tensor, Tensor, Tensor]] = {}
        self._nodes: list[tuple[Node, list[tuple[str, int]]]] = []
        for node in model.get_ordered_ops():
            self._sort_in(node)

    def __call__(self, *inputs: Tensor) -> Tensor:
        """The graph's answer; one input for each of the graph's, in its order."""
        values = dict(self._known)
        for name, value in zip(self._inputs, inputs, strict=True):
            values[name, 0] = value
        for name, (matrix, down, up) in self._corrected.items():
            values[name, 0] = matrix + up @ down
        for node, sources in self._nodes:
            _put(values, node, self._answer(node, [values[key] for key in sources]))
        return values[self._output, 0]

    def _sort_in(self, node: Node) -> None:
        """Work out now what hangs on constants alone; keep the rest for every call."""
        kind = node.get_type_name()
        if kind == "Parameter":
            return
        if kind == "Constant":
            data = np.array(node.data)
            value = self._torch.from_numpy(
                data.astype(np.float32) if data.dtype.kind == "f" else data
            )
            correction = self._corrections.get(parameter_of(node))
            if correction is None:
                self._known[node.get_name(), 0] = value
            else:
                self._corrected[node.get_name()] = (value, *correction)
            return
        if kind not in OPERATIONS:
            raise GeneratorUnavailable(
                f"The drawing network has the operation {kind!r}, which teaching does not know.",
                hint="These weights cannot be taught with this version of Limner.",
            )
        sources = _sources(node)
        if all(key in self._known for key in sources):
            _put(self._known, node, self._answer(node, [self._known[key] for key in sources]))
        else:
            self._nodes.append((node, sources))

    def _answer(self, node: Node, given: Sequence[Tensor]) -> Tensor:
        return OPERATIONS[node.get_type_name()](self._torch, node, given)


def _sources(node: Node) -> list[tuple[str, int]]:
    return [(one.get_node().get_name(), one.get_index()) for one in node.input_values()]


def _put(values: dict[tuple[str, int], Tensor], node: Node, made: Tensor) -> None:
    name: str = node.get_name()
    outputs: Sequence[Tensor] = made if node.get_output_size() > 1 else (made,)
    for place, value in enumerate(outputs):
        values[name, place] = value


def _attribute(node: Node, name: str) -> Any:  # noqa: ANN401 - as OpenVINO has it
    return node.get_attributes()[name]


def _ints(value: Tensor) -> list[int]:
    return [int(one) for one in value.reshape(-1).tolist()]


def _convert(torch: Torch, node: Node, given: Sequence[Tensor]) -> Tensor:
    kinds = {"f32": torch.float32, "f16": torch.float32, "i64": torch.int64, "i32": torch.int64}
    kind = str(_attribute(node, "destination_type"))
    return given[0].to(torch.bool if kind == "boolean" else kinds[kind])


def _matmul(torch: Torch, node: Node, given: Sequence[Tensor]) -> Tensor:
    first = given[0].mT if _attribute(node, "transpose_a") else given[0]
    second = given[1].mT if _attribute(node, "transpose_b") else given[1]
    return first @ second


def _reshape(torch: Torch, node: Node, given: Sequence[Tensor]) -> Tensor:
    sizes = _ints(given[1])
    if _attribute(node, "special_zero"):
        sizes = [size or given[0].shape[at] for at, size in enumerate(sizes)]
    return given[0].reshape(sizes)


def _slice(torch: Torch, node: Node, given: Sequence[Tensor]) -> Tensor:
    whole, starts, stops, steps = given[0], *map(_ints, given[1:4])
    axes = _ints(given[4]) if len(given) > 4 else list(range(len(starts)))
    places = [slice(None)] * whole.ndim
    for axis, start, stop, step in zip(axes, starts, stops, steps, strict=True):
        places[axis] = slice(start, stop, step)
    return whole[tuple(places)]


def _gather(torch: Torch, node: Node, given: Sequence[Tensor]) -> Tensor:
    whole, places, axis = given[0], given[1].long(), int(given[2])
    if places.ndim == 0:
        return whole.select(axis, int(places))
    return whole[(slice(None),) * (axis % whole.ndim) + (places,)]


def _unsqueeze(torch: Torch, node: Node, given: Sequence[Tensor]) -> Tensor:
    made = given[0]
    for axis in sorted(one % (made.ndim + 1) for one in _ints(given[1])):
        made = made.unsqueeze(axis)
    return made


def _split_by(torch: Torch, node: Node, given: Sequence[Tensor]) -> Tensor:
    axis, sizes = int(given[1]), _ints(given[2])
    left = given[0].shape[axis] - sum(size for size in sizes if size >= 0)
    return given[0].split([left if size < 0 else size for size in sizes], dim=axis)


def _attend(torch: Torch, node: Node, given: Sequence[Tensor]) -> Tensor:
    query, key, value = given[:3]
    scores = (query * query.shape[-1] ** -0.5) @ key.mT
    return torch.softmax(scores.float(), dim=-1).to(value.dtype) @ value


OPERATIONS: Mapping[str, Operation] = {
    "Add": lambda torch, node, given: given[0] + given[1],
    "Concat": lambda torch, node, given: torch.cat(list(given), dim=_attribute(node, "axis")),
    "Convert": _convert,
    "Cos": lambda torch, node, given: given[0].cos(),
    "Divide": lambda torch, node, given: given[0] / given[1],
    "Gather": _gather,
    "Greater": lambda torch, node, given: given[0] > given[1],
    "MatMul": _matmul,
    "Mod": lambda torch, node, given: torch.fmod(given[0], given[1]),
    "Multiply": lambda torch, node, given: given[0] * given[1],
    "Power": lambda torch, node, given: given[0] ** float(given[1]),  # a number is ten times faster
    "Range": lambda torch, node, given: torch.arange(*(int(one) for one in given)),
    "ReduceMean": lambda torch, node, given: given[0].mean(
        dim=_ints(given[1]), keepdim=_attribute(node, "keep_dims")
    ),
    "Reshape": _reshape,
    "Result": lambda torch, node, given: given[0],
    "ScaledDotProductAttention": _attend,
    "ShapeOf": lambda torch, node, given: torch.tensor(given[0].shape),
    "Sin": lambda torch, node, given: given[0].sin(),
    "Slice": _slice,
    "Split": lambda torch, node, given: given[0].chunk(
        _attribute(node, "num_splits"), dim=int(given[1])
    ),
    "Sqrt": lambda torch, node, given: given[0].sqrt(),
    "Squeeze": lambda torch, node, given: given[0].squeeze(tuple(_ints(given[1]))),
    "Swish": lambda torch, node, given: torch.nn.functional.silu(given[0]),
    "Transpose": lambda torch, node, given: given[0].permute(_ints(given[1])),
    "Unsqueeze": _unsqueeze,
    "VariadicSplit": _split_by,
}
"""What is done for every kind of operation of OpenVINO's that the drawing network has."""
