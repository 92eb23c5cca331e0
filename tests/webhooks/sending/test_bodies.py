"""Bodies, read back by those who define their formats."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cloudevents.core.formats.json import JSONFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from server.core import ids
from server.webhooks.sending import bodies
from server.webhooks.sending.bodies import CLOUDEVENTS, PLAIN, TransformationFailed, body_of
from server.webhooks.sending.types import Outgoing
from tests.webhooks.sending.receivers import event

HERE = Path(__file__).parent
NODE = Path(sys.executable).with_name("node")
SCHEMA = Draft202012Validator(
    json.loads((HERE / "cloudevents.schema.json").read_text()), format_checker=Draft202012Validator.FORMAT_CHECKER
)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

words = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), min_size=1, max_size=60)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=5,
)


@st.composite
def events(draw: st.DrawFn) -> Outgoing:
    key = draw(st.none() | words)
    return event(
        type=draw(st.from_regex(r"\A[a-z_]{1,20}(\.[a-z_]{1,20}){0,3}\Z")),
        subject=draw(st.just("") | words),
        time=draw(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))),  # noqa: DTZ001
        data=json.dumps(draw(values), ensure_ascii=draw(st.booleans())),
        ordering_key=key,
        sequence=None if key is None else draw(st.integers(1, 2**40)),
        trace_parent=draw(st.sampled_from(("", TRACE))),
    )


def made(sent: Outgoing, form: str, transformation: str = "") -> bytes:
    message_id = ids.encode("evt", sent.event_id)
    return body_of(sent, message_id=message_id, format=form, transformation=transformation)


@pytest.fixture(scope="module")
def node() -> Iterator[Any]:
    """The npm judge: takes a body, gives the event that it reads."""
    program = [str(NODE), str(HERE / "node" / "cloudevent.js")]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as judge:
        assert judge.stdin is not None
        assert judge.stdout is not None
        read, write = judge.stdout, judge.stdin

        def understood(body: bytes) -> Any:
            headers = {"content-type": bodies.CONTENT_TYPES[CLOUDEVENTS]}
            write.write(json.dumps({"headers": headers, "body": body.decode()}) + "\n")
            write.flush()
            # JavaScript has one kind of number.
            return json.loads(read.readline(), parse_int=float)

        yield understood
        write.close()


def test_a_plain_body_is_the_payload_of_standard_webhooks() -> None:
    sent = event(ordering_key="invoices/7", sequence=3)
    assert json.loads(made(sent, PLAIN)) == {
        "id": ids.encode("evt", sent.event_id),
        "type": "invoice.paid",
        "timestamp": "2026-11-22T10:30:00.123Z",
        "subject": "invoices/7",
        "workspace_id": ids.encode("ws", sent.workspace_id),
        "ordering_key": "invoices/7",
        "sequence": 3,
        "data": {"amount": 1200, "currency": "EUR"},
    }


def test_the_data_goes_out_as_it_came_in() -> None:
    text = '{"b": 1, "a": 1.50, "big": 123456789012345678901234567890, "u": "\\u00e9é"}'
    for form in (PLAIN, CLOUDEVENTS):
        assert made(event(data=text), form).endswith(f'"data":{text}}}'.encode())


@settings(max_examples=50, deadline=None)
@given(events())
def test_plain_bodies_hold_the_event(sent: Outgoing) -> None:
    body = json.loads(made(sent, PLAIN))
    assert (body["type"], body["subject"], body["data"]) == (sent.type, sent.subject, json.loads(sent.data))
    assert body.get("ordering_key") == sent.ordering_key
    assert body.get("sequence") == sent.sequence
    assert abs(datetime.fromisoformat(body["timestamp"]) - sent.time) < timedelta(milliseconds=1)


def test_times_are_told_in_utc() -> None:
    local = datetime(2026, 11, 22, 1, 0, tzinfo=timezone(timedelta(hours=2)))
    assert b'"timestamp":"2026-11-21T23:00:00.000Z"' in made(event(time=local), PLAIN)


@settings(max_examples=50, deadline=None)
@given(events())
def test_cloudevents_hold_to_the_schema(sent: Outgoing) -> None:
    SCHEMA.validate(json.loads(made(sent, CLOUDEVENTS)))


@settings(max_examples=50, deadline=None)
@given(events())
def test_the_python_library_reads_cloudevents(sent: Outgoing) -> None:
    message = HTTPMessage({"content-type": bodies.CONTENT_TYPES[CLOUDEVENTS]}, made(sent, CLOUDEVENTS))
    read = from_http_event(message, JSONFormat())
    assert read.get_specversion() == "1.0"
    assert read.get_id() == ids.encode("evt", sent.event_id)
    assert read.get_source() == f"/v1/workspaces/{ids.encode('ws', sent.workspace_id)}"
    assert (read.get_type(), read.get_subject()) == (sent.type, sent.subject or None)
    time = read.get_time()
    assert time is not None
    assert abs(time - sent.time) < timedelta(milliseconds=1)
    assert read.get_data() == json.loads(sent.data)
    assert read.get_extension("partitionkey") == sent.ordering_key
    assert read.get_extension("sequence") == (None if sent.sequence is None else f"{sent.sequence:020d}")
    assert read.get_extension("traceparent") == (sent.trace_parent or None)


@settings(max_examples=40, deadline=None)
@given(events())
def test_the_node_library_reads_cloudevents(node: Any, sent: Outgoing) -> None:
    read = node(made(sent, CLOUDEVENTS))
    assert read is not None
    assert (read["id"], read["type"]) == (ids.encode("evt", sent.event_id), sent.type)
    assert read.get("subject") == (sent.subject or None)
    assert read.get("partitionkey") == sent.ordering_key
    assert read.get("traceparent") == (sent.trace_parent or None)
    # The library drops data that JavaScript holds for false, such as 0.
    assert read.get("data") == (json.loads(sent.data, parse_int=float) or read.get("data"))


def test_the_judges_refuse_what_is_no_cloudevent(node: Any) -> None:
    whole = json.loads(made(event(), CLOUDEVENTS))
    for missing in ("id", "source", "type", "specversion"):
        broken = {name: value for name, value in whole.items() if name != missing}
        assert not SCHEMA.is_valid(broken)
        # The library gives an event without id or version its own.
        assert missing in ("id", "specversion") or node(json.dumps(broken).encode()) is None
    extras: list[dict[str, Any]] = [
        {"Upper": "x"},
        {"with_underscore": "x"},
        {"nested": {}},
        {"time": "yesterday"},
        {"subject": ""},
    ]
    for extra in extras:
        assert not SCHEMA.is_valid(whole | extra)


def test_sequences_of_a_key_compare_as_text() -> None:
    texts = [
        json.loads(made(event(ordering_key="k", sequence=number), CLOUDEVENTS))["sequence"]
        for number in (1, 9, 10, 99, 100, 2**60)
    ]
    assert texts == sorted(texts)


def test_a_transformation_replaces_a_plain_body_and_the_data_of_a_cloudevent() -> None:
    text = "{'text': event.type + ': ' + string(event.data.amount), 'at': event.time}"
    expected = {"text": "invoice.paid: 1200", "at": "2026-11-22T10:30:00.123456Z"}
    assert json.loads(made(event(), PLAIN, text)) == expected
    whole = json.loads(made(event(), CLOUDEVENTS, text))
    SCHEMA.validate(whole)
    assert (whole["type"], whole["data"]) == ("invoice.paid", expected)


@pytest.mark.parametrize("text", ["event.data.missing", "{1: 2}", "1 / 0", "no such thing"])
def test_a_transformation_that_fails_says_why(text: str) -> None:
    with pytest.raises(TransformationFailed) as raised:
        made(event(), PLAIN, text)
    assert str(raised.value).endswith((".", ")"))


def test_a_transformation_cannot_blow_an_event_up() -> None:
    large = replace(event(), data=json.dumps({"text": "x" * 100_000}))
    with pytest.raises(TransformationFailed):
        made(large, PLAIN, "[" + ",".join(["event.data.text"] * 20) + "]")
