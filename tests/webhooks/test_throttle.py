"""The rate limit as a rule: what goes in any second, and that it comes back."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from server.webhooks.service import throttle

NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)
limits = st.integers(1, 10_000)


@given(limits, st.lists(st.integers(0, 400), min_size=1, max_size=60))
def test_no_second_sees_more_than_two_buckets(limit, steps) -> None:
    # A bucket that was full at the start of a second is filled once more in its course.
    moment, rate_time, sent = NOW, NOW - timedelta(days=1), []
    for step in steps:
        moment += timedelta(milliseconds=step)
        count = throttle.allowed(rate_time, limit=limit, now=moment)
        assert 0 <= count <= limit
        rate_time = throttle.used(rate_time, count, limit=limit, now=moment)
        sent.append((moment, count))
    for start, _ in sent:
        within = [count for at, count in sent if start <= at < start + timedelta(seconds=1)]
        assert sum(within) <= 2 * limit
    span = (sent[-1][0] - sent[0][0]).total_seconds()
    assert sum(count for _, count in sent) <= limit * (span + 1) + 1


@given(limits)
def test_the_next_one_may_go_when_it_is_said_to(limit) -> None:
    rate_time = throttle.used(NOW, limit, limit=limit, now=NOW)
    free = throttle.next_time(rate_time, limit=limit)
    assert throttle.allowed(rate_time, limit=limit, now=free) >= 1
    assert throttle.allowed(rate_time, limit=limit, now=free - timedelta(microseconds=2)) == 0


def test_an_idle_endpoint_may_have_a_full_second_at_once() -> None:
    assert throttle.allowed(NOW - timedelta(days=1), limit=5, now=NOW) == 5
    assert throttle.allowed(throttle.used(NOW, 5, limit=5, now=NOW), limit=5, now=NOW) == 0
