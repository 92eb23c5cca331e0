"""Keeping sources: what is shown, what is refused, and what is told."""

from typing import Any

import pytest

from server.core import ids
from server.workspaces.models import Workspace
from server.workspaces.roles import Role
from tests.accounts.factories import Person
from tests.support.client import RpcError
from tests.webhooks.source_factories import SOURCES, create, make_type
from tests.workspaces.factories import by, events_of, make_member, make_workspace, ws
from userdata.webhooks.v1 import source_pb2
from userdata.webhooks.v1 import source_service_pb2 as pb


@pytest.fixture
def stripe(ada: Person, acme: Workspace) -> source_pb2.Source:
    make_type(acme)
    return create(ada, acme, labels={"team": "billing"})


def named(workspace: Workspace, source: source_pb2.Source) -> Any:
    return {"workspace_id": ws(workspace), "source_id": source.id}


def test_the_url_is_shown_once_and_the_secret_never(ada: Person, acme: Workspace, stripe: source_pb2.Source):
    assert stripe.url.startswith("http://127.0.0.1:8080/v1/sources/uds_")
    assert stripe.id.startswith("src_")
    assert not stripe.secret
    again = by(ada)(f"{SOURCES}GetSource", pb.GetSourceRequest(**named(acme, stripe)))
    assert (again.url, again.secret) == ("", "")
    stripe.url = ""
    assert again == stripe
    told = str(events_of(acme.id))
    assert "webhook.source.created" in told
    assert "whsec_of_stripe" not in told
    assert "uds_" not in told


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"secret": ""}, "source.secret"),
        ({"kind": source_pb2.SOURCE_KIND_HMAC}, "source.hmac.header"),
        ({"kind": source_pb2.SOURCE_KIND_BASIC}, "source.basic.username"),
        ({"kind": source_pb2.SOURCE_KIND_API_KEY}, "source.api_key.header"),
        ({"kind": source_pb2.SOURCE_KIND_STANDARD_WEBHOOKS, "secret": "not_base64"}, "source.secret"),
        ({"event_type": "never.made"}, "source.event_type"),
        ({"event_type": "workspace.updated"}, "source.event_type"),
    ],
)
def test_a_source_that_could_verify_or_publish_nothing_is_refused(ada, acme, values, field):
    make_type(acme)
    with pytest.raises(RpcError) as refused:
        create(ada, acme, **values)
    assert refused.value.code == "INVALID_ARGUMENT"
    assert field in refused.value.violations


def test_each_kind_shows_how_it_verifies(ada: Person, acme: Workspace):
    make_type(acme)
    hmac = create(
        ada,
        acme,
        kind=source_pb2.SOURCE_KIND_HMAC,
        hmac={
            "header": "X-Sign",
            "algorithm": "HMAC_ALGORITHM_SHA512",
            "encoding": "HMAC_ENCODING_BASE64",
            "prefix": "s=",
        },
        id_header="X-Id",
    )
    assert (hmac.hmac.header, hmac.hmac.prefix, hmac.id_header) == ("X-Sign", "s=", "X-Id")
    assert hmac.hmac.algorithm == source_pb2.HMAC_ALGORITHM_SHA512
    assert hmac.hmac.encoding == source_pb2.HMAC_ENCODING_BASE64
    basic = create(ada, acme, kind=source_pb2.SOURCE_KIND_BASIC, basic={"username": "billing"})
    assert basic.basic.username == "billing"
    key = create(ada, acme, kind=source_pb2.SOURCE_KIND_API_KEY, api_key={"header": "X-Api-Key"})
    assert key.api_key.header == "X-Api-Key"


