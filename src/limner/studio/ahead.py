"""Making things ahead of whoever takes them: pictures are drawn while those before are finished.

A picture that is drawn is marked, encoded, judged, stored and sealed, all on one core; the network
need not wait for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from queue import SimpleQueue
from threading import Event, Semaphore, Thread
from typing import NamedTuple, TypeVar

MOST_AHEAD = 8  # things made and not taken yet; a picture takes up to 4 MB

_Made = TypeVar("_Made")


class _End(NamedTuple):
    """The last that a maker has to say."""

    fault: BaseException | None


def made_ahead(make: Callable[[Callable[[], bool]], Iterator[_Made]]) -> Iterator[_Made]:
    """What is made, in its order, by a thread that does not wait until each is taken.

    What the maker raises is raised here once everything made before it was taken. Whoever stops
    taking stops the maker too: nothing is left running.

    Args:
        make: called in the thread; given what tells it that nobody takes any more.
    """
    made: SimpleQueue[_Made | _End] = SimpleQueue()
    room, is_left = Semaphore(MOST_AHEAD), Event()

    def run() -> None:
        fault: BaseException | None = None
        try:
            for one in make(is_left.is_set):
                room.acquire()
                if is_left.is_set():
                    break
                made.put(one)
        except BaseException as error:  # noqa: BLE001 - raised where things are taken
            fault = error
        made.put(_End(fault))

    thread = Thread(target=run, name="draw ahead")
    thread.start()
    try:
        while not isinstance(one := made.get(), _End):
            room.release()
            yield one
        if one.fault is not None:
            raise one.fault
    finally:
        is_left.set()
        room.release()
        thread.join()
