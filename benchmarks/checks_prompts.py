"""What the checks of prompts are worth on scenes of held-out pictures that did not calibrate them.

Every scene has a right prompt and a wrong one. What ships is calibrated on all held-out pictures;
here each fifth of them is judged by checks that were calibrated on the other four in the same way.
Verdicts are those of the checks' own limits.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from training.export_prompt_checks import (
    Measured,
    calibrate_atoms,
    calibrate_prompt_fit,
    measure,
)

from benchmarks.checks_reliability import calibration, share_of
from benchmarks.checks_scenes import (
    ALL_CHANGES,
    FOLDS,
    OTHER_THINGS,
    Case,
    Change,
    balanced,
    cases,
)
from benchmarks.figure import Measurement
from benchmarks.quality.measure import per_cent
from benchmarks.quality.sentences import embed_text
from limner.checks.atoms.check import Atoms
from limner.checks.atoms.vocabulary import WEIGHTS as ATOMS_WEIGHTS
from limner.checks.atoms.vocabulary import Vocabulary
from limner.checks.prompt_fit.check import PromptFit
from limner.checks.referee import Referee
from limner.checks.referee.views import RefereeViews
from limner.checks.runner import judge
from limner.core.judging import ImageCheck, ImageSubject, Result, Verdict
from limner.core.records import Picture

SEED = 20261126
NUM_SCENES, QUICK_SCENES = 3000, 500


class Judged(NamedTuple):
    """A case and what a check says of it."""

    case: Case
    result: Result


def measure_prompt_fit(is_quick: bool) -> Measurement:
    """Calibration error of prompt fit over the error that perfect calibration stays under.

    Under 1 it is inside its consistency band: of known things, of unknown ones, and of all, of
    which the worst counts. Wrong prompts are of another scene, or name another thing; what the
    check makes of other mistakes is printed as well.
    """
    return _measured("prompt-fit", OTHER_THINGS, is_quick)


def measure_atoms(is_quick: bool) -> Measurement:
    """Calibration error of atoms over the error that perfect calibration stays under.

    Under 1 it is inside its consistency band: of known things, of unknown ones, and of all, of
    which the worst counts. Wrong prompts are of another scene, or have one thing, colour,
    background, number or place changed.
    """
    return _measured("atoms", ALL_CHANGES, is_quick)


def _measured(name: str, changes: frozenset[Change], is_quick: bool) -> Measurement:
    rng = np.random.default_rng(SEED)
    num_scenes = (QUICK_SCENES if is_quick else NUM_SCENES) // FOLDS
    judged = list(_judged(name, num_scenes, rng))
    chosen = {id(case) for case in balanced([one.case for one in judged], changes, rng)}
    kept = [one for one in judged if id(one.case) in chosen]
    print_verdicts(name, kept, rng)
    for change in sorted(ALL_CHANGES):
        print_share(
            f"{name}, not passed with another {change}",
            [one for one in judged if one.case.change == change],
            rng,
        )
    slices = {
        "known things": [one for one in kept if one.case.is_known],
        "unknown things": [one for one in kept if not one.case.is_known],
        "all": kept,
    }
    ratios = [print_calibration(f"{name}, {said}", ones, rng) for said, ones in slices.items()]
    return Measurement(value=round(max(ratios), 3), n=len(kept), interval=None)


def _judged(name: str, num_scenes: int, rng: np.random.Generator) -> Iterator[Judged]:
    """Scenes of every fold, judged by a check that was calibrated on those of the others."""
    views, vocabulary = RefereeViews(Referee(embed_text)), Vocabulary()
    folds = [measure(cases(num_scenes, fold, rng), views, vocabulary) for fold in range(FOLDS)]
    for fold, measured in enumerate(folds):
        others = [one for number, other in enumerate(folds) if number != fold for one in other]
        with tempfile.TemporaryDirectory() as folder:
            check = _calibrated(name, Path(folder), others, views, rng)
            for one in measured:
                picture = Picture.of(one.case.image_HWC)
                subject = ImageSubject(picture=picture, prompt=one.case.prompt)
                yield Judged(one.case, judge(check, subject))


def _calibrated(
    name: str,
    folder: Path,
    measured: Sequence[Measured],
    views: RefereeViews,
    rng: np.random.Generator,
) -> ImageCheck:
    """The check of this name, calibrated on these cases; its card goes to an empty folder."""
    if name == "prompt-fit":
        calibrate_prompt_fit(folder, measured, views.ingredients, rng)
        return PromptFit(views, Vocabulary(), folder=folder)
    shutil.copytree(ATOMS_WEIGHTS, folder, dirs_exist_ok=True)
    calibrate_atoms(folder, measured, views.ingredients, rng)
    return Atoms(views, Vocabulary(folder))


def print_verdicts(name: str, judged: Sequence[Judged], rng: np.random.Generator) -> None:
    """Precision and recall of passing right prompts and of failing wrong ones."""
    for verdict, is_right, said in (
        (Verdict.PASS, True, "right prompts"),
        (Verdict.FAIL, False, "wrong prompts"),
    ):
        given = [one for one in judged if one.result.verdict is verdict]
        truly = [one for one in judged if one.case.is_right == is_right]
        for what, ones, hits in (
            ("precision", given, [one.case.is_right == is_right for one in given]),
            ("recall", truly, [one.result.verdict is verdict for one in truly]),
        ):
            made = share_of(hits, [one.case.group for one in ones], rng)
            low, high = (per_cent(end) for end in made.interval)
            print(
                f"{name}, {verdict.value} for {said}: {what} {per_cent(made.share)} % "
                f"[{low}, {high}] of {made.num_cases}"
            )
    for verdict in (Verdict.UNSURE, Verdict.ERROR):
        share = np.mean([one.result.verdict is verdict for one in judged])
        print(f"{name}, {verdict.value}: {per_cent(float(share))} % of {len(judged)}")


def print_share(name: str, judged: Sequence[Judged], rng: np.random.Generator) -> None:
    """Share of wrong prompts that do not pass."""
    hits = [one.result.verdict is not Verdict.PASS for one in judged]
    made = share_of(hits, [one.case.group for one in judged], rng)
    low, high = (per_cent(end) for end in made.interval)
    print(f"{name}: {per_cent(made.share)} % [{low}, {high}] of {made.num_cases}")


def print_calibration(name: str, judged: Sequence[Judged], rng: np.random.Generator) -> float:
    """Calibration error, its band and the Brier score; gives error over band."""
    bad = [one for one in judged if one.result.probability_bad is not None]
    chances = np.array([one.result.probability_bad for one in bad], np.float64)
    truths = np.array([not one.case.is_right for one in bad])
    made = calibration(chances, truths, [one.case.group for one in bad], rng)
    print(
        f"{name}: calibration error {made.error:.4f}, perfect stays under {made.band:.4f}, "
        f"Brier {made.brier:.4f}, n {len(bad)}"
    )
    return made.error / made.band
