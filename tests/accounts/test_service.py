"""Letters, administrators, purging, and what must never be written down."""

import base64
import io
import sys
from datetime import timedelta

import pytest
import structlog

from server.accounts.models import (
    ApiKey,
    LoginChallenge,
    LoginFailure,
    MailThrottle,
    RecoveryCode,
    Session,
    Totp,
    User,
)
from server.accounts.service import (
    administration,
    deletion,
    mail,
    maintenance,
    password_reset,
    totp,
    verification,
)
from server.core import clock, ids
from server.core.errors import InvalidArgument, NotFound
from tests.accounts import world
from tests.accounts.factories import PASSWORD, make_deleted, make_key, make_person, make_user, sign_in
from tests.support.client import RpcError
from tests.support.database import as_owner
from userdata.accounts.v1 import account_service_pb2 as account_pb
from userdata.accounts.v1 import api_key_pb2
from userdata.accounts.v1 import api_key_service_pb2 as api_key_pb
from userdata.accounts.v1 import session_service_pb2 as session_pb
from userdata.accounts.v1 import totp_service_pb2 as totp_pb
from userdata.accounts.v1.account_events_pb2 import UserCreated, UserUpdated

OTHER = "an entirely other passphrase"


def test_a_verification_letter_holds_while_its_link_does(database):
    user = make_user("Ada@Example.com", email_verified=False, locale="de", display_name="Ada")
    assert mail.verification(user.id) is None
    verification.mail(user)
    letter = mail.verification(user.id)
    assert letter is not None
    assert (letter.to, letter.template) == ("Ada@Example.com", "verification")
    assert letter.values["link"].startswith("http://127.0.0.1:8080/verify-email?token=uvt_")
    assert (letter.values["name"], letter.values["locale"]) == ("Ada", "de")
    with clock.advanced(timedelta(hours=25)):
        assert mail.verification(user.id) is None
    verification.verify(world.letter_token(letter))
    assert mail.verification(user.id) is None


def test_a_reset_letter_holds_while_its_link_does(database):
    user = make_user("ada@example.com")
    assert mail.reset(user.id) is None
    password_reset.issue(user)
    letter = mail.reset(user.id)
    assert letter is not None
    assert letter.template == "password_reset"
    assert letter.values["link"].startswith("http://127.0.0.1:8080/reset-password?token=upr_")
    with clock.advanced(timedelta(hours=2)):
        assert mail.reset(user.id) is None


def test_a_letter_about_a_session_says_where_it_was(database):
    user = make_user("ada@example.com")
    sign_in(user, address="203.0.113.7", user_agent="curl/8.5.0")
    letter = mail.session_revoked(user.id, Session.get().id)
    assert letter is not None
    assert letter.template == "session_revoked"
    assert (letter.values["device"], letter.values["ip_address"]) == ("curl", "203.0.113.7")


def test_there_is_no_letter_to_who_is_not_there(database):
    purged = make_user(email=None)
    User.update(email=None, email_key=None).where(User.id == purged.id).execute()
    for user_id in (purged.id, ids.new()):
        for letter in (mail.verification, mail.account_exists, mail.reset, mail.password_changed):
            assert letter(user_id) is None
        assert mail.session_revoked(user_id, ids.new()) is None


def test_a_password_letter_carries_no_token(database):
    letter = mail.password_changed(make_user("ada@example.com").id)
    assert letter is not None
    assert letter.template == "password_changed"
    assert "token" not in str(letter.values)


def test_an_administrator_is_made_verified(database, client):
    user = administration.create_admin("Root@example.com", PASSWORD, "Root")
    assert (user.is_admin, user.email_verified) == (True, True)
    assert len(world.events("user.created", UserCreated)) == 1
    assert world.actors("user.created") == ["system"]
    assert world.jobs() == []
    assert world.Api(client).log_in("root@example.com").access_token


def test_making_an_administrator_of_an_account_takes_it_over(database, client):
    api = world.Api(client)
    person = make_person("ada@example.com", email_verified=False, lock_time=None)
    user = administration.create_admin("ADA@example.com", "a password from the machine", "Ada")
    assert (user.id, user.is_admin) == (person.user.id, True)
    with pytest.raises(RpcError) as error:
        api.me(person)
    assert error.value.reason == "SESSION_REVOKED"
    with pytest.raises(RpcError):
        api.log_in("ada@example.com")
    assert api.log_in("ada@example.com", "a password from the machine").user.email_verified
    assert len(world.events("user.updated", UserUpdated)) == 1


@pytest.mark.parametrize(
    ("email", "password", "name"),
    [("nobody", PASSWORD, "Root"), ("r@example.com", "short", "Root"), ("r@example.com", PASSWORD, "")],
)
def test_an_administrator_keeps_the_rules_of_registration(database, email, password, name):
    with pytest.raises(InvalidArgument):
        administration.create_admin(email, password, name)
    with pytest.raises(InvalidArgument):
        administration.create_admin("root@example.com", "password1234", "Root")
    assert User.select().count() == 0


def test_a_purge_forgets_the_person_and_keeps_the_id(database, client):
    api = world.Api(client)
    person = make_person("ada@example.com", avatar_url="https://example.com/a.png", labels={"a": "b"}, is_admin=True)
    api.enable_totp(person)
    api.log_in("ada@example.com")
    make_key(person.user)
    api(account_pb.DeleteMeRequest(), person)
    with world.as_worker():
        assert deletion.purge_due(10) == 0
    with clock.advanced(timedelta(days=30, seconds=1)), world.as_worker():
        assert deletion.purge_due(10) == 1
    user = User.get()
    assert user.id == person.user.id
    left = {name: value for name, value in user.__data__.items() if value}
    assert set(left) <= {
        *("id", "locale", "time_zone", "reset_version", "verification_version", "revision"),
        *("create_time", "update_time", "delete_time", "purge_time"),
    }
    for table in (Session, LoginChallenge, Totp, RecoveryCode, ApiKey):
        assert table.select().count() == 0


