"""What a sender says in a body and in headers: the delivery's id, the event's name, and the content."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, NoReturn
from urllib.parse import parse_qsl

from server.core import structs
from server.webhooks.errors import SourcePayloadInvalid
from server.webhooks.source_settings import SourceSettings

_FORM: Final = "application/x-www-form-urlencoded"
#: What an event's data may have, in bytes of JSON.
_LARGEST: Final = 256 * 1024
_LONGEST_ID: Final = 128
_MOST_FIELDS: Final = 1000
# Text columns of the database have no such character.
_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")

_IDS: Final = {
    "STANDARD_WEBHOOKS": ("webhook-id", "svix-id"),
    "GITHUB": ("x-github-delivery",),
    "SHOPIFY": ("x-shopify-webhook-id", "x-shopify-event-id"),
}
_IDS_INSIDE: Final = {"STRIPE": "id", "SLACK": "event_id"}
_EVENTS: Final = {"GITHUB": "x-github-event", "SHOPIFY": "x-shopify-topic"}


@dataclass(frozen=True, slots=True)
class Payload:
    """What was sent. `id` and `event` are empty where the sender does not say."""

    id: str
    event: str
    body: Any

    @property
    def data(self) -> dict[str, Any]:
        """The data of the event that it becomes."""
        return {"id": self.id, "event": self.event, "body": self.body}

    @property
    def key(self) -> str:
        """What tells deliveries apart, at most 128 characters; empty without an id."""
        return self.id if len(self.id) <= _LONGEST_ID else sha256(self.id.encode()).hexdigest()


def read(kind: str, settings: SourceSettings, headers: Mapping[str, str], content_type: str, body: bytes) -> Payload:
    """What a verified body says. Raises SourcePayloadInvalid."""
    content = _content(content_type, body)
    inside = content if isinstance(content, dict) else {}
    found = Payload(_id(kind, settings, headers, inside), _event(kind, headers, inside), content)
    try:
        text = structs.dumps(found.data)
        size = len(text.encode())
    except (ValueError, RecursionError):
        _refuse("The body has text or numbers that JSON does not have.")
    if size > _LARGEST:
        _refuse("The body is too large. An event has at most 256 KiB.")
    if _NUL.search(text):
        _refuse("The body has the character U+0000, which cannot be kept.")
    return found


def _content(content_type: str, body: bytes) -> Any:
    try:
        text = body.decode()
        if content_type.partition(";")[0].strip().lower() != _FORM:
            return json.loads(text, parse_constant=_refuse_constant)
        fields = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
        # GitHub and Slack put JSON into this field of a form.
        return json.loads(fields["payload"], parse_constant=_refuse_constant) if "payload" in fields else fields
    except (ValueError, RecursionError):
        _refuse("The body must be JSON in UTF-8, or a form.")


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("not JSON")


def _refuse(sentence: str) -> NoReturn:
    raise SourcePayloadInvalid(sentence) from None


def _id(kind: str, settings: SourceSettings, headers: Mapping[str, str], body: Mapping[str, Any]) -> str:
    if kind in _IDS_INSIDE:
        return _text(body.get(_IDS_INSIDE[kind]))
    names = _IDS.get(kind, (settings.id_header.lower(),))
    return next((headers[name] for name in names if headers.get(name)), "")


def _event(kind: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> str:
    if kind in _EVENTS:
        return headers.get(_EVENTS[kind], "")
    if kind == "SLACK" and isinstance(body.get("event"), dict):
        return _text(body["event"].get("type"))
    return _text(body.get("type")) if kind in ("STANDARD_WEBHOOKS", "STRIPE", "SLACK") else ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
