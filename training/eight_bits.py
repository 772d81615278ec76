"""Packs a saved graph's large matrices in 8 bits (`limner.generators.embedded.packing`).

Unpacking the drawing network's matrices at every pass doubles the time of a small one (docs/log.md), so its values are
packed in a file instead and unpacked once, while loading.
"""

import xml.etree.ElementTree as ET
from math import prod
from pathlib import Path

import numpy as np

from limner.generators.embedded.eight_bits import LEAST_VALUES
from limner.generators.embedded.packing import packed


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
