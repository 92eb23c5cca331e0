"""Deleting in batches: bounded, the oldest first, and never waiting for others."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import psycopg2
import pytest

from server.core import tenancy
from server.core.batches import delete_some
from server.core.db import db
from server.core.models import IdempotencyKey
from tests.support.database import as_owner

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def keys(committed):
    """Five keys that expired one minute after the other, the last one now."""
    rows = [(f"key{age}", NOW - timedelta(minutes=age)) for age in range(5)]
    with as_owner(committed.url) as cursor:
        cursor.executemany("INSERT INTO idempotency_key VALUES ('usr', %s, '', '', %s)", rows)


def delete(limit: int) -> int:
    with tenancy.transaction():
        db.execute_sql("SET LOCAL ROLE userdata_worker")
        row = IdempotencyKey
        return delete_some(row, row.expire_time < NOW, oldest=row.expire_time, limit=limit)


def left() -> list[str]:
    with tenancy.reading():
        return sorted(row.key for row in IdempotencyKey.select(IdempotencyKey.key))


def test_the_oldest_go_first_and_no_more_than_the_limit(keys):
    assert delete(limit=3) == 3
    assert left() == ["key0", "key1"]


def test_what_does_not_meet_the_condition_stays(keys):
    assert delete(limit=100) == 4
    assert left() == ["key0"]
    assert delete(limit=100) == 0


def test_rows_that_others_hold_are_passed_over(keys, committed):
    with closing(psycopg2.connect(committed.url)) as other, other.cursor() as cursor:
        cursor.execute("SELECT FROM idempotency_key WHERE key = 'key4' FOR UPDATE")

        assert delete(limit=2) == 2

    assert left() == ["key0", "key1", "key4"]
