"""What the queries on workflows, versions, triggers, secrets and days are called with in test_queries.py."""

from datetime import timedelta
from typing import Any

from server.core import ids
from server.workflows.queries import days, purging, secrets, triggers, workflows
from server.workflows.queries.secrets import SecretRow
from server.workflows.queries.triggers import TriggerRow
from server.workflows.queries.workflows import WorkflowRow
from tests.contract.cast import NOW, Cast, Example, row_id


def examples(cast: Cast) -> list[Example]:
    """All examples about one cast."""
    place = cast.workspace
    workflow = row_id(41, 1 if cast.name == "heavy" else 4321)
    others: dict[str, Any] = {"states": {"DRAFT", "PAUSED"}, "names": (None, ("a", "b"))}
    new = WorkflowRow(ids.new(), place, "new", "", "", "DRAFT", 1, {}, [], 1, NOW, NOW, None)
    trigger = TriggerRow(
        workflow,
        "new",
        place,
        "EVENT",
        1,
        "order.paid",
        None,
        {},
        paused=False,
        next_time=None,
        last_time=None,
        last_execution_id=None,
    )
    secret = SecretRow(place, "NEW", NOW, NOW)
    return [
        cast.app(workflows.get, place, workflow),
        cast.app(workflows.lock, place, workflow),
        cast.app(workflows.latest, place, workflow),
        *(
            cast.app(workflows.page_of, place, after=after, limit=51, **filtered)
            for after in (None, workflow)
            for filtered in ({}, {"states": {"ACTIVE"}}, others, {"names": ("workflow-1", ())})
        ),
        cast.app(workflows.count, place, most=1000),
        cast.app(workflows.insert, new),
        cast.app(workflows.update, place, workflow, description="New"),
        cast.app(workflows.add_version, new._replace(id=workflow, version=4), {"steps": []}, creator="usr_1"),
        cast.app(workflows.version, place, workflow, 2),
        cast.app(workflows.versions, place, workflow, before=None, limit=51),
        cast.app(workflows.versions, place, workflow, before=3, limit=51),
        cast.app(triggers.of_workflow, place, workflow),
        cast.app(triggers.held, place, workflow),
        cast.app(triggers.put, trigger),
        cast.app(triggers.delete, place, workflow),
        cast.app(triggers.delete, place, workflow, but={"trigger1"}),
        cast.app(triggers.turn, place, workflow, "trigger2", paused=True, next_time=None),
        cast.app(secrets.get, place, "SECRET_1"),
        cast.app(secrets.page_of, place, after=None, limit=51),
        cast.app(secrets.page_of, place, after="SECRET_1", limit=51),
        cast.app(secrets.count, place, most=500),
        cast.app(secrets.insert, secret, b"sealed"),
        cast.app(secrets.update, secret._replace(name="SECRET_1"), b"sealed"),
        cast.app(secrets.delete, place, "SECRET_1"),
        cast.worker(purging.delete_some, place, 1000),
        cast.app(days.of_workflow, place, workflow, first=NOW.date() - timedelta(days=30), last=NOW.date()),
    ]
