"""Creating, finding, changing and deleting sources, and reading what they were sent."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from google.protobuf.message import Message

from server.core import apikeys, clock, config, etags, events, ids
from server.core.call import Call
from server.core.errors import FieldViolation, InvalidArgument, NotFound
from server.core.paging import Page
from server.events.service import catalogue
from server.webhooks import source_settings
from server.webhooks.convert import sources as convert
from server.webhooks.errors import SecretInvalid, TooManySources
from server.webhooks.queries import sources
from server.webhooks.queries.sources import ReceiptRow, SourceRow
from server.webhooks.service import source_verifying
from server.webhooks.source_settings import SourceSettings
from server.workspaces.service import access
from userdata.api.v1.change_pb2 import Change
from userdata.webhooks.v1.source_events_pb2 import WebhookSourceCreated, WebhookSourceDeleted, WebhookSourceUpdated
from userdata.webhooks.v1.source_pb2 import Source

#: What tokens begin with.
PREFIX: Final = "uds_"
_MOST: Final = 100
_PLAIN: Final = ("name", "description", "event_type")
_SETTINGS: Final = ("secret", "hmac", "basic", "api_key", "id_header")
CHANGEABLE: Final = frozenset({*_PLAIN, *_SETTINGS, "labels"})
#: What each kind must be told besides the secret.
_NEEDED: Final = {"HMAC": "hmac", "BASIC": "basic", "API_KEY": "api_key"}
_ALWAYS: Final = frozenset({"etag", "update_time"})


def create(caller: Call, message: Source) -> tuple[SourceRow, str]:
    """A new source and its URL.

    Raises InvalidArgument, SecretInvalid, EventTypeUnknown and its like, TooManySources.
    """
    workspace = access.hold(caller)
    kind = convert.kind_of(message.kind)
    source_id, now = ids.new(), clock.now()
    settings = _sound(kind, convert.settings_of(message, kind))
    _require_type(workspace.id, message.event_type)
    if sources.count(workspace.id, most=_MOST) >= _MOST:
        raise TooManySources(limit=str(_MOST))
    row = SourceRow(
        id=source_id,
        workspace_id=workspace.id,
        name=message.name,
        description=message.description,
        kind=kind,
        settings=source_settings.seal(source_id, settings),
        event_type=message.event_type,
        state="ACTIVE",
        labels=dict(message.labels),
        revision=1,
        create_time=now,
        update_time=now,
        delete_time=None,
    )
    token = apikeys.generate(PREFIX)
    sources.insert(row, token_hash=apikeys.digest(token))
    _publish("created", row, WebhookSourceCreated(source=convert.source(row)))
    return row, url_of(token)


def get(workspace_id: UUID, source_id: UUID) -> SourceRow:
    """A source. Raises NotFound."""
    found = sources.get(workspace_id, source_id)
    if found is None:
        raise NotFound
    return found


def page_of(workspace_id: UUID, page: Page) -> tuple[list[SourceRow], str]:
    """A page of sources, the newest first, and the token of the next one."""
    after = UUID(page.after[0]) if page.after else None
    return page.cut(sources.page_of(workspace_id, after=after, limit=page.limit), lambda row: [str(row.id)])


def update(caller: Call, source_id: UUID, message: Source, paths: Collection[str]) -> SourceRow:
    """The source with `paths` as in `message`. What is the same already is no change. Raises what `create` raises."""
    before = _hold(caller, source_id, etag=message.etag)
    changes: dict[str, Any] = {name: getattr(message, name) for name in _PLAIN if name in paths}
    if "labels" in paths:
        changes["labels"] = dict(message.labels)
    if "event_type" in paths:
        _require_type(before.workspace_id, message.event_type)
    changes = {name: value for name, value in changes.items() if getattr(before, name) != value}
    old = source_settings.unseal(source_id, before.settings)
    new = _sound(before.kind, _merged(old, message, before.kind, paths))
    if new != old:
        changes["settings"] = source_settings.seal(source_id, new)
    return _change(before, changes, secret=new.secret != old.secret) if changes else before


def pause(caller: Call, source_id: UUID, *, etag: str) -> SourceRow:
    """The source, which takes nothing any more. Raises NotFound, Aborted."""
    return _turn(caller, source_id, "PAUSED", etag)


def resume(caller: Call, source_id: UUID, *, etag: str) -> SourceRow:
    """The source, which takes what it is sent again. Raises NotFound, Aborted."""
    return _turn(caller, source_id, "ACTIVE", etag)


def rotate_url(caller: Call, source_id: UUID, *, etag: str) -> tuple[SourceRow, str]:
    """The source and its new URL; the old one leads nowhere. Raises NotFound, Aborted."""
    before = _hold(caller, source_id, etag=etag)
    token = apikeys.generate(PREFIX)
    return _change(before, {"token_hash": apikeys.digest(token)}, url=True), url_of(token)


def delete(caller: Call, source_id: UUID, *, etag: str) -> None:
    """Delete a source. Raises NotFound, Aborted."""
    before = _hold(caller, source_id, etag=etag)
    sources.update(before.workspace_id, source_id, delete_time=clock.now(), revision=before.revision + 1)
    _publish("deleted", before, WebhookSourceDeleted(source_id=ids.encode("src", source_id)))


def receipts(workspace_id: UUID, source_id: UUID, page: Page) -> tuple[list[ReceiptRow], str]:
    """A page of what the source was sent, the newest first, and the token of the next one. Raises NotFound."""
    get(workspace_id, source_id)
    after = UUID(page.after[0]) if page.after else None
    rows = sources.receipts(workspace_id, source_id, after=after, limit=page.limit)
    return page.cut(rows, lambda row: [str(row.id)])


def receipt(workspace_id: UUID, source_id: UUID, receipt_id: UUID) -> ReceiptRow:
    """One thing that the source was sent. Raises NotFound."""
    get(workspace_id, source_id)
    found = sources.receipt(workspace_id, source_id, receipt_id)
    if found is None:
        raise NotFound
    return found


def url_of(token: str) -> str:
    """The URL to give to the sender."""
    return f"{config.read(config.Core).public_url.rstrip('/')}/v1/sources/{token}"


def _hold(caller: Call, source_id: UUID, *, etag: str) -> SourceRow:
    workspace = access.hold(caller)
    found = sources.lock(workspace.id, source_id)
    if found is None:
        raise NotFound
    etags.require(etag, found.id, found.revision)
    return found


def _turn(caller: Call, source_id: UUID, state: str, etag: str) -> SourceRow:
    before = _hold(caller, source_id, etag=etag)
    return before if before.state == state else _change(before, {"state": state})


def _change(before: SourceRow, changes: dict[str, Any], *, secret: bool = False, url: bool = False) -> SourceRow:
    """Write `changes` and tell of them; `secret` and `url` say that these changed, not to what."""
    shown = {name: value for name, value in changes.items() if name in SourceRow._fields}
    after = before._replace(**shown, revision=before.revision + 1, update_time=clock.now())
    sources.update(after.workspace_id, after.id, **changes, revision=after.revision, update_time=after.update_time)
    message = convert.source(after)
    differences = {
        name: change for name, change in events.changes(convert.source(before), message).items() if name not in _ALWAYS
    }
    for name, changed in (("secret", secret), ("url", url)):
        if changed:
            differences[name] = Change()
            differences[name].before.string_value = differences[name].after.string_value = events.MASK
    _publish("updated", after, WebhookSourceUpdated(source=message, changes=differences))
    return after


def _merged(old: SourceSettings, message: Source, kind: str, paths: Collection[str]) -> SourceSettings:
    """`old` with those of `paths` that are settings as in `message`."""
    new = convert.settings_of(message, kind)
    merged = old
    if "secret" in paths:
        merged = replace(merged, secret=new.secret)
    if "id_header" in paths:
        merged = replace(merged, id_header=new.id_header)
    if _NEEDED.get(kind) in paths:
        merged = replace(
            merged,
            header=new.header,
            algorithm=new.algorithm,
            encoding=new.encoding,
            prefix=new.prefix,
            username=new.username,
        )
    return merged


def _sound(kind: str, settings: SourceSettings) -> SourceSettings:
    """`settings` when the kind can verify with them. Raises InvalidArgument, SecretInvalid."""
    violations = []
    if not settings.secret:
        violations.append(FieldViolation("source.secret", "must be set"))
    if kind in ("HMAC", "API_KEY") and not settings.header:
        violations.append(FieldViolation(f"source.{_NEEDED[kind]}.header", "must be set"))
    if kind == "BASIC" and not settings.username:
        violations.append(FieldViolation("source.basic.username", "must be set"))
    if violations:
        raise InvalidArgument(violations=violations)
    if kind == "STANDARD_WEBHOOKS":
        try:
            source_verifying.key_of(settings.secret)
        except ValueError:
            raise SecretInvalid(violations=[FieldViolation("source.secret", SecretInvalid.message)]) from None
    return settings


def _require_type(workspace_id: UUID, name: str) -> None:
    """Raise EventTypeUnknown, EventTypeReserved or EventTypeArchived unless events of this type can be published."""
    refusal = catalogue.Types(workspace_id, {name}).missing(name, at="source")
    if refusal is not None:
        refusal.violations = (FieldViolation("source.event_type", refusal.message),)
        raise refusal


def _publish(what: str, row: SourceRow, payload: Message) -> None:
    events.publish(f"webhook.source.{what}", payload, subject=ids.encode("src", row.id), workspace=row.workspace_id)
