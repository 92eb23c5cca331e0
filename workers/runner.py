"""One attempt at one job: take it, do it, end it, and tell what happened."""

import re
import time
from collections.abc import Callable
from typing import Final
from uuid import UUID

import psycopg2
import structlog
from google.protobuf.message import DecodeError, Message

from server.core import call, clock, ids, tenancy
from server.core.call import Call
from server.core.errors import DomainError, Unavailable
from server.core.mail import Letter
from server.core.telemetry import metrics, traces
from workers import queries, retries
from workers.leases import Leases
from workers.queries import Taken
from workers.registry import HANDLERS, Handler
from workers.retries import GiveUp

#: Sends a letter; the id of the job makes its Message-ID.
Deliver = Callable[[Letter, UUID], None]

_LONGEST_ERROR: Final = 500
_SECRET: Final = re.compile(r"[\w-]{32,}|(?<=://)[^/@\s]+(?=@)")
_PATIENCE_S: Final = 60.0
_log = structlog.get_logger("worker")


class LeaseLost(Exception):
    """Another worker has the job; what this one did for it in the database is undone."""


class Runner:
    """Works on jobs, one at a time per thread."""

    def __init__(self, leases: Leases, deliver: Deliver, pause: Callable[[float], object] = time.sleep) -> None:
        self._leases, self._deliver, self._pause = leases, deliver, pause

    def run(self, job_id: UUID) -> None:
        """Make an attempt at a job, unless it is done, in work or called back. Raises Unavailable before it began."""
        job = queries.take(job_id, until=self._leases.end())
        if job is None:
            return
        name = job.type.rpartition(".")[2]
        with (
            self._leases.held(job.id),
            traces.span(name, job.trace_parent, job=str(job.id)) as trace_parent,
            call.serving(Call(request_id=ids.encode("job", job.id), trace_parent=trace_parent)),
        ):
            began = time.perf_counter()
            outcome = self._attempt(job)
            seconds = time.perf_counter() - began
            metrics.JOB_SECONDS.labels(job.type).observe(seconds)
            metrics.JOBS.labels(job.type, outcome).inc()
            _log.info("job ended", type=job.type, outcome=outcome, attempt=job.attempts, seconds=round(seconds, 4))

    def _attempt(self, job: Taken) -> str:
        """Do the job; gives the outcome as the metrics name it."""
        try:
            handler = HANDLERS[job.type]
            message = _decoded(job, handler)
            if handler.work is not None:
                _in_transaction(handler.work, message, job)
            elif handler.compose is not None:
                self._send(handler.compose, message, job)
        except LeaseLost:
            _log.warning("lease lost: another worker has the job", type=job.type)
            return "lost"
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is a failed attempt
            return self._failed(job, error)
        return "done"

    def _send(self, compose: Callable[[Message], Letter | None], message: Message, job: Taken) -> None:
        letter = compose(message)
        if letter is not None:
            self._deliver(letter, job.id)
        # The mail is out: a database that is away for a moment must not send it twice.
        if not self._surely(lambda: queries.finish(job)):
            raise LeaseLost

    def _failed(self, job: Taken, error: Exception) -> str:
        hopeless = isinstance(error, GiveUp) or job.attempts >= retries.MOST_ATTEMPTS
        run_time = None if hopeless else clock.now() + retries.delay(job.attempts)
        text = describe(error)
        tell = _log.error if hopeless else _log.warning
        tell(
            "job is dead" if hopeless else "job failed",
            type=job.type,
            attempt=job.attempts,
            error=text,
            next_attempt=run_time and run_time.isoformat(),
            exc_info=None if _is_expected(error) else error,
        )
        try:
            self._surely(lambda: queries.fail(job, error=text, run_time=run_time))
        except Unavailable:
            _log.warning("failure not noted: the database is away; the lease brings the job back", type=job.type)
        return "dead" if hopeless else "failed"

    def _surely(self, statement: Callable[[], bool]) -> bool:
        """Run a statement, again and again for a minute while the database is away. Raises Unavailable after it."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                return statement()
            except Unavailable:
                if time.monotonic() > deadline:
                    raise
            self._pause(0.5)


def _decoded(job: Taken, handler: Handler) -> Message:
    try:
        return handler.message.FromString(job.payload)
    except DecodeError as error:
        raise GiveUp(f"The payload is not a {job.type}.") from error


def _in_transaction(work: Callable[[Message], None], message: Message, job: Taken) -> None:
    with tenancy.transaction():
        work(message)
        if not queries.finish(job):
            raise LeaseLost


def _is_expected(error: Exception) -> bool:
    """Whether the text of an error says enough, without a stack trace."""
    return isinstance(error, GiveUp | DomainError | OSError)


def describe(error: Exception) -> str:
    """What a row and the log keep of an error: its kind and first line, bounded, without what may be a secret."""
    cause = error.__cause__
    if isinstance(cause, psycopg2.Error):
        # The detail of a database's error quotes the row.
        text = cause.diag.message_primary or type(cause).__name__
    else:
        text = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {_SECRET.sub('***', text)}"[:_LONGEST_ERROR]
