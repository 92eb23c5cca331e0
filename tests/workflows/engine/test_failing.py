"""What a failure stops, what is retried, and what runs when an execution fails."""

from datetime import timedelta

import pytest

from server.workflows.engine.retrying import next_attempt
from server.workflows.engine.types import CANCELLED, FAILED, SUCCEEDED, WAITING, StepError
from server.workflows.language.definition import Retry
from tests.workflows.engine.toy import (
    CONTINUE,
    RETRIED,
    START,
    Drive,
    Fn,
    const,
    define,
    ended,
    facts,
    failed,
    foreach,
    parallel,
    pure,
    step,
    work,
)


def test_nothing_new_begins_after_a_failure_and_running_steps_may_end():
    drive = Drive(define(work("a"), work("b"), work("c", "b"))).next().fail("a")
    assert drive.ending is None
    drive.succeed("b", 7)
    assert ended(drive).state == FAILED
    assert ended(drive).path == "a"
    assert drive.last["b"].output == 7
    assert "c" not in drive.last


def test_waits_are_cancelled_when_another_step_fails():
    drive = Drive(define(work("a"), step("w", "signal", config={"name": "go"}))).next().fail("a")
    assert ended(drive).state == FAILED
    assert drive.order() == ["w WAITING", "a FAILED", "w CANCELLED"]


def test_a_retry_that_is_due_is_not_made_when_another_step_fails():
    drive = Drive(define(work("a", retry=RETRIED), work("b"))).next().fail("a")
    assert drive.ending is None
    drive.fail("b")
    assert ended(drive).path == "b"
    assert ended(drive).state == FAILED


def test_an_attempt_is_made_again_after_a_while():
    drive = Drive(define(work("a", retry=RETRIED))).next().fail("a")
    assert drive.due == drive.now + timedelta(seconds=1)
    assert not drive.tasks
    drive.pass_time()
    assert drive.tasks["a"].attempt == 2
    drive.fail("a")
    assert drive.due == drive.now + timedelta(seconds=2)
    drive.pass_time().fail("a")
    assert failed(drive).code == "BROKEN"
    assert [record.attempt for record in drive.written] == [1, 2, 3]


def test_a_retry_goes_on_from_the_record_after_a_crash():
    drive = Drive(define(work("a", retry=RETRIED))).next().fail("a")
    drive.crash()
    drive.next()
    assert not drive.tasks
    drive.pass_time()
    assert drive.tasks["a"].attempt == 2
    assert ended(drive.succeed("a")).state == SUCCEEDED


def test_what_another_attempt_would_not_mend_is_not_retried():
    drive = Drive(define(work("a", retry=RETRIED))).next().fail("a", retryable=False)
    assert ended(drive).state == FAILED


def test_only_the_codes_that_retry_on_names_are_retried():
    retry = Retry(max_attempts=5, retry_on=frozenset({"TIMEOUT"}))
    error = StepError("TIMEOUT", "Too long.")
    assert next_attempt(retry, attempt=1, error=error, now=START, luck=0) is not None
    assert next_attempt(retry, attempt=5, error=error, now=START, luck=0) is None
    assert next_attempt(retry, attempt=1, error=StepError("CONNECT", "No."), now=START, luck=0) is None


@pytest.mark.parametrize(
    ("attempt", "luck", "seconds"), [(1, 0, 2), (2, 0, 6), (3, 0, 10), (500, 0, 10), (1, 1, 1), (2, 0.5, 4.5)]
)
def test_delays_grow_to_a_most_less_their_jitter(attempt, luck, seconds):
    retry = Retry(max_attempts=1000, initial=2, factor=3, max=10, jitter=0.5)
    due = next_attempt(retry, attempt=attempt, error=StepError("X", "x"), now=START, luck=luck)
    assert due == START + timedelta(seconds=seconds)


@pytest.mark.parametrize(("asked", "seconds"), [(5, 5), (1, 2), (600, 10), ("soon", 2)])
def test_a_receiver_may_ask_for_more_time_within_the_most(asked, seconds):
    error = StepError("HTTP_STATUS", "The receiver answered 429.", details={"retry_after": asked})
    due = next_attempt(Retry(max_attempts=2, initial=2, max=10), attempt=1, error=error, now=START, luck=0)
    assert due == START + timedelta(seconds=seconds)


