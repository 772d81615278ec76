"""What the native routes have in common: who asks, what they are given, and how fields are read."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path
from pydantic import BaseModel, ConfigDict

from limner.core.access import Principal, Scope
from limner.faces.http.access import require
from limner.faces.http.services import Services, services

Given = Annotated[Services, Depends(services)]
Anyone = Annotated[Principal, Depends(require())]
Requester = Annotated[Principal, Depends(require(Scope.GENERATE, Scope.OPERATE))]
Drawer = Annotated[Principal, Depends(require(Scope.GENERATE))]
Reviewer = Annotated[Principal, Depends(require(Scope.REVIEW))]
Operator = Annotated[Principal, Depends(require(Scope.OPERATE))]

ImageId = Annotated[str, Path(pattern="^sha256:[0-9a-f]{64}$", description="An image_id.")]


class Fields(BaseModel):
    """What a body may hold: nothing unknown, no number as text, no NaN."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
