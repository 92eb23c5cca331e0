"""Schedules in the notation of cron, in the time of a place.

Fields are minute, hour, day of month, month and day of week, with seconds in front of them when there are six. As in
crontab(5): lists, ranges, steps and names; when both days are restricted, one of them is enough. Besides: `L` (the
month's last day), `LW` (its last workday), `5L` (its last Friday), `MON#2` (its second Monday), `?` for `*`.

When clocks change, it does what Debian's cron does. Where neither hour nor minute begins with `*`, times of day are
meant: one that is skipped runs at the moment after the gap, one that comes twice runs the first time. Otherwise hours
or minutes are counted: what is skipped does not run, what comes twice runs twice.
"""

import calendar
import re
from bisect import bisect_right
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_ALIASES: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS: Final = {"JAN": 1, "FEB": 2, "MAR": 3, "APR": 4, "MAY": 5, "JUN": 6, "JUL": 7, "AUG": 8} | {
    "SEP": 9,
    "OCT": 10,
    "NOV": 11,
    "DEC": 12,
}
_DAYS: Final = {"SUN": 0, "MON": 1, "TUE": 2, "WED": 3, "THU": 4, "FRI": 5, "SAT": 6}
#: Each field: how it is called, its values, its names.
_FIELDS: Final[tuple[tuple[str, range, Mapping[str, int]], ...]] = (
    ("second", range(60), {}),
    ("minute", range(60), {}),
    ("hour", range(24), {}),
    ("day of month", range(1, 32), {}),
    ("month", range(1, 13), _MONTHS),
    ("day of week", range(8), _DAYS),
)
_SHORTEST, _LONGEST = 5, 6
_LAST: Final = "L"
_LAST_WORKDAY: Final = "LW"
_LAST_OF: Final = re.compile(r"([0-7])L")
_NTH_OF: Final = re.compile(r"([0-7]|SUN|MON|TUE|WED|THU|FRI|SAT)#([1-5])")
#: A 29th of February falls on each day of the week within 40 years.
_YEARS: Final = 41
_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)


class Schedule:
    """When something is due. Raises ValueError with a sentence when there is no such schedule or zone."""

    def __init__(self, text: str, zone: str = "UTC") -> None:
        self._zone = zone_of(zone)
        fields = _ALIASES.get(text.strip().lower(), text).upper().replace("?", "*").split()
        if len(fields) not in (_SHORTEST, _LONGEST):
            raise ValueError("Write five fields (minute, hour, day, month, day of week), or six with seconds first.")
        seconds, minutes, hours, *days = ["0", *fields] if len(fields) == _SHORTEST else fields
        self._is_fixed = not minutes.startswith("*") and not hours.startswith("*")
        self._days = _Days(*days)
        self._hours, self._minutes, self._seconds = (
            sorted(_values(part, field)) for part, field in ((hours, 2), (minutes, 1), (seconds, 0))
        )
        if self._days.next(date(2000, 1, 1)) is None:
            raise ValueError("Write days that exist; this is never due.")

    def next(self, after: datetime) -> datetime | None:
        """The first time after `after` that it is due, in UTC; None when the calendar ends before."""
        after = after.astimezone(UTC).replace(microsecond=0)
        try:
            return self._next_fixed(after) if self._is_fixed else self._next_counted(after)
        except OverflowError:
            return None

    def _next_fixed(self, after: datetime) -> datetime | None:
        local: datetime | None = after.astimezone(self._zone).replace(tzinfo=None)
        while local is not None:
            local = self._next_local(local)
            if local is not None and (due := self._instant(local)) > after:
                return due
        return None

    def _next_counted(self, after: datetime) -> datetime | None:
        while True:
            # Between two changes of the clock a local time is UTC and an offset.
            offset = self._offset(after)
            local = self._next_local(after.replace(tzinfo=None) + offset)
            if local is None:
                return None
            due = (local - offset).replace(tzinfo=UTC)
            change = self._change(after, due)
            if change is None:
                return due
            if self._is_due(change.replace(tzinfo=None) + self._offset(change)):
                return change
            after = change

    def _next_local(self, after: datetime) -> datetime | None:
        """The next local time that matches, whether clocks show it or not."""
        if self._days.matches(after.date()) and (later := self._later(after)) is not None:
            return datetime.combine(after.date(), later)
        day = self._days.next(after.date() + _DAY)
        if day is None:
            return None
        return datetime.combine(day, time(self._hours[0], self._minutes[0], self._seconds[0]))

    def _later(self, after: datetime) -> time | None:
        """The next time of the same day."""
        hour, minute, second = after.hour, after.minute, after.second
        if hour in self._hours:
            if minute in self._minutes and second < self._seconds[-1]:
                return time(hour, minute, self._seconds[bisect_right(self._seconds, second)])
            if minute < self._minutes[-1]:
                return time(hour, self._minutes[bisect_right(self._minutes, minute)], self._seconds[0])
        if hour < self._hours[-1]:
            return time(self._hours[bisect_right(self._hours, hour)], self._minutes[0], self._seconds[0])
        return None

    def _is_due(self, local: datetime) -> bool:
        return self._next_local(local - _SECOND) == local

    def _offset(self, at: datetime) -> timedelta:
        return at.astimezone(self._zone).utcoffset() or timedelta()

    def _instant(self, local: datetime) -> datetime:
        """When clocks show `local` for the first time; if never, when they first show something later."""
        due = local.replace(tzinfo=self._zone).astimezone(UTC)
        if due.astimezone(self._zone).replace(tzinfo=None) == local:
            return due
        # The offset before the gap makes it too late, that after it too early: the change is between.
        early = local.replace(tzinfo=self._zone, fold=1).astimezone(UTC)
        change = self._change(early - _SECOND, due)
        return due if change is None else change

    def _change(self, after: datetime, until: datetime) -> datetime | None:
        """The first moment after `after`, at most `until`, at which clocks have changed."""
        offset, low = self._offset(after), after
        while low < until:
            high = min(low + _DAY, until)
            if self._offset(high) != offset:
                break
            low = high
        else:
            return None
        while high - low > _SECOND:
            middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
            low, high = (middle, high) if self._offset(middle) == offset else (low, middle)
        return high


