"""Schedules against two other implementations over ten years, and what each says when clocks change.

cronsim is made after Debian's cron, as this one is, so both agree, but for a place whose clocks change by half an hour:
there it loses times. croniter has rules of its own for clocks that change: it is asked where they do not, and whether
one local time matches.
"""

import random
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from cronsim import CronSim

from server.workflows.language.cron import Schedule

TEXTS = [
    "0 2 * * *",
    "30 2 * * *",
    "0,30 1-3 * * *",
    "*/15 * * * *",
    "7-59/13 */5 * * *",
    "15 */3 * * *",
    "59 23 31 12 *",
    "0 0 29 2 *",
    "0 0 29 2 1",
    "0 12 13 * 5",
    "0 0 */2 * MON",
    "5 4 * * sun",
    "0 9 * jan-mar,OCT mon-fri",
    "10 1-3 * 3,10,11 7",
    "0 0 1 */4 *",
    "5/20 1 * * 1-5",
]
NOT_IN_CRONITER = ["0 0 L * *", "0 9 * * MON#1", "0 9 * * 5L", "0 12 LW * *", "0 0 1,L * 3#5"]
ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "Africa/Cairo",
    "Pacific/Apia",
]
FROM = datetime(2009, 1, 1, tzinfo=UTC)
YEARS = timedelta(days=3653)
#: A few at a time, from many moments: the clocks change somewhere in each zone within the ten years.
STARTS, IN_A_ROW = 12, 12


def moments(seed: str) -> list[datetime]:
    luck = random.Random(seed)  # noqa: S311 - the same moments in each run
    return [FROM + timedelta(seconds=luck.randrange(YEARS.days * 86_400)) for _ in range(STARTS)]


def changes(zone: ZoneInfo) -> list[datetime]:
    """The days before the clocks of a zone change, in the ten years."""
    days = [FROM + timedelta(days=day) for day in range(YEARS.days)]
    return [
        day
        for day in days
        if day.astimezone(zone).utcoffset() != (day + timedelta(days=1)).astimezone(zone).utcoffset()
    ]


def ours(text: str, zone: str, after: datetime, count: int) -> list[datetime]:
    schedule, found = Schedule(text, zone), []
    for _ in range(count):
        due = schedule.next(after)
        assert due is not None
        found.append(due)
        after = due
    return found


def theirs(text: str, zone: str, after: datetime, count: int) -> list[datetime]:
    local = after.astimezone(UTC if zone == "UTC" else ZoneInfo(zone))
    found: list[datetime] = []
    for due in CronSim(text, local):
        # Times that are skipped together are one here, and one that is over when it is asked for is none.
        if (due := due.astimezone(UTC)) > (found[-1] if found else after):
            found.append(due)
            if len(found) == count:
                break
    return found


@pytest.mark.parametrize("zone", ["UTC", *ZONES])
def test_it_is_due_when_cronsim_says(zone: str):
    for text in [*TEXTS, *NOT_IN_CRONITER]:
        for after in moments(zone + text):
            assert ours(text, zone, after, IN_A_ROW) == theirs(text, zone, after, IN_A_ROW), (text, after)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Pacific/Apia"])
def test_it_is_due_when_cronsim_says_around_every_change_of_clocks(zone: str):
    for after in changes(ZoneInfo(zone)):
        for text in ["30 2 * * *", "0,30 1-3 * * *", "15 1,2 * * *", "*/40 * * * *", "0 */2 * * *", "0 0 * * *"]:
            assert ours(text, zone, after, 6) == theirs(text, zone, after, 6), (text, after)


@pytest.mark.parametrize("zone", ["Australia/Lord_Howe", "Europe/Berlin"])
@pytest.mark.parametrize("text", ["15 */3 * * *", "*/40 * * * *", "45 * * * *"])
def test_counted_hours_are_due_at_each_moment_whose_local_time_matches(zone: str, text: str):
    for start in changes(ZoneInfo(zone))[4:8]:
        minutes = [start.replace(second=0) + timedelta(minutes=minute) for minute in range(5, 30 * 60, 5)]
        expected = [
            minute for minute in minutes if croniter.match(text, minute.astimezone(ZoneInfo(zone)).replace(tzinfo=None))
        ]
        assert ours(text, zone, start, len(expected)) == expected, start


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "Asia/Tokyo"])
def test_it_is_due_when_croniter_says_where_clocks_do_not_change(zone: str):
    for text in TEXTS:
        for after in moments(zone + text)[:4]:
            local = after.astimezone(ZoneInfo(zone))
            judge = croniter(text, local, ret_type=datetime, day_or="*/" not in text.split()[2])
            expected = [due.astimezone(UTC) for due in islice(judge, IN_A_ROW)]
            assert ours(text, zone, after, IN_A_ROW) == expected, (text, after)