def test_a_list_has_pages(ada: Person, acme: Workspace, stripe: source_pb2.Source):
    made = [stripe.id, *[create(ada, acme, name=f"no. {number}").id for number in range(2)]]
    first = by(ada)(f"{SOURCES}ListSources", pb.ListSourcesRequest(workspace_id=ws(acme), page_size=2))
    rest = by(ada)(
        f"{SOURCES}ListSources",
        pb.ListSourcesRequest(workspace_id=ws(acme), page_size=2, page_token=first.next_page_token),
    )
    assert [source.id for source in (*first.sources, *rest.sources)] == made[::-1]
    assert not rest.next_page_token


def test_an_update_changes_what_the_mask_names(ada: Person, acme: Workspace, stripe: source_pb2.Source):
    wanted = source_pb2.Source(name="Stripe, test", secret="another_secret", description="not this")
    request = pb.UpdateSourceRequest(**named(acme, stripe), source=wanted, update_mask={"paths": ["name", "secret"]})
    changed = by(ada)(f"{SOURCES}UpdateSource", request)
    assert (changed.name, changed.description) == ("Stripe, test", "")
    assert changed.etag != stripe.etag
    kind, data = events_of(acme.id)[-1]
    assert kind == "webhook.source.updated"
    assert data["changes"].keys() == {"name", "secret"}
    assert data["changes"]["secret"] == {"before": "***", "after": "***"}
    with pytest.raises(RpcError) as refused:
        by(ada)(f"{SOURCES}UpdateSource", pb.UpdateSourceRequest(**named(acme, stripe), source={"etag": stripe.etag}))
    assert refused.value.reason == "ETAG_MISMATCH"


def test_the_same_again_is_no_change(ada: Person, acme: Workspace, stripe: source_pb2.Source):
    wanted = source_pb2.Source(name=stripe.name, secret="whsec_of_stripe")
    unchanged = by(ada)(f"{SOURCES}UpdateSource", pb.UpdateSourceRequest(**named(acme, stripe), source=wanted))
    assert unchanged.etag == stripe.etag


def test_a_source_is_paused_resumed_and_deleted(ada: Person, acme: Workspace, stripe: source_pb2.Source):
    call = by(ada)
    paused = call(f"{SOURCES}PauseSource", pb.PauseSourceRequest(**named(acme, stripe)))
    assert paused.state == source_pb2.SOURCE_STATE_PAUSED
    assert call(f"{SOURCES}PauseSource", pb.PauseSourceRequest(**named(acme, stripe))).etag == paused.etag
    resumed = call(f"{SOURCES}ResumeSource", pb.ResumeSourceRequest(**named(acme, stripe), etag=paused.etag))
    assert resumed.state == source_pb2.SOURCE_STATE_ACTIVE
    call(f"{SOURCES}DeleteSource", pb.DeleteSourceRequest(**named(acme, stripe)))
    with pytest.raises(RpcError) as gone:
        call(f"{SOURCES}GetSource", pb.GetSourceRequest(**named(acme, stripe)))
    assert gone.value.code == "NOT_FOUND"
    assert [kind for kind, _ in events_of(acme.id)][-3:] == [
        "webhook.source.updated",
        "webhook.source.updated",
        "webhook.source.deleted",
    ]


def test_who_may_only_read_keeps_no_sources(ada: Person, acme: Workspace, stripe: source_pb2.Source):
    member = make_member(acme, Role.MEMBER)
    assert by(member)(f"{SOURCES}GetSource", pb.GetSourceRequest(**named(acme, stripe))).id == stripe.id
    with pytest.raises(RpcError) as refused:
        by(member)(f"{SOURCES}RotateSourceUrl", pb.RotateSourceUrlRequest(**named(acme, stripe)))
    assert refused.value.code == "PERMISSION_DENIED"


def test_the_source_of_another_workspace_is_not_there(ada: Person, acme: Workspace, stripe: source_pb2.Source):
    other = make_workspace(ada)
    with pytest.raises(RpcError) as refused:
        by(ada)(f"{SOURCES}GetSource", pb.GetSourceRequest(workspace_id=ws(other), source_id=stripe.id))
    assert refused.value.code == "NOT_FOUND"
    assert ids.matches("src", stripe.id)
