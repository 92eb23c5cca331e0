"""Expressions: what they may name, what they give, and that no text and no value makes them run away."""

import json
import string
from datetime import UTC, datetime, timedelta
from time import process_time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from server.core import cel, cel_cost
from server.core.cel import EvaluationFailed, ExpressionInvalid, Kind, Variables

EVENT = Variables({"event": {"type": Kind.STRING, "time": Kind.TIME, "sequence": Kind.INT, "data": Kind.JSON}})
AT = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
DATA: dict[str, Any] = {
    "amount": 120,
    "price": 1.5,
    "tags": ["a", "b"],
    "items": [{"n": 1, "s": "x"}, {"n": 2, "s": "y"}],
    "user": {"name": "Ann", "email": None},
}

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


def evaluated(text: str, data: Any = DATA, *, result: Kind = Kind.JSON) -> Any:
    expression = cel.compile(text, variables=EVENT, result=result)
    return expression.evaluate({"event": {"type": "invoice.paid", "time": AT, "sequence": 7, "data": data}})


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("event.type == 'invoice.paid' && event.data.amount > 100", True),
        ("event.data.price * 2.0", 3.0),
        ("event.data.amount + 1", 121),
        ("event.data.amount == 120.0", True),
        ("event.sequence + 1", 8),
        ("'a' in event.data.tags", True),
        ("has(event.data.nothing)", False),
        ("event.data.user.email == null", True),
        ("event.data.tags.map(t, t + '!')", ["a!", "b!"]),
        ("event.data.items.filter(i, i.n > 1)", [{"n": 2, "s": "y"}]),
        ("event.data.items.exists(i, i.s == 'x')", True),
        ("event.data.user.name.matches('^A.n$')", True),
        ("event.time > timestamp('2026-01-01T00:00:00Z')", True),
        ("event.time.getFullYear()", 2026),
        (
            "{'at': event.time, 'for': duration('90s'), 'raw': b'ab', 'none': null}",
            {"at": "2026-11-22T10:30:00Z", "for": "90s", "raw": "YWI=", "none": None},
        ),
        ("duration('1500ms')", "1.5s"),
        ("event.data.nothing == 1 || true", True),
        ("'\u00e9\u00e9'.size()", 2),
        ("event.data", DATA),
    ],
)
def test_expressions_give_json(text: str, result: Any) -> None:
    assert evaluated(text) == result


@pytest.mark.parametrize(
    ("text", "line", "column", "fault"),
    [
        ("event.type ==", 1, 14, "Syntax error"),
        ("event.typ == 'x'", 1, 6, "Undefined field 'typ'"),
        ("event.type == 1", 1, 12, "no matching overload"),
        ("true &&\n  nope", 2, 3, "Undeclared reference to 'nope'"),
        ("event.type.shout()", 1, 17, "'shout'"),
        ("1 + 'a'", 1, 3, "overload"),
        ("(" * 100 + "1" + ")" * 100, 1, 1, "too deep"),
        ("", 1, 1, "1 to 4096"),
        ("1 +" * 2000 + "1", 1, 1, "1 to 4096"),
        ("'a\0b'", 1, 1, "1 to 4096"),
        ("[1].all(a, [1].all(b, [1].all(c, [1].all(d, [1].all(e, true)))))", 1, 1, "nested 4 deep"),
    ],
)
def test_a_wrong_text_is_told_with_its_place(text: str, line: int, column: int, fault: str) -> None:
    with pytest.raises(ExpressionInvalid) as raised:
        cel.compile(text, variables=EVENT)
    assert (raised.value.line, raised.value.column) == (line, column)
    assert fault.lower() in raised.value.fault.lower()
    assert raised.value.fault.endswith(".")


def test_the_type_of_the_result_is_checked_when_it_is_known() -> None:
    with pytest.raises(ExpressionInvalid, match="must give bool"):
        cel.compile("event.type", variables=EVENT, result=Kind.BOOL)
    assert evaluated("event.data.flag", {"flag": True}, result=Kind.BOOL) is True
    with pytest.raises(EvaluationFailed, match="gave string, not bool"):
        evaluated("event.data.flag", {"flag": "yes"}, result=Kind.BOOL)