def test_purging_goes_in_bounded_steps_oldest_first(database):
    now = clock.now()
    for days in (3, 1, 2):
        make_deleted(email=f"gone{days}@example.com", purge_time=now - timedelta(days=days))
    make_deleted(email="later@example.com")
    with world.as_worker():
        assert deletion.purge_due(2) == 2
        assert {user.email for user in User.select()} == {None, "gone1@example.com", "later@example.com"}
        assert deletion.purge_due(2) == 1
        assert deletion.purge_due(2) == 0


def test_what_is_past_its_use_is_dropped_in_bounded_steps(database, client):
    api = world.Api(client)
    person = make_person("ada@example.com")
    secret = api.enable_totp(person)[0]
    other = make_person()
    api(totp_pb.EnrolTotpRequest(), other)
    for _ in range(3):
        api.log_in("ada@example.com")
    with pytest.raises(RpcError):
        api.log_in("nobody@example.com", "not the right passphrase")
    api(account_pb.RequestPasswordResetRequest(email="nobody@example.com"))
    with world.as_worker():
        assert maintenance.purge_expired(10) == 0
    with clock.advanced(timedelta(hours=1)), world.as_worker():
        assert maintenance.purge_expired(2) == 2 + 1 + 1 + 1
        assert maintenance.purge_expired(2) == 1
        assert maintenance.purge_expired(2) == 0
    assert [row.user for row in Totp.select()] == [person.user.id]
    assert [table.select().count() for table in (LoginChallenge, LoginFailure, MailThrottle)] == [0, 0, 0]
    assert Session.select().count() == 2
    with clock.advanced(timedelta(days=38)), world.as_worker():
        assert maintenance.purge_expired(10) == 2
    assert totp.accepts(person.user.id, world.code_of(secret, steps=1))


def test_nothing_that_is_gone_can_be_changed(database):
    with pytest.raises(NotFound):
        deletion.delete(ids.new(), "")
    with pytest.raises(NotFound):
        password_reset.change(ids.new(), None, PASSWORD)


@pytest.fixture
def written_log(monkeypatch):
    """Everything that the server logs, at every level, as its own processors write it."""
    text = io.StringIO()
    logger = structlog.wrap_logger(
        structlog.WriteLogger(text),
        processors=structlog.get_config()["processors"],
        wrapper_class=structlog.make_filtering_bound_logger(0),
    )
    for name, module in list(sys.modules.items()):
        if name.startswith("server.") and hasattr(module, "_log"):
            monkeypatch.setattr(module, "_log", logger)
    return text


def test_no_secret_is_ever_in_a_log_an_event_a_job_or_a_table(committed, client, written_log):
    secrets = list(_life_of_an_account(world.Api(client)))
    written = written_log.getvalue() + _everything(committed.url)
    assert "SessionService/CompleteLogin" in written
    assert "ada@example.com" in written
    assert len(secrets) > 20
    assert [secret for secret in secrets if secret in written] == []


def _life_of_an_account(api):
    """Uses every secret there is and gives them all."""
    yield from (PASSWORD, OTHER)
    headers = {"idempotency-key": "k"}
    api.register("ada@example.com")
    user_id = User.get().id
    yield (token := world.verification_token(user_id))
    api(account_pb.VerifyEmailRequest(token=token))
    with pytest.raises(RpcError):
        api.log_in("ada@example.com", OTHER)
    login = api.log_in("ada@example.com", headers=headers)
    yield from (login.access_token, login.refresh_token)
    enrolment = api(totp_pb.EnrolTotpRequest(), login.access_token, headers=headers)
    yield from (enrolment.secret, enrolment.otpauth_uri)
    code = world.code_of(base64.b32decode(enrolment.secret))
    codes = api(totp_pb.ConfirmTotpRequest(code=code), login.access_token).recovery_codes
    yield from codes
    yield (challenge := api.log_in("ada@example.com").challenge)
    done = api(session_pb.CompleteLoginRequest(challenge=challenge, code=codes[0]))
    yield from (done.access_token, done.refresh_token)
    yield api.refresh(done.refresh_token).refresh_token
    wanted = api_key_pb2.ApiKey(name="x", scopes=["account.read"])
    made = api(api_key_pb.CreateApiKeyRequest(api_key=wanted), done.access_token, headers={"idempotency-key": "l"})
    yield made.key
    api.me(made.key)
    api(account_pb.RequestPasswordResetRequest(email="ada@example.com"))
    yield (token := world.reset_token(user_id))
    api(account_pb.ResetPasswordRequest(token=token, new_password=OTHER))


def _everything(url):
    """All rows of all tables, as text."""
    with as_owner(url) as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        )
        names = [name for (name,) in cursor.fetchall()]
        texts = []
        for name in names:
            cursor.execute(f'SELECT t::text FROM "{name}" t')
            for (text,) in cursor.fetchall():
                # Bytes are shown in hexadecimal; what they hold may be text.
                texts += [text, *_unhexed(text)]
    return "\n".join(texts)


def _unhexed(text):
    for part in text.split('"\\\\x')[1:]:
        raw = part.partition('"')[0]
        yield bytes.fromhex(raw).decode("latin-1")
