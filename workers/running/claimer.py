"""Looking at the database for a runner: what it may claim, what came for what it runs, and what it has to give back.

All of it is done by one thread, a turn at a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog

from server.core import clock, ids, tenancy
from server.core.db import db
from server.workflows.engine.step_types import Types
from server.workflows.queries import claiming
from server.workflows.queries import loading as queries
from server.workflows.queries.claiming import ClaimedRow
from server.workflows.queries.loading import WishRow
from server.workflows.service import loading
from server.workflows.service.loading import Execution, Library

#: Without a word, the database is looked at this often.
POLL_SECONDS: Final = 1.0
#: Turns are this far apart while there is work: what becomes ready comes together.
GATHER_SECONDS: Final = 0.004
_LANES: Final = 200
_FIRED: Final = 1000
_POKES: Final = 500
_FIRST: Final = UUID(int=0)
_log = structlog.get_logger("runner")


@dataclass(slots=True)
class Brought:
    """What a turn brought. Those of `lost` have a version that cannot be run; `pause` is how long nothing is due."""

    loaded: list[Execution] = field(default_factory=list)
    lost: list[Execution] = field(default_factory=list)
    wishes: list[WishRow] = field(default_factory=list)
    answers: Mapping[UUID, Mapping[str, Any]] = field(default_factory=dict)
    pause: float = POLL_SECONDS


class Claimer:
    """Claims for one runner. `doubtful` are claims of which the runner may not have all that they took."""

    def __init__(self, types: Types) -> None:
        self._library = Library(types)
        self._after = _FIRST
        self._is_unsure = False
        self.doubtful: set[UUID] = set()

    def look(self, runner_id: UUID, room: int, asked: Sequence[UUID]) -> Brought:
        """Claim at most about `room` executions, and read what came for those that are `asked` about."""
        brought = Brought()
        rows: list[ClaimedRow] = []
        claim_id, now = ids.new(), clock.now()
        # Whatever goes wrong between the claim and its executions being in memory: they are given back.
        self.doubtful.add(claim_id)
        was_unsure, self._is_unsure = self._is_unsure, True
        with tenancy.transaction():
            db.scope.prefix += claiming.PLANS + claiming.UNFLUSHED
            claiming.fire(_FIRED, now=now)
            if room > 0:
                rows = self._claim(runner_id, room, claim_id, now)
            if was_unsure:
                # What the turn that failed would have told is told again.
                queries.poke_all(runner_id)
            brought.wishes = queries.poked(runner_id, _POKES)
            if not rows:
                due = claiming.next_time()
                brought.pause = POLL_SECONDS if due is None else (due - now).total_seconds()
        with tenancy.reading():
            if rows:
                brought.loaded, brought.lost = self._library.load(rows, claim=claim_id)
            if asked:
                brought.answers = loading.read_answers(asked)
        self.doubtful.discard(claim_id)
        self._is_unsure = False
        brought.pause = min(max(brought.pause, GATHER_SECONDS), POLL_SECONDS)
        return brought

    def give_back(self, runner_id: UUID, running: Sequence[UUID]) -> None:
        """Let others have what was claimed and is not run: its claim, its loading or its recording failed."""
        claims = set(self.doubtful)
        with tenancy.transaction():
            count = claiming.give_back(runner_id, claims, but=running)
        self.doubtful -= claims
        if count:
            _log.warning("executions that could not be run here are given back", count=count)

    def _claim(self, runner_id: UUID, room: int, claim_id: UUID, now: datetime) -> list[ClaimedRow]:
        """Claim from the workspaces that follow those that were served last; past the last one, from the first."""
        after, self._after = self._after, _FIRST
        lanes = min(room, _LANES)
        rows = claiming.claim(runner_id, room, claim_id=claim_id, after=after, lanes=lanes, now=now)
        if len({row.workspace_id for row in rows}) == lanes:
            self._after = max(row.workspace_id for row in rows)
        if not rows and after != _FIRST:
            rows = claiming.claim(runner_id, room, claim_id=claim_id, after=_FIRST, lanes=lanes, now=now)
        return rows
