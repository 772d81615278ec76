"""Threads for what is done with a picture beside something else that is done with it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache

MOST_THREADS = 24  # two for each picture in hand: a stamp that is waited for delays no other


@cache
def threads_beside() -> ThreadPoolExecutor:
    """The threads; what runs in them waits for nothing else that does."""
    return ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="beside")
