"""SessionService: signing in with the password, and the second step, through the whole chain."""

from datetime import timedelta

import jwt
import pytest
from argon2 import PasswordHasher

from server.accounts.models import LoginChallenge, LoginFailure, Session, User
from server.accounts.service import administration, passwords
from server.core import clock, ids
from tests.accounts import world
from tests.accounts.factories import PASSWORD, hash_of, make_deleted, make_person, make_user
from tests.accounts.world import claims_of, moment_of, refusal
from userdata.accounts.v1 import account_service_pb2 as account_pb
from userdata.accounts.v1 import session_service_pb2 as pb
from userdata.accounts.v1 import totp_service_pb2 as totp_pb

WRONG = "not the right passphrase"


def test_logging_in_gives_tokens_and_the_user(api):
    user = make_user("Ada@example.com")
    answer = api.log_in("ada@EXAMPLE.com")
    assert answer.user.id == world.name_of(user.id)
    assert answer.refresh_token.startswith("udr_")
    assert not answer.HasField("challenge")
    assert api.me(answer.access_token).email == "Ada@example.com"
    assert timedelta(minutes=14) < moment_of(answer.expire_time) - clock.now() <= timedelta(minutes=15)


def test_an_access_token_says_who_signed_in_how_and_when(api):
    user = make_user("ada@example.com")
    token = api.log_in("ada@example.com").access_token
    claims = claims_of(token)
    session = Session.get()
    assert claims["sub"] == world.name_of(user.id)
    assert claims["sid"] == ids.encode("ses", session.id)
    assert (claims["iss"], claims["aud"], claims["amr"]) == ("http://127.0.0.1:8080", "userdata", ["pwd"])
    assert claims["exp"] - claims["iat"] == 900
    assert claims["auth_time"] == int(session.auth_time.timestamp())
    header = jwt.get_unverified_header(token)
    assert header["alg"] == "EdDSA"
    assert header["kid"] in {key.kid for key in api(pb.GetJsonWebKeySetRequest()).keys}


def test_a_wrong_password_and_an_unknown_e_mail_are_told_alike(api):
    make_user("ada@example.com")
    wrong = refusal(api.log_in, "ada@example.com", WRONG)
    unknown = refusal(api.log_in, "nobody@example.com", WRONG)
    assert (wrong.code, wrong.reason) == ("UNAUTHENTICATED", "INVALID_CREDENTIALS")
    assert (wrong.code, wrong.reason, wrong.message) == (unknown.code, unknown.reason, unknown.message)


def test_every_failed_login_costs_one_hash(api, hashes):
    make_user("ada@example.com")
    make_user("unclaimed@example.com", email_verified=False, password_hash=None)
    for email in ("ada@example.com", "nobody@example.com", "unclaimed@example.com"):
        hashes.clear()
        refusal(api.log_in, email, WRONG)
        assert hashes == ["matches"]


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
def test_five_failures_close_the_account_to_that_address_for_15_minutes(api, email, hashes):
    make_user("ada@example.com")
    for spelling in (email, email.upper(), email, email, email):
        assert refusal(api.log_in, spelling, WRONG).reason == "INVALID_CREDENTIALS"
    hashes.clear()
    error = refusal(api.log_in, email)
    assert (error.code, error.reason) == ("RESOURCE_EXHAUSTED", "LOGIN_LOCKED")
    assert 14 * 60 < error.retry_seconds <= 15 * 60
    assert hashes == []
    with clock.advanced(timedelta(minutes=14, seconds=50)):
        assert refusal(api.log_in, email).reason == "LOGIN_LOCKED"
    with clock.advanced(timedelta(minutes=15, seconds=1)):
        assert refusal(api.log_in, email, WRONG).reason == "INVALID_CREDENTIALS"


