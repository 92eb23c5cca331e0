"""Waits: for a time, for something from outside, for a child."""

from datetime import timedelta

import pytest

from server.core import ids
from server.workflows.engine.types import FAILED, SUCCEEDED, WAITING
from tests.workflows.engine.toy import DAY, START, Drive, Fn, const, define, ended, facts, failed, step, wait_of, work


def test_a_delay_keeps_nothing_running_and_goes_on_when_it_is_due():
    drive = Drive(define(step("w", "delay", config={"duration": "15m"}), work("b", "w"))).next()
    assert drive.last["w"].status == WAITING
    assert drive.due == START + timedelta(minutes=15)
    assert not drive.machine.running
    drive.pass_time(60)
    assert not drive.tasks
    drive.pass_time()
    assert set(drive.tasks) == {"b"}
    assert drive.last["w"].start_time == START
    assert drive.last["w"].end_time == START + timedelta(minutes=15)


def test_a_timer_survives_a_crash():
    drive = Drive(define(step("w", "delay", config={"duration": "7d"}), work("b", "w"))).next().pass_time(3 * 86400)
    drive.crash()
    drive.next()
    assert drive.due == START + 7 * DAY
    assert len(drive.written) == 1


@pytest.mark.parametrize("moment", ["2025-12-31T00:00:00Z", "2026-01-01T01:00:00+01:00"])
def test_a_moment_that_is_over_is_not_waited_for(moment):
    drive = Drive(define(step("w", "wait_until", config={"time": moment}))).next()
    assert ended(drive).state == SUCCEEDED
    assert [record.status for record in drive.written] == [SUCCEEDED]


def test_a_moment_is_waited_for():
    drive = Drive(define(step("w", "wait_until", config={"time": "2026-01-02T01:00:00+01:00"}))).next()
    assert drive.due == START + DAY


@pytest.mark.parametrize(
    ("config", "code"),
    [({"duration": "366d"}, "WAIT_TOO_LONG"), ({"duration": "soon"}, "CONFIG_INVALID"), ({}, "CONFIG_INVALID")],
)
def test_a_wait_that_cannot_be_is_a_failure(config, code):
    assert failed(Drive(define(step("w", "delay", config=config))).next()).code == code


def test_an_event_is_waited_for_with_the_values_that_its_match_names():
    match_ = Fn(lambda _: None, "event.data.order == input.order")
    waits = step("w", "wait_event", config={"type": "order.paid", "timeout": "2d"}, expressions={"match": match_})
    drive = Drive(define(waits), facts(given={"order": 7})).next()
    wait = wait_of(drive.notes[0])
    assert (wait.kind, wait.name, wait.match) == ("EVENT", "order.paid", "event.data.order == input.order")
    assert wait.variables == {"input": {"order": 7}}
    assert drive.last["w"].due_time == START + 2 * DAY
    assert ended(drive.resolve("w", {"type": "order.paid"})).output == {"w": {"type": "order.paid"}}


def test_secrets_are_not_stored_with_a_wait():
    class Leaky(Fn):
        def needed(self, values):
            return {"secrets": values["secrets"]}

    match_ = Leaky(lambda _: None, "event.data.key == secrets.key")
    drive = Drive(define(step("w", "wait_event", config={"type": "a.b"}, expressions={"match": match_}))).next()
    assert failed(drive).code == "EXPRESSION_FAILED"
    assert all(note.wait is None for note in drive.notes)


@pytest.mark.parametrize(
    ("kind", "config", "code"),
    [
        ("wait_event", {"type": "a.b"}, "TIMEOUT"),
        ("signal", {"name": "go"}, "TIMEOUT"),
        ("approval", {"title": "Well?"}, "EXPIRED"),
        ("sub_workflow", {"workflow": "other"}, "TIMEOUT"),
    ],
)
def test_what_does_not_come_in_time_is_a_failure(kind, config, code):
    drive = Drive(define(step("w", kind, config={**config, "timeout": "1h"}))).next().pass_time()
    assert failed(drive).code == code
    assert drive.now == START + timedelta(hours=1)


def test_the_timeout_of_the_step_bounds_a_wait_too():
    drive = Drive(define(step("w", "signal", config={"name": "go", "timeout": "2h"}, timeout=60.0))).next()
    assert drive.last["w"].due_time == START + timedelta(minutes=1)


