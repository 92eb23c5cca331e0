"""ApiKeyService: personal API keys, through the whole chain."""

from datetime import timedelta

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from server.accounts.models import ApiKey, User
from server.core import apikeys, clock, ids
from server.core.db import db
from tests.accounts import world
from tests.accounts.factories import make_key, make_person
from tests.accounts.world import refusal
from userdata.accounts.v1 import account_service_pb2 as account_pb
from userdata.accounts.v1 import api_key_pb2
from userdata.accounts.v1 import api_key_service_pb2 as pb
from userdata.accounts.v1.account_events_pb2 import ApiKeyCreated, ApiKeyRevoked
from userdata.accounts.v1.user_pb2 import User as UserMessage


def wanted(*scopes, name="Nightly export", **values):
    return pb.CreateApiKeyRequest(api_key=api_key_pb2.ApiKey(name=name, scopes=scopes or ("account.read",), **values))


def test_a_new_key_is_shown_once_and_works(api):
    person = make_person()
    made = api(wanted("account.read", "workspaces.list"), person)
    assert made.key.startswith("udk_")
    assert len(made.key) == 4 + 38
    assert made.api_key.hint == made.key[:8]
    assert made.api_key.user_id == world.name_of(person.user.id)
    assert list(made.api_key.scopes) == ["account.read", "workspaces.list"]
    assert api.me(made.key).id == world.name_of(person.user.id)
    shown = api(pb.GetApiKeyRequest(api_key_id=made.api_key.id), person)
    assert made.key not in str(shown)
    (event,) = world.events("api_key.created", ApiKeyCreated)
    assert (event.api_key_id, event.name, list(event.scopes)) == (
        made.api_key.id,
        "Nightly export",
        ["account.read", "workspaces.list"],
    )


def test_a_key_is_kept_as_a_keyed_hash_only(api):
    made = api(wanted(), make_person())
    row = ApiKey.get()
    assert bytes(row.key_hash) == apikeys.digest(made.key)
    assert made.key[8:] not in str(row.__data__)


def test_a_key_may_only_what_its_scopes_say(api):
    person = make_person()
    _, key = make_key(person.user, "account.read")
    error = refusal(api, account_pb.UpdateMeRequest(user=UserMessage(display_name="Countess")), key)
    assert (error.code, error.reason, error.metadata) == (
        "PERMISSION_DENIED",
        "SCOPE_MISSING",
        {"permission": "account.write"},
    )
    _, writer = make_key(person.user, "account.write")
    assert api(account_pb.UpdateMeRequest(user=UserMessage(display_name="Countess")), writer)
    assert world.actors("user.updated")[0].startswith("key_")


def test_a_permission_that_does_not_exist_is_no_scope(api):
    error = refusal(api, wanted("account.read", "account.fly"), make_person())
    assert (error.code, error.reason) == ("INVALID_ARGUMENT", "PERMISSION_UNKNOWN")
    assert error.metadata == {"permission": "account.fly"}


def test_only_administrators_give_the_installations_permissions(api):
    error = refusal(api, wanted("installation.users.read"), make_person())
    assert (error.code, error.reason) == ("PERMISSION_DENIED", "PERMISSION_NOT_HELD")
    assert api(wanted("installation.users.read"), make_person(is_admin=True)).key


def test_at_most_50_keys_work_at_a_time(api):
    person = make_person()
    rows = [make_key(person.user)[0] for _ in range(49)]
    make_key(person.user, revoke_time=clock.now())
    make_key(person.user, expire_time=clock.now() - timedelta(days=1))
    api(wanted(), person)
    error = refusal(api, wanted(), person)
    assert (error.code, error.reason, error.metadata) == ("RESOURCE_EXHAUSTED", "LIMIT_REACHED", {"limit": "50"})
    api(pb.RevokeApiKeyRequest(api_key_id=ids.encode("key", rows[0].id)), person)
    assert api(wanted(), person).key


def test_a_key_expires(api):
    person = make_person()
    made = api(wanted(expire_time=clock.now() + timedelta(days=1)), person)
    assert api.me(made.key)
    with clock.advanced(timedelta(days=1, seconds=1)):
        error = refusal(api.me, made.key)
        assert (error.code, error.reason) == ("UNAUTHENTICATED", "API_KEY_EXPIRED")


def test_a_key_cannot_expire_in_the_past(api):
    error = refusal(api, wanted(expire_time=clock.now() - timedelta(days=1)), make_person())
    assert error.reason == "VALIDATION_FAILED"


def test_creating_needs_a_person_with_a_fresh_login(api):
    person = make_person()
    _, key = make_key(person.user, "account.write")
    assert refusal(api, wanted(), key).reason == "SESSION_REQUIRED"
    with clock.advanced(timedelta(minutes=14)):
        token = api.refresh(person.tokens.refresh_token).access_token
    with clock.advanced(timedelta(minutes=16)):
        assert refusal(api, wanted(), token).reason == "FRESH_LOGIN_REQUIRED"


def test_keys_are_listed_newest_first_in_pages_without_revoked_ones(api):
    person = make_person()
    rows = []
    for minute in range(4):
        with clock.advanced(timedelta(minutes=minute)):
            rows.append(make_key(person.user, name=f"Key {minute}")[0])
    make_key(make_person().user)
    ApiKey.update(revoke_time=clock.now()).where(ApiKey.id == rows[2].id).execute()
    first = api(pb.ListApiKeysRequest(page_size=2), person)
    second = api(pb.ListApiKeysRequest(page_size=2, page_token=first.next_page_token), person)
    assert [key.name for key in first.api_keys] == ["Key 3", "Key 1"]
    assert ([key.name for key in second.api_keys], second.next_page_token) == (["Key 0"], "")
    everything = api(pb.ListApiKeysRequest(show_revoked=True), person).api_keys
    assert [key.name for key in everything] == ["Key 3", "Key 2", "Key 1", "Key 0"]
    assert [key.HasField("revoke_time") for key in everything] == [False, True, False, False]
    error = refusal(
        api, pb.ListApiKeysRequest(page_size=2, page_token=first.next_page_token, show_revoked=True), person
    )
    assert error.reason == "PAGE_TOKEN_INVALID"


