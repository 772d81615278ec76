"""Who draws: an alias leads to the version that serves, and a canary takes its share.

The registry is looked at every few seconds, and what serves is held against its evidence and its
files again before it draws, if that was not done just before. So nothing is drawn for longer than
`REVALIDATE_SECONDS` with a version that no longer holds, whatever process draws.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from threading import RLock
from typing import TYPE_CHECKING, NamedTuple

from limner.core.errors import BadInput, GeneratorUnavailable, ModelPaused, WeightsRefused
from limner.core.limits import resolve_choices
from limner.core.models import (
    DEFAULT_ALIAS,
    Cause,
    ModelState,
    ModelVersion,
    Stage,
    model_sha256,
)
from limner.store.models import find_aliases, find_states
from limner.store.sqlite import DATABASE_FILE
from limner.studio.aliases import alias_of, last_good
from limner.studio.model_files import whence_of
from limner.studio.revalidating import pause_by_rule, revalidate

if TYPE_CHECKING:
    from limner.core.ports import Generator
    from limner.core.records import Request
    from limner.studio.parts import Parts

LOOK_SECONDS = 2.0
REVALIDATE_SECONDS = 20.0
CHANCES = 2**32


class _Look(NamedTuple):
    """The registry as it was last seen.

    Attributes:
        serving: the version that serves, by alias; an alias with none is not in it.
    """

    states: dict[str, ModelState]
    aliases: frozenset[str]
    serving: dict[str, ModelState]


class Serving:
    """Which version draws, for one process. Methods may be called by any thread.

    Args:
        parts: of the studio.
        open_version: opens the generator of a version; loads nothing.
        read_seconds: a steady clock.
    """

    def __init__(
        self,
        parts: Parts,
        open_version: Callable[[ModelVersion], Generator],
        read_seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._parts = parts
        self._open_version = open_version
        self._read_seconds = read_seconds
        self._opened: dict[str, Generator] = {}
        self._seen: _Look | None = None
        self._looked_seconds = self._revalidated_seconds = float("-inf")
        self._lock = RLock()

    def default(self) -> Generator:
        """What draws where no model is asked for; errors as `named`."""
        with self._lock:
            return self._parts.shipped if self._look() is None else self.named(DEFAULT_ALIAS)

    def knows(self, model: str) -> bool:
        """Whether this is an alias, or the label or hash of a version."""
        with self._lock:
            seen = self._look()
            return seen is not None and (
                model in seen.aliases or self._find(seen, model) is not None
            )

    def named(self, model: str) -> Generator:
        """The generator of an alias or a version that `knows` knows.

        Raises:
            ModelPaused: it is paused, or nothing active serves under the alias.
        """
        with self._lock:
            while True:
                seen = self._look()
                assert seen is not None, "an empty registry knows no model"
                if model in seen.aliases:
                    state = seen.serving.get(model)
                else:
                    state = self._find(seen, model)
                if state is None or state.stage is Stage.PAUSED:
                    raise _paused(model, state)
                generator = self._open(state.version)
                if generator is not None:
                    return generator

    def assign(self, request: Request) -> Request:
        """The request with the version that is to draw it: what serves, or by chance the canary.

        The same prompt and seed lead to the same version as long as no stage changes. A canary that
        cannot honour the request is passed over.

        Raises:
            ModelPaused: what is asked for is paused, and there is no other.
        """
        with self._lock:
            seen = self._look()
            alias = DEFAULT_ALIAS if request.model is None else request.model
            if seen is None:
                return request
            if alias not in seen.aliases:
                _require_not_paused(seen, alias)
                return request
            served = self._serving_after_opening(alias)
            for canary in self._canaries(alias):
                if self._chance(request) < _share(canary) and self._can(canary, request):
                    return replace(request, model=canary.sha256)
            return replace(request, model=served.sha256)

    def version_of(self, model: str) -> ModelVersion | None:
        """The version behind an alias, a label or a hash, whatever its stage."""
        with self._lock:
            seen = self._look()
            if seen is None:
                return None
            state = seen.serving.get(model) or self._find(seen, model)
            return None if state is None else state.version

    def stage_of(self, label: str) -> Stage | None:
        """The stage of a version by its label; ``None`` where there is none."""
        with self._lock:
            seen = self._look()
            state = None if seen is None else self._find(seen, label)
            return None if state is None else state.stage

    def shadows(self) -> tuple[ModelVersion, ...]:
        """Versions that draw silently beside what serves by default."""
        with self._lock:
            return self._at(Stage.SHADOW, DEFAULT_ALIAS)

    def look_anew(self) -> None:
        """Forget what was seen, so that a change just made holds at once."""
        with self._lock:
            self._looked_seconds = self._revalidated_seconds = float("-inf")

    def _serving_after_opening(self, alias: str) -> ModelVersion:
        self.named(alias)  # pauses what cannot be opened, and goes back to what can
        seen = self._look()
        assert seen is not None, "something was just opened"
        return seen.serving[alias].version

    def _canaries(self, alias: str) -> tuple[ModelVersion, ...]:
        return self._at(Stage.CANARY, alias)

    def _at(self, stage: Stage, alias: str) -> tuple[ModelVersion, ...]:
        seen = self._look()
        states = () if seen is None else seen.states.values()
        return tuple(
            one.version for one in states if one.stage is stage and alias_of(one.version) == alias
        )

    def _can(self, canary: ModelVersion, request: Request) -> bool:
        generator = self._open(canary)
        if generator is None:
            return False
        try:
            resolve_choices(request, generator.card)
        except BadInput:
            return False
        return True

    def _chance(self, request: Request) -> float:
        if request.seed is None:
            return float(self._parts.rng.random())
        told = f"{request.seed} {request.prompt}".encode()
        return int.from_bytes(sha256(told).digest()[:4]) / CHANCES

    def _look(self) -> _Look | None:
        """The registry, seen not long ago; ``None`` where it is empty."""
        settings, now = self._parts.settings, self._read_seconds()
        if now - self._looked_seconds < LOOK_SECONDS:
            return self._seen
        if not settings.database and not (settings.home / DATABASE_FILE).exists():
            return None  # nothing is registered, and nothing is made by looking
        self._seen, self._looked_seconds = self._read(), now
        is_due = now - self._revalidated_seconds >= REVALIDATE_SECONDS
        if self._seen is not None and is_due:
            self._revalidated_seconds = now
            if revalidate(self._parts):
                self._seen = self._read()
        return self._seen

    def _read(self) -> _Look | None:
        with self._parts.store.models.reading() as connection:
            states = {one.version.sha256: one for one in find_states(connection)}
            aliases = frozenset(find_aliases(connection))
            good = {alias: last_good(connection, alias) for alias in aliases}
        serving = {alias: state for alias, state in good.items() if state is not None}
        return _Look(states, aliases, serving) if states else None

    def _find(self, seen: _Look, model: str) -> ModelState | None:
        known = seen.states.values()
        return next(
            (one for one in known if model in (one.version.sha256, one.version.label)), None
        )

    def _open(self, version: ModelVersion) -> Generator | None:
        """Its generator; ``None`` where it is not what was registered, and is paused for that."""
        known = self._opened.get(version.sha256)
        if known is not None:
            return known
        try:
            generator = self._open_version(version)
            card = generator.card
            is_same = model_sha256(card.name, card.version, card.ingredients) == version.sha256
            note = "" if is_same else "What opens under its name is not what was registered."
        except (BadInput, GeneratorUnavailable, WeightsRefused) as error:
            generator, note = None, error.message
        if generator is not None and not note:
            self._opened[version.sha256] = generator
            return generator
        pause_by_rule(self._parts, version.sha256, Cause.HASH_CHANGED, note)
        self._seen = self._read()
        return None


def _share(version: ModelVersion) -> float:
    from limner.studio.registry import CANARY_SHARE, SHARE

    found = version.card.get(SHARE, CANARY_SHARE)
    assert isinstance(found, float), "the registry holds a number"
    return found


def _require_not_paused(seen: _Look, name: str) -> None:
    """Refuse a name on the shelf all of whose registered versions are paused."""
    states = [one for one in seen.states.values() if whence_of(one.version).name == name]
    if states and all(one.stage is Stage.PAUSED for one in states):
        raise _paused(name, states[-1])


def _paused(model: str, state: ModelState | None) -> ModelPaused:
    if state is None:
        return ModelPaused(
            f"Nothing active serves under the alias {model!r}.",
            hint="`limner models registry` shows every version and why it is paused.",
        )
    return ModelPaused(
        f"The model {state.version.label} is paused: {state.last.note or str(state.last.cause)}",
        hint="Draw with another model, or evaluate this one again.",
    )
