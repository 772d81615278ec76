"""The Watch page: whether streams still are what they were, alarms, and what those did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from limner.core.watching import Change, ReadingVerdict, Reference
from limner.faces.http.native.asking import Given, Operator
from limner.faces.pages.cards import PictureCard
from limner.faces.pages.frame import frame
from limner.faces.pages.rate_plots import WIDTH as RATE_WIDTH
from limner.faces.pages.rate_plots import show_rates
from limner.faces.pages.site import render
from limner.faces.pages.watch_plots import HEIGHT, WIDTH, MeasureShown, show_measure
from limner.studio.eval_pictures import small_picture
from limner.studio.watch.overview import CanariesSeen, Overview, ToldAlarm, canaries_seen, overview
from limner.studio.watch.rates import audit_rates
from limner.studio.watch.references import smallness_of
from limner.studio.watch.run import watch_all

if TYPE_CHECKING:
    from limner.studio.parts import Parts

router = APIRouter(include_in_schema=False)

PAIR_PX = 192  # of a picture beside what it was
NUM_ALARMS = 20  # of a stream, the newest


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeShown:
    """What an alarm says changed, with the pictures that are still here.

    Attributes:
        pairs: of canaries, each as it was kept and as it came again: data URLs.
    """

    change: Change
    cards: tuple[PictureCard, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmShown:
    """An alarm as the page shows it."""

    told: ToldAlarm
    changes: tuple[ChangeShown, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamShown:
    """One stream as the page shows it.

    Attributes:
        smallness: that the reference is too small for verdicts; empty if it is not.
        alarms: the newest first.
    """

    name: str
    reference: Reference
    is_alarmed: bool
    smallness: str
    measures: tuple[MeasureShown, ...]
    alarms: tuple[AlarmShown, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CanariesShown:
    """One canary set as the page shows it; `alarms` the newest first."""

    seen: CanariesSeen
    alarms: tuple[AlarmShown, ...]


@router.get("/watch")
def show(request: Request, viewer: Operator, given: Given) -> Response:
    """The page."""
    return render(
        "watch.html",
        **frame(request, viewer, "/watch"),
        streams=[_stream(given.parts, one) for one in overview(given.parts)],
        canaries=[_canaries(given.parts, one) for one in canaries_seen(given.parts)],
        width=WIDTH,
        height=HEIGHT,
    )


@router.get("/watch/rates")
def show_audit_rates(_viewer: Operator, given: Given) -> Response:
    """The rates of decisions from audits: fetched by the page, since they take longer."""
    groups = show_rates(audit_rates(given.parts))
    return render("_watch_rates.html", groups=groups, width=RATE_WIDTH)


@router.post("/watch")
def read_now(_viewer: Operator, given: Given) -> Response:
    """Read every stream now, then show the page again."""
    watch_all(given.parts)
    return RedirectResponse("/watch", status_code=303)


def _stream(parts: Parts, found: Overview) -> StreamShown:
    return StreamShown(
        name=found.stream,
        reference=found.reference,
        is_alarmed=found.is_alarmed,
        smallness=smallness_of(found.reference),
        measures=_measures(found),
        alarms=tuple(_alarm(parts, one) for one in reversed(found.alarms[-NUM_ALARMS:])),
    )


def _measures(found: Overview) -> tuple[MeasureShown, ...]:
    """Those in alarm first."""
    shown = [show_measure([one.reading for one in series]) for series in found.series().values()]
    return tuple(sorted(shown, key=lambda one: one.verdict != ReadingVerdict.ALARM))


def _canaries(parts: Parts, seen: CanariesSeen) -> CanariesShown:
    newest = reversed(seen.alarms[-NUM_ALARMS:])
    return CanariesShown(
        seen=seen,
        alarms=tuple(
            AlarmShown(
                told=told,
                changes=tuple(
                    ChangeShown(change=one, pairs=_pairs(parts, one.examples))
                    for one in told.alarm.changes
                ),
            )
            for told in newest
        ),
    )


def _pairs(parts: Parts, images: Sequence[str]) -> tuple[tuple[str, str], ...]:
    small = [small_picture(parts, one, PAIR_PX) for one in images]
    return tuple(zip(small[::2], small[1::2], strict=False))


def _alarm(parts: Parts, told: ToldAlarm) -> AlarmShown:
    return AlarmShown(
        told=told,
        changes=tuple(
            ChangeShown(
                change=one,
                cards=tuple(card for image_id in one.examples if (card := _card(parts, image_id))),
            )
            for one in told.alarm.changes
        ),
    )


def _card(parts: Parts, image_id: str) -> PictureCard | None:
    """A picture that is stored here; ``None`` of one that was erased, or only looked at."""
    record, decided = parts.store.image_by_id(image_id), parts.store.last_decision(image_id)
    if record is None or decided is None:
        return None
    return PictureCard(
        image_id=image_id,
        outcome=decided.decision.outcome,
        text=record.recipe.prompt,
        seed=record.recipe.seed,
    )
