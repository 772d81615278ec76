"""X/Y grids: asked for on the Draw page, shown as a table that fills while it is drawn."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from limner.core.access import Principal
from limner.core.jobs import Job
from limner.faces.http.native.asking import Drawer, Given, Requester
from limner.faces.http.services import Services
from limner.faces.pages.cards import PictureCard, cards_of_job
from limner.faces.pages.drawing import read_drawing
from limner.faces.pages.forms import Fields
from limner.faces.pages.frame import frame
from limner.faces.pages.site import render
from limner.studio.grid_jobs import open_grid, submit_grid

router = APIRouter(include_in_schema=False)


@router.post("/grids")
def ask(request: Request, viewer: Drawer, given: Given, said: Fields) -> Response:
    """Queue a grid and go to it."""
    drawing = read_drawing(given.parts, viewer, said)
    axes = [
        f"{said[f'{axis}_name']}={_values(said.get(f'{axis}_values', ''))}"
        for axis in ("x", "y")
        if said.get(f"{axis}_name")
    ]
    grid_id = submit_grid(
        given.parts,
        given.jobs,
        viewer,
        drawing.request,
        axes=axes,
        file_format=drawing.file_format,
    )
    if "HX-Request" in request.headers:
        return Response(headers={"HX-Redirect": f"/grids/{grid_id}"})
    return RedirectResponse(f"/grids/{grid_id}", status_code=303)


@router.get("/grids/{grid_id}")
def show(grid_id: str, request: Request, viewer: Requester, given: Given) -> Response:
    """The grid; its table alone where it is asked for again while it is drawn."""
    shown = _grid(given, viewer, grid_id)
    if "HX-Request" in request.headers:
        return render("_grid.html", **shown)
    return render("grid.html", **frame(request, viewer, "/"), **shown)


def _grid(given: Services, viewer: Principal, grid_id: str) -> dict[str, object]:
    grid = open_grid(given.parts, given.jobs, viewer, grid_id)
    cells = [[_card(given, job) for job in row] for row in grid.cells]
    return {"grid": grid, "cells": cells}


def _card(given: Services, job: Job | None) -> PictureCard | None:
    return None if job is None else cards_of_job(given.parts, job)[0]


def _values(text: str) -> str:
    """Values as an axis reads them: nothing around each."""
    mark = "|" if "|" in text else ","
    return mark.join(one.strip() for one in text.split(mark) if one.strip())
