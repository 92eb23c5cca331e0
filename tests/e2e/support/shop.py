"""A workspace that publishes events to receivers of the test, and what became of them."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from server.core import ids
from tests.e2e.support.people import Person
from tests.e2e.support.receiver import Receiver
from tests.support.database import as_owner
from tests.support.wait import until
from udb.installation import Installation

TYPE = "order.paid"


@dataclass
class Shop:
    """A workspace that publishes events, and its endpoints by the path that they call."""

    owner: Person
    receiver: Receiver
    installation: Installation
    id: str
    endpoints: dict[str, str] = field(default_factory=dict)
    published: list[str] = field(default_factory=list)

    @property
    def place(self) -> str:
        return f"/v1/workspaces/{self.id}"

    def add(self, name: str, **fields: Any) -> None:
        """An endpoint at a path of the receiver."""
        defaults = {"url": self.receiver.url(name), "eventTypes": [TYPE], "timeout": "1s", "retryDelays": ["0s"] * 12}
        self.endpoints[name] = self.owner.rest.post(f"{self.place}/endpoints", defaults | fields)["id"]

    def publish(self, count: int, *, key: str = "") -> None:
        """Publish events, again and again until the product says that they are there."""
        number = len(self.published)
        events = [
            {"type": TYPE, "subject": "ord_1", "data": {"n": number + n}, "dedupeKey": f"{key}{number + n}"}
            | ({"orderingKey": key} if key else {})
            for n in range(count)
        ]

        def succeeds() -> list[dict[str, str]]:
            answer = self.owner.rest.send("POST", f"{self.place}/events:batchPublish", {"events": events})
            assert answer.ok or answer.status == HTTPStatus.SERVICE_UNAVAILABLE, answer
            return answer.json["events"] if answer.ok else []

        self.published += [event["id"] for event in until(succeeds, within=30, every=0.1)]

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the database; each %s is the workspace."""
        with as_owner(self.installation.database_url) as cursor:
            cursor.execute(sql, (ids.decode("ws", self.id),) * sql.count("%s"))
            return list(cursor.fetchall())

    def is_done(self) -> bool:
        """Whether nothing waits any more."""
        waiting = "SELECT (SELECT count(*) FROM event_pending), (SELECT count(*) FROM webhook_open_delivery)"
        return self.ask(waiting) == [(0, 0)]

    def problems(self) -> list[tuple[Any, ...]]:
        """What the invariant says is wrong."""
        return self.ask("SELECT problem, endpoint_id, event_id FROM webhook_undelivered")

    def attempts(self, name: str) -> list[tuple[Any, ...]]:
        """Status, error and length of the stored body of the attempts at an endpoint, each kind once."""
        endpoint = ids.decode("whe", self.endpoints[name])
        return self.ask(
            "SELECT DISTINCT status, error, length(response_body) FROM webhook_attempt"
            f" WHERE workspace_id = %s AND endpoint_id = '{endpoint}' ORDER BY 1, 2"
        )
