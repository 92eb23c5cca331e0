"""AccountService: password, profile and deletion, through the whole chain."""

from datetime import timedelta
from uuid import UUID

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from server.accounts.models import User
from server.accounts.service import deletion
from server.core import clock
from server.core.errors import FailedPrecondition
from tests.accounts import world
from tests.accounts.factories import PASSWORD, make_key, make_person, make_user, sign_in
from tests.accounts.world import refusal, user_of
from userdata.accounts.v1 import account_service_pb2 as pb
from userdata.accounts.v1 import user_pb2
from userdata.accounts.v1.account_events_pb2 import (
    SESSION_REVOCATION_ACCOUNT_DELETED,
    SESSION_REVOCATION_PASSWORD_CHANGED,
    ApiKeyRevoked,
    SessionRevoked,
    UserDeleted,
    UserUpdated,
)
from userdata.jobs.v1 import mail_pb2
from userdata.workspaces.v1.workspace_pb2 import Workspace
from userdata.workspaces.v1.workspace_service_pb2 import CreateWorkspaceRequest

OTHER = "an entirely other passphrase"


def test_a_forgotten_password_is_set_by_a_mailed_token_once(api):
    user = make_user("ada@example.com")
    sessions = [sign_in(user) for _ in range(2)]
    api(pb.RequestPasswordResetRequest(email="Ada@example.com"))
    assert world.jobs() == [mail_pb2.SendPasswordResetEmail(user_id=world.name_of(user.id))]
    token = world.reset_token(user.id)
    api(pb.ResetPasswordRequest(token=token, new_password=OTHER))

    assert refusal(api, pb.ResetPasswordRequest(token=token, new_password=OTHER)).reason == (
        "PASSWORD_RESET_TOKEN_INVALID"
    )
    assert refusal(api.log_in, "ada@example.com").reason == "INVALID_CREDENTIALS"
    assert api.log_in("ada@example.com", OTHER).access_token
    assert [refusal(api.me, tokens.access_token).reason for tokens in sessions] == ["SESSION_REVOKED"] * 2
    revoked = world.events("session.revoked", SessionRevoked)
    assert [event.cause for event in revoked] == [SESSION_REVOCATION_PASSWORD_CHANGED] * 2
    assert world.actors("session.revoked") == [world.name_of(user.id)] * 2
    assert len(world.jobs(mail_pb2.SendPasswordChangedEmail)) == 1


def test_a_reset_token_works_for_an_hour(api):
    user = make_user("ada@example.com")
    api(pb.RequestPasswordResetRequest(email="ada@example.com"))
    token = world.reset_token(user.id)
    with clock.advanced(timedelta(hours=1, seconds=1)):
        error = refusal(api, pb.ResetPasswordRequest(token=token, new_password=OTHER))
        assert error.reason == "PASSWORD_RESET_TOKEN_INVALID"
    with clock.advanced(timedelta(minutes=59)):
        api(pb.ResetPasswordRequest(token=token, new_password=OTHER))


def test_a_reset_proves_the_mailbox(api):
    api.register()
    user = user_of("ada@example.com")
    api(pb.RequestPasswordResetRequest(email="ada@example.com"))
    api(pb.ResetPasswordRequest(token=world.reset_token(user.id), new_password=OTHER))
    assert user_of("ada@example.com").email_verified
    assert set(world.events("user.updated", UserUpdated)[0].changes) == {"email_verified"}


def test_a_password_that_is_refused_leaves_the_reset_token_alone(api):
    user = make_user("lovelace@example.com")
    api(pb.RequestPasswordResetRequest(email="lovelace@example.com"))
    token = world.reset_token(user.id)
    for password, reason in [
        ("password1234", "PASSWORD_TOO_COMMON"),
        ("my lovelace secret", "PASSWORD_CONTAINS_EMAIL"),
    ]:
        error = refusal(api, pb.ResetPasswordRequest(token=token, new_password=password))
        assert (error.reason, list(error.violations)) == (reason, ["new_password"])
    api(pb.ResetPasswordRequest(token=token, new_password=OTHER))


def test_asking_for_a_reset_is_bounded_and_the_same_for_everybody(api):
    make_user("ada@example.com")
    for email in ("ada@example.com", "nobody@example.com"):
        api(pb.RequestPasswordResetRequest(email=email))
        error = refusal(api, pb.RequestPasswordResetRequest(email=email))
        assert (error.code, error.reason) == ("RESOURCE_EXHAUSTED", "RESEND_TOO_SOON")
        assert 0 < error.retry_seconds <= 60
    assert len(world.jobs()) == 1


