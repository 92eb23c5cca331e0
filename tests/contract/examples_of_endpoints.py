"""What the queries on endpoints, their secrets and the portal are called with in test_queries.py."""

from datetime import timedelta
from typing import Any

from server.core import ids
from server.webhooks.queries import cancelling, endpoints, owners, portal, purging, secrets, standstill, testing
from server.webhooks.queries.rows import EndpointRow, PortalSessionRow, SecretRow
from tests.contract.cast import LONG_AGO, NOW, Cast, Example, hash_of, row_id

HOUR = timedelta(hours=1)


def examples(cast: Cast) -> list[Example]:
    """All examples about one cast."""
    return [*_endpoints(cast), *_changes(cast), *_secrets(cast), *_portal(cast)]


def row_of(cast: Cast) -> EndpointRow:
    """An endpoint that is not there yet."""
    return EndpointRow(
        id=ids.new(),
        workspace_id=cast.workspace,
        url="https://new.example.com",
        url_key="https://new.example.com",
        description="",
        event_types=[],
        filter="",
        channels=[],
        headers=b"",
        signature="HMAC_SHA256",
        retry_delays=[0, 5],
        timeout_seconds=15,
        rate_limit=None,
        ordering="NONE",
        format="PLAIN",
        transformation="",
        auth_kind="NONE",
        auth=b"",
        state="ACTIVE",
        state_reason="",
        labels={},
        verify_time=None,
        revision=1,
        create_time=NOW,
        update_time=NOW,
        delete_time=None,
    )


def _endpoints(cast: Cast) -> list[Example]:
    place = cast.workspace
    choices: list[dict[str, Any]] = [
        {},
        {"states": {"PAUSED"}},
        {"url_key": "https://1.example.com"},
        {"types": ["order.paid", "order.*"]},
        {"labels": {"region": "eu"}},
    ]
    return [
        cast.app(endpoints.get, place, cast.endpoint),
        cast.app(endpoints.lock, place, cast.endpoint),
        *(
            cast.app(endpoints.page_of, place, after=after, limit=51, **choice)
            for choice in choices
            for after in (None, cast.endpoint)
        ),
        cast.app(endpoints.count, place, most=100),
        cast.app(endpoints.by_url, place, "https://1.example.com"),
        cast.app(endpoints.hours, place, cast.endpoint, start=NOW - 24 * HOUR, end=NOW),
        cast.worker(owners.of, place, limit=20),
        cast.app(testing.example, place, "order.paid"),
    ]


def _changes(cast: Cast) -> list[Example]:
    place, row = cast.workspace, row_of(cast)
    present = row._replace(id=cast.endpoint, revision=9)
    event = (ids.new(), NOW, place, "webhook.test", "whe_1", "{}", "usr", "request", "")
    return [
        cast.app(endpoints.insert, row),
        cast.app(endpoints.update, place, cast.endpoint, description="New"),
        cast.app(endpoints.end_version, present),
        cast.app(endpoints.add_version, present),
        cast.app(endpoints.block, place, cast.endpoint),
        cast.app(endpoints.unblock, place, cast.endpoint, now=NOW),
        cast.app(testing.send, *event, cast.endpoint),
        cast.worker(cancelling.left, place, row_id(11, 8), now=NOW, limit=1000),
        cast.worker(cancelling.has_open, place, row_id(11, 8)),
        cast.worker(standstill.block, [place]),
        cast.worker(standstill.unblock, [place], now=NOW),
        cast.worker(purging.delete_some, place, 1000),
        cast.worker(purging.delete_expired_secrets, now=NOW, limit=1000),
        cast.worker(purging.delete_ended_sessions, before=NOW - 30 * 24 * HOUR, limit=1000),
    ]


def _secrets(cast: Cast) -> list[Example]:
    place = cast.workspace
    return [
        cast.app(secrets.valid, place, cast.endpoint, now=NOW),
        cast.app(secrets.insert, SecretRow(ids.new(), cast.endpoint, place, b"", NOW, None)),
        cast.app(secrets.expire, place, cast.endpoint, at=NOW),
        *(cast.app(secrets.delete, place, cast.endpoint, expired_before=before) for before in (None, NOW)),
    ]


def _portal(cast: Cast) -> list[Example]:
    place, session = cast.workspace, row_id(13, 4321)
    row = PortalSessionRow(ids.new(), place, "usr_1", ["webhooks.read"], NOW, None, None, NOW)
    return [
        cast.app(portal.by_code, [hash_of("code", 4321)]),
        cast.app(portal.by_token, [hash_of("token", 4321)]),
        cast.app(portal.get, place, session),
        *(cast.app(portal.page_of, place, after=after, limit=51) for after in (None, session)),
        cast.app(portal.insert, row, code_hash=hash_of("code", 0)),
        cast.app(portal.start, place, session, token_hash=b"t", now=LONG_AGO, expire_time=NOW),
        cast.app(portal.revoke, place, session, at=NOW),
    ]
