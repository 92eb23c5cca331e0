"""Templates are JSON whose strings may hold expressions."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.core.cel import ExpressionInvalid
from server.workflows.language.faults import ExpressionFailed
from server.workflows.language.templates import Compiler, Template, split

VALUES = {"input": {"id": "o1", "n": 3, "x": 1.5, "ok": True, "none": None, "list": [1, "a"], "map": {"k": "v"}}}


def template(value: Any) -> Template:
    found: list[tuple[str, ExpressionInvalid]] = []
    made = Compiler(lambda pointer, error: found.append((pointer, error))).template(value, "/with")
    assert not found
    return made


def made(value: Any) -> Any:
    return template(value).evaluate(VALUES)


@pytest.mark.parametrize("name", VALUES["input"])
def test_an_expression_alone_keeps_its_type(name: str):
    result = made(f"${{input.{name}}}")
    assert result == VALUES["input"][name]
    assert type(result) is type(VALUES["input"][name])


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("for ${input.id}", "for o1"),
        ("${input.id}${input.n}", "o13"),
        ("${input.n} ", "3 "),
        ("n=${input.x}, ${input.ok}, ${input.none}", "n=1.5, true, null"),
        ("${input.list} and ${input.map}", '[1,"a"] and {"k":"v"}'),
        ("$${input.id}", "${input.id}"),
        ("$$${input.id}", "$${input.id}"),
        ("$ {input.id} $", "$ {input.id} $"),
        ("a $${b} ${input.id}", "a ${b} o1"),
        ("${ {'a': 1}['a'] }", 1),
        ("${'}' + input.id}", "}o1"),
        ("${'a\\'}' + \"}\"}", "a'}}"),
        ("${r'\\d}' + '}'}", "\\d}}"),
        ("${'''it's }''' + input.id}", "it's }o1"),
        ("${input.list.map(x, {'x': x})}", [{"x": 1}, {"x": "a"}]),
    ],
)
def test_expressions_stand_in_text(text: str, result: Any):
    assert made(text) == result


def test_objects_and_lists_are_made_of_their_parts_and_keys_stay():
    assert made({"${input.id}": [1, {"a": "${input.n}", "b": ["x", "${input.id}"]}], "c": None, "d": {"e": 1}}) == {
        "${input.id}": [1, {"a": 3, "b": ["x", "o1"]}],
        "c": None,
        "d": {"e": 1},
    }


def test_what_has_no_expression_is_the_same_each_time():
    constant = template({"a": [1, {"b": "x"}], "c": "$${y}"})
    assert constant.is_constant
    assert constant.evaluate({}) == {"a": [1, {"b": "x"}], "c": "${y}"}
    assert constant.evaluate({}) is constant.evaluate({})


@settings(deadline=None)
@given(st.text(st.sampled_from("ab$ {}'\""), max_size=12))
def test_any_text_can_be_written(text: str):
    assert made(text.replace("${", "$${")) == text


@settings(deadline=None)
@given(st.text(st.sampled_from("ab$ {}'\"\n"), max_size=16))
def test_any_text_is_split_or_refused(text: str):
    try:
        parts = list(split(text))
    except ExpressionInvalid:
        assert "${" in text
    else:
        assert "".join(f"${{{part}}}" if found else part.replace("${", "$${") for part, found, *_ in parts) == text


def test_a_failure_names_the_place_of_its_expression():
    with pytest.raises(ExpressionFailed) as caught:
        made({"body": [{"a/b": "x ${input.id} ${input.nope}"}]})
    assert caught.value.failure.pointer == "/with/body/0/a~1b"
    assert caught.value.failure.expression == "input.nope"


def test_each_expression_that_is_wrong_is_told():
    found: list[tuple[str, str, int, int]] = []
    Compiler(lambda pointer, error: found.append((pointer, error.fault, error.line, error.column))).template(
        {"a": "${1 +}", "b": ["x\n ${", "${input.id}"]}, "/with"
    )
    assert [(pointer, line, column) for pointer, _, line, column in found] == [("/with/a", 1, 6), ("/with/b/0", 2, 2)]


def test_it_needs_what_its_expressions_name():
    needed = template({"a": "${input.map.k}", "b": "${input.n + 1} ${input.map}"}).needed(
        {**VALUES, "secrets": {"k": 1}}
    )
    assert needed == {"input": {"map": {"k": "v"}, "n": 3}}
    assert template({"a": "${input.n}", "b": 1}).text == '{"a":"${input.n}","b":1}'
