"""The graphs of one set of weights: read, checked, compiled in the precision that is best here.

Once compiled they are kept in the data folder. In 8 bits the drawing network rounds what it
multiplies as it comes, and the networks that make its canvas a picture by the ranges they were
stored with; the text encoder never does: its token states would be too far from float32.
This module knows graphs, nothing of what goes through them.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

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
    USUAL,
    Run,
    candidates,
    choose,
    remember,
    remembered,
    usual_precision,
)
from limner.generators.embedded.shapes import Floats, of_one_shape, of_rows, reads_shapes
from limner.generators.embedded.weights import Weights
from limner.graphs.attention import with_plain_attention
from limner.graphs.compiled import (
    DEVICE,
    ONE_STREAM,
    CompiledGraphs,
    capabilities,
    device_name,
)
from limner.graphs.rounding import in_full, without_rounding
from limner.graphs.swish import with_swish_apart

FORM = 2  # of graphs as they run; another one where what is done to them changes
TESTED_GRAPH = "denoise"
TEST_ROWS = 4
GROUP = 64  # inputs of a product that share a scale in 8 bits; 32 to 256 were tried (docs/log.md)
GROUP_SETTING = "DYNAMIC_QUANTIZATION_GROUP_SIZE"
# Every drawing needs these. They load two at a time, the largest first: 0.5 s instead of 0.8.
DRAWING_GRAPHS = ("denoise", "text", "condition", "decode", "enlarge")


class Part(NamedTuple):
    """A graph as it is compiled.

    Attributes:
        sides: height and width of its canvases or pictures; ``None`` is any.
        num_rows: that it takes at once; 0 is any number.
        num_beside: calls that may run side by side, which share the threads.
    """

    name: str
    sides: tuple[int, int] | None = None
    num_rows: int = 0
    num_beside: int = 1


class Facts(NamedTuple):
    """What the engine says about itself."""

    device: str
    precision: str
    num_threads: int
    version: str


class Graphs:
    """Loaded on first use, safe from several threads.

    Args:
        weights: where the files are.
        num_threads: 0 takes every core the process may use.
        memory: folder that keeps which precision is best here, and the compiled graphs; ``None``
            tries and keeps none.
        precision: asked for instead of the one that is best here; ``auto`` asks for none, ``usual``
            for the one that is not measured.
    """

    def __init__(
        self, weights: Weights, num_threads: int, memory: Path | None = None, precision: str = AUTO
    ) -> None:
        self.weights = weights
        self.lock = threading.RLock()
        self._num_threads = num_threads
        self._memory = memory
        self._asked_precision = precision
        self._core = openvino.Core()
        self._kept = CompiledGraphs(
            self._core, None if memory is None else FileCache(memory / COMPILED_FOLDER)
        )
        self._compiled: dict[Part, openvino.CompiledModel] = {}
        self._facts: dict[str, Facts] = {}
        self._values: dict[str, NDArray[np.uint8]] = {}

    def compiled(self, part: Part) -> openvino.CompiledModel:
        """A graph as it runs; loads it if need be, and all that every drawing needs with one.

        Raises:
            GeneratorUnavailable: a file is missing or does not match its hash.
        """
        if part not in self._compiled:
            self.load(self._drawing_parts if part in self._drawing_parts else (part,))
        return self._compiled[part]

    def load_for_drawing(self, stop: threading.Event) -> None:
        """Load what every drawing needs, unless told to stop; what is not loaded is later.

        Raises:
            GeneratorUnavailable: a file is missing or does not match its hash.
        """
        self.load(self._drawing_parts, stop)

    def load(self, parts: Sequence[Part], stop: threading.Event | None = None) -> None:
        """Load graphs two at a time; see `load_for_drawing`."""

        def load_one(part: Part) -> None:
            if part not in self._compiled and not (stop and stop.is_set()):
                self._compiled[part] = self._kept_or_compiled(part)

        with self.lock:
            _ = self.precision  # found before two threads ask for it
            with ThreadPoolExecutor(max_workers=2) as pool:
                list(pool.map(load_one, parts))

    def facts_of(self, name: str) -> Facts:
        """What really runs a graph; loads it if need be, and waits for others only then."""
        if name not in self._facts:
            with self.lock:
                self._facts[name] = self._read_facts(self.compiled(self.drawing_part(name)))
        return self._facts[name]

    def _read_facts(self, graph: openvino.CompiledModel) -> Facts:
        precision = str(graph.get_property("INFERENCE_PRECISION_HINT").to_string())
        is_in_8_bits = int(graph.get_property(GROUP_SETTING)) > 0
        return Facts(
            device=device_name(self._core),
            precision=f"{EIGHT_BITS}+{precision}" if is_in_8_bits else precision,
            num_threads=int(graph.get_property("INFERENCE_NUM_THREADS")),
            version=openvino.__version__,
        )

    def loaded(self, part: Part) -> openvino.CompiledModel:
        """A graph for whoever keeps it; waits for nobody that draws.

        Raises:
            GeneratorUnavailable: a file is missing or does not match its hash.
        """
        return self._compiled.get(part) or self._kept_or_compiled(part)

    def drawing_part(self, name: str) -> Part:
        """A graph as one square is drawn with it."""
        card = self.weights.card
        square, small = card.canvas[1:], (card.picture_px, card.picture_px)
        sides = {"denoise": square, "decode": square, "enlarge": small}.get(name)
        return Part(name, sides, 0 if sides is None else 1)

    @cached_property
    def _drawing_parts(self) -> Sequence[Part]:
        return [self.drawing_part(name) for name in DRAWING_GRAPHS]

    def read(self, part: Part) -> openvino.Model:
        """A graph that is not compiled, as whoever changes it needs it.

        Raises:
            GeneratorUnavailable: a file is missing or does not match its hash.
        """
        model = self.read_as_stored(part.name)
        if part.sides is not None:
            model = self._of_sides(model, part.sides)
        return of_rows(model, part.num_rows) if part.num_rows else model

    def _of_sides(self, model: openvino.Model, sides: tuple[int, int]) -> openvino.Model:
        if reads_shapes(model):
            return of_one_shape(model, self.weights.card.shapes.index(sides), sides)
        shape: openvino.PartialShape = model.inputs[0].get_partial_shape()
        if shape[2].is_dynamic:
            fixed = [shape[0], shape[1], *sides]
            model.reshape(openvino.PartialShape(fixed))  # pyright: ignore[reportUnknownMemberType]
        return model

    def read_as_stored(self, name: str) -> openvino.Model:
        """A graph of whatever shapes it is stored for.

        Raises:
            GeneratorUnavailable: a file is missing or does not match its hash.
        """
        structure, values = self.weights.read(f"{name}.xml"), self._values_of(name)
        tensor = openvino.Tensor(values, shared_memory=True)
        try:
            return self._core.read_model(structure, tensor)  # pyright: ignore[reportUnknownMemberType]
        except RuntimeError as error:
            raise _unloadable(name) from error

    def _values_of(self, name: str) -> NDArray[np.uint8]:
        """Values that the engine may go on reading; it does not keep them itself."""
        if name not in self._values:
            self._values[name] = self.weights.values(name)
        return self._values[name]

    def compile(
        self, part: Part, precision: str | None = None, corrections: Corrections | None = None
    ) -> openvino.CompiledModel:
        """A graph of one's own, which nobody keeps.

        Args:
            part: which.
            precision: that it runs in; left out, the one that is best here.
            corrections: worked in before.

        Raises:
            GeneratorUnavailable: a file is missing or does not match its hash, or the corrections
                are not of this graph.
        """
        precision = precision or self.precision
        name, model = part.name, self.as_it_runs(part, corrections)
        if name == "text":
            free_length(model)
        if precision != EIGHT_BITS:
            without_rounding(model)
        if part.num_beside > 1:
            in_full(model)
        elif _is_in_8_bits(name, precision):
            held_in_8_bits(model)
        try:
            return self._core.compile_model(model, DEVICE, self._settings(part, precision))
        except RuntimeError as error:
            raise _unloadable(name) from error

    def as_it_runs(self, part: Part, corrections: Corrections | None = None) -> openvino.Model:
        """A graph in the form that the engine runs fastest; arguments and errors as `compile`."""
        model = self.read(part)
        if corrections:
            correct(model, corrections)
        return with_plain_attention(with_swish_apart(model))

    def _kept_or_compiled(self, part: Part) -> openvino.CompiledModel:
        facts = {
            "files": self._files_of(part.name),
            "sides": part.sides,
            "num_rows": part.num_rows,
            "form": FORM,
            "is_rounded": self.precision == EIGHT_BITS,
        }
        settings = self._settings(part, self.precision)
        return self._kept.read(settings, facts, partial(self.compile, part))

    def _settings(self, part: Part, precision: str) -> dict[str, str]:
        group = GROUP if _is_in_8_bits(part.name, precision) else 0
        settings = {
            **ONE_STREAM,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": self._usual if precision == EIGHT_BITS else precision,
            GROUP_SETTING: str(group),
        }
        if self._num_threads:
            settings["INFERENCE_NUM_THREADS"] = str(self._num_threads)
        if part.num_beside > 1:
            settings["NUM_STREAMS"] = str(part.num_beside)
            settings["INFERENCE_NUM_THREADS"] = str(self.num_threads)
            settings["ENABLE_CPU_PINNING"] = "NO"  # pinned, two graphs may share a core
        return settings

    @property
    def num_threads(self) -> int:
        """Threads of a call that runs alone."""
        return self._num_threads or self.facts_of(TESTED_GRAPH).num_threads

    def _files_of(self, name: str) -> dict[str, str]:
        files = self.weights.card.files
        return {file: tagged for file, tagged in files.items() if file.startswith(f"{name}.")}

    @cached_property
    def precisions(self) -> tuple[str, ...]:
        """What this processor draws in, by the names of the setting."""
        return candidates(capabilities(self._core))

    @cached_property
    def _usual(self) -> str:
        return usual_precision(capabilities(self._core))

    @cached_property
    def precision(self) -> str:
        """What the graphs run in; tried where nothing is remembered of this machine.

        Raises:
            GeneratorUnavailable: the processor does not draw in what was asked for.
        """
        if self._asked_precision in self.precisions:
            return self._asked_precision
        if self._asked_precision not in (AUTO, USUAL):
            raise GeneratorUnavailable(
                f"This processor does not draw in {self._asked_precision!r}; "
                f"it does in {', '.join(self.precisions)}.",
                hint="Set the setting 'precision' to one of these, or to 'auto'.",
            )
        is_measured = self._asked_precision == AUTO and len(self.precisions) > 1
        if self._memory is None or not is_measured:
            return self._usual
        facts = {
            **self._kept.machine,
            "num_threads": self._num_threads,
            "weights": self._files_of(TESTED_GRAPH),
        }
        kept = remembered(self._memory, facts)
        if kept is not None and kept in self.precisions:
            return kept
        choice = choose({name: self.trial_run(name) for name in self.precisions}, self._usual)
        if choice.is_sure:
            remember(self._memory, facts, choice)
        return choice.precision

    def trial_run(self, precision: str) -> Run:
        """The drawing network on noise, a few rows of it."""
        part = self.drawing_part(TESTED_GRAPH)._replace(num_rows=TEST_ROWS)
        graph = self.compile(part, precision)
        rng = np.random.default_rng(0)
        inputs = [_noise(rng, port.get_partial_shape()) for port in graph.inputs]
        return lambda: np.array(graph(inputs)[graph.outputs[0]], np.float32)


def precisions_here() -> tuple[str, ...]:
    """The precisions this processor draws in, by the names of the setting."""
    return candidates(capabilities(openvino.Core()))


def _is_in_8_bits(name: str, precision: str) -> bool:
    return precision == EIGHT_BITS and name == TESTED_GRAPH


def _unloadable(name: str) -> GeneratorUnavailable:
    return GeneratorUnavailable(
        f"The network {name!r} cannot be loaded by OpenVINO {openvino.__version__}.",
        hint="Install the versions Limner was tested with.",
    )


def _noise(rng: np.random.Generator, shape: openvino.PartialShape) -> Floats:
    """Numbers within 0-1 for times, normal ones for everything else."""
    sizes = [one.get_length() for one in shape]
    return (
        rng.random(sizes, np.float32) if len(sizes) == 1 else rng.standard_normal(sizes, np.float32)
    )
