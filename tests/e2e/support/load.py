"""Load that remembers what became of every request, so that afterwards nothing can be missing or half there."""

import threading
import time
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import uuid4

from tests.e2e.support.rest import Answer, Rest
from tests.support.database import as_owner
from udb.installation import Installation

#: What callers may be told while a part is away. Each asks them to try again.
AWAY = {"UNAVAILABLE", "UPSTREAM_UNAVAILABLE"}
#: What one workspace consists of: itself, its owner's membership, and the events of both.
WHOLE = (1, 1, 1, 1)

_PARTS = """
SELECT name,
    count(*),
    sum((SELECT count(*) FROM member
         WHERE workspace_id = workspace.id AND user_id = workspace.owner_id AND role = 'OWNER')),
    sum((SELECT count(*) FROM event WHERE workspace_id = workspace.id AND type = 'workspace.created')),
    sum((SELECT count(*) FROM event WHERE workspace_id = workspace.id AND type = 'workspace.member.added'))
FROM workspace WHERE name = ANY (%s) GROUP BY name
"""


@dataclass(frozen=True)
class Attempt:
    """One creation of a workspace whose name and idempotency key nobody else has. Times are of the monotonic clock."""

    name: str
    began: float
    ended: float
    answer: Answer

    @property
    def outcome(self) -> str:
        """OK, or why it failed."""
        return "OK" if self.answer.ok else self.answer.reason


@dataclass
class Load:
    """Creates workspaces from `threads` threads, one after the other in each, for the time of a block."""

    rest: Rest
    threads: int = 4
    attempts: list[Attempt] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _running: list[threading.Thread] = field(default_factory=list)
    _failures: list[Exception] = field(default_factory=list)

    @property
    def failed(self) -> list[Attempt]:
        """The attempts that failed, in the order in which they ended."""
        return [attempt for attempt in self.attempts if not attempt.answer.ok]

    def succeeded_since(self, moment: float) -> int:
        """How many attempts that began after `moment` have succeeded."""
        return sum(attempt.answer.ok for attempt in self.attempts if attempt.began > moment)

    def create(self, name: str) -> Attempt:
        """Create the workspace `name`, or create it again: the key is the same."""
        began = time.monotonic()
        answer = self.rest.send("POST", "/v1/workspaces", {"name": name}, headers={"idempotency-key": name})
        return Attempt(name, began, time.monotonic(), answer)

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                self.attempts.append(self.create(f"Load {uuid4()}"))
            except Exception as error:  # noqa: BLE001 - told at the end, where the test sees it
                self._failures.append(error)
                return

    def __enter__(self) -> Self:
        self._running = [threading.Thread(target=self._work) for _ in range(self.threads)]
        for thread in self._running:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._running:
            thread.join()
        if self._failures:
            raise ExceptionGroup("the load broke off", self._failures)

    def parts(self, database_url: str) -> dict[str, tuple[int, ...]]:
        """Of each workspace that there is by now, how many there are of what it consists of."""
        with as_owner(database_url) as cursor:
            cursor.execute(_PARTS, ([attempt.name for attempt in self.attempts],))
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return {name: tuple(map(int, counts)) for name, *counts in rows}


def nothing_is_half_done(load: Load, installation: Installation) -> None:
    """What was acknowledged is there as a whole; what was not is so or not at all, and can be repeated."""
    parts = load.parts(installation.database_url)
    for attempt in load.attempts:
        assert parts.get(attempt.name, WHOLE) == WHOLE, attempt
        assert not attempt.answer.ok or attempt.name in parts, attempt
    for attempt in load.failed:
        again = load.create(attempt.name)
        assert again.answer.ok, again
        assert again.answer.json["name"] == attempt.name
    parts = load.parts(installation.database_url)
    assert parts == {attempt.name: WHOLE for attempt in load.attempts}