def test_a_wait_without_a_timeout_is_over_after_a_year():
    drive = Drive(define(step("w", "signal", config={"name": "go"})), facts(timeout=500 * DAY)).next()
    assert drive.due == START + 365 * DAY


def test_what_came_in_time_counts_though_it_is_told_late():
    drive = Drive(define(step("w", "signal", config={"name": "go", "timeout": "1h"}))).next()
    drive.now += timedelta(hours=2)
    assert ended(drive.resolve("w", "hello")).output == {"w": "hello"}


def test_what_comes_for_no_wait_is_passed_over():
    drive = Drive(define(step("w", "signal", config={"name": "go"}), work("b"))).next().resolve("w", 1)
    assert drive.machine.resolve("w", 2, drive.now) is None
    assert drive.machine.resolve("b", 2, drive.now) is None
    assert drive.machine.resolve("nothing", 2, drive.now) is None


def test_a_machine_that_was_just_rebuilt_takes_what_came():
    drive = Drive(define(step("w", "signal", config={"name": "go"}), work("b", "w"))).next()
    drive.crash()
    note = drive.machine.resolve("w", 5, drive.now)
    assert note is not None
    assert note.record.output == 5
    drive.write(note)
    assert set(drive.next().tasks) == {"b"}


def test_an_approval_tells_what_is_to_be_decided():
    config = {"title": "Pay?", "description": "Much.", "form": {"type": "object"}, "approvers": ["usr_1"]}
    drive = Drive(define(step("w", "approval", config=config))).next()
    assert wait_of(drive.notes[0]).kind == "APPROVAL"
    assert wait_of(drive.notes[0]).data == config
    said = {"state": "APPROVED", "data": {"x": 1}, "comment": "Fine.", "decider": "usr_1"}
    drive.resolve("w", said)
    assert drive.last["w"].output == {"data": {"x": 1}, "comment": "Fine.", "decider": "usr_1"}


def test_a_rejected_approval_is_a_failure():
    drive = Drive(define(step("w", "approval", config={"title": "Pay?"}))).next()
    drive.resolve("w", {"state": "REJECTED", "data": None, "comment": "No.", "decider": "usr_1"})
    assert failed(drive).code == "REJECTED"
    assert failed(drive).details["comment"] == "No."


def child(**config):
    return Drive(define(step("w", "sub_workflow", config={"workflow": "other", **config}))).next()


def test_a_child_is_set_up_with_the_record_and_waited_for():
    drive = child(input={"a": 1}, version=2)
    wait = wait_of(drive.notes[0])
    assert wait.kind == "EXECUTION"
    assert wait.data["input"] == {"a": 1}
    assert wait.data["version"] == 2
    assert wait.data["wait"] is True
    assert ids.time_of(ids.decode("exe", wait.data["execution_id"])) == START
    said = {"execution_id": wait.name, "state": SUCCEEDED, "output": 9, "error": None}
    assert ended(drive.resolve("w", said)).output == {"w": {"execution_id": wait.name, "output": 9}}


def test_a_child_that_fails_fails_the_step():
    drive = child()
    drive.resolve("w", {"execution_id": "exe_x", "state": FAILED, "output": None, "error": {"code": "X"}})
    assert failed(drive).code == "CHILD_FAILED"
    assert failed(drive).details["error"] == {"code": "X"}


def test_a_child_that_nobody_waits_for_is_set_up_and_the_step_ends():
    drive = child(wait=False)
    note = drive.notes[0]
    assert note.record.status == SUCCEEDED
    assert note.record.output == {"execution_id": wait_of(note).data["execution_id"]}
    assert wait_of(note).data["wait"] is False
    assert ended(drive).state == SUCCEEDED


def test_children_start_children_only_so_deep():
    drive = Drive(define(step("w", "sub_workflow", config={"workflow": "other"})), facts(depth=10)).next()
    assert failed(drive).code == "DEPTH_LIMIT"


def test_a_wait_that_is_not_wanted_is_not_set_up():
    drive = Drive(define(step("w", "signal", config={"name": "go"}, condition=const(value=False)))).next()
    assert [note.wait for note in drive.notes] == [None]
