"""TotpService: turning two-step login on and off, through the whole chain."""

import base64
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from server.accounts.models import RecoveryCode, Totp
from server.core import clock
from tests.accounts import world
from tests.accounts.factories import make_key, make_person
from tests.accounts.world import refusal
from userdata.accounts.v1 import session_service_pb2 as session_pb
from userdata.accounts.v1 import totp_service_pb2 as pb
from userdata.accounts.v1.account_events_pb2 import UserUpdated


def test_two_step_login_is_off_at_first(api):
    person = make_person()
    state = api(pb.GetTotpRequest(), person)
    assert (state.enabled, state.HasField("enable_time"), state.recovery_codes_left) == (False, False, 0)


def test_an_enrolment_gives_what_an_authenticator_needs(api):
    person = make_person("ada@example.com")
    enrolment = api(pb.EnrolTotpRequest(), person)
    uri = urlsplit(enrolment.otpauth_uri)
    query = {name: values[0] for name, values in parse_qs(uri.query).items()}
    assert (uri.scheme, uri.netloc, uri.path) == ("otpauth", "totp", "/Userdata:ada%40example.com")
    assert query["secret"] == enrolment.secret
    assert (query["issuer"], query["digits"], query["period"], query["algorithm"]) == ("Userdata", "6", "30", "SHA1")
    assert len(base64.b32decode(enrolment.secret)) == 20
    left = enrolment.expire_time.ToDatetime(clock.now().tzinfo) - clock.now()
    assert timedelta(minutes=14) < left <= timedelta(minutes=15)


def test_nothing_changes_until_the_enrolment_is_confirmed(api):
    person = make_person("ada@example.com")
    api(pb.EnrolTotpRequest(), person)
    assert not api(pb.GetTotpRequest(), person).enabled
    assert api.log_in("ada@example.com").access_token


def test_confirming_turns_it_on_with_ten_recovery_codes(api):
    person = make_person("ada@example.com")
    _, codes = api.enable_totp(person)
    state = api(pb.GetTotpRequest(), person)
    assert (state.enabled, state.HasField("enable_time"), state.recovery_codes_left) == (True, True, 10)
    assert len(set(codes)) == 10
    assert all(len(code) == 11 and code[5] == "-" for code in codes)
    (event,) = world.events("user.updated", UserUpdated)
    change = event.changes["totp_enabled"]
    assert (change.before.bool_value, change.after.bool_value) == (False, True)
    assert api.log_in("ada@example.com").challenge


def test_neither_secret_nor_recovery_codes_are_kept_in_the_clear(api):
    person = make_person()
    secret, codes = api.enable_totp(person)
    assert secret not in bytes(Totp.get().secret)
    for row in RecoveryCode.select():
        assert len(bytes(row.code_hash)) == 32
        assert all(code.encode() not in bytes(row.code_hash) for code in codes)


def test_a_wrong_code_confirms_nothing(api):
    person = make_person()
    api(pb.EnrolTotpRequest(), person)
    error = refusal(api, pb.ConfirmTotpRequest(code="000000"), person)
    assert (error.code, error.reason) == ("INVALID_ARGUMENT", "TOTP_CODE_INVALID")
    assert not api(pb.GetTotpRequest(), person).enabled


def test_without_an_enrolment_there_is_nothing_to_confirm(api):
    person = make_person()
    error = refusal(api, pb.ConfirmTotpRequest(code="000000"), person)
    assert (error.code, error.reason) == ("FAILED_PRECONDITION", "TOTP_NOT_ENROLLED")


def test_an_enrolment_lapses_after_15_minutes(api):
    person = make_person()
    with clock.advanced(timedelta(minutes=-16)):
        secret = base64.b32decode(api(pb.EnrolTotpRequest(), person).secret)
    error = refusal(api, pb.ConfirmTotpRequest(code=world.code_of(secret)), person)
    assert error.reason == "TOTP_NOT_ENROLLED"


def test_a_new_enrolment_replaces_the_old_one(api):
    person = make_person()
    first = base64.b32decode(api(pb.EnrolTotpRequest(), person).secret)
    second = base64.b32decode(api(pb.EnrolTotpRequest(), person).secret)
    assert refusal(api, pb.ConfirmTotpRequest(code=world.code_of(first)), person).reason == "TOTP_CODE_INVALID"
    api(pb.ConfirmTotpRequest(code=world.code_of(second)), person)


