"""Calibrate the checks of prompts: `python -m training.export_prompt_checks`.

Held-out pictures make scenes with right and wrong prompts (benchmarks/checks_scenes.py); a line is fitted through the
log-odds of what each judge measures, with right and wrong in equal weight. The benchmarks measure a calibration of the
same kind on pictures that were left out of it, a fifth at a time. Run it again whenever the referee changes: the checks
refuse a calibration of another one.
"""

import argparse
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from benchmarks.checks_scenes import ALL_CHANGES, OTHER_THINGS, Case, Change, balanced, cases
from benchmarks.quality.sentences import embed_text

from limner.checks.atoms.check import log_odds, whole_line
from limner.checks.atoms.judges import Atom, judge_atoms
from limner.checks.atoms.prompts import Prompt, read_prompt
from limner.checks.atoms.vocabulary import WEIGHTS as ATOMS_WEIGHTS
from limner.checks.atoms.vocabulary import Vocabulary
from limner.checks.calibration import Line
from limner.checks.prompt_fit.check import WEIGHTS as PROMPT_FIT_WEIGHTS
from limner.checks.prompt_fit.check import PromptFit, line_name
from limner.checks.referee import Referee
from limner.checks.referee.views import RefereeViews
from limner.core.hashing import sha256_of_bytes
from limner.core.records import Picture

SEED = 20261125
NUM_SCENES = 3000
ROUNDS = 60

Pairs = dict[str, list[tuple[float, bool]]]
Lines = dict[str, Line]
Ingredients = Mapping[str, str]


def fit_line(pairs: Sequence[tuple[float, bool]]) -> Line:
    """The line whose probabilities fit best, right and wrong in equal weight.

    Source: Platt 1999, with his targets short of 0 and 1; Newton's method.
    """
    values_N = np.array([value for value, _ in pairs])
    is_right_N = np.array([is_right for _, is_right in pairs])
    num_right, num_wrong = is_right_N.sum(), (~is_right_N).sum()
    if min(num_right, num_wrong) < 20:
        raise ValueError(f"too few cases to fit a line: {num_right} right, {num_wrong} wrong")
    targets_N = np.where(is_right_N, (num_right + 1) / (num_right + 2), 1 / (num_wrong + 2))
    weights_N = np.where(is_right_N, 0.5 / num_right, 0.5 / num_wrong)
    middle, spread = values_N.mean(), values_N.std()
    design_N2 = np.stack([(values_N - middle) / spread, np.ones_like(values_N)], axis=1)
    line = np.zeros(2)
    for _ in range(ROUNDS):
        chances_N = 1 / (1 + np.exp(-np.clip(design_N2 @ line, -50, 50)))
        gradient = design_N2.T @ (weights_N * (chances_N - targets_N))
        bend = (design_N2 * (weights_N * chances_N * (1 - chances_N))[:, None]).T @ design_N2
        line = line - np.linalg.solve(bend + 1e-6 * np.eye(2), gradient)
    slope = line[0] / spread
    return Line(round(float(slope), 4), round(float(line[1] - slope * middle), 4))


def truth_of(atom: Atom, number: int, case: Case) -> bool | None:
    """Whether an atom of a case is right; None where that is not known."""
    if case.change is None:
        return True
    if case.change == "scene":
        return False if atom.kind == "thing" else None
    if case.change == "object":
        if atom.kind == "thing":
            return number > 0
        return None if atom.kind in ("colour", "place") else True
    return atom.kind != {"colour": "colour", "ground": "ground", "count": "count", "place": "place"}[case.change]


class Measured(NamedTuple):
    """A case, and what the judges measure of it."""

    case: Case
    prompt: Prompt
    atoms: list[Atom]
    fit: float


def measure(made: Iterable[Case], views: RefereeViews, vocabulary: Vocabulary) -> list[Measured]:
    """What the judges measure of cases."""
    check, found = PromptFit(views, vocabulary), []
    for case in made:
        prompt, seen = read_prompt(case.prompt, vocabulary), views.see(Picture.of(case.image_HWC))
        fit = check.fit(prompt, case.prompt, seen)
        found.append(Measured(case, prompt, list(judge_atoms(prompt, seen, views)), fit))
    return found


