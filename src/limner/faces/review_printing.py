"""What ``limner review`` prints of a card: as text, as a picture, and as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from limner.core.deciding import Outcome
from limner.core.reviewing import REASON_CODES, CardKind
from limner.faces.printing import say, say_json

if TYPE_CHECKING:
    from limner.store.judgements import StoredDecision
    from limner.studio.parts import Parts
    from limner.studio.review_card import CardView

PICTURE_COLUMNS = 76


def card_document(view: CardView, picture: Path | None) -> dict[str, object]:
    """JSON form of a card, as ``--json`` prints it; blind as the view is."""
    card, state = view.card, view.state
    document: dict[str, object] = {
        "card_id": card.card_id,
        "image_id": card.image_id,
        "kind": str(view.kind),
        "question": card.question,
        "prompt": None if view.record is None else view.record.recipe.prompt,
        "source": _source_of(view),
        "impact": card.impact,
        "needs_second": card.needs_second,
        "opened_at": card.opened_at.isoformat(),
        "due_at": None if card.due_at is None else card.due_at.isoformat(),
        "state": str(state.state),
        "level": state.level,
        "held_by": view.holder,
        "held_until": state.held_until.isoformat() if view.holder and state.held_until else None,
        "picture": None if picture is None else str(picture),
        "is_revealed": view.is_revealed,
        "answer": None if view.own is None else str(view.own),
    }
    document["unable"] = list(view.unable)
    if view.is_revealed:
        document["reasons"] = list(view.reasons)
        document["results"] = list(view.results)
        document["truth"] = None if card.truth is None else str(card.truth)
        document["outcome"] = None if state.closing is None else str(state.closing)
    return document


def say_card(parts: Parts, view: CardView, *, as_json: bool) -> None:
    """One card: its question, what was asked, the picture, and the scores once revealed."""
    picture = _picture_of(parts, view)
    if as_json:
        say_json(card_document(view, picture))
        return
    say(f"Card {view.card.card_id}  {_place(view)}")
    say(f"Question: {view.card.question}")
    if view.shown is None:
        say("The image was erased.")
    else:
        if view.record is None:
            say(f"From: {_source_of(view)}")
        else:
            say(f"Asked for: {view.record.recipe.title}")
        _say_picture(parts, view)
        say(f"Picture: {picture}")
    for why in view.unable:
        say(f"Not checked: {why}")
    if view.unable and view.state.closing is None:
        say(f"`limner review again {view.card.card_id}` runs the checks again.")
    if view.is_revealed:
        say_revealed(view)


def say_line(view: CardView) -> None:
    """One card on one line, for the list."""
    say(f"{view.card.card_id}  {_place(view)}  {view.card.question}")


def nothing_waits(parts: Parts, name: str) -> str:
    """That no card waits for a person, and how many wait for others."""
    from limner.studio import review

    views = review.list_cards(parts, name)
    num = sum(one.card.kind is not CardKind.HONEYPOT for one in views)
    if num == 0:
        return "No card waits for you."
    said = "1 waits" if num == 1 else f"{num} wait"
    return (
        f"No card waits for you; {said} for somebody else: about your own images, "
        "or another person has to agree."
    )


def say_revealed(view: CardView) -> None:
    """What was hidden until the first answer."""
    if view.card.kind is CardKind.HONEYPOT:
        say(f"This card was planted; the right answer is {str(view.card.truth)!r}.")
    for reason in view.reasons:
        say(f"  why you are asked: {reason}")
    for result in view.results:
        say(f"  {_result_line(result)}")
    if not view.results and not view.reasons:
        say("  No check has said anything about it.")


def say_judged_again(decided: StoredDecision) -> None:
    """What the checks led to when they ran again."""
    outcome = decided.decision.outcome
    still = "still " if outcome is Outcome.HELD else ""
    say(f"The image {decided.image_id} is {still}{outcome}.")
    for reason in decided.decision.reasons:
        say(f"  why: {reason.note}")


def say_outcome(view: CardView) -> None:
    """Where a card stands after an answer."""
    state, card_id = view.state, view.card.card_id
    if state.closing is not None:
        say(f"Card {card_id} is closed: {state.closing}.")
    elif state.level > 1 and view.own is not None and state.holder is None:
        say(f"Card {card_id} goes to somebody else (level {state.level}); nothing is released.")
    elif state.is_held:
        say(f"Card {card_id} is open; your answer so far is {str(view.own)!r}.")
    else:
        say(f"Card {card_id} waits for another person; nothing is released.")


def reason_menu() -> str:
    """The reason codes with the digit of each."""
    return "\n".join(
        f"  {digit} {code:11} {words}"
        for digit, (code, words) in enumerate(REASON_CODES.items(), start=1)
    )


def _place(view: CardView) -> str:
    state, card = view.state, view.card
    facts = [str(view.kind), str(state.state)]
    if view.holder is not None and state.held_until is not None:
        facts.append(f"by {view.holder} until {state.held_until:%H:%M} UTC")
    if state.level > 1:
        facts.append(f"level {state.level}")
    if card.impact is not None:
        facts.append(f"impact {card.impact}")
    if card.needs_second:
        facts.append("two people")
    if card.due_at is not None:
        facts.append(f"due {card.due_at:%Y-%m-%d %H:%M} UTC")
    return ", ".join(facts)


def _source_of(view: CardView) -> str | None:
    return None if view.incoming is None else view.incoming.source


def _picture_of(parts: Parts, view: CardView) -> Path | None:
    from limner.studio.review_picture import write_view

    if view.shown is None or view.state.closing is not None:
        return None
    return write_view(parts, view.card.card_id, view.shown)


def _say_picture(parts: Parts, view: CardView) -> None:
    from rich.console import Console

    from limner.faces.half_blocks import half_blocks
    from limner.studio.review_picture import read_grounded

    console = Console(highlight=False)
    if not console.is_terminal or view.shown is None:
        return
    columns = min(console.width, PICTURE_COLUMNS)
    console.print(half_blocks(read_grounded(parts, view.shown), num_columns=columns), end="")


def _result_line(result: dict[str, object]) -> str:
    score = result.get("score")
    notes = " ".join(cast(list[str], result.get("notes") or []))
    spoken = "no score" if score is None else f"{float(str(score)):.3f}"
    return f"{result.get('check')}: {result.get('verdict')}, {spoken}. {notes}".rstrip()
