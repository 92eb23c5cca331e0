"""EventTypeService as its callers see it."""

from types import SimpleNamespace
from typing import Any

import pytest

from server.core import structs
from server.events import builtin
from server.events.conf import EventsSettings
from server.events.service import event_types
from server.workspaces.roles import Role
from tests.accounts.factories import make_person
from tests.events.factories import ORDER, TYPES, event_type, make_type, publish
from tests.support.client import RpcError
from tests.workspaces.factories import by, make_member, make_workspace, ws
from userdata.events.v1 import event_type_service_pb2 as pb


def call(person, workspace, method, **values):
    request = getattr(pb, f"{method}Request")(workspace_id=ws(workspace), **values)
    return by(person)(TYPES + method, request)


def refusal(person, workspace, method, **values):
    with pytest.raises(RpcError) as refused:
        call(person, workspace, method, **values)
    return refused.value


def update(person, workspace, *paths, name="order.paid", **values):
    wanted = event_type(name="", **values)
    return call(person, workspace, "UpdateEventType", name=name, event_type=wanted, update_mask={"paths": paths})


def test_a_new_type_can_be_read_and_published_at_once(ada, acme):
    with pytest.raises(RpcError):
        publish(ada, acme)
    made = make_type(
        ada, acme, description="Paid in full.", schema=ORDER, examples=[{"amount": 1}], labels={"team": "billing"}
    )
    assert made.id.startswith("ety_")
    assert (made.version, made.built_in, made.description) == (1, False, "Paid in full.")
    assert structs.to_dict(made.schema) == ORDER
    assert [structs.to_dict(example) for example in made.examples] == [{"amount": 1}]
    assert call(ada, acme, "GetEventType", name="order.paid") == made
    publish(ada, acme)


def test_a_built_in_type_can_be_read_and_not_changed(ada, acme):
    known = call(ada, acme, "GetEventType", name="workspace.created")
    assert known.built_in
    assert known.description == "Tells that a workspace was created."
    schema = structs.to_dict(known.schema)
    assert schema["properties"]["workspace"] == {"description": "The workspace.", "$ref": "#/$defs/Workspace"}
    for method, more in [("UpdateEventType", {"event_type": event_type()}), ("ArchiveEventType", {})]:
        refused = refusal(ada, acme, method, name="workspace.created", **more)
        assert refused.reason == "EVENT_TYPE_RESERVED"
    versions = call(ada, acme, "ListEventTypeVersions", name="workspace.created").event_type_versions
    assert [version.version for version in versions] == [1]


@pytest.mark.parametrize("name", ["workspace.created", "workspace.anything", "webhook.mine"])
def test_names_of_the_product_are_reserved(ada, acme, name):
    refused = refusal(ada, acme, "CreateEventType", event_type=event_type(name=name))
    assert (refused.reason, refused.metadata) == ("EVENT_TYPE_RESERVED", {"type": name})


@pytest.mark.parametrize(
    "name", ["order", "Order.paid", "order..paid", "order.paid.", ".order", "1.a", "a." + "b" * 127]
)
def test_names_have_a_grammar(ada, acme, name):
    refused = refusal(ada, acme, "CreateEventType", event_type=event_type(name=name))
    assert (refused.reason, list(refused.violations)) == ("VALIDATION_FAILED", ["event_type.name"])


def test_a_name_is_there_once(ada, acme):
    make_type(ada, acme)
    refused = refusal(ada, acme, "CreateEventType", event_type=event_type())
    assert (refused.reason, refused.code) == ("EVENT_TYPE_EXISTS", "ALREADY_EXISTS")
    make_type(ada, acme, name="order.sent")


def test_a_workspace_has_a_limit(ada, acme, monkeypatch):
    monkeypatch.setattr(
        event_types,
        "config",
        SimpleNamespace(read=lambda _: EventsSettings(event_retention_days=90, event_types_per_workspace=1)),
    )
    make_type(ada, acme)
    refused = refusal(ada, acme, "CreateEventType", event_type=event_type(name="order.sent"))
    assert (refused.reason, "1" in refused.message) == ("LIMIT_REACHED", True)


def test_a_schema_that_is_none_is_refused_with_the_place(ada, acme):
    schema = {"properties": {"amount": {"type": "money"}}}
    refused = refusal(ada, acme, "CreateEventType", event_type=event_type(schema=schema))
    assert refused.reason == "EVENT_SCHEMA_INVALID"
    assert list(refused.violations) == ["event_type.schema/properties/amount/type"]


def test_an_example_must_match(ada, acme):
    wanted = event_type(schema=ORDER, examples=[{"amount": 1}, {"amount": -1}])
    refused = refusal(ada, acme, "CreateEventType", event_type=wanted)
    assert list(refused.violations) == ["event_type.examples[1]/amount"]
    make_type(ada, acme, schema=ORDER, examples=[{"amount": 1}])
    wanted = event_type(schema={"required": ["currency"]})
    refused = refusal(ada, acme, "UpdateEventType", name="order.paid", event_type=wanted)
    assert list(refused.violations) == ["event_type.examples[0]"]


