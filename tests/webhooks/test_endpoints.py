"""EndpointService: creating, finding, changing and deleting endpoints."""

from datetime import timedelta

import pytest
from google.protobuf.duration_pb2 import Duration

from server.core import clock, ids
from server.webhooks import sealing
from server.webhooks.models import Endpoint, EndpointVersion, Lane, Secret
from server.webhooks.sending.types import Basic, OAuth2
from server.workspaces.roles import Role
from tests.support.client import RpcError
from tests.webhooks.factories import ENDPOINTS, ask, create, make_endpoint, update, whe
from tests.workspaces.factories import by, events_of, make_member, make_workspace, ws
from userdata.webhooks.v1 import endpoint_pb2
from userdata.webhooks.v1 import endpoint_service_pb2 as pb

DEFAULT_DELAYS = [0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]


def refusal(action, *args, **kwargs):
    with pytest.raises(RpcError) as caught:
        action(*args, **kwargs)
    return caught.value


def listed(caller, workspace, **fields):
    request = pb.ListEndpointsRequest(workspace_id=ws(workspace), **fields)
    return caller(ENDPOINTS + "ListEndpoints", request)


def urls(response):
    return [endpoint.url for endpoint in response.endpoints]


def types_of(workspace):
    return [name for name, _ in events_of(workspace.id)]


def versions_of(endpoint_id):
    row = EndpointVersion
    found = row.select(row.revision, row.end_time.is_null()).where(row.endpoint == ids.decode("whe", endpoint_id))
    return sorted(found.tuples())


def test_an_endpoint_has_defaults(ada, acme):
    endpoint = create(by(ada), acme)
    assert endpoint.id.startswith("whe_")
    assert endpoint.workspace_id == ws(acme)
    assert endpoint.signature == endpoint_pb2.ENDPOINT_SIGNATURE_HMAC_SHA256
    assert endpoint.ordering == endpoint_pb2.ENDPOINT_ORDERING_NONE
    assert endpoint.format == endpoint_pb2.ENDPOINT_FORMAT_PLAIN
    assert endpoint.state == endpoint_pb2.ENDPOINT_STATE_ACTIVE
    assert endpoint.timeout == Duration(seconds=15)
    assert [delay.seconds for delay in endpoint.retry_delays] == DEFAULT_DELAYS
    assert not endpoint.HasField("auth")
    assert not endpoint.breaker.open
    assert endpoint.secret == ""
    assert endpoint == ask(by(ada), "GetEndpoint", acme, endpoint.id)


def test_an_endpoint_comes_with_a_version_a_secret_and_a_lane_on_which_nothing_is_due(ada, acme):
    endpoint = create(by(ada), acme)
    assert versions_of(endpoint.id) == [(1, True)]
    assert Secret.select().count() == 1
    assert Lane.select().where(Lane.due_time == "infinity").count() == 1
    assert types_of(acme) == ["webhook.endpoint.created"]


def test_all_fields_come_back(ada, acme):
    sent = endpoint_pb2.Endpoint(
        url="https://hooks.example.com/a?b=c",
        description="Orders to the warehouse",
        event_types=["order.paid", "invoice.*"],
        filter="event.data.amount > 100",
        channels=["project-7"],
        signature="ENDPOINT_SIGNATURE_ED25519",
        retry_delays=[timedelta(0), timedelta(seconds=9)],
        timeout=timedelta(seconds=3),
        rate_limit=50,
        ordering="ENDPOINT_ORDERING_PER_KEY",
        format="ENDPOINT_FORMAT_CLOUDEVENTS",
        transformation='{"amount": event.data.amount}',
        labels={"region": "eu"},
    )
    request = pb.CreateEndpointRequest(workspace_id=ws(acme), endpoint=sent)
    endpoint = by(ada)(ENDPOINTS + "CreateEndpoint", request)
    for field, value in sent.ListFields():
        assert getattr(endpoint, field.name) == value, field.name


def test_values_of_headers_are_stored_sealed_and_never_shown(ada, acme):
    endpoint = create(by(ada), acme, headers={"X-Tenant": "s3cret"})
    assert dict(endpoint.headers) == {"x-tenant": "***"}
    row = Endpoint.get()
    assert b"s3cret" not in bytes(row.headers)
    assert sealing.open_headers(row.id, row.headers) == {"x-tenant": "s3cret"}
    assert "s3cret" not in str(events_of(acme.id))


