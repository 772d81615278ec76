"""The same weights on other runtimes, each as its users would serve them.

* *PyTorch*: one picture after another as a diffusers pipeline draws it, all rows of a picture in
  one forward; bfloat16 (autocast) and compiled.
* *onnxruntime*: the same loop over the graphs in ONNX, float32, the only precision of its products
  on a CPU.
* *OpenVINO, cloned*: the product's graphs compiled for throughput, a clone of its request for every
  stream, each drawing pictures of its own, as OpenVINO's model server does it.

All answer the product's own questions (guidance, sampler, decoding, enlarging). PyTorch and the
export to ONNX come with ``limner[training]`` and ``onnx onnxscript onnxruntime``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import openvino

from benchmarks.serving_systems import Engine, Picture, System, in_lanes, warm
from benchmarks.traces import Asked
from limner.generators.embedded.canvas import to_straight
from limner.generators.embedded.course import Course
from limner.generators.embedded.graphs import Part
from limner.generators.embedded.precision import usual_precision
from limner.generators.embedded.shapes import Floats
from limner.graphs.compiled import DEVICE, capabilities
from limner.graphs.rounding import in_full, without_rounding

if TYPE_CHECKING:
    import onnxruntime
    from torch import nn

Forward = Callable[..., Floats]
"""Clean canvases from noisy ones of one shape, times, caption keys and whole captions."""
Decode = Callable[[Floats], Floats]
"""Canvases to premultiplied RGBA pictures of full size, 0-1."""


class Runtime(NamedTuple):
    """What draws on one runtime, in so many lanes at once."""

    forward: Forward
    decode: Decode
    precision: str
    lanes: int = 1


def on_pytorch(_: Path) -> System:
    """PyTorch; raises `ModuleNotFoundError` where it is not installed."""
    import torch

    engine = _engine()
    modules = _modules(engine)
    denoise, decode = (torch.compile(one, dynamic=False) for one in modules)

    def forward(*arrays: Floats) -> Floats:
        inputs = _as_cells(engine, *arrays)
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            made = denoise(*(torch.from_numpy(one) for one in inputs)).float().numpy()
        return made.reshape(arrays[0].shape)

    def decoded(canvas_BCHW: Floats) -> Floats:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            return decode(torch.from_numpy(canvas_BCHW)).float().numpy()

    return _system(engine, Runtime(forward, decoded, "bf16"))


def on_onnxruntime(_: Path) -> System:
    """onnxruntime; raises `ModuleNotFoundError` where it is not installed."""
    import onnxruntime
    import torch

    engine = _engine()
    modules = _modules(engine)
    sessions: dict[tuple[object, ...], Any] = {}

    def session(module: nn.Module, arrays: Sequence[Floats]) -> onnxruntime.InferenceSession:
        """A graph for each shape, which is the fastest form there is."""
        key = (module, *(one.shape for one in arrays))
        if key not in sessions:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "graph.onnx"
                example = tuple(torch.from_numpy(one) for one in arrays)
                torch.onnx.export(module, example, path, dynamo=True, verbose=False)
                providers = ["CPUExecutionProvider"]
                sessions[key] = onnxruntime.InferenceSession(path, providers=providers)
        return sessions[key]

    def run(module: nn.Module, *arrays: Floats) -> Floats:
        made = session(module, arrays)
        names = [one.name for one in made.get_inputs()]
        return made.run(None, dict(zip(names, arrays, strict=True)))[0]

    def forward(*arrays: Floats) -> Floats:
        inputs = _as_cells(engine, *arrays)
        return run(modules.denoise, *inputs).reshape(arrays[0].shape)

    return _system(engine, Runtime(forward, partial(run, modules.decode), "f32"))


def on_clones(_: Path) -> System:
    """OpenVINO with a clone of the request for every stream."""
    engine = _engine()
    core = openvino.Core()
    precision = usual_precision(capabilities(core))
    settings = {
        "PERFORMANCE_HINT": "THROUGHPUT",
        "INFERENCE_PRECISION_HINT": precision,
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
    }
    graphs: dict[Part, Any] = {}

    def run(name: str, *arrays: Floats) -> Floats:
        part = Part(name, arrays[0].shape[2:], len(arrays[0]))
        if part not in graphs:
            model = in_full(without_rounding(engine.networks.graphs.as_it_runs(part)))
            graphs[part] = core.compile_model(model, DEVICE, settings)
        request = graphs[part].create_infer_request()
        return np.array(request.infer(list(arrays))[0], np.float32)

    def decoded(canvas_BCHW: Floats) -> Floats:
        return run("enlarge", run("decode", canvas_BCHW))

    return _system(
        engine,
        Runtime(partial(run, "denoise"), decoded, precision),
        lambda: int(next(iter(graphs.values())).get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")),
    )


def _engine() -> Engine:
    """For prompts and questions; the product's other networks are not loaded."""
    engine = Engine(None)
    engine.networks.graphs.load([Part("text"), Part("condition")])
    return engine


def _system(engine: Engine, runtime: Runtime, read_lanes: Callable[[], int] = lambda: 1) -> System:
    def draw(asked: Asked) -> Picture:
        return _drawn(engine, runtime, asked)

    warm(draw)
    lanes = read_lanes()
    return System(engine, draw, partial(in_lanes, draw, lanes), runtime.precision)


def _drawn(engine: Engine, runtime: Runtime, asked: Asked) -> Picture:
    course = Course(engine.way(asked), 0.0)
    clean: Floats | None = None
    while not course.is_over:
        noisy, times = course.rows()
        engine.count([noisy])
        course.answer(runtime.forward(noisy, times, *course.caption))
        while course.num_untold:
            clean = course.take_step()
    assert clean is not None
    return to_straight(runtime.decode(clean))[0]


class Modules(NamedTuple):
    """The networks as PyTorch modules that compute what the product's graphs do."""

    denoise: nn.Module
    decode: nn.Module


def _modules(engine: Engine) -> Modules:
    from torch import Tensor, nn
    from training.export_graphs import Decode as Decoder
    from training.export_graphs import Denoise
    from training.landed import landed_autoencoder, landed_head, landed_network
    from training.spaces import Latents

    weights = engine.weights.folder
    space = Latents(landed_autoencoder(weights).eval())
    head = landed_head(weights, space.picture_px)

    class Finish(nn.Module):
        """As it was trained; the exported form of the head does not compile in PyTorch."""

        def __init__(self) -> None:
            super().__init__()
            self.decoder, self.head = Decoder(space), head

        def forward(self, canvas_BCHW: Tensor) -> Tensor:
            return (self.head(self.decoder(canvas_BCHW) * 2 - 1) + 1) / 2

    return Modules(Denoise(landed_network(weights)).eval(), Finish().eval())


def _as_cells(engine: Engine, noisy: Floats, times: Floats, *caption: Floats) -> Sequence[Floats]:
    """What the drawing network of PyTorch takes: cells, and the number of the form of each row."""
    shapes = engine.weights.card.shapes or (noisy.shape[2:],)
    form = np.full(len(noisy), shapes.index(noisy.shape[2:]), np.int64)
    return (noisy.reshape(*noisy.shape[:2], -1), times, *caption, form)
