"""Folders that fill while they are looked at: a file is looked at once it stands still.

A file stands still when two looks at its folder, one after the other, find the same size and time
of change. One that changes later is looked at again. What is looked at is kept in the run, so after
a stop the same command goes on with what came meanwhile.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from limner.core.errors import BadInput
from limner.studio.look.buckets import address_of
from limner.studio.look.run import LookRun, OpenLooker, Told, look

if TYPE_CHECKING:
    from limner.studio.parts import Parts

WAIT_SECONDS = 2.0  # between two looks at a folder


class _State(NamedTuple):
    num_bytes: int
    changed_ns: int
    place: int


class Arrivals:
    """Files below some paths, each given when it stands still.

    Args:
        paths: files or folders; links to folders are not followed.

    Raises:
        BadInput: a path is an address in S3.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        remote = [one for one in map(address_of, paths) if one is not None]
        if remote:
            raise BadInput(
                f"{remote[0]!r} cannot be watched; allowed are files and folders.",
                code="watch_not_allowed",
                hint="Look at it again from time to time; what is known is not looked at again.",
            )
        self._paths = paths
        self._seen: dict[str, _State] = {}
        self._given: dict[str, _State] = {}

    def settled(self) -> list[Path]:
        """Files that stood still since the last call and were not given as they are now."""
        now = dict(self._states())
        still = {name: state for name, state in now.items() if self._seen.get(name) == state}
        fresh = [name for name, state in still.items() if self._given.get(name) != state]
        self._seen = now
        self._given |= {name: still[name] for name in fresh}
        return [Path(name) for name in sorted(fresh)]

    def _states(self) -> Iterator[tuple[str, _State]]:
        for name in self._names():
            try:
                found = os.stat(name)
            except OSError:  # gone since, or a link to nowhere
                continue
            yield name, _State(found.st_size, found.st_mtime_ns, found.st_ino)

    def _names(self) -> Iterator[str]:
        for path in self._paths:
            if not path.is_dir():
                yield str(path)
            for folder, folders, names in os.walk(path):
                folders[:] = [one for one in folders if not one.startswith(".")]
                yield from (os.path.join(folder, one) for one in names if not one.startswith("."))


def look_as_they_come(
    parts: Parts,
    run: LookRun,
    open_looker: OpenLooker,
    *,
    num_processes: int,
    wait: Callable[[], None],
) -> Iterator[Told]:
    """Look at what is below the paths of a run, and go on with what comes, without end.

    Args:
        parts: of the studio.
        run: as it was begun.
        open_looker: as of `look`.
        num_processes: at least 1.
        wait: called between two looks at the folders; what it raises ends this.

    Raises:
        LookFailed: see `look`; StorageUnavailable likewise.
    """
    arrivals = Arrivals(run.paths)
    num = 0
    while True:
        paths = arrivals.settled()
        if paths:
            looking = look(
                parts, run, open_looker, num_processes=num_processes, paths=paths, first=num
            )
            for told in looking:
                num = max(num, told.number + 1)
                yield told
        wait()
