"""Whatever goes wrong over REST is told in one shape."""

import socket
from http import HTTPStatus
from http.client import HTTPResponse

import pytest

from tests.e2e.support.people import People, Person
from tests.e2e.support.rest import Answer, Rest
from udb.installation import Installation

pytestmark = pytest.mark.xdist_group("e2e")

MIB = 1024 * 1024
NOBODYS = "ws_01jbrk8xw7e5tvh2c9n4m6q0za"
SECURITY = ("content-security-policy", "referrer-policy", "x-content-type-options", "x-frame-options")


@pytest.fixture(scope="module")
def workspace(ada: Person) -> str:
    """The path of a workspace of Ada's."""
    return f"/v1/workspaces/{ada.workspace()}"


def refused(answer: Answer, status: HTTPStatus, reason: str) -> None:
    assert (answer.status, answer.reason) == (status, reason), answer


# What cannot be read --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": ',
        b'{"name": "Acme"} {}',
        b"name=Acme",
        b"\xff\xfe",
        b'{"name": "\x01"}',
        b"[]",
        b'"Acme"',
        {"name": "Acme", "colour": "red"},
        {"name": {"first": "Acme"}},
        {"name": ["Acme"]},
        {"name": "Acme", "labels": "red"},
        {"name": "Acme", "labels": {"a": {"b": "c"}}},
        {"name": "Acme", "settings": []},
        {"name": "Acme", "createTime": "tomorrow"},
        b'{"name": "Acme", "settings": ' + b'{"a":' * 200 + b"1" + b"}" * 200 + b"}",
    ],
    ids=lambda body: str(body)[:40],
)
def test_a_body_that_is_not_the_message_is_malformed(body: object, ada: Person) -> None:
    refused(ada.rest.send("POST", "/v1/workspaces", body), HTTPStatus.BAD_REQUEST, "MALFORMED_REQUEST")


def test_an_unknown_field_is_named(ada: Person) -> None:
    answer = ada.rest.send("POST", "/v1/workspaces", {"name": "Acme", "colour": "red"})
    assert "colour" in answer.json["message"]


@pytest.mark.parametrize("role", ["ROLE_KING", "role_member", True, {"a": 1}])
def test_a_value_that_is_not_of_the_enum_is_malformed(role: object, workspace: str, ada: Person) -> None:
    answer = ada.rest.send("POST", f"{workspace}/invitations", {"email": "grace@example.com", "role": role})
    refused(answer, HTTPStatus.BAD_REQUEST, "MALFORMED_REQUEST")


@pytest.mark.parametrize("query", [{"colour": "red"}, {"pageSize": "many"}, {"pageSize": "1.5"}, {"showDeleted": "7"}])
def test_a_query_that_the_method_does_not_take_is_malformed(query: dict[str, object], ada: Person) -> None:
    answer = ada.rest.send("GET", "/v1/workspaces", query=query)
    refused(answer, HTTPStatus.BAD_REQUEST, "MALFORMED_REQUEST")


@pytest.mark.parametrize("mask", ["colour", "name,colour", "id", "etag", "settings.a.b"])
def test_a_mask_with_a_field_that_cannot_be_changed_is_refused(mask: str, workspace: str, ada: Person) -> None:
    answer = ada.rest.send("PATCH", workspace, {"name": "Acme"}, query={"updateMask": mask})
    assert answer.status == HTTPStatus.BAD_REQUEST
    assert answer.reason in ("UPDATE_MASK_INVALID", "MALFORMED_REQUEST")


# What leads nowhere ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/nothing"),
        ("GET", "/v2/workspaces"),
        ("POST", f"/v1/workspaces/{NOBODYS}:explode"),
        ("GET", f"/v1/workspaces/{NOBODYS}/colours"),
        ("GET", "/favicon.ico"),
        ("POST", "/userdata.workspaces.v1.WorkspaceService/CreateWorkspace"),
    ],
)
def test_an_unknown_path_or_verb_is_not_found(method: str, path: str, ada: Person) -> None:
    refused(ada.rest.send(method, path, {} if method == "POST" else None), HTTPStatus.NOT_FOUND, "ROUTE_NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/workspaces", "GET, POST"),
        ("DELETE", "/v1/auth/login", "POST"),
        ("POST", f"/v1/workspaces/{NOBODYS}", "DELETE, GET, PATCH"),
        ("GET", f"/v1/workspaces/{NOBODYS}:undelete", "POST"),
    ],
)
def test_a_wrong_method_comes_with_the_right_ones(method: str, path: str, allowed: str, ada: Person) -> None:
    answer = ada.rest.send(method, path)
    refused(answer, HTTPStatus.METHOD_NOT_ALLOWED, "ROUTE_NOT_FOUND")
    assert answer.headers["allow"] == allowed


