"""The scheduler's memory, and what keeps the table of jobs quick while it is busy."""

from typing import Any

from peewee import Database

PERIODIC_TASK = """
CREATE TABLE periodic_task (
    name text PRIMARY KEY,
    run_time timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON periodic_task TO userdata_worker;
"""

# Each job is updated twice and deleted within a second: vacuum by the number of dead rows, not by their share.
JOB = """
ALTER TABLE job SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX job_dead ON job (create_time) WHERE state = 'DEAD';
"""


def up(_migrator: Any, db: Database) -> None:
    """Make them."""
    db.cursor().execute(PERIODIC_TASK + JOB)


def down(_migrator: Any, db: Database) -> None:
    """Drop them."""
    db.cursor().execute(
        """
        DROP INDEX job_dead;
        ALTER TABLE job RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
        DROP TABLE periodic_task;
        """
    )
