"""A network of one's own that enlarges, as an ONNX graph: one input, one output, nothing else.

It reads RGB `[N, 3, H, W]`, float, 0-1, and gives the same `factor` times larger. What is
transparent is premultiplied before and divided by alpha afterwards; alpha itself is resampled, as
such networks know nothing of it. The graph is read from the bytes that were hashed, so it can name
no further file. It runs in a process of its own; see generators/process.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
import openvino
from numpy.typing import NDArray
from PIL import Image as PillowImage

from limner.core.errors import EngineFailed, ModelFormInvalid, PictureBroken, WeightsRefused
from limner.core.forms import ModelForm
from limner.core.hashing import sha256_of_bytes
from limner.core.models import Licence
from limner.generators.enlarging.generator import (
    FACTORS,
    ONLY_ENLARGES,
    EnlargingGenerator,
    Facts,
)
from limner.generators.enlarging.squares import OnPart, Squares, enlarge_in_squares
from limner.generators.weight_files import hash_files, list_files, require_as_written

# Shapes: N squares, H height, W width, C channels (RGB or RGBA, straight alpha).

ENGINE = "onnx"
SUFFIX = ".onnx"
OPTIONS = frozenset({"factor", "square_px", "margin_px"})
DEVICE = "CPU"

Floats = NDArray[np.float32]


def open_generator(form: ModelForm) -> EnlargingGenerator:
    """The generator of a form; what an engine's process is started with."""
    return EnlargingGenerator(form.card, Graph(form))


def describe(
    name: str, location: Path, licence: Licence, *, options: Mapping[str, object] | None = None
) -> ModelForm:
    """The form of the graph at a location, every file hashed.

    Args:
        name: it shall have.
        location: an ``.onnx`` file, or a folder with one.
        licence: as whoever adds it read it.
        options: ``factor``, by which it enlarges, and what else the engine takes.

    Raises:
        WeightsRefused: there is no such file, or more than one, or one is not opened.
        ModelFormInvalid: the factor is not said.
    """
    given = dict(options or {})
    _graph_file(location)
    factor = given.get("factor")
    if isinstance(factor, bool) or factor not in (2, 3, 4):
        raise ModelFormInvalid(
            f"The option 'factor' of the model {name!r} is {factor!r}; allowed is 2, 3 or 4.",
            hint="Say by how much the graph enlarges: --option factor=4.",
        )
    return ModelForm(
        name=name,
        version="1",
        engine=ENGINE,
        location=str(location.absolute()),
        files=hash_files(location),
        licence=licence,
        options=given,
        **ONLY_ENLARGES,
        factors=(factor, *(one for one in FACTORS if one == factor**2)),
    )


