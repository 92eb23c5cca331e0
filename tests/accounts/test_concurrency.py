"""Many calls at once, each in a thread with a connection of its own, on committed data."""

import base64
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from server.accounts.models import ApiKey, LoginFailure, RecoveryCode, Session, SigningKey, User
from server.accounts.queries import users
from server.accounts.service import deletion, passwords, signing
from server.core import clock, tenancy
from server.core.db import db
from tests.accounts import world
from tests.accounts.factories import PASSWORD, make_deleted, make_person, make_user
from tests.support.client import RpcError
from tests.support.database import as_owner
from tests.support.wait import until
from userdata.accounts.v1 import account_service_pb2 as account_pb
from userdata.accounts.v1 import api_key_pb2
from userdata.accounts.v1 import api_key_service_pb2 as api_key_pb
from userdata.accounts.v1 import session_service_pb2 as session_pb
from userdata.accounts.v1 import totp_service_pb2 as totp_pb

WRONG = "not the right passphrase"


@pytest.fixture
def api(committed, client):
    return world.Api(client)


def at_once(times: int, call: Callable[[int], Any]) -> list[Any]:
    """What `call` gives, or the reason of its refusal, when so many threads start it at one moment."""
    start = threading.Barrier(times)

    def run(number: int) -> Any:
        try:
            start.wait()
            return call(number)
        except RpcError as error:
            return error.reason
        finally:
            db.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def refreshed(api, token, _number):
    return api.refresh(token).refresh_token


def answered(api, request, _number):
    return type(api(request)).__name__


def person_with(**values):
    with tenancy.transaction():
        return make_person("ada@example.com", **values)


def count(url, sql):
    with as_owner(url) as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def test_refresh_races_give_no_logout(api):
    person = person_with()
    token = person.tokens.refresh_token
    for round_number in range(1, 4):
        answers = at_once(16, partial(refreshed, api, token))
        assert len(set(answers)) == 1
        token = answers[0]
        session = Session.get()
        assert (session.counter, session.revoke_time) == (round_number, None)
    assert api.refresh(token).access_token


def test_reuse_at_once_revokes_once(api, committed):
    person = person_with()
    newest = api.refresh(api.refresh(person.tokens.refresh_token).refresh_token).refresh_token
    answers = at_once(8, lambda _: api.refresh(person.tokens.refresh_token))
    assert Counter(answers) == {"REFRESH_TOKEN_REUSED": 1, "SESSION_REVOKED": 7}
    assert count(committed.url, "SELECT count(*) FROM event WHERE type = 'session.revoked'") == 1
    assert count(committed.url, "SELECT count(*) FROM job") == 1
    with pytest.raises(RpcError):
        api.refresh(newest)


def test_many_registrations_of_one_e_mail_make_one_account(api, committed):
    answers = at_once(6, lambda _: api.register("ada@example.com"))
    assert answers == [None] * 6
    assert User.select().count() == 1
    assert User.get().password_hash is not None
    assert count(committed.url, "SELECT count(*) FROM event WHERE type = 'user.created'") == 1
    assert count(committed.url, "SELECT count(*) FROM job") == 1


def test_two_who_register_one_e_mail_at_once_share_no_account(api):
    at_once(2, lambda number: api.register("ada@example.com", f"the passphrase of number {number}"))
    assert User.get().password_hash is None


@pytest.mark.usefixtures("real_hashes")
def test_a_burst_of_guesses_gets_five_tries(api):
    person_with()
    answers = at_once(12, lambda _: api.log_in("ada@example.com", WRONG))
    assert Counter(answers) == {"INVALID_CREDENTIALS": 5, "LOGIN_LOCKED": 7}
    assert len(LoginFailure.get().times) == 5


def test_logins_at_once_from_many_addresses_all_succeed(api):
    with tenancy.transaction():
        make_user("ada@example.com")
    answers = at_once(6, lambda number: bool(api.log_in("ada@example.com", address=f"192.0.2.{number}").access_token))
    assert answers == [True] * 6
    assert Session.select().count() == 6


def test_processes_that_need_the_first_key_at_once_make_one(api, monkeypatch):
    with tenancy.transaction():
        for number in range(6):
            make_user(f"person{number}@example.com")
    monkeypatch.setattr(passwords, "matches", lambda *_: True)
    assert SigningKey.select().count() == 0

    def log_in(number):
        signing.forget()
        return api.me(api.log_in(f"person{number}@example.com").access_token).email

    assert sorted(at_once(6, log_in)) == [f"person{number}@example.com" for number in range(6)]
    assert SigningKey.select().count() == 1


def test_who_needs_the_first_key_waits_for_who_makes_it(committed):
    made = threading.Event()

    def sign(number):
        if number == 1:
            assert made.wait(30)
        with tenancy.transaction():
            kid = signing.signer().kid
            if number == 0:
                made.set()
                until(lambda: count(committed.url, "SELECT count(*) FROM pg_locks WHERE NOT granted"))
        return kid

    assert len(set(at_once(2, sign))) == 1
    assert SigningKey.select().count() == 1


def test_schedulers_that_rotate_at_once_make_one_key(api):
    del api

    def rotate(_number):
        with tenancy.transaction(), world.as_worker():
            return signing.rotate_if_due()

    assert sum(at_once(6, rotate)) == 1
    assert SigningKey.select().count() == 1


def test_a_verification_link_works_once_even_at_once(api, committed):
    api.register("ada@example.com")
    token = world.verification_token(User.get().id)
    answers = at_once(6, lambda _: api(account_pb.VerifyEmailRequest(token=token)).user.email_verified)
    assert Counter(answers) == {True: 1, "VERIFICATION_TOKEN_INVALID": 5}
    assert count(committed.url, "SELECT count(*) FROM event WHERE type = 'user.updated'") == 1


