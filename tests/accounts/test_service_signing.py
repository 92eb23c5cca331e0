"""The keys that sign access tokens, and verifying credentials."""

from contextlib import contextmanager
from datetime import timedelta

import jwt
import psycopg2
import pytest

from server.accounts.conf import AccountsSettings
from server.accounts.models import (
    Session,
    SigningKey,
    User,
)
from server.accounts.queries import signing_keys
from server.accounts.service import (
    access_tokens,
    administration,
    signing,
)
from server.accounts.service.authentication import verify_access_token, verify_api_key
from server.core import clock, config, credentials, crypto, ids, tenancy
from server.core.db import Database, db
from server.core.errors import Unauthenticated
from server.core.principal import Kind
from tests.accounts import world
from tests.accounts.factories import make_key, make_person, make_user, sign_in
from tests.support.wait import until
from userdata.accounts.v1 import api_key_service_pb2 as api_key_pb
from userdata.accounts.v1 import session_service_pb2 as session_pb

PERIOD = timedelta(days=config.read(AccountsSettings).signing_key_days)


@pytest.fixture
def statements(monkeypatch):
    """The statements that reach the database from here on."""
    sent = []
    execute = Database.execute_sql

    def note(database, sql, params=None):
        sent.append(sql)
        return execute(database, sql, params)

    monkeypatch.setattr(Database, "execute_sql", note)
    return sent


@contextmanager
def later(**by):
    """The clock some time ahead, in a process that has just started."""
    with clock.advanced(timedelta(**by)):
        signing.forget()
        yield
    signing.forget()


def rotate():
    with world.as_worker():
        return signing.rotate_if_due()


def test_the_first_key_is_made_when_it_is_needed(database):
    assert signing.published() == []
    tokens = sign_in(make_user())
    (key,) = signing.published()
    assert jwt.get_unverified_header(tokens.access_token)["kid"] == key.kid


def test_a_key_that_was_rolled_back_signs_nothing(database):
    with pytest.raises(ZeroDivisionError), db.atomic():
        sign_in(make_user())
        raise ZeroDivisionError
    assert signing.published() == []
    user = make_user()
    assert verify_access_token(sign_in(user).access_token).principal.user_id == user.id


def test_private_keys_are_sealed_and_bound_to_their_names(database):
    signing.signer()
    row = SigningKey.get()
    raw = crypto.ring().open("signing_key", bytes(row.private_key), bound_to=row.kid.encode())
    assert raw not in bytes(row.private_key)
    with pytest.raises(crypto.SealBroken):
        crypto.ring().open("signing_key", bytes(row.private_key), bound_to=b"another")


def test_the_next_key_is_published_a_day_before_it_signs(database):
    first = signing.signer().kid
    assert not rotate()
    with later(days=PERIOD.days - 1, seconds=-1):
        assert not rotate()
    with later(days=PERIOD.days - 1, seconds=1):
        assert rotate()
        assert not rotate()
        assert signing.published()[0].kid == first
        second = signing.published()[1].kid
        assert signing.signer().kid == first
    with later(days=PERIOD.days, seconds=2):
        assert signing.signer().kid == second
        assert [row.kid for row in signing.published()] == [second, first]


def test_tokens_of_the_old_key_hold_after_the_next_one_took_over(database):
    user = make_user()
    signing.signer()
    with later(days=PERIOD.days - 1, seconds=1):
        rotate()
    with later(days=PERIOD.days, seconds=-10):
        token = sign_in(user).access_token
    with later(days=PERIOD.days, seconds=10):
        other = sign_in(user).access_token
        assert jwt.get_unverified_header(token) != jwt.get_unverified_header(other)
        for each in (token, other):
            assert verify_access_token(each).principal.user_id == user.id


def test_a_key_is_dropped_an_hour_after_the_next_one_took_over(database):
    signing.signer()
    with later(days=PERIOD.days - 1, seconds=1):
        rotate()
    with later(days=PERIOD.days, minutes=59):
        rotate()
        assert len(signing.published()) == 2
    with later(days=PERIOD.days, minutes=62):
        rotate()
        assert [row.kid for row in signing.published()] == [signing.signer().kid]


def test_rotation_makes_the_first_key_too(database):
    assert rotate()
    assert signing.signer().kid == SigningKey.get().kid
    assert not rotate()


def test_a_late_rotation_lets_the_old_key_sign_until_the_new_one_is_known(database):
    first = signing.signer().kid
    with later(days=PERIOD.days * 3):
        assert rotate()
        assert signing.signer().kid == first
    with later(days=PERIOD.days * 3 + 1, seconds=1):
        assert signing.signer().kid != first


