"""Telling which workers are gone, by how long their beat has stood still."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from limner.store.leases import Held

LEASE_SECONDS = 60.0  # after which a worker whose beat stands still has lost its job


@dataclass(kw_only=True, eq=False)
class Onlooker:
    """Tells which leases have ended, by a steady clock of its own: no clock is set back there.

    Attributes:
        is_gone: whether a worker's process is known to have ended.
        read_seconds: the steady clock.
        lease_seconds: how long a beat may stand still.
    """

    is_gone: Callable[[str], bool]
    read_seconds: Callable[[], float]
    lease_seconds: float = LEASE_SECONDS
    _seen: dict[tuple[str, int], tuple[int, float]] = field(
        default_factory=dict[tuple[str, int], tuple[int, float]]
    )

    def ended(self, held: list[Held]) -> list[Held]:
        """Those of all leases held now whose worker is gone."""
        now_seconds = self.read_seconds()
        before, self._seen = self._seen, {}
        ended: list[Held] = []
        for one in held:
            key = (one.job_id, one.lease)
            beat, since_seconds = before.get(key, (one.beat, now_seconds))
            if beat != one.beat:
                since_seconds = now_seconds
            self._seen[key] = (one.beat, since_seconds)
            if now_seconds - since_seconds >= self.lease_seconds or self.is_gone(one.worker):
                ended.append(one)
        return ended
