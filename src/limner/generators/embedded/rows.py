"""The drawing network for any number of rows, by graphs that each take a fixed number.

Where it knows how many rows there are the engine makes one operation of several: such a graph takes
a fifth to a third less time than one for any number, and a row comes out of every one of them the
same, bit for bit (docs/log.md, "The graph itself"). So a pass is cut into what graphs there are.
The one for a single row is always there; a larger one is loaded beside the drawing, once so many
passes would have been shorter with it that loading it would have been worth while.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from limner.core.errors import GeneratorUnavailable
from limner.generators.embedded.graphs import Part
from limner.generators.embedded.shapes import Floats

# Shapes: B rows.

SIZES = (1, 4, 8, 16)  # rows that a graph may take
SIZES_BESIDE = (1, 4, 8)  # where passes run side by side
SIZES_IN_8_BITS = (1, 4)  # those for more round otherwise, and gain nothing where 8 bits are best
MOST_LARGE = 6  # graphs for more than one row, 60 MB of memory each
MOST_ROOM = 1  # rows; a further graph costs little more than one
# Passes of many rows: loading takes a core 0.2 to 0.6 s, and then each is 3 to 7 ms shorter.
WORTH_LOADING = 24

Inputs = Sequence[NDArray[np.generic]]
Forward = Callable[[Inputs], Floats]
"""One graph, run once."""


class RowGraphs:
    """The graphs of one drawing network; safe from several threads.

    Args:
        load: compiles a graph, or reads it back.
        num_beside: of every graph; see `Part`.
        sizes: rows that a graph may take, 1 among them.
        most_large: graphs for more than one row that are kept, those that ran last.

    Attributes:
        sizes: see there.
    """

    def __init__(
        self,
        load: Callable[[Part], Forward],
        *,
        num_beside: int = 1,
        sizes: Collection[int] = SIZES,
        most_large: int = MOST_LARGE,
    ) -> None:
        self._load = load
        self._num_beside = num_beside
        self.sizes = sizes
        self._most_large = most_large
        self._graphs: OrderedDict[Part, Forward] = OrderedDict()
        self._missed: Counter[Part] = Counter()
        self._lock = threading.Lock()

    def __call__(self, sides: tuple[int, int], inputs: Inputs) -> Floats:
        """The network's answer.

        Args:
            sides: height and width of every canvas.
            inputs: arrays `[B, ...]`, in the order of the network.

        Raises:
            GeneratorUnavailable: a file is missing or does not match its hash.
        """
        made: list[Floats] = []
        start = 0
        for forward, num_rows in self._chosen(sides, len(inputs[0])):
            rows = [_filled(one[start : start + num_rows], num_rows) for one in inputs]
            made.append(forward(rows)[: len(inputs[0]) - start])
            start += num_rows
        return made[0] if len(made) == 1 else np.concatenate(made)

    def load(self, sides: tuple[int, int], num_rows: Collection[int] = (1,)) -> None:
        """Load graphs now; errors as of a call."""
        for num in num_rows:
            self._load_one(self._part(sides, num))

    def is_ready(self, sides: tuple[int, int]) -> bool:
        """Whether a graph of these is there; the one for a row is loaded beside if often asked."""
        with self._lock:
            alone = self._part(sides, 1)
            if alone not in self._graphs:
                self._miss([alone])
            return alone in self._graphs

    def _chosen(self, sides: tuple[int, int], num_rows: int) -> list[tuple[Forward, int]]:
        """Graphs that take so many rows, and how many each takes; what is missed is counted."""
        alone = self._part(sides, 1)
        if alone not in self._graphs:
            self._load_one(alone)
        with self._lock:
            best = {self._part(sides, num) for num in cut(num_rows, self.sizes)}
            self._miss(best - set(self._graphs))
            known = [one.num_rows for one in self._graphs if one.sides == sides]
            chosen = [self._part(sides, num) for num in cut(num_rows, known)]
            for part in chosen:
                self._graphs.move_to_end(part)
            return [(self._graphs[part], part.num_rows) for part in chosen]

    def _part(self, sides: tuple[int, int], num_rows: int) -> Part:
        return Part("denoise", sides, num_rows, self._num_beside)

    def _miss(self, parts: Iterable[Part]) -> None:
        for part in parts:
            self._missed[part] += 1
            if self._missed[part] == WORTH_LOADING:
                self._load_beside(part)

    def _load_beside(self, part: Part) -> None:
        """Load a graph in a thread; where that fails, it goes on with what there is."""

        def load() -> None:
            with suppress(GeneratorUnavailable):
                self._load_one(part)

        # Not a daemon: a process that ends waits, instead of tearing down a graph that loads.
        threading.Thread(target=load, name="load graph").start()

    def _load_one(self, part: Part) -> None:
        graph = self._load(part)
        with self._lock:
            self._graphs[part] = graph
            self._missed.pop(part, None)
            large = [one for one in self._graphs if one.num_rows > 1]
            for one in large[: max(0, len(large) - self._most_large)]:
                del self._graphs[one]


def cut(num_rows: int, sizes: Collection[int]) -> list[int]:
    """Sizes that take so many rows together, the largest first; the last may have room left.

    Args:
        num_rows: at least 1.
        sizes: to choose from, 1 among them.
    """
    parts: list[int] = []
    while num_rows > 0:
        fitting = [one for one in sizes if num_rows <= one <= num_rows + MOST_ROOM]
        parts.append(min(fitting or [max(one for one in sizes if one < num_rows)]))
        num_rows -= parts[-1]
    return parts


def _filled(rows_BX: NDArray[np.generic], num_rows: int) -> NDArray[np.generic]:
    """So many rows: the last again where there are fewer."""
    missing = num_rows - len(rows_BX)
    return np.concatenate([rows_BX, *[rows_BX[-1:]] * missing]) if missing else rows_BX