def test_on_failure_sees_every_step_and_the_error():
    undo = pure("undo", output=Fn(lambda v: [v["error"], v["steps"]["a"]["output"], v["steps"]["c"]["status"]]))
    drive = Drive(define(work("a"), work("b", "a"), work("c", "b"), on_failure=(undo, work("tell", "undo"))))
    drive.next().succeed("a", "booked").fail("b", "FULL")
    error = {"step": "b", "code": "FULL", "message": "It broke."}
    assert drive.last["on_failure/undo"].output == [error, "booked", "SKIPPED"]
    assert ended(drive.succeed("on_failure/tell")).state == FAILED
    assert ended(drive).path == "b"
    assert failed(drive).code == "FULL"


def test_on_failure_goes_on_after_a_crash():
    drive = Drive(define(work("a"), on_failure=(work("x"), work("y", "x")))).next().fail("a")
    drive.succeed("on_failure/x").crash()
    drive.next()
    assert set(drive.tasks) == {"on_failure/y"}


def test_an_execution_ends_with_its_own_error_when_on_failure_fails_too():
    drive = Drive(define(work("a"), on_failure=(work("x"),))).next().fail("a", "FIRST").fail("on_failure/x", "SECOND")
    assert failed(drive).code == "FIRST"


def test_on_failure_is_not_run_when_it_is_cancelled():
    drive = Drive(define(work("a"), on_failure=(work("x"),))).next().cancel().succeed("a")
    assert ended(drive).state == SUCCEEDED
    drive = Drive(define(work("a"), work("b", "a"), on_failure=(work("x"),))).next().cancel().succeed("a")
    assert ended(drive).state == CANCELLED
    assert "on_failure/x" not in drive.last


def test_the_earliest_failure_is_the_executions_also_when_it_is_rebuilt():
    drive = Drive(define(work("a"), work("b"), work("c"), on_failure=(work("x"),))).next()
    drive.fail("b", "EARLY").pass_time(5).fail("a", "LATE").succeed("c")
    assert set(drive.tasks) == {"on_failure/x"}
    drive.crash()
    drive.next().succeed("on_failure/x")
    assert failed(drive).code == "EARLY"


def test_a_failure_inside_of_a_block_halts_all_that_it_will_fail():
    drive = Drive(define(parallel("p", (work("a"),), (work("b"), work("c", "b"))), work("d"), work("e", "d")))
    drive.next().fail("p:a/a").succeed("d")
    assert not drive.ending
    drive.succeed("p:b/b")
    assert ended(drive).path == "p:a/a"
    assert failed(drive.last["p"]).details == {"step": "p:a/a"}
    assert {"p:b/c", "e"}.isdisjoint(drive.last)


def test_a_block_that_goes_on_from_its_failure_halts_only_itself():
    block = parallel("p", (work("a"),), (work("b"), step("w", "delay", config={"duration": "1h"})), on_error=CONTINUE)
    drive = Drive(define(block, work("d"), work("e", "d"), work("f", "p"))).next().fail("p:a/a").succeed("d")
    assert set(drive.tasks) == {"p:b/b", "e"}
    drive.succeed("p:b/b")
    assert drive.last["p:b/w"].status == CANCELLED
    assert drive.last["p"].status == FAILED
    assert set(drive.tasks) == {"e", "f"}


def test_a_block_cut_off_by_a_failure_beside_it_is_cancelled():
    drive = Drive(define(foreach("each", [1, 2, 3], work("one")), work("b"))).next().fail("b").succeed("each[0]/one")
    assert drive.last["each"].status == CANCELLED
    assert ended(drive).path == "b"


