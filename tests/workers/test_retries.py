"""The schedule of attempts, for every run of luck."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from workers import retries

chances = st.floats(min_value=0, max_value=1, exclude_max=True)
FAILURES = retries.MOST_ATTEMPTS - 1


@given(st.lists(chances, min_size=FAILURES, max_size=FAILURES))
def test_all_attempts_of_a_job_take_most_of_a_day_and_not_much_more(luck):
    total = sum((retries.delay(number, chance=chance) for number, chance in enumerate(luck, 1)), timedelta())
    assert timedelta(hours=16) < total < timedelta(hours=25)


@given(st.integers(1, FAILURES - 1), chances, chances)
def test_later_attempts_wait_longer_unless_the_cap_is_reached(attempts, earlier, later):
    before, after = retries.delay(attempts, chance=earlier), retries.delay(attempts + 1, chance=later)
    capped = retries.delay(attempts, chance=0.5) == timedelta(hours=8)
    assert before < after or capped


@given(st.integers(1, 10_000), chances)
def test_a_delay_is_never_zero_nor_beyond_a_day(attempts, chance):
    assert timedelta(seconds=12) <= retries.delay(attempts, chance=chance) < timedelta(hours=10)


def test_jobs_that_failed_together_spread():
    assert len({retries.delay(3) for _ in range(50)}) > 40