@pytest.mark.parametrize(
    "text",
    [
        "event.data.nothing == 1",
        "event.data.tags[5]",
        "1 / 0",
        "event.data.amount + 'a'",
        "9223372036854775807 + event.sequence",
        "event.data.tags == event.data.tags.map(t, t.matches('('))",
        "1.0 / 0.0",
        "{1: 2}",
        "type(event.data)",
        "timestamp('yesterday')",
    ],
)
def test_what_has_no_result_fails_with_a_sentence(text: str) -> None:
    with pytest.raises(EvaluationFailed) as raised:
        evaluated(text)
    assert str(raised.value).endswith(".")


def test_compiled_expressions_are_kept() -> None:
    assert cel.compile("event.type == 'a'", variables=EVENT) is cel.compile("event.type == 'a'", variables=EVENT)


def test_bound_values_serve_many_expressions() -> None:
    bound = EVENT.bind({"event": {"type": "a.b", "time": AT, "sequence": None, "data": DATA}})
    texts = ("event.type", "event.sequence == null", "event.data.amount")
    assert [cel.compile(text, variables=EVENT).evaluate(bound) for text in texts] == ["a.b", True, 120]


# --- nothing runs away


@pytest.mark.parametrize(
    "text",
    [
        "['xxxxxxxxxxxxxxxx']" + ".map(x, x+x+x+x+x+x+x+x)" * 12 + ".size()",
        "[1]" + ".map(x, dyn([x,x,x,x,x,x,x,x]))" * 12 + ".size()",
        "[dyn(1)]" + ".map(x, dyn([x,x,x,x,x,x,x,x]))" * 12 + " == [dyn(2)]",
        "[{'a': dyn(1)}]" + ".map(x, {'a': dyn(x), 'b': dyn(x), 'c': dyn(x), 'd': dyn(x)})" * 20,
        "[b'xxxxxxxxxxxxxxxx']" + ".map(x, x+x+x+x)" * 20 + ".size()",
    ],
)
def test_growth_without_bound_is_refused_when_it_is_compiled(text: str) -> None:
    with pytest.raises(ExpressionInvalid, match="too much work"):
        cel.compile(text, variables=EVENT)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("event.data.map(x, x)", list(range(20_000))),
        ("event.data.all(a, event.data.all(b, event.data.all(c, a + b + c >= 0)))", list(range(500))),
        ("event.data.l.map(i, event.data.big + event.data.big)", {"l": list(range(3000)), "big": "x" * 100_000}),
        ("event.data.l.map(i, event.data)", {"l": list(range(2000)), "big": ["x"] * 10_000}),
        ("event.data.s.matches(event.data.p)", {"s": "a" * 100_000, "p": "(a|aa)+" * 1000 + "b"}),
    ],
)
def test_work_that_grows_with_the_values_is_refused_before_it_is_done(text: str, data: Any) -> None:
    expression = cel.compile(text, variables=EVENT)
    begun = process_time()
    with pytest.raises(EvaluationFailed, match="too much work"):
        expression.evaluate({"event": {"type": "", "time": AT, "sequence": 1, "data": data}})
    assert process_time() - begun < 1.0


def test_what_large_events_need_is_allowed() -> None:
    items = [{"name": f"item {n}", "price": n, "note": "x" * 300} for n in range(400)]
    assert evaluated("event.data.items.exists(i, i.price == 399)", {"items": items}) is True
    names = evaluated("event.data.items.map(i, {'n': i.name + '!', 't': event.type})", {"items": items})
    assert names[-1] == {"n": "item 399!", "t": "invoice.paid"}
    assert evaluated("event.data.text.contains('y')", {"text": "x" * 200_000}) is False
    assert evaluated("event.data.text.matches('(x+x+)+y')", {"text": "x" * 20_000}) is False


def test_deep_values_are_refused() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(EvaluationFailed, match="nested"):
        evaluated("event.data == 1", deep)


