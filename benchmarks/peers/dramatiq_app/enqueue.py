"""Publishes: writes events and their deliveries, then a message for each. Reads {"urls", "data", "count"} as JSON."""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.types.json import Jsonb

from benchmarks.peers.dramatiq_app.app import deliver

SCHEMA = Path(__file__).parent / "schema.sql"


def main() -> None:
    """Does it, after everything of the last time is forgotten."""
    asked: dict[str, Any] = json.load(sys.stdin)
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        connection.execute(SCHEMA.read_text())
        for delivery_id in fill(connection, **asked):
            deliver.send(delivery_id)


def fill(connection: psycopg.Connection[Any], *, urls: list[str], data: dict[str, Any], count: int) -> list[int]:
    """One event and one delivery for each number, the endpoints in turn; commits.

    Returns:
        The deliveries' ids.
    """
    moment = datetime.now(UTC)
    connection.execute("TRUNCATE endpoint, webhook_event, delivery")
    with connection.cursor() as cursor:
        rows = [(at, url, os.urandom(32)) for at, url in enumerate(urls)]
        cursor.executemany("INSERT INTO endpoint VALUES (%s, %s, %s)", rows)
        events = [uuid4() for _ in range(count)]
        with cursor.copy("COPY webhook_event (id, type, data, create_time) FROM STDIN") as copy:
            for event_id in events:
                copy.write_row((event_id, "bench.order", Jsonb(data), moment))
        columns = "endpoint_id, event_id, state, attempts, error, response, create_time, update_time"
        with cursor.copy(f"COPY delivery ({columns}) FROM STDIN") as copy:
            for at, event_id in enumerate(events):
                copy.write_row((at % len(urls), event_id, "PENDING", 0, "", "", moment, moment))
        cursor.execute("SELECT id FROM delivery ORDER BY id")
        delivery_ids = [row[0] for row in cursor.fetchall()]
    connection.commit()
    return delivery_ids


if __name__ == "__main__":
    main()
