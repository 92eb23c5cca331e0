"""Dry runs: the real interpreter, made up outputs, no time."""

from datetime import timedelta

from server.workflows.engine.dry import MAX_RECORDS, Mock, rehearse
from server.workflows.engine.types import FAILED, SUCCEEDED, StepError
from tests.workflows.engine.toy import (
    CONTINUE,
    DAY,
    RETRIED,
    START,
    TYPES,
    Fn,
    define,
    facts,
    foreach,
    pure,
    step,
    work,
)


def run(*steps, known=None, **mocks):
    return rehearse(define(*steps), known or facts(), types=TYPES, mocks=mocks)


def test_steps_that_reach_outside_give_their_mocks():
    done = run(work("a"), pure("b", "a", output=Fn(lambda v: v["steps"]["a"]["output"])), a=Mock({"x": 1}))
    assert [(record.path, record.output) for record in done.records] == [("a", {"x": 1}), ("b", {"x": 1})]
    assert done.ending.state == SUCCEEDED


def test_without_a_mock_they_give_null():
    assert run(work("a"), step("s", "signal", config={"name": "go"})).ending.output == {"a": None, "s": None}


def test_a_mock_may_be_an_error_which_is_retried_as_ever():
    done = run(work("a", retry=RETRIED, on_error=CONTINUE), work("b", "a"), a=Mock(error=StepError("X", "x")))
    assert [(record.path, record.attempt, record.status) for record in done.records] == [
        ("a", 1, FAILED),
        ("a", 2, FAILED),
        ("a", 3, FAILED),
        ("b", 1, SUCCEEDED),
    ]


def test_delays_are_jumped_over():
    done = run(step("w", "delay", config={"duration": "7d"}), work("b", "w"))
    assert [record.path for record in done.records] == ["w", "b"]
    assert done.records[0].end_time == START + 7 * DAY
    assert done.records[1].start_time == START + 7 * DAY


def test_a_wait_longer_than_the_execution_may_take_times_it_out():
    done = run(step("w", "delay", config={"duration": "7d"}), known=facts(timeout=timedelta(hours=1)))
    assert done.ending.state == "TIMED_OUT"


def test_a_mock_of_a_path_goes_before_that_of_an_id():
    items = foreach("each", [1, 2], work("one"))
    done = rehearse(define(items), facts(), types=TYPES, mocks={"one": Mock("all"), "each[1]/one": Mock("second")})
    assert done.ending.output == {"each": [{"one": "all"}, {"one": "second"}]}


def test_waits_for_what_comes_from_outside_give_their_mocks():
    waits = step("w", "approval", config={"title": "Pay?"}, on_error=CONTINUE)
    assert run(waits, w=Mock({"decider": "usr_1"})).ending.output == {"w": {"decider": "usr_1"}}
    done = run(waits, w=Mock(error=StepError("REJECTED", "No.")))
    assert done.records[0].error.code == "REJECTED"
    assert done.ending.state == SUCCEEDED


def test_a_wait_is_checked_though_it_is_mocked():
    assert run(step("w", "approval", config={}), w=Mock(1)).ending.error.code == "CONFIG_INVALID"


def test_it_is_cut_off_when_it_makes_too_much():
    done = run(foreach("each", list(range(9000)), pure("one"), n=50))
    assert done.ending.error.code == "STEP_LIMIT"
    assert MAX_RECORDS < len(done.records) < MAX_RECORDS + 1000