@pytest.mark.parametrize("data", ["a\0b", {"a\0b": 1}, [{"a": "\0"}]])
def test_values_with_nul_are_refused(data: Any) -> None:
    with pytest.raises(EvaluationFailed, match="NUL"):
        evaluated("event.data", data)


def test_whole_numbers_beyond_64_bits_are_read_as_floating_point() -> None:
    assert cel.load("[1, -9223372036854775808, 9223372036854775808, 1e2]") == [1, -(2**63), float(2**63), 100.0]
    assert cel.load("9" * 5000) == float("inf")
    assert evaluated("event.data.n > 0.0", cel.load('{"n": 123456789012345678901234567890}')) is True


@settings(deadline=None)
@given(values)
def test_values_come_back_as_they_were(data: Any) -> None:
    try:
        result = evaluated("event.data", data)
    except EvaluationFailed:
        assert "inf" in str(data)
        return
    assert result == data


@settings(deadline=None)
@given(values, values)
def test_equality_is_that_of_json(first: Any, second: Any) -> None:
    for one, other in ((first, first), (first, second)):
        given_ = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
        same = evaluated("event.data.a == event.data.b", {"a": one, "b": other})
        assert same or not given_


@settings(deadline=None)
@given(st.text(string.printable, max_size=60) | st.text(max_size=30))
@example("event.data.x[1].y")
@example("{'a': [1, 2u, 3.0, b'x', duration('1s'), timestamp('2020-01-01T00:00:00Z')]}")
def test_any_text_is_an_expression_or_told_why_not(text: str) -> None:
    try:
        expression = cel.compile(text, variables=EVENT)
    except ExpressionInvalid as error:
        assert error.line >= 1
        assert error.column >= 0
        return
    try:
        json.dumps(expression.evaluate({"event": {"type": "a", "time": AT, "sequence": 1, "data": DATA}}))
    except EvaluationFailed as error:
        assert str(error)


def expressions() -> st.SearchStrategy[str]:
    """Texts that loop, join and build."""
    leaves = st.sampled_from(
        ["event.data", "event.data.l", "event.type", "x", "1", "'ab'", "[1, 2]", "{'k': event.data}"]
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, inner).map(lambda two: f"dyn({two[0]}) + dyn({two[1]})"),
            st.tuples(inner, inner).map(lambda two: f"[dyn({two[0]}), dyn({two[1]})]"),
            st.tuples(inner, inner).map(lambda two: f"dyn({two[0]}).map(x, dyn({two[1]}))"),
            st.tuples(inner, inner).map(lambda two: f"dyn({two[0]}).exists(x, dyn({two[1]}) == dyn({two[0]}))"),
            inner.map(lambda one: f"string({one})"),
        ),
        max_leaves=12,
    )


@settings(max_examples=150, deadline=None)
@given(expressions(), st.integers(0, 300))
def test_no_expression_takes_long_or_gives_much(text: str, size: int) -> None:
    data = {"l": [["v" * 5, number] for number in range(size)], "s": "w" * size}
    begun = process_time()
    try:
        result = evaluated(text, data)
    except (ExpressionInvalid, EvaluationFailed):
        result = None
    assert process_time() - begun < 2.0
    assert len(json.dumps(result)) < 20_000_000


def test_a_large_value_is_measured_once() -> None:
    value = [{"n": number} for number in range(1000)]
    other = [{"n": "long" * 10} for _ in range(1000)]
    assert cel_cost.measured(value, 64) is cel_cost.measured(value, 64)
    assert cel_cost.measured(other, 64).size > cel_cost.measured(value, 64).size
    with pytest.raises(ValueError, match="deep"):
        cel_cost.measured(value, 1)


@settings(deadline=None)
@given(st.timedeltas(timedelta(0), timedelta(days=1000)))
def test_durations_survive(duration: timedelta) -> None:
    text = evaluated(f"duration('{duration.total_seconds():f}s')")
    assert float(text.removesuffix("s")) == pytest.approx(duration.total_seconds())
