"""The networks, run by OpenVINO: loaded on first use, checked, at most once in a process.

They run in the precision that precision.py finds best here, and once compiled they are kept in the
data folder: reading them back takes a third of the time. In 8 bits the drawing network rounds what
it multiplies as it comes, and the networks that make its canvas a picture by the ranges they were
stored with; the text encoder never does: its token states would be too far from float32.
This module knows graphs and arrays, nothing of prompts or pictures.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import openvino
from numpy.typing import NDArray

from limner.core.errors import GeneratorUnavailable
from limner.core.file_cache import COMPILED_FOLDER, FileCache
from limner.core.rounding import without_rounding
from limner.generators.embedded.adapter import Corrections, correct
from limner.generators.embedded.eight_bits import held_in_8_bits
from limner.generators.embedded.lengths import free_length
from limner.generators.embedded.precision import (
    AUTO,
    EIGHT_BITS,
    USUAL,
    Run,
    candidates,
    choose,
    remember,
    remembered,
    usual_precision,
)
from limner.generators.embedded.shapes import Floats, of_one_shape, reads_shapes
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


class Caption(NamedTuple):
    """What every step needs of a prompt: keys and values `[B, L, 2, A, T, K]`, mean `[B, D]`."""

    keys: Floats
    pooled: Floats


PredictClean = Callable[[Sequence[Floats], Floats, Caption], list[Floats]]
"""Clean canvases from noisy ones `[R, C, H, W]`, one shape each; times and captions of all rows."""


class Part(NamedTuple):
    """A network as it is compiled: of one height and width of canvas or picture, or of any."""

    name: str
    sides: tuple[int, int] | None = None


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
        precision: asked for instead of the one that is best here; ``auto`` asks for none, ``usual``
            for the one that is not measured.
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
        self._graphs: dict[Part, openvino.CompiledModel] = {}
        self._facts: dict[str, Facts] = {}
        self._values: dict[str, NDArray[np.uint8]] = {}
        self._mapped: list[NDArray[np.uint8]] = []
        self._lock = threading.RLock()

    @property
    def facts(self) -> Facts:
        """What really runs the drawing network; loads it if need be."""
        return self.facts_of("denoise")

    def facts_of(self, name: str) -> Facts:
        """What really runs a network; loads it if need be, and waits for others only then."""
        if name not in self._facts:
            with self._lock:
                self._facts[name] = self._read_facts(self._graph(self._drawing_part(name)))
        return self._facts[name]

    def _read_facts(self, graph: openvino.CompiledModel) -> Facts:
        precision = str(graph.get_property("INFERENCE_PRECISION_HINT").to_string())
        is_in_8_bits = int(graph.get_property(GROUP_SETTING)) > 0
        return Facts(
            device=self._device,
            precision=f"{EIGHT_BITS}+{precision}" if is_in_8_bits else precision,
            num_threads=int(graph.get_property("INFERENCE_NUM_THREADS")),
            version=openvino.__version__,
        )

    def read_caption(
        self,
        rows: TokenRows,
        drop_B: NDArray[np.bool_],
        guidance_B: Floats | None = None,
        tokens_BTE: Floats | None = None,
    ) -> Caption:
        """Captions as the drawing network takes them.

        Args:
            rows: of the tokenizer.
            drop_B: bool, true where the caption is left out.
            guidance_B: float32 from 1 up, for weights that read it; left out it is 1.
            tokens_BTE: what `read_tokens` made of these rows, where that is known.
        """
        inputs = [self.read_tokens(rows) if tokens_BTE is None else tokens_BTE]
        inputs += [rows.mask_BT, drop_B]
        if self._weights.card.reads_guidance:
            is_left_out = guidance_B is None
            inputs.append(np.ones(len(drop_B), np.float32) if is_left_out else guidance_B)
        keys, pooled = self._run(Part("condition"), *inputs)
        return Caption(keys, pooled)

    def read_tokens(self, rows: TokenRows) -> Floats:
        """What the text encoder makes of every token, `[B, T, E]`, in rows of any length."""
        return self._run(Part("text"), rows.ids_BT, rows.mask_BT)[0]

    def predict_clean(
        self, noisy: Sequence[Floats], time_B: Floats, caption: Caption
    ) -> list[Floats]:
        """Clean canvases from noisy ones; see `PredictClean`."""
        return self._predict(self._graph, noisy, time_B, caption)

    def _predict(
        self,
        read_graph: Callable[[Part], openvino.CompiledModel],
        noisy: Sequence[Floats],
        time_B: Floats,
        caption: Caption,
    ) -> list[Floats]:
        """Each shape in a pass by the graph for it."""
        ends = np.cumsum([len(one) for one in noisy])
        rows: list[NDArray[np.intp]] = [
            np.arange(end - len(one), end) for end, one in zip(ends, noisy, strict=True)
        ]
        clean: dict[int, Floats] = {}
        shapes = {one.shape[2:] for one in noisy}
        for shape in shapes:
            places = [at for at, one in enumerate(noisy) if one.shape[2:] == shape]
            chosen = (
                slice(None) if len(shapes) == 1 else np.concatenate([rows[at] for at in places])
            )
            inputs = [np.concatenate([noisy[at] for at in places]), time_B[chosen]]
            inputs += [part[chosen] for part in caption]
            (made,) = self._run_graph(read_graph, Part("denoise", shape), inputs)
            parts = np.split(made, np.cumsum([len(noisy[at]) for at in places])[:-1])
            clean |= dict(zip(places, parts, strict=True))
        return [clean[at] for at in range(len(noisy))]

    def decode(self, canvas_BCHW: Floats) -> Floats:
        """Canvases to small premultiplied RGBA pictures, 0-1."""
        return self._run_each("decode", canvas_BCHW)

    def finish(self, canvas_BCHW: Floats) -> Floats:
        """Canvases to pictures of full size, as `enlarge` gives them, in one turn."""
        with self._lock:
            return self.enlarge(self.decode(canvas_BCHW))

    def enlarge(self, small_BCHW: Floats) -> Floats:
        """Small pictures to full size; their values may lie beyond 0-1, and colours above alpha."""
        return self._run_each("enlarge", small_BCHW)

    def encode(self, rgba_BCHW: Floats) -> Floats:
        """Premultiplied RGBA pictures of full size, 0-1, to canvases."""
        return self._run(Part("encode", rgba_BCHW.shape[2:]), rgba_BCHW)[0]

    def _run_each(self, name: str, array_BCHW: Floats) -> Floats:
        """One row at a time.

        The convolutions round one row otherwise than several, so that in company the colours of
        nearly clear pixels would change.
        """
        part = Part(name, array_BCHW.shape[2:])
        rows = [self._run(part, array_BCHW[at : at + 1])[0] for at in range(len(array_BCHW))]
        return np.concatenate(rows)

    def _run(self, part: Part, *arrays: NDArray[np.generic]) -> Sequence[Floats]:
        return self._run_graph(self._graph, part, arrays)

    def _run_graph(
        self,
        read_graph: Callable[[Part], openvino.CompiledModel],
        part: Part,
        arrays: Sequence[NDArray[np.generic]],
    ) -> Sequence[Floats]:
        with self._lock:
            graph = read_graph(part)
            made = graph(list(arrays))
            return [np.array(made[port], np.float32) for port in graph.outputs]

    def load(self, stop: threading.Event) -> None:
        """Load what every drawing needs, unless told to stop; what is not loaded is later.

        Raises:
            GeneratorUnavailable: a file is missing or does not match its hash.
        """
        with self._lock:
            self._load_all(self._drawing_parts, stop)

    def _graph(self, part: Part) -> openvino.CompiledModel:
        if part not in self._graphs:
            parts = self._drawing_parts if part in self._drawing_parts else (part,)
            self._load_all(parts, threading.Event())
        return self._graphs[part]

    def _drawing_part(self, name: str) -> Part:
        """A network as a square is drawn with it."""
        card = self._weights.card
        square, small = card.canvas[1:], (card.picture_px, card.picture_px)
        return Part(name, {"denoise": square, "decode": square, "enlarge": small}.get(name))

    @cached_property
    def _drawing_parts(self) -> Sequence[Part]:
        return [self._drawing_part(name) for name in DRAWING_GRAPHS]

    def _load_all(self, parts: Sequence[Part], stop: threading.Event) -> None:
        _ = self._precision  # found before two threads ask for it

        def load(part: Part) -> None:
            if part not in self._graphs and not stop.is_set():
                self._graphs[part] = self._kept_or_compiled(part)

        with ThreadPoolExecutor(max_workers=2) as pool:
            list(pool.map(load, parts))

    def corrected(self, corrections: Corrections) -> PredictClean:
        """The drawing network with corrections worked in, to be called as `predict_clean`.

        Raises:
            GeneratorUnavailable: they are not of this network.
        """
        graphs: dict[Part, openvino.CompiledModel] = {}

        def graph(part: Part) -> openvino.CompiledModel:
            if part not in graphs:
                graphs[part] = self._compiled(part, self._precision, corrections)
            return graphs[part]

        with self._lock:
            graph(self._drawing_part("denoise"))
        return partial(self._predict, graph)

    def read_graph(self, name: str) -> openvino.Model:
        """A graph of squares that is not compiled, as whoever changes it needs it.

        Raises:
            GeneratorUnavailable: a file is missing or does not match its hash.
        """
        return self._read_part(self._drawing_part(name))

    def _read_part(self, part: Part) -> openvino.Model:
        model = self._read(part.name)
        if part.sides is None:
            return model
        if reads_shapes(model):
            return of_one_shape(model, self._weights.card.shapes.index(part.sides), part.sides)
        shape: openvino.PartialShape = model.inputs[0].get_partial_shape()
        if shape[2].is_dynamic:
            fixed = [shape[0], shape[1], *part.sides]
            model.reshape(openvino.PartialShape(fixed))  # pyright: ignore[reportUnknownMemberType]
        return model

    def _read(self, name: str) -> openvino.Model:
        """A graph as it is stored.

        Raises:
            GeneratorUnavailable: a file is missing or does not match its hash.
        """
        structure, values = self._weights.read(f"{name}.xml"), self._kept_values(name)
        tensor = openvino.Tensor(values, shared_memory=True)
        try:
            return self._core.read_model(structure, tensor)  # pyright: ignore[reportUnknownMemberType]
        except RuntimeError as error:
            raise _unloadable(name) from error

    def _kept_or_compiled(self, part: Part) -> openvino.CompiledModel:
        """The same network either way: it is kept with everything that decides what it does."""
        if self._kept is None:
            return self._compiled(part, self._precision)
        settings = self._settings(part.name, self._precision)
        facts = {
            **self._engine,
            "settings": settings,
            "files": self._files_of(part.name),
            "sides": part.sides,
            "is_rounded": self._precision == EIGHT_BITS,
        }
        if (kept := self._kept.read(facts)) is not None:
            with suppress(RuntimeError):  # then it is compiled anew
                self._mapped.append(kept)  # the network reads its weights there
                return self._core.import_model(  # pyright: ignore[reportUnknownMemberType]
                    openvino.Tensor(kept, shared_memory=True), DEVICE, settings
                )
        compiled = self._compiled(part, self._precision)
        self._kept.keep(facts, compiled.export_model().getvalue())
        return compiled

    def _compiled(
        self, part: Part, precision: str, corrections: Corrections | None = None
    ) -> openvino.CompiledModel:
        name, model = part.name, self._read_part(part)
        if corrections:
            correct(model, corrections)
        if name == "text":
            free_length(model)
        if precision != EIGHT_BITS:
            without_rounding(model)
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
            "NUM_STREAMS": "1",  # with more, this engine mixes up kernels held in 8 bits
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
        if self._asked_precision not in (AUTO, USUAL):
            raise GeneratorUnavailable(
                f"This processor does not draw in {self._asked_precision!r}; "
                f"it does in {', '.join(possible)}.",
                hint="Set the setting 'precision' to one of these, or to 'auto'.",
            )
        if self._asked_precision == USUAL or self._memory is None or len(possible) == 1:
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
        graph = self._compiled(self._drawing_part(TESTED_GRAPH), precision)
        rng = np.random.default_rng(0)
        inputs = [_noise(rng, port.get_partial_shape()) for port in graph.inputs]
        return lambda: np.array(graph(inputs)[graph.outputs[0]], np.float32)


def precisions_here() -> tuple[str, ...]:
    """The precisions this processor draws in, by the names of the setting."""
    able: Sequence[str] = openvino.Core().get_property(DEVICE, "OPTIMIZATION_CAPABILITIES")
    return candidates(able)


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
