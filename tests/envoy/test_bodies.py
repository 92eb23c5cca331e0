"""The check of JSON bodies agrees with a JSON parser and with the contract, whatever it is given."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.envoy.harness import Edge

# One edge serves all examples; it keeps nothing between them.
many = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
layouts = st.fixed_dictionaries(
    {"indent": st.sampled_from([None, 0, 2, "\t"]), "ensure_ascii": st.booleans(), "sort_keys": st.booleans()}
)


def post(edge: Edge, body: bytes | str) -> int:
    answer = edge.ask("POST", "/v1/echo", body.encode() if isinstance(body, str) else body)
    if answer.status != 200:
        assert (answer.status, answer.reason) == (400, "MALFORMED_REQUEST")
    return answer.status


@many
@given(values, layouts)
def test_any_json_fits_where_any_json_may_stand(edge: Edge, value: Any, layout: dict[str, Any]):
    assert post(edge, json.dumps({"settings": {"value": value}}, **layout)) == 200


@pytest.mark.parametrize("levels", [31, 32, 33, 64, 100, 1000])
@pytest.mark.parametrize("level", [("[", "]"), ('{"a":', "}")])
def test_json_may_have_as_many_levels_as_a_server_can_parse(edge: Edge, levels: int, level: tuple[str, str]):
    opening, closing = level
    inner = levels - 2
    status = post(edge, '{"settings": {"a": ' + opening * inner + "1" + closing * inner + "}}")
    assert status == (200 if levels <= 32 else 400)


@many
@given(st.binary(max_size=60))
def test_any_bytes_get_an_answer_in_json(edge: Edge, body: bytes):
    post(edge, body)


@many
@given(values, st.data())
def test_what_is_no_json_is_refused(edge: Edge, value: Any, data: st.DataObject):
    whole = json.dumps({"settings": {"value": value}})
    place = data.draw(st.integers(0, len(whole)))
    damaged = whole[:place] + data.draw(st.sampled_from('{}[]",:\\x0e-. \n')) + whole[place + 1 :]
    try:
        json.loads(damaged)
    except ValueError:
        assert post(edge, damaged) == 400
    else:
        post(edge, damaged)


trees: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.just({}), lambda inner: st.fixed_dictionaries({}, optional={"name": texts, "child": inner, "more": texts})
)


@many
@given(trees)
def test_keys_are_known_or_refused_however_deep(edge: Edge, tree: Any):
    assert post(edge, json.dumps({"tree": tree}, ensure_ascii=False)) == (200 if known(tree) else 400)


def known(tree: dict[str, Any]) -> bool:
    return "more" not in tree and ("child" not in tree or known(tree["child"]))