def zone_of(name: str) -> ZoneInfo:
    """The zone of an IANA name. Raises ValueError with a sentence."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("Write an IANA time zone such as Europe/Berlin.") from error


class _Days:
    """Which days match."""

    def __init__(self, days: str, months: str, weekdays: str) -> None:
        self._needs_both = days.startswith("*") or weekdays.startswith("*")
        self._months = _values(months, 4)
        plain = [part for part in days.split(",") if part not in (_LAST, _LAST_WORKDAY)]
        self._has_last = _LAST in days.split(",")
        self._has_last_workday = _LAST_WORKDAY in days.split(",")
        self._days = _values(",".join(plain), 3) if plain else set()
        found = [(part, _LAST_OF.fullmatch(part), _NTH_OF.fullmatch(part)) for part in weekdays.split(",")]
        self._last_of = {int(last[1]) % 7 for _, last, _ in found if last}
        self._nth_of = {
            (_DAYS.get(nth[1], 0) if nth[1] in _DAYS else int(nth[1]) % 7, int(nth[2])) for _, _, nth in found if nth
        }
        plain = [part for part, last, nth in found if not last and not nth]
        self._weekdays = {number % 7 for number in _values(",".join(plain), 5)} if plain else set()

    def next(self, day: date) -> date | None:
        """The first one from `day` on; None when there is none for long."""
        end = day.year + _YEARS
        while day.year <= end:
            if day.month not in self._months:
                day = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
            elif self.matches(day):
                return day
            else:
                day += _DAY
        return None

    def matches(self, day: date) -> bool:
        """Whether `day` is one of them."""
        if day.month not in self._months:
            return False
        by_date, by_weekday = self._matches_date(day), self._matches_weekday(day)
        return by_date and by_weekday if self._needs_both else by_date or by_weekday

    def _matches_date(self, day: date) -> bool:
        if day.day in self._days:
            return True
        if not (self._has_last or self._has_last_workday):
            return False
        last = calendar.monthrange(day.year, day.month)[1]
        last_weekday = calendar.weekday(day.year, day.month, last)
        return (self._has_last and day.day == last) or (
            self._has_last_workday and day.day == last - max(0, last_weekday - calendar.FRIDAY)
        )

    def _matches_weekday(self, day: date) -> bool:
        weekday = day.isoweekday() % 7
        if weekday in self._weekdays or (weekday, (day.day + 6) // 7) in self._nth_of:
            return True
        return weekday in self._last_of and day.day + 7 > calendar.monthrange(day.year, day.month)[1]


def _values(text: str, field: int) -> set[int]:
    name, known, names = _FIELDS[field]
    found: set[int] = set()
    for part in text.split(","):
        span, has_step, step = part.partition("/")
        first, has_end, last = span.partition("-")
        try:
            low = known[0] if span == "*" else _value(first, names)
            high = _value(last, names) if has_end else known[-1] if span == "*" or has_step else low
            every = int(step) if has_step and step.isdecimal() else 1
        except ValueError as error:
            raise ValueError(f"Let the {name} be a number, name, list, range or step, not {part[:20]!r}.") from error
        if low not in known or high not in known or low > high:
            raise ValueError(f"Let the {name} be {known[0]} to {known[-1]}, not {part[:20]!r}.")
        if (has_step and not step.isdecimal()) or not 1 <= every <= len(known):
            raise ValueError(f"Let the step of the {name} be 1 to {len(known)}, not {part[:20]!r}.")
        found.update(range(low, high + 1, every))
    return found


def _value(text: str, names: Mapping[str, int]) -> int:
    if text in names:
        return names[text]
    if not (text.isascii() and text.isdecimal()) or len(text) > 2:  # noqa: PLR2004 - no value has more digits
        raise ValueError
    return int(text)
