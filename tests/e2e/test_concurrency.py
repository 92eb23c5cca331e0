"""What many do at the same moment ends as if they had done it one after the other."""

import base64
import hmac
import time
from collections import Counter
from functools import partial
from http import HTTPStatus

import pytest

from server.core import ids
from tests.e2e.support.people import PASSWORD, People, Person
from tests.e2e.support.rest import Answer, Rest
from tests.e2e.support.rpc import Stubs, call, channel
from tests.support.client import RpcError
from tests.support.database import as_owner
from tests.support.parallel import at_once, times
from tests.support.wait import until
from udb.installation import Installation
from userdata.accounts.v1.account_service_pb2 import GetMeRequest

pytestmark = pytest.mark.xdist_group("e2e")

MANY = 50
ROUNDS = 5


def outcomes(answers: list[Answer]) -> Counter[str]:
    """How many answers there are of each kind: OK, or the reason of a failure."""
    return Counter("OK" if answer.ok else answer.reason for answer in answers)


def totp(secret: str) -> str:
    """The code that an authenticator shows now (RFC 6238)."""
    step = int(time.time()) // 30
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8), "sha1")
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4]) & 0x7FFFFFFF) % 1_000_000:06}"


def events(installation: Installation, workspace: str, kind: str) -> int:
    """How many events of a kind a workspace has."""
    with as_owner(installation.database_url) as cursor:
        parameters = (ids.decode("ws", workspace), kind)
        cursor.execute("SELECT count(*) FROM event WHERE workspace_id = %s AND type = %s", parameters)
        found: int = cursor.fetchone()[0]
    return found


def test_fifty_acceptances_of_one_invitation_make_one_member(
    installation: Installation, ada: Person, people: People
) -> None:
    workspace, grace = ada.workspace(), people.person(name="Grace Hopper")
    token = people.invite(ada, workspace, grace.email)
    found = outcomes(times(MANY, lambda: grace.rest.send("POST", "/v1/invitations:accept", {"token": token})))
    assert found["OK"] == 1
    assert found.keys() <= {"OK", "INVITATION_NOT_PENDING", "ALREADY_MEMBER"}
    members = ada.rest.get(f"/v1/workspaces/{workspace}/members")["members"]
    assert sorted(item["user"]["id"] for item in members) == sorted([ada.id, grace.id])
    assert events(installation, workspace, "workspace.invitation.accepted") == 1
    # The first is the owner's own.
    assert events(installation, workspace, "workspace.member.added") == 2


def test_two_last_owners_who_leave_at_once_leave_one(ada: Person, people: People) -> None:
    grace = people.person(name="Grace Hopper")
    for _ in range(ROUNDS):
        workspace = ada.workspace()
        people.join(ada, workspace, grace, "ROLE_OWNER")
        leave = f"/v1/workspaces/{workspace}:leave"
        answers = at_once([partial(person.rest.send, "POST", leave, {}) for person in (ada, grace)])
        assert outcomes(answers) == {"OK": 1, "LAST_OWNER": 1}
        stays = ada if answers[1].ok else grace
        members = stays.rest.get(f"/v1/workspaces/{workspace}/members")["members"]
        assert [(item["user"]["id"], item["role"]) for item in members] == [(stays.id, "ROLE_OWNER")]
        assert stays.rest.get(f"/v1/workspaces/{workspace}")["ownerId"] == stays.id


def test_two_owners_who_demote_each_other_leave_one(ada: Person, people: People) -> None:
    grace = people.person(name="Grace Hopper")
    for _ in range(ROUNDS):
        workspace = ada.workspace()
        people.join(ada, workspace, grace, "ROLE_OWNER")
        at = f"/v1/workspaces/{workspace}/members"
        actions = [
            partial(person.rest.send, "PATCH", f"{at}/{other.id}", {"role": "ROLE_VIEWER"})
            for person, other in ((ada, grace), (grace, ada))
        ]
        found = outcomes(at_once(actions))
        assert found["OK"] == 1
        assert found.keys() <= {"OK", "LAST_OWNER", "PERMISSION_MISSING", "ROLE_NOT_GRANTABLE"}
        roles = Counter(item["role"] for item in ada.rest.get(at)["members"])
        assert roles == {"ROLE_OWNER": 1, "ROLE_VIEWER": 1}


def test_fifty_creations_with_one_idempotency_key_make_one_workspace(people: People) -> None:
    person = people.person()
    headers = {"idempotency-key": "fifty-at-once"}
    create = partial(person.rest.send, "POST", "/v1/workspaces", {"name": "Acme Engines"}, headers=headers)
    answers = times(MANY, create)
    assert outcomes(answers) == {"OK": MANY}
    assert len({answer.body for answer in answers}) == 1
    assert person.rest.get("/v1/workspaces")["workspaces"] == [answers[0].json]


def test_of_many_who_want_one_slug_one_gets_it(people: People) -> None:
    person = people.person()
    slug = person.email.partition("@")[0].replace(".", "-")
    create = partial(person.rest.send, "POST", "/v1/workspaces", {"name": "Acme Engines", "slug": slug})
    assert outcomes(times(20, create)) == {"OK": 1, "SLUG_TAKEN": 19}


