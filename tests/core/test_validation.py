"""Field rules on messages of the real contract."""

import math

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from server.core.errors import InvalidArgument
from server.core.validation import validate
from userdata.accounts.v1.account_service_pb2 import RegisterRequest, UpdateMeRequest
from userdata.accounts.v1.user_pb2 import User
from userdata.workspaces.v1.workspace_pb2 import Workspace
from userdata.workspaces.v1.workspace_service_pb2 import (
    CreateWorkspaceRequest,
    ListWorkspacesRequest,
    UpdateWorkspaceRequest,
)

WORKSPACE_ID = "ws_01h455vb4pex5vsknk084sn02q"


def violations(request) -> dict[str, str]:
    try:
        validate(request)
    except InvalidArgument as error:
        return {violation.field: violation.description for violation in error.violations}
    return {}


def register(**changes):
    return RegisterRequest(
        **{"email": "ada@example.com", "password": "correct horse battery", "display_name": "Ada", **changes}
    )


def create(**workspace):
    return CreateWorkspaceRequest(workspace=Workspace(**{"name": "Engines", **workspace}))


def test_a_sound_request_has_no_violation():
    assert violations(register()) == {}
    assert violations(create(slug="engines-2", labels={"team": "x"})) == {}


def test_all_violations_come_at_once_one_a_field():
    found = violations(RegisterRequest(email="nobody", password="short"))
    assert set(found) == {"email", "password", "display_name"}
    assert "12" in found["password"]
    assert found["display_name"] == "is required"


@pytest.mark.parametrize(
    "email", ["a@b.de", "Ä.ö+x@exämple.org", "a" * 64 + "@example.com", "o'neil@sub.example.co.uk"]
)
def test_takes_email_addresses(email):
    assert violations(register(email=email)) == {}


@pytest.mark.parametrize(
    "email",
    ["a", "a@b", "@b.de", "a@@b.de", "a b@c.de", "a@b.de\n", "a@b..de", "a" * 65 + "@b.de", "a@" + "b" * 250 + ".de"],
)
def test_refuses_what_is_no_email_address(email):
    assert set(violations(register(email=email))) == {"email"}


@pytest.mark.parametrize("length", [12, 256])
def test_lengths_count_characters_not_bytes(length):
    assert violations(register(password="ü" * length)) == {}
    assert violations(register(password="ü" * 257)).keys() == {"password"}


@pytest.mark.parametrize("name", [" x", "x ", "a\nb", "a\x00b", "x" * 81, "\u202eabc"])
def test_refuses_names_that_are_not_one_clean_line(name):
    assert set(violations(register(display_name=name))) == {"display_name"}


@pytest.mark.parametrize("name", ["李小龍", "Zoë 👩‍🚀", "x" * 80, "O’Brien-Smith, Jr."])
def test_takes_names_in_every_script(name):
    assert violations(register(display_name=name)) == {}


@pytest.mark.parametrize("slug", ["Ab", "-ab", "ab-", "a_b", "1ab", "ab", "x" * 64, "ä-b"])
def test_refuses_slugs_that_are_no_dns_labels(slug):
    assert set(violations(create(slug=slug))) == {"workspace.slug"}


def test_nul_is_refused_wherever_it_hides():
    request = create(labels={"a": "b\0"})
    request.workspace.settings.update({"deep": {"list": ["x\0"]}})
    found = violations(request)
    assert any("NUL" in text for text in found.values())
    assert any(field.startswith("workspace.settings") for field in found)


def test_numbers_in_free_json_must_be_finite():
    request = create()
    request.workspace.settings["x"] = math.nan
    assert any("finite" in text for text in violations(request).values())


def test_free_json_is_bounded_in_bytes():
    request = create()
    request.workspace.settings["x"] = "y" * (32 * 1024)
    assert set(violations(request)) == {"workspace.settings"}


def test_a_negative_page_size_is_refused():
    assert set(violations(ListWorkspacesRequest(page_size=-1))) == {"page_size"}


def test_an_update_requires_only_what_its_mask_names():
    request = UpdateWorkspaceRequest(workspace_id=WORKSPACE_ID, workspace=Workspace(slug="engines"))
    assert violations(request) == {}
    request.update_mask.CopyFrom(FieldMask(paths=["name"]))
    assert violations(request) == {"workspace.name": "is required"}


def test_what_the_server_sets_is_ignored_on_input():
    request = UpdateMeRequest(user=User(id="anything\0", email="not an address", display_name="Ada"))
    request.user.create_time.CopyFrom(Timestamp(seconds=2**60))
    assert violations(request) == {}


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("time_zone", "Europe/Berlin", "Mars/Olympus"),
        ("locale", "pt-BR", "en_US!"),
        ("avatar_url", "https://example.com/a.png?x=1", "javascript:alert(1)"),
        ("avatar_url", "http://xn--exmple-cua.org/", "https://user:pass@example.com/"),
        ("avatar_url", "https://[2001:db8::1]:8443/a", "https://example.com:99999/"),
    ],
)
def test_formats_of_a_profile(field, good, bad):
    assert violations(UpdateMeRequest(user=User(**{field: good}))) == {}
    assert set(violations(UpdateMeRequest(user=User(**{field: bad})))) == {f"user.{field}"}
