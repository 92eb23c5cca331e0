"""SessionService: login, second step, refresh, sessions and keys, through the whole chain."""

import base64
import json
from datetime import timedelta

import jwt
import pytest
from argon2 import PasswordHasher

from server.accounts.models import LoginChallenge, LoginFailure, Session, User
from server.accounts.service import administration, refresh_tokens, signing
from server.core import clock, crypto, ids
from tests.accounts import world
from tests.accounts.factories import PASSWORD, make_deleted, make_key, make_person, make_user, sign_in
from tests.support.client import RpcError
from userdata.accounts.v1 import account_service_pb2 as account_pb
from userdata.accounts.v1 import session_service_pb2 as pb
from userdata.accounts.v1 import totp_service_pb2 as totp_pb
from userdata.accounts.v1.account_events_pb2 import (
    SESSION_REVOCATION_BY_USER,
    SESSION_REVOCATION_LOGOUT,
    SESSION_REVOCATION_REFRESH_TOKEN_REUSED,
    SessionRevoked,
)
from userdata.jobs.v1 import mail_pb2

WRONG = "not the right passphrase"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def refusal(call, *arguments, **options):
    with pytest.raises(RpcError) as error:
        call(*arguments, **options)
    return error.value


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


def seconds(timestamp):
    return timestamp.ToDatetime(clock.now().tzinfo)


# ------------------------------------------------------------------------------------------------------ login


def test_logging_in_gives_tokens_and_the_user(api):
    user = make_user("Ada@example.com")
    answer = api.log_in("ada@EXAMPLE.com")
    assert answer.user.id == world.name_of(user.id)
    assert answer.refresh_token.startswith("udr_")
    assert not answer.HasField("challenge")
    assert api.me(answer.access_token).email == "Ada@example.com"
    assert timedelta(minutes=14) < seconds(answer.expire_time) - clock.now() <= timedelta(minutes=15)


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


def test_a_password_is_the_same_however_its_characters_are_composed(api):
    make_user("ada@example.com", "caf\u00e9 au lait please")
    assert api.log_in("ada@example.com", "cafe\u0301 au lait please").access_token


# ------------------------------------------------------------------------------------------------------ second step


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
    assert timedelta(seconds=299) < seconds(answer.expire_time) - clock.now() <= timedelta(seconds=300)
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


# ------------------------------------------------------------------------------------------------------ refreshing


def test_each_refresh_gives_new_tokens(api):
    person = make_person()
    first = api.refresh(person.tokens.refresh_token)
    second = api.refresh(first.refresh_token)
    assert len({person.tokens.refresh_token, first.refresh_token, second.refresh_token}) == 3
    assert api.me(second.access_token).id == world.name_of(person.user.id)
    assert claims_of(second.access_token)["auth_time"] == claims_of(person.token)["auth_time"]


def test_the_token_before_the_newest_gives_the_newest_again_for_30_seconds(api):
    person = make_person()
    first = api.refresh(person.tokens.refresh_token)
    with clock.advanced(timedelta(seconds=29)):
        again = api.refresh(person.tokens.refresh_token)
        assert again.refresh_token == first.refresh_token
        assert api.me(again.access_token)
    assert Session.get().counter == 1


def test_an_old_token_revokes_the_session(api):
    person = make_person()
    first = api.refresh(person.tokens.refresh_token)
    with clock.advanced(timedelta(seconds=31)):
        error = refusal(api.refresh, person.tokens.refresh_token)
        assert (error.code, error.reason) == ("UNAUTHENTICATED", "REFRESH_TOKEN_REUSED")
    session = Session.get()
    assert session.revoke_cause == "REFRESH_TOKEN_REUSED"
    (event,) = world.events("session.revoked", SessionRevoked)
    assert event.cause == SESSION_REVOCATION_REFRESH_TOKEN_REUSED
    assert world.jobs() == [mail_pb2.SendSessionsRevokedEmail(user_id=event.user_id, session_id=event.session_id)]
    for token in (first.refresh_token, person.tokens.refresh_token):
        assert refusal(api.refresh, token).reason == "SESSION_REVOKED"
    assert refusal(api.me, first.access_token).reason == "SESSION_REVOKED"
    assert len(world.events("session.revoked", SessionRevoked)) == 1


