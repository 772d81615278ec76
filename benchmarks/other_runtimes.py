"""The same weights on other runtimes, each as its users would serve them, beside Limner's passes.

One trace of equal requests that all come at once, drawn in turn and in alternating order, with as
many threads, each prompt read beforehand:

* *limner*: the product's generator, requests sharing passes.
* *PyTorch*: one picture after another as a diffusers pipeline draws it, its two guidance rows in
  one forward; bfloat16 (autocast) and compiled.
* *onnxruntime*: the same loop over the graph in ONNX, float32, the only precision of its products
  on a CPU.
* *OpenVINO, cloned*: the product's graph compiled for throughput, a clone of its request for every
  stream, each drawing pictures of its own, as OpenVINO's model server does it.

All answer the product's own questions (guidance, sampler, decoding, enlarging); that every picture
is the product's, within what bfloat16 does, is checked before anything is timed. PyTorch and the
export to ONNX come with ``limner[training]`` and ``onnx onnxscript onnxruntime``.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import openvino

from benchmarks.figure import Measurement
from benchmarks.traffic import Asked, Engine, run_limner, uniform
from limner.generators.embedded.networks import DEVICE, Caption, Floats, PredictClean
from limner.generators.embedded.sampler import SAMPLERS, draw_noise, guided, time_grid

if TYPE_CHECKING:
    from torch import nn

LEAST_PSNR = 30.0  # of a picture against the product's, dB
ROWS = 2  # of one guided picture
SQUARES = np.zeros(ROWS, np.int64)  # the number of their form

Decode = Callable[[Floats], Floats]
"""Canvases to premultiplied RGBA pictures of full size, 0-1."""


class Runtime(NamedTuple):
    """What draws on one runtime, in so many lanes at once."""

    predict_clean: PredictClean
    decode: Decode
    lanes: int = 1


def measure_other_runtimes(is_quick: bool) -> Measurement:
    """Pictures a second of the uniform trace over those of the best other runtime, by repeat."""
    num, repeats = (8, 1) if is_quick else (64, 5)
    engine = Engine(None)  # everybody in the same precision
    engine.warm()
    trace = uniform(num)
    with tempfile.TemporaryDirectory() as folder:
        runtimes = open_runtimes(engine, Path(folder))
        for name, runtime in runtimes.items():
            _hold_same(engine, name, runtime, trace[0])
        rates: dict[str, list[float]] = {name: [] for name in ("limner", *runtimes)}
        for repeat in range(repeats):
            for name in list(rates)[:: -1 if repeat % 2 else 1]:
                started = time.perf_counter()
                if name == "limner":
                    run_limner(engine, trace)
                else:
                    draw_all(engine, runtimes[name], trace)
                rates[name].append(num / (time.perf_counter() - started))
    for name, of_one in rates.items():
        median = float(np.median(of_one))
        print(f"{name:17} {median:6.2f} pictures/s ({min(of_one):.2f} to {max(of_one):.2f})")
    best = max(runtimes, key=lambda name: np.median(rates[name]))
    ratios = [mine / other for mine, other in zip(rates["limner"], rates[best], strict=True)]
    return Measurement(
        value=round(float(np.median(ratios)), 3),
        n=len(ratios),
        interval=(round(min(ratios), 3), round(max(ratios), 3)),
    )


def open_runtimes(engine: Engine, folder: Path) -> dict[str, Runtime]:
    """Every other runtime with the landed weights on it.

    Raises:
        SystemExit: PyTorch or onnxruntime is not installed.
    """
    try:
        modules = _modules(engine.weights.folder, folder)
        return {
            "PyTorch": _on_pytorch(modules),
            "onnxruntime": _on_onnxruntime(engine, modules, folder),
            "OpenVINO, cloned": _on_clones(engine),
        }
    except ModuleNotFoundError as error:
        raise SystemExit(
            f"{error.name} is not installed; the other runtimes need "
            "pip install 'limner[training]' onnx onnxscript onnxruntime"
        ) from error


def draw_all(engine: Engine, runtime: Runtime, trace: Sequence[Asked]) -> None:
    """Draw a trace, in as many lanes as the runtime has."""
    with ThreadPoolExecutor(runtime.lanes) as pool:
        list(pool.map(lambda asked: draw(engine, runtime, asked), trace))


def draw(engine: Engine, runtime: Runtime, asked: Asked) -> Floats:
    """One guided picture, premultiplied RGBA `[4, H, W]`, 0-1."""
    card = engine.weights.card
    captions = [engine.read_caption(text) for text in (asked.prompt, "")]
    caption = Caption(*(np.concatenate(part) for part in zip(*captions, strict=True)))
    times = time_grid(asked.steps, shift=card.time_shift)
    walk = SAMPLERS["dpm++2m"](draw_noise(asked.seed, card.canvas)[None], times)
    question = next(walk)
    while True:
        noisy = np.repeat(question.noisy_BCHW, ROWS, 0)
        times_R = np.full(ROWS, question.time, np.float32)
        (both,) = runtime.predict_clean([noisy], times_R, caption)
        clean = guided(both[:1], both[1:], asked.guidance)
        try:
            question = walk.send(clean)
        except StopIteration:
            return runtime.decode(clean)[0]


def _hold_same(engine: Engine, name: str, runtime: Runtime, asked: Asked) -> None:
    own = Runtime(engine.networks.predict_clean, _own_decode(engine))
    apart = draw(engine, runtime, asked) - draw(engine, own, asked)
    psnr = -10 * float(np.log10(np.mean(np.square(apart)) + 1e-12))
    print(f"{name}: {psnr:.1f} dB from the product's picture")
    if psnr < LEAST_PSNR:
        raise SystemExit(f"{name} draws another picture: {psnr:.1f} dB, {LEAST_PSNR} is the least")


def _own_decode(engine: Engine) -> Decode:
    return lambda canvas_BCHW: engine.networks.enlarge(engine.networks.decode(canvas_BCHW))


class Modules(NamedTuple):
    """The networks as PyTorch modules that compute what the product's graphs do."""

    denoise: nn.Module
    decode: nn.Module