def test_another_address_and_another_account_are_not_closed(api):
    make_user("ada@example.com")
    make_user("grace@example.com")
    for _ in range(5):
        refusal(api.log_in, "ada@example.com", WRONG)
    assert api.log_in("ada@example.com", address="198.51.100.1").access_token
    assert api.log_in("grace@example.com").access_token


def test_all_addresses_of_one_ipv6_network_count_as_one(api):
    make_user("ada@example.com")
    for host in range(5):
        refusal(api.log_in, "ada@example.com", WRONG, address=f"2001:db8:1:2::{host:x}")
    assert refusal(api.log_in, "ada@example.com", address="2001:db8:1:2:ffff::1").reason == "LOGIN_LOCKED"
    assert api.log_in("ada@example.com", address="2001:db8:1:3::1").access_token


def test_only_failures_within_15_minutes_count_together(api):
    make_user("ada@example.com")
    for minute in (0, 4, 8, 12, 16, 20):
        with clock.advanced(timedelta(minutes=minute)):
            assert refusal(api.log_in, "ada@example.com", WRONG).reason == "INVALID_CREDENTIALS"
    with clock.advanced(timedelta(minutes=21)):
        assert refusal(api.log_in, "ada@example.com", WRONG).reason == "INVALID_CREDENTIALS"
        assert refusal(api.log_in, "ada@example.com").reason == "LOGIN_LOCKED"


def test_a_login_starts_the_count_anew(api):
    make_user("ada@example.com")
    for _ in range(2):
        for _ in range(4):
            refusal(api.log_in, "ada@example.com", WRONG)
        assert api.log_in("ada@example.com").access_token


def test_failures_are_counted_under_hashes_that_tell_nobody_anything(api):
    refusal(api.log_in, "nobody@example.com", WRONG)
    row = LoginFailure.get()
    assert len(bytes(row.account_hash)) == len(bytes(row.address_hash)) == 32


def test_a_failed_login_with_an_idempotency_key_is_not_remembered(api):
    make_user("ada@example.com")
    headers = {"idempotency-key": "login-1"}
    for _ in range(2):
        error = refusal(api.log_in, "ada@example.com", WRONG, headers=headers)
        assert error.reason == "INVALID_CREDENTIALS"
    assert len(LoginFailure.get().times) == 2
    assert api.log_in("ada@example.com", headers=headers).access_token


def test_what_keeps_somebody_out_is_told_to_who_has_the_password_only(api):
    make_user("waiting@example.com", email_verified=False)
    make_user("locked@example.com", lock_time=clock.now())
    for email, code, reason in [
        ("waiting@example.com", "FAILED_PRECONDITION", "EMAIL_NOT_VERIFIED"),
        ("locked@example.com", "PERMISSION_DENIED", "ACCOUNT_LOCKED"),
    ]:
        assert refusal(api.log_in, email, WRONG).reason == "INVALID_CREDENTIALS"
        error = refusal(api.log_in, email)
        assert (error.code, error.reason) == (code, reason)


def test_a_deleted_account_that_was_locked_does_not_come_back(api):
    make_deleted(email="ada@example.com", lock_time=clock.now())
    assert refusal(api.log_in, "ada@example.com").reason == "ACCOUNT_LOCKED"
    assert User.get().delete_time is not None


def test_a_wrong_password_does_not_bring_a_deleted_account_back(api):
    make_deleted(email="ada@example.com")
    refusal(api.log_in, "ada@example.com", WRONG)
    assert User.get().delete_time is not None


@pytest.mark.usefixtures("real_hashes")
def test_a_hash_with_old_parameters_is_made_anew_at_login(api):
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    make_user("ada@example.com", password_hash=old)
    refusal(api.log_in, "ada@example.com", WRONG)
    assert User.get().password_hash == old
    api.log_in("ada@example.com")
    assert User.get().password_hash.startswith("$argon2id$v=19$m=65536,t=3,p=4$")  # type: ignore[union-attr]
    assert api.log_in("ada@example.com").access_token