def test_a_token_two_behind_revokes_the_session_at_once(api):
    person = make_person()
    first = api.refresh(person.tokens.refresh_token)
    api.refresh(first.refresh_token)
    assert refusal(api.refresh, person.tokens.refresh_token).reason == "REFRESH_TOKEN_REUSED"


def test_reuse_ends_no_other_session(api):
    person = make_person()
    other = sign_in(person.user)
    api.refresh(api.refresh(person.tokens.refresh_token).refresh_token)
    assert refusal(api.refresh, person.tokens.refresh_token).reason == "REFRESH_TOKEN_REUSED"
    assert api.refresh(other.refresh_token).access_token


def test_a_token_of_the_future_and_one_of_no_session_are_refused_and_end_nothing(api):
    person = make_person()
    session = Session.get()
    for token in (refresh_tokens.mint(session.id, 1), refresh_tokens.mint(ids.new(), 0)):
        error = refusal(api.refresh, token)
        assert (error.code, error.reason) == ("UNAUTHENTICATED", "REFRESH_TOKEN_INVALID")
    assert api.refresh(person.tokens.refresh_token).access_token


def test_a_session_ends_after_seven_idle_days(api):
    person = make_person()
    with clock.advanced(timedelta(days=6, hours=23)):
        tokens = api.refresh(person.tokens.refresh_token)
    with clock.advanced(timedelta(days=13, hours=22)):
        tokens = api.refresh(tokens.refresh_token)
    with clock.advanced(timedelta(days=21)):
        error = refusal(api.refresh, tokens.refresh_token)
        assert (error.code, error.reason) == ("UNAUTHENTICATED", "SESSION_EXPIRED")


def test_a_session_ends_after_31_days_however_busy(api):
    person = make_person()
    token = person.tokens.refresh_token
    for day in range(6, 31, 6):
        with clock.advanced(timedelta(days=day)):
            token = api.refresh(token).refresh_token
    with clock.advanced(timedelta(days=30, hours=23, minutes=55)):
        answer = api.refresh(token)
        assert seconds(answer.expire_time) <= Session.get().create_time + timedelta(days=31)
    with clock.advanced(timedelta(days=31, seconds=1)):
        assert refusal(api.refresh, answer.refresh_token).reason == "SESSION_EXPIRED"
        assert refusal(api.me, answer.access_token).reason == "TOKEN_EXPIRED"


def test_a_locked_or_deleted_user_refreshes_nothing(api):
    person = make_person()
    User.update(lock_time=clock.now()).execute()
    assert refusal(api.refresh, person.tokens.refresh_token).reason == "SESSION_REVOKED"


# ------------------------------------------------------------------------------------------------------ access tokens


def test_an_access_token_expires_after_15_minutes(api):
    person = make_person()
    with clock.advanced(timedelta(minutes=14, seconds=58)):
        assert api.me(person)
    with clock.advanced(timedelta(minutes=15, seconds=1)):
        error = refusal(api.me, person)
        assert (error.code, error.reason) == ("UNAUTHENTICATED", "TOKEN_EXPIRED")


