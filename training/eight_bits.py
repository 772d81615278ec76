"""Holds large matrices and convolution kernels of a graph in 8 bits; the arithmetic stays what it was.

One scale per output row (per token in an embedding table), as in Jacob et al. 2018 (arXiv:1712.05877) but for weights
only. `held_in_8_bits` is for networks that are quick to unpack at every pass. Unpacking the drawing network's matrices at
every pass doubles the time of a small one (docs/log.md), so its values are packed in a file instead (`pack`) and unpacked
once, while loading.
"""

import xml.etree.ElementTree as ET
from math import prod
from pathlib import Path

import numpy as np
import openvino as ov
from openvino import opset13

from limner.generators.embedded.packing import packed

LEAST_VALUES = 10_000  # smaller constants are not worth it
SCALE = ":scale"


def held_in_8_bits(model: ov.Model, least_values: int = LEAST_VALUES) -> ov.Model:
    """The same graph with its large constants of two and four axes rounded to 8 bits; changed in place."""
    for node in model.get_ordered_ops():
        if node.get_type_name() != "Constant" or len(node.shape) not in (2, 4) or np.prod(list(node.shape)) < least_values:
            continue
        if node.data.dtype not in (np.float32, np.float16):
            continue
        values = node.data.astype(np.float32)
        scale = np.maximum(np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True), 1e-12) / 127
        rounded = opset13.constant(np.rint(values / scale).astype(np.int8))
        scales = opset13.constant(scale.astype(np.float32))
        rounded.set_friendly_name(node.get_friendly_name())
        scales.set_friendly_name(node.get_friendly_name() + SCALE)
        held = opset13.multiply(opset13.convert(rounded, "f32"), scales)
        for target in _users(node):
            target.replace_source_output(held.output(0))
    model.validate_nodes_and_infer_types()
    return model


def pack(graph: Path, least_values: int = LEAST_VALUES) -> None:
    """Replace the ``.bin`` beside a saved ``.xml`` graph by a ``.safetensors`` with its large matrices in 8 bits."""
    matrices: dict[int, tuple[int, int]] = {}
    for constant in ET.parse(graph).getroot().iterfind("layers/layer[@type='Const']/data[@element_type='f16']"):
        shape = [int(size) for size in constant.get("shape", "").split(",") if size.strip()]
        if len(shape) == 2 and prod(shape) >= least_values:
            matrices[int(constant.get("offset", ""))] = (shape[0], shape[1])
    values = graph.with_suffix(".bin")
    graph.with_suffix(".safetensors").write_bytes(packed(np.fromfile(values, np.uint8), matrices))
    values.unlink()


def _users(node: ov.Node) -> list[ov.Input]:
    """What takes the constant, past the conversion that follows one held in half precision."""
    targets = list(node.output(0).get_target_inputs())
    if len(targets) == 1 and targets[0].get_node().get_type_name() == "Convert":
        return list(targets[0].get_node().output(0).get_target_inputs())
    return targets
