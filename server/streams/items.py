"""An event on its way to watchers: each form in which it is sent is made once, whoever many it goes to."""

from functools import cached_property

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from server.core import structs
from server.events.service import cursors
from server.events.service.following import Entry
from userdata.events.v1.event_stream_service_pb2 import WatchEventsResponse

#: What an entry takes in memory beside its data, about.
_OVERHEAD = 2048


class Item:
    """One event, for all watchers of its workspace."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.place = entry.place
        self.size = entry.size + _OVERHEAD

    @cached_property
    def cursor(self) -> str:
        """The cursor after this event."""
        return cursors.mint(self.entry.workspace_id, self.place)

    @cached_property
    def message(self) -> bytes:
        """For gRPC: the serialised WatchEventsResponse."""
        return WatchEventsResponse(event=self.entry.event, cursor=self.cursor).SerializeToString()

    @cached_property
    def block(self) -> bytes:
        """For SSE: the fields of one event and the empty line that ends it."""
        return f"id: {self.cursor}\ndata: {json_of(self.entry.event)}\n\n".encode()

    @cached_property
    def frame(self) -> str:
        """For a WebSocket: the WatchEventsResponse as JSON."""
        return json_of(WatchEventsResponse(event=self.entry.event, cursor=self.cursor))


def json_of(message: Message) -> str:
    """`message` as JSON in one line, as the edge prints it for REST."""
    return structs.dumps(structs.whole(MessageToDict(message, always_print_fields_with_no_presence=True)))
