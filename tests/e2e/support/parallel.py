"""Does things at the same moment, in threads."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def at_once(actions: Sequence[Callable[[], T]]) -> list[T]:
    """What each of `actions` returns, in their order; none begins before all have a thread of their own."""
    start = threading.Barrier(len(actions))

    def run(action: Callable[[], T]) -> T:
        start.wait(timeout=30)
        return action()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def times(count: int, action: Callable[[], T]) -> list[T]:
    """What `action` returns when `count` threads do it at the same moment."""
    return at_once([action] * count)
