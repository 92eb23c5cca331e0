"""Waiting for a condition instead of for luck."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T], *, within: float = 10.0, every: float = 0.02, saying: str = "") -> T:
    """The first truthy answer of `condition`. Fails when there is none `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {saying or condition}")
        time.sleep(every)
