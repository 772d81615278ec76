"""The pictures of a run as a report shows them: small, with what they did not pass."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from limner.checks.views import flatten
from limner.core.judging import Verdict
from limner.core.runs import RunPicture, RunScore, Spot
from limner.evals.acceptance import accepted_of
from limner.evals.measuring import in_force, worst_cases
from limner.evals.suite import Case, Suite
from limner.studio.parts import Parts

WORST_PX = 256  # twice what is shown, for fine screens
GALLERY_PX = 96  # shown at 64; a report of 1,000 pictures stays under 3 MB
NUM_WORST = 8
PICTURES_EACH = 4
ACCEPTED = "accepted"  # in place of a check's name: everything that was asked


class Said(NamedTuple):
    """What checks said of the pictures of a run.

    Attributes:
        passed: by picture, whether it passed each check that judged it.
        accepted: by case and seed, whether everything asked of it passed; known ones only.
    """

    passed: Mapping[Spot, Mapping[str, bool]]
    accepted: Mapping[tuple[str, int], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPicture:
    """One picture on a report.

    Attributes:
        way: how it was drawn again; empty for the first.
        data_url: a small copy; empty where there is no picture, and `fault` says why.
        failed: names of the checks it did not pass; `passed` of those it did.
        is_accepted: see `evals.acceptance.accepted_of`; ``None`` where it is not known.
    """

    image_id: str
    seed: int
    way: str
    data_url: str
    fault: str
    failed: tuple[str, ...]
    passed: tuple[str, ...]
    is_accepted: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCase:
    """A case with its pictures."""

    case: Case
    num_failed: int
    num_judged: int
    pictures: tuple[ShownPicture, ...]


class Wanted(NamedTuple):
    """Which pictures of a run are looked for; what is left out does not matter.

    Attributes:
        check: that judged them, or `ACCEPTED`.
        is_passed: whether they passed it.
        group: name and value, as in `evals.suite.Case.groups`.
        case_id: of their case.
    """

    check: str = ""
    is_passed: bool | None = None
    group: tuple[str, str] | None = None
    case_id: str = ""


class FoundPictures(NamedTuple):
    """Some of the pictures that were looked for, each with its case, and how many there are."""

    shown: list[tuple[Case, ShownPicture]]
    num: int


def find_shown(
    parts: Parts, suite: Suite, run_id: str, wanted: Wanted, *, skip: int, limit: int
) -> FoundPictures:
    """Pictures of a run by what was said of them, as first drawn and drawn again.

    Args:
        parts: of the studio.
        suite: of the run.
        run_id: of the run.
        wanted: which.
        skip: so many of the first.
        limit: most to give; only these are read.
    """
    runs, cases = parts.store.runs, {case.id: case for case in suite.cases}
    said = said_of(suite, runs.scores(run_id))
    found = [
        (cases[one.spot.case_id], one)
        for one in runs.pictures(run_id)
        if _is_wanted(wanted, cases[one.spot.case_id], one, said)
    ]
    shown = [(case, _shown(parts, one, said, WORST_PX)) for case, one in found[skip : skip + limit]]
    return FoundPictures(shown, len(found))


def _is_wanted(wanted: Wanted, case: Case, picture: RunPicture, said: Said) -> bool:
    if wanted.case_id and case.id != wanted.case_id:
        return False
    if wanted.group is not None and case.groups.get(wanted.group[0]) != wanted.group[1]:
        return False
    if not wanted.check:
        return True
    spot = picture.spot
    if wanted.check == ACCEPTED:
        found = None if spot.way else said.accepted.get((spot.case_id, spot.seed))
    else:
        found = said.passed.get(spot, {}).get(wanted.check)
    return found is not None and wanted.is_passed in (None, found)


def worst_shown(
    parts: Parts, suite: Suite, pictures: Sequence[RunPicture], scores: Sequence[RunScore]
) -> tuple[ShownCase, ...]:
    """The cases that failed most, each with the pictures that failed most."""
    cases, said = {case.id: case for case in suite.cases}, said_of(suite, scores)
    shown: list[ShownCase] = []
    for worst in worst_cases(suite, scores, NUM_WORST):
        of_case = [one for one in pictures if one.spot.case_id == worst.case_id]
        of_case.sort(key=lambda one: -_num_failed(said, one))
        shown.append(
            ShownCase(
                case=cases[worst.case_id],
                num_failed=worst.num_failed,
                num_judged=worst.num_judged,
                pictures=tuple(
                    _shown(parts, one, said, WORST_PX) for one in of_case[:PICTURES_EACH]
                ),
            )
        )
    return tuple(shown)


def every_shown(
    parts: Parts, suite: Suite, pictures: Sequence[RunPicture], scores: Sequence[RunScore]
) -> Iterator[ShownCase]:
    """Every case that was drawn with every picture as first drawn, and others only that failed."""
    said = said_of(suite, scores)
    of_case: dict[str, list[RunPicture]] = {}
    for one in pictures:
        if not one.spot.way or _num_failed(said, one):
            of_case.setdefault(one.spot.case_id, []).append(one)
    counts: dict[str, list[bool]] = {}
    for spot, verdicts in said.passed.items():
        counts.setdefault(spot.case_id, []).extend(verdicts.values())
    for case in suite.cases:
        if case.id in of_case:
            yield ShownCase(
                case=case,
                num_failed=counts.get(case.id, []).count(False),
                num_judged=len(counts.get(case.id, [])),
                pictures=tuple(_shown(parts, one, said, GALLERY_PX) for one in of_case[case.id]),
            )


def small_picture(parts: Parts, image_id: str, side_px: int) -> str:
    """A stored picture, small, as a data URL; empty where it is not stored any more."""
    record = parts.store.image_by_id(image_id)
    return "" if record is None else _data_url(parts.store.read_image(record), side_px)


def said_of(suite: Suite, scores: Sequence[RunScore]) -> Said:
    """What holds of every picture; what could not be judged is left out."""
    passed: dict[Spot, dict[str, bool]] = {}
    for one in in_force(scores):
        if one.verdict is not Verdict.ERROR:
            passed.setdefault(one.spot, {})[one.check] = one.verdict is Verdict.PASS
    outcomes_PS = accepted_of(suite, scores)
    accepted = {
        (case.id, seed): bool(outcomes_PS[row, column])
        for row, case in enumerate(suite.cases)
        for column, seed in enumerate(suite.seeds)
        if np.isfinite(outcomes_PS[row, column])
    }
    return Said(passed, accepted)


def _num_failed(said: Said, picture: RunPicture) -> int:
    return sum(not is_passed for is_passed in said.passed.get(picture.spot, {}).values())


def _shown(parts: Parts, picture: RunPicture, said: Said, side_px: int) -> ShownPicture:
    record = None if picture.image_id is None else parts.store.image_by_id(picture.image_id)
    content = None if record is None else parts.store.read_image(record)
    verdicts = said.passed.get(picture.spot, {})
    return ShownPicture(
        image_id=picture.image_id or "",
        seed=picture.spot.seed,
        way=picture.spot.way,
        data_url="" if content is None else _data_url(content, side_px),
        fault=picture.fault or ("erased" if content is None else ""),
        failed=tuple(name for name, is_passed in verdicts.items() if not is_passed),
        passed=tuple(name for name, is_passed in verdicts.items() if is_passed),
        is_accepted=said.accepted.get((picture.spot.case_id, picture.spot.seed)),
    )


def lossless_url(image_HWC: NDArray[np.uint8]) -> str:
    """A picture as it is, as a data URL; PNG."""
    buffer = io.BytesIO()
    PillowImage.fromarray(image_HWC).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _data_url(content: bytes, side_px: int) -> str:
    """A small copy of a picture on white, as the checks see it; a data URL, WebP."""
    with PillowImage.open(io.BytesIO(content)) as opened:
        image_HWC = np.asarray(opened.convert("RGBA"))
    small = PillowImage.fromarray(flatten(image_HWC))
    small.thumbnail((side_px, side_px))
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=75)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