def test_a_masked_value_keeps_the_header_and_others_replace_it(ada, acme):
    endpoint = create(by(ada), acme, headers={"x-a": "one", "x-b": "two"})
    after = update(by(ada), acme, endpoint.id, "headers", headers={"x-a": "***", "x-c": "three"})
    row = Endpoint.get()
    assert sealing.open_headers(row.id, row.headers) == {"x-a": "one", "x-c": "three"}
    again = update(by(ada), acme, endpoint.id, "headers", headers={"x-a": "***", "x-c": "***"})
    assert again.etag == after.etag
    error = refusal(update, by(ada), acme, endpoint.id, "headers", headers={"x-new": "***"})
    assert error.violations == {'endpoint.headers["x-new"]': "must be the value itself"}


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "content-type",
        "Content-Length",
        "webhook-id",
        "user-agent",
        "traceparent",
        "Cookie",
        "transfer-encoding",
    ],
)
def test_headers_that_the_product_sets_are_refused(ada, acme, name):
    error = refusal(create, by(ada), acme, headers={name: "x"})
    assert (error.reason, error.metadata["header"]) == ("ENDPOINT_HEADER_FORBIDDEN", name.lower())


def test_authorization_may_be_a_header_only_without_auth(ada, acme):
    endpoint = create(by(ada), acme, headers={"Authorization": "Token abc"})
    basic = endpoint_pb2.EndpointAuth(basic={"username": "u", "password": "p"})
    error = refusal(update, by(ada), acme, endpoint.id, "auth", auth=basic)
    assert error.reason == "ENDPOINT_HEADER_FORBIDDEN"


def test_secrets_of_auth_are_sealed_never_shown_and_kept_when_left_out(ada, acme):
    auth = endpoint_pb2.EndpointAuth(basic={"username": "u", "password": "pa55"})
    endpoint = create(by(ada), acme, auth=auth)
    assert endpoint.auth == endpoint_pb2.EndpointAuth(basic={"username": "u"})
    renamed = endpoint_pb2.EndpointAuth(basic={"username": "v"})
    update(by(ada), acme, endpoint.id, "auth", auth=renamed)
    row = Endpoint.get()
    assert sealing.open_auth(row.id, row.auth_kind, row.auth) == Basic("v", "pa55")
    assert b"pa55" not in bytes(row.auth)
    assert "pa55" not in str(events_of(acme.id))


def test_another_kind_of_auth_needs_its_own_secret(ada, acme):
    endpoint = create(by(ada), acme, auth=endpoint_pb2.EndpointAuth(bearer={"token": "abc"}))
    oauth2 = {"token_url": "https://login.example.com/token", "client_id": "me", "scopes": ["a", "b"]}
    error = refusal(update, by(ada), acme, endpoint.id, "auth", auth={"oauth2": oauth2})
    assert error.violations == {"endpoint.auth.oauth2.client_secret": "is required"}
    update(by(ada), acme, endpoint.id, "auth", auth={"oauth2": {**oauth2, "client_secret": "s"}})
    row = Endpoint.get()
    assert sealing.open_auth(row.id, row.auth_kind, row.auth) == OAuth2(
        "https://login.example.com/token", "me", "s", "a b"
    )
    update(by(ada), acme, endpoint.id, "auth", auth={"oauth2": {**oauth2, "client_id": "you"}})
    elsewhere = {**oauth2, "token_url": "https://evil.example.com/token"}
    error = refusal(update, by(ada), acme, endpoint.id, "auth", auth={"oauth2": elsewhere})
    assert error.violations == {"endpoint.auth.oauth2.client_secret": "is required"}
    bare = update(by(ada), acme, endpoint.id, "auth")
    assert not bare.HasField("auth")


def test_a_certificate_must_be_one(ada, acme):
    error = refusal(create, by(ada), acme, auth={"mutual_tls": {"certificate": "x", "private_key": "y"}})
    assert error.violations == {"endpoint.auth.mutual_tls.certificate": "must be PEM certificates"}


@pytest.mark.parametrize(
    "url",
    [
        *("http://hooks.example.com/", "ftp://hooks.example.com/", "hooks.example.com/a", "https://"),
        *("https://user@hooks.example.com/", "https://hooks.example.com/#part", "https://hooks.example.com\\@evil/"),
        *("https://hooks.example.com:0/", "https://hooks.example.com:99999/", "https://a b.example.com/"),
        *("https://hooks.example.com/\tx", "https://xn--a-ecp.example.com\n/"),
        *("https://localhost/", "https://sub.localhost/", "https://127.0.0.1/", "https://10.1.2.3/"),
        *("https://[::1]/", "https://2130706433/", "https://0x7f.1/", "https://169.254.169.254/latest"),
    ],
)
def test_urls_that_webhooks_may_not_go_to_are_refused(ada, acme, url):
    assert refusal(create, by(ada), acme, url).reason == "ENDPOINT_URL_FORBIDDEN"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://hooks.example.com", "https://hooks.example.com/"),
        ("https://hooks.example.com/a", "https://HOOKS.example.com:443/a"),
        ("https://bücher.example/a", "https://xn--bcher-kva.example/a"),
    ],
)
def test_two_spellings_of_a_url_are_one(ada, acme, one, other):
    first = create(by(ada), acme, one)
    error = refusal(create, by(ada), acme, other)
    assert (error.reason, error.metadata) == ("ENDPOINT_URL_TAKEN", {"endpoint_id": first.id})
    second = create(by(ada), acme, "https://hooks.example.com/elsewhere")
    assert refusal(update, by(ada), acme, second.id, "url", url=other).reason == "ENDPOINT_URL_TAKEN"
    assert update(by(ada), acme, first.id, "url", url=other).url == other


