"""The runner: one asyncio loop that drives machines and makes attempts, and threads beside it that claim and record.

Whatever a machine notes is written before the tasks that follow from it begin. What only waits is let go of; it costs
nothing until it is due or something comes for it.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from uuid import UUID

import structlog

from server.core import clock, tenancy
from server.core.db import db
from server.core.errors import Unavailable
from server.core.telemetry import metrics
from server.workflows.engine.step_types import Effect, Result, Types
from server.workflows.engine.types import FAILED, Ending, StepError, Task
from server.workflows.queries import claiming
from server.workflows.queries import loading as queries
from server.workflows.service import loading
from server.workflows.service.loading import Execution
from server.workflows.service.recording import Entry, Written
from workers.running import attempts
from workers.running.claimer import GATHER_SECONDS, POLL_SECONDS, Brought, Claimer
from workers.running.recorder import Recorder
from workers.running.run import Run
from workers.stopping import Stop

_AWAY_S: Final = 0.5
#: How long running steps of a cancelled execution get to end.
_CANCEL_GRACE_S: Final = 10.0
#: How long they get when the process is told to stop.
_STOP_GRACE_S: Final = 1.5
_FAULT: Final = Ending(FAILED, error=StepError("INTERNAL", "The engine could not go on with the execution."))
_log = structlog.get_logger("runner")


class Runner:
    """Runs executions until told to stop."""

    def __init__(
        self, runner_id: UUID, *, types: Types, services: Any, most: int, concurrency: int, stop: Stop
    ) -> None:
        self._runner_id, self._stop, self._types, self._services = runner_id, stop, types, services
        self._most = most
        self._room = asyncio.Semaphore(concurrency)
        self._runs: dict[UUID, Run] = {}
        self._claimer = Claimer(types)
        self._claims = ThreadPoolExecutor(1, "claims")
        self._records = ThreadPoolExecutor(1, "records")
        self._recorder = Recorder(self._records, self._written)
        self._woken = asyncio.Event()
        self._away = False
        self._full = False
        self._reads: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Look for what may go on, now. Of the loop's thread."""
        self._woken.set()

    def died(self, runner_id: UUID) -> None:
        """Abandon everything and begin anew under another id: others have taken what was ours."""
        self._runner_id = runner_id
        for run in list(self._runs.values()):
            self._forget(run)
        self._woken.set()

    async def run(self) -> None:
        """Claim and run until told to stop; then record what is left and give the rest to others."""
        recording_task = asyncio.create_task(self._recorder.run())
        try:
            while not self._stop.is_set():
                await self._turn()
        finally:
            await self._land()
            self._recorder.close()
            await recording_task
            await asyncio.get_running_loop().run_in_executor(self._claims, self._leave)
            for executor in (self._claims, self._records):
                await asyncio.get_running_loop().run_in_executor(executor, _close)
                executor.shutdown()

    async def _turn(self) -> None:
        self._woken.clear()
        room = self._most - len(self._runs)
        asked = {run_id: run.serial for run_id, run in self._runs.items() if run.wants_answers and run.unwritten == 0}
        began = time.monotonic()
        runner_id = self._runner_id
        await self._give_back(runner_id)
        try:
            brought = await asyncio.get_running_loop().run_in_executor(
                self._claims, self._claimer.look, runner_id, room, list(asked)
            )
        except Unavailable:
            if not self._away:
                _log.warning("away; executions wait in the database", part="database")
            self._away = True
            await self._wait(_AWAY_S)
            return
        except Exception as error:  # noqa: BLE001 - what is under way goes on, and the next claim may go well
            _log.exception("claiming failed; executions wait", exc_info=error)
            await self._wait(POLL_SECONDS)
            return
        self._away = False
        self._full = len(brought.loaded) >= room
        if runner_id == self._runner_id:
            self._take(brought)
        self._hear(brought, asked)
        if not brought.loaded and not any(run.wants_answers and not run.unwritten for run in self._runs.values()):
            await self._wait(brought.pause)
        await asyncio.sleep(max(began + GATHER_SECONDS - time.monotonic(), 0))

    async def _give_back(self, runner_id: UUID) -> None:
        """Let others have what was claimed and is not run here."""
        if not self._claimer.doubtful:
            return
        running = list(self._runs)
        try:
            await asyncio.get_running_loop().run_in_executor(self._claims, self._claimer.give_back, runner_id, running)
        except Unavailable:
            return
        except Exception as error:  # noqa: BLE001 - they are given back with the next turn
            _log.exception("giving back failed", exc_info=error)

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), seconds)
        except TimeoutError:
            return

    def _take(self, brought: Brought) -> None:
        now = clock.now()
        for execution in brought.lost:
            error = StepError("DEFINITION_INVALID", "This version of the workflow cannot be run any more.")
            self._recorder.add(Entry(execution, (), ending=Ending(FAILED, error=error)))
        for execution in brought.loaded:
            metrics.WORKFLOW_LAG_SECONDS.observe(max((now - execution.row.ready_time).total_seconds(), 0.0))
            try:
                run = Run(execution, self._types)
            except Exception as error:  # noqa: BLE001 - a fault of ours must not keep the execution from its end
                _log.exception("the engine failed; the execution ends", exc_info=error)
                self._recorder.add(Entry(execution, (), ending=_FAULT))
                continue
            self._runs[execution.row.id] = run
            if execution.row.cancel_time is not None:
                self._give_grace(run)
            self._answer(run, execution.answers)
        self._recorder.active = len(self._runs)
        metrics.WORKFLOWS_RUNNING.set(len(self._runs))

    def _hear(self, brought: Brought, asked: Mapping[UUID, int]) -> None:
        """Act on wishes, and on answers to what was asked, unless an execution went on meanwhile."""
        for wish in brought.wishes:
            run = self._runs.get(wish.id)
            if run is None:
                continue
            run.wants_answers = True
            pausing, run.pausing = run.pausing, wish.pause and wish.cancel_time is None
            if pausing != run.pausing:
                self._step(run)
            if wish.cancel_time is not None and run.grace is None:
                run.machine.cancel(clock.now())
                self._give_grace(run)
                self._step(run)
        for run_id, serial in asked.items():
            run = self._runs.get(run_id)
            if run is not None and run.serial == serial and run.unwritten == 0:
                run.wants_answers = False
                self._answer(run, brought.answers.get(run_id, {}))

    def _answer(self, run: Run, answers: Mapping[str, Any]) -> None:
        """Tell an execution what came for it, and go on with it."""
        try:
            run.answer(dict(answers), clock.now())
        except Exception as error:  # noqa: BLE001 - as above
            _log.exception("the engine failed; the execution ends", exc_info=error)
            self._fail(run)
            return
        self._step(run)

    def _give_grace(self, run: Run) -> None:
        run.grace = asyncio.get_running_loop().call_later(_CANCEL_GRACE_S, self._cut_off, run)

    def _cut_off(self, run: Run) -> None:
        for _, attempt in run.tasks.values():
            attempt.cancel()

    def _step(self, run: Run) -> None:
        """Ask the machine what is next and have it written or begun."""
        if run.ended:
            return
        if run.timer is not None:
            run.timer.cancel()
            run.timer = None
        now = clock.now()
        try:
            entry, moves = run.next(now)
        except Exception as error:  # noqa: BLE001 - a fault of ours must not keep the execution from its end
            _log.exception("the engine failed; the execution ends", exc_info=error)
            self._fail(run)
            return
        if entry is not None:
            self._recorder.add(entry)
        else:
            self._begin(run, moves.tasks)
        if run.machine.stopping and run.tasks and run.grace is None:
            self._give_grace(run)
        if moves.due_time is not None and moves.ending is None and (entry is None or entry.rest is None):
            seconds = max((moves.due_time - now).total_seconds(), 0.0)
            run.timer = asyncio.get_running_loop().call_later(min(seconds, 3600.0), self._step, run)

    def _fail(self, run: Run) -> None:
        execution = run.execution
        run.unwritten += 1
        run.ended = True
        self._recorder.add(Entry(execution, (), ending=_FAULT, epoch=execution.epoch))

    def _begin(self, run: Run, tasks: Sequence[Task]) -> None:
        for task in tasks:
            attempt = asyncio.create_task(self._attempt(run, task))
            run.tasks[task.path] = (task, attempt)

    async def _attempt(self, run: Run, task: Task) -> None:
        """Make an attempt and tell the machine of it."""
        epoch = run.execution.epoch
        made: attempts.Attempt | None = None
        key = b""
        try:
            async with self._room:
                kind = self._types[task.step.type]
                if task.step.cache_ttl is not None:
                    key = attempts.cache_key(run.execution, task)
                    made = await self._remembered(run.execution, key)
                if made is None and isinstance(kind, Effect):
                    made = await attempts.make(run.execution, task, kind, self._services)
                elif made is None:
                    error = StepError("INTERNAL", f"{task.step.type} is no type of step that a runner makes.")
                    made = attempts.Attempt(None, error, ())
        except asyncio.CancelledError:
            if run.execution.epoch != epoch or run.ended:
                raise
        self._attempted(run, task, made, key)

    def _attempted(self, run: Run, task: Task, made: attempts.Attempt | None, key: bytes) -> None:
        now = clock.now()
        run.tasks.pop(task.path, None)
        if run.ended:
            return
        try:
            if made is None:
                run.note(run.machine.abandon(task, now))
            elif made.result is not None:
                row = attempts.cached(run.execution, task, key, made.result)
                run.note(run.machine.succeed(task, made.result, now, made.lines), cached=row)
            elif made.error is not None:
                run.note(run.machine.fail(task, made.error, now, made.lines))
        except Exception as error:  # noqa: BLE001 - as above
            _log.exception("the engine failed; the execution ends", exc_info=error)
            self._fail(run)
            return
        self._step(run)

    async def _remembered(self, execution: Execution, key: bytes) -> attempts.Attempt | None:
        """What the step gave before for the same inputs, if that is to be remembered still."""

        def read() -> str | None:
            with tenancy.reading():
                return queries.cached(execution.row.workspace_id, key, now=clock.now())

        try:
            found = await asyncio.get_running_loop().run_in_executor(self._claims, read)
        except Unavailable:
            return None
        return None if found is None else attempts.Attempt(Result(loading.read_json(found)), None, ())

    def _written(self, written: Sequence[Written]) -> None:
        """Go on with what is durable now."""
        for one in written:
            run = self._runs.get(one.entry.execution.row.id)
            if run is None or run.execution is not one.entry.execution:
                continue
            run.unwritten -= 1
            if one.refused:
                self._start_again(run)
            elif one.lost:
                if one.entry.epoch == run.execution.epoch:
                    self._claimer.doubtful.add(run.execution.claim)
                    self._forget(run)
            elif one.entry.ending is not None or one.released:
                self._forget(run)
            else:
                self._go_on(run, one)
        self._recorder.active = len(self._runs)
        metrics.WORKFLOWS_RUNNING.set(len(self._runs))
        if self._full and len(self._runs) < self._most:
            self._woken.set()

    def _go_on(self, run: Run, one: Written) -> None:
        run.pending -= len(one.entry.tasks)
        self._begin(run, one.entry.tasks)
        answers = run.execution.answers
        if one.poked:
            run.wants_answers = True
            self._woken.set()
        if answers:
            came = dict(answers)
            answers.clear()
            self._answer(run, came)
        elif run.more:
            self._step(run)

    def _start_again(self, run: Run) -> None:
        """Read the execution again: what is recorded differs from what was decided."""
        tasks = [attempt for _, attempt in run.tasks.values()]
        run.tasks.clear()
        for attempt in tasks:
            attempt.cancel()
        reading = asyncio.create_task(self._reread(run))
        self._reads.add(reading)
        reading.add_done_callback(self._reads.discard)

    async def _reread(self, run: Run) -> None:
        def read() -> None:
            with tenancy.reading():
                loading.read_history([run.execution])

        while True:
            try:
                await asyncio.get_running_loop().run_in_executor(self._claims, read)
                break
            except Unavailable:
                await asyncio.sleep(_AWAY_S)
        run.rebuild()
        self._answer(run, run.execution.answers)

    def _forget(self, run: Run) -> None:
        run.let_go()
        if self._runs.get(run.execution.row.id) is run:
            del self._runs[run.execution.row.id]

    async def _land(self) -> None:
        """Let what is under way end; what takes too long is made again by whoever has the execution next."""
        attempts_left = [attempt for run in self._runs.values() for _, attempt in run.tasks.values()]
        if attempts_left:
            await asyncio.wait(attempts_left, timeout=_STOP_GRACE_S)
        for run in list(self._runs.values()):
            if run.unwritten == 0:
                self._forget(run)

    def _leave(self) -> None:
        try:
            with tenancy.transaction():
                claiming.leave(self._runner_id)
        except Unavailable:
            _log.warning("away; what is left is taken up when the lease is over", part="database")


def _close() -> None:
    if not db.is_closed():
        db.close()
