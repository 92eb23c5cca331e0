"""Does things at the same moment, in threads."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from server.core.db import db
from tests.support.client import RpcError

T = TypeVar("T")


def at_once(actions: Sequence[Callable[[], T]], *, prepare: Callable[[], object] = lambda: None) -> list[T]:
    """What each of `actions` returns, in their order; none begins before all have a thread and did `prepare` in it."""
    start = threading.Barrier(len(actions))

    def run(action: Callable[[], T]) -> T:
        prepare()
        start.wait(timeout=30)
        return action()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def times(count: int, action: Callable[[], T]) -> list[T]:
    """What `action` returns when `count` threads do it at the same moment."""
    return at_once([action] * count)


def endings(actions: Sequence[Callable[[], object]]) -> list[str]:
    """What calls end with that begin at the same moment: OK, or the reason of a refusal. Each has a connection then."""
    return at_once([partial(_end, action) for action in actions], prepare=lambda: db.execute_sql("SELECT 1"))


def _end(action: Callable[[], object]) -> str:
    try:
        action()
    except RpcError as error:
        return str(error.reason)
    finally:
        db.close()
    return "OK"
