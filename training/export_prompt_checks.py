"""Calibrate the checks of prompts: `python -m training.export_prompt_checks`.

Every other held-out picture makes scenes with right and wrong prompts (benchmarks/checks_scenes.py); a line is fitted
through the log-odds of what each judge measures, with right and wrong in equal weight. The benchmarks measure on the
other pictures. Run it again whenever the referee changes: the checks refuse a calibration of another one.
"""

import argparse
import json
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from benchmarks.checks_scenes import ALL_CHANGES, OTHER_THINGS, Case, balanced, cases
from benchmarks.quality.sentences import embed_text

from limner.checks.atoms.check import log_odds, whole_line
from limner.checks.atoms.judges import Atom, judge_atoms
from limner.checks.atoms.prompts import read_prompt
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


def atom_values(made: Sequence[Case], views: RefereeViews, vocabulary: Vocabulary) -> Pairs:
    """Measured values of atoms with their truth, by line."""
    by_line: Pairs = defaultdict(list)
    for case, found in judged(made, views, vocabulary):
        for number, atom in enumerate(found):
            truth = truth_of(atom, number, case)
            if truth is not None:
                by_line[atom.line].append((atom.value, truth))
    return by_line


def judged(made: Sequence[Case], views: RefereeViews, vocabulary: Vocabulary) -> Iterator[tuple[Case, list[Atom]]]:
    """Every case with the atoms of its prompt."""
    for case in made:
        seen = views.see(Picture.of(case.image_HWC))
        yield case, list(judge_atoms(read_prompt(case.prompt, vocabulary), seen, views))


def whole_values(made: Sequence[Case], views: RefereeViews, vocabulary: Vocabulary, lines: dict[str, Line]) -> Pairs:
    """Log-odds of the product over a prompt's atoms, and whether all of it is right, by line."""
    by_line: Pairs = defaultdict(list)
    for case, found in judged(made, views, vocabulary):
        product = math.prod(lines[atom.line].probability(atom.value) for atom in found)
        name = whole_line(read_prompt(case.prompt, vocabulary), len(found))
        by_line[name].append((log_odds(product), case.is_right))
    return by_line


def fit_values(made: Sequence[Case], views: RefereeViews, vocabulary: Vocabulary) -> Pairs:
    """Fit of prompts with their truth, by line."""
    by_line: Pairs = defaultdict(list)
    check = PromptFit(views, vocabulary)
    for case in made:
        prompt = read_prompt(case.prompt, vocabulary)
        fit = check.fit(prompt, case.prompt, views.see(Picture.of(case.image_HWC)))
        by_line[line_name(prompt)].append((fit, case.is_right))
    return by_line


def write_card(folder: Path, lines: dict[str, Line], fitted_with: dict[str, str], extra: dict[str, object]) -> None:
    """The card, over whatever other files the folder has."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {path.name: sha256_of_bytes(path.read_bytes()) for path in sorted(folder.iterdir()) if path.name != "card.json"}
    card = {
        "version": "1", "licence": "Apache-2.0", "num_scenes": NUM_SCENES, **extra,
        "lines": dict(sorted(lines.items())), "fitted_with": fitted_with, "files": files,
    }  # fmt: skip
    (folder / "card.json").write_text(json.dumps(card, indent=2) + "\n")


def main() -> None:
    """Fit and write both cards."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    views, rng = RefereeViews(Referee(embed_text, num_threads=1)), np.random.default_rng(SEED)
    fitted_with = dict(views.ingredients)
    write_card(ATOMS_WEIGHTS, {}, {}, {})  # the vocabulary is read through a card
    made, vocabulary = cases(NUM_SCENES, 0, rng), Vocabulary()
    by_atom = atom_values(made, views, vocabulary)
    lines = {name: fit_line(pairs) for name, pairs in by_atom.items()}
    by_whole = whole_values(balanced(made, ALL_CHANGES, rng), views, vocabulary, lines)
    lines |= {name: fit_line(pairs) for name, pairs in by_whole.items()}
    write_card(ATOMS_WEIGHTS, lines, fitted_with, {"num_atoms": {name: len(pairs) for name, pairs in sorted((by_atom | by_whole).items())}})
    by_fit = fit_values(balanced(made, OTHER_THINGS, rng), views, vocabulary)
    fits = {name: fit_line(pairs) for name, pairs in by_fit.items()}
    write_card(PROMPT_FIT_WEIGHTS, fits, fitted_with, {"num_prompts": {name: len(pairs) for name, pairs in sorted(by_fit.items())}})
    print(json.dumps({"atoms": lines, "prompt_fit": fits}))


if __name__ == "__main__":
    main()
