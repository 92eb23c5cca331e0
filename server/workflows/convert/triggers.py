"""Triggers."""

from google.protobuf.json_format import ParseDict

from server.core import ids
from server.workflows.queries.triggers import TriggerRow
from userdata.workflows.v1.definition_pb2 import TriggerDefinition
from userdata.workflows.v1.trigger_pb2 import Trigger


def trigger(row: TriggerRow) -> Trigger:
    """A trigger as the contract shows it."""
    return Trigger(
        id=row.key,
        workflow_id=ids.encode("wf", row.workflow_id),
        version=row.version,
        kind=f"TRIGGER_KIND_{row.kind}",
        definition=ParseDict(row.definition, TriggerDefinition()),
        paused=row.paused,
        next_time=row.next_time,
        last_time=row.last_time,
        last_execution_id=ids.encode("exe", row.last_execution_id) if row.last_execution_id else "",
    )
