"""What is read out of a request: filters, update masks, etags."""

from datetime import UTC, datetime

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from hypothesis import given
from hypothesis import strategies as st

from server.core import etags, filters, ids, masks
from server.core.errors import Aborted, InvalidArgument
from server.core.filters import Comparison
from userdata.workspaces.v1.workspace_pb2 import Workspace

ALLOWED = {"name", "labels"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("state = PENDING", [Comparison("state", "PENDING", negated=False)]),
        ("state=PENDING", [Comparison("state", "PENDING", negated=False)]),
        ('email != "a b\\"c"', [Comparison("email", 'a b"c', negated=True)]),
        (
            "state = A AND email = b@c.de",
            [Comparison("state", "A", negated=False), Comparison("email", "b@c.de", negated=False)],
        ),
    ],
)
def test_a_filter_reads_as_documented(text, expected):
    assert filters.parse(text, fields={"state", "email"}) == expected


@pytest.mark.parametrize("text", ["state", "= A", "state = ", "state = A OR email = B", "state = A AND", "other = 1"])
def test_a_filter_that_is_not_understood_is_refused(text):
    with pytest.raises(InvalidArgument) as error:
        filters.parse(text, fields={"state", "email"})
    assert error.value.reason == "FILTER_INVALID"


def test_times_are_compared_with_a_moment():
    text = 'time >= 2026-11-02T09:30:00Z AND time < "2026-11-02T12:30:00+02:00"'
    since, until = filters.parse(text, fields=[], times=["time"])
    assert (since.operator, since.moment) == (">=", datetime(2026, 11, 2, 9, 30, tzinfo=UTC))
    assert (until.operator, until.moment) == ("<", datetime(2026, 11, 2, 10, 30, tzinfo=UTC))


@pytest.mark.parametrize("text", ["time = 2026-11-02T09:30:00Z", "state >= A", "time <= 2026-11-02T09:30:00Z"])
def test_a_comparison_that_does_not_fit_the_field_is_refused(text):
    with pytest.raises(InvalidArgument) as error:
        filters.parse(text, fields=["state"], times=["time"])
    assert error.value.reason == "FILTER_INVALID"


@pytest.mark.parametrize("value", ["soon", "2026-11-02", "2026-11-02T09:30:00", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_moment_is_refused(value):
    (comparison,) = filters.parse(f"time < {value}", fields=[], times=["time"])
    with pytest.raises(InvalidArgument) as error:
        _ = comparison.moment
    assert error.value.reason == "FILTER_INVALID"


def test_a_word_of_the_contract_lets_through_what_the_database_holds():
    words = {"STATE_OPEN": "OPEN", "STATE_SHUT": "SHUT", "STATE_GONE": "GONE"}
    equal, other, unknown = filters.parse("state=STATE_OPEN AND state!=STATE_OPEN AND state=OPEN", fields=["state"])
    assert equal.among(words) == {"OPEN"}
    assert other.among(words) == {"SHUT", "GONE"}
    with pytest.raises(InvalidArgument) as error:
        unknown.among(words)
    assert error.value.message == "There is no state OPEN. Use STATE_OPEN, STATE_SHUT, STATE_GONE."


@given(st.text(max_size=80))
def test_no_filter_makes_the_parser_fail_otherwise(text):
    try:
        filters.parse(text, fields={"state"})
    except InvalidArgument as error:
        assert error.reason == "FILTER_INVALID"


def test_no_mask_means_the_populated_fields_that_may_change():
    sent = Workspace(name="x", slug="y", labels={"a": "b"})
    assert masks.paths(FieldMask(), sent, allowed=ALLOWED) == {"name", "labels"}


def test_a_mask_names_the_fields_even_empty_ones():
    assert masks.paths(FieldMask(paths=["labels"]), Workspace(name="x"), allowed=ALLOWED) == {"labels"}
    assert masks.paths(FieldMask(paths=["*"]), Workspace(), allowed=ALLOWED) == ALLOWED


@pytest.mark.parametrize("path", ["id", "nothing", "labels.a", ""])
def test_a_mask_with_another_field_is_refused_with_the_choice(path):
    with pytest.raises(InvalidArgument) as error:
        masks.paths(FieldMask(paths=["name", path]), Workspace(), allowed=ALLOWED)
    assert error.value.reason == "UPDATE_MASK_INVALID"
    assert error.value.metadata == {"field": path}
    assert "labels, name" in error.value.message


def test_an_etag_holds_for_one_revision_of_one_row():
    row = ids.new()
    etag = etags.of(row, 1)
    for sent in ("", etag, f'"{etag}"', f'W/"{etag}"'):
        etags.require(sent, row, 1)
    for other, revision in ((row, 2), (ids.new(), 1)):
        with pytest.raises(Aborted) as error:
            etags.require(etag, other, revision)
        assert error.value.reason == "ETAG_MISMATCH"
