"""What happens to endpoints and portal links at the same moment ends as if it had happened in turn."""

from collections import Counter
from functools import partial

import pytest

from server.core import config, ids, tenancy
from server.webhooks.models import Endpoint, EndpointVersion, Lane, PortalSession, Secret
from server.workspaces.models import Workspace
from tests.accounts.factories import Person, make_person
from tests.support.parallel import endings
from tests.webhooks.factories import ask, create, make_endpoint, update, whe
from tests.workspaces.factories import Caller, by, make_workspace, ws
from udb.embedded import Postgres
from userdata.webhooks.v1 import portal_service_pb2 as pb

ROUNDS = 3
CALLERS = 4
PORTAL = "userdata.webhooks.v1.PortalService/"


@pytest.fixture
def ada(committed: Postgres) -> Person:
    with tenancy.transaction():
        return make_person("ada@example.com")


@pytest.fixture
def acme(ada: Person) -> Workspace:
    with tenancy.transaction():
        return make_workspace(ada)


def made(workspace: Workspace, **values: object) -> Endpoint:
    with tenancy.transaction():
        return make_endpoint(workspace, **values)


def test_one_url_is_given_once(ada, acme):
    for number in range(ROUNDS):
        spellings = [f"https://hooks.example.com/{number}", f"https://HOOKS.example.com:443/{number}"] * 2
        ends = Counter(endings([partial(create, by(ada), acme, url) for url in spellings]))
        assert ends == {"OK": 1, "ENDPOINT_URL_TAKEN": CALLERS - 1}


def test_one_url_goes_to_one_of_those_that_change_to_it(ada, acme):
    endpoints = [made(acme) for _ in range(CALLERS)]
    url = "https://hooks.example.com/wanted"
    ends = Counter(endings([partial(update, by(ada), acme, whe(endpoint), "url", url=url) for endpoint in endpoints]))
    assert ends == {"OK": 1, "ENDPOINT_URL_TAKEN": CALLERS - 1}


def test_the_limit_holds(ada, acme, monkeypatch):
    monkeypatch.setenv("ENDPOINTS_PER_WORKSPACE", "2")
    config.read.cache_clear()
    try:
        ends = Counter(endings([partial(create, by(ada), acme, f"https://{n}.example.com/") for n in range(CALLERS)]))
    finally:
        monkeypatch.undo()
        config.read.cache_clear()
    assert ends == {"OK": 2, "LIMIT_REACHED": CALLERS - 2}


def test_of_changes_with_one_etag_one_wins(ada, acme):
    endpoint = made(acme)
    etag = ask(by(ada), "GetEndpoint", acme, whe(endpoint)).etag
    changes = [
        partial(update, by(ada), acme, whe(endpoint), "description", description=f"{number}", etag=etag)
        for number in range(CALLERS)
    ]
    assert Counter(endings(changes)) == {"OK": 1, "ETAG_MISMATCH": CALLERS - 1}


def test_every_change_leaves_its_version(ada, acme):
    endpoint = made(acme)
    changes = [
        partial(update, by(ada), acme, whe(endpoint), "description", description=f"{number}")
        for number in range(CALLERS)
    ]
    assert Counter(endings(changes)) == {"OK": CALLERS}
    with tenancy.reading(workspace=acme.id):
        versions = list(EndpointVersion.select().order_by(EndpointVersion.revision))
        assert [version.revision for version in versions] == list(range(1, CALLERS + 2))
        assert [version.end_time for version in versions[:-1]] == [version.create_time for version in versions[1:]]
        assert versions[-1].end_time is None


def test_rotations_leave_one_secret_without_an_end(ada, acme):
    endpoint = made(acme)
    rotate = partial(ask, by(ada), "RotateEndpointSecret", acme, whe(endpoint))
    assert Counter(endings([rotate] * CALLERS)) == {"OK": CALLERS}
    with tenancy.reading(workspace=acme.id):
        assert Secret.select().count() == CALLERS + 1
        assert Secret.select().where(Secret.expire_time.is_null()).count() == 1


def test_a_deletion_and_a_resumption_leave_a_deleted_endpoint(ada, acme):
    for _ in range(ROUNDS):
        endpoint = made(acme, state="PAUSED")
        calls = [partial(ask, by(ada), method, acme, whe(endpoint)) for method in ("DeleteEndpoint", "ResumeEndpoint")]
        assert "OK" in endings(calls)
        with tenancy.reading(workspace=acme.id):
            assert Endpoint.get_by_id(endpoint.id).delete_time is not None
            assert Lane.select().where((Lane.endpoint == endpoint.id) & (Lane.blocked_time == "infinity")).exists()


def test_a_portal_link_is_opened_once(ada, acme):
    for _ in range(ROUNDS):
        made_link = by(ada)(PORTAL + "CreatePortalLink", pb.CreatePortalLinkRequest(workspace_id=ws(acme)))
        request = pb.ExchangePortalCodeRequest(code=made_link.code)
        ends = Counter(endings([partial(Caller(None), PORTAL + "ExchangePortalCode", request)] * CALLERS))
        assert ends == {"OK": 1, "PORTAL_CODE_INVALID": CALLERS - 1}
        with tenancy.reading(workspace=acme.id):
            session = PortalSession.get_by_id(ids.decode("wps", made_link.session.id))
            assert session.token_hash is not None
