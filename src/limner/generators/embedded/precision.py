"""Which precision the networks run in: the fastest that is near enough, measured once a machine.

A processor that lists bfloat16 is not always faster in it. At the first drawing the candidates run
the drawing network side by side, and the choice is kept in the data folder with what it was
measured on; other facts of the machine, other weights or another engine have it measured anew.

A loaded machine slows whatever runs at that moment. So candidates take turns, only runs that lie
next to each other are compared, and a candidate is called faster when nearly every such pair says
so. If pairs disagree nothing is kept, and the usual precision is taken until a calmer start.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

FORMAT = "limner.precision/1"
FILE_NAME = "precision.json"  # in the data folder; with so many threads, precision-N.json
AUTO = "auto"  # no precision is asked for
USUAL = "usual"  # what no measurement chooses, and no load of the machine changes
EXACT = "f32"
EIGHT_BITS = "int8"  # products of matrices; everything else in the usual precision
ROUNDS = 9
FASTER = 0.95  # of the other's time, in the median pair
AGREEING = 0.75  # share of pairs that must say the same
MAX_DIFFERENCE = (
    0.05  # root mean square, of the exact answer's; bfloat16 has 0.007 on our own, int8 0.012
)

Run = Callable[[], NDArray[np.floating[Any]]]
"""Runs the drawing network on the same fixed inputs, and gives its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What the test found of one candidate.

    Attributes:
        milliseconds: median of its runs.
        difference: root mean square from float32, over that of float32.
    """

    milliseconds: float
    difference: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The precision that is taken.

    Attributes:
        precision: such as ``bf16``.
        is_sure: whether the runs agreed; a choice that is not sure is not kept.
        tested: by candidate.
    """

    precision: str
    is_sure: bool
    tested: Mapping[str, Tested]


def usual_precision(able: Sequence[str]) -> str:
    """bfloat16 where the processor lists it, else float32."""
    return "bf16" if "BF16" in able else EXACT


def candidates(able: Sequence[str]) -> tuple[str, ...]:
    """What is worth trying on a processor; float32 is always among them, as the measure.

    Sums of 8 bits overflow on processors that do not multiply bfloat16: on one of them convolutions
    drew pictures 12 dB from those in float32.
    """
    if "BF16" not in able:
        return (EXACT,)
    return (*(name for name in ("bf16", EIGHT_BITS) if name.upper() in able), EXACT)


def choose(
    runs: Mapping[str, Run],
    usual: str,
    *,
    read_seconds: Callable[[], float] = time.perf_counter,
) -> Choice:
    """Try candidates against each other.

    Args:
        runs: by precision; float32 is among them.
        usual: taken when the runs do not agree.
        read_seconds: a steady clock.
    """
    exact = runs[EXACT]()
    scale = float(np.sqrt(np.mean(np.square(exact))))
    apart = {name: _rms(run() - exact) / scale for name, run in runs.items()}  # and warm
    near = [name for name in runs if apart[name] <= MAX_DIFFERENCE]  # NaN never is
    seconds: dict[str, list[float]] = {name: [] for name in near}
    for round_ in range(ROUNDS):
        for name in near[:: -1 if round_ % 2 else 1]:
            started = read_seconds()
            runs[name]()
            seconds[name].append(read_seconds() - started)
    best, is_sure = _fastest(seconds, usual)
    tested = {
        name: Tested(
            milliseconds=round(1e3 * float(np.median(seconds[name])), 3),
            difference=round(apart[name], 6),
        )
        for name in near
    }
    return Choice(precision=best, is_sure=is_sure, tested=tested)


def _file_name(facts: Mapping[str, object]) -> str:
    """Each number of threads has a file of its own, or two would have each other measured anew."""
    num_threads = facts.get("num_threads")
    return FILE_NAME.replace(".", f"-{num_threads}.") if num_threads else FILE_NAME


def _rms(values: NDArray[np.floating[Any]]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def _fastest(seconds: Mapping[str, Sequence[float]], usual: str) -> tuple[str, bool]:
    """The fastest, and whether the pairs agree; the usual one where they do not."""
    best = usual if usual in seconds else EXACT
    is_sure = True
    for name in seconds:
        if name == best:
            continue
        ratios = np.divide(seconds[name], seconds[best])
        share_faster = float(np.mean(ratios < 1))
        if np.median(ratios) < FASTER and share_faster >= AGREEING:
            best = name
        elif 1 - AGREEING < share_faster < AGREEING and abs(np.median(ratios) - 1) > 1 - FASTER:
            is_sure = False
    return best, is_sure


def remembered(folder: Path, facts: Mapping[str, object]) -> str | None:
    """The precision kept in a data folder; ``None`` if there is none for exactly these facts."""
    try:
        document = json.loads((folder / _file_name(facts)).read_bytes())
        if document["format"] != FORMAT or document["measured_on"] != dict(facts):
            return None
        precision = cast("object", document["precision"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return precision if isinstance(precision, str) else None


def remember(folder: Path, facts: Mapping[str, object], choice: Choice) -> None:
    """Keep a choice, whole or not at all; a folder that cannot be written keeps none."""
    document = {
        "format": FORMAT,
        "precision": choice.precision,
        "measured_on": dict(facts),
        "tested": {name: asdict(one) for name, one in choice.tested.items()},
    }
    with (
        suppress(OSError),
        tempfile.NamedTemporaryFile(
            "w", dir=folder, prefix=".precision-", delete=False, encoding="utf-8"
        ) as part,
    ):
        try:
            json.dump(document, part, indent=2)
            part.close()
            os.replace(part.name, folder / _file_name(facts))
        except OSError:
            Path(part.name).unlink(missing_ok=True)
            raise
