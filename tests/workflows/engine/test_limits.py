"""What exceeds a limit fails the execution with a sentence, and never hangs."""

import pytest

from server.workflows.engine import limits
from server.workflows.engine.machine import Machine
from server.workflows.engine.step_types import Result
from server.workflows.engine.types import FAILED, SUCCEEDED, Emission, StepError
from server.workflows.language.definition import Retry, Scope
from tests.workflows.engine.toy import (
    CONTINUE,
    START,
    TYPES,
    Drive,
    Fn,
    const,
    define,
    ended,
    facts,
    failed,
    foreach,
    pure,
    step,
    work,
)


def loop(*body, most=1000):
    return step(
        "loop",
        "while",
        config={"max_iterations": most},
        expressions={"condition": const(value=True)},
        body=Scope(body),
        on_error=CONTINUE,
    )


def test_attempts_of_steps_are_limited_and_nothing_goes_on_from_that():
    drive = Drive(define(loop(pure("a"), pure("b")), work("c", "loop"), on_failure=(pure("undo"),))).next()
    assert failed(drive).code == "STEP_LIMIT"
    assert ended(drive).state == FAILED
    assert drive.last["on_failure/undo"].status == SUCCEEDED
    assert "c" not in drive.last
    made = [record for record in drive.written if record.path.startswith("loop[") and record.status == SUCCEEDED]
    assert len(made) == limits.MAX_STEPS - 1


def test_the_count_is_the_same_when_it_is_rebuilt():
    drive = Drive(define(loop(work("a", retry=Retry(max_attempts=2, initial=1, jitter=0))))).next()
    for at in range(300):
        drive.fail(f"loop[{at}]/a").pass_time().succeed(f"loop[{at}]/a")
    drive.crash()
    drive.next()
    assert drive.machine._run.limits.steps == 602


def test_items_of_a_foreach_do_not_count():
    drive = Drive(define(foreach("each", list(range(3000)), pure("one"), pure("two", "one"), n=10))).next()
    assert ended(drive).state == SUCCEEDED
    assert len(drive.last) == 6001


def test_records_are_limited_all_the_same(monkeypatch):
    monkeypatch.setattr(limits, "MAX_RECORDS", 500)
    drive = Drive(define(foreach("each", list(range(3000)), pure("one", condition=const(value=False)), n=10))).next()
    assert failed(drive).code == "STEP_LIMIT"
    assert len(drive.written) < 520


def test_an_output_is_limited():
    big = "x" * (1 << 20)
    drive = Drive(define(work("a", on_error=CONTINUE), pure("b", "a", output=big))).next().succeed("a", big)
    assert failed(drive.last["a"]).code == "OUTPUT_TOO_LARGE"
    assert failed(drive).code == "OUTPUT_TOO_LARGE"


def test_the_outputs_of_an_execution_are_limited_together():
    big = "x" * 1_000_000
    items = foreach("each", list(range(20)), pure("one", output=big, on_error=CONTINUE))
    drive = Drive(define(items)).next()
    assert failed(drive).code == "EXECUTION_TOO_LARGE"
    assert ended(drive).path == "each[10]/one"
    drive.crash()
    assert failed(drive.next()).code == "EXECUTION_TOO_LARGE"


def test_the_output_of_the_execution_is_limited():
    drive = Drive(define(pure("a"), output=const("x" * (1 << 20)))).next()
    assert failed(drive).code == "OUTPUT_TOO_LARGE"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": object()}, "\ud800", {"a": ["\0"]}, {"\0": 1}])
def test_what_cannot_be_stored_is_a_failure(value):
    drive = Drive(define(work("a"))).next().succeed("a", value)
    assert failed(drive).code == "OUTPUT_INVALID"


@pytest.mark.parametrize("value", [None, True, 1, 1.5, "\\u0000", "ünï", [], {"a": [1, {"b": None}]}])
def test_what_can_be_stored_is_taken(value):
    assert ended(Drive(define(work("a"))).next().succeed("a", value)).output == {"a": value}


def test_sizes_are_bytes():
    assert limits.size_of(None) == 4
    assert limits.size_of("ü") == 4
    assert limits.size_of({"a": [1, 2]}) == len('{"a":[1,2]}')


def test_what_a_step_hands_on_is_limited():
    for given, code in {"x" * (1 << 20): "OUTPUT_TOO_LARGE", "a\0b": "OUTPUT_INVALID"}.items():
        drive = Drive(define(step("w", "sub_workflow", config={"workflow": "other", "input": {"a": given}}))).next()
        assert failed(drive).code == code
        assert drive.notes[0].wait is None


def test_an_error_is_cut_to_what_is_recorded():
    fails = step("no", "fail", config={"message": "x" * 10_000, "details": {"a": "y" * 100_000}})
    drive = Drive(define(foreach("each", [1], fails))).next()
    assert len(failed(drive).message) == limits.MAX_MESSAGE
    assert failed(drive).details == {"omitted": "The details were too large.", "step": "each[0]/no"}
    assert ended(drive).path == "each[0]/no"


def test_an_event_that_is_not_accepted_fails_its_step():
    def accepts(emission: Emission) -> StepError | None:
        return StepError("EVENT_INVALID", f"No type {emission.type}.", retryable=False)

    emits = step("a", "emit_event", config=Fn(lambda v: {"type": "x.y", "data": {"a": v["input"]}}))
    machine = Machine(define(emits), facts(given=1), types=TYPES, accepts=accepts)
    moves = machine.next(START)
    assert failed(moves).code == "EVENT_INVALID"
    assert moves.notes[0].emissions == ()
    moves = Machine(define(emits), facts(given=1), types=TYPES).next(START)
    assert moves.notes[0].emissions == (Emission("x.y", "", {"a": 1}),)


def test_a_result_may_publish_events_too():
    drive = Drive(define(work("a"))).next()
    note = drive.machine.succeed(drive.tasks["a"], Result(1, (Emission("x.y", "s", {}),)), START)
    assert note.emissions[0].type == "x.y"