def test_of_many_who_change_what_they_read_one_succeeds(ada: Person) -> None:
    path = f"/v1/workspaces/{ada.workspace()}"
    etag = ada.rest.get(path)["etag"]
    changes = [partial(ada.rest.send, "PATCH", path, {"name": f"Name {n}", "etag": etag}) for n in range(20)]
    answers = at_once(changes)
    found = outcomes(answers)
    assert found["OK"] == 1
    assert found.keys() <= {"OK", "ETAG_MISMATCH"}
    assert ada.rest.get(path) == next(answer.json for answer in answers if answer.ok)


def test_an_email_that_many_register_at_once_has_one_account(anyone: Rest, people: People) -> None:
    email = people.address()
    body = {"email": email, "password": PASSWORD, "displayName": "Ada Lovelace"}
    assert outcomes(times(10, lambda: anyone.send("POST", "/v1/auth/register", body))) == {"OK": 10}
    token = people.mailbox.token(email, "verification")
    answers = times(10, lambda: anyone.send("POST", "/v1/auth/verify-email", {"token": token}))
    found = outcomes(answers)
    assert found["OK"] == 1
    assert found.keys() == {"OK", "VERIFICATION_TOKEN_INVALID"}
    assert len(people.mailbox.letters(email, "verification")) == 1


def test_refreshing_at_once_logs_nobody_out(anyone: Rest, people: People) -> None:
    person = people.person()
    for _ in range(ROUNDS):
        body = {"refreshToken": person.refresh_token}
        answers = times(10, lambda body=body: anyone.send("POST", "/v1/auth/refresh", body))  # type: ignore[misc]
        assert outcomes(answers) == {"OK": 10}
        (newest,) = {answer.json["refreshToken"] for answer in answers}
        assert newest != person.refresh_token
        for answer in answers:
            assert anyone.signed_in(answer.json["accessToken"]).get("/v1/me")["id"] == person.id
        person.refresh_token = newest


def test_a_refresh_token_that_is_older_ends_the_session_for_all_who_race(anyone: Rest, people: People) -> None:
    person = people.person()
    oldest = {"refreshToken": person.refresh_token}
    for _ in range(2):
        person.refresh_token = anyone.post("/v1/auth/refresh", {"refreshToken": person.refresh_token})["refreshToken"]
    found = outcomes(times(10, lambda: anyone.send("POST", "/v1/auth/refresh", oldest)))
    assert found.keys() <= {"REFRESH_TOKEN_REUSED", "SESSION_REVOKED"}
    answer = anyone.send("POST", "/v1/auth/refresh", {"refreshToken": person.refresh_token})
    assert answer.reason in ("SESSION_REVOKED", "REFRESH_TOKEN_REUSED")


def test_one_code_of_an_authenticator_completes_one_login(anyone: Rest, people: People) -> None:
    person = people.person()
    secret = person.rest.post("/v1/me/totp", {})["secret"]
    recovery = person.rest.post("/v1/me/totp:confirm", {"code": totp(secret)})["recoveryCodes"]
    body = {"email": person.email, "password": person.password}
    challenges = [anyone.post("/v1/auth/login", body)["challenge"] for _ in range(4)]
    attempts = [{"challenge": challenge, "code": recovery[0]} for challenge in challenges]
    complete = [partial(anyone.send, "POST", "/v1/auth/complete-login", attempt) for attempt in attempts]
    assert outcomes(at_once(complete)) == {"OK": 1, "TOTP_CODE_INVALID": 3}


@pytest.mark.parametrize("credential", ["session", "key"])
def test_a_revocation_holds_on_every_server_within_a_second(
    credential: str, installation: Installation, people: People
) -> None:
    person = people.person()
    token = person.token
    revocation: tuple[str, str, object] = ("POST", "/v1/auth/logout", {})
    if credential == "key":
        made = person.rest.post("/v1/me/api-keys", {"name": "Robot", "scopes": ["account.read"]})
        token, revocation = made["key"], ("DELETE", f"/v1/me/api-keys/{made['apiKey']['id']}", None)
    servers = [address for name, address in installation.state.addresses.items() if name.startswith("rpc.")]
    assert len(servers) == 2

    def refusal(target: str) -> str:
        with channel(target) as opened:
            try:
                call(Stubs(opened).accounts.GetMe, GetMeRequest(), token=token)
            except RpcError as error:
                return str(error.reason)
        return ""

    # Each has verified the credential and remembers it.
    assert [refusal(server) for server in servers * 2] == [""] * 4
    person.rest.call(*revocation)
    for server in servers:
        until(lambda server=server: refusal(server), within=1, saying=f"{server} takes it still")  # type: ignore[misc]
        assert refusal(server) == ("SESSION_REVOKED" if credential == "session" else "API_KEY_REVOKED")
    answer = person.rest.signed_in(token).send("GET", "/v1/me")
    assert answer.status == HTTPStatus.UNAUTHORIZED
