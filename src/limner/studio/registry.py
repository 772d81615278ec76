"""The model registry: what is in it, and bringing a version into it.

A version is what `core.models` says. How its generator is opened stands in its card: it came with
this install, lies in a folder of weights, or is on the shelf. Moving versions is in promoting.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from limner.core.errors import BadInput, NotFound
from limner.core.models import (
    DEFAULT_ALIAS,
    Cause,
    Claim,
    EventKind,
    Licence,
    ModelEvent,
    ModelState,
    ModelVersion,
    Origin,
    Stage,
    require_alias,
)
from limner.core.ports import GeneratorCard
from limner.store.evidence import freeze_gate
from limner.store.models import alias_moves, find_aliases, find_states, point_alias, register
from limner.studio.aliases import ALIAS
from limner.studio.model_files import WHENCE, Place, Whence, file_fault
from limner.studio.parts import Parts

CANARY_SHARE = 0.1  # of requests, where the proposal does not say
SHARE = "canary_share"  # key in a version's card
OURS = "Limner"
MOST_CANARY_SHARE = 0.5
SHORTEST_HASH = 6


class Proposal(NamedTuple):
    """What is said of a version when it is brought.

    Attributes:
        owner: who answers for it.
        review_by: day it is to be looked at again.
        by: who brings it.
        alias: it is to serve under.
        canary_share: of requests, above 0 and at most 0.5, that it draws as a canary.
        pauses_when_overdue: a missed review pauses it.
        claims: of its maker.
    """

    owner: str
    review_by: date
    by: str
    alias: str = DEFAULT_ALIAS
    canary_share: float = CANARY_SHARE
    pauses_when_overdue: bool = False
    claims: tuple[Claim, ...] = ()


class Overview(NamedTuple):
    """Every version as it stands, and the version each alias points at, by hash."""

    states: tuple[ModelState, ...]
    aliases: dict[str, str]


def overview(parts: Parts) -> Overview:
    """The registry as it stands; what came with this install is in it from the first look on."""
    _register_shipped(parts)
    with parts.store.models.reading() as connection:
        return Overview(tuple(find_states(connection)), find_aliases(connection))


def find_version(parts: Parts, name: str) -> ModelState:
    """A version by its label, by its name where that has one version, or by the start of its hash.

    Raises:
        NotFound: there is none, or several.
    """
    states = overview(parts).states
    found = [one for one in states if name in (one.version.label, one.version.sha256)]
    found = found or [one for one in states if one.version.name == name]
    if not found and len(name) >= SHORTEST_HASH:
        found = [
            one
            for one in states
            if one.version.sha256.removeprefix("sha256:")[:64].startswith(name)
        ]
    if len(found) != 1:
        labels = ", ".join(
            f"{one.version.label} ({one.version.sha256[7:15]})" for one in found or states
        )
        what = "Several versions are called" if found else "The registry has no model"
        raise NotFound(f"{what} {name!r}; there are {labels}.", code="model_unknown")
    return found[0]


def propose(
    parts: Parts, card: GeneratorCard, licence: Licence, whence: Whence, proposal: Proposal
) -> ModelState:
    """Bring a version into the registry; it serves nobody yet.

    Args:
        parts: of the studio.
        card: of its generator.
        licence: of the version, with where it was read and by whom.
        whence: how its generator is opened.
        proposal: what is said of it.

    Raises:
        BadInput: something about it is not allowed, it is there already, or a file is not what
            its card says.
    """
    _require_proposal(parts, proposal)
    version = ModelVersion(
        name=card.name,
        version=card.version,
        files=dict(card.ingredients),
        licence=licence,
        card=card_document(card, whence) | {ALIAS: proposal.alias, SHARE: proposal.canary_share},
        owner=proposal.owner.strip(),
        origin=Origin.PROPOSED,
        review_by=proposal.review_by,
        pauses_when_overdue=proposal.pauses_when_overdue,
        proposed_by=proposal.by,
        claims=proposal.claims,
    )
    if fault := file_fault(whence, version):
        raise BadInput(fault, code="weights_refused")
    known, now = overview(parts).states, parts.read_clock()
    from limner.studio.gate_file import gate_in_force  # its models take long to build

    gate = gate_in_force(parts.settings)
    event = ModelEvent(
        kind=EventKind.REGISTERED,
        happened_at=now,
        stage=Stage.PROPOSED,
        cause=Cause.PROPOSED,
        by=proposal.by,
    )
    _require_new(known, version)
    with parts.store.models.writing(now) as connection:
        _require_new(find_states(connection), version)
        freeze_gate(connection, gate, now)
        register(connection, version, event)
    return ModelState(version=version, registered_at=now, events=(event,))


def require_proposable(parts: Parts, label: str, proposal: Proposal) -> None:
    """Refuse before a version is made what `propose` would not take after.

    Raises:
        BadInput: something about the proposal is not allowed, or there is a version of this label.
    """
    _require_proposal(parts, proposal)
    if any(one.version.label == label for one in overview(parts).states):
        raise _label_known(label)


def card_document(card: GeneratorCard, whence: Whence) -> dict[str, object]:
    """What a version says of itself, and how its generator is opened."""
    return {
        "engine": card.engine,
        "styles": list(card.styles),
        "canvases": [str(one) for one in card.canvases],
        "operations": sorted(str(one) for one in card.operations),
        "uses": list(card.uses),
        WHENCE: {"kind": str(whence.kind), "location": whence.location, "name": whence.name},
    }


def _register_shipped(parts: Parts) -> None:
    """See that what came with this install is in the registry, and serves where nothing else does.

    Another install of Limner brings another version; it takes the place of the one before it.
    """
    card, now = parts.shipped.card, parts.read_clock()
    version = ModelVersion(
        name=card.name,
        version=card.version,
        files=dict(card.ingredients),
        licence=Licence(expression=card.licence, source="the package", reviewer=OURS),
        card=card_document(card, Whence(Place.INSTALL)),
        owner=OURS,
        origin=Origin.SHIPPED,
    )
    with parts.store.models.reading() as connection:
        if any(one.version.sha256 == version.sha256 for one in find_states(connection)):
            return
    event = ModelEvent(
        kind=EventKind.REGISTERED, happened_at=now, stage=Stage.ACTIVE, cause=Cause.SHIPPED
    )
    with parts.store.models.writing(now) as connection:
        states = {one.version.sha256: one.version for one in find_states(connection)}
        if version.sha256 in states:  # another process was quicker
            return
        register(connection, version, event)
        moves = alias_moves(connection, DEFAULT_ALIAS)
        if not moves or states[moves[-1].model_sha256].origin is Origin.SHIPPED:
            point_alias(connection, DEFAULT_ALIAS, version, now)


def _require_proposal(parts: Parts, proposal: Proposal) -> None:
    require_alias(proposal.alias)
    today = parts.read_clock().date()
    if not proposal.owner.strip() or not proposal.by.strip():
        raise BadInput("A model needs an owner, who answers for it, and somebody who brings it.")
    if proposal.review_by <= today:
        raise BadInput(f"The review is due on {proposal.review_by}; it must be after {today}.")
    if not 0 < proposal.canary_share <= MOST_CANARY_SHARE:
        raise BadInput(
            f"The canary's share is {proposal.canary_share:g}; allowed is above 0 and up to "
            f"{MOST_CANARY_SHARE:g}."
        )


def _require_new(states: Sequence[ModelState], version: ModelVersion) -> None:
    for one in states:
        if one.version.sha256 == version.sha256:
            raise BadInput(
                f"{version.label} with exactly these files is in the registry already; it is "
                f"{str(one.stage)!r}.",
                code="model_known",
            )
        if one.version.label == version.label:
            raise _label_known(version.label)


def _label_known(label: str) -> BadInput:
    return BadInput(
        f"The registry has another {label}, and a version never changes.",
        code="model_known",
        hint="Give the new one another name, or another version on its card.",
    )