@pytest.mark.parametrize(
    ("fields", "line", "column"),
    [({"filter": "event.colour == 'red'"}, "1", "6"), ({"transformation": "{\n"}, "2", "1")],
)
def test_expressions_are_compiled_when_they_are_saved(ada, acme, fields, line, column):
    error = refusal(create, by(ada), acme, **fields)
    (name,) = fields
    assert error.reason == "EXPRESSION_INVALID"
    assert (error.metadata["field"], error.metadata["line"]) == (f"endpoint.{name}", line)
    assert int(error.metadata["column"]) >= int(column)


def test_a_filter_must_be_true_or_false(ada, acme):
    assert refusal(create, by(ada), acme, filter="1 + 1").reason == "EXPRESSION_INVALID"


@pytest.mark.parametrize("fields", [{"timeout": timedelta(seconds=1.5)}, {"retry_delays": [timedelta(seconds=0.5)]}])
def test_durations_are_whole_seconds(ada, acme, fields):
    assert "must be whole seconds" in refusal(create, by(ada), acme, **fields).violations.values()


def test_validate_only_keeps_nothing(ada, acme):
    request = pb.CreateEndpointRequest(
        workspace_id=ws(acme), endpoint={"url": "https://hooks.example.com/a"}, validate_only=True
    )
    preview = by(ada)(ENDPOINTS + "CreateEndpoint", request)
    assert (preview.id, preview.etag, preview.url) == ("", "", "https://hooks.example.com/a")
    assert Endpoint.select().count() == 0
    assert events_of(acme.id) == []


def test_a_workspace_has_so_many_endpoints_and_no_more(ada, acme):
    for _ in range(99):
        make_endpoint(acme)
    hundredth = create(by(ada), acme)
    error = refusal(create, by(ada), acme, "https://hooks.example.com/b")
    assert (error.reason, error.metadata) == ("LIMIT_REACHED", {"limit": "100"})
    ask(by(ada), "DeleteEndpoint", acme, hundredth.id)
    create(by(ada), acme, "https://hooks.example.com/b")


def test_an_update_changes_what_its_mask_names_and_keeps_a_version(ada, acme):
    endpoint = create(by(ada), acme, description="Old", event_types=["order.paid"])
    with clock.advanced(timedelta(minutes=1)):
        after = update(by(ada), acme, endpoint.id, "description", "event_types", description="New")
    assert (after.description, list(after.event_types), after.url) == ("New", [], endpoint.url)
    assert after.etag != endpoint.etag
    assert versions_of(endpoint.id) == [(1, False), (2, True)]
    first, second = EndpointVersion.select().order_by(EndpointVersion.revision)
    assert first.end_time == second.create_time
    assert (first.event_types, second.event_types) == (["order.paid"], [])
    changes = events_of(acme.id)[-1][1]["changes"]
    assert changes == {
        "description": {"before": "Old", "after": "New"},
        "event_types": {"before": ["order.paid"], "after": None},
    }


def test_an_update_that_changes_nothing_leaves_no_trace(ada, acme):
    endpoint = create(by(ada), acme, description="Same")
    assert update(by(ada), acme, endpoint.id, "description", description="Same") == endpoint
    assert types_of(acme) == ["webhook.endpoint.created"]


def test_what_was_read_can_be_sent_back(ada, acme):
    auth = endpoint_pb2.EndpointAuth(basic={"username": "u", "password": "p"})
    endpoint = create(by(ada), acme, auth=auth, headers={"x-a": "1"})
    request = pb.UpdateEndpointRequest(workspace_id=ws(acme), endpoint_id=endpoint.id, endpoint=endpoint)
    assert by(ada)(ENDPOINTS + "UpdateEndpoint", request) == endpoint


def test_changes_of_what_is_secret_are_told_masked(ada, acme):
    endpoint = create(by(ada), acme, headers={"x-a": "one"})
    update(by(ada), acme, endpoint.id, "headers", headers={"x-a": "two"})
    assert events_of(acme.id)[-1][1]["changes"] == {"headers": {"before": "***", "after": "***"}}


