"""The life of a row of table `job`, one statement a step. Written as SQL: the hot path, and locking is its point.

    READY ──claim──▶ SENT ──take──▶ RUNNING ──finish──▶ (gone)
      ▲               │                │  └──fail────▶ READY later, or DEAD
      │◀──unclaim─────┤                │
      └◀──reclaim─────┴────────────────┘      (lease over)

`attempts` is the fence: each `take` raises it, and who holds an earlier value may not end the attempt. A worker that
was away so long that another one took its job finds that it holds nothing any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from server.core.db import Statement, db
from server.core.jobs import CHANNEL
from workers.retries import MOST_ATTEMPTS

#: What a job says that was in work when its lease ended.
DIED: Final = "The worker died, or lost the database for longer than its lease."
_KEEP_DEAD: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Taken:
    """A job that this thread may work on, at attempt number `attempts`."""

    id: UUID
    type: str
    payload: bytes
    attempts: int
    trace_parent: str


# With an array of ids and not a join: a join may read the whole table to find a hundred rows.
_CLAIM: Final = """
UPDATE job SET state = 'SENT',
    lease_time = %(now)s + LEAST(%(lease)s + (%(now)s - run_time) / 2, interval '1 hour')
WHERE id = ANY (ARRAY(
    SELECT id FROM job WHERE state = 'READY' AND run_time <= %(now)s
    ORDER BY run_time LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
RETURNING id, type
"""


def claim(*, now: datetime, lease: timedelta, limit: int) -> list[tuple[UUID, str]]:
    """Mark at most `limit` due jobs as SENT; gives their ids and types.

    Who does not take them within `lease` and half the time they have waited already lets them be sent again: jobs that
    nobody takes are sent ever more rarely, so that they do not fill the broker.
    """
    return db.execute_sql(_CLAIM, {"now": now, "lease": lease, "limit": limit}).fetchall()  # type: ignore[no-any-return]


def unclaim(ids: Sequence[UUID]) -> None:
    """Make jobs READY again that were claimed, and were not sent or will not be taken."""
    if ids:
        db.execute_sql(
            "UPDATE job SET state = 'READY', lease_time = NULL WHERE id = ANY(%s) AND state = 'SENT'", (list(ids),)
        )


def wake_relay() -> None:
    """Have a relay look for due jobs now."""
    db.execute_sql(f"NOTIFY {CHANNEL}")


_RECLAIM: Final = """
UPDATE job SET lease_time = NULL,
    state = CASE WHEN attempts >= %(most)s THEN 'DEAD' ELSE 'READY' END,
    error = CASE WHEN state = 'RUNNING' THEN %(died)s ELSE error END
WHERE id = ANY (ARRAY(
    SELECT id FROM job WHERE state IN ('SENT', 'RUNNING') AND lease_time <= %(now)s
    ORDER BY lease_time LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
RETURNING id, type, state
"""


def reclaim(*, now: datetime, limit: int) -> list[tuple[UUID, str, str]]:
    """Take back at most `limit` jobs whose lease is over; gives ids, types and their new states, READY or DEAD."""
    values = {"now": now, "limit": limit, "most": MOST_ATTEMPTS, "died": DIED}
    return db.execute_sql(_RECLAIM, values).fetchall()  # type: ignore[no-any-return]


def sent() -> int:
    """How many jobs are with the broker."""
    count: int = db.execute_sql("SELECT count(*) FROM job WHERE state = 'SENT'").fetchone()[0]
    return count


_TAKE: Final = Statement("""
UPDATE job SET state = 'RUNNING', attempts = attempts + 1, lease_time = %s
WHERE id = %s AND state = 'SENT' RETURNING id, type, payload, attempts, trace_parent
""")


def take(job_id: UUID, *, until: datetime) -> Taken | None:
    """Start an attempt at a job, with a lease `until`; None when the job is gone, taken or not sent."""
    # A crash of the database may forget that a job was taken (measured: a third more jobs a second), so the fence is an
    # upper bound: who took it can still end it.
    db.scope.prefix += "SET LOCAL synchronous_commit = off;"
    row = db.execute_sql(_TAKE, (until, job_id)).fetchone()
    return row and Taken(row[0], row[1], bytes(row[2]), row[3], row[4])


def renew(ids: Sequence[UUID], *, until: datetime) -> None:
    """Lengthen the leases of jobs that are still being worked on."""
    db.execute_sql("UPDATE job SET lease_time = %s WHERE id = ANY(%s) AND state = 'RUNNING'", (until, list(ids)))


_FINISH: Final = Statement("DELETE FROM job WHERE id = %s AND attempts <= %s")


def finish(job: Taken) -> bool:
    """Delete a job that is done; False when this attempt no longer holds it."""
    return bool(db.execute_sql(_FINISH, (job.id, job.attempts)).rowcount)


def fail(job: Taken, *, error: str, run_time: datetime | None) -> bool:
    """End an attempt that failed: READY again at `run_time`, or DEAD; False when it no longer holds the job."""
    sql = """UPDATE job SET state = %s, error = %s, run_time = COALESCE(%s, run_time), lease_time = NULL
             WHERE id = %s AND attempts <= %s"""
    state = "DEAD" if run_time is None else "READY"
    return bool(db.execute_sql(sql, (state, error, run_time, job.id, job.attempts)).rowcount)


def held(*, most: int) -> dict[str, int]:
    """How many jobs there are in each state, counted up to `most`."""
    sql = " UNION ALL ".join(
        f"SELECT '{state}', count(*) FROM (SELECT FROM job WHERE state = '{state}' LIMIT %s) AS counted"  # noqa: S608
        for state in ("READY", "SENT", "RUNNING", "DEAD")
    )
    return dict(db.execute_sql(sql, (most,) * 4).fetchall())


def forget_dead(*, now: datetime, limit: int) -> int:
    """Delete at most `limit` jobs that died more than 30 days after they were made; gives their number."""
    return _delete("job", "state = 'DEAD' AND create_time < %s", (now - _KEEP_DEAD,), limit)


def forget_answers(*, now: datetime, limit: int) -> int:
    """Delete at most `limit` stored answers of idempotency keys past their time; gives their number."""
    return _delete("idempotency_key", "expire_time < %s", (now,), limit)


def _delete(table: str, where: str, values: tuple[datetime, ...], limit: int) -> int:
    sql = f"""DELETE FROM {table} WHERE ctid = ANY (ARRAY(
                  SELECT ctid FROM {table} WHERE {where} LIMIT %s FOR UPDATE SKIP LOCKED))"""  # noqa: S608 - constants
    count: int = db.execute_sql(sql, (*values, limit)).rowcount
    return count