def _segment(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_forged_and_damaged_access_tokens_are_refused(api):
    person, other = make_person(), make_person()
    header, body, signature = person.token.split(".")
    claims = claims_of(person.token)
    public = api(pb.GetJsonWebKeySetRequest()).keys[0]
    kid = public.kid
    for token in [
        f"{header}.{body}.{signature[:-4]}AAAA",
        f"{header}.{other.token.split('.')[1]}.{signature}",
        f"{_segment({'alg': 'none', 'kid': kid})}.{body}.",
        jwt.encode(claims, public.x.encode(), "HS256", headers={"kid": kid}),
        f"{_segment({'alg': 'EdDSA'})}.{body}.{signature}",
        f"{_segment({'alg': 'EdDSA', 'kid': 'another'})}.{body}.{signature}",
        f"{_segment({'alg': 'EdDSA', 'kid': 7})}.{body}.{signature}",
        person.tokens.refresh_token,
        "a.b.c",
        "x",
    ]:
        error = refusal(api.me, token)
        assert (error.code, error.reason) == ("UNAUTHENTICATED", "TOKEN_INVALID")


@pytest.mark.parametrize(
    ("name", "value"),
    [("aud", "another"), ("iss", "https://example.com"), ("sub", "usr_x"), ("sid", "key_x"), ("exp", None)],
)
def test_a_token_with_our_signature_for_something_else_is_refused(api, name, value):
    person = make_person()
    claims = claims_of(person.token) | {name: value}
    claims = {key: claim for key, claim in claims.items() if claim is not None}
    signer = signing.signer()
    token = jwt.encode(claims, signer.private_key, "EdDSA", headers={"kid": signer.kid})
    assert refusal(api.me, token).reason == "TOKEN_INVALID"


def test_a_token_does_not_work_for_another_users_session(api):
    person, other = make_person(), make_person()
    claims = claims_of(person.token) | {"sid": claims_of(other.token)["sid"]}
    signer = signing.signer()
    token = jwt.encode(claims, signer.private_key, "EdDSA", headers={"kid": signer.kid})
    assert refusal(api.me, token).reason == "TOKEN_INVALID"


def test_the_published_keys_check_our_tokens(api):
    person = make_person()
    (key,) = api(pb.GetJsonWebKeySetRequest()).keys
    assert (key.kty, key.crv, key.use, key.alg) == ("OKP", "Ed25519", "sig", "EdDSA")
    public = jwt.PyJWK({"kty": key.kty, "crv": key.crv, "x": key.x})
    claims = jwt.decode(person.token, public, algorithms=["EdDSA"], audience="userdata")
    assert claims["sub"] == world.name_of(person.user.id)


# ------------------------------------------------------------------------------------------------------ sessions


def test_sessions_are_listed_newest_first_with_device_address_and_which_is_current(api):
    person = make_person()
    with clock.advanced(timedelta(minutes=1)):
        sign_in(person.user, address="203.0.113.7", user_agent=FIREFOX)
    make_person()
    newest, oldest = api(pb.ListSessionsRequest(), person).sessions
    assert (newest.device, newest.user_agent, newest.ip_address) == ("Firefox on Linux", FIREFOX, "203.0.113.7")
    assert (newest.current, oldest.current) == (False, True)
    assert seconds(newest.expire_time) - seconds(newest.last_seen_time) == timedelta(days=7)


def test_a_refresh_notes_where_and_when(api):
    person = make_person()
    with clock.advanced(timedelta(hours=1)):
        api.refresh(person.tokens.refresh_token, address="203.0.113.9", headers={"user-agent": "curl/8.5.0"})
    session = Session.get()
    assert (session.ip_address, session.user_agent) == ("203.0.113.9", "curl/8.5.0")
    assert session.last_seen_time > session.create_time + timedelta(minutes=59)


def test_a_user_agent_is_cut_to_512_characters(api):
    make_user("ada@example.com")
    api.log_in("ada@example.com", headers={"user-agent": "x" * 2000})
    assert len(Session.get().user_agent) == 512


def test_ended_and_expired_sessions_are_not_listed(api):
    person = make_person()
    sign_in(person.user)
    api(pb.RevokeOtherSessionsRequest(), person)
    with clock.advanced(timedelta(days=-8)):
        sign_in(person.user)
    (only,) = api(pb.ListSessionsRequest(), person).sessions
    assert only.current


def test_sessions_are_listed_in_pages(api):
    person = make_person()
    for minute in range(1, 5):
        with clock.advanced(timedelta(minutes=minute)):
            sign_in(person.user)
    seen, token = [], ""
    for _ in range(3):
        page = api(pb.ListSessionsRequest(page_size=2, page_token=token), person)
        seen += [session.id for session in page.sessions]
        token = page.next_page_token
    assert token == ""
    assert len(set(seen)) == 5
    other = make_person()
    token = api(pb.ListSessionsRequest(page_size=2), person).next_page_token
    error = refusal(api, pb.ListSessionsRequest(page_size=2, page_token=token), other)
    assert error.reason == "PAGE_TOKEN_INVALID"


def test_logging_out_ends_the_session(api):
    person = make_person()
    api(pb.LogoutRequest(), person)
    assert refusal(api.me, person).reason == "SESSION_REVOKED"
    assert refusal(api.refresh, person.tokens.refresh_token).reason == "SESSION_REVOKED"
    (event,) = world.events("session.revoked", SessionRevoked)
    assert (event.cause, event.user_id) == (SESSION_REVOCATION_LOGOUT, world.name_of(person.user.id))
    assert world.actors("session.revoked") == [world.name_of(person.user.id)]


def test_one_session_is_revoked_and_the_other_stays(api):
    person = make_person()
    other = sign_in(person.user)
    name = claims_of(other.access_token)["sid"]
    api(pb.RevokeSessionRequest(session_id=name), person)
    assert refusal(api.me, other.access_token).reason == "SESSION_REVOKED"
    assert api.me(person)
    (event,) = world.events("session.revoked", SessionRevoked)
    assert (event.cause, event.session_id) == (SESSION_REVOCATION_BY_USER, name)
    error = refusal(api, pb.RevokeSessionRequest(session_id=name), person)
    assert (error.code, error.reason) == ("NOT_FOUND", "NOT_FOUND")


def test_the_current_session_can_be_revoked_too(api):
    person = make_person()
    api(pb.RevokeSessionRequest(session_id=claims_of(person.token)["sid"]), person)
    assert refusal(api.me, person).reason == "SESSION_REVOKED"


def test_nobody_revokes_a_session_of_somebody_else(api):
    person, other = make_person(), make_person()
    name = claims_of(other.token)["sid"]
    assert refusal(api, pb.RevokeSessionRequest(session_id=name), person).reason == "NOT_FOUND"
    assert api.me(other)


def test_all_other_sessions_are_revoked_at_once(api):
    person, stranger = make_person(), make_person()
    others = [sign_in(person.user) for _ in range(3)]
    assert api(pb.RevokeOtherSessionsRequest(), person).revoked_count == 3
    assert len(world.events("session.revoked", SessionRevoked)) == 3
    assert [refusal(api.me, tokens.access_token).reason for tokens in others] == ["SESSION_REVOKED"] * 3
    assert api.me(person)
    assert api.me(stranger)
    assert api(pb.RevokeOtherSessionsRequest(), person).revoked_count == 0


def test_an_api_key_with_the_scope_lists_and_revokes_sessions_and_has_none_itself(api):
    person = make_person()
    _, key = make_key(person.user, "sessions.read", "sessions.write")
    (session,) = api(pb.ListSessionsRequest(), key).sessions
    assert not session.current
    api(pb.RevokeSessionRequest(session_id=session.id), key)
    assert refusal(api.me, person).reason == "SESSION_REVOKED"
    for request in (pb.LogoutRequest(), pb.RevokeOtherSessionsRequest()):
        assert refusal(api, request, key).reason == "SESSION_REQUIRED"


def test_the_row_of_a_session_holds_nothing_that_opens_it(api):
    person = make_person()
    stored = str(Session.get().__data__)
    assert person.tokens.refresh_token[4:] not in stored
    assert crypto.ring().mac("refresh_token", b"").hex() not in stored