def test_a_password_that_is_changed_while_it_is_checked_signs_nobody_in(api, monkeypatch):
    matches = passwords.matches

    def change_meanwhile(stored, password):
        User.update(password_hash=hash_of("an entirely other passphrase")).execute()
        return matches(stored, password)

    make_user("ada@example.com")
    monkeypatch.setattr(passwords, "matches", change_meanwhile)
    assert refusal(api.log_in, "ada@example.com").reason == "INVALID_CREDENTIALS"
    assert Session.select().count() == 0


def test_a_password_is_the_same_however_its_characters_are_composed(api):
    make_user("ada@example.com", "caf\u00e9 au lait please")
    assert api.log_in("ada@example.com", "cafe\u0301 au lait please").access_token


def test_two_step_login_answers_with_a_challenge_only(api):
    person = make_person("ada@example.com")
    secret, _ = api.enable_totp(person)
    answer = api.log_in("ada@example.com")
    assert answer.challenge.startswith("udc_")
    assert not answer.HasField("access_token")
    assert not answer.HasField("refresh_token")
    assert not answer.HasField("user")
    with clock.advanced(timedelta(seconds=30)):
        done = api(pb.CompleteLoginRequest(challenge=answer.challenge, code=world.code_of(secret)))
    assert done.user.id == world.name_of(person.user.id)
    assert claims_of(done.access_token)["amr"] == ["pwd", "otp"]
    assert api.refresh(done.refresh_token).access_token


def test_a_challenge_works_once(api):
    person = make_person("ada@example.com")
    _, codes = api.enable_totp(person)
    challenge = api.log_in("ada@example.com").challenge
    api(pb.CompleteLoginRequest(challenge=challenge, code=codes[0]))
    error = refusal(api, pb.CompleteLoginRequest(challenge=challenge, code=codes[1]))
    assert (error.code, error.reason) == ("UNAUTHENTICATED", "CHALLENGE_INVALID")
    assert api(totp_pb.GetTotpRequest(), person).recovery_codes_left == 9


def test_a_challenge_lives_for_300_seconds(api):
    person = make_person("ada@example.com")
    _, codes = api.enable_totp(person)
    answer = api.log_in("ada@example.com")
    assert timedelta(seconds=299) < moment_of(answer.expire_time) - clock.now() <= timedelta(seconds=300)
    with clock.advanced(timedelta(seconds=301)):
        error = refusal(api, pb.CompleteLoginRequest(challenge=answer.challenge, code=codes[0]))
        assert error.reason == "CHALLENGE_INVALID"


def test_a_challenge_bears_five_wrong_codes(api):
    person = make_person("ada@example.com")
    _, codes = api.enable_totp(person)
    challenge = api.log_in("ada@example.com").challenge
    for _ in range(5):
        error = refusal(api, pb.CompleteLoginRequest(challenge=challenge, code="000000"))
        assert (error.code, error.reason) == ("INVALID_ARGUMENT", "TOTP_CODE_INVALID")
    error = refusal(api, pb.CompleteLoginRequest(challenge=challenge, code=codes[0]))
    assert error.reason == "CHALLENGE_INVALID"


def test_wrong_codes_count_as_failed_logins_however_many_challenges_there_are(api):
    person = make_person("ada@example.com")
    api.enable_totp(person)
    for _ in range(5):
        challenge = api.log_in("ada@example.com").challenge
        refusal(api, pb.CompleteLoginRequest(challenge=challenge, code="000000"))
    assert refusal(api.log_in, "ada@example.com").reason == "LOGIN_LOCKED"


@pytest.mark.parametrize("challenge", ["udc_", "udc_abc", "nothing", "udr_abc", "udc_é"])
def test_garbage_is_no_challenge(api, challenge):
    error = refusal(api, pb.CompleteLoginRequest(challenge=challenge, code="000000"))
    assert error.reason == "CHALLENGE_INVALID"


