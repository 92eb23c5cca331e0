"""The types of steps: their schemas hold what they take, and what a template made wrong is a failure that says so."""

from datetime import UTC, datetime, timedelta

import jsonschema
import pytest

from server.workflows.engine.step_types import Block, Effect, Pure, StepFailed, Waiting
from server.workflows.steps import reading, registry

NOW = datetime(2026, 1, 1, tzinfo=UTC)

GOOD = {
    "transform": [{"output": {"a": "${input.b}"}}, {"output": None}],
    "switch": [{}],
    "parallel": [{}],
    "foreach": [{"items": "input.orders"}, {"items": "[1]", "concurrency": 50, "output": "item"}],
    "while": [{"condition": "index < 3"}, {"condition": "true", "max_iterations": 1000}],
    "delay": [{"duration": "1h30m"}, {"duration": "${input.time}"}, {"duration": 5}],
    "wait_until": [{"time": "2026-03-01T09:00:00Z"}],
    "wait_event": [{"type": "order.paid"}, {"type": "a.b", "match": "event.data.id == input.id", "timeout": "2d"}],
    "approval": [{"title": "Pay?"}, {"title": "Pay?", "approvers": ["usr_1"], "form": {}, "timeout": "2d"}],
    "signal": [{"name": "go"}],
    "emit_event": [{"type": "order.paid", "data": {}}, {"type": "a.b", "data": "${input}", "channels": ["x"]}],
    "sub_workflow": [{"workflow": "other"}, {"workflow": "other", "version": 2, "input": {}, "wait": False}],
    "fail": [{"message": "No."}, {"code": "TOO_OLD", "message": "No.", "details": {"a": 1}}],
}
BAD = {
    "transform": [{}, {"output": 1, "more": 2}],
    "foreach": [{}, {"items": 3}, {"items": "[]", "concurrency": 0}, {"items": "[]", "concurrency": 101}],
    "while": [{}, {"condition": "true", "max_iterations": 1001}],
    "delay": [{}],
    "wait_event": [{"type": ""}, {"type": "a.b", "timeout": "soon"}],
    "approval": [{}, {"title": ""}],
    "emit_event": [{"type": "a.b"}, {"data": {}}],
    "sub_workflow": [{}, {"workflow": "x", "version": 0}],
    "fail": [{}, {"message": "No.", "code": "lower case"}],
}


def emit(config):
    kind = registry.TYPES["emit_event"]
    assert isinstance(kind, Pure)
    return kind.decide(config)


def cases(configs):
    return [(name, config) for name, several in configs.items() for config in several]


@pytest.mark.parametrize(("name", "config"), cases(GOOD))
def test_a_schema_takes_what_the_type_takes(name, config):
    jsonschema.Draft202012Validator(registry.TYPES[name].schema).validate(config)


@pytest.mark.parametrize(("name", "config"), cases(BAD))
def test_a_schema_refuses_the_rest(name, config):
    assert not jsonschema.Draft202012Validator(registry.TYPES[name].schema).is_valid(config)


@pytest.mark.parametrize("kind", registry.TYPES.values(), ids=lambda kind: kind.name)
def test_a_type_is_of_one_kind_and_says_what_it_does(kind):
    assert sum(isinstance(kind, base) for base in (Pure, Effect, Waiting, Block)) == 1
    assert kind.summary.endswith(".")
    jsonschema.Draft202012Validator.check_schema(kind.schema)
    jsonschema.Draft202012Validator.check_schema(kind.output_schema)
    assert isinstance(kind, Block) == (kind.has_body or kind.has_branches)


def test_every_field_of_a_schema_is_described():
    for kind in registry.TYPES.values():
        for name, field in kind.schema["properties"].items():
            assert field.get("description"), f"{kind.name}.{name}"


@pytest.mark.parametrize(
    ("name", "config", "field"),
    [
        ("delay", {"duration": "soon"}, "duration"),
        ("delay", {"duration": -1}, "duration"),
        ("delay", {"duration": True}, "duration"),
        ("wait_until", {"time": "tomorrow"}, "time"),
        ("wait_until", {"time": 17}, "time"),
        ("wait_until", {}, "time"),
        ("wait_event", {"type": None}, "type"),
        ("signal", {"name": ["go"]}, "name"),
        ("approval", {"title": "x", "approvers": "usr_1"}, "approvers"),
        ("approval", {"title": "x", "form": 1}, "form"),
        ("sub_workflow", {"workflow": 1}, "workflow"),
        ("sub_workflow", {"workflow": "other", "version": 1.5}, "version"),
    ],
)
def test_what_a_template_made_wrong_is_named(name, config, field):
    kind = registry.TYPES[name]
    assert isinstance(kind, Waiting)
    with pytest.raises(StepFailed) as failure:
        kind.begin(config, now=NOW)
    assert failure.value.error.code == "CONFIG_INVALID"
    assert failure.value.error.details == {"field": field}
    assert f"`{field}`" in failure.value.error.message
    assert not failure.value.error.retryable


@pytest.mark.parametrize(
    "config", [{"type": 1, "data": {}}, {"type": "a.b", "data": []}, {"type": "a.b", "channels": 3}]
)
def test_an_event_needs_a_type_and_data(config):
    with pytest.raises(StepFailed):
        emit(config)


def test_an_event_is_published_as_the_step_says():
    config = {"type": "a.b", "subject": "s", "data": {"x": 1}, "channels": ["c"], "dedupe_key": "k"}
    (emission,) = emit(config).emissions
    assert (emission.type, emission.subject, emission.data) == ("a.b", "s", {"x": 1})
    assert (emission.channels, emission.dedupe_key) == (("c",), "k")


@pytest.mark.parametrize(("value", "number"), [(None, 7), (1, 1), (3.0, 3), (10, 10)])
def test_whole_numbers_are_read(value, number):
    assert reading.integer({"n": value}, "n", 7, most=10) == number


@pytest.mark.parametrize("value", [0, 11, 1.5, True, "3", float("nan"), float("inf"), [1]])
def test_other_numbers_are_refused(value):
    with pytest.raises(StepFailed):
        reading.integer({"n": value}, "n", 7, most=10)


def test_times_are_read_with_and_without_an_offset():
    assert reading.time({"t": "2026-03-01T09:00:00+02:00"}, "t") == datetime(2026, 3, 1, 7, tzinfo=UTC)
    assert reading.time({"t": "2026-03-01T09:00:00"}, "t") == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert reading.time({"t": datetime(2026, 3, 1, tzinfo=UTC)}, "t") == datetime(2026, 3, 1, tzinfo=UTC)
    assert reading.time({}, "t") is None


def test_a_delay_beyond_all_time_is_the_last_moment():
    assert reading.later(NOW, timedelta.max).year == 9999
