"""SessionService: refreshing, access tokens, and the list of sessions, through the whole chain."""

import base64
import json
from datetime import timedelta

import jwt
import pytest

from server.accounts.models import Session, User
from server.accounts.service import refresh_tokens, signing
from server.core import clock, crypto, ids
from tests.accounts import world
from tests.accounts.factories import make_key, make_person, make_user, sign_in
from tests.accounts.world import claims_of, moment_of, refusal
from userdata.accounts.v1 import session_service_pb2 as pb
from userdata.accounts.v1.account_events_pb2 import (
    SESSION_REVOCATION_BY_USER,
    SESSION_REVOCATION_LOGOUT,
    SESSION_REVOCATION_REFRESH_TOKEN_REUSED,
    SessionRevoked,
)
from userdata.jobs.v1 import mail_pb2

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


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
        assert moment_of(answer.expire_time) <= Session.get().create_time + timedelta(days=31)
    with clock.advanced(timedelta(days=31, seconds=1)):
        assert refusal(api.refresh, answer.refresh_token).reason == "SESSION_EXPIRED"
        assert refusal(api.me, answer.access_token).reason == "TOKEN_EXPIRED"


def test_a_locked_or_deleted_user_refreshes_nothing(api):
    person = make_person()
    User.update(lock_time=clock.now()).execute()
    assert refusal(api.refresh, person.tokens.refresh_token).reason == "SESSION_REVOKED"


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


def test_sessions_are_listed_newest_first_with_device_address_and_which_is_current(api):
    person = make_person()
    with clock.advanced(timedelta(minutes=1)):
        sign_in(person.user, address="203.0.113.7", user_agent=FIREFOX)
    make_person()
    newest, oldest = api(pb.ListSessionsRequest(), person).sessions
    assert (newest.device, newest.user_agent, newest.ip_address) == ("Firefox on Linux", FIREFOX, "203.0.113.7")
    assert (newest.current, oldest.current) == (False, True)
    assert moment_of(newest.expire_time) - moment_of(newest.last_seen_time) == timedelta(days=7)


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
