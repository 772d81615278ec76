"""Graphs once they are compiled, kept so that the next process reads them back.

Reading one back takes a third of the time. It is kept with everything that decides what it does,
so it is the same graph either way.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from limner.core.file_cache import FileCache

if TYPE_CHECKING:
    import openvino  # a second of start-up that most processes never need

DEVICE = "CPU"
# Asked for wherever a graph is compiled: with more streams OpenVINO 2026.4.1 mixes up kernels that
# are held in 8 bits.
ONE_STREAM: Mapping[str, str] = {"NUM_STREAMS": "1"}


def capabilities(core: openvino.Core) -> Sequence[str]:
    """What the processor multiplies without help, such as ``BF16`` and ``INT8``."""
    return core.get_property(DEVICE, "OPTIMIZATION_CAPABILITIES")


def device_name(core: openvino.Core) -> str:
    """The processor by the name that its maker gave it."""
    return str(core.get_property(DEVICE, "FULL_DEVICE_NAME")).strip()


class CompiledGraphs:
    """Compiles graphs, or reads back what was compiled before.

    Args:
        core: of the engine.
        kept: where compiled graphs are; ``None`` keeps none.
    """

    def __init__(self, core: openvino.Core, kept: FileCache | None) -> None:
        self.core = core
        self._kept = kept
        self._mapped: list[NDArray[np.uint8]] = []

    @cached_property
    def machine(self) -> Mapping[str, object]:
        """What a compiled graph, or a measurement of one, holds for besides the graph itself."""
        return {
            "device": device_name(self.core),
            "able": sorted(capabilities(self.core)),
            "num_cores": os.cpu_count(),
            "openvino": version("openvino"),
        }

    def read(
        self,
        settings: Mapping[str, str],
        facts: Mapping[str, object],
        compile_anew: Callable[[], openvino.CompiledModel],
    ) -> openvino.CompiledModel:
        """A compiled graph.

        Args:
            settings: of the engine, the same that `compile_anew` compiles with.
            facts: what else decides what the graph does, besides the machine.
            compile_anew: called where nothing is kept, or the engine cannot read it.
        """
        if self._kept is None:
            return compile_anew()
        facts = {**self.machine, **facts, "settings": dict(settings)}
        content = self._kept.read(facts)
        if content is not None:
            with suppress(RuntimeError):  # then it is compiled anew
                return self._import(content, settings)
        compiled = compile_anew()
        self._kept.keep(facts, compiled.export_model().getvalue())
        return compiled

    def _import(
        self, content: NDArray[np.uint8], settings: Mapping[str, str]
    ) -> openvino.CompiledModel:
        import openvino  # loaded by now

        self._mapped.append(content)  # the graph goes on reading its weights there
        tensor = openvino.Tensor(content, shared_memory=True)
        return self.core.import_model(  # pyright: ignore[reportUnknownMemberType]
            tensor, DEVICE, dict(settings)
        )
