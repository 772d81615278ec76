"""Two pictures side by side in the terminal, blindly: one key an answer.

Keys: l or Left the left one, r or Right the right one, t neither is better, q leaves. Which model
drew which is not told before `--result`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from limner.core.studies import Choice
from limner.faces.printing import say, say_json

if TYPE_CHECKING:
    from limner.core.studies import Study
    from limner.evals.intervals import Estimate
    from limner.studio.parts import Parts
    from limner.studio.side_by_side import ShownPair, Standing

KEYS = {
    "l": Choice.LEFT,
    "\x1b[D": Choice.LEFT,
    "r": Choice.RIGHT,
    "\x1b[C": Choice.RIGHT,
    "t": Choice.TIE,
}
LEAVE = ("q", "\x03", "\x04", "\x1b")
MOST_COLUMNS = 130
LABEL_COLUMNS = 44

ReadKey = Callable[[], str]


def ask_pairs(parts: Parts, study: Study, name: str, read_key: ReadKey) -> int:
    """Show one pair after another until none is left or the person leaves; how many answered.

    Args:
        parts: of the studio.
        study: whose pairs are shown.
        name: of the person.
        read_key: waits for one key.
    """
    from limner.studio.side_by_side import answer_pair, next_pair

    num_answered = 0
    while (shown := next_pair(parts, study, name)) is not None:
        _show(shown)
        began = time.monotonic()
        choice = _read_choice(read_key)
        if choice is None:
            return num_answered
        seconds = time.monotonic() - began
        answer_pair(parts, study, shown.number, choice, name=name, seconds=seconds)
        num_answered += 1
    return num_answered


def say_standing(standing: Standing, *, as_json: bool) -> None:
    """What a study has come to, for a person or a program."""
    ranking = standing.ranking
    if as_json:
        say_json(standing.to_document())
        return
    say(f"{standing.num_answers} answers by {standing.num_people} people.")
    if ranking is None:
        say("No answer compares the two yet, so nothing is ranked.")
        return
    say("How often each is preferred to an average of both (Bradley-Terry, 95 % interval):")
    for label, estimate in ranking.strengths.items():
        _say(label, estimate)
    say("How noisy the answers are:")
    _say("left, where both were by one model", ranking.same_model_sides)
    _say("the same answer when shown again", ranking.repeats_agree)


def _show(shown: ShownPair) -> None:
    from rich.console import Console

    from limner.faces.half_blocks import half_blocks

    console = Console()
    say("")
    say(f"{shown.prompt}")
    if console.is_terminal:
        columns = min(console.width, MOST_COLUMNS)
        console.print(half_blocks([shown.left_HWC, shown.right_HWC], num_columns=columns))
    say(f"Which shows it better? [l]eft  [r]ight  [t]ie  [q]uit   {shown.num_left} left")


def _read_choice(read_key: ReadKey) -> Choice | None:
    """The answer a key gives; ``None`` to leave."""
    while True:
        key = read_key()
        if key in LEAVE:
            return None
        if key in KEYS:
            return KEYS[key]


def _say(name: str, estimate: Estimate) -> None:
    if estimate.value is None:
        say(f"  {name:<{LABEL_COLUMNS}} not known yet")
        return
    told = f"  {name:<{LABEL_COLUMNS}} {estimate.value:>6.1%}"
    if estimate.low is not None and estimate.high is not None:
        told += f"  {estimate.low:.1%} to {estimate.high:.1%}"
    say(f"{told}  ({estimate.num} answers)")