def test_strange_key_names_make_a_process_look_at_most_once_a_second(database, statements):
    with clock.frozen(clock.now()):
        signing.signer()
        statements.clear()
        for number in range(50):
            assert signing.public_key(f"strange {number}") is None
        assert len(statements) <= 1
    with clock.advanced(timedelta(seconds=2)):
        statements.clear()
        assert signing.public_key("strange") is None
        assert len(statements) == 1


def test_the_first_key_is_believed_at_once_however_lately_a_process_looked(database):
    with clock.frozen(clock.now()):
        assert signing.public_key("strange") is None
        assert signing.public_key(signing._make(clock.now()).kid) is not None


def test_a_process_finds_a_key_that_another_one_published(database):
    with clock.frozen(clock.now()):
        signing.signer()
        assert signing.public_key("strange") is None
    with clock.advanced(timedelta(seconds=2)):
        made = signing._make(clock.now())
        assert signing.public_key(made.kid) is not None


def test_a_key_that_was_removed_is_believed_for_a_minute_at_most(database):
    token = sign_in(make_user()).access_token
    verify_access_token(token)
    with world.as_role("NONE"):
        signing_keys.delete([SigningKey.get().kid])
    with clock.advanced(timedelta(seconds=61)), pytest.raises(Unauthenticated) as error:
        verify_access_token(token)
    assert error.value.reason == "TOKEN_INVALID"


def test_verifying_an_access_token_is_one_query(database, statements):
    person = make_person()
    verify_access_token(person.token)
    statements.clear()
    verified = verify_access_token(person.token)
    assert len(statements) == 1
    principal = verified.principal
    session = Session.get()
    assert (principal.kind, principal.name, principal.user_id, principal.session_id) == (
        Kind.SESSION,
        world.name_of(person.user.id),
        person.user.id,
        session.id,
    )
    assert (principal.scopes, principal.auth_time) == (None, session.auth_time)
    assert verified.tags == (ids.encode("ses", session.id), world.name_of(person.user.id))
    assert verified.expire_time == access_tokens.read(person.token).expire_time


@pytest.mark.parametrize("column", ["lock_time", "delete_time"])
def test_a_session_of_who_may_not_sign_in_proves_nothing(database, column):
    person = make_person()
    User.update({column: clock.now(), "purge_time": clock.now() if column == "delete_time" else None}).execute()
    with pytest.raises(Unauthenticated) as error:
        verify_access_token(person.token)
    assert error.value.reason == "SESSION_REVOKED"


def test_verifying_an_api_key_is_one_query_once_its_use_is_noted(database, statements):
    row, key = make_key(make_user(is_admin=True), "account.read", "workspaces.list")
    verify_api_key(key)
    statements.clear()
    verified = verify_api_key(key)
    assert len(statements) == 1
    assert verified.principal.kind is Kind.USER_KEY
    assert verified.principal.name == ids.encode("key", row.id)
    assert verified.principal.scopes == frozenset({"account.read", "workspaces.list"})
    assert verified.principal.is_admin
    assert verified.tags == (ids.encode("key", row.id), world.name_of(row.user))


def test_a_key_of_an_older_server_key_still_works(database, monkeypatch):
    row, key = make_key(make_user())
    old, new = b"0123456789abcdef" * 2, b"fedcba9876543210" * 2
    monkeypatch.setattr(crypto, "ring", lambda: crypto.KeyRing({"new": new, "test": old}))
    assert verify_api_key(key).principal.key_id == row.id


def test_each_revocation_is_told_to_all_processes_when_it_commits(committed, client):
    api = world.Api(client)
    heard = psycopg2.connect(committed.url)
    heard.autocommit = True
    heard.cursor().execute(f"LISTEN {credentials.CHANNEL}")

    def told():
        heard.poll()
        found, heard.notifies[:] = {notice.payload for notice in heard.notifies}, []
        return found

    with tenancy.transaction():
        person = make_person("ada@example.com")
        other = sign_in(person.user)
        row, _ = make_key(person.user)
    sids = [jwt.decode(t, options={"verify_signature": False})["sid"] for t in (person.token, other.access_token)]
    api(session_pb.RevokeOtherSessionsRequest(), person)
    assert until(told) == {sids[1]}
    api(api_key_pb.RevokeApiKeyRequest(api_key_id=ids.encode("key", row.id)), person)
    assert until(told) == {ids.encode("key", row.id)}
    with tenancy.transaction():
        administration.lock(ids.new(), person.user.id, "")
    assert until(told) == {sids[0], world.name_of(person.user.id)}
    heard.close()
