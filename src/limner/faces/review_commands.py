"""The commands of ``limner review``: people answer about images that rules leave to them.

Exit codes: 0 done, also when no card waits; 2 bad input, such as a card somebody else holds.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from limner.faces.keys import read_key
from limner.faces.opening import opened
from limner.faces.printing import note, say, say_json

app = typer.Typer(
    help="Decide about images that were held, audited or complained of; say if labels fit."
)

CardId = Annotated[str, typer.Argument(metavar="CARD", help="A card's id.")]
Name = Annotated[
    str | None, typer.Option("--as", help="Who answers; left out: the setting `reviewer`.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Codes = Annotated[
    list[str] | None,
    typer.Option("--reason", help="A reason code; may be given several times."),
]
StayOpen = Annotated[
    bool,
    typer.Option("--open", help="Show the scores first; answer again to close or change."),
]
What = Annotated[str, typer.Argument(metavar="IMAGE", help="An image_id or a stored file.")]
Question = Annotated[str, typer.Option("--question", help='What is asked; "yes" is good.')]


@app.command("list")
def list_(context: typer.Context, name: Name = None, as_json: Json = False) -> None:
    """List the cards that wait, the most urgent first."""
    with opened(context) as studio:
        from limner.faces.review_printing import card_document, say_line
        from limner.studio import review

        views = review.list_cards(studio.parts, review.reviewer_name(studio.parts, name))
        for view in views:
            if as_json:
                say_json(card_document(view, None))
            else:
                say_line(view)
        if not views:
            note("No card waits.")


@app.command("next")
def next_(context: typer.Context, name: Name = None, as_json: Json = False) -> None:
    """Take the most urgent card; in a terminal, answer one after another by keys."""
    with opened(context) as studio:
        from limner.faces.review_printing import nothing_waits, say_card
        from limner.studio import review

        who = review.reviewer_name(studio.parts, name)
        if not as_json and sys.stdin.isatty() and sys.stdout.isatty():
            from limner.faces.review_desk import work_through

            work_through(studio.parts, who, read_key)
            return
        view = review.next_card(studio.parts, who)
        if view is None:
            note(nothing_waits(studio.parts, who))
        else:
            say_card(studio.parts, view, as_json=as_json)


@app.command()
def claim(context: typer.Context, card: CardId, name: Name = None, as_json: Json = False) -> None:
    """Take one card, so that nobody else answers it meanwhile."""
    with opened(context) as studio:
        from limner.faces.review_printing import say_card
        from limner.studio import review

        who = review.reviewer_name(studio.parts, name)
        say_card(studio.parts, review.claim(studio.parts, card, who), as_json=as_json)


@app.command()
def show(context: typer.Context, card: CardId, name: Name = None, as_json: Json = False) -> None:
    """Show one card; the checks' scores only to those who have answered it."""
    with opened(context) as studio:
        from limner.faces.review_printing import say_card
        from limner.studio import review

        who = review.reviewer_name(studio.parts, name)
        say_card(studio.parts, review.show_card(studio.parts, card, who), as_json=as_json)


@app.command()
def answer(
    context: typer.Context,
    card: CardId,
    answer: Annotated[str, typer.Argument(help="accept, reject or unsure.")],
    reason: Codes = None,
    stay_open: StayOpen = False,
    name: Name = None,
    as_json: Json = False,
) -> None:
    """Answer a card you have claimed."""
    with opened(context) as studio:
        from limner.faces.review_printing import card_document, say_outcome, say_revealed
        from limner.studio import review
        from limner.studio.review_picture import remove_view

        who = review.reviewer_name(studio.parts, name)
        view = review.answer_card(
            studio.parts, card, who, answer, reasons=reason or [], is_final=not stay_open
        )
        if not stay_open:
            remove_view(studio.parts, card)
        if as_json:
            say_json(card_document(view, None))
        else:
            say_revealed(view)
            say_outcome(view)


@app.command()
def escalate(context: typer.Context, card: CardId, name: Name = None) -> None:
    """Ask for somebody else to decide."""
    with opened(context) as studio:
        from limner.studio import review

        who = review.reviewer_name(studio.parts, name)
        view = review.escalate_card(studio.parts, card, who)
        say(f"Card {card} goes to somebody else (level {view.state.level}).")


@app.command()
def again(context: typer.Context, card: CardId) -> None:
    """Run the checks again on an image that is held because one could not run."""
    with opened(context) as studio:
        from limner.faces.review_printing import say_judged_again
        from limner.studio.judging_again import judge_again

        say_judged_again(judge_again(studio.parts, card))


@app.command()
def complain(
    context: typer.Context,
    image: What,
    reason: Annotated[str, typer.Option("--reason", help="A reason code.")],
) -> None:
    """Have people look again at an image that somebody complained of."""
    with opened(context) as studio:
        from limner.studio import review
        from limner.studio.stored_image import image_id_of

        image_id = image_id_of(studio.parts, image)
        say(review.complain(studio.parts, image_id, reason))


@app.command()
def plant(
    context: typer.Context,
    image: What,
    truth: Annotated[str, typer.Argument(help="The right answer: accept or reject.")],
    question: Question = "May this image leave?",
) -> None:
    """Mix in a card whose right answer is known, to measure a reviewer."""
    with opened(context) as studio:
        from limner.studio import review
        from limner.studio.stored_image import image_id_of

        image_id = image_id_of(studio.parts, image)
        say(review.plant(studio.parts, image_id, truth, question))


@app.command()
def stats(context: typer.Context, as_json: Json = False) -> None:
    """Print agreement, honeypots, time, overrides, and how good decisions by rule are."""
    with opened(context) as studio:
        from limner.faces.review_statistics_printing import say_statistics
        from limner.studio.review_statistics import review_statistics

        say_statistics(review_statistics(studio.parts), as_json=as_json)
