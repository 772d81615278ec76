"""Calibrated probabilities: a line through the log-odds of what a check measures.

Fitted outside the package, on pictures that neither the generator nor the referee was trained on
(``training/export_prompt_checks.py``). It fits nothing itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from limner.core.judging import Cause, CheckNotAble

SUREST = 0.99  # the pictures it was fitted on are cleaner than drawings


class Line(NamedTuple):
    """Turns a measured value into a probability: 1 / (1 + exp(-(slope * value + offset))).

    Source: Platt 1999, "Probabilistic outputs for support vector machines".
    """

    slope: float
    offset: float

    def probability(self, value: float) -> float:
        """From 1 - `SUREST` to `SUREST`."""
        odds = max(-50.0, min(50.0, self.slope * value + self.offset))
        return min(SUREST, max(1 - SUREST, 1 / (1 + math.exp(-odds))))


def read_lines(card: Mapping[str, Any], ingredients: Mapping[str, str]) -> Mapping[str, Line]:
    """The lines of a card by name, if they were fitted with these ingredients.

    Args:
        card: with ``lines`` and ``fitted_with``.
        ingredients: tagged SHA-256 of the files that decide what is measured.

    Raises:
        CheckNotAble: the card has no lines, or they were fitted with other files.
    """
    try:
        fitted_with: Mapping[str, str] = card["fitted_with"]
        lines = {name: Line(*numbers) for name, numbers in card["lines"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        note = "The check's calibration cannot be read; install Limner again."
        raise CheckNotAble(Cause.WEIGHTS_ABSENT, note) from error
    if any(ingredients.get(name) != tagged for name, tagged in fitted_with.items()):
        note = "The check was calibrated with another referee; calibrate it anew."
        raise CheckNotAble(Cause.WEIGHTS_ABSENT, note)
    return lines