def atom_values(measured: Iterable[Measured]) -> Pairs:
    """Measured values of atoms with their truth, by line."""
    by_line: Pairs = defaultdict(list)
    for one in measured:
        for number, atom in enumerate(one.atoms):
            truth = truth_of(atom, number, one.case)
            if truth is not None:
                by_line[atom.line].append((atom.value, truth))
    return by_line


def whole_values(measured: Iterable[Measured], lines: Lines) -> Pairs:
    """Log-odds of the product over a prompt's atoms, and whether all of it is right, by line."""
    by_line: Pairs = defaultdict(list)
    for one in measured:
        product = math.prod(lines[atom.line].probability(atom.value) for atom in one.atoms)
        by_line[whole_line(one.prompt, len(one.atoms))].append((log_odds(product), one.case.is_right))
    return by_line


def chosen(measured: Sequence[Measured], changes: frozenset[Change], rng: np.random.Generator) -> list[Measured]:
    """Those of balanced cases; see `checks_scenes.balanced`."""
    kept = {id(case) for case in balanced([one.case for one in measured], changes, rng)}
    return [one for one in measured if id(one.case) in kept]


def calibrate_atoms(folder: Path, measured: Sequence[Measured], fitted_with: Ingredients, rng: np.random.Generator) -> Lines:
    """Fit the lines of atoms, and write the card of a folder with the vocabulary."""
    by_atom = atom_values(measured)
    lines = {name: fit_line(pairs) for name, pairs in by_atom.items()}
    by_whole = whole_values(chosen(measured, ALL_CHANGES, rng), lines)
    lines |= {name: fit_line(pairs) for name, pairs in by_whole.items()}
    write_card(folder, lines, fitted_with, {"num_atoms": {name: len(pairs) for name, pairs in sorted((by_atom | by_whole).items())}})
    return lines


def calibrate_prompt_fit(folder: Path, measured: Sequence[Measured], fitted_with: Ingredients, rng: np.random.Generator) -> Lines:
    """Fit the lines of prompt fit, and write the card of a folder."""
    by_fit: Pairs = defaultdict(list)
    for one in chosen(measured, OTHER_THINGS, rng):
        by_fit[line_name(one.prompt)].append((one.fit, one.case.is_right))
    lines = {name: fit_line(pairs) for name, pairs in by_fit.items()}
    write_card(folder, lines, fitted_with, {"num_prompts": {name: len(pairs) for name, pairs in sorted(by_fit.items())}})
    return lines


def write_card(folder: Path, lines: Lines, fitted_with: Ingredients, extra: dict[str, object]) -> None:
    """The card, over whatever other files the folder has."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {path.name: sha256_of_bytes(path.read_bytes()) for path in sorted(folder.iterdir()) if path.name != "card.json"}
    card = {
        "version": "2", "licence": "Apache-2.0", **extra,
        "lines": dict(sorted(lines.items())), "fitted_with": dict(fitted_with), "files": files,
    }  # fmt: skip
    (folder / "card.json").write_text(json.dumps(card, indent=2) + "\n")


def main() -> None:
    """Fit and write both cards."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    views, rng = RefereeViews(Referee(embed_text, num_threads=1)), np.random.default_rng(SEED)
    fitted_with = dict(views.ingredients)
    write_card(ATOMS_WEIGHTS, {}, {}, {})  # the vocabulary is read through a card
    measured = measure(cases(NUM_SCENES, None, rng), views, Vocabulary())
    atoms = calibrate_atoms(ATOMS_WEIGHTS, measured, fitted_with, rng)
    prompt_fit = calibrate_prompt_fit(PROMPT_FIT_WEIGHTS, measured, fitted_with, rng)
    print(json.dumps({"atoms": atoms, "prompt_fit": prompt_fit}))


if __name__ == "__main__":
    main()
