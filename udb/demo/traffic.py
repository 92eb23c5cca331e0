"""What happens in the demo's workspaces, and where it is sent: their own event types, endpoints and events.

The receivers have names that nobody can have (RFC 2606), so endpoints that are active show what failing looks like, and
paused ones what waiting does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from udb.demo.cast import DOMAIN

#: Calls a method of the workspace, as its owner.
Ask = Callable[..., Any]
#: How many events of each type are published.
EVENTS: Final = 6
#: What the endpoints say of themselves.
NOBODY: Final = "Nobody has this host: what is sent to it fails, to show how that looks."


@dataclass(frozen=True)
class Kind:
    """An event type; its events differ in `number`, and those of one subject follow each other."""

    name: str
    description: str
    subject: str
    number: str
    data: dict[str, Any]

    def of(self, number: int) -> dict[str, Any]:
        """The data of one event."""
        return {**self.data, self.number: number}


@dataclass(frozen=True)
class Hook:
    """An endpoint."""

    name: str
    fields: dict[str, Any]
    is_paused: bool = False


@dataclass(frozen=True)
class Traffic:
    """What happens in a workspace, and where it is sent."""

    kinds: tuple[Kind, ...]
    hooks: tuple[Hook, ...]

    def make(self, ask: Ask, slug: str) -> None:
        """Make types, endpoints and events, in this order: endpoints get what happens after them."""
        for kind in self.kinds:
            schema = {"type": "object", "required": [kind.number]}
            wanted = {"name": kind.name, "description": kind.description, "schema": schema, "examples": [kind.of(1)]}
            ask("EventTypeService/CreateEventType", event_type=wanted)
        for hook in self.hooks:
            url = f"https://{hook.name}.{slug}.{DOMAIN}/hooks"
            made = ask("EndpointService/CreateEndpoint", endpoint={"url": url, "description": NOBODY, **hook.fields})
            if hook.is_paused:
                ask("EndpointService/PauseEndpoint", endpoint_id=made.id)
        for kind in self.kinds:
            for number in range(1, EVENTS + 1):
                event = {"type": kind.name, "subject": kind.subject, "data": kind.of(number)}
                ask("EventService/PublishEvent", event={**event, "ordering_key": kind.subject})


#: By the slugs of workspaces.
TRAFFIC: Final = {
    "halcyon-observatory": Traffic(
        kinds=(
            Kind("exposure.taken", "A telescope took a picture.", "telescope_2", "seconds", {"band": "r"}),
            Kind("dome.moved", "The dome was opened, closed or turned.", "dome_1", "azimuth", {"open": True}),
        ),
        hooks=(
            Hook("archive", {"event_types": ["exposure.*"]}, is_paused=True),
            Hook("night-log", {"format": "ENDPOINT_FORMAT_CLOUDEVENTS", "filter": "event.type != 'dome.moved'"}),
        ),
    ),
    "kumo-robotics": Traffic(
        kinds=(Kind("robot.assembled", "A robot left the line.", "line_4", "serial", {"model": "雲-3"}),),
        hooks=(
            Hook("stock", {"ordering": "ENDPOINT_ORDERING_PER_KEY", "rate_limit": 5}),
            Hook("quality", {"signature": "ENDPOINT_SIGNATURE_ED25519", "labels": {"team": "qa"}}, is_paused=True),
        ),
    ),
    "casa-verde": Traffic(
        kinds=(Kind("booking.confirmed", "A guest will come.", "house_1", "nights", {"currency": "BRL"}),),
        hooks=(Hook("keys", {"transformation": "{'nights': event.data.nights}"}, is_paused=True),),
    ),
}