class Graph:
    """Enlarges with a graph. Making one loads nothing.

    Args:
        form: of the model.

    Raises:
        ModelFormInvalid: an option is unknown or not allowed.
    """

    def __init__(self, form: ModelForm) -> None:
        form.require_options(OPTIONS)
        self._form = form
        self._factor = int(form.number("factor", 2, 2, 4))
        self._square_px = int(form.number("square_px", 192, 32, 2048))
        self._margin_px = int(form.number("margin_px", self._square_px // 8, 0, 512))
        if 2 * self._margin_px >= self._square_px:
            raise form.refusal("margin_px", f"less than half of square_px, {self._square_px}")

    @property
    def facts(self) -> Facts:
        """What the graph runs on."""
        run = self._compiled
        return Facts(
            device=str(openvino.Core().get_property(DEVICE, "FULL_DEVICE_NAME")).strip(),
            precision=str(run.get_property("INFERENCE_PRECISION_HINT").to_string()),
            num_threads=int(run.get_property("INFERENCE_NUM_THREADS")),
            versions={"openvino": openvino.__version__},
        )

    def enlarge(
        self, image_HWC: NDArray[np.uint8], factor: int, on_part: OnPart
    ) -> NDArray[np.uint8]:
        """See `Enlarger.enlarge`.

        Raises:
            WeightsRefused: the file is not what the form says, or no graph.
            EngineFailed: the graph does not read or give what it should.
        """
        squares = Squares(
            side_px=self._square_px,
            margin_px=self._margin_px,
            factor=self._factor,
            enlarge=self._enlarge_squares,
        )
        return enlarge_in_squares(image_HWC, squares, factor, on_part)

    def _enlarge_squares(self, small_NHWC: NDArray[np.uint8]) -> NDArray[np.uint8]:
        alpha_NHW1 = small_NHWC[..., 3:].astype(np.float32) / 255
        colour_NHWC = small_NHWC[..., :3].astype(np.float32) / 255
        colour_NHWC = self._run((colour_NHWC * alpha_NHW1).astype(np.float32))
        large_NHW1 = np.stack([self._resampled(one) for one in small_NHWC[..., 3]])[..., None]
        share_NHW1 = large_NHW1.astype(np.float32) / 255
        straight_NHWC = colour_NHWC / np.maximum(share_NHW1, 1 / 255)
        colours_NHWC = np.rint(straight_NHWC.clip(0, 1) * 255).astype(np.uint8)
        return np.concatenate([np.where(large_NHW1 > 0, colours_NHWC, 0), large_NHW1], axis=-1)

    def _resampled(self, alpha_HW: NDArray[np.uint8]) -> NDArray[np.uint8]:
        height_px, width_px = (self._factor * one for one in alpha_HW.shape)
        method = PillowImage.Resampling.LANCZOS
        return np.asarray(PillowImage.fromarray(alpha_HW).resize((width_px, height_px), method))

    def _run(self, rgb_NHWC: Floats) -> Floats:
        """Larger colours, one square at a time, so that none depends on its neighbours."""
        large: list[Floats] = []
        for rgb_HWC in rgb_NHWC:
            small_NCHW = np.ascontiguousarray(rgb_HWC.transpose(2, 0, 1)[None])
            try:
                made = self._compiled([small_NCHW])
            except RuntimeError as error:
                raise EngineFailed(
                    f"The graph of the model {self._form.name!r} does not read RGB squares of "
                    f"{self._square_px} pixels.",
                    hint="Set the option 'square_px' to the side it reads.",
                ) from error
            large_NCHW = np.array(next(iter(made.values())), np.float32)
            expected = (1, 3, *(self._factor * one for one in rgb_HWC.shape[:2]))
            if large_NCHW.shape != expected:
                raise EngineFailed(
                    f"The graph of the model {self._form.name!r} gives {large_NCHW.shape}; by its "
                    f"option 'factor', {self._factor}, it must be {expected}."
                )
            if not np.isfinite(large_NCHW).all():
                raise PictureBroken("The enlarged picture holds what is not a number.")
            large.append(large_NCHW[0].transpose(1, 2, 0))
        return np.stack(large)

    @cached_property
    def _compiled(self) -> openvino.CompiledModel:
        location, files = self._form.path, self._form.files
        require_as_written(location, files)
        name, path = _graph_file(location)
        content = path.read_bytes()
        if sha256_of_bytes(content) != files[name]:
            raise WeightsRefused(f"The file {name!r} was changed while it was read.")
        core = openvino.Core()
        try:
            graph = core.read_model(content, b"")  # pyright: ignore[reportUnknownMemberType]
            return core.compile_model(graph, DEVICE, {"PERFORMANCE_HINT": "LATENCY"})
        except RuntimeError as error:
            raise WeightsRefused(
                f"The file {name!r} is no graph that OpenVINO {openvino.__version__} reads.",
                hint="Export it whole, with its weights inside, as ONNX.",
            ) from error


def _graph_file(location: Path) -> tuple[str, Path]:
    """Name and path of the one graph at a location."""
    found = [(name, path) for name, path in list_files(location).items() if name.endswith(SUFFIX)]
    if len(found) != 1:
        raise WeightsRefused(
            f"The location {str(location)!r} has {len(found)} files that end in {SUFFIX}; allowed "
            "is one."
        )
    return found[0]
