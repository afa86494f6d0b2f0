"""Threads of our own for large arrays: kernels hold no lock, and numba's parallel loops abort when two threads enter them.

The number of threads is that of the processors this process may use, at most 8, or what the environment variable
``BOOSTIMB_NUM_THREADS`` says at the time of the call. The result does not depend on it.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

# Two threads break even at some 200,000 rows, where a call takes half a millisecond; below, waking one costs more than it saves.
ROWS_PER_THREAD = 150_000
MOST = 8


class _Pool:
    """An executor that is made when first asked for."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._executor: ThreadPoolExecutor | None = None

    def executor(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._executor is None:
                self._executor = ThreadPoolExecutor(MOST, thread_name_prefix="boostimb")
            return self._executor


_pool = _Pool()


def _forget_pool() -> None:
    """Start anew in a forked child: the parent's threads are not there, and its lock may be held for ever."""
    global _pool
    _pool = _Pool()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)


def thread_limit() -> int:
    """Return how many threads a call may use."""
    asked = os.environ.get("BOOSTIMB_NUM_THREADS", "")
    if asked.strip():
        if not asked.strip().isdecimal() or int(asked) < 1:
            raise ValueError(f"the environment variable BOOSTIMB_NUM_THREADS must be an integer >= 1, got {asked!r}")
        return min(int(asked), MOST)
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, MOST)


def over_rows(n: int, multiple: int, work: Callable[[int, int], None]) -> None:
    """Call ``work(start, stop)`` so that the ranges cover ``range(n)``, at once in several threads where n is large.

    Every range but the last starts and ends at a ``multiple``, so that a row falls in the same block whatever their number.
    """
    parts = min(n // ROWS_PER_THREAD, thread_limit()) if n >= 2 * ROWS_PER_THREAD else 1
    if parts < 2:
        work(0, n)
        return
    step = -(-n // (parts * multiple)) * multiple
    ranges = [(start, min(start + step, n)) for start in range(0, n, step)]
    others = [_pool.executor().submit(work, *each) for each in ranges[1:]]
    work(*ranges[0])
    for other in others:
        other.result()