def test_another_schema_makes_a_version_and_holds_at_once(ada, acme):
    first = make_type(ada, acme, schema=ORDER)
    publish(ada, acme, data={"amount": 1})
    second = update(ada, acme, "schema", schema={"required": ["currency"]})
    assert (second.version, second.etag != first.etag) == (2, True)
    with pytest.raises(RpcError) as refused:
        publish(ada, acme, data={"amount": 1})
    assert refused.value.reason == "EVENT_DATA_INVALID"
    publish(ada, acme, data={"currency": "EUR"})
    third = update(ada, acme, "examples", examples=[{"currency": "EUR"}])
    assert third.version == 3
    versions = call(ada, acme, "ListEventTypeVersions", name="order.paid").event_type_versions
    assert [version.version for version in versions] == [3, 2, 1]
    assert structs.to_dict(versions[2].schema) == ORDER
    page = call(ada, acme, "ListEventTypeVersions", name="order.paid", page_size=2)
    rest = call(ada, acme, "ListEventTypeVersions", name="order.paid", page_size=2, page_token=page.next_page_token)
    assert [version.version for version in (*page.event_type_versions, *rest.event_type_versions)] == [3, 2, 1]


def test_another_description_makes_no_version_and_the_same_changes_nothing(ada, acme):
    make_type(ada, acme, schema=ORDER, labels={"a": "1"})
    changed = update(ada, acme, "description", "labels", description="New.", labels={"b": "2"})
    assert (changed.version, changed.description, dict(changed.labels)) == (1, "New.", {"b": "2"})
    assert structs.to_dict(changed.schema) == ORDER
    assert update(ada, acme, "description", "schema", description="New.", schema=ORDER) == changed


def test_changes_honour_the_mask_and_the_etag(ada, acme):
    first = make_type(ada, acme)
    refused = refusal(
        ada, acme, "UpdateEventType", name="order.paid", event_type=event_type(), update_mask={"paths": ["name"]}
    )
    assert refused.reason == "UPDATE_MASK_INVALID"
    update(ada, acme, "description", description="New.")
    calls: list[tuple[str, dict[str, Any]]] = [
        ("UpdateEventType", {"event_type": event_type(description="Late.", etag=first.etag)}),
        ("ArchiveEventType", {"etag": first.etag}),
        ("UnarchiveEventType", {"etag": first.etag}),
    ]
    for method, more in calls:
        assert refusal(ada, acme, method, name="order.paid", **more).reason == "ETAG_MISMATCH"


def test_an_archived_type_takes_no_events_until_it_is_back(ada, acme):
    make_type(ada, acme)
    publish(ada, acme)
    archived = call(ada, acme, "ArchiveEventType", name="order.paid")
    assert archived.HasField("archive_time")
    assert call(ada, acme, "ArchiveEventType", name="order.paid") == archived
    with pytest.raises(RpcError) as refused:
        publish(ada, acme)
    assert (refused.value.reason, refused.value.code) == ("EVENT_TYPE_ARCHIVED", "FAILED_PRECONDITION")
    back = call(ada, acme, "UnarchiveEventType", name="order.paid")
    assert not back.HasField("archive_time")
    publish(ada, acme)


def test_the_list_is_built_in_types_and_own_ones_by_name_in_pages(ada, acme):
    own = ["a.first", "order.paid", "order_lines.added", "x.last"]
    for name in own:
        make_type(ada, acme, name=name)
    call(ada, acme, "ArchiveEventType", name="x.last")
    found, token = [], ""
    while True:
        page = call(ada, acme, "ListEventTypes", page_size=5, page_token=token)
        assert len(page.event_types) <= 5
        found += [each.name for each in page.event_types]
        token = page.next_page_token
        if not token:
            break
    assert found == sorted([*builtin.TYPES, *own[:3]])

    def names(**values):
        return [each.name for each in call(ada, acme, "ListEventTypes", **values).event_types]

    assert names(filter="built_in = false") == own[:3]
    assert names(filter="built_in != true", show_archived=True) == own
    assert names(filter="built_in = true") == list(builtin.TYPES)
    assert names(filter="built_in = true AND built_in = false") == []
    assert refusal(ada, acme, "ListEventTypes", filter="built_in = yes").reason == "FILTER_INVALID"


def test_of_another_workspace_nothing_is_seen_or_changed(ada, acme):
    make_type(ada, acme)
    eve = make_person("eve@example.com")
    other = make_workspace(eve)
    for method, more in [
        ("GetEventType", {}),
        ("UpdateEventType", {"event_type": event_type(description="Mine.")}),
        ("ArchiveEventType", {}),
        ("UnarchiveEventType", {}),
        ("ListEventTypeVersions", {}),
    ]:
        assert refusal(eve, other, method, name="order.paid", **more).reason == "NOT_FOUND"
        assert refusal(eve, acme, method, name="order.paid", **more).reason == "NOT_FOUND"
    listed = call(eve, other, "ListEventTypes", filter="built_in = false").event_types
    assert not listed
    with pytest.raises(RpcError) as refused:
        publish(eve, other)
    assert refused.value.reason == "EVENT_TYPE_UNKNOWN"


def test_members_read_the_catalogue_and_admins_write_it(ada, acme):
    member, admin = make_member(acme, Role.MEMBER), make_member(acme, Role.ADMIN)
    make_type(admin, acme)
    assert call(member, acme, "GetEventType", name="order.paid").name == "order.paid"
    with pytest.raises(RpcError) as refused:
        make_type(member, acme, name="order.sent")
    assert refused.value.code == "PERMISSION_DENIED"
