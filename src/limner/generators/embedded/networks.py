"""The networks, run by OpenVINO: loaded on first use, checked, at most once in a process.

They run in the precision that precision.py finds best here, and once compiled they are kept in the
data folder: reading them back takes a third of the time. Only the drawing network may multiply
in 8 bits: with that on, the text encoder's token states are too far from float32.
This module knows graphs and arrays, nothing of prompts or pictures.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import openvino
from numpy.typing import NDArray

from limner.core.errors import GeneratorUnavailable
from limner.core.file_cache import COMPILED_FOLDER, FileCache
from limner.generators.embedded.adapter import Corrections, correct
from limner.generators.embedded.eight_bits import held_in_8_bits
from limner.generators.embedded.lengths import free_length
from limner.generators.embedded.precision import (
    AUTO,
    EIGHT_BITS,
    Run,
    candidates,
    choose,
    remember,
    remembered,
    usual_precision,
)
from limner.generators.embedded.tokens import TokenRows
from limner.generators.embedded.weights import Weights

# Shapes: B rows, T caption tokens, C channels, H height, W width, D and E widths,
# L layers, A attention heads, K head width.

DEVICE = "CPU"
TESTED_GRAPH = "denoise"
TEST_ROWS = 4
GROUP = 64  # inputs of a product that share a scale in 8 bits; 32 to 256 were tried (docs/log.md)
GROUP_SETTING = "DYNAMIC_QUANTIZATION_GROUP_SIZE"
# Every drawing needs these. They load two at a time, the largest first: 0.5 s instead of 0.8.
DRAWING_GRAPHS = ("denoise", "text", "condition", "decode", "enlarge")
Floats = NDArray[np.floating[Any]]  # float32


class Caption(NamedTuple):
    """What every step needs of a prompt: keys and values `[B, L, 2, A, T, K]`, mean `[B, D]`."""

    keys: Floats
    pooled: Floats


PredictClean = Callable[[Floats, Floats, Caption], Floats]
"""Clean canvases `[B, C, H, W]` from noisy ones, times `[B]` and captions."""


class Facts(NamedTuple):
    """What the engine says about itself."""

    device: str
    precision: str
    num_threads: int
    version: str


class Networks:
    """The graphs of one set of weights; calls are safe from several threads, one at a time.

    Args:
        weights: where the files are.
        num_threads: 0 takes every core the process may use.
        memory: folder that keeps which precision is best here, and the compiled networks; ``None``
            tries and keeps none.
        precision: asked for instead of the one that is best here; ``auto`` asks for none.
    """

    def __init__(
        self, weights: Weights, num_threads: int, memory: Path | None = None, precision: str = AUTO
    ) -> None:
        self._weights = weights
        self._num_threads = num_threads
        self._memory = memory
        self._asked_precision = precision
        self._kept = None if memory is None else FileCache(memory / COMPILED_FOLDER)
        self._core = openvino.Core()
        self._graphs: dict[str, openvino.CompiledModel] = {}
        self._values: dict[str, NDArray[np.uint8]] = {}
        self._lock = threading.RLock()

    @property
    def facts(self) -> Facts:
        """What really runs the drawing network; loads it if need be."""
        return self.facts_of("denoise")

    def facts_of(self, name: str) -> Facts:
        """What really runs a network; loads it if need be."""
        with self._lock:
            graph = self._graph(name)
            precision = str(graph.get_property("INFERENCE_PRECISION_HINT").to_string())
            is_in_8_bits = int(graph.get_property(GROUP_SETTING)) > 0
            return Facts(
                device=self._device,
                precision=f"{EIGHT_BITS}+{precision}" if is_in_8_bits else precision,
                num_threads=int(graph.get_property("INFERENCE_NUM_THREADS")),
                version=openvino.__version__,
            )

    def read_caption(
        self, rows: TokenRows, drop_B: NDArray[np.bool_], guidance_B: Floats | None = None
    ) -> Caption:
        """Captions as the drawing network takes them.

        Args:
            rows: of the tokenizer.
            drop_B: bool, true where the caption is left out.
            guidance_B: float32 from 1 up, for weights that read it; left out it is 1.
        """
        inputs = [self.read_tokens(rows), rows.mask_BT, drop_B]
        if self._weights.card.reads_guidance:
            is_left_out = guidance_B is None
            inputs.append(np.ones(len(drop_B), np.float32) if is_left_out else guidance_B)
        keys, pooled = self._run("condition", *inputs)
        return Caption(keys, pooled)

    def read_tokens(self, rows: TokenRows) -> Floats:
        """What the text encoder makes of every token, `[B, T, E]`, in rows of any length."""
        return self._run("text", rows.ids_BT, rows.mask_BT)[0]

    def predict_clean(self, noisy_BCHW: Floats, time_B: Floats, caption: Caption) -> Floats:
        """Clean canvases from noisy ones; every row has a time and a caption of its own."""
        return self._run("denoise", noisy_BCHW, time_B, caption.keys, caption.pooled)[0]

    def decode(self, canvas_BCHW: Floats) -> Floats:
        """Canvases to small premultiplied RGBA pictures, 0-1."""
        return self._run_each("decode", canvas_BCHW)

    def enlarge(self, small_BCHW: Floats) -> Floats:
        """Small pictures to full size."""
        return self._run_each("enlarge", small_BCHW)

    def encode(self, rgba_BCHW: Floats) -> Floats:
        """Premultiplied RGBA pictures of full size, 0-1, to canvases."""
        return self._run("encode", rgba_BCHW)[0]

    def _run_each(self, name: str, array_BCHW: Floats) -> Floats:
        """One row at a time.

        The convolutions round one row otherwise than several, so that in company the colours of
        nearly clear pixels would change.
        """
        rows = [self._run(name, array_BCHW[at : at + 1])[0] for at in range(len(array_BCHW))]
        return np.concatenate(rows)

    def _run(self, name: str, *arrays: NDArray[np.generic]) -> Sequence[Floats]:
        with self._lock:
            graph = self._graph(name)
            made = graph(list(arrays))
            return [np.array(made[port], np.float32) for port in graph.outputs]

    def load(self, stop: threading.Event) -> None:
        """Load what every drawing needs, unless told to stop; what is not loaded is later.

        Raises:
            GeneratorUnavailable: a file is missing or does not match its hash.
        """
        with self._lock:
            self._load_all(DRAWING_GRAPHS, stop)

    def _graph(self, name: str) -> openvino.CompiledModel:
        if name not in self._graphs:
            names = DRAWING_GRAPHS if name in DRAWING_GRAPHS else (name,)
            self._load_all(names, threading.Event())
        return self._graphs[name]

    def _load_all(self, names: Sequence[str], stop: threading.Event) -> None:
        _ = self._precision  # found before two threads ask for it

        def load(name: str) -> None:
            if name not in self._graphs and not stop.is_set():
                self._graphs[name] = self._kept_or_compiled(name)

        with ThreadPoolExecutor(max_workers=2) as pool:
            list(pool.map(load, names))

    def corrected(self, corrections: Corrections) -> PredictClean:
        """The drawing network with corrections worked in, to be called as `predict_clean`.

        Raises:
            GeneratorUnavailable: they are not of this network.
        """
        with self._lock:
            graph = self._compiled("denoise", self._precision, corrections)

        def predict(noisy_BCHW: Floats, time_B: Floats, caption: Caption) -> Floats:
            with self._lock:
                made = graph([noisy_BCHW, time_B, caption.keys, caption.pooled])
                return np.array(made[graph.outputs[0]], np.float32)

        return predict

    def read_graph(self, name: str) -> openvino.Model:
        """A graph that is not compiled, as whoever changes it needs it.

        Raises:
            GeneratorUnavailable: a file is missing or does not match its hash.
        """
        structure, values = self._weights.read(f"{name}.xml"), self._kept_values(name)
        tensor = openvino.Tensor(values, shared_memory=True)
        try:
            return self._core.read_model(structure, tensor)  # pyright: ignore[reportUnknownMemberType]
        except RuntimeError as error:
            raise _unloadable(name) from error

    def _kept_or_compiled(self, name: str) -> openvino.CompiledModel:
        """The same network either way: it is kept with everything that decides what it does."""
        if self._kept is None:
            return self._compiled(name, self._precision)
        settings = self._settings(name, self._precision)
        facts = {**self._engine, "settings": settings, "files": self._files_of(name)}
        if (kept := self._kept.read(facts)) is not None:
            with suppress(RuntimeError):  # then it is compiled anew
                return self._core.import_model(  # pyright: ignore[reportUnknownMemberType]
                    kept, DEVICE, settings
                )
        compiled = self._compiled(name, self._precision)
        self._kept.keep(facts, compiled.export_model().getvalue())
        return compiled

    def _compiled(
        self, name: str, precision: str, corrections: Corrections | None = None
    ) -> openvino.CompiledModel:
        model = self.read_graph(name)
        if corrections:
            correct(model, corrections)
        if name == "text":
            free_length(model)
        if _is_in_8_bits(name, precision):
            held_in_8_bits(model)
        try:
            return self._core.compile_model(model, DEVICE, self._settings(name, precision))
        except RuntimeError as error:
            raise _unloadable(name) from error

    def _settings(self, name: str, precision: str) -> dict[str, str]:
        group = GROUP if _is_in_8_bits(name, precision) else 0
        threads = {"INFERENCE_NUM_THREADS": str(self._num_threads)} if self._num_threads else {}
        return {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": self._usual if precision == EIGHT_BITS else precision,
            GROUP_SETTING: str(group),
            **threads,
        }

    def _kept_values(self, name: str) -> NDArray[np.uint8]:
        """Values that the engine may go on reading; it does not keep them itself."""
        if name not in self._values:
            self._values[name] = self._weights.values(name)
        return self._values[name]

    @cached_property
    def _able(self) -> Sequence[str]:
        return self._core.get_property(DEVICE, "OPTIMIZATION_CAPABILITIES")

    @property
    def _usual(self) -> str:
        return usual_precision(self._able)

    @cached_property
    def _engine(self) -> dict[str, object]:
        """What a measured precision and a compiled network hold for, besides the weights."""
        return {
            "device": self._device,
            "able": sorted(self._able),
            "num_threads": self._num_threads,
            "num_cores": os.cpu_count(),
            "openvino": openvino.__version__,
        }

    @cached_property
    def _device(self) -> str:
        return str(self._core.get_property(DEVICE, "FULL_DEVICE_NAME")).strip()

    def _files_of(self, graph: str) -> dict[str, str]:
        files = self._weights.card.files
        return {name: tagged for name, tagged in files.items() if name.startswith(f"{graph}.")}

    @cached_property
    def _precision(self) -> str:
        possible = candidates(self._able)
        if self._asked_precision in possible:
            return self._asked_precision
        if self._asked_precision != AUTO:
            raise GeneratorUnavailable(
                f"This processor does not draw in {self._asked_precision!r}; "
                f"it does in {', '.join(possible)}.",
                hint="Set the setting 'precision' to one of these, or to 'auto'.",
            )
        if self._memory is None or len(possible) == 1:
            return self._usual
        facts = {**self._engine, "weights": self._files_of(TESTED_GRAPH)}
        kept = remembered(self._memory, facts)
        if kept in possible:
            return kept
        choice = choose({name: self._test_run(name) for name in possible}, self._usual)
        if choice.is_sure:
            remember(self._memory, facts, choice)
        return choice.precision

    def _test_run(self, precision: str) -> Run:
        """The drawing network on noise, as many rows as two guided pictures have."""
        graph = self._compiled(TESTED_GRAPH, precision)
        rng = np.random.default_rng(0)
        inputs = [_noise(rng, port.get_partial_shape()) for port in graph.inputs]
        return lambda: np.array(graph(inputs)[graph.outputs[0]], np.float32)


def _is_in_8_bits(name: str, precision: str) -> bool:
    return precision == EIGHT_BITS and name == TESTED_GRAPH


def _unloadable(name: str) -> GeneratorUnavailable:
    return GeneratorUnavailable(
        f"The network {name!r} cannot be loaded by OpenVINO {openvino.__version__}.",
        hint="Install the versions Limner was tested with.",
    )


def _noise(rng: np.random.Generator, shape: openvino.PartialShape) -> Floats:
    """Numbers within 0-1 for times, normal ones for everything else."""
    sizes = [TEST_ROWS if one.is_dynamic else one.get_length() for one in shape]
    return (
        rng.random(sizes, np.float32) if len(sizes) == 1 else rng.standard_normal(sizes, np.float32)
    )


_opened: dict[tuple[Path, int, str], Networks] = {}
_opening = threading.Lock()


def open_networks(
    weights: Weights, num_threads: int, memory: Path | None = None, precision: str = AUTO
) -> Networks:
    """The process's networks of these weights; opened once, loaded on first use.

    Args:
        weights: where the files are.
        num_threads: 0 takes every core the process may use.
        memory: folder that keeps which precision is best here, of whoever asks first.
        precision: as in `Networks`.
    """
    with _opening:
        key = (weights.folder.resolve(), num_threads, precision)
        if key not in _opened:
            _opened[key] = Networks(weights, num_threads, memory, precision)
        return _opened[key]
