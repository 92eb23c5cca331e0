"""Steps that cannot be run in any order, or never are, are told of by name."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.workflows.language import parsing
from server.workflows.language.faults import DefinitionInvalid
from server.workflows.steps import registry


def steps(**needs: str) -> dict[str, Any]:
    """Steps by what they need; `→x` is a GOTO to x, `!` a step that always fails."""
    found = []
    for id_, words in needs.items():
        step: dict[str, Any] = {"id": id_, "type": "transform", "with": {"output": 1}}
        for word in words.split():
            if word == "!":
                step |= {"type": "fail", "with": {"message": "no"}}
            elif word.startswith("→"):
                step["on_error"] = {"action": "GOTO", "step": word[1:]}
            else:
                step.setdefault("needs", []).append(word)
        found.append(step)
    return {"steps": found}


@pytest.mark.parametrize(
    ("graph", "pointer", "way"),
    [
        ({"a": "b", "b": "a"}, "/steps/0/needs", "a → b → a"),
        ({"z": "", "c": "z b", "a": "c", "b": "a", "y": "b"}, "/steps/2/needs", "a → b → c → a"),
        ({"a": "→t d", "t": "", "d": "t"}, "/steps/0/needs", "a → t → d → a"),
    ],
)
def test_a_cycle_is_named_in_the_order_in_which_it_waits(judge, graph, pointer: str, way: str):
    assert judge.told(steps(**graph))[pointer] == f"These wait for each other: {way}. Remove a need."


def test_two_cycles_are_two_faults(judge):
    told = judge.told(steps(a="b", b="a", c="d a", d="c"))
    assert {text.split(":")[0] for text in told.values()} == {"These wait for each other"}
    assert len(told) == 2


def test_a_step_that_needs_itself_or_one_twice_is_told(judge):
    assert judge.told(steps(a="a")) == {"/steps/0/needs/0": "Remove a; a step cannot need itself."}
    assert judge.told(steps(a="", b="a a")) == {"/steps/1/needs/1": "Remove a; it is there already."}


def test_an_unknown_need_is_told_with_what_is_near(judge):
    assert judge.told(steps(charge="", b="chrage")) == {
        "/steps/1/needs/0": "There is no step chrage. Did you mean charge?"
    }


def test_a_need_in_another_scope_is_told_with_what_to_do(judge):
    told = judge.told(
        """
        steps:
        - {id: a, type: delay, with: {duration: 1s}, needs: [inner]}
        - id: each
          type: foreach
          with: {items: "[1]"}
          steps:
          - {id: inner, type: delay, with: {duration: 1s}, needs: [outer]}
        - {id: outer, type: delay, with: {duration: 1s}}
        - id: both
          type: parallel
          branches:
          - {name: x, steps: [{id: x, type: delay, with: {duration: 1s}, needs: [inner]}]}
        """
    )
    assert told == {
        "/steps/0/needs/0": "Name each instead, which holds inner.",
        "/steps/1/steps/0/needs/0": "Remove outer; it stands outside, so let each need it.",
        "/steps/3/branches/0/steps/0/needs/0": "Name a step of the same scope; inner is in another one.",
    }


def test_steps_of_on_failure_need_only_each_other(judge):
    text = steps(a="")
    text["on_failure"] = steps(b="a", c="b")["steps"]
    assert judge.told(text) == {"/on_failure/0/needs/0": "Remove a; steps of on_failure need only each other."}


def test_ids_are_unique_in_the_whole_definition(judge):
    told = judge.told(
        """
        steps:
        - {id: a, type: delay, with: {duration: 1s}}
        - {id: a, type: delay, with: {duration: 1s}}
        - {id: b, type: while, with: {condition: "false"}, steps: [{id: a, type: delay, with: {duration: 1s}}]}
        on_failure: [{id: b, type: delay, with: {duration: 1s}}]
        """
    )
    assert told == {
        "/steps/1/id": "Choose another id; a is that of /steps/0.",
        "/steps/2/steps/0/id": "Choose another id; a is that of /steps/0.",
        "/on_failure/0/id": "Choose another id; b is that of /steps/2.",
    }


@pytest.mark.parametrize(
    ("graph", "says"),
    [
        ({"a": "→b"}, "There is no step b."),
        ({"a": "→a"}, "Name another step; retry makes a step be tried again."),
        ({"x": "", "a": "→b", "b": "x"}, "Remove the needs of b; GOTO begins it, nothing else does."),
    ],
)
def test_a_goto_leads_to_a_step_that_only_it_begins(judge, graph, says: str):
    position = list(graph).index("a")
    assert judge.told(steps(**graph))[f"/steps/{position}/on_error/step"] == says


def test_a_goto_names_a_step_and_nothing_else_does(judge):
    delay = {"id": "a", "type": "delay", "with": {"duration": "1s"}}
    assert judge.told({"steps": [{**delay, "on_error": {"action": "GOTO"}}]}) == {"/steps/0/on_error": "Add step."}
    assert "/steps/0/on_error/step" in judge.told({"steps": [{**delay, "on_error": {"action": "FAIL", "step": "a"}}]})


def test_a_step_that_never_begins_is_told(judge):
    assert judge.told(steps(a="!", b="a", c="b", d="")) == {
        "/steps/1": "Remove b; it never begins, since nothing that it needs succeeds.",
        "/steps/2": "Remove c; it never begins, since nothing that it needs succeeds.",
    }
    assert judge.told(steps(a="!", x="", b="a x")) == {}
    assert set(judge.told(steps(a="!", b="a →c", c="", d="c"))) == {"/steps/1", "/steps/2", "/steps/3"}


def test_a_step_that_may_be_skipped_or_left_behind_lets_others_begin(judge):
    graph = steps(a="!", b="a")
    graph["steps"][0]["if"] = "trigger.id == ''"
    assert judge.told(graph) == {}
    graph = steps(a="!", b="a")
    graph["steps"][0]["on_error"] = {"action": "CONTINUE"}
    assert judge.told(graph) == {}


def test_branches_after_the_one_that_is_always_taken_are_told(judge):
    told = judge.told(
        """
        steps:
        - id: a
          type: switch
          branches:
          - {name: x, steps: [{id: b, type: delay, with: {duration: 1s}}]}
          - {name: y, when: "true", steps: [{id: c, type: delay, with: {duration: 1s}}]}
        - id: d
          type: parallel
          branches:
          - {name: x, when: "true", steps: [{id: e, type: delay, with: {duration: 1s}}]}
          - {name: x, steps: [{id: f, type: delay, with: {duration: 1s}}]}
        """
    )
    assert told == {
        "/steps/0/branches/1": "Move it before x, which has no when and is taken always.",
        "/steps/1/branches/0/when": "Remove when; parallel runs all of its branches.",
        "/steps/1/branches/1/name": "Choose another name; there is a branch x already.",
    }


@settings(deadline=None)
@given(st.lists(st.sets(st.integers(0, 11)), min_size=1, max_size=12))
def test_a_graph_is_refused_if_and_only_if_it_has_a_cycle(needs: list[set[int]]):
    graph = {
        f"s{i}": " ".join(f"s{need}" for need in sorted(own) if need < len(needs) and need != i)
        for i, own in enumerate(needs)
    }
    left = {id_: set(words.split()) for id_, words in graph.items()}
    while free := [id_ for id_, own in left.items() if not own & left.keys()]:
        for id_ in free:
            del left[id_]
    try:
        parsing.parse(steps(**graph), types=registry.TYPES)
    except DefinitionInvalid as error:
        ways = [fault.text.split(": ")[1].split(".")[0].split(" → ") for fault in error.faults]
        assert left
        for way in ways:
            assert all(before in graph[after].split() for before, after in pairwise(way))
    else:
        assert not left


def test_a_chain_of_five_hundred_steps_is_taken(judge):
    graph = {"s0": "", **{f"s{i}": f"s{i - 1}" for i in range(1, 500)}}
    text = steps(**graph)
    for i, step in enumerate(text["steps"][1:], 1):
        step["with"] = {"output": f"${{steps.s{i // 2}.output}}"}
    assert judge.faults(text) == []