def test_a_reset_link_sets_one_password_even_at_once(api):
    person = person_with()
    api(account_pb.RequestPasswordResetRequest(email="ada@example.com"))
    token = world.reset_token(person.user.id)

    def reset(number):
        api(account_pb.ResetPasswordRequest(token=token, new_password=f"the passphrase of number {number}"))
        return number

    answers = at_once(4, reset)
    (winner,) = [answer for answer in answers if isinstance(answer, int)]
    assert Counter(answers)["PASSWORD_RESET_TOKEN_INVALID"] == 3
    assert api.log_in("ada@example.com", f"the passphrase of number {winner}").access_token


def test_of_many_requests_for_mail_at_once_one_gets_through(api):
    person_with()
    for request in (
        account_pb.ResendVerificationRequest(email="ada@example.com"),
        account_pb.RequestPasswordResetRequest(email="ada@example.com"),
        account_pb.RequestPasswordResetRequest(email="nobody@example.com"),
    ):
        answers = at_once(8, partial(answered, api, request))
        assert Counter(answers)["RESEND_TOO_SOON"] == 7


def test_codes_work_once_even_at_once(api):
    person = person_with()
    secret = base64.b32decode(api(totp_pb.EnrolTotpRequest(), person).secret)
    codes = api(totp_pb.ConfirmTotpRequest(code=world.code_of(secret)), person).recovery_codes
    with clock.frozen(clock.now() + timedelta(seconds=60)):
        for code in (world.code_of(secret), codes[0]):
            waiting = [api.log_in("ada@example.com").challenge for _ in range(4)]

            def complete(number, code=code, waiting=waiting):
                request = session_pb.CompleteLoginRequest(challenge=waiting[number], code=code)
                return bool(api(request, address=f"192.0.2.{number}").access_token)

            assert Counter(at_once(4, complete)) == {True: 1, "TOTP_CODE_INVALID": 3}
    assert RecoveryCode.select().count() == 9


def test_a_challenge_bears_five_wrong_codes_even_at_once(api):
    person = person_with()
    api.enable_totp(person)
    challenge = api.log_in("ada@example.com").challenge
    request = session_pb.CompleteLoginRequest(challenge=challenge, code="000000")
    answers = at_once(12, lambda _: api(request))
    assert Counter(answers) == {"TOTP_CODE_INVALID": 5, "CHALLENGE_INVALID": 7}


def test_keys_made_at_once_stay_within_the_limit(api, monkeypatch):
    monkeypatch.setattr("server.accounts.service.api_keys.MOST_ACTIVE", 5)
    person = person_with()
    wanted = api_key_pb2.ApiKey(name="x", scopes=["account.read"])
    request = api_key_pb.CreateApiKeyRequest(api_key=wanted)
    answers = at_once(10, lambda _: bool(api(request, person).key))
    assert Counter(answers) == {True: 5, "LIMIT_REACHED": 5}
    assert ApiKey.select().count() == 5


def test_a_lock_and_logins_at_once_leave_nobody_in(api):
    person = person_with()
    with tenancy.transaction():
        root = make_person("root@example.com", is_admin=True)

    def call(number):
        if number == 0:
            api(world.lock_of(person.user.id), root)
            return "locked"
        return api.log_in("ada@example.com", address=f"192.0.2.{number}").access_token

    for answer in at_once(6, call):
        if answer not in ("locked", "ACCOUNT_LOCKED"):
            with pytest.raises(RpcError) as error:
                api.me(answer)
            assert error.value.reason == "SESSION_REVOKED"
    assert Session.select().where((Session.user == person.user.id) & Session.revoke_time.is_null()).count() == 0


def test_workers_that_purge_at_once_share_the_work(api):
    now = clock.now()
    with tenancy.transaction():
        for number in range(12):
            make_deleted(email=f"gone{number}@example.com", purge_time=now - timedelta(days=1))
    del api

    def purge(_number):
        with tenancy.transaction(), world.as_worker():
            return deletion.purge_due(4)

    assert sum(at_once(4, purge)) == 12
    assert User.select().where(User.email.is_null(is_null=False)).count() == 0


def test_a_purge_passes_over_what_another_worker_holds(api):
    del api
    with tenancy.transaction():
        held = make_deleted(email="held@example.com", purge_time=clock.now() - timedelta(days=2))
        make_deleted(email="free@example.com", purge_time=clock.now() - timedelta(days=1))
    holds, done = threading.Event(), threading.Event()

    def work(number):
        with tenancy.transaction(), world.as_worker():
            if number == 0:
                due = [user.id for user in users.hold_due(1)]
                holds.set()
                assert done.wait(30)
                return due
            assert holds.wait(30)
            count = deletion.purge_due(10)
            done.set()
            return count

    assert at_once(2, work) == [[held.id], 1]


def test_passwords_are_hashed_one_at_a_time(api, monkeypatch):
    """Each hash takes 64 MiB, so a burst of logins must not take that many at once."""
    del api
    busy, most = [], []

    class Hasher:
        def verify(self, stored, password):
            del stored, password
            busy.append(1)
            most.append(len(busy))
            threading.Event().wait(0.01)
            busy.pop()

    stored = passwords.hashed(PASSWORD)
    monkeypatch.setattr(passwords, "_HASHER", Hasher())
    assert at_once(8, lambda _: passwords.matches(stored, PASSWORD)) == [True] * 8
    assert max(most) == 1
