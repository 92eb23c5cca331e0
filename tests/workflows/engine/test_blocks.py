"""Loops and branches."""

import pytest

from server.workflows.engine.types import CANCELLED, FAILED, SKIPPED, SUCCEEDED
from server.workflows.language.definition import Branch, Scope
from tests.workflows.engine.toy import (
    CONTINUE,
    Drive,
    Fn,
    const,
    define,
    ended,
    failed,
    foreach,
    parallel,
    pure,
    step,
    work,
)

ITEM = Fn(lambda v: [v["index"], v["item"]])


def loop(condition, *body, most=None, output=None, **more):
    expressions = {"condition": condition} | ({"output": output} if output else {})
    config = {} if most is None else {"max_iterations": most}
    return step("loop", "while", config=config, expressions=expressions, body=Scope(body), **more)


def route(*branches, **more):
    made = tuple(Branch(name, when, Scope(steps)) for name, when, *steps in branches)
    return step("route", "switch", branches=made, **more)


def test_items_are_gone_through_so_many_at_a_time():
    drive = Drive(define(foreach("each", [10, 20, 30, 40], work("one", config=ITEM), n=2))).next()
    assert {path: task.config for path, task in drive.tasks.items()} == {
        "each[0]/one": [0, 10],
        "each[1]/one": [1, 20],
    }
    drive.succeed("each[1]/one", "b")
    assert set(drive.tasks) == {"each[0]/one", "each[2]/one"}
    drive.succeed("each[2]/one", "c").succeed("each[3]/one", "d").succeed("each[0]/one", "a")
    assert ended(drive).output == {"each": [{"one": letter} for letter in "abcd"]}


def test_items_come_one_after_the_other_unless_told_otherwise():
    body = step("each", "foreach", expressions={"items": const([1, 2])}, body=Scope((work("one"),)))
    drive = Drive(define(body)).next()
    assert set(drive.tasks) == {"each[0]/one"}
    drive.succeed("each[0]/one")
    assert set(drive.tasks) == {"each[1]/one"}


def test_the_output_of_an_item_is_what_the_loop_makes_of_it():
    expressions = {"items": const([1, 2]), "output": Fn(lambda v: v["item"] + v["steps"]["one"]["output"])}
    body = step("each", "foreach", expressions=expressions, body=Scope((pure("one", output=100),)))
    assert ended(Drive(define(body)).next()).output == {"each": [101, 102]}


def test_no_items_give_no_outputs():
    assert Drive(define(foreach("each", [], work("one")), work("b", "each"))).next().last["each"].output == []


@pytest.mark.parametrize(
    ("items", "code"), [("text", "EXPRESSION_FAILED"), (None, "EXPRESSION_FAILED"), ([0] * 10_001, "STEP_LIMIT")]
)
def test_items_are_a_list_of_a_certain_length(items, code):
    drive = Drive(define(foreach("each", items, work("one")))).next()
    assert failed(drive).code == code


@pytest.mark.parametrize("width", [0, 101, "2", True])
def test_a_width_that_cannot_be_is_a_failure(width):
    drive = Drive(define(foreach("each", [1], work("one"), n=width))).next()
    assert failed(drive).code == "CONFIG_INVALID"


def test_an_item_that_fails_ends_the_loop_when_those_under_way_have_ended():
    drive = Drive(define(foreach("each", [1, 2, 3, 4], work("one"), n=2))).next().fail("each[0]/one")
    assert set(drive.tasks) == {"each[1]/one"}
    drive.succeed("each[1]/one")
    assert ended(drive).path == "each[0]/one"
    assert drive.last["each"].status == FAILED


def test_an_item_may_go_on_from_its_failure():
    drive = Drive(define(foreach("each", [1, 2], work("one", on_error=CONTINUE), n=2))).next()
    drive.fail("each[0]/one").succeed("each[1]/one", 2)
    assert ended(drive).output == {"each": [{"one": None}, {"one": 2}]}


def test_steps_inside_see_those_outside_and_the_items_of_the_loops_around():
    inner = pure("deep", output=Fn(lambda v: [v["steps"]["a"]["output"], v["item"], v["index"]]))
    outer = foreach("outer", ["x", "y"], foreach("inner", Fn(lambda v: [v["item"] + "1", v["item"] + "2"]), inner))
    drive = Drive(define(pure("a", output="A"), pure("b", "a"), outer)).next()
    assert drive.last["outer[1]/inner[0]/deep"].output == ["A", "y1", 0]