def _modules(weights: Path, folder: Path) -> Modules:
    from torch import nn
    from training.export import load_head
    from training.export_graphs import Decode as DecodeGraph
    from training.export_graphs import Denoise, Enlarge
    from training.landed import landed_network, lay
    from training.spaces import open_space

    lay(weights, folder)
    space = open_space("latents", folder)
    head = load_head(folder, "latents", space)
    decode = nn.Sequential(DecodeGraph(space), Enlarge(head, space.picture_px))
    return Modules(Denoise(landed_network(weights)).eval(), decode.eval())


def _on_pytorch(modules: Modules) -> Runtime:
    import torch

    denoise, decode = torch.compile(modules.denoise), torch.compile(modules.decode)

    def predict(noisy: Sequence[Floats], time_B: Floats, caption: Caption) -> list[Floats]:
        inputs = (_cells(noisy[0]), time_B, *caption, SQUARES)
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            made = denoise(*(torch.from_numpy(one) for one in inputs)).float().numpy()
        return [made.reshape(noisy[0].shape)]

    def decoded(canvas_BCHW: Floats) -> Floats:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            return decode(torch.from_numpy(canvas_BCHW)).float().numpy()

    return Runtime(predict, decoded)


def _on_onnxruntime(engine: Engine, modules: Modules, folder: Path) -> Runtime:
    import onnxruntime
    import torch

    canvas = np.zeros((ROWS, *engine.weights.card.canvas), np.float32)
    caption = engine.read_caption("")
    examples: dict[str, tuple[nn.Module, tuple[Floats, ...]]] = {
        "denoise": (
            modules.denoise,
            (
                _cells(canvas),
                np.zeros(ROWS, np.float32),
                *(np.repeat(one, ROWS, 0) for one in caption),
                SQUARES,
            ),
        ),
        "decode": (modules.decode, (canvas[:1],)),
    }
    sessions: dict[str, Any] = {}
    for name, (module, arrays) in examples.items():
        path = folder / f"{name}.onnx"
        example = tuple(torch.from_numpy(one) for one in arrays)
        torch.onnx.export(module, example, path, dynamo=True, verbose=False)
        sessions[name] = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def run(name: str, *arrays: Floats) -> Floats:
        names = [one.name for one in sessions[name].get_inputs()]
        return sessions[name].run(None, dict(zip(names, arrays, strict=True)))[0]

    def predict(noisy: Sequence[Floats], time_B: Floats, caption: Caption) -> list[Floats]:
        made = run("denoise", _cells(noisy[0]), time_B, *caption, SQUARES)
        return [made.reshape(noisy[0].shape)]

    return Runtime(predict, lambda canvas_BCHW: run("decode", canvas_BCHW))


def _cells(canvas_BCHW: Floats) -> Floats:
    """A canvas as the drawing network takes it, cell by cell."""
    return canvas_BCHW.reshape(*canvas_BCHW.shape[:2], -1)


def _on_clones(engine: Engine) -> Runtime:
    core = openvino.Core()
    settings = {
        "PERFORMANCE_HINT": "THROUGHPUT",
        "INFERENCE_PRECISION_HINT": engine.networks.facts.precision,
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
    }
    graphs = {
        name: core.compile_model(engine.networks.read_graph(name), DEVICE, settings)
        for name in ("denoise", "decode", "enlarge")
    }

    def run(name: str, *arrays: Floats) -> Floats:
        request = graphs[name].create_infer_request()
        return np.array(request.infer(list(arrays))[0], np.float32)

    return Runtime(
        lambda noisy, time_B, caption: [run("denoise", noisy[0], time_B, *caption)],
        lambda canvas_BCHW: run("enlarge", run("decode", canvas_BCHW)),
        lanes=int(graphs["denoise"].get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")),
    )
