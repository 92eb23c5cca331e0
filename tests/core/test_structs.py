"""Structs read fast say what the library's own, slow way says."""

import json
import math

import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st

from server.core import structs
from server.core.errors import InvalidArgument
from server.core.validation import validate
from userdata.events.v1.event_pb2 import Event

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-(10**6), 10**6) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)
OBJECTS = st.dictionaries(st.text(max_size=4), JSON, max_size=4)


def struct_of(value):
    message = Struct()
    message.update(value)
    return message


def is_sound(value):
    """Whether the database can hold it."""
    if isinstance(value, dict):
        return all("\0" not in key and is_sound(inner) for key, inner in value.items())
    if isinstance(value, list):
        return all(map(is_sound, value))
    return "\0" not in value if isinstance(value, str) else not isinstance(value, float) or math.isfinite(value)


@given(OBJECTS.filter(is_sound))
def test_reads_what_the_library_reads(value):
    message = struct_of(value)
    assert structs.to_dict(message) == MessageToDict(message)
    assert json.loads(structs.to_json(message)) == MessageToDict(message)
    assert structs.from_dict(structs.loads(structs.to_json(message))) == message


@given(OBJECTS)
def test_sees_what_no_database_holds(value):
    message = struct_of(value)
    assert structs.is_plain(message) == is_sound(value)
    try:
        validate(Event(type="a.b", data=message))
    except InvalidArgument as error:
        assert not is_sound(value)
        assert all(violation.field.startswith("data") for violation in error.violations)
    else:
        assert is_sound(value)


@pytest.mark.parametrize(
    ("number", "text"), [(1.0, "1"), (-0.5, "-0.5"), (2.0**53, "9007199254740992.0"), (1e300, "1e+300")]
)
def test_whole_numbers_are_written_as_such(number, text):
    assert structs.to_json(struct_of({"n": number})) == f'{{"n":{text}}}'


def test_whole_numbers_of_json_are_written_as_such_however_deep():
    value = {"a": [1.0, {"b": 2.5}, "1.0", True, None], "c": -0.0}
    assert structs.dumps(structs.whole(value)) == '{"a":[1,{"b":2.5},"1.0",true,null],"c":-0.0}'


def test_a_value_that_is_nothing_is_null():
    message = Struct()
    message.fields["a"].SetInParent()
    message.fields["b"].list_value.values.add()
    assert structs.to_dict(message) == {"a": None, "b": [None]}


@given(OBJECTS.filter(is_sound))
def test_json_is_never_longer_than_the_validator_believes(value):
    message = struct_of(value)
    assert len(structs.to_json(message).encode()) <= max(message.ByteSize() * 6, 2)
