"""The circuit breaker as rules, without a database."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.webhooks.service import breaker
from server.webhooks.service.breaker import CLOSED, LEAST_ATTEMPTS, OPEN, WINDOW, Breaker, after

NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)
OPENED = Breaker(OPEN, 1, NOW, 10, 10, NOW)
counts = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=10)


def told(before: Breaker, succeeded: int, failed: int, *, at: datetime = NOW, probed: bool = False) -> Breaker:
    return after(before, succeeded=succeeded, failed=failed, probed=probed, now=at)


@pytest.mark.parametrize(
    ("succeeded", "failed", "state"),
    [(0, 9, CLOSED), (0, 10, OPEN), (3, 7, OPEN), (4, 7, CLOSED), (300, 700, OPEN), (301, 699, CLOSED)],
)
def test_opens_at_ten_attempts_and_seventy_percent(succeeded: int, failed: int, state: str) -> None:
    assert told(breaker.closed(NOW), succeeded, failed).state == state


def test_failures_of_an_earlier_window_do_not_count() -> None:
    before = told(breaker.closed(NOW), 0, 9)
    assert told(before, 0, 9, at=NOW + WINDOW).state == CLOSED
    assert told(before, 0, 9, at=NOW + WINDOW - timedelta(seconds=1)).state == OPEN


@given(counts)
def test_never_opens_on_fewer_attempts_or_less_failure(batches) -> None:
    state = breaker.closed(NOW)
    succeeded = failed = 0
    for good, bad in batches:
        state = told(state, good, bad)
        succeeded, failed = succeeded + good, failed + bad
        if state.state == OPEN:
            assert failed >= 7
            assert succeeded + failed >= LEAST_ATTEMPTS
            assert failed >= 0.7 * (succeeded + failed)
            return


def test_a_success_closes_it_and_forgets() -> None:
    assert told(OPENED, 1, 0, probed=True) == breaker.closed(NOW)
    assert not told(OPENED, 1, 0).is_troubled


def test_only_failed_probes_put_the_next_one_off() -> None:
    assert told(OPENED, 0, 64).opened == 1
    assert told(OPENED, 0, 1, probed=True).opened == 2


def test_probes_are_thirty_seconds_apart_doubling_to_ten_minutes() -> None:
    delays = [breaker.probe_delay(opened).total_seconds() for opened in range(1, 9)]
    assert delays == [30, 60, 120, 240, 480, 600, 600, 600]
    assert breaker.probe_delay(10**9) == timedelta(minutes=10)


def test_remembers_since_when_nothing_succeeds() -> None:
    first = told(breaker.closed(NOW), 0, 1)
    later = NOW + timedelta(days=3)
    assert told(first, 0, 1, at=later).failing_time == NOW
    assert told(first, 1, 1, at=later).failing_time is None
    assert told(OPENED, 0, 1, at=later, probed=True).failing_time == NOW