def test_a_path_with_an_escaped_slash_is_refused(anyone: Rest) -> None:
    refused(anyone.send("GET", "/v1%2Fworkspaces"), HTTPStatus.BAD_REQUEST, "MALFORMED_REQUEST")


# What is too large ----------------------------------------------------------------------------------------------------


def test_a_body_that_is_too_large_is_refused(ada: Person) -> None:
    answer = ada.rest.send("POST", "/v1/workspaces", {"name": "Acme", "settings": {"a": "x" * MIB}})
    refused(answer, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "REQUEST_TOO_LARGE")


def test_headers_that_are_too_long_or_too_many_are_refused(anyone: Rest) -> None:
    for headers in ({"x-long": "x" * 20_000}, {f"x-many-{number}": "x" for number in range(120)}):
        answer = anyone.send("GET", "/v1/me", headers=headers)
        refused(answer, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "HEADERS_TOO_LARGE")


@pytest.mark.parametrize("header", ["x!", "x-a-bin", "grpc-encoding", "user-agent", "traceparent", "x-request-id"])
def test_headers_that_http_allows_do_no_harm(header: str, ada: Person) -> None:
    for value in ("~", "é", ""):
        tokens = ada.rest.post(
            "/v1/auth/login", {"email": ada.email, "password": ada.password}, headers={header: value}
        )
        sessions = ada.rest.signed_in(tokens["accessToken"]).get("/v1/me/sessions", headers={header: value})
        assert any(session["current"] for session in sessions["sessions"])


@pytest.mark.parametrize("header", ["authorization", "idempotency-key"])
def test_a_credential_or_key_that_is_not_ascii_is_refused(header: str, ada: Person) -> None:
    answer = ada.rest.send("PATCH", "/v1/me", {"locale": "en"}, headers={header: "Bearer é"})
    assert answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.BAD_REQUEST)
    assert answer.reason in ("TOKEN_INVALID", "IDEMPOTENCY_KEY_INVALID")


@pytest.mark.parametrize("line", [b"HELLO", b"GET /v1/me HTTP/1.1", b"GET /v1/me HTTP/9.9\r\nhost: a"])
def test_what_is_not_http_is_answered_in_the_same_shape(line: bytes, installation: Installation) -> None:
    host, _, port = installation.grpc_target.partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(line + b"\r\n\r\n")
        response = HTTPResponse(connection)
        response.begin()
        answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        response.close()
    assert answer.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UPGRADE_REQUIRED, HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
    assert answer.json["details"][0]["reason"] == "MALFORMED_REQUEST"


# Who may not ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("authorization", "reason"),
    [
        (None, "CREDENTIAL_MISSING"),
        ("Basic YWRhOmFkYQ==", "CREDENTIAL_MISSING"),
        ("Bearer ", "CREDENTIAL_MISSING"),
        ("Bearer nonsense", "TOKEN_INVALID"),
        ("Bearer a.b.c", "TOKEN_INVALID"),
        ("Bearer udk_4fKq9ZrT2mXw7LbVn0cHs5PdJy8GaE3u1kWQxR", "API_KEY_INVALID"),
        ("Bearer udw_4fKq9ZrT2mXw7LbVn0cHs5PdJy8GaE3u1kWQxR", "API_KEY_INVALID"),
    ],
)
def test_without_a_credential_that_holds_nobody_gets_in(authorization: str | None, reason: str, anyone: Rest) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    answer = anyone.send("GET", "/v1/me", headers=headers)
    refused(answer, HTTPStatus.UNAUTHORIZED, reason)


def test_a_token_that_somebody_altered_is_refused(ada: Person) -> None:
    head, body, signature = ada.token.split(".")
    for token in (f"{head}.{body}.{signature[::-1]}", f"{head}.{body[:-2]}AA.{signature}", f"{head}.{body}."):
        refused(ada.rest.signed_in(token).send("GET", "/v1/me"), HTTPStatus.UNAUTHORIZED, "TOKEN_INVALID")


def test_what_is_not_there_and_what_is_not_yours_sound_the_same(workspace: str, people: People) -> None:
    grace = people.person(name="Grace Hopper")
    answers = [grace.rest.send("GET", path) for path in (workspace, f"/v1/workspaces/{NOBODYS}", "/v1/workspaces/x")]
    for answer in answers:
        refused(answer, HTTPStatus.NOT_FOUND, "NOT_FOUND")
    assert len({answer.json["message"] for answer in answers}) == 1


