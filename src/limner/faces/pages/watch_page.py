"""The Watch page: whether streams still are what they were, alarms, and what those did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from limner.core.deciding import Outcome
from limner.core.errors import NotFound
from limner.core.watching import Change, ReadingVerdict, Reference
from limner.faces.http.native.asking import Given, ImageId, Operator
from limner.faces.pages.cards import PictureCard
from limner.faces.pages.frame import frame
from limner.faces.pages.rate_plots import WIDTH as RATE_WIDTH
from limner.faces.pages.rate_plots import show_rates
from limner.faces.pages.site import render
from limner.faces.pages.watch_plots import HEIGHT, WIDTH, MeasureShown, show_measure
from limner.store.looks import StoredLook
from limner.store.streams import INCOMING
from limner.studio.eval_pictures import small_picture
from limner.studio.image_file import decode_rgba
from limner.studio.look.rows import newest_look
from limner.studio.thumbnails import encode_veil
from limner.studio.watch.overview import CanariesSeen, Overview, ToldAlarm, canaries_seen, overview
from limner.studio.watch.rates import audit_rates
from limner.studio.watch.references import shortcomings_of
from limner.studio.watch.run import watch_all

if TYPE_CHECKING:
    from limner.studio.parts import Parts

router = APIRouter(include_in_schema=False)

PAIR_PX = 192  # of a picture beside what it was
NUM_ALARMS = 20  # of a stream, the newest
KEPT = "private, max-age=300"  # a picture that is erased is gone from the page soon after


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingCard:
    """A picture that came in and was looked at; it has a page below this one."""

    image_id: str
    outcome: Outcome

    @property
    def page(self) -> str:
        """Address of what was found on it."""
        return f"/watch/incoming/{self.image_id}"

    @property
    def picture(self) -> str:
        """Address of the small picture."""
        return f"{self.page}/thumbnail"

    def heat(self, number: int) -> str:
        """Address of the heat map of the inspection of this number."""
        return f"{self.page}/heat/{number}"

    @property
    def thumbnail(self) -> str:
        """Address of what stands among others: a veil unless it is released."""
        return self.picture if self.outcome is Outcome.RELEASED else f"{self.page}/veil"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeShown:
    """What an alarm says changed, with the pictures that are still here.

    Attributes:
        cards: of drawn pictures.
        incoming: of those that came in.
        pairs: of canaries, each as it was kept and as it came again: data URLs.
    """

    change: Change
    cards: tuple[PictureCard, ...] = ()
    incoming: tuple[IncomingCard, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmShown:
    """An alarm as the page shows it.

    Attributes:
        doubted: names of the labels and normal sets it put in doubt.
    """

    told: ToldAlarm
    changes: tuple[ChangeShown, ...]
    doubted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamShown:
    """One stream as the page shows it.

    Attributes:
        is_incoming: it is of pictures that come in; no model draws it.
        shortcomings: what cannot be told by the reference; empty where nothing.
        alarms: the newest first.
    """

    name: str
    reference: Reference
    is_alarmed: bool
    is_incoming: bool
    shortcomings: str
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


@router.get("/watch/incoming/{image_id}")
def show_incoming(image_id: ImageId, request: Request, viewer: Operator, given: Given) -> Response:
    """What was found on a picture that came in."""
    look = _require_look(given.parts, image_id)
    return render(
        "watch_incoming.html",
        **frame(request, viewer, "/watch"),
        look=look,
        card=IncomingCard(image_id=image_id, outcome=Outcome(look.outcome)),
    )


@router.get("/watch/incoming/{image_id}/thumbnail")
def show_thumbnail(image_id: ImageId, _viewer: Operator, given: Given) -> Response:
    """The small picture that was made while looking."""
    look = _require_look(given.parts, image_id)
    return Response(look.thumbnail, media_type="image/jpeg", headers={"Cache-Control": KEPT})


@router.get("/watch/incoming/{image_id}/heat/{number}")
def show_heat(image_id: ImageId, number: int, _viewer: Operator, given: Given) -> Response:
    """Where it differs from the good parts of the inspection of this number."""
    found = _require_look(given.parts, image_id).findings.anomalies
    png = None
    if 0 <= number < len(found):
        png = given.parts.store.looks.heat_map(found[number].heat_sha256)
    if png is None:
        raise NotFound(f"The image {image_id!r} has no heat map {number}.", code="heat_unknown")
    return Response(png, media_type="image/png", headers={"Cache-Control": KEPT})


@router.get("/watch/incoming/{image_id}/veil")
def show_veil(image_id: ImageId, _viewer: Operator, given: Given) -> Response:
    """Its colours, from which nothing can be made out: who wants to see it opens its page."""
    veil = encode_veil(decode_rgba(_require_look(given.parts, image_id).thumbnail))
    return Response(veil, media_type="image/webp", headers={"Cache-Control": KEPT})


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
        is_incoming=found.stream == INCOMING,
        shortcomings=shortcomings_of(found.reference),
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
                incoming=tuple(
                    card for image_id in one.examples if (card := _incoming_card(parts, image_id))
                ),
            )
            for one in told.alarm.changes
        ),
        doubted=tuple(one.name for one in parts.store.learnt.of_hashes(told.alarm.done.ended)),
    )


def _card(parts: Parts, image_id: str) -> PictureCard | None:
    """A drawn picture; ``None`` of one that was erased, or came in."""
    record, decided = parts.store.image_by_id(image_id), parts.store.last_decision(image_id)
    if record is None or decided is None:
        return None
    return PictureCard(
        image_id=image_id,
        outcome=decided.decision.outcome,
        text=record.recipe.prompt,
        seed=record.recipe.seed,
    )


def _incoming_card(parts: Parts, image_id: str) -> IncomingCard | None:
    """A picture that came in; ``None`` of one that was erased, or drawn."""
    found, decided = parts.store.looks.find(image_id), parts.store.last_decision(image_id)
    if found is None or decided is None:
        return None
    return IncomingCard(image_id=image_id, outcome=decided.decision.outcome)


def _require_look(parts: Parts, image_id: str) -> StoredLook:
    look = newest_look(parts, image_id)
    if look is None:
        raise NotFound(f"No image {image_id!r} came in here.", code="image_unknown")
    return look
