"""The page of one version: its stage, the gate before the next, what it can be relied on for."""

from __future__ import annotations

from typing import NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import Response

from limner.core.errors import GateInvalid, StageRefused
from limner.core.evidence import Evidence
from limner.core.gates import GateAnswer
from limner.core.models import ROAD, ModelState, next_stage
from limner.evals.intervals import Estimate
from limner.faces.http.native.asking import Anyone, Given, Operator
from limner.faces.http.native.registry import Model, see_at_once
from limner.faces.pages.forms import Fields, day_of, gone_on
from limner.faces.pages.frame import frame
from limner.faces.pages.models_page import may_move
from limner.faces.pages.site import render
from limner.faces.report import plots, telling
from limner.faces.report.capability import Section, sections, summary
from limner.studio.capability import capability_card
from limner.studio.promoting import held_by_gate, pause, promote, review, waive
from limner.studio.registry import find_version, overview
from limner.studio.shadow_compare import compare_shadow

router = APIRouter(prefix="/models", include_in_schema=False)

NUM_RUNS = 12  # of this model, the newest


class _Shown(NamedTuple):
    """What a gate, and with it the card, says; or why neither can be said."""

    answer: GateAnswer | None
    summary: list[str]
    sections: list[Section]
    fault: str


@router.get("/{model}")
def show(
    model: Model, request: Request, viewer: Anyone, given: Given, is_refused: bool = False
) -> Response:
    """The page."""
    state = find_version(given.parts, model)
    sha256 = state.version.sha256
    runs = [one for one in given.parts.store.runs.newest() if one.model_sha256 == sha256]
    aliases = overview(given.parts).aliases
    return render(
        "version.html",
        **frame(request, viewer, "/models"),
        state=state,
        version=state.version,
        road=ROAD,
        next_stage=_next(state),
        aliases=sorted(alias for alias, one in aliases.items() if one == sha256),
        runs=runs[:NUM_RUNS],
        shown=_shown(given, sha256, asks_gate=may_move(viewer)),
        shadow=compare_shadow(given.parts, sha256) if may_move(viewer) else None,
        may_move=may_move(viewer),
        is_refused=is_refused,
        estimate_of=_estimate_of,
        plots=plots,
        tell=telling,
    )


@router.post("/{model}/promote")
def move_on(
    model: Model, request: Request, viewer: Operator, given: Given, said: Fields
) -> Response:
    """Move the version one stage on; behind a gate only where the gate says pass."""
    found = promote(given.parts, model, by=viewer.name, note=said.get("reason", ""))
    refused = "" if found.is_moved else "?is_refused=true#gate"
    return _changed(request, given, model, refused)


@router.post("/{model}/pause")
def take_out(
    model: Model, request: Request, viewer: Operator, given: Given, said: Fields
) -> Response:
    """Take the version out of service; what served before it serves again."""
    pause(given.parts, model, by=viewer.name, note=said.get("reason", ""))
    return _changed(request, given, model)


@router.post("/{model}/review")
def look_again(
    model: Model, request: Request, viewer: Operator, given: Given, said: Fields
) -> Response:
    """Say that the version was looked at, and when it is to be looked at again."""
    day, why = day_of(said.get("review_by", "")), said.get("reason", "")
    review(given.parts, model, by=viewer.name, review_by=day, note=why)
    return _changed(request, given, model)


@router.post("/{model}/waivers")
def sign(model: Model, request: Request, viewer: Operator, given: Given, said: Fields) -> Response:
    """Sign that the version may pass without one rule kept."""
    waive(
        given.parts,
        model,
        said.get("rule", ""),
        person=viewer.name,
        reason=said.get("reason", ""),
        until=day_of(said.get("until", "")),
    )
    return _changed(request, given, model, "#gate")


def _changed(request: Request, given: Given, model: str, where: str = "") -> Response:
    see_at_once(given)
    return gone_on(request, f"/models/{model}{where}")


def _estimate_of(one: Evidence) -> Estimate:
    return Estimate(value=one.estimate, low=one.low, high=one.high, num=one.num)


def _next(state: ModelState) -> str:
    """The stage that promoting leads to; empty where there is none."""
    try:
        return str(next_stage(state.stage, state.version.origin))
    except StageRefused:
        return ""


def _shown(given: Given, sha256: str, *, asks_gate: bool) -> _Shown:
    try:
        card = capability_card(given.parts, sha256)
        answer = held_by_gate(given.parts, sha256) if asks_gate else None
    except GateInvalid as error:
        return _Shown(None, [], [], error.message)
    return _Shown(answer, summary(card), sections(card), "")
