"""Threads for what is done with a picture beside something else that is done with it."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache


@cache
def threads_beside() -> ThreadPoolExecutor:
    """The threads; what runs in them waits for nothing else that does."""
    return ThreadPoolExecutor(max(2, os.cpu_count() or 1), thread_name_prefix="beside")
