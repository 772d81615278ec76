"""A network of a check on its engine: loaded on first use, one call at a time.

It knows arrays, nothing of pictures.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from limner.checks.packaged import Packaged
from limner.core.file_cache import FileCache
from limner.graphs.compiled import DEVICE, ONE_STREAM, CompiledGraphs, capabilities
from limner.graphs.rounding import without_rounding

if TYPE_CHECKING:
    import openvino

FILE_ENDS = ("xml", "bin")

Array = NDArray[np.generic]
Floats = NDArray[np.float32]


class Network:
    """An OpenVINO IR, two files of one name that end in ``.xml`` and ``.bin``.

    Args:
        weights: where the files are.
        name: of the files, without their ends.
        precision: ``f32``, or ``bf16`` where it was measured to be near enough; processors that do
            not multiply bfloat16 take float32 whatever is asked.
        num_threads: 0 takes every core the process may use.
        batch: pictures a call has; 0 allows any number, and takes a tenth longer for one.
        side_px: of the square pictures that a call has; 0 leaves it as the graph says.
        is_rounded: whether to multiply in 8 bits where the graph says how. Done only on processors
            that multiply bfloat16, as older ones may overflow; where it is not, values stay whole.
        kept: where it is kept once compiled; reading it back takes a third of the time.
    """

    def __init__(
        self,
        weights: Packaged,
        *,
        name: str = "network",
        precision: str = "f32",
        num_threads: int = 0,
        batch: int = 0,
        side_px: int = 0,
        is_rounded: bool = True,
        kept: FileCache | None = None,
    ) -> None:
        self._weights = weights
        self._name = name
        self._precision = precision
        self._num_threads = num_threads
        self._batch = batch
        self._side_px = side_px
        self._may_round = is_rounded
        self._kept = kept
        self._lock = threading.Lock()

    def __call__(self, *arrays: Array) -> list[Floats]:
        """The network's outputs, float32, for its inputs in their order.

        Raises:
            CheckNotAble: a file is missing or not the one its card names.
        """
        with self._lock:
            return self._run(arrays)

    @property
    def is_rounded(self) -> bool:
        """Whether it multiplies in 8 bits on this processor."""
        return self._may_round and self._has_bfloat16

    @cached_property
    def _has_bfloat16(self) -> bool:
        return "BF16" in capabilities(self._graphs.core)

    @cached_property
    def _graphs(self) -> CompiledGraphs:
        """Kept as long as the network is, which goes on reading what they map."""
        import openvino  # a second of start-up that most processes never need

        return CompiledGraphs(openvino.Core(), self._kept)

    @cached_property
    def _run(self) -> Callable[[Sequence[Array]], list[Floats]]:
        import openvino  # loaded by now

        compiled = self._kept_or_compiled()
        request = compiled.create_infer_request()
        places = range(len(compiled.outputs))

        def run(arrays: Sequence[Array]) -> list[Floats]:
            # A call by the compiled network takes a tenth of a millisecond more.
            for at, array in enumerate(arrays):
                shared = np.require(array, requirements=("C", "W"))
                request.set_input_tensor(at, openvino.Tensor(shared, shared_memory=True))
            request.infer()
            return [np.array(request.get_output_tensor(at).data, np.float32) for at in places]

        return run

    def _kept_or_compiled(self) -> openvino.CompiledModel:
        settings = {
            **ONE_STREAM,
            "INFERENCE_PRECISION_HINT": self._precision if self._has_bfloat16 else "f32",
            "PERFORMANCE_HINT": "LATENCY",
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
        }
        if self._num_threads:
            settings["INFERENCE_NUM_THREADS"] = str(self._num_threads)
            settings["ENABLE_CPU_PINNING"] = "NO"  # pinned, two networks may share a core
        facts: dict[str, object] = {
            "batch": self._batch,
            "side_px": self._side_px,
            "is_rounded": self.is_rounded,
            "files": [self._weights.card["files"].get(f"{self._name}.{end}") for end in FILE_ENDS],
        }
        compile_anew = partial(self._compiled, settings)
        return self._graphs.read(settings, facts, compile_anew)

    def _compiled(self, settings: dict[str, str]) -> openvino.CompiledModel:
        core = self._graphs.core
        structure, values = (self._weights.read(f"{self._name}.{end}") for end in FILE_ENDS)
        model = core.read_model(  # pyright: ignore[reportUnknownMemberType]  # half annotated
            structure, values
        )
        if self._batch:
            model.reshape({one: [self._batch, *one.partial_shape[1:]] for one in model.inputs})
        if self._side_px:
            square = [self._side_px] * 2
            model.reshape({one: [one.partial_shape[0], *square, 3] for one in model.inputs})
        return core.compile_model(
            model if self.is_rounded else without_rounding(model), DEVICE, settings
        )
