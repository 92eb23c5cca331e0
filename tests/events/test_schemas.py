"""JSON Schemas of customers, judged by a second library, and those that would run for ever."""

import json
import time
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.events import builtin, schemas, unfolding
from server.events.schemas import Validator

CHAIN = {f"d{i}": {"allOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(20)} | {"d20": {}}
LIST = {"anyOf": [{"type": "null"}, {"properties": {"next": {"$ref": "#/$defs/list"}}}]}
SCHEMA = st.recursive(
    st.sampled_from(
        [
            {},
            {"type": "object"},
            {"type": ["string", "null"]},
            {"type": "integer", "minimum": 0},
            {"enum": [1, "a", None]},
            {"const": True},
            {"maxLength": 2},
        ]
    ),
    lambda inner: st.one_of(
        st.builds(lambda a, b: {"properties": {"a": a, "b": b}, "required": ["a"]}, inner, inner),
        st.builds(lambda a: {"additionalProperties": a}, inner),
        st.builds(lambda a: {"items": a, "maxItems": 2}, inner),
        st.builds(lambda a, b: {"anyOf": [a, b]}, inner, inner),
        st.builds(lambda a, b: {"allOf": [a, b]}, inner, inner),
        st.builds(lambda a, b, c: {"if": a, "then": b, "else": c}, inner, inner, inner),
        st.builds(lambda a: {"not": a}, inner),
        st.builds(lambda a: {"$defs": {"x": a}, "properties": {"c": {"$ref": "#"}}}, inner),
    ),
    max_leaves=6,
)
DATA = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(
        st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        max_leaves=5,
    ),
    max_size=3,
)


@settings(max_examples=300)
@given(SCHEMA, DATA)
def test_data_is_judged_as_another_library_judges_it(schema, data):
    judge = jsonschema.Draft202012Validator(schema)
    assert Validator(schema).takes(data) == judge.is_valid(data)
    assert bool(Validator(schema).violations(data, at="data")) != judge.is_valid(data)


@given(SCHEMA)
def test_sound_schemas_are_taken(schema):
    found = schemas.faults(schema, at="schema")
    # A reference to the top in several places of one schema may meet itself.
    assert not found or "itself" in found[0].description


@pytest.mark.parametrize(
    ("schema", "place", "said"),
    [
        ({"type": "money"}, "schema/type", "not valid"),
        ({"required": "a"}, "schema/required", "array"),
        ({"properties": {"a~/b": {"minLength": -1}}}, "schema/properties/a~0~1b/minLength", "minimum"),
        ({"$ref": "https://example.com/schema"}, "schema/$ref", "stay in the schema"),
        ({"$ref": "file:///etc/passwd"}, "schema/$ref", "stay in the schema"),
        ({"$ref": "#name"}, "schema/$ref", "stay in the schema"),
        ({"$ref": "#/$defs/none"}, "schema/$defs/none", "does not exist"),
        ({"$defs": {"a": {}}, "items": {"$dynamicRef": "#a"}}, "schema/items/$dynamicRef", "not taken"),
        ({"items": {"$id": "https://example.com/"}}, "schema/items/$id", "top"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "schema/$schema", "2020-12"),
        ({"properties": {"a": {"pattern": "(?=a)b"}}}, "schema", "regular expression"),
        ({"pattern": r"(a)\1"}, "schema", "regular expression"),
        ({"pattern": "(a{1000}){1000}"}, "schema", "regular expression"),
        ({"$ref": "#/$defs/d0", "$defs": CHAIN}, "schema/$defs/d", "checks at one place"),
        ({"allOf": [{"items": {"$ref": "#"}}, {"items": {"$ref": "#"}}]}, "schema", "leads back"),
        (
            {"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}}},
            "schema",
            "leads",
        ),
    ],
)
def test_what_is_not_taken_is_told_with_its_place(schema, place, said):
    (fault, *_) = schemas.faults(schema, at="schema")
    assert fault.field.startswith(place)
    assert said in fault.description


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"$schema": schemas.DRAFT, "$id": "https://example.com/order", "title": "Order"},
        {"$ref": "#/$defs/list", "$defs": {"list": LIST}},
        {"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}},
        {"properties": {"a": {"$ref": "#/$defs/x"}, "b": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"type": "string"}}},
        {"properties": {"$ref": {"type": "string"}, "pattern": {"type": "string"}}},
        *[known.schema for known in builtin.TYPES.values()],
    ],
)
def test_useful_schemas_are_taken(schema):
    assert schemas.faults(schema, at="schema") == []


def test_nesting_has_a_bound():
    schema: dict[str, Any] = {}
    for _ in range(unfolding.MOST_DEPTH + 1):
        schema = {"items": schema}
    assert "levels" in schemas.faults(schema, at="schema")[0].description


def test_a_chain_of_definitions_has_a_bound():
    chain = {f"d{i}": {"$ref": f"#/$defs/d{i + 1}"} for i in range(3000)} | {"d3000": {}}
    assert "levels" in schemas.faults({"$ref": "#/$defs/d0", "$defs": chain}, at="schema")[0].description


def test_the_worst_that_is_taken_ends_soon():
    tree = {
        "$ref": "#/$defs/t",
        "$defs": {"t": {"allOf": [{"type": "object"}] * 40 + [{"additionalProperties": {"$ref": "#/$defs/t"}}]}},
    }
    pattern = {"additionalProperties": {"pattern": "^(a+)+(b+)+(a|aa)+$"}}
    deep: dict[str, Any] = {}
    for _ in range(90):
        deep = {"a": deep}
    for schema, data in ((tree, deep), (pattern, {"a": "a" * 200_000 + "!"})):
        assert schemas.faults(schema, at="schema") == []
        begin = time.perf_counter()
        Validator(schema).takes(data)
        assert time.perf_counter() - begin < 1


def test_a_long_list_of_violations_is_cut():
    found = Validator({"additionalProperties": {"type": "string"}}).violations(
        {str(number): number for number in range(100)}, at="data"
    )
    assert len(found) == 20


def test_violations_have_json_pointers():
    schema = {"properties": {"a/b": {"items": {"properties": {"c~d": {"type": "string"}}}}}}
    (found,) = Validator(schema).violations({"a/b": [{}, {"c~d": 1}]}, at="event.data")
    assert (found.field, found.description) == ("event.data/a~1b/1/c~0d", 'The value is not of type "string"')


def test_the_same_text_is_compiled_once():
    text = json.dumps({"type": "object"})
    assert schemas.compiled(text) is schemas.compiled(text)


def test_many_large_patterns_do_not_fill_the_memory():
    few = {"properties": {"a": {"pattern": "^(a{90}){80}$"}}}
    assert schemas.faults(few, at="schema") == []
    many: dict[str, Any] = {"patternProperties": {f"^(a{{90}}){{80}}{number}$": {} for number in range(1500)}}
    assert schemas.faults(many, at="schema")[0].description.startswith("must be a regular expression of moderate size")
    usual = {"properties": {f"field{number}": {"pattern": "^[A-Za-z0-9_-]{1,64}$"} for number in range(100)}}
    assert schemas.faults(usual, at="schema") == []
