"""Atoms: whether everything a prompt says is in the picture, each thing judged by itself.

Things, their colours, the background, the number and the place are judged; style, size and what a
thing does are not. Combined as Soft-TIFA does it: the arithmetic mean tells how much is right, the
geometric mean, which is the score, falls when any one atom is wrong.

Source: Soft-TIFA as described with GenEval 2 (2025), its structure only; the judges are our own.
"""

from __future__ import annotations

import math
from collections import Counter

from limner.checks.atoms.judges import Atom, judge_atoms
from limner.checks.atoms.prompts import Prompt, prompt_of, read_prompt
from limner.checks.atoms.vocabulary import Vocabulary
from limner.checks.calibration import read_lines
from limner.checks.referee.views import RefereeViews
from limner.core.judging import (
    Better,
    Cause,
    CheckCard,
    CheckNotAble,
    Finding,
    ImageSubject,
    Limits,
)

SAYS = {
    "thing": "a thing the prompt names",
    "colour": "a colour the prompt names",
    "ground": "the background the prompt names",
    "count": "the number the prompt names",
    "place": "the place the prompt names",
}
DOUBTED = 0.5
MOST_ATOMS = 3  # more are calibrated alike


class Atoms:
    """Geometric mean over atoms of the probability that each is right, 0-1.

    Args:
        views: of the referee.
        vocabulary: what the parser of prompts knows, and the calibration of the judges.
    """

    def __init__(self, views: RefereeViews, vocabulary: Vocabulary) -> None:
        self._views = views
        self._vocabulary = vocabulary

    @property
    def card(self) -> CheckCard:
        """What this check is.

        The limits are where, on held-out scenes, nine in ten verdicts are right (docs/log.md,
        "Checks").
        """
        return CheckCard(
            name="atoms",
            version="3",
            question="Is every thing, colour, number and place of the prompt in the picture?",
            better=Better.HIGHER,
            limits=Limits(pass_at=0.7, fail_at=0.4),
            ingredients={
                **self._views.ingredients,
                **self._vocabulary.ingredients,
            },
            is_calibrated=True,
        )

    @property
    def view(self) -> object:
        """Of the referee."""
        return self._views

    def measure(self, subject: ImageSubject) -> Finding:
        """Judge every atom of the prompt.

        Raises:
            CheckNotAble: there is no prompt, nothing in it can be looked for, or the referee or the
                calibration is missing.
        """
        prompt = read_prompt(prompt_of(subject), self._vocabulary)
        lines = read_lines(self._vocabulary.card, self._views.ingredients)
        atoms = list(judge_atoms(prompt, self._views.see(subject.picture), self._views))
        if not atoms:
            note = "The prompt names nothing this check can look for."
            raise CheckNotAble(Cause.NOT_APPLICABLE, note)
        chances = [lines[atom.line].probability(atom.value) for atom in atoms]
        product = math.prod(chances)
        all_right = lines[whole_line(prompt, len(atoms))].probability(log_odds(product))
        doubted = Counter(
            atom.kind for atom, one in zip(atoms, chances, strict=True) if one < DOUBTED
        )
        return Finding(
            score=product ** (1 / len(chances)),
            probability_bad=1 - all_right,
            notes=tuple(f"The picture may not show {SAYS[kind]}." for kind in doubted),
            details={
                "arithmetic_mean": sum(chances) / len(chances),
                "words_unread": prompt.num_unread,
                **_numbered(atoms, chances),
            },
        )

    def read(self, prompt: str) -> None:
        """Read the texts that will be looked for; errors as `measure`."""
        for thing in read_prompt(prompt, self._vocabulary).things:
            self._views.text(thing.named)


def whole_line(prompt: Prompt, num_atoms: int) -> str:
    """Which calibration the atoms together take: known things or not, and how many atoms."""
    return f"{'known' if prompt.is_known else 'unknown'} whole {min(num_atoms, MOST_ATOMS)}"


def log_odds(probability: float) -> float:
    """Natural logarithm of the odds of a probability between 0 and 1, both left out."""
    return math.log(probability / (1 - probability))


def _numbered(atoms: list[Atom], chances: list[float]) -> dict[str, float]:
    """Probability of every atom, as "thing 1", "thing 2", "ground 1"."""
    seen: Counter[str] = Counter()
    named: dict[str, float] = {}
    for atom, chance in zip(atoms, chances, strict=True):
        seen[atom.kind] += 1
        named[f"{atom.kind} {seen[atom.kind]}"] = chance
    return named
