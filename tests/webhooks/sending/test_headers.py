"""Headers that customers may set, headers that are kept, and how long receivers ask to wait."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from server.core.outbound.answers import kept, retry_after
from server.webhooks.sending.headers import HeaderForbidden, check_headers

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("name", ["X-Api-Key", "authorization", "x_team", "Accept", "X-" + "a" * 100])
def test_harmless_headers_may_be_set(name: str) -> None:
    check_headers({name: "some value, with: signs"})


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "content-length",
        "Transfer-Encoding",
        "Connection",
        "Cookie",
        "User-Agent",
        "Content-Type",
        "traceparent",
        "webhook-id",
        "Webhook-Anything",
        "Proxy-Authorization",
        "Sec-Fetch-Mode",
        "X-Forwarded-For",
        "",
        "a b",
        "a:b",
        "a\r\nb",
        "na\u00efve",
    ],
)
def test_headers_that_change_the_request_may_not(name: str) -> None:
    with pytest.raises(HeaderForbidden) as raised:
        check_headers({name: "x"})
    assert raised.value.header == name


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\0b", " a", "a ", "\u00fc", "x" * 4097])
def test_values_that_end_a_line_or_are_not_ascii_may_not(value: str) -> None:
    with pytest.raises(HeaderForbidden):
        check_headers({"x-a": value})


def test_a_header_twice_and_too_many_are_refused() -> None:
    with pytest.raises(HeaderForbidden):
        check_headers({"X-A": "1", "x-a": "2"})
    check_headers({f"x-{n}": "1" for n in range(32)})
    with pytest.raises(HeaderForbidden):
        check_headers({f"x-{n}": "1" for n in range(33)})


@settings(deadline=None)
@given(st.lists(st.tuples(st.from_regex(r"\A[A-Za-z-]{1,10}\Z"), st.text(max_size=2000)), max_size=100))
def test_what_is_kept_is_bounded_and_storable(pairs: list[tuple[str, str]]) -> None:
    found = kept(CIMultiDictProxy(CIMultiDict((*pairs, ("Set-Cookie", "session=1"), ("set-cookie", "b=2")))))
    assert len(found) <= 48
    assert "set-cookie" not in found
    for name, value in found.items():
        assert name == name.lower()
        assert len(value) <= 1024
        assert "\0" not in value


@settings(deadline=None)
@given(st.integers(0, 999_999_999))
def test_seconds(seconds: int) -> None:
    assert retry_after(f" {seconds} ", NOW) == timedelta(seconds=seconds)


@settings(deadline=None)
@given(st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1)))  # noqa: DTZ001 - made aware below
def test_dates(at: datetime) -> None:
    moment = at.replace(microsecond=0, tzinfo=UTC)
    assert retry_after(format_datetime(moment, usegmt=True), NOW) == max(moment - NOW, timedelta(0))


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("Sunday, 22-Nov-26 12:01:00 GMT", timedelta(minutes=1)),
        ("Sun Nov 22 12:01:00 2026", timedelta(minutes=1)),
        ("Sun, 22 Nov 2026 13:01:00 +0100", timedelta(minutes=1)),
    ],
)
def test_obsolete_forms_of_dates(value: str, wait: timedelta) -> None:
    assert retry_after(value, NOW.astimezone(timezone(timedelta(hours=5)))) == wait


@settings(deadline=None)
@given(st.text(max_size=40))
def test_nonsense_says_nothing_or_something_that_is_not_negative(text: str) -> None:
    wait = retry_after(text, NOW)
    assert wait is None or wait >= timedelta(0)


@pytest.mark.parametrize("value", [None, "", "-1", "1.5", "1e9", "9999999999", "soon", "Mon, 99 Foo 2026 00:00:00 GMT"])
def test_what_cannot_be_read_is_no_wish(value: str | None) -> None:
    assert retry_after(value, NOW) is None
