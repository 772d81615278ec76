"""Adapters that were taught here draw for a request only while the registry has them active."""

from __future__ import annotations

from typing import TYPE_CHECKING

from limner.core.errors import ModelPaused
from limner.core.hashing import sha256_of_document
from limner.core.models import Stage

ADAPTERS_FOLDER = "adapters"  # of the data folder

if TYPE_CHECKING:
    from limner.core.drawing import FittedAdapter
    from limner.core.ports import GeneratorCard
    from limner.studio.parts import Parts


def require_active(parts: Parts, card: GeneratorCard, adapters: tuple[FittedAdapter, ...]) -> None:
    """Refuse adapters that have not passed the gates, or were paused since.

    Raises:
        ModelPaused: says the stage, and how it gets further; or its files are others.
    """
    if parts.serving is None:  # what is measured is drawn whatever its stage
        return
    for one in adapters:
        label = card.adapters[one.name].registered_as
        if not label:
            continue
        version, stage = parts.serving.version_of(label), parts.serving.stage_of(label)
        if version is not None and sha256_of_document(dict(version.files)) != one.sha256:
            raise ModelPaused(
                f"The adapter {one.name!r} is not what the registry has as {label}; only what was "
                "registered is put on a request.",
                code="adapter_not_active",
                hint="Teach it under another name, or bring back its files.",
            )
        if stage is not Stage.ACTIVE:
            found = "is not in the registry" if stage is None else f"is {str(stage)!r}"
            raise ModelPaused(
                f"The adapter {one.name!r} {found}; only what is 'active' is put on a request.",
                code="adapter_not_active",
                hint=f"`limner models promote {label}` takes it a stage further, through the gate.",
            )
