"""Durations are read as they are written, and nothing else is."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.workflows.language import durations


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("30s", 30),
        ("1.25s", 1.25),
        ("15m", 900),
        ("2h", 7200),
        ("7d", 604_800),
        ("1h30m", 5400),
        ("1d2h3m4s5ms", 93_784.005),
        ("0s", 0),
        ("0.1s200ms", 0.3),
    ],
)
def test_a_duration_is_its_seconds(text: str, seconds: float):
    assert durations.parse(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "5", "5 m", "m", "1m1h", "1h1h", "-1s", "1.5h", "1e3s", "1s\n", "١s", "9999999999s"]
)
def test_anything_else_is_refused(text: str):
    with pytest.raises(ValueError, match="Write a duration such as"):
        durations.parse(text)


@settings(deadline=None)
@given(st.from_regex(r"[0-9dhms.]{0,8}", fullmatch=True))
def test_the_published_pattern_takes_the_same(text: str):
    try:
        durations.parse(text)
        is_taken = True
    except ValueError:
        is_taken = False
    assert is_taken == (re.search(durations.PATTERN, text) is not None)
