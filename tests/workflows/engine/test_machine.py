"""Steps one after the other and side by side, and which of them are made."""

from typing import Any

import pytest

from server.workflows.engine.step_types import Result
from server.workflows.engine.types import SKIPPED, SUCCEEDED
from tests.workflows.engine.toy import (
    CONTINUE,
    DAY,
    START,
    Drive,
    Fn,
    broken,
    const,
    define,
    ended,
    facts,
    failed,
    goto,
    pure,
    work,
)


def test_steps_without_needs_begin_at_once_and_others_after_what_they_need():
    drive = Drive(define(work("a"), work("b"), work("c", "a", "b"))).next()
    assert set(drive.tasks) == {"a", "b"}
    drive.succeed("a")
    assert set(drive.tasks) == {"b"}
    drive.succeed("b")
    assert set(drive.tasks) == {"c"}
    assert ended(drive.succeed("c")).state == SUCCEEDED


def test_pure_steps_in_a_row_need_one_call():
    drive = Drive(define(pure("a", output=1), pure("b", "a", output=Fn(lambda v: v["steps"]["a"]["output"] + 1))))
    moves = drive.machine.next(START)
    assert [note.record.output for note in moves.notes] == [1, 2]
    assert ended(moves).output == {"a": 1, "b": 2}
    assert not moves.tasks


def test_the_output_is_what_the_definition_makes_of_the_steps():
    drive = Drive(define(pure("a", output=3), output=Fn(lambda v: v["steps"]["a"]["output"] * 2))).next()
    assert ended(drive).output == 6


def test_expressions_see_the_execution():
    seen: dict[str, Any] = {}
    drive = Drive(define(pure("a", output=Fn(seen.update))), facts(given={"order": 1})).next()
    assert ended(drive).state == SUCCEEDED
    assert seen["input"] == {"order": 1}
    assert seen["trigger"] == {"kind": "MANUAL"}
    assert seen["workspace"] == {"slug": "acme"}
    assert seen["workflow"] == {"id": "wf_00000000000000000000000003", "name": "toy", "version": 1}
    assert seen["execution"] == {"id": "exe_00000000000000000000000001", "create_time": START}


def test_a_step_whose_condition_does_not_hold_is_skipped_and_its_followers_go_on():
    drive = Drive(define(work("a", condition=const(value=False)), pure("b", "a", output=Fn(lambda v: v["steps"]["a"]))))
    drive.next()
    assert drive.statuses() == {"a": SKIPPED, "b": SUCCEEDED}
    assert drive.last["b"].output == {"status": SKIPPED, "output": None, "error": None}


@pytest.mark.parametrize("condition", [Fn(broken), const("yes"), const(None)])
def test_a_condition_that_has_no_truth_fails_the_step(condition):
    drive = Drive(define(work("a", condition=condition))).next()
    assert failed(drive).code == "EXPRESSION_FAILED"
    assert ended(drive).path == "a"


def test_an_expression_that_fails_tells_which_and_with_what():
    drive = Drive(define(pure("a", output=Fn(broken)))).next()
    assert failed(drive).details["expression"] == "a.b"
    assert failed(drive).details["pointer"] == "/steps/0/if"


def test_a_failure_that_goes_to_another_step_leaves_its_own_path_dead():
    steps = (work("a", on_error=goto("undo")), work("b", "a"), work("c", "b"), work("undo"), work("end", "c", "undo"))
    drive = Drive(define(*steps)).next().fail("a")
    assert set(drive.tasks) == {"undo"}
    drive.succeed("undo")
    assert set(drive.tasks) == {"end"}
    assert ended(drive.succeed("end")).state == SUCCEEDED
    assert drive.statuses() == {"a": "FAILED", "b": SKIPPED, "c": SKIPPED, "undo": SUCCEEDED, "end": SUCCEEDED}


def test_what_a_failure_would_begin_is_skipped_when_there_is_none():
    drive = Drive(define(work("a", on_error=goto("undo")), work("undo"), work("after", "undo"))).next().succeed("a")
    assert ended(drive).state == SUCCEEDED
    assert drive.statuses() == {"a": SUCCEEDED, "undo": SKIPPED, "after": SKIPPED}


def test_steps_see_the_error_that_was_gone_on_from():
    drive = Drive(define(work("a", on_error=CONTINUE), pure("b", "a", output=Fn(lambda v: v["steps"]["a"]["error"]))))
    drive.next().fail("a", "HTTP_STATUS")
    assert drive.last["b"].output == {"code": "HTTP_STATUS", "message": "It broke.", "details": {}}
    assert ended(drive).state == SUCCEEDED


def test_the_idempotency_key_is_the_same_for_each_attempt_and_another_for_each_step_and_generation():
    def keys(generation: int) -> set[str]:
        drive = Drive(define(work("a"), work("b")), facts(generation=generation)).next()
        return {task.idempotency_key for task in drive.tasks.values()}

    assert len(keys(1) | keys(2)) == 4
    assert keys(1) == keys(1)


def test_a_step_of_a_type_that_nobody_knows_fails():
    drive = Drive(define(work("a"))).next()
    drive.machine = drive.fresh()
    drive.machine._run.types = {}
    assert failed(drive.next()).code == "INTERNAL"


def test_steps_that_wait_for_each_other_fail_the_execution_at_once():
    drive = Drive(define(work("a", "b"), work("b", "a"))).next()
    assert "a, b" in failed(drive).message


def test_a_fault_in_an_expression_is_the_steps_failure():
    drive = Drive(define(pure("a", output=Fn(lambda v: v["nothing"])))).next()
    assert failed(drive).code == "INTERNAL"


def test_a_task_comes_back_once():
    drive = Drive(define(work("a"), work("b"))).next()
    task = drive.tasks["a"]
    drive.succeed("a")
    with pytest.raises(KeyError):
        drive.machine.succeed(task, Result(), START)


def test_many_pure_steps_come_in_batches():
    drive = Drive(define(*[pure(f"s{at}") for at in range(700)]))
    first = drive.machine.next(START)
    assert first.more
    assert first.ending is None
    assert len(first.notes) < 300
    drive.written += [note.record for note in first.notes]
    assert ended(drive.next()).state == SUCCEEDED
    assert len(drive.last) == 700


def test_it_times_out_at_its_time():
    drive = Drive(define(work("a"), work("b", "a")), facts(timeout=DAY)).next()
    assert drive.due == START + DAY
    assert not drive.machine.stopping
    assert drive.pass_time().machine.stopping
    assert drive.ending is None
    drive.succeed("a")
    assert ended(drive).state == "TIMED_OUT"
    assert failed(drive).code == "TIMEOUT"
    assert "b" not in drive.last