def test_a_member_without_the_permission_is_told_which(workspace: str, ada: Person, people: People) -> None:
    viewer = people.person(name="Grace Hopper")
    people.join(ada, workspace.rpartition("/")[2], viewer, "ROLE_VIEWER")
    answer = viewer.rest.send("PATCH", workspace, {"name": "Mine"})
    refused(answer, HTTPStatus.FORBIDDEN, "PERMISSION_MISSING")
    assert answer.detail("ErrorInfo")["metadata"] == {"permission": "workspaces.update"}


# What the request or the state does not allow -------------------------------------------------------------------------


def test_every_broken_rule_is_told_at_once(anyone: Rest) -> None:
    answer = anyone.send("POST", "/v1/auth/register", {"email": "nobody", "password": "short", "displayName": ""})
    refused(answer, HTTPStatus.BAD_REQUEST, "VALIDATION_FAILED")
    assert answer.violations.keys() == {"email", "password", "display_name"}
    assert all(answer.violations.values())


def test_an_idempotency_key_belongs_to_one_request(ada: Person) -> None:
    headers = {"idempotency-key": "test-one-request"}
    first = ada.rest.post("/v1/workspaces", {"name": "Acme"}, headers=headers)
    assert ada.rest.post("/v1/workspaces", {"name": "Acme"}, headers=headers) == first
    answer = ada.rest.send("POST", "/v1/workspaces", {"name": "Other"}, headers=headers)
    refused(answer, HTTPStatus.CONFLICT, "IDEMPOTENCY_KEY_REUSED")
    answer = ada.rest.send("POST", "/v1/workspaces", {"name": "Acme"}, headers={"idempotency-key": "x" * 129})
    refused(answer, HTTPStatus.BAD_REQUEST, "IDEMPOTENCY_KEY_INVALID")


def test_an_old_etag_is_a_conflict(ada: Person) -> None:
    path = f"/v1/workspaces/{ada.workspace()}"
    old = ada.rest.get(path)["etag"]
    ada.rest.call("PATCH", path, {"name": "New", "etag": old})
    answer = ada.rest.send("PATCH", path, {"name": "Newer", "etag": old})
    refused(answer, HTTPStatus.CONFLICT, "ETAG_MISMATCH")
    refused(ada.rest.send("DELETE", path, query={"etag": old}), HTTPStatus.CONFLICT, "ETAG_MISMATCH")
    assert ada.rest.get(path)["name"] == "New"


def test_a_name_that_is_taken_is_a_conflict(ada: Person, people: People) -> None:
    slug = people.address("s").partition("@")[0].replace(".", "-")
    ada.workspace(slug=slug)
    answer = ada.rest.send("POST", "/v1/workspaces", {"name": "Acme", "slug": slug})
    refused(answer, HTTPStatus.CONFLICT, "SLUG_TAKEN")
    assert answer.detail("ErrorInfo")["metadata"] == {"slug": slug}


def test_a_state_that_forbids_it_is_a_failed_precondition(workspace: str, ada: Person) -> None:
    refused(ada.rest.send("POST", f"{workspace}:leave", {}), HTTPStatus.BAD_REQUEST, "LAST_OWNER")


# What comes too often -------------------------------------------------------------------------------------------------


def test_too_many_letters_are_refused_with_the_time_to_wait(anyone: Rest, people: People) -> None:
    body = {"email": people.register()}
    answers = [anyone.send("POST", "/v1/auth/resend-verification", body) for _ in range(2)]
    refused(answers[-1], HTTPStatus.TOO_MANY_REQUESTS, "RESEND_TOO_SOON")
    _tells_when_to_retry(answers[-1], 60)


def test_too_many_failed_logins_are_refused_with_the_time_to_wait(anyone: Rest, people: People) -> None:
    body = {"email": people.register(), "password": "not the password"}
    for _ in range(5):
        refused(anyone.send("POST", "/v1/auth/login", body), HTTPStatus.UNAUTHORIZED, "INVALID_CREDENTIALS")
    answer = anyone.send("POST", "/v1/auth/login", body)
    refused(answer, HTTPStatus.TOO_MANY_REQUESTS, "LOGIN_LOCKED")
    _tells_when_to_retry(answer, 15 * 60)


def _tells_when_to_retry(answer: Answer, most: float) -> None:
    seconds = float(answer.detail("RetryInfo")["retryDelay"].removesuffix("s"))
    assert most - 30 < seconds <= most
    assert seconds <= int(answer.headers["retry-after"]) < seconds + 1
