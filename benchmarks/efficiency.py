"""How much of the processor's own matrix speed the drawing network reaches.

The reference is nothing but the network's matrix products: the same shapes, the same precision,
the same runtime (OpenVINO), the same threads, each with weights of its own, one feeding the next
with nothing between them. Network and products run in turn in one process, so that both meet the
same machine.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import openvino
from openvino import opset13

from benchmarks.figure import Measurement, median_measurement
from limner.generators.embedded.networks import open_networks
from limner.generators.embedded.weights import Weights

NUM_ROWS = 16
COPIES = 12  # times there and back in a reference graph, as many as the network has layers
SETTINGS = {
    "PERFORMANCE_HINT": "LATENCY",
    "INFERENCE_NUM_THREADS": min(2, len(os.sched_getaffinity(0))),
    "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
}


class Product(NamedTuple):
    """`batch` products of `[rows, inner]` by `[inner, columns]`; the right one a weight or not."""

    batch: int
    rows: int
    inner: int
    columns: int
    has_weight: bool

    @property
    def flops(self) -> int:
        """Additions and multiplications."""
        return 2 * self.batch * self.rows * self.inner * self.columns


def measure_efficiency(is_quick: bool) -> Measurement:
    """Speed of the drawing network at 16 rows over the speed of its own matrix products.

    Both are FLOP/s over the same FLOPs: every matrix product of the graph, attention's two
    included, and nothing else, so the time of everything that is not a product counts against
    the network. The products' time is the sum over shapes of the number of such products in the
    network times the time of one. Each round divides the products' time by the mean of the
    network's times just before and just after; the figure is the median over rounds.
    """
    core = openvino.Core()
    run_network = compiled(core, read_network())
    products = products_of(read_network())
    references = {product: compiled(core, reference_graph(product)) for product in products}
    ratios: list[float] = []
    for _ in range(5 if is_quick else 25):
        before = timed(run_network)
        products_seconds = sum(
            count * timed(references[product]) / (2 * COPIES) for product, count in products.items()
        )
        network_seconds = (before + timed(run_network)) / 2
        ratios.append(products_seconds / network_seconds)
    return median_measurement(ratios)


def read_network() -> openvino.Model:
    """The packaged drawing network as the product runs it for `NUM_ROWS` squares."""
    graphs = open_networks(Weights(), 0).graphs  # whose values stay
    return graphs.as_it_runs(graphs.drawing_part("denoise")._replace(num_rows=NUM_ROWS))


def _sizes(port: openvino.Output) -> list[int]:
    return [one.get_length() for one in port.partial_shape]


def products_of(model: openvino.Model) -> Counter[Product]:
    """Every matrix product of a graph with fixed shapes, by shape."""
    found: Counter[Product] = Counter()
    for node in model.get_ordered_ops():
        kind = node.get_type_name()
        if kind == "MatMul":
            found[_product(node)] += 1
    return found


def _product(node: openvino.Node) -> Product:
    left, right = (list(node.input(index).get_shape()) for index in range(2))
    out = list(node.output(0).get_shape())
    inner = left[-2] if node.get_attributes()["transpose_a"] else left[-1]
    if len(right) == 2:
        return Product(1, int(np.prod(out[:-1])), inner, out[-1], has_weight=True)
    return Product(int(np.prod(out[:-2])), out[-2], inner, out[-1], has_weight=False)


def reference_graph(product: Product, copies: int = COPIES) -> openvino.Model:
    """`copies` times there and back: `[rows, inner]` to `[rows, columns]` to `[rows, inner]`.

    Every product feeds the next, so that what it writes is still in the cache, as in the network;
    products of one shape side by side, each with an output of its own, measured slower. Both ways
    take the same FLOPs. bfloat16 in and out, so nothing is converted.
    """
    bf16 = openvino.Type.bf16
    batch = [] if product.has_weight else [product.batch]
    first = opset13.parameter([*batch, product.rows, product.inner], bf16)
    inputs, x = [first], first
    for copy in range(copies):
        for is_back in (False, True):
            if product.has_weight:
                sizes = (product.columns, product.inner)
                right = _weight(sizes[::-1] if is_back else sizes, seed=2 * copy + is_back)
                x = opset13.matmul(x, right, transpose_a=False, transpose_b=True)
                continue
            if not is_back:
                right = opset13.parameter([product.batch, product.columns, product.inner], bf16)
                inputs.append(right)
            x = opset13.matmul(x, right, transpose_a=False, transpose_b=not is_back)
    return openvino.Model([x], inputs, "products")


def _weight(sizes: tuple[int, int], seed: int) -> openvino.Node:
    values = np.random.default_rng(seed).standard_normal(sizes, np.float32) / np.sqrt(sizes[1])
    half = opset13.convert(opset13.constant(values.astype(np.float16)), "f32")
    return opset13.convert(half, "bf16")


def compiled(core: openvino.Core, model: openvino.Model) -> Callable[[], None]:
    """A graph ready to run on fixed random inputs, run once."""
    able = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    precision = "bf16" if "BF16" in able else "f32"
    graph = core.compile_model(model, "CPU", {**SETTINGS, "INFERENCE_PRECISION_HINT": precision})
    request = graph.create_infer_request()
    rng = np.random.default_rng(0)
    for index, port in enumerate(graph.inputs):
        tensor = openvino.Tensor(port.get_element_type(), openvino.Shape(_sizes(port)))
        values = rng.standard_normal(_sizes(port), np.float32)
        if port.get_element_type() == openvino.Type.bf16:
            tensor.data[:] = (
                (values.view(np.uint32) >> 16).astype(np.uint16).view(tensor.data.dtype)
            )
        else:
            tensor.data[:] = values
        request.set_input_tensor(index, tensor)
    request.infer()
    return request.infer


def timed(run: Callable[[], object]) -> float:
    """Seconds of one run."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started
