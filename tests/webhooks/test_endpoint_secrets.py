"""Secrets of endpoints: who sees them, and what rotating them does."""

import base64
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf.duration_pb2 import Duration

from server.core import clock
from server.webhooks import sealing
from server.webhooks.models import Endpoint, Secret
from server.workspaces.roles import Role
from tests.support.client import RpcError
from tests.webhooks.factories import ask, create, make_endpoint, whe
from tests.workspaces.factories import Caller, by, events_of, make_key, make_member

ED25519 = "ENDPOINT_SIGNATURE_ED25519"
OWN = "whsec_" + base64.b64encode(b"k" * 24).decode()


def refusal(action, *args, **kwargs):
    with pytest.raises(RpcError) as caught:
        action(*args, **kwargs)
    return caught.value


def secrets_of(caller, workspace, endpoint_id):
    return list(ask(caller, "GetEndpointSecret", workspace, endpoint_id).secrets)


def rotate(caller, workspace, endpoint_id, **fields):
    return ask(caller, "RotateEndpointSecret", workspace, endpoint_id, **fields)


def program(workspace, owner):
    """A caller whose credential outlives what tests do to the clock."""
    _, key = make_key(workspace, owner, "webhooks.read", "webhooks.write", "webhooks.secrets")
    return Caller(key)


def key_of(text):
    prefix, _, encoded = text.partition("_")
    assert prefix in ("whsec", "whsk", "whpk")
    return base64.b64decode(encoded, validate=True)


def test_a_random_secret_of_32_bytes_is_made_and_sealed(ada, acme):
    endpoint = create(by(ada), acme)
    (secret,) = secrets_of(by(ada), acme, endpoint.id)
    assert secret.secret.startswith("whsec_")
    assert secret.public_key == ""
    assert not secret.HasField("expire_time")
    key = key_of(secret.secret)
    assert len(key) == 32
    row = Secret.get()
    assert key not in bytes(row.secret)
    assert sealing.open_secret(row.endpoint, row.secret) == key
    other = create(by(ada), acme, "https://hooks.example.com/b")
    assert secrets_of(by(ada), acme, other.id)[0].secret != secret.secret


def test_an_endpoint_may_bring_its_secret(ada, acme):
    endpoint = create(by(ada), acme, secret=OWN)
    assert endpoint.secret == ""
    assert [secret.secret for secret in secrets_of(by(ada), acme, endpoint.id)] == [OWN]
    assert OWN not in str(events_of(acme.id))


@pytest.mark.parametrize(
    "text",
    [
        *("whsec_", "whsec_!!!", OWN.removeprefix("whsec_"), OWN.replace("whsec_", "whsk_")),
        "whsec_" + base64.b64encode(b"k" * 23).decode(),
        "whsec_" + base64.b64encode(b"k" * 65).decode(),
    ],
)
def test_a_secret_that_is_none_is_refused(ada, acme, text):
    error = refusal(create, by(ada), acme, secret=text)
    assert (error.reason, error.metadata) == ("SECRET_INVALID", {"field": "endpoint.secret"})
    assert Endpoint.select().count() == 0


def test_of_ed25519_only_the_public_key_is_shown(ada, acme):
    seed = bytes(range(32))
    private = "whsk_" + base64.b64encode(seed).decode()
    endpoint = create(by(ada), acme, signature=ED25519, secret=private)
    (shown,) = secrets_of(by(ada), acme, endpoint.id)
    assert shown.secret == ""
    assert key_of(shown.public_key) == Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    assert refusal(rotate, by(ada), acme, endpoint.id, secret=OWN).reason == "SECRET_INVALID"


def test_after_a_rotation_both_secrets_sign_for_a_day(ada, acme):
    caller = program(acme, ada)
    endpoint = create(caller, acme)
    (first,) = secrets_of(caller, acme, endpoint.id)
    now = clock.now()
    with clock.frozen(now):
        second = rotate(caller, acme, endpoint.id)
    newest, former = secrets_of(caller, acme, endpoint.id)
    assert newest == second
    assert (former.id, former.secret) == (first.id, first.secret)
    assert former.expire_time.ToMicroseconds() == int((now + timedelta(days=1)).timestamp() * 1_000_000)
    with clock.advanced(timedelta(days=1, seconds=1)):
        assert secrets_of(caller, acme, endpoint.id) == [second]
    name, payload = events_of(acme.id)[-1]
    assert (name, payload["secretId"]) == ("webhook.endpoint.secret_rotated", second.id)
    assert second.secret not in str(events_of(acme.id))


def test_without_an_overlap_the_former_secret_ends_at_once(ada, acme):
    endpoint = create(by(ada), acme)
    second = rotate(by(ada), acme, endpoint.id, overlap=Duration(), secret=OWN)
    assert secrets_of(by(ada), acme, endpoint.id) == [second]
    assert second.secret == OWN
    error = refusal(rotate, by(ada), acme, endpoint.id, overlap=timedelta(days=7, seconds=1))
    assert list(error.violations) == ["overlap"]


def test_an_overlap_that_runs_is_not_prolonged(ada, acme):
    caller = program(acme, ada)
    endpoint = create(caller, acme)
    rotate(caller, acme, endpoint.id, overlap=timedelta(hours=1))
    rotate(caller, acme, endpoint.id, overlap=timedelta(days=7))
    with clock.advanced(timedelta(hours=2)):
        assert len(secrets_of(caller, acme, endpoint.id)) == 2


def test_ten_secrets_may_be_valid_at_a_time(ada, acme):
    caller = program(acme, ada)
    endpoint = create(caller, acme)
    for _ in range(9):
        rotate(caller, acme, endpoint.id)
    assert len(secrets_of(caller, acme, endpoint.id)) == 10
    error = refusal(rotate, caller, acme, endpoint.id)
    assert (error.reason, error.metadata) == ("LIMIT_REACHED", {"limit": "10"})
    with clock.advanced(timedelta(days=1, seconds=1)):
        rotate(caller, acme, endpoint.id)
        assert len(secrets_of(caller, acme, endpoint.id)) == 2
        assert Secret.select().count() == 2


def test_secrets_need_their_own_permission(ada, acme):
    endpoint = make_endpoint(acme)
    member = make_member(acme, Role.MEMBER)
    assert refusal(secrets_of, by(member), acme, whe(endpoint)).code == "PERMISSION_DENIED"
    _, key = make_key(acme, ada, "webhooks.read", "webhooks.write")
    caller = Caller(key)
    assert ask(caller, "GetEndpoint", acme, whe(endpoint)).id == whe(endpoint)
    assert refusal(secrets_of, caller, acme, whe(endpoint)).reason == "SCOPE_MISSING"
    assert refusal(rotate, caller, acme, whe(endpoint)).reason == "SCOPE_MISSING"
