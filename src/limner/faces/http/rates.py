"""How often one caller may ask: a bucket of requests that fills up again with time.

The buckets are this process's own and are forgotten with it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from limner.core.errors import TooManyRequests

MAX_CALLERS = 10_000  # above this, callers whose bucket is full are forgotten


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """An allowance.

    Attributes:
        per_second: requests that come back each second.
        burst: requests that may be made at once.
    """

    per_second: float
    burst: float


KNOWN = Rate(per_second=50, burst=400)  # a program that polls for a class of people
UNKNOWN = Rate(per_second=5, burst=60)  # a page with its pictures, and no room to guess tokens


@dataclass(slots=True)
class Rates:
    """The buckets of all callers.

    Attributes:
        read_seconds: a clock that never goes back.
        known, unknown: what callers with and without a token in force may do.
    """

    read_seconds: Callable[[], float]
    known: Rate = KNOWN
    unknown: Rate = UNKNOWN
    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def spend(self, caller: str, *, is_known: bool) -> None:
        """Take one request from a caller's bucket.

        Raises:
            TooManyRequests: it is empty.
        """
        rate = self.known if is_known else self.unknown
        now = self.read_seconds()
        with self._lock:
            if len(self._buckets) > MAX_CALLERS:
                self._forget_idle(now)
            left, at = self._buckets.get(caller, (rate.burst, now))
            left = min(rate.burst, left + (now - at) * rate.per_second)
            if left < 1:
                wait_seconds = (1 - left) / rate.per_second
                raise TooManyRequests(retry_after_seconds=wait_seconds)
            self._buckets[caller] = (left - 1, now)

    def _forget_idle(self, now: float) -> None:
        idle_seconds = max(one.burst / one.per_second for one in (self.known, self.unknown))
        self._buckets = {
            caller: bucket
            for caller, bucket in self._buckets.items()
            if now - bucket[1] < idle_seconds
        }