def test_an_old_etag_is_refused(ada, acme):
    endpoint = create(by(ada), acme)
    update(by(ada), acme, endpoint.id, "description", description="New")
    for method in ("DeleteEndpoint", "PauseEndpoint", "ResumeEndpoint"):
        assert refusal(ask, by(ada), method, acme, endpoint.id, etag=endpoint.etag).reason == "ETAG_MISMATCH"
    error = refusal(update, by(ada), acme, endpoint.id, "url", url="https://x.example.com", etag=endpoint.etag)
    assert error.reason == "ETAG_MISMATCH"


def test_what_cannot_change_is_refused(ada, acme):
    endpoint = create(by(ada), acme)
    for path in ("signature", "secret", "state", "id"):
        assert refusal(update, by(ada), acme, endpoint.id, path).reason == "UPDATE_MASK_INVALID"
    assert refusal(update, by(ada), acme, endpoint.id, "url").violations == {"endpoint.url": "is required"}


def test_a_deleted_endpoint_is_gone_and_its_url_is_free(ada, acme):
    endpoint = create(by(ada), acme)
    ask(by(ada), "DeleteEndpoint", acme, endpoint.id)
    assert refusal(ask, by(ada), "GetEndpoint", acme, endpoint.id).code == "NOT_FOUND"
    assert refusal(ask, by(ada), "DeleteEndpoint", acme, endpoint.id).code == "NOT_FOUND"
    assert urls(listed(by(ada), acme)) == []
    assert Secret.select().count() == 0
    assert versions_of(endpoint.id) == [(1, False)]
    assert Lane.select().where(Lane.blocked_time == "infinity").count() == 1
    assert create(by(ada), acme).id != endpoint.id
    assert types_of(acme)[:2] == ["webhook.endpoint.created", "webhook.endpoint.deleted"]


def test_pages_go_from_the_newest_to_the_oldest(ada, acme):
    made = [make_endpoint(acme).url for _ in range(5)]
    first = listed(by(ada), acme, page_size=3)
    second = listed(by(ada), acme, page_size=3, page_token=first.next_page_token)
    assert urls(first) + urls(second) == made[::-1]
    assert second.next_page_token == ""


def test_lists_are_filtered(ada, acme):
    plain = make_endpoint(acme, url="https://hooks.example.com/plain")
    orders = make_endpoint(acme, event_types=["order.*"], labels={"region": "eu", "team": "a"})
    paid = make_endpoint(acme, event_types=["order.paid"], state="PAUSED", labels={"region": "us"})

    def found(text):
        return [endpoint.id for endpoint in listed(by(ada), acme, filter=text).endpoints]

    assert found("state = ENDPOINT_STATE_PAUSED") == [whe(paid)]
    assert found("state != ENDPOINT_STATE_PAUSED") == [whe(orders), whe(plain)]
    contradiction = "state = ENDPOINT_STATE_PAUSED AND state = ENDPOINT_STATE_ACTIVE"
    assert found(contradiction) == found(f"{contradiction} AND state = ENDPOINT_STATE_ACTIVE") == []
    assert found("event_type = order.paid") == [whe(paid), whe(orders), whe(plain)]
    assert found("event_type = order.sent.late") == [whe(orders), whe(plain)]
    assert found('label = "region=eu"') == [whe(orders)]
    assert found('label = "region=eu" AND label = "team=b"') == []
    assert found('url = "https://HOOKS.example.com/plain"') == [whe(plain)]
    for text in ("state = PAUSED", "label = region", "colour = red", "url != a"):
        assert refusal(listed, by(ada), acme, filter=text).reason == "FILTER_INVALID"


def test_an_endpoint_of_another_workspace_is_not_there(ada, acme):
    mine = make_endpoint(acme)
    other = make_workspace(ada)
    for method in ("GetEndpoint", "DeleteEndpoint", "PauseEndpoint", "ResumeEndpoint", "GetEndpointSecret"):
        assert refusal(ask, by(ada), method, other, whe(mine)).code == "NOT_FOUND"
    for method in ("RotateEndpointSecret", "SendTestEvent", "GetEndpointStats"):
        assert refusal(ask, by(ada), method, other, whe(mine)).code == "NOT_FOUND"
    assert refusal(update, by(ada), other, whe(mine), "description", description="x").code == "NOT_FOUND"
    assert urls(listed(by(ada), other)) == []


def test_a_member_reads_and_does_not_change(ada, acme):
    member = make_member(acme, Role.MEMBER)
    endpoint = make_endpoint(acme)
    assert ask(by(member), "GetEndpoint", acme, whe(endpoint)).id == whe(endpoint)
    assert refusal(create, by(member), acme).code == "PERMISSION_DENIED"
