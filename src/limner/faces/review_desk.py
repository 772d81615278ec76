"""The review desk in the terminal: one card at a time, one key an answer.

Keys: a accept, r reject, u can't tell, digits for reasons, z takes the answer back, Enter closes,
s passes the card on unanswered, q leaves. The checks' scores are shown after the first answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from limner.core.reviewing import REASON_CODES, Answer
from limner.faces.printing import say
from limner.faces.review_printing import (
    nothing_waits,
    reason_menu,
    say_card,
    say_outcome,
    say_revealed,
)

if TYPE_CHECKING:
    from limner.studio.parts import Parts
    from limner.studio.review_card import CardView

ANSWER_KEYS = {"a": Answer.ACCEPT, "r": Answer.REJECT, "u": Answer.UNSURE}
ENTER = ("\r", "\n")
LEAVE = ("q", "\x03", "\x04", "\x1b")  # q, Ctrl-C, Ctrl-D, Escape

ReadKey = Callable[[], str]


def work_through(parts: Parts, name: str, read_key: ReadKey) -> None:
    """Give the person one card after another until none waits or they leave.

    Args:
        parts: of the studio.
        name: of the person.
        read_key: waits for one key.
    """
    from limner.studio import review

    passed: set[str] = set()
    while (view := review.next_card(parts, name, but=passed)) is not None:
        goes_on = _one_card(parts, name, view, read_key, passed)
        _clear_up(parts, view.card.card_id)
        if not goes_on:
            return
    say("Only cards that you passed on are left." if passed else nothing_waits(parts, name))


def _one_card(parts: Parts, name: str, view: CardView, read_key: ReadKey, passed: set[str]) -> bool:
    """One card from question to closing; whether the person goes on."""
    from limner.studio import review

    card_id = view.card.card_id
    say_card(parts, view, as_json=False)
    while True:
        if view.own is None:
            words = "[a]ccept  [r]eject" if view.card.is_about_image else "[a] yes  [r] no"
            say(f"{words}  [u] can't tell  [s]kip  [q]uit")
        else:
            say(f"You say {str(view.own)!r}. [Enter] close  [a/r/u] change  [z] undo  [q]uit")
        key = read_key()
        if key in ANSWER_KEYS:
            view = _answered(parts, name, view, ANSWER_KEYS[key], read_key)
        elif key == "z" and view.own is not None:
            view = review.withdraw_answer(parts, card_id, name)
            say("Taken back.")
        elif key in ENTER and view.own is not None:
            say_outcome(review.settle_card(parts, card_id, name))
            return True
        elif (key == "s" and view.own is None) or key in LEAVE:
            review.release_card(parts, card_id, name)
            passed.add(card_id)
            return key == "s"


def _answered(
    parts: Parts, name: str, view: CardView, answer: Answer, read_key: ReadKey
) -> CardView:
    from limner.studio import review

    needs_reason = view.card.is_about_image and answer is not Answer.ACCEPT
    reasons = _read_reasons(read_key) if needs_reason else []
    if needs_reason and not reasons:
        say("No reason given, so nothing was answered.")
        return view
    was_revealed = view.is_revealed
    answered = review.answer_card(
        parts, view.card.card_id, name, answer, reasons=reasons, is_final=False
    )
    if not was_revealed:
        say_revealed(answered)
    return answered


def _read_reasons(read_key: ReadKey) -> list[str]:
    """Digits choose, the same digit again takes back, Enter ends."""
    codes, chosen = list(REASON_CODES), list[str]()
    say(reason_menu())
    while True:
        say(f"Why? {' '.join(chosen) or 'Press digits'}; [Enter] when done.")
        key = read_key()
        if key in ENTER:
            return chosen
        if key in LEAVE:
            return []
        if key.isdecimal() and 1 <= int(key) <= len(codes):
            code = codes[int(key) - 1]
            chosen = [one for one in chosen if one != code] + [code] * (code not in chosen)


def _clear_up(parts: Parts, card_id: str) -> None:
    from limner.studio.review_picture import remove_view

    remove_view(parts, card_id)
