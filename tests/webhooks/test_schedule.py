"""The retry schedule, over its whole range."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from server.webhooks.conf import RETRY_DELAYS
from server.webhooks.service.schedule import JITTER, LONGEST_WAIT, next_delay

schedules = st.lists(st.integers(0, 86_400), min_size=1, max_size=20)
luck = st.floats(0, 1)
waits = st.none() | st.timedeltas(timedelta(0), timedelta(days=400))


def delay_of(delays, tries, *, fortune=0.5, status=500, retry_after=None):
    return next_delay(delays, tries, luck=fortune, status=status, retry_after=retry_after)


def test_the_default_is_ten_attempts_in_three_days() -> None:
    delays = [delay_of(RETRY_DELAYS, tries) for tries in range(1, 10)]
    assert [delay and delay.total_seconds() for delay in delays] == [
        *(5, 300, 1800, 7200, 18_000),
        *(36_000, 50_400, 72_000, 86_400),
    ]
    assert delay_of(RETRY_DELAYS, 10) is None
    assert timedelta(seconds=sum(RETRY_DELAYS)) == timedelta(hours=75, minutes=35, seconds=5)


@given(schedules, st.integers(1, 30), luck, waits, st.sampled_from([None, 400, 429, 500, 503]))
def test_as_many_attempts_as_there_are_delays(delays, tries, fortune, wait, status) -> None:
    delay = delay_of(delays, tries, fortune=fortune, status=status, retry_after=wait)
    assert (delay is None) == (tries >= len(delays))


@given(st.integers(0, 86_400), luck)
def test_jitter_is_a_fifth_at_most(seconds, fortune) -> None:
    delay = delay_of([0, seconds], 1, fortune=fortune)
    assert delay is not None
    within = seconds * JITTER + 1e-6
    assert seconds - within <= delay.total_seconds() <= seconds + within


@given(st.integers(0, 86_400), luck, waits, st.sampled_from([429, 503]))
def test_retry_after_is_kept_between_the_delay_and_a_day(seconds, fortune, wait, status) -> None:
    plain = delay_of([0, seconds], 1, fortune=fortune)
    asked = delay_of([0, seconds], 1, fortune=fortune, status=status, retry_after=wait)
    assert plain is not None
    assert asked is not None
    assert asked >= plain
    assert asked <= max(plain, LONGEST_WAIT)
    if wait is not None and plain <= wait <= LONGEST_WAIT:
        assert asked == wait


@given(st.integers(100, 599).filter(lambda status: status not in (429, 503)), waits)
def test_other_answers_cannot_ask_for_time(status, wait) -> None:
    assert delay_of([0, 5], 1, status=status, retry_after=wait) == timedelta(seconds=5)
