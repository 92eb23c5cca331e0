"""Each rule of `userdata.api.v1.Rules` as a check: a value goes in, the sentence that says what is wrong comes out."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from server.core import clock, ids
from userdata.api.v1 import rules_pb2

Check = Callable[[Any], str | None]

_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@(?:[^@\s.\x00-\x1f\x7f]{1,63}\.)+[^@\s.\x00-\x1f\x7f]{2,63}")
_EMAIL_MAX = 254  # RFC 5321 §4.5.3.1.3, less the angle brackets
_SLUG = re.compile(r"[a-z](?:[a-z0-9-]*[a-z0-9])?")
_BCP47 = re.compile(r"[a-zA-Z]{2,3}(?:-[a-zA-Z]{4})?(?:-(?:[a-zA-Z]{2}|\d{3}))?(?:-[a-zA-Z0-9]{5,8})*")
_PERMISSION = re.compile(r"[a-z][a-z_]*(?:\.[a-z][a-z_]*)+")


def checks_of(rules: rules_pb2.Rules, field: FieldDescriptor, *, of_list: bool = False) -> list[Check]:
    """The checks that `rules` declare for one value of `field`, or for the whole list or map."""
    checks: list[Check | None]
    if of_list:
        is_map = field.message_type is not None and field.message_type.GetOptions().map_entry
        checks = [_items(rules), _unique(rules), _map_bytes(rules) if is_map else None]
    elif field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        checks = [_length(rules), _bytes(rules), _format(rules), _pattern(rules)]
    elif field.message_type is not None:
        checks = _message_checks(rules, field.message_type.full_name)
    elif field.enum_type is not None:
        checks = [_defined(rules, field.enum_type)]
    else:
        checks = [_range(rules, lambda number: number, "")]
    return [check for check in checks if check is not None]


def _message_checks(rules: rules_pb2.Rules, name: str) -> list[Check | None]:
    if name == "google.protobuf.Timestamp":
        return [_future(rules)]
    if name == "google.protobuf.Duration":
        return [_range(rules, lambda duration: duration.ToTimedelta().total_seconds(), " seconds")]
    return [_json_bytes(rules)]


def _length(rules: rules_pb2.Rules) -> Check | None:
    least = rules.min_len
    most = rules.max_len if rules.HasField("max_len") else None
    if not least and most is None:
        return None

    def check(text: str) -> str | None:
        if len(text) < least:
            return f"must have at least {least} characters"
        if most is not None and len(text) > most:
            return f"must have at most {most} characters"
        return None

    return check


def _bytes(rules: rules_pb2.Rules) -> Check | None:
    if not rules.HasField("max_bytes"):
        return None
    return lambda text: _too_large(len(text.encode()), rules.max_bytes)


def _json_bytes(rules: rules_pb2.Rules) -> Check | None:
    if not rules.HasField("max_bytes"):
        return None
    most = rules.max_bytes
    # Nothing takes more in JSON than six times what it takes on the wire: a control character, escaped.
    return lambda message: None if message.ByteSize() * 6 <= most else _too_large(_json_size(message), most)


def _json_size(message: Message) -> int:
    return len(json.dumps(MessageToDict(message), separators=(",", ":"), ensure_ascii=False).encode())


def _map_bytes(rules: rules_pb2.Rules) -> Check | None:
    if not rules.HasField("max_bytes"):
        return None
    return lambda pairs: _too_large(
        sum(len(str(key).encode()) + len(str(value).encode()) for key, value in pairs.items()), rules.max_bytes
    )


def _too_large(size: int, most: int) -> str | None:
    return f"must be at most {most} bytes, not {size}" if size > most else None


def _pattern(rules: rules_pb2.Rules) -> Check | None:
    if not rules.pattern:
        return None
    pattern = re.compile(rules.pattern)
    return lambda text: None if pattern.fullmatch(text) else f"must match {rules.pattern}"


def _format(rules: rules_pb2.Rules) -> Check | None:
    if rules.format == rules_pb2.FORMAT_TYPE_ID:
        prefix = rules.type_id
        return lambda text: None if ids.matches(prefix, text) else f"must be an id that starts with {prefix}_"
    return _FORMATS.get(rules.format)


def _email(text: str) -> str | None:
    whole = _EMAIL.fullmatch(text) is not None and len(text) <= _EMAIL_MAX
    return None if whole else "must be an e-mail address, such as ada@example.com"


def _url(text: str) -> str | None:
    message = "must be an absolute http or https URL without user information"
    try:
        parts = urlsplit(text)
        port_is_sound = parts.port is None or parts.port > 0
    except ValueError:
        return message
    sound = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc and port_is_sound
    return None if sound and text.isprintable() and " " not in text else message


def _slug(text: str) -> str | None:
    message = "must be lower-case letters, digits and hyphens, start with a letter and not end with a hyphen"
    return None if _SLUG.fullmatch(text) else message


def _language(text: str) -> str | None:
    return None if _BCP47.fullmatch(text) else "must be a language tag, such as en or pt-BR"


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _time_zone(text: str) -> str | None:
    return None if text in _zones() else "must be a time zone of the IANA database, such as Europe/Berlin"


def _line(text: str) -> str | None:
    whole = text.strip() == text and all(c.isprintable() or c == "\u200d" for c in text)
    return None if whole else "must be one line without control characters or white space at its ends"


def _permission(text: str) -> str | None:
    return None if _PERMISSION.fullmatch(text) else "must be the name of a permission, such as workspaces.read"


_FORMATS: dict[int, Check] = {
    rules_pb2.FORMAT_EMAIL: _email,
    rules_pb2.FORMAT_URL: _url,
    rules_pb2.FORMAT_SLUG: _slug,
    rules_pb2.FORMAT_BCP47: _language,
    rules_pb2.FORMAT_TIME_ZONE: _time_zone,
    rules_pb2.FORMAT_LINE: _line,
    rules_pb2.FORMAT_PERMISSION: _permission,
}


def _range(rules: rules_pb2.Rules, number_of: Callable[[Any], float], unit: str) -> Check | None:
    least = rules.gte if rules.HasField("gte") else None
    most = rules.lte if rules.HasField("lte") else None
    if least is None and most is None:
        return None

    def check(value: Any) -> str | None:
        number = number_of(value)
        if least is not None and number < least:
            return f"must be at least {least:g}{unit}"
        if most is not None and number > most:
            return f"must be at most {most:g}{unit}"
        return None

    return check


def _defined(rules: rules_pb2.Rules, enum: EnumDescriptor) -> Check | None:
    if not rules.enum_defined:
        return None
    known = enum.values_by_number
    names = ", ".join(value.name for number, value in sorted(known.items()) if number)
    return lambda number: None if number in known else f"must be one of {names}"


def _items(rules: rules_pb2.Rules) -> Check | None:
    least = rules.min_items
    most = rules.max_items if rules.HasField("max_items") else None
    if not least and most is None:
        return None

    def check(items: Any) -> str | None:
        if len(items) < least:
            return f"must have at least {least} entries"
        if most is not None and len(items) > most:
            return f"must have at most {most} entries"
        return None

    return check


def _unique(rules: rules_pb2.Rules) -> Check | None:
    if not rules.unique_items:
        return None
    return lambda items: "must not hold an entry twice" if len(set(items)) < len(items) else None


def _future(rules: rules_pb2.Rules) -> Check | None:
    within = timedelta(seconds=rules.within_seconds) if rules.HasField("within_seconds") else None
    if not rules.future and within is None:
        return None

    def check(value: Any) -> str | None:
        ahead = value.ToDatetime(tzinfo=clock.now().tzinfo) - clock.now()
        if rules.future and ahead <= timedelta(0):
            return "must lie in the future"
        if within is not None and ahead > within:
            return f"must lie at most {within.days} days ahead"
        return None

    return check
