"""TypeIDs against the specification and the properties they promise."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core import ids
from server.core.errors import InvalidArgument

#: From the valid.json of the TypeID specification 0.3.
SPECIFIED = [
    ("", "00000000000000000000000000", "00000000-0000-0000-0000-000000000000"),
    ("", "7zzzzzzzzzzzzzzzzzzzzzzzzz", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    ("prefix", "0123456789abcdefghjkmnpqrs", "0110c853-1d09-52d8-d73e-1194e95b5f19"),
    ("prefix", "01h455vb4pex5vsknk084sn02q", "01890a5d-ac96-774b-bcce-b302099a8057"),
]


@pytest.mark.parametrize(("prefix", "tail", "value"), SPECIFIED)
def test_encodes_as_specified(prefix, tail, value):
    assert ids.encode(prefix, uuid.UUID(value)) == f"{prefix}_{tail}"
    assert ids.decode(prefix, f"{prefix}_{tail}") == uuid.UUID(value)


@given(st.uuids())
def test_decode_is_the_inverse_of_encode(value):
    assert ids.decode("ws", ids.encode("ws", value)) == value


@given(st.text(max_size=40))
def test_no_text_makes_decode_fail_otherwise(text):
    try:
        value = ids.decode("ws", text)
    except InvalidArgument:
        return
    assert ids.encode("ws", value) == text


@pytest.mark.parametrize(
    "text",
    ["", "ws_", "usr_01h455vb4pex5vsknk084sn02q", "ws_81h455vb4pex5vsknk084sn02q", "ws_01H455VB4PEX5VSKNK084SN02Q"],
)
def test_refuses_with_the_field_and_the_prefix(text):
    with pytest.raises(InvalidArgument) as error:
        ids.decode("ws", text, field="workspace_id")
    assert [v.field for v in error.value.violations] == ["workspace_id"]
    assert "ws_" in error.value.violations[0].description


def test_new_ids_are_version_7_unique_and_in_order():
    made = [ids.new() for _ in range(5000)]
    assert made == sorted(set(made))
    assert {(value.version, value.variant) for value in made} == {(7, uuid.RFC_4122)}


def test_threads_never_make_the_same_id():
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: [ids.new() for _ in range(500)], range(8)))
    flat = [value for chunk in made for value in chunk]
    assert len(set(flat)) == len(flat)
    assert all(chunk == sorted(chunk) for chunk in made)


@given(st.timedeltas(timedelta(0), timedelta(days=365 * 8000)))
def test_an_id_of_a_moment_tells_the_moment_to_the_millisecond(since):
    moment = datetime(1970, 1, 1, tzinfo=UTC) + since
    made = ids.new_at(moment)
    assert made.version == 7
    assert ids.time_of(made) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def test_ids_of_one_moment_are_in_order_and_few_leave_its_millisecond():
    moment = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
    made = [ids.new_at(moment) for _ in range(5000)]
    assert made == sorted(made)
    assert len(set(made)) == 5000
    assert ids.time_of(made[0]) == moment
    assert ids.time_of(made[-1]) == moment + timedelta(milliseconds=1)


def test_a_clock_that_is_set_back_takes_ids_with_it():
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    ids.new_at(moment)
    assert ids.time_of(ids.new_at(moment - timedelta(days=1))) == moment - timedelta(days=1)


def test_the_time_of_a_made_up_id_can_be_read_and_added_to():
    assert ids.time_of(uuid.UUID(int=(1 << 128) - 1)) + timedelta(days=1) == datetime(9999, 1, 2, tzinfo=UTC)