def test_what_is_on_cannot_be_enrolled_or_confirmed_again(api):
    person = make_person()
    secret, _ = api.enable_totp(person)
    for request in (pb.EnrolTotpRequest(), pb.ConfirmTotpRequest(code=world.code_of(secret, steps=1))):
        error = refusal(api, request, person)
        assert (error.code, error.reason) == ("FAILED_PRECONDITION", "TOTP_ALREADY_ENABLED")


@pytest.mark.parametrize("with_recovery_code", [False, True])
def test_disabling_needs_a_code_and_forgets_everything(api, with_recovery_code):
    person = make_person("ada@example.com")
    secret, codes = api.enable_totp(person)
    code = codes[0] if with_recovery_code else world.code_of(secret, steps=1)
    challenge = api.log_in("ada@example.com").challenge
    api(pb.DisableTotpRequest(code=code), person)
    assert (Totp.select().count(), RecoveryCode.select().count()) == (0, 0)
    assert world.events("user.updated", UserUpdated)[-1].changes["totp_enabled"].before.bool_value
    assert api.log_in("ada@example.com").access_token
    error = refusal(api, session_pb.CompleteLoginRequest(challenge=challenge, code=codes[1]))
    assert error.reason == "CHALLENGE_INVALID"


def test_codes_cannot_be_tried_until_one_disables_it(api):
    person = make_person()
    secret, _ = api.enable_totp(person)
    for _ in range(5):
        assert refusal(api, pb.DisableTotpRequest(code="000000"), person).reason == "TOTP_CODE_INVALID"
    error = refusal(api, pb.DisableTotpRequest(code=world.code_of(secret, steps=1)), person)
    assert (error.code, error.reason) == ("RESOURCE_EXHAUSTED", "RATE_LIMITED")
    assert 0 < error.retry_seconds <= 15 * 60
    assert api(pb.GetTotpRequest(), person).enabled


def test_what_is_off_cannot_be_disabled_and_has_no_recovery_codes(api):
    person = make_person()
    for request in (pb.DisableTotpRequest(code="000000"), pb.RegenerateRecoveryCodesRequest()):
        error = refusal(api, request, person)
        assert (error.code, error.reason) == ("FAILED_PRECONDITION", "TOTP_NOT_ENABLED")


def test_new_recovery_codes_make_the_old_ones_worthless(api):
    person = make_person("ada@example.com")
    _, old = api.enable_totp(person)
    new = api(pb.RegenerateRecoveryCodesRequest(), person).recovery_codes
    assert len(set(new) | set(old)) == 20
    challenge = api.log_in("ada@example.com").challenge
    error = refusal(api, session_pb.CompleteLoginRequest(challenge=challenge, code=old[0]))
    assert error.reason == "TOTP_CODE_INVALID"
    assert api(session_pb.CompleteLoginRequest(challenge=challenge, code=new[0])).access_token


def test_codes_of_one_person_are_worthless_to_another(api):
    person, other = make_person("ada@example.com"), make_person()
    _, codes = api.enable_totp(person)
    api.enable_totp(other)
    assert refusal(api, pb.DisableTotpRequest(code=codes[0]), other).reason == "TOTP_CODE_INVALID"


@pytest.mark.parametrize(
    "request_",
    [
        pb.EnrolTotpRequest(),
        pb.ConfirmTotpRequest(code="000000"),
        pb.DisableTotpRequest(code="000000"),
        pb.RegenerateRecoveryCodesRequest(),
    ],
)
def test_changes_need_a_person_with_a_fresh_login(api, request_):
    person = make_person()
    _, key = make_key(person.user, "account.write")
    assert refusal(api, request_, key).reason == "SESSION_REQUIRED"
    with clock.advanced(timedelta(minutes=14)):
        token = api.refresh(person.tokens.refresh_token).access_token
    with clock.advanced(timedelta(minutes=16)):
        assert refusal(api, request_, token).reason == "FRESH_LOGIN_REQUIRED"
