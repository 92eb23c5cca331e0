"""userdata.events.v1.EventTypeService."""

from collections.abc import Callable
from typing import Any, Final

from server.core import masks, paging, structs
from server.core.call import Call
from server.events import convert
from server.events.service import event_types
from userdata.events.v1 import event_type_service_pb2 as pb
from userdata.events.v1.event_type_pb2 import EventType

_READ: Final[dict[str, Callable[[EventType], Any]]] = {
    "description": lambda wanted: wanted.description,
    "schema": lambda wanted: structs.to_dict(wanted.schema),
    "examples": lambda wanted: [structs.to_dict(example) for example in wanted.examples],
    "labels": lambda wanted: dict(wanted.labels),
}


class EventTypeServicer:
    """Keeps the catalogue of a workspace."""

    def CreateEventType(self, request: pb.CreateEventTypeRequest, call: Call) -> EventType:
        wanted = request.event_type
        values = {field: read(wanted) for field, read in _READ.items()}
        return convert.event_type(event_types.create(call.workspace, wanted.name, **values))

    def GetEventType(self, request: pb.GetEventTypeRequest, call: Call) -> EventType:
        return event_types.get(call.workspace, request.name)

    def ListEventTypes(self, request: pb.ListEventTypesRequest, call: Call) -> pb.ListEventTypesResponse:
        page = paging.page_of(request)
        found, token = event_types.page_of(
            call.workspace, page, wanted=request.filter, show_archived=request.show_archived
        )
        return pb.ListEventTypesResponse(event_types=found, next_page_token=token)

    def UpdateEventType(self, request: pb.UpdateEventTypeRequest, call: Call) -> EventType:
        paths = masks.paths(request.update_mask, request.event_type, allowed=_READ.keys())
        changes = {path: _READ[path](request.event_type) for path in paths}
        row = event_types.update(call.workspace, request.name, changes, etag=request.event_type.etag)
        return convert.event_type(row)

    def ArchiveEventType(self, request: pb.ArchiveEventTypeRequest, call: Call) -> EventType:
        return convert.event_type(event_types.archive(call.workspace, request.name, etag=request.etag))

    def UnarchiveEventType(self, request: pb.UnarchiveEventTypeRequest, call: Call) -> EventType:
        return convert.event_type(event_types.unarchive(call.workspace, request.name, etag=request.etag))

    def ListEventTypeVersions(
        self, request: pb.ListEventTypeVersionsRequest, call: Call
    ) -> pb.ListEventTypeVersionsResponse:
        versions, token = event_types.versions_of(call.workspace, request.name, paging.page_of(request))
        return pb.ListEventTypeVersionsResponse(event_type_versions=versions, next_page_token=token)