def test_a_cancelled_execution_waits_for_its_tasks_and_cancels_its_waits():
    drive = Drive(define(work("a"), step("w", "delay", config={"duration": "1h"}), work("b", "w"))).next().cancel()
    assert drive.ending is None
    assert drive.last["w"].status == CANCELLED
    drive.abandon("a")
    assert ended(drive).state == CANCELLED
    assert drive.last["a"].status == CANCELLED
    assert ended(drive).error is None


def test_a_cancelled_execution_that_is_rebuilt_begins_nothing():
    drive = Drive(define(work("a"), work("b", "a"))).next().succeed("a")
    drive.crash()
    drive.machine.cancel(drive.now)
    drive.next()
    assert not drive.tasks
    assert ended(drive).state == CANCELLED


def test_a_task_cut_off_where_nothing_failed_is_a_failure():
    drive = Drive(define(work("a", on_error=CONTINUE), work("b", "a"))).next().abandon("a")
    assert failed(drive.last["a"]).code == CANCELLED
    assert set(drive.tasks) == {"b"}


def test_a_wait_found_cancelled_for_no_reason_fails_and_does_not_hang():
    drive = Drive(define(step("w", "signal", config={"name": "go"}), work("b", "w"))).next().cancel()
    drive.crash()
    drive.next()
    assert ended(drive).state == FAILED
    assert ended(drive).path == "w"


def test_a_retry_of_the_execution_makes_only_what_did_not_succeed():
    first = Drive(define(work("a"), work("b", on_error=CONTINUE), work("c", "a", "b"), work("d", "c"))).next()
    first.succeed("a").fail("b").fail("c")
    again = Drive(first.definition, facts(generation=2), tuple(first.written)).next()
    assert set(again.tasks) == {"c"}
    again.succeed("c").succeed("d")
    assert ended(again).state == SUCCEEDED
    assert [(r.path, r.generation, r.attempt) for r in again.written[3:]] == [("c", 2, 1), ("d", 2, 1)]


def test_a_retry_of_a_loop_makes_only_the_items_that_failed():
    definition = define(foreach("each", [1, 2, 3, 4], work("one", on_error=CONTINUE), work("two", "one"), n=4))
    first = Drive(definition).next()
    for at in range(4):
        first.succeed(f"each[{at}]/one", at)
    first.succeed("each[0]/two", "x").succeed("each[3]/two", "x").fail("each[1]/two").succeed("each[2]/two", "x")
    assert ended(first).state == FAILED
    again = Drive(definition, facts(generation=2), tuple(first.written)).next()
    assert set(again.tasks) == {"each[1]/two"}
    again.succeed("each[1]/two", "y")
    assert [item["two"] for item in ended(again).output["each"]] == ["x", "y", "x", "x"]


def test_the_wait_of_an_earlier_generation_is_begun_anew():
    first = Drive(define(step("w", "signal", config={"name": "go"}))).next().cancel()
    again = Drive(first.definition, facts(generation=2), tuple(first.written)).next()
    assert again.last["w"].status == WAITING
    assert again.last["w"].generation == 2
    assert ended(again.resolve("w", 1)).state == SUCCEEDED


def test_what_runs_on_failure_runs_again_when_a_retry_fails_too():
    first = Drive(define(work("a"), on_failure=(work("undo"),))).next().fail("a", "FIRST").succeed("on_failure/undo")
    again = Drive(first.definition, facts(generation=2), tuple(first.written)).next().fail("a", "SECOND")
    assert set(again.tasks) == {"on_failure/undo"}
    assert failed(again.succeed("on_failure/undo")).code == "SECOND"


def test_a_fail_step_fails_with_its_own_code():
    drive = Drive(
        define(step("no", "fail", config={"code": "TOO_OLD", "message": "No.", "details": {"age": 9}}))
    ).next()
    assert ended(drive).error == StepError("TOO_OLD", "No.", retryable=False, details={"age": 9})


def test_what_the_definition_makes_of_the_steps_may_fail_it():
    drive = Drive(define(pure("a"), on_failure=(work("x"),), output=Fn(lambda v: const(v).evaluate(v)))).next()
    assert set(drive.tasks) == {"on_failure/x"}
    drive.succeed("on_failure/x")
    assert failed(drive).code == "OUTPUT_INVALID"