def test_a_reset_opens_a_login_that_failures_closed(api):
    user = make_user("ada@example.com")
    for _ in range(5):
        refusal(api.log_in, "ada@example.com", "not the password")
    assert refusal(api.log_in, "ada@example.com").reason == "LOGIN_LOCKED"
    api(pb.RequestPasswordResetRequest(email="ada@example.com"))
    api(pb.ResetPasswordRequest(token=world.reset_token(user.id), new_password=OTHER))
    assert api.log_in("ada@example.com", OTHER).access_token


def test_changing_the_password_ends_the_other_sessions_and_keeps_ones_own(api):
    person = make_person("ada@example.com")
    others = [sign_in(person.user) for _ in range(2)]
    api(pb.ChangePasswordRequest(new_password=OTHER), person)
    assert api.me(person).email == "ada@example.com"
    assert [refusal(api.me, tokens.access_token).reason for tokens in others] == ["SESSION_REVOKED"] * 2
    assert len(world.events("session.revoked", SessionRevoked)) == 2
    assert world.jobs() == [mail_pb2.SendPasswordChangedEmail(user_id=world.name_of(person.user.id))]
    assert api.log_in("ada@example.com", OTHER).access_token


def test_changing_the_password_makes_reset_links_worthless(api):
    person = make_person("ada@example.com")
    api(pb.RequestPasswordResetRequest(email="ada@example.com"))
    token = world.reset_token(person.user.id)
    api(pb.ChangePasswordRequest(new_password=OTHER), person)
    error = refusal(api, pb.ResetPasswordRequest(token=token, new_password=PASSWORD))
    assert error.reason == "PASSWORD_RESET_TOKEN_INVALID"


def test_changing_the_password_needs_a_fresh_login(api):
    person = make_person()
    with clock.advanced(timedelta(minutes=14)):
        tokens = api.refresh(person.tokens.refresh_token)
    with clock.advanced(timedelta(minutes=16)):
        error = refusal(api, pb.ChangePasswordRequest(new_password=OTHER), tokens.access_token)
    assert (error.code, error.reason) == ("PERMISSION_DENIED", "FRESH_LOGIN_REQUIRED")


@pytest.mark.parametrize(
    ("password", "reason"),
    [("password1234", "PASSWORD_TOO_COMMON"), ("my lovelace secret", "PASSWORD_CONTAINS_EMAIL")],
)
def test_a_changed_password_keeps_the_rules_of_registration(api, password, reason):
    person = make_person("lovelace@example.com")
    error = refusal(api, pb.ChangePasswordRequest(new_password=password), person)
    assert (error.reason, list(error.violations)) == (reason, ["new_password"])


def test_one_reads_ones_own_account(api):
    person = make_person("Ada@example.com", labels={"team": "engines"})
    me = api.me(person)
    assert (me.id, me.email, dict(me.labels)) == (
        world.name_of(person.user.id),
        "Ada@example.com",
        {"team": "engines"},
    )
    assert (me.locale, me.time_zone, me.status) == ("en", "UTC", user_pb2.USER_STATUS_ACTIVE)
    assert me.etag


def test_updating_changes_what_is_set_and_publishes_it(api):
    person = make_person()
    before = api.me(person)
    changed = user_pb2.User(display_name="Countess", locale="en-GB", labels={"a": "b"}, email="other@example.com")
    after = api(pb.UpdateMeRequest(user=changed), person)
    assert (after.display_name, after.locale, dict(after.labels)) == ("Countess", "en-GB", {"a": "b"})
    assert (after.email, after.time_zone) == (before.email, "UTC")
    assert after.etag != before.etag
    (updated,) = world.events("user.updated", UserUpdated)
    assert set(updated.changes) == {"display_name", "locale", "labels"}
    assert updated.changes["display_name"].before.string_value == "Ada Lovelace"
    assert updated.changes["display_name"].after.string_value == "Countess"


def test_a_mask_empties_fields_back_to_their_defaults(api):
    person = make_person(locale="de", time_zone="Europe/Berlin", avatar_url="https://example.com/a.png")
    mask = FieldMask(paths=["locale", "time_zone", "avatar_url", "labels"])
    after = api(pb.UpdateMeRequest(user=user_pb2.User(), update_mask=mask), person)
    assert (after.locale, after.time_zone, after.avatar_url) == ("en", "UTC", "")


