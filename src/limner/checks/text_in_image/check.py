"""Whether a picture holds text that can be read, by RapidOCR with the models in its package.

It needs the extra ``limner[ocr]``; without it the check says that its weights are absent. Nothing
is downloaded: the models are named by path and held against their hashes. What was read is not
kept, only how much, and whether it holds personal data.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from limner.checks.request.personal_data import find_personal_data
from limner.checks.views import flatten, shrunk
from limner.core.hashing import sha256_of_bytes
from limner.core.judging import (
    Better,
    Cause,
    CheckCard,
    CheckNotAble,
    Finding,
    ImageSubject,
    Limits,
)

# Shapes: H height, W width, C channels (RGB).

MOST_PX = 1024
LEAST_PX = 384  # a smaller picture is enlarged before lines are looked for (docs/log.md, "Checks")
# Apache-2.0, as the package's MODEL_LICENSES.md says; from RapidOCR 3.10.0.
MODELS: Mapping[str, tuple[str, str]] = {
    "Det": (
        "PP-OCRv6_det_small.onnx",
        "sha256:090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
    ),
    "Cls": (
        "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
        "sha256:e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c",
    ),
    "Rec": (
        "PP-OCRv6_rec_small.onnx",
        "sha256:6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
    ),
}

ReadLines = Callable[[NDArray[np.uint8]], Sequence[str]]


class TextInImage:
    """Number of letters and digits that were read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @property
    def card(self) -> CheckCard:
        """What this check is.

        Single signs are read into round or straight shapes, so up to two say nothing.
        """
        return CheckCard(
            name="text",
            version="2",
            question="Is the picture free of text that can be read?",
            better=Better.LOWER,
            limits=Limits(pass_at=2.0, fail_at=5.0),
            ingredients=dict(MODELS.values()),
        )

    def measure(self, subject: ImageSubject) -> Finding:
        """Read the picture, laid on white.

        Raises:
            CheckNotAble: the extra is not installed, or its models are others.
        """
        rgb_HWC = flatten(shrunk(subject.image_HWC, MOST_PX))
        with self._lock:
            lines = self._read_lines(rgb_HWC)
        num_signs = sum(one.isalnum() for line in lines for one in line)
        held = find_personal_data("\n".join(lines))
        return Finding(
            score=float(num_signs),
            notes=tuple(f"The text in the picture holds {kind}." for kind in held),
            details={"lines": len(lines)},
        )

    @cached_property
    def _read_lines(self) -> ReadLines:
        spec = find_spec("rapidocr")
        if spec is None or spec.origin is None:
            note = "Reading text needs RapidOCR; install the extra with pip install 'limner[ocr]'."
            raise CheckNotAble(Cause.WEIGHTS_ABSENT, note)
        paths = _require_models(Path(spec.origin).parent / "models")
        rapidocr: Any = import_module("rapidocr")  # an extra, so its types may not be there
        settings: dict[str, Any] = {
            "Global.log_level": "error",
            "EngineConfig.openvino.inference_num_threads": 1,  # checks run side by side
            "Det.limit_type": "min",
            "Det.limit_side_len": LEAST_PX,
        }
        for part, path in paths.items():
            settings[f"{part}.engine_type"] = rapidocr.EngineType.OPENVINO
            settings[f"{part}.model_path"] = str(path)
        reader = rapidocr.RapidOCR(params=settings)

        def read(rgb_HWC: NDArray[np.uint8]) -> Sequence[str]:
            bgr_HWC = np.ascontiguousarray(rgb_HWC[..., ::-1])
            return cast(Sequence[str] | None, reader(bgr_HWC).txts) or ()

        return read


def _require_models(folder: Path) -> dict[str, Path]:
    for name, tagged in MODELS.values():
        try:
            content = (folder / name).read_bytes()
        except OSError as error:
            note = f"RapidOCR's model {name!r} cannot be read; install limner[ocr] again."
            raise CheckNotAble(Cause.WEIGHTS_ABSENT, note) from error
        if sha256_of_bytes(content) != tagged:
            note = f"RapidOCR's model {name!r} is not the one this check was measured with."
            raise CheckNotAble(Cause.WEIGHTS_ABSENT, note)
    return {part: folder / name for part, (name, _) in MODELS.items()}
