"""A network of a check on its engine: loaded on first use, one call at a time.

It knows arrays, nothing of pictures.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limner.checks.packaged import Packaged

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
    """

    def __init__(
        self,
        weights: Packaged,
        *,
        name: str = "network",
        precision: str = "f32",
        num_threads: int = 0,
    ) -> None:
        self._weights = weights
        self._name = name
        self._precision = precision
        self._num_threads = num_threads
        self._lock = threading.Lock()

    def __call__(self, *arrays: Array) -> list[Floats]:
        """The network's outputs, float32, for its inputs in their order.

        Raises:
            CheckNotAble: a file is missing or not the one its card names.
        """
        with self._lock:
            return self._run(arrays)

    @cached_property
    def _run(self) -> Callable[[Sequence[Array]], list[Floats]]:
        import openvino  # a second of start-up that most processes never need

        core = openvino.Core()
        able: Sequence[str] = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        settings: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": self._precision if "BF16" in able else "f32",
            "PERFORMANCE_HINT": "LATENCY",
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
        }
        if self._num_threads:
            settings["INFERENCE_NUM_THREADS"] = self._num_threads
            settings["ENABLE_CPU_PINNING"] = False  # networks side by side would share a core
        model = core.read_model(  # pyright: ignore[reportUnknownMemberType]  # half annotated
            self._weights.read(f"{self._name}.xml"), self._weights.read(f"{self._name}.bin")
        )
        compiled = core.compile_model(model, "CPU", settings)

        def run(arrays: Sequence[Array]) -> list[Floats]:
            made = compiled(list(arrays))
            return [np.array(made[port], np.float32) for port in compiled.outputs]

        return run
