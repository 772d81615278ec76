"""What a credential says of its image, read from the library's report.

The report comes from a file of unknown origin, so nothing about its form is taken for granted: a
value that is missing or of the wrong kind is ``None``. Nothing here is judged; see verify.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

from limner.provenance.manifest import (
    DECISION_LABEL,
    DISCLOSURE_LABEL,
    RECORD_LABEL,
    SOFT_BINDING_LABEL,
)

_MAKING = ("c2pa.created", "c2pa.edited", "c2pa.resized", "c2pa.converted")


class IngredientClaim(NamedTuple):
    """A file the image is said to be made from.

    Attributes:
        title: what it is called.
        relationship: ``parentOf``, ``inputTo`` or ``componentOf``.
        manifest_id: of the credential it had, ``None`` if it had none.
        failures: codes of what was wrong with that credential when it was taken in.
    """

    title: str | None
    relationship: str | None
    manifest_id: str | None
    failures: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a credential says; ``None`` where it says nothing.

    Attributes:
        generator: program that made the claim, and its version.
        title: of the file.
        made_at: as the claim has it; no time-stamp.
        source_type: last word of the IPTC digital source type.
        model: name and version of the model; of a converted file the name alone.
        oversight: how far people watched over it.
        decision: and by what it was taken, under which criteria, at which place of the ledger.
        pixels_sha256: of the stored record; `recipe_sha256` too.
        mark_algorithm: of the invisible mark; `mark_value` is what it says.
        ingredients: files it was made from.
    """

    generator: str | None
    title: str | None
    made_at: str | None
    source_type: str | None
    model: str | None
    oversight: str | None
    decision: str | None
    decided_by: str | None
    criteria_sha256: str | None
    ledger_index: int | None
    pixels_sha256: str | None
    recipe_sha256: str | None
    mark_algorithm: str | None
    mark_value: str | None
    ingredients: tuple[IngredientClaim, ...]


def claims_of(manifest: Mapping[str, object]) -> Claims:
    """What one manifest of the library's report says."""
    data = {
        text_at(one, "label"): mapping_at(one, "data")
        for one in mappings_at(manifest, "assertions")
    }
    actions = [
        action
        for label, one in data.items()
        if (label or "").startswith("c2pa.actions")
        for action in mappings_at(one, "actions")
    ]
    making = _first(one for one in actions if text_at(one, "action") in _MAKING)
    decision, record = data.get(DECISION_LABEL, {}), data.get(RECORD_LABEL, {})
    binding = data.get(SOFT_BINDING_LABEL, {})
    disclosure = data.get(DISCLOSURE_LABEL, {})
    profile = mapping_at(disclosure, "contentProfile")
    index = decision.get("ledger_index")
    return Claims(
        generator=_named(_first(mappings_at(manifest, "claim_generator_info"))),
        title=text_at(manifest, "title"),
        made_at=text_at(making, "when"),
        source_type=(text_at(making, "digitalSourceType") or "").rpartition("/")[2] or None,
        model=_named(mapping_at(making, "softwareAgent")) or text_at(disclosure, "modelName"),
        oversight=text_at(profile, "humanOversightLevel"),
        decision=text_at(decision, "decision"),
        decided_by=text_at(decision, "decided_by"),
        criteria_sha256=text_at(decision, "criteria_sha256"),
        ledger_index=index if isinstance(index, int) else None,
        pixels_sha256=text_at(record, "pixels_sha256"),
        recipe_sha256=text_at(record, "recipe_sha256"),
        mark_algorithm=text_at(binding, "alg"),
        mark_value=text_at(_first(mappings_at(binding, "blocks")), "value"),
        ingredients=tuple(_ingredient(one) for one in mappings_at(manifest, "ingredients")),
    )


def text_at(mapping: Mapping[str, object], key: str) -> str | None:
    """A text of a mapping, ``None`` if there is none."""
    value = mapping.get(key)
    return value if isinstance(value, str) else None


def mapping_at(mapping: Mapping[str, object], *keys: str) -> Mapping[str, object]:
    """A mapping inside a mapping, empty if there is none."""
    for key in keys:
        value = mapping.get(key)
        mapping = cast(Mapping[str, object], value) if isinstance(value, Mapping) else {}
    return mapping


def mappings_at(mapping: Mapping[str, object], key: str) -> Sequence[Mapping[str, object]]:
    """The mappings in a list of a mapping, empty if there is none."""
    value = mapping.get(key)
    items = cast(Iterable[object], value) if isinstance(value, list) else ()
    return [cast(Mapping[str, object], one) for one in items if isinstance(one, Mapping)]


def _first(mappings: Iterable[Mapping[str, object]]) -> Mapping[str, object]:
    return next(iter(mappings), cast(Mapping[str, object], {}))


def _named(thing: Mapping[str, object]) -> str | None:
    words = [word for word in (text_at(thing, "name"), text_at(thing, "version")) if word]
    return " ".join(words) or None


def _ingredient(one: Mapping[str, object]) -> IngredientClaim:
    failures = mappings_at(mapping_at(one, "validation_results", "activeManifest"), "failure")
    return IngredientClaim(
        title=text_at(one, "title"),
        relationship=text_at(one, "relationship"),
        manifest_id=text_at(one, "active_manifest"),
        failures=tuple(text_at(failure, "code") or "unknown" for failure in failures),
    )
