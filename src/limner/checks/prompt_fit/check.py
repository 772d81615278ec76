"""Prompt fit: the referee's calibrated probability that a picture shows what its prompt names.

It judges the things a prompt names together with their colours; style, background, number and
place are not its business. For things the referee never saw a picture of it is calibrated apart,
and tells little. A right prompt is set against one wrong prompt, so a generator that is right much
more or less often than half of the time shifts the probability.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from limner.checks.atoms.finding import find_things
from limner.checks.atoms.prompts import Prompt, prompt_of, read_prompt
from limner.checks.atoms.vocabulary import Vocabulary
from limner.checks.calibration import read_lines
from limner.checks.packaged import Packaged
from limner.checks.referee.views import RefereeViews, Seen
from limner.core.judging import (
    Better,
    CheckCard,
    Finding,
    ImageSubject,
    Limits,
)

WEIGHTS = Path(__file__).parent / "weights"
DOUBTED = 0.5
POOR = "The picture may not show what the prompt names."
CUT_OFF = "The prompt is longer than this check reads, so its end was not looked for."
UNKNOWN = "The referee does not know a thing the prompt names, so this tells little."


class PromptFit:
    """Probability 0-1 that the prompt is right for the picture.

    Args:
        views: of the referee.
        vocabulary: what the parser of prompts knows.
        folder: of the card with the calibration.
    """

    def __init__(
        self, views: RefereeViews, vocabulary: Vocabulary, *, folder: Path = WEIGHTS
    ) -> None:
        self._views = views
        self._vocabulary = vocabulary
        self._weights = Packaged(folder)

    @property
    def card(self) -> CheckCard:
        """What this check is.

        The limits are where, on held-out scenes, nine in ten verdicts are right (docs/log.md,
        "Checks").
        """
        return CheckCard(
            name="prompt-fit",
            version="3",
            question="Does the picture show the things the prompt names?",
            better=Better.HIGHER,
            limits=Limits(pass_at=0.75, fail_at=0.2),
            ingredients={
                **self._views.ingredients,
                **{f"prompt_fit/{n}": tagged for n, tagged in self._weights.ingredients.items()},
                **self._vocabulary.ingredients,
            },
            is_calibrated=True,
        )

    @property
    def view(self) -> object:
        """Of the referee."""
        return self._views

    def measure(self, subject: ImageSubject) -> Finding:
        """Look for what the prompt names.

        Raises:
            CheckNotAble: there is no prompt, or the referee or the calibration is missing.
        """
        text = prompt_of(subject)
        lines = read_lines(self._weights.card, self._views.ingredients)
        prompt = read_prompt(text, self._vocabulary)
        fit = self.fit(prompt, text, self._views.see(subject.picture))
        line = line_name(prompt)
        probability = lines[line].probability(fit)
        return Finding(
            score=probability,
            probability_bad=1 - probability,
            notes=(
                *((POOR,) if probability < DOUBTED else ()),
                *(() if prompt.is_known else (UNKNOWN,)),
                *(() if all(map(self._views.reads_whole, _texts_of(prompt, text))) else (CUT_OFF,)),
            ),
            details={"fit": fit, "calibration": line},
        )

    def read(self, prompt: str) -> None:
        """Read the texts that will be looked for; errors as `measure`."""
        for text in _texts_of(read_prompt(prompt, self._vocabulary), prompt):
            self._views.text(text)

    def fit(self, prompt: Prompt, text: str, seen: Seen) -> float:
        """Mean product of unit vectors over the things of a prompt; of its whole text without any.

        -1 to 1, before calibration.
        """
        if not prompt.things:
            return float(seen.whole_1V[0] @ self._views.text(text))
        found = find_things(prompt, seen, self._views.text, lambda thing: thing.described)
        return float(np.mean([one.fit for one in found]))


def _texts_of(prompt: Prompt, text: str) -> list[str]:
    """What the referee reads of a prompt: each thing, or the whole text where none is known."""
    return [thing.described for thing in prompt.things] or [text]


def line_name(prompt: Prompt) -> str:
    """Which calibration a prompt takes: known or not, one thing or several."""
    known = "known" if prompt.is_known else "unknown"
    return f"{known} {'one' if prompt.num_things <= 1 else 'several'}"