def test_a_loop_goes_on_while_its_condition_holds_for_the_steps_of_the_last_round():
    condition = Fn(lambda v: v["steps"]["check"] is None or v["steps"]["check"]["output"] != "done")
    drive = Drive(define(loop(condition, work("check")))).next()
    drive.succeed("loop[0]/check", "busy").succeed("loop[1]/check", "done")
    assert ended(drive).output == {"loop": {"iterations": 2, "output": {"check": "done"}}}


def test_a_loop_whose_condition_never_holds_makes_nothing():
    drive = Drive(define(loop(const(value=False), work("check")))).next()
    assert ended(drive).output == {"loop": {"iterations": 0, "output": None}}


def test_a_loop_that_does_not_end_fails():
    drive = Drive(define(loop(const(value=True), pure("a"), most=3))).next()
    assert failed(drive).code == "LOOP_LIMIT"
    assert [path for path in drive.last if path.endswith("/a")] == ["loop[0]/a", "loop[1]/a", "loop[2]/a"]


def test_a_loop_gives_what_its_output_makes_of_the_last_round():
    drive = Drive(define(loop(Fn(lambda v: v["index"] < 2), pure("a"), output=Fn(lambda v: v["index"] * 10)))).next()
    assert ended(drive).output == {"loop": {"iterations": 2, "output": 10}}


def test_a_loop_goes_on_after_a_crash_where_it_was():
    condition = Fn(lambda v: v["steps"]["check"] is None or v["steps"]["check"]["output"] != "done")
    drive = Drive(define(loop(condition, work("check")))).next().succeed("loop[0]/check", "busy")
    drive.crash()
    drive.next()
    assert set(drive.tasks) == {"loop[1]/check"}
    assert ended(drive.succeed("loop[1]/check", "done")).output["loop"]["iterations"] == 2


def test_the_first_branch_whose_condition_holds_is_taken():
    steps = route(
        ("big", Fn(lambda v: v["input"] > 100), pure("x")),
        ("some", Fn(lambda v: v["input"] > 10), pure("y", output="y")),
        ("rest", None, pure("z")),
    )
    from_input = {5: "rest", 50: "some", 500: "big"}
    for given, name in from_input.items():
        drive = Drive(define(steps))
        drive.facts = drive.facts.__class__(**{**_fields(drive.facts), "input": given})
        drive.machine = drive.fresh()
        assert ended(drive.next()).output["route"]["branch"] == name
        assert [path for path in drive.last if "/" in path] == [f"route:{name}/{'zyx'[list(from_input).index(given)]}"]


def _fields(facts):
    return {name: getattr(facts, name) for name in facts.__slots__}


def test_no_branch_that_holds_is_no_failure():
    drive = Drive(define(route(("a", const(value=False), work("x"))), work("b", "route"))).next()
    assert drive.last["route"].output == {"branch": None, "output": None}
    assert set(drive.tasks) == {"b"}


def test_branches_run_side_by_side():
    drive = Drive(define(parallel("p", (work("x"),), (work("y"), work("z", "y"))))).next()
    assert set(drive.tasks) == {"p:a/x", "p:b/y"}
    drive.succeed("p:b/y", 2).succeed("p:b/z", 3).succeed("p:a/x", 1)
    assert ended(drive).output == {"p": {"a": {"x": 1}, "b": {"y": 2, "z": 3}}}


def test_a_block_that_is_not_wanted_is_skipped_as_a_whole():
    drive = Drive(define(foreach("each", [1], work("one"), condition=const(value=False)), work("b"))).next()
    assert drive.statuses() == {"each": SKIPPED}


def test_a_block_fails_when_its_time_is_over():
    waits = step("w", "signal", config={"name": "go"})
    drive = Drive(define(foreach("each", [1, 2], waits, timeout=60.0, on_error=CONTINUE), work("b", "each"))).next()
    drive.crash()
    drive.next().pass_time()
    assert drive.last["each[0]/w"].status == CANCELLED
    assert failed(drive.last["each"]).code == "TIMEOUT"
    assert "each[1]/w" not in drive.last
    assert set(drive.tasks) == {"b"}


def test_a_block_is_timed_from_its_beginning_also_after_a_crash():
    drive = Drive(define(foreach("each", [1, 2], work("one"), timeout=60.0))).next().pass_time(10)
    drive.succeed("each[0]/one").crash()
    drive.next()
    assert drive.due == drive.written[0].start_time.replace(minute=1)


def test_all_of_a_loop_may_be_recorded_but_its_end():
    drive = Drive(define(foreach("each", [1, 2], pure("one", output=Fn(lambda v: v["item"]))))).next()
    drive.crash(lost=1)
    assert "each" not in drive.last
    assert ended(drive.next()).output == {"each": [{"one": 1}, {"one": 2}]}
    assert ended(drive).state == SUCCEEDED