def test_a_key_can_be_renamed_and_nothing_else(api):
    person = make_person()
    row, key = make_key(person.user)
    name = ids.encode("key", row.id)
    change = api_key_pb2.ApiKey(name="Weekly export", scopes=["workspaces.read"])
    renamed = api(pb.UpdateApiKeyRequest(api_key_id=name, api_key=change), person)
    assert (renamed.name, list(renamed.scopes)) == ("Weekly export", ["account.read"])
    mask = FieldMask(paths=["scopes"])
    error = refusal(api, pb.UpdateApiKeyRequest(api_key_id=name, api_key=change, update_mask=mask), person)
    assert error.reason == "UPDATE_MASK_INVALID"
    assert api.me(key)


def test_an_old_etag_stops_renaming_and_revoking(api):
    person = make_person()
    name = ids.encode("key", make_key(person.user)[0].id)
    etag = api(pb.GetApiKeyRequest(api_key_id=name), person).etag
    api(pb.UpdateApiKeyRequest(api_key_id=name, api_key=api_key_pb2.ApiKey(name="B", etag=etag)), person)
    stale = pb.UpdateApiKeyRequest(api_key_id=name, api_key=api_key_pb2.ApiKey(name="C", etag=etag))
    for request in (stale, pb.RevokeApiKeyRequest(api_key_id=name, etag=etag)):
        error = refusal(api, request, person)
        assert (error.code, error.reason) == ("ABORTED", "ETAG_MISMATCH")


@pytest.mark.parametrize("ended", ["revoke_time", "expire_time"])
def test_a_key_that_has_ended_cannot_be_renamed(api, ended):
    person = make_person()
    row, _ = make_key(person.user, **{ended: clock.now() - timedelta(seconds=1)})
    request = pb.UpdateApiKeyRequest(
        api_key_id=ids.encode("key", row.id), api_key=api_key_pb2.ApiKey(name="Weekly export")
    )
    error = refusal(api, request, person)
    assert (error.code, error.reason) == ("FAILED_PRECONDITION", "API_KEY_NOT_ACTIVE")


def test_a_revoked_key_works_no_more_and_revoking_again_changes_nothing(api):
    person = make_person()
    row, key = make_key(person.user)
    request = pb.RevokeApiKeyRequest(api_key_id=ids.encode("key", row.id))
    api(request, person)
    api(request, person)
    error = refusal(api.me, key)
    assert (error.code, error.reason) == ("UNAUTHENTICATED", "API_KEY_REVOKED")
    (event,) = world.events("api_key.revoked", ApiKeyRevoked)
    assert (event.api_key_id, event.name) == (ids.encode("key", row.id), "Nightly export")


def test_keys_of_somebody_else_are_not_there(api):
    person = make_person()
    row, key = make_key(make_person().user)
    name = ids.encode("key", row.id)
    for request in (
        pb.GetApiKeyRequest(api_key_id=name),
        pb.UpdateApiKeyRequest(api_key_id=name, api_key=api_key_pb2.ApiKey(name="Mine")),
        pb.RevokeApiKeyRequest(api_key_id=name),
    ):
        error = refusal(api, request, person)
        assert (error.code, error.reason) == ("NOT_FOUND", "NOT_FOUND")
    assert api.me(key)


def test_a_key_does_not_work_while_its_user_is_locked(api):
    person = make_person()
    _, key = make_key(person.user)
    User.update(lock_time=clock.now()).execute()
    error = refusal(api.me, key)
    assert (error.code, error.reason) == ("PERMISSION_DENIED", "ACCOUNT_LOCKED")
    User.update(lock_time=None).execute()
    assert api.me(key)


def test_use_is_noted_at_most_once_a_minute(api):
    person = make_person()
    row, key = make_key(person.user)
    name = ids.encode("key", row.id)
    assert not api(pb.GetApiKeyRequest(api_key_id=name), person).HasField("last_used_time")
    noted = []
    for seconds in (0, 30, 59, 61):
        with clock.advanced(timedelta(seconds=seconds)):
            api.me(key)
            noted.append(ApiKey.get_by_id(row.id).last_used_time)
    assert noted[0] == noted[1] == noted[2] < noted[3]
    assert ApiKey.get_by_id(row.id).revision == 1


def test_a_damaged_key_is_refused_without_a_query(api, monkeypatch):
    def fail(*_arguments):
        raise AssertionError("the database was asked")

    _, key = make_key(make_person().user)
    swapped = key[:10] + ("a" if key[10] != "a" else "b") + key[11:]
    monkeypatch.setattr(db, "execute_sql", fail)
    for damaged in (swapped, key[:-1], key + "a", key.replace("udk_", "udw_"), "udk_", "udk_" + "é" * 38):
        if damaged.startswith("udk_"):
            error = refusal(api.me, damaged)
            assert (error.code, error.reason) == ("UNAUTHENTICATED", "API_KEY_INVALID")


def test_a_key_that_was_never_issued_is_refused(api):
    assert refusal(api.me, apikeys.generate("udk_")).reason == "API_KEY_INVALID"