@pytest.mark.parametrize("text", ["*/20 * * * * *", "5,50 30 9 * * *", "0 0 0 1 1 *"])
def test_six_fields_begin_with_seconds(text: str):
    for after in moments(text)[:4]:
        assert ours(text, "Europe/Berlin", after, IN_A_ROW) == theirs(text, "Europe/Berlin", after, IN_A_ROW)


def local(text: str, zone: str = "Europe/Berlin") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def test_a_time_that_clocks_skip_runs_after_the_gap_and_once():
    # On the 29th of March 2026 clocks go from 2 to 3.
    assert ours("30 2 * * *", "Europe/Berlin", local("2026-03-28T12:00"), 2) == [
        local("2026-03-29T03:00"),
        local("2026-03-30T02:30"),
    ]
    assert ours("0,30 2 * * *", "Europe/Berlin", local("2026-03-28T12:00"), 2) == [
        local("2026-03-29T03:00"),
        local("2026-03-30T02:00"),
    ]


def test_a_time_that_comes_twice_runs_once():
    # On the 25th of October 2026 clocks go from 3 to 2.
    assert ours("30 2 * * *", "Europe/Berlin", local("2026-10-24T12:00"), 2) == [
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        local("2026-10-26T02:30"),
    ]


def test_hours_that_are_counted_run_in_each_hour_that_passes():
    spring = ours("0 * * * *", "Europe/Berlin", local("2026-03-29T00:00"), 4)
    autumn = ours("0 * * * *", "Europe/Berlin", local("2026-10-25T00:00"), 4)
    for due in (spring, autumn):
        assert [later - earlier for earlier, later in pairwise(due)] == [timedelta(hours=1)] * 3


def test_a_day_that_a_place_leaves_out_is_left_behind():
    # Samoa went from the 29th to the 31st of December 2011.
    due = ours("0 12 * * *", "Pacific/Apia", local("2011-12-29T00:00", "Pacific/Apia"), 3)
    assert [moment.astimezone(ZoneInfo("Pacific/Apia")).strftime("%d %H") for moment in due] == [
        "29 12",
        "31 00",
        "31 12",
    ]


@pytest.mark.parametrize(
    ("alias", "text"),
    [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
        (" @Daily ", "0 0 * * *"),
        ("0 0 ? * MON", "0 0 * * 1"),
    ],
)
def test_an_alias_is_what_it_stands_for(alias: str, text: str):
    after = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
    assert ours(alias, "UTC", after, 5) == ours(text, "UTC", after, 5)


def test_a_moment_within_a_second_counts_as_that_second():
    schedule = Schedule("* * * * * *")
    assert schedule.next(datetime(2026, 1, 1, 0, 0, 0, 999_999, tzinfo=UTC)) == datetime(
        2026, 1, 1, 0, 0, 1, tzinfo=UTC
    )


def test_the_end_of_the_calendar_is_none():
    assert Schedule("0 0 1 1 *").next(datetime(9999, 6, 1, tzinfo=UTC)) is None
    assert Schedule("* * * * *").next(datetime(9999, 12, 31, 23, 59, 30, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Write five fields"),
        ("* * *", "Write five fields"),
        ("* * * * * * *", "Write five fields"),
        ("@reboot", "Write five fields"),
        ("60 * * * *", "Let the minute be 0 to 59, not"),
        ("* 24 * * *", "Let the hour be 0 to 23, not"),
        ("* * 0 * *", "Let the day of month be 1 to 31, not"),
        ("* * * 13 *", "Let the month be 1 to 12, not"),
        ("* * * * 8", "Let the day of week be 0 to 7, not"),
        ("61 * * * * *", "Let the second be 0 to 59, not"),
        ("a * * * *", "Let the minute be a number, name, list, range or step"),
        ("-1 * * * *", "Let the minute be a number, name, list, range or step"),
        ("5-1 * * * *", "Let the minute be 0 to 59, not"),
        ("*/0 * * * *", "Let the step of the minute be 1 to 60"),
        ("*/x * * * *", "Let the step of the minute be 1 to 60"),
        ("*/90 * * * *", "Let the step of the minute be 1 to 60"),
        ("1,,2 * * * *", "Let the minute be a number, name, list, range or step"),
        ("0 0 * * 5#6", "Let the day of week be a number, name, list, range or step"),
        ("0 0 30 2 *", "never due"),
        ("0 0 31 4,6,9,11 *", "never due"),
    ],
)
def test_what_is_no_schedule_is_refused_with_a_sentence(text: str, says: str):
    with pytest.raises(ValueError, match=says):
        Schedule(text)


@pytest.mark.parametrize("zone", ["Mars/Base", "", "../etc/passwd", "/etc/localtime", "Europe/Berlin\0", "CET CEST"])
def test_what_is_no_zone_is_refused_with_a_sentence(zone: str):
    with pytest.raises(ValueError, match="Write an IANA time zone"):
        Schedule("0 0 * * *", zone)