def test_a_code_is_taken_once_even_by_another_challenge(api):
    person = make_person("ada@example.com")
    secret, _ = api.enable_totp(person)
    with clock.advanced(timedelta(seconds=30)):
        first, second = (api.log_in("ada@example.com").challenge for _ in range(2))
        code = world.code_of(secret)
        api(pb.CompleteLoginRequest(challenge=first, code=code))
        error = refusal(api, pb.CompleteLoginRequest(challenge=second, code=code))
        assert error.reason == "TOTP_CODE_INVALID"


def test_the_code_that_confirmed_the_enrolment_signs_nobody_in(api):
    person = make_person("ada@example.com")
    with clock.frozen(clock.now()):
        secret, _ = api.enable_totp(person)
        challenge = api.log_in("ada@example.com").challenge
        error = refusal(api, pb.CompleteLoginRequest(challenge=challenge, code=world.code_of(secret)))
        assert error.reason == "TOTP_CODE_INVALID"


@pytest.mark.parametrize(("steps", "is_taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_codes_one_step_off_are_taken(api, steps, is_taken):
    person = make_person("ada@example.com")
    secret, _ = api.enable_totp(person)
    with clock.frozen(clock.now() + timedelta(minutes=3)):
        challenge = api.log_in("ada@example.com").challenge
        request = pb.CompleteLoginRequest(challenge=challenge, code=world.code_of(secret, steps=steps))
        if is_taken:
            assert api(request).access_token
        else:
            assert refusal(api, request).reason == "TOTP_CODE_INVALID"


def test_a_recovery_code_works_once_however_it_is_typed(api):
    person = make_person("ada@example.com")
    _, codes = api.enable_totp(person)
    for typed in (codes[0], codes[1].upper(), codes[2].replace("-", ""), f" {codes[3]} "):
        challenge = api.log_in("ada@example.com").challenge
        assert api(pb.CompleteLoginRequest(challenge=challenge, code=typed)).access_token
    challenge = api.log_in("ada@example.com").challenge
    assert refusal(api, pb.CompleteLoginRequest(challenge=challenge, code=codes[0])).reason == "TOTP_CODE_INVALID"
    assert api(totp_pb.GetTotpRequest(), person).recovery_codes_left == 6


def test_the_second_step_brings_a_deleted_account_back_and_the_first_does_not(api):
    person = make_person("ada@example.com")
    _, codes = api.enable_totp(person)
    api(account_pb.DeleteMeRequest(), person)
    challenge = api.log_in("ada@example.com").challenge
    assert User.get().delete_time is not None
    assert not api(pb.CompleteLoginRequest(challenge=challenge, code=codes[0])).user.HasField("delete_time")


def test_a_lock_ends_logins_that_wait_for_their_second_step(api):
    person = make_person("ada@example.com")
    _, codes = api.enable_totp(person)
    challenge = api.log_in("ada@example.com").challenge
    administration.lock(ids.new(), person.user.id, "")
    error = refusal(api, pb.CompleteLoginRequest(challenge=challenge, code=codes[0]))
    assert error.reason == "CHALLENGE_INVALID"


def test_a_lock_that_came_between_the_steps_is_told(api):
    person = make_person("ada@example.com")
    _, codes = api.enable_totp(person)
    challenge = api.log_in("ada@example.com").challenge
    User.update(lock_time=clock.now()).execute()
    error = refusal(api, pb.CompleteLoginRequest(challenge=challenge, code=codes[0]))
    assert error.reason == "ACCOUNT_LOCKED"


def test_a_new_password_ends_logins_that_wait_for_their_second_step(api):
    person = make_person("ada@example.com")
    api.enable_totp(person)
    api.log_in("ada@example.com")
    api(account_pb.ChangePasswordRequest(new_password="an entirely other passphrase"), person)
    assert LoginChallenge.select().count() == 0
