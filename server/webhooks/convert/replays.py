"""Replays and what they select."""

from datetime import datetime
from typing import Final

from server.core import ids
from server.webhooks.convert.times import moment
from server.webhooks.queries.replays import ReplayRow, Selection
from userdata.webhooks.v1 import replay_pb2
from userdata.webhooks.v1.replay_pb2 import Replay, ReplaySelection

_CONFIGURATION: Final = "REPLAY_CONFIGURATION_"
_FILTER: Final = "REPLAY_STATE_FILTER_"


def replay(row: ReplayRow) -> Replay:
    """A replay as the contract shows it."""
    selection = row.selection
    return Replay(
        id=ids.encode("whr", row.id),
        workspace_id=ids.encode("ws", row.workspace_id),
        selection=ReplaySelection(
            start_time=selection.start_time,
            end_time=selection.end_time,
            event_types=selection.event_types,
            endpoint_id=ids.encode("whe", row.endpoint_id) if row.endpoint_id else "",
            states=[f"{_FILTER}{state}" for state in selection.states],
        ),
        configuration=f"{_CONFIGURATION}{row.configuration}",
        rate_limit=row.rate_limit or 0,
        state=f"REPLAY_STATE_{row.state}",
        total_count=row.total,
        total_is_least=row.total_is_least,
        replayed_count=row.replayed,
        through_time=ids.time_of(row.through) if row.through else None,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def replay_preview(row: ReplayRow) -> Replay:
    """A replay that was only counted: it has no id."""
    message = replay(row)
    message.ClearField("id")
    message.ClearField("state")
    return message


def selection_of(message: ReplaySelection, *, now: datetime) -> Selection:
    """What `message` selects; without an end until `now`, and never beyond."""
    end = moment(message.end_time) if message.HasField("end_time") else now
    states = [replay_pb2.ReplayStateFilter.Name(state).removeprefix(_FILTER) for state in message.states]
    return Selection(
        start_time=moment(message.start_time),
        end_time=min(end, now),
        event_types=tuple(message.event_types),
        states=tuple(states or ("FAILED",)),
    )


def configuration_of(number: replay_pb2.ReplayConfiguration) -> str:
    """What the database calls the configuration; field rules have refused unknown numbers."""
    return replay_pb2.ReplayConfiguration.Name(number or replay_pb2.REPLAY_CONFIGURATION_NOW).removeprefix(
        _CONFIGURATION
    )
