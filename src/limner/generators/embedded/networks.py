"""The networks that draw: what goes in, and what comes out.

One call at a time on all cores, or several beside each other on a share of them. This module knows
arrays, nothing of prompts or pictures.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import openvino
from numpy.typing import NDArray

from limner.generators.embedded.adapter import Corrections
from limner.generators.embedded.graphs import Facts, Graphs, Part
from limner.generators.embedded.precision import AUTO, EIGHT_BITS
from limner.generators.embedded.rows import SIZES, SIZES_BESIDE, SIZES_IN_8_BITS, Forward, RowGraphs
from limner.generators.embedded.shapes import Floats
from limner.generators.embedded.tokens import TokenRows
from limner.generators.embedded.weights import Weights

# Shapes: B rows, T caption tokens, C channels, H height, W width, D and E widths,
# L layers, A attention heads, K head width.


MOST_BESIDE = 4  # passes side by side; with more cores each of them takes several
LARGE_CORRECTED = 1  # as of `RowGraphs`; there is a set of them for every dress of the wardrobe


class Caption(NamedTuple):
    """What every step needs of a prompt: keys and values `[B, L, 2, A, T, K]`, mean `[B, D]`."""

    keys: Floats
    pooled: Floats


PredictClean = Callable[[Sequence[Floats], Floats, Caption], list[Floats]]
"""Clean canvases from noisy ones `[R, C, H, W]`, one shape each; times and captions of all rows."""


class Networks:
    """The networks of one set of weights; safe from several threads.

    Calls wait for each other, but for those that are to run beside others.

    Args:
        weights: where the files are.
        num_threads: 0 takes every core the process may use.
        memory: as in `Graphs`.
        precision: as in `Graphs`.
    """

    def __init__(
        self, weights: Weights, num_threads: int, memory: Path | None = None, precision: str = AUTO
    ) -> None:
        self.graphs = Graphs(weights, num_threads, memory, precision)
        self._finishing: dict[Part, Forward] = {}
        self._finishing_lock = threading.Lock()

    @cached_property
    def drawing(self) -> RowGraphs:
        """The drawing network; asks for its precision, and so measures it where nobody did."""
        return RowGraphs(self._loaded, sizes=self._sizes)

    @cached_property
    def beside(self) -> RowGraphs:
        """The drawing network for passes that run side by side."""
        return RowGraphs(self._loaded, sizes=SIZES_BESIDE, num_beside=self.most_beside)

    @cached_property
    def most_beside(self) -> int:
        """Passes that may run side by side.

        In 8 bits one: several streams mix up kernels that are held so.
        """
        is_held = self.graphs.precision == EIGHT_BITS
        return 1 if is_held else min(self.graphs.num_threads, MOST_BESIDE)

    @property
    def num_beside(self) -> int:
        """The same at this moment; where it is asked often, what that needs is loaded."""
        square = self.graphs.drawing_part("denoise").sides
        assert square is not None
        return self.most_beside if self.most_beside > 1 and self.beside.is_ready(square) else 1

    @property
    def _sizes(self) -> Sequence[int]:
        return SIZES_IN_8_BITS if self.graphs.precision == EIGHT_BITS else SIZES

    @property
    def facts(self) -> Facts:
        """What really runs the drawing network; loads it if need be."""
        return self.graphs.facts_of("denoise")

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
        if self.graphs.weights.card.reads_guidance:
            is_left_out = guidance_B is None
            inputs.append(np.ones(len(drop_B), np.float32) if is_left_out else guidance_B)
        keys, pooled = self._run(Part("condition"), *inputs)
        return Caption(keys, pooled)

    def read_tokens(self, rows: TokenRows) -> Floats:
        """What the text encoder makes of every token, `[B, T, E]`, in rows of any length."""
        return self._run(Part("text"), rows.ids_BT, rows.mask_BT)[0]

    def predict_clean(
        self, noisy: Sequence[Floats], time_B: Floats, caption: Caption, *, is_beside: bool = False
    ) -> list[Floats]:
        """Clean canvases from noisy ones; see `PredictClean`.

        Args:
            noisy: of any shapes.
            time_B: of all rows.
            caption: of all rows.
            is_beside: whether other passes run at the same time.
        """
        drawing = self.beside if is_beside else self.drawing
        return self._predict(drawing, noisy, time_B, caption)

    def _predict(
        self, drawing: RowGraphs, noisy: Sequence[Floats], time_B: Floats, caption: Caption
    ) -> list[Floats]:
        """Each shape in a pass by the graphs for it."""
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
            made = drawing(shape, inputs)
            parts = np.split(made, np.cumsum([len(noisy[at]) for at in places])[:-1])
            clean |= dict(zip(places, parts, strict=True))
        return [clean[at] for at in range(len(noisy))]

    def decode(self, canvas_BCHW: Floats) -> Floats:
        """Canvases to small premultiplied RGBA pictures, 0-1."""
        return self._run_each("decode", canvas_BCHW)

    def finish(self, canvas_BCHW: Floats, *, is_beside: bool = False) -> Floats:
        """Canvases to pictures of full size, as `enlarge` gives them.

        Args:
            canvas_BCHW: float32.
            is_beside: whether passes of the drawing network run at the same time.
        """
        if is_beside:
            small_BCHW = self._run_each("decode", canvas_BCHW, self.most_beside)
            return self._run_each("enlarge", small_BCHW, self.most_beside)
        with self.graphs.lock:
            return self.enlarge(self.decode(canvas_BCHW))

    def enlarge(self, small_BCHW: Floats) -> Floats:
        """Small pictures to full size; their values may lie beyond 0-1, and colours above alpha."""
        return self._run_each("enlarge", small_BCHW)

    def encode(self, rgba_BCHW: Floats) -> Floats:
        """Premultiplied RGBA pictures of full size, 0-1, to canvases."""
        return self._run(Part("encode", rgba_BCHW.shape[2:]), rgba_BCHW)[0]

    def _run_each(self, name: str, array_BCHW: Floats, num_beside: int = 1) -> Floats:
        """One row at a time.

        The convolutions round one row otherwise than several, so that in company the colours of
        nearly clear pixels would change.
        """
        part = Part(name, array_BCHW.shape[2:], 1, num_beside)
        with self._finishing_lock:
            if part not in self._finishing:
                self._finishing[part] = self._loaded(part)
        forward = self._finishing[part]
        rows = [forward([array_BCHW[at : at + 1]]) for at in range(len(array_BCHW))]
        return np.concatenate(rows)

    def _run(self, part: Part, *arrays: NDArray[np.generic]) -> Sequence[Floats]:
        with self.graphs.lock:
            return _answers(self.graphs.compiled(part), arrays)

    def _loaded(self, part: Part) -> Forward:
        graph = self.graphs.loaded(part)
        return SharedGraph(graph) if part.num_beside > 1 else partial(self._run_alone, graph)

    def _run_alone(
        self, graph: openvino.CompiledModel, arrays: Sequence[NDArray[np.generic]]
    ) -> Floats:
        with self.graphs.lock:
            return _answers(graph, arrays)[0]

    def corrected(self, corrections: Corrections) -> PredictClean:
        """The drawing network with corrections worked in, to be called as `predict_clean`.

        Raises:
            GeneratorUnavailable: they are not of this network.
        """

        def load(part: Part) -> Forward:
            graph = self.graphs.compile(part, corrections=corrections)
            return partial(self._run_alone, graph)

        drawing = RowGraphs(load, sizes=self._sizes, most_large=LARGE_CORRECTED)
        with self.graphs.lock:
            drawing.load(self.graphs.weights.card.canvas[1:])
        return partial(self._predict, drawing)


class SharedGraph:
    """A graph that several threads run side by side, each by a request of its own."""

    def __init__(self, graph: openvino.CompiledModel) -> None:
        self._graph = graph
        self._idle: list[openvino.InferRequest] = []

    def __call__(self, arrays: Sequence[NDArray[np.generic]]) -> Floats:
        """Its first output."""
        try:
            request = self._idle.pop()
        except IndexError:
            request = self._graph.create_infer_request()
        try:
            made = request.infer(list(arrays), share_inputs=True, share_outputs=True)
            return np.array(made[0], np.float32)
        finally:
            self._idle.append(request)


def _answers(
    graph: openvino.CompiledModel, arrays: Sequence[NDArray[np.generic]]
) -> Sequence[Floats]:
    # Shared, nothing is copied on its way in; a copy is taken of what the next call writes over.
    made = graph(list(arrays), share_inputs=True, share_outputs=True)
    return [np.array(made[port], np.float32) for port in graph.outputs]


_opened: dict[tuple[Path, int, str], Networks] = {}
_opening = threading.Lock()


def open_networks(
    weights: Weights, num_threads: int, memory: Path | None = None, precision: str = AUTO
) -> Networks:
    """The process's networks of these weights; opened once, loaded on first use.

    Args:
        weights: where the files are.
        num_threads: 0 takes every core the process may use.
        memory: as in `Graphs`, of whoever asks first.
        precision: as in `Graphs`.
    """
    with _opening:
        key = (weights.folder.resolve(), num_threads, precision)
        if key not in _opened:
            _opened[key] = Networks(weights, num_threads, memory, precision)
        return _opened[key]