def test_an_update_that_changes_nothing_leaves_no_trace(api):
    person = make_person()
    before = api.me(person)
    assert api(pb.UpdateMeRequest(user=user_pb2.User(display_name=before.display_name)), person) == before
    assert world.events("user.updated", UserUpdated) == []


def test_a_mask_cannot_name_what_one_may_not_change(api):
    person = make_person()
    mask = FieldMask(paths=["email"])
    error = refusal(api, pb.UpdateMeRequest(user=user_pb2.User(), update_mask=mask), person)
    assert (error.code, error.reason) == ("INVALID_ARGUMENT", "UPDATE_MASK_INVALID")


def test_an_old_etag_stops_update_and_deletion(api):
    person = make_person()
    etag = api.me(person).etag
    api(pb.UpdateMeRequest(user=user_pb2.User(display_name="Countess", etag=etag)), person)
    stale = user_pb2.User(display_name="Duchess", etag=etag)
    assert refusal(api, pb.UpdateMeRequest(user=stale), person).reason == "ETAG_MISMATCH"
    error = refusal(api, pb.DeleteMeRequest(etag=etag), person)
    assert (error.code, error.reason) == ("ABORTED", "ETAG_MISMATCH")
    api(pb.DeleteMeRequest(etag=api.me(person).etag), person)


def test_deleting_ends_sessions_and_keys_and_can_be_undone_by_signing_in(api):
    person = make_person("ada@example.com")
    _, key = make_key(person.user)
    deleted = api(pb.DeleteMeRequest(), person)
    assert deleted.status == user_pb2.USER_STATUS_DELETED
    assert deleted.purge_time.ToDatetime() - deleted.delete_time.ToDatetime() == timedelta(days=30)
    assert refusal(api.me, person).reason == "SESSION_REVOKED"
    assert refusal(api.me, key).reason == "API_KEY_REVOKED"
    (event,) = world.events("user.deleted", UserDeleted)
    assert (event.user_id, event.purge_time) == (deleted.id, deleted.purge_time)
    (ended,) = world.events("session.revoked", SessionRevoked)
    assert ended.cause == SESSION_REVOCATION_ACCOUNT_DELETED
    assert len(world.events("api_key.revoked", ApiKeyRevoked)) == 1

    answer = api.log_in("ada@example.com")
    assert answer.user.status == user_pb2.USER_STATUS_ACTIVE
    assert not answer.user.HasField("delete_time")
    assert not answer.user.HasField("purge_time")
    (updated,) = world.events("user.updated", UserUpdated)
    assert set(updated.changes) == {"status", "delete_time", "purge_time"}
    assert refusal(api.me, key).reason == "API_KEY_REVOKED"


def test_a_guard_can_keep_an_account_from_being_deleted(api):
    class Objection(FailedPrecondition):
        reason = "LAST_OWNER"
        message = "A workspace needs an owner. Make another member an owner first."

    def guard(user_id):
        asked.append(user_id)
        raise Objection

    asked: list[UUID] = []
    person = make_person()
    deletion.GUARDS.append(guard)
    try:
        assert refusal(api, pb.DeleteMeRequest(), person).reason == "LAST_OWNER"
    finally:
        deletion.GUARDS.remove(guard)
    assert asked == [person.user.id]
    assert User.get_by_id(person.user.id).delete_time is None
    assert api.me(person)


def test_the_only_owner_of_a_workspace_cannot_be_deleted(api, client):
    person = make_person()
    create = CreateWorkspaceRequest(workspace=Workspace(name="Engines", slug="engines"))
    client.call("userdata.workspaces.v1.WorkspaceService/CreateWorkspace", create, token=person.token)
    error = refusal(api, pb.DeleteMeRequest(), person)
    assert (error.code, error.reason) == ("FAILED_PRECONDITION", "LAST_OWNER")
    assert api.me(person).status == user_pb2.USER_STATUS_ACTIVE


def test_deleting_needs_a_fresh_login_and_a_person(api):
    person = make_person()
    _, key = make_key(person.user, "account.write")
    assert refusal(api, pb.DeleteMeRequest(), key).reason == "SESSION_REQUIRED"
    with clock.advanced(timedelta(minutes=14)):
        tokens = api.refresh(person.tokens.refresh_token)
    with clock.advanced(timedelta(minutes=16)):
        assert refusal(api, pb.DeleteMeRequest(), tokens.access_token).reason == "FRESH_LOGIN_REQUIRED"
