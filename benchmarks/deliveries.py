"""The product's deliveries: endpoints that each subscribe to a type of their own, and events published in bulk."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import psycopg2

from benchmarks import events
from benchmarks.costs import metered
from benchmarks.product import Person, Product, ProductError
from benchmarks.receiving import Receiver, until
from server.core import ids

BODY = 500
SLOWEST = 100
"""Deliveries per second below which a run is given up."""

# By SQL and in one transaction, so that all are committed at the same moment. What the API would write, but that it
# names nobody as the actor.
PUBLISH = """
WITH made AS MATERIALIZED (
    SELECT uuidv7() AS id, 1 + n %% cardinality(%(workspaces)s::uuid[]) AS at, n
    FROM generate_series(1, %(count)s) AS n
),
pending AS (
    INSERT INTO event_pending (event_id, event_time, workspace_id)
    SELECT id, uuid_extract_timestamp(id), (%(workspaces)s::uuid[])[at] FROM made ORDER BY n
)
INSERT INTO event (id, create_time, workspace_id, type, subject, data, actor, request_id, trace_parent)
SELECT id, uuid_extract_timestamp(id), (%(workspaces)s::uuid[])[at], (%(types)s::text[])[at], 'order_' || n, %(data)s,
    '', '', ''
FROM made
"""
UNDRAINED = "SELECT EXISTS (SELECT FROM event_pending)"
UNFINISHED = """
SELECT EXISTS (SELECT FROM event_pending)
    OR EXISTS (SELECT FROM webhook_open_delivery WHERE endpoint_id = ANY (%s::uuid[]))
"""
UNDER_WAY = """
SELECT EXISTS (SELECT FROM webhook_open_delivery WHERE endpoint_id = ANY (%s::uuid[]) AND state = 'DELIVERING')
"""
FORGET = "DELETE FROM webhook_open_delivery WHERE endpoint_id = ANY (%(endpoints)s::uuid[])"
RECORDED = """
SELECT count(*), count(*) FILTER (WHERE status = 200 AND number = 1) FROM webhook_attempt
WHERE event_time >= %s AND endpoint_id = ANY (%s::uuid[])
"""


@dataclass(frozen=True)
class Endpoint:
    """An endpoint of the product, and the type that it alone subscribes to."""

    id: str
    owner: Person
    workspace_id: str
    type: str

    @property
    def path(self) -> str:
        """Its path in the API."""
        return f"/v1/workspaces/{self.workspace_id}/endpoints/{self.id}"


@dataclass(frozen=True)
class Delivered:
    """A run of deliveries. `costs` are microseconds for each, by kind of process."""

    count: int
    seconds: float
    costs: dict[str, float]
    foreign: float

    @property
    def rate(self) -> float:
        """Deliveries per second."""
        return self.count / self.seconds


class Deliveries:
    """What the benchmark does with the deliveries of the product, with a connection as the database's owner."""

    def __init__(self, product: Product, connection: Any) -> None:
        self._product, self._connection = product, connection

    def endpoint(self, url: str, number: int, *, workspace: int | None = None, **settings: Any) -> Endpoint:
        """A new endpoint, for a new type with that number.

        Args:
            url: where it is.
            number: 0 and up.
            workspace: the number of its workspace; a workspace of its own when not given.
            settings: further fields of the contract's Endpoint.
        """
        people = self._product.people
        at = number if workspace is None else workspace
        owner = people[at % len(people)]
        workspace_id = owner.workspace_ids[at // len(people)]
        kind = f"bench.order_{number}"
        events.create_type(self._product, owner, workspace_id, kind)
        body = {"url": url, "eventTypes": [kind], **settings}
        answer = self._product.post(owner, f"/v1/workspaces/{workspace_id}/endpoints", body)
        return Endpoint(answer["id"], owner, workspace_id, kind)

    def publish(self, endpoints: list[Endpoint], count: int) -> None:
        """Writes so many events, for the endpoints in turn; `commit` publishes them."""
        values = {
            "count": count,
            "workspaces": [str(ids.decode("ws", endpoint.workspace_id)) for endpoint in endpoints],
            "types": [endpoint.type for endpoint in endpoints],
            "data": json.dumps(events.DATA),
        }
        with self._connection.cursor() as cursor:
            cursor.execute(PUBLISH, values)
            cursor.execute("NOTIFY event")

    def commit(self) -> None:
        """Ends the transaction."""
        self._connection.commit()

    def query(self, statement: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """The rows that a statement gives, in a transaction of its own."""
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute(statement, values)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows

    def execute(self, statement: str, values: dict[str, Any] | None = None) -> None:
        """Does something, in a transaction of its own."""
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute(statement, values)

    def finished(self, endpoints: list[Endpoint]) -> bool:
        """Whether no event waits to be drained and no delivery of these endpoints is open."""
        return not self.query(UNFINISHED, (uuids(endpoints),))[0][0]

    def run(self, endpoints: list[Endpoint], count: int, receiver: Receiver) -> Delivered:
        """Publishes so many events, of one delivery each, and waits until every attempt is recorded.

        The clock runs from before their commit until nothing is open. Raises LoadFailedError, and ProductError when an
        attempt was not the first and only one of its delivery.
        """
        moment, before = self.query("SELECT date_trunc('milliseconds', now())")[0][0], receiver.report().count
        self.publish(endpoints, count)

        def deliver() -> float:
            began = perf_counter()
            self.commit()
            receiver.wait(before + count, within=10 + count / SLOWEST)
            until(lambda: self.finished(endpoints), within=20, what="all attempts are recorded", every=0.005)
            return perf_counter() - began

        seconds, spent = metered(lambda: self._product.groups() | receiver.groups(), deliver)
        came, recorded = receiver.report().count - before, self.query(RECORDED, (moment, uuids(endpoints)))[0]
        if (came, *recorded) != (count, count, count):
            raise ProductError(f"{count} events became {came} requests, {recorded[0]} attempts, {recorded[1]} first.")
        return Delivered(count, seconds, spent.each(count), spent.foreign)

    def hang(self, endpoint: Endpoint, count: int, receiver: Receiver) -> None:
        """Publishes so many events for an endpoint whose receiver hangs, and waits until they are in its way."""
        before = receiver.report().count
        self.publish([endpoint], count)
        self.commit()
        receiver.wait(before + 1, within=10)
        self.drained()

    def drained(self) -> None:
        """Returns once no event waits for the drain."""
        until(lambda: not self.query(UNDRAINED)[0][0], within=120, what="all events are drained")

    def drop(self, endpoint: Endpoint, *, released: Callable[[], None]) -> None:
        """Makes an endpoint and what waits for it go away.

        Args:
            endpoint: which.
            released: called when nothing more is sent to it, so that its receiver lets go of what is under way.
        """
        self._product.post(endpoint.owner, f"{endpoint.path}:pause", {})
        released()
        mine = (uuids([endpoint]),)
        until(lambda: not self.query(UNDER_WAY, mine)[0][0], within=20, what="the receiver that hung let go")
        self.execute(FORGET, {"endpoints": uuids([endpoint])})


@contextmanager
def deliveries(product: Product) -> Iterator[Deliveries]:
    """Gives them while the block lasts."""
    with closing(psycopg2.connect(product.installation.database_url)) as connection:
        yield Deliveries(product, connection)


def uuids(endpoints: list[Endpoint]) -> list[str]:
    """Their ids as the database has them."""
    return [str(ids.decode("whe", endpoint.id)) for endpoint in endpoints]
