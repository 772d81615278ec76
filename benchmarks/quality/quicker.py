"""What quicker drawing costs in quality: fewer steps, and products in fewer bits."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import openvino
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from benchmarks.figure import Measurement
from benchmarks.quality import specification
from benchmarks.quality.aspects import INTERVAL_SEED, Aspect, aspects
from benchmarks.quality.drawing import FIRST_SEED
from benchmarks.quality.intervals import share_with_interval
from benchmarks.quality.judging import Eye, Judge
from benchmarks.quality.sentences import embed_text
from benchmarks.quality.specification import Asked
from limner.checks.referee import Referee
from limner.core.drawing import Sketch
from limner.core.records import Operation
from limner.generators.embedded import EmbeddedGenerator
from limner.generators.embedded.precision import AUTO, EXACT, candidates
from limner.generators.embedded.weights import Weights

REPOSITORY = Path(__file__).parents[2]
WEIGHTS = "src/limner/generators/embedded/weights"
TEACHER = "8fc30ba"  # where the weights landed that the present ones began from
MEASURED = (
    "concept-seen", "background-colour", "object-colour", "count", "position",
    "held-out-combinations",
)  # fmt: skip
NUM_SEEDS, NUM_QUICK = 2, 4
SHEET = REPOSITORY / "docs" / "images" / "few-steps.png"
SHEET_PROMPTS = (
    "a red apple", "a blue car", "three yellow stars", "a cat to the left of a dog",
    "a green umbrella on a pink background", "a house", "a guitar", "a mushroom",
)  # fmt: skip
CELL_PX, LABEL_PX = 128, 150


class Drawing:
    """Weights drawing what is asked in so many steps, straight from the generator."""

    def __init__(self, weights: Weights, steps: int, precision: str = AUTO) -> None:
        self._generator = EmbeddedGenerator(weights=weights, precision=precision)
        self._steps = steps
        self.styles = self._generator.card.styles
        self.concepts = specification.drawn_concepts()

    def draw(self, asked: Asked, num_seeds: int = NUM_SEEDS) -> list[NDArray[np.uint8] | None]:
        """See `benchmarks.quality.drawing.Draws`."""
        card = self._generator.card
        sketch = Sketch(
            operation=Operation.TEXT, prompt=asked.prompt, negative="",
            style=asked.style if asked.style in self.styles else None,
            steps=self._steps, guidance=card.guidance.default,
            sampler=card.samplers[0], canvas=card.canvases[0], is_transparent=False,
        )  # fmt: skip
        seeds = [FIRST_SEED + number for number in range(num_seeds)]
        drawn = self._generator.generate(self._generator.prepare(sketch), seeds)
        return [np.asarray(one.image_HWC) for one in drawn]


class Column(NamedTuple):
    """One way of drawing that is compared."""

    name: str
    drawing: Drawing


def measure_few_steps(is_quick: bool) -> Measurement:
    """Points that the default steps are behind the teacher in the aspect where they are worst.

    The teacher is drawn in its own 16 steps with two rows a picture. Same prompts and seeds for
    all; every aspect's share and paired difference is printed with its 95 % interval over prompts.
    The value is the lowest of the differences: with some 100 prompts in an aspect it is below the
    true one more often than above it. A full run draws a sheet of all (docs/images/few-steps.png).
    """
    with tempfile.TemporaryDirectory() as folder:
        teacher = Weights(_from_history(TEACHER, Path(folder)))
        landed = Weights()
        columns = [
            Column("teacher, 16 steps", Drawing(teacher, 16)),
            Column(f"{landed.card.steps[2]} steps", Drawing(landed, landed.card.steps[2])),
            Column("4 steps", Drawing(landed, 4)),
        ]
        if not is_quick:
            _sheet(columns).save(SHEET)
        apart = [differences[0] for differences in _compared(columns, is_quick)]
    return _worst(apart)


def measure_precisions(is_quick: bool) -> Measurement:
    """Points that a precision the networks may run in here is behind float32 where it is worst.

    Precisions, aspects, prompts and seeds as in `measure_few_steps`; the value is the lowest
    difference of any precision in any aspect, of some twelve, so it errs to the low side.
    """
    landed = Weights()
    able = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    others = [one for one in candidates(able) if one != EXACT]
    if not others:
        raise SystemExit("This processor has float32 alone; there is nothing to compare.")
    columns = [
        Column(name, Drawing(landed, landed.card.steps[2], name)) for name in (EXACT, *others)
    ]
    return _worst([one for differences in _compared(columns, is_quick) for one in differences])


class Share(NamedTuple):
    """Per cent, with its interval."""

    value: float
    interval: tuple[float, float]

    def __str__(self) -> str:
        """As ``72.7 [68.1, 77.0]``."""
        return f"{self.value:5.1f} [{self.interval[0]:.1f}, {self.interval[1]:.1f}]"


def _compared(columns: Sequence[Column], is_quick: bool) -> list[Sequence[Measurement]]:
    """How far each column but the first is from the first, by aspect; prints all.

    Prompts and seeds are the same for all.
    """
    measured = aspects(Eye(Referee(embed_text)))
    return [_compare(measured[name], columns, is_quick) for name in MEASURED]


def _sheet(columns: Sequence[Column]) -> PillowImage.Image:
    """The same prompts and seed drawn in every way, a row each, on white."""
    size = (LABEL_PX + CELL_PX * len(SHEET_PROMPTS), CELL_PX * len(columns))
    sheet = PillowImage.new("RGBA", size, "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for row, column in enumerate(columns):
        pen.text((8, CELL_PX * (row + 0.5)), column.name, "black", font, anchor="lm")
        for number, prompt in enumerate(SHEET_PROMPTS):
            (drawn,) = column.drawing.draw(Asked(prompt=prompt), 1)
            cell = PillowImage.fromarray(np.asarray(drawn)).resize((CELL_PX, CELL_PX))
            sheet.alpha_composite(cell, (LABEL_PX + CELL_PX * number, CELL_PX * row))
    return sheet.convert("RGB")


def _compare(aspect: Aspect, columns: Sequence[Column], is_quick: bool) -> Sequence[Measurement]:
    judge = next(iter(aspect.judges.values()))
    asked = aspect.asked(columns[0].drawing)[: NUM_QUICK if is_quick else None]
    right = [_verdicts(column.drawing, asked, judge) for column in columns]
    apart = [_in_per_cent(one - right[0]) for one in right]
    for column, verdicts, difference in zip(columns, right, apart, strict=True):
        told = f"{_in_per_cent(verdicts)}  from {columns[0].name} {difference}"
        print(f"{aspect.name:22} {column.name:17} {told}", flush=True)
    num = right[0].size
    return [Measurement(value=one.value, n=num, interval=one.interval) for one in apart[1:]]


def _worst(differences: Sequence[Measurement]) -> Measurement:
    return min(differences, key=lambda one: one.value)


def _verdicts(drawing: Drawing, asked: Sequence[Asked], judge: Judge) -> NDArray[np.float64]:
    verdicts = [
        [picture is not None and judge(picture, one) for picture in drawing.draw(one)]
        for one in asked
    ]
    return np.array(verdicts, np.float64)


def _in_per_cent(outcomes: NDArray[np.float64]) -> Share:
    rng = np.random.default_rng(INTERVAL_SEED)
    share, (low, high) = share_with_interval(outcomes.tolist(), rng)
    return Share(round(100 * share, 1), (round(100 * low, 1), round(100 * high, 1)))


def _from_history(commit: str, folder: Path) -> Path:
    """Weights as they were at a commit.

    Raises:
        SystemExit: the history is not here.
    """
    asked = ["git", "-C", str(REPOSITORY), "archive", commit, WEIGHTS]
    told = subprocess.run(asked, capture_output=True, check=False)
    if told.returncode != 0:
        raise SystemExit(f"Commit {commit} is not in this checkout; take the whole history.")
    with tarfile.open(fileobj=io.BytesIO(told.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder / WEIGHTS
