"""Expressions give JSON for what they name, quickly and alike by every way; or say why not, without any secret."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.core.cel import ExpressionInvalid, Kind
from server.workflows.language.expressions import Expression
from server.workflows.language.faults import ExpressionFailed

NAMES = st.sampled_from(["a", "b", "c"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("xyz", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)
NOW = datetime(2026, 3, 4, 5, 6, 7, 890_000, tzinfo=UTC)


def value(text: str, **values: Any) -> Any:
    return Expression(text, "/steps/0/if").evaluate(values)


def failure(text: str, **values: Any) -> ExpressionFailed:
    with pytest.raises(ExpressionFailed) as caught:
        value(text, **values)
    return caught.value


def outcome(text: str, values: dict[str, Any]) -> Any:
    try:
        return Expression(text).evaluate(values)
    except ExpressionFailed:
        return ExpressionFailed


@settings(deadline=None)
@given(path=st.lists(NAMES, max_size=4), given_=JSON)
def test_a_path_gives_what_cel_gives(path: list[str], given_: Any):
    text = ".".join(["input", *path])
    assert outcome(text, {"input": given_}) == outcome(f"[{text}][0]", {"input": given_})


@settings(deadline=None)
@given(path=st.lists(NAMES, min_size=1, max_size=4), given_=JSON, more=JSON)
def test_what_it_needs_is_enough_for_it(path: list[str], given_: Any, more: Any):
    text = f"has({'.'.join(['input', *path])}) ? {'.'.join(['input', *path])} == item.a : size(steps.x.output) > 0"
    values = {"input": given_, "item": {"a": more, "b": more}, "steps": {"x": {"output": "z", "status": "A"}, "y": 1}}
    expression = Expression(text)
    needed = expression.needed(values)
    assert "y" not in needed["steps"]
    assert "status" not in needed["steps"]["x"]
    assert outcome(text, json.loads(json.dumps(needed))) == outcome(text, values)


def test_it_tells_what_it_names():
    expression = Expression(
        "input.lines.map(input, input.price + item.extra).size() > 0 && steps['x'].output.a[0] == 1"
    )
    assert expression.references == {"input.lines", "item.extra", "steps.x.output.a"}


@pytest.mark.parametrize("given_", [NOW, "2026-03-04T05:06:07.890Z", "2026-03-04T06:06:07.890+01:00"])
def test_times_are_times_in_expressions_and_text_outside(given_):
    values = {"execution": {"id": "exe_1", "create_time": given_}, "trigger": {"time": given_, "id": "t"}}
    assert value("execution.create_time.getFullYear()", **values) == 2026
    assert value("execution.create_time + duration('1s')", **values) == "2026-03-04T05:06:08.890000Z"
    assert value("trigger.time == execution.create_time", **values) is True
    for whole in ("execution", "[execution][0]"):
        shown = value(whole, **values)["create_time"]
        assert datetime.fromisoformat(shown) == NOW
    assert datetime.fromisoformat(value("trigger.time", **values)) == NOW


def test_a_time_that_is_none_is_null():
    assert value("trigger.time == null", trigger={"time": None}) is True
    assert value("trigger.time", trigger={"time": None}) is None


@pytest.mark.parametrize(
    ("text", "values", "says"),
    [
        ("input.a.b", {"input": {"a": {}}}, "input.a has no b."),
        ("input.a.b.c", {"input": {"a": {"b": None}}}, "input.a.b is null, so it has no c."),
        ("input.a.b", {"input": {"a": 3}}, "input.a is no object, so it has no b."),
        ("steps.x.output", {}, "There is no steps here."),
        ("input.a > 1", {"input": {}}, "There is no a."),
        ("input.a.b > 1", {"input": {"a": None}}, "A part of a path is null or no object."),
        ("input.a + 1", {"input": {"a": 1.5}}, "There is no + for (double, int)"),
        ("input.a + 1", {"input": {"a": 2**70}}, "A whole number has more than 64 bits."),
        ("input.a / 0", {"input": {"a": 1}}, "Divide by zero."),
        ("input.a[5]", {"input": {"a": [1]}}, "Index error"),
        ("input.a == 'x'", {"input": {"a": "x\0y"}}, "hold NUL"),
        ("input.a == 'x'", {"input": {"a": "\ud800"}}, "A text is no valid Unicode."),
        (
            "trigger.time > execution.create_time",
            {"trigger": {"time": "soon"}, "execution": {"create_time": NOW}},
            "RFC",
        ),
    ],
)
def test_a_failure_says_what_was_wrong_where(text: str, values: dict[str, Any], says: str):
    error = failure(text, **values)
    assert says in error.failure.fault
    assert str(error) == f"The expression {text!r} at /steps/0/if failed: {error.failure.fault}"
    assert set(error.details) == {"expression", "pointer", "fault", "values"}


def test_a_failure_shows_what_was_named_shortened_and_as_json():
    values = {"input": {"a": "x" * 5000, "b": list(range(100)), "c": {"d": {"e": {"f": 1}}}, "n": float("nan"), "z": 1}}
    error = failure("size(input.a) + size(input.b) + input.c + input.n", **values)
    shown = error.failure.values
    assert shown["input.a"] == "x" * 200 + "…"
    assert shown["input.b"] == [*range(10), "… 90 more"]
    assert shown["input.c"] == {"d": {"e": {"f": 1}}}
    assert shown["input.n"] == "nan"
    assert "input.z" not in shown
    json.dumps(error.details, allow_nan=False)


SECRET = 'hunter2\n"é'


@pytest.mark.parametrize(
    "text",
    [
        "input[secrets.key]",
        "secrets.key + 1",
        "int(secrets.key)",
        "timestamp(secrets.key)",
        "input.token + 1",
        "{secrets.key: 1}[input.token + 'x']",
        "steps.login.output.there",
        "input[input.token]",
        "secrets.key.matches(secrets.key + '(')",
        "duration(input.token) > duration('1s')",
        "input.nested + 1",
    ],
)
def test_no_secret_is_in_a_failure(text: str):
    values = {
        "input": {"token": f"Bearer {SECRET}", "nested": {SECRET: [SECRET, {"x": f"a{SECRET}b"}]}},
        "secrets": {"key": SECRET, "short": "hunter2"},
        "steps": {"login": {"output": {"session": SECRET}}},
    }
    error = failure(text, **values)
    told = str(error) + json.dumps(error.details, ensure_ascii=False) + repr(error.failure)
    assert "hunter2" not in told
    assert error.__cause__ is None


def test_a_result_of_another_type_than_wanted_is_a_failure():
    assert Expression("input.a", result=Kind.BOOL).evaluate({"input": {"a": True}}) is True
    with pytest.raises(ExpressionFailed, match="gave string, not bool"):
        Expression("input.a", result=Kind.BOOL).evaluate({"input": {"a": "yes"}})


@pytest.mark.parametrize("text", ["", " ", "1 +", "a b", "nothing.known", "x" * 5000])
def test_what_is_no_expression_is_refused(text: str):
    with pytest.raises(ExpressionInvalid):
        Expression(text)


class Unseen(dict[str, Any]):
    """A part of the variables that nobody may look through."""

    def __iter__(self) -> Any:
        raise AssertionError("an execution may hold 10 MiB, of which each expression names a little")

    keys = values = items = __iter__


@pytest.mark.parametrize(
    ("text", "result"),
    [("steps.x.output.n", 1), ("steps.x.output.n < input.n && input.n > 0", True), ("has(input.gone)", False)],
)
def test_what_is_not_named_is_not_looked_at(text: str, result: Any):
    values = {
        "steps": {"x": {"output": {"n": 1, "rows": Unseen()}}, "y": Unseen()},
        "input": {"n": 2, "rows": Unseen()},
    }
    expression = Expression(text)
    assert expression.evaluate(values) == result
    expression.needed(values)
