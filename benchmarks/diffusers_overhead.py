"""What the diffusers engine adds to the bare pipeline of the same weights and seed; pixels alike.

The pipeline is a Stable Diffusion 1.x of true classes with random weights, small enough to be built
on the spot (tests/tiny_pipelines.py) and large enough that a step takes the time of one. Needs the
extra `diffusers`.
"""

from __future__ import annotations

import math
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.figure import Measurement, median_measurement
from limner.core.drawing import Sketch
from limner.core.models import Licence
from limner.core.ports import FloatSpan, IntSpan
from limner.core.records import Size
from limner.generators.conformance import Trial
from limner.generators.diffusers.describing import describe
from limner.generators.diffusers.generator import DiffusersGenerator

TESTS = Path(__file__).parents[1] / "tests"
MISSING = "The engine's libraries are not installed: pip install '.[diffusers]'."
PROMPT, SEED, STEPS, GUIDANCE, SIDE_PX = "a red fox", 5, 8, 3.0, 64
DRAWINGS = 3  # by either in one comparison

Picture = NDArray[np.uint8]


def measure_overhead(is_quick: bool) -> Measurement:
    """Time of a drawing by the engine over that by the bare pipeline, in percent more.

    The two draw in turns, in one process and with the same number of threads. A comparison is of
    the fastest of three drawings by either, and the figure the median over the comparisons. Time is
    that of the processor, which neither waits for anything: what else the machine does would be
    many times the difference that is looked for.

    Raises:
        SystemExit: the libraries are not there, or a pixel differs.
    """
    num = 3 if is_quick else 40
    with tempfile.TemporaryDirectory() as folder:
        by_engine, by_pipeline = _drawers(Path(folder) / "model")
        if not np.array_equal(by_engine(), by_pipeline()):
            raise SystemExit("The pixels of the engine are not those of the bare pipeline.")
        ratios: list[float] = []
        for _ in range(num):
            seconds = {by_engine: math.inf, by_pipeline: math.inf}
            for k in range(DRAWINGS):
                for one in (by_engine, by_pipeline) if k % 2 else (by_pipeline, by_engine):
                    seconds[one] = min(seconds[one], _seconds(one))
            ratios.append(100 * (seconds[by_engine] / seconds[by_pipeline] - 1))
            if len(ratios) == 1:
                print(f"a drawing of {STEPS} steps takes {seconds[by_pipeline]:.2f} s")
    return median_measurement(ratios)


def _drawers(folder: Path) -> tuple[Callable[[], Picture], Callable[[], Picture]]:
    """One drawing by the engine, and the same one by the bare pipeline."""
    sys.path.insert(0, str(TESTS))
    try:
        torch, diffusers = import_module("torch"), import_module("diffusers")
        tiny: Any = import_module("tiny_pipelines")
    except ImportError as error:
        raise SystemExit(MISSING) from error
    torch.manual_seed(0)
    pipeline = tiny.stable_diffusion()
    pipeline.register_modules(
        unet=tiny.unet(block_out_channels=(32, 64), layers_per_block=2, attention_head_dim=8)
    )
    pipeline.save_pretrained(folder, safe_serialization=True)
    bare = diffusers.DiffusionPipeline.from_pretrained(folder, use_safetensors=True)
    bare.set_progress_bar_config(disable=True)
    licence = Licence(expression="Apache-2.0", source="LICENSE", reviewer="Ann")
    form = replace(
        describe("tiny", folder, licence, options={}),
        canvases=(Size(SIDE_PX, SIDE_PX),),
        side_px=IntSpan(16, 512, SIDE_PX),
        guidance=FloatSpan(0, 30, GUIDANCE),
    )
    engine = DiffusersGenerator(form)
    plan = engine.prepare(_sketch(engine))

    def by_engine() -> Picture:
        (drawn,) = engine.generate(plan, [SEED])
        return drawn.image_HWC[..., :3]

    def by_pipeline() -> Picture:
        (picture,) = bare(
            PROMPT,
            width=SIDE_PX,
            height=SIDE_PX,
            num_inference_steps=STEPS,
            guidance_scale=GUIDANCE,
            generator=torch.Generator().manual_seed(SEED),
        ).images
        return np.asarray(picture)

    return by_engine, by_pipeline


def _sketch(engine: DiffusersGenerator) -> Sketch:
    return replace(
        Trial(generator=engine, prompt=PROMPT, num_steps=STEPS).sketch(), guidance=GUIDANCE
    )


def _seconds(draw: Callable[[], Picture]) -> float:
    began = time.process_time()
    draw()
    return time.process_time() - began
