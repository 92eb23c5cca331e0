"""UserAdminService: what administrators of the installation do, through the whole chain."""

from datetime import timedelta

import pytest

from server.accounts.models import Session, User
from server.accounts.service import deletion
from server.core import clock, ids
from tests.accounts import world
from tests.accounts.factories import Person, make_deleted, make_key, make_person, make_user
from tests.accounts.world import refusal
from userdata.accounts.v1 import user_admin_service_pb2 as pb
from userdata.accounts.v1 import user_pb2
from userdata.accounts.v1.account_events_pb2 import (
    SESSION_REVOCATION_ACCOUNT_LOCKED,
    SessionRevoked,
    UserDeleted,
    UserUpdated,
)


@pytest.fixture
def root(api):
    del api
    with clock.advanced(timedelta(hours=-1)):
        user = make_user("root@example.com", is_admin=True)
    return Person(user)


def emails_of(answer):
    return [user.email for user in answer.users]


def test_only_administrators_of_the_installation_get_in(api, root):
    person = make_person()
    name = world.name_of(person.user.id)
    _, key = make_key(root.user, "account.read")
    for request in (
        pb.ListUsersRequest(),
        pb.GetUserRequest(user_id=name),
        pb.LockUserRequest(user_id=name),
        pb.UnlockUserRequest(user_id=name),
        pb.DeleteUserRequest(user_id=name),
        pb.UndeleteUserRequest(user_id=name),
    ):
        assert refusal(api, request, person).reason == "PERMISSION_MISSING"
        assert refusal(api, request, key).reason == "SCOPE_MISSING"
    _, reader = make_key(root.user, "installation.users.read")
    assert api(pb.GetUserRequest(user_id=name), reader).id == name


def test_a_key_loses_the_installation_with_its_owner(api, root):
    _, reader = make_key(root.user, "installation.users.read")
    assert api(pb.ListUsersRequest(), reader)
    User.update(is_admin=False).execute()
    assert refusal(api, pb.ListUsersRequest(), reader).reason == "PERMISSION_MISSING"


def test_accounts_are_listed_newest_first_or_the_other_way_in_pages(api, root):
    for minute in range(4):
        with clock.advanced(timedelta(minutes=minute)):
            make_user(f"person{minute}@example.org")
    for order_by, expected in [
        ("", ["person3", "person2", "person1", "person0", "root"]),
        ("create_time desc", ["person3", "person2", "person1", "person0", "root"]),
        ("create_time", ["root", "person0", "person1", "person2", "person3"]),
    ]:
        seen, token = [], ""
        for _ in range(3):
            page = api(pb.ListUsersRequest(page_size=2, page_token=token, order_by=order_by), root)
            seen += [email.partition("@")[0] for email in emails_of(page)]
            token = page.next_page_token
        assert (seen, token) == (expected, "")


def test_accounts_are_filtered_by_e_mail_and_status(api, root):
    make_user("Ada@example.org")
    make_user("locked@example.org", lock_time=clock.now())
    make_deleted(email="gone@example.org")
    make_deleted(email="both@example.org", lock_time=clock.now())
    for text, show_deleted, expected in [
        ("email = ADA@example.org", False, ["Ada@example.org"]),
        ("status = USER_STATUS_ACTIVE", False, ["Ada@example.org", "root@example.com"]),
        ("status = USER_STATUS_LOCKED", True, ["locked@example.org"]),
        ("status = USER_STATUS_DELETED", False, []),
        ("status = USER_STATUS_DELETED", True, ["both@example.org", "gone@example.org"]),
        ('status = USER_STATUS_ACTIVE AND email = "root@example.com"', False, ["root@example.com"]),
        ("", False, ["locked@example.org", "Ada@example.org", "root@example.com"]),
    ]:
        answer = api(pb.ListUsersRequest(filter=text, show_deleted=show_deleted), root)
        assert emails_of(answer) == expected
    assert len(api(pb.ListUsersRequest(show_deleted=True), root).users) == 5


@pytest.mark.parametrize(
    "text",
    ["name = Ada", "status = LOCKED", "status != USER_STATUS_ACTIVE", "email", "status = USER_STATUS_UNSPECIFIED"],
)
def test_a_filter_that_is_not_understood_is_refused(api, root, text):
    error = refusal(api, pb.ListUsersRequest(filter=text), root)
    assert (error.code, error.reason) == ("INVALID_ARGUMENT", "FILTER_INVALID")


def test_an_order_that_is_not_offered_is_refused(api, root):
    assert refusal(api, pb.ListUsersRequest(order_by="email"), root).reason == "ORDER_BY_INVALID"


def test_a_page_token_belongs_to_its_list(api, root):
    make_user()
    token = api(pb.ListUsersRequest(page_size=1), root).next_page_token
    request = pb.ListUsersRequest(page_size=1, page_token=token, order_by="create_time")
    assert refusal(api, request, root).reason == "PAGE_TOKEN_INVALID"


def test_locking_keeps_somebody_out_at_once(api, root):
    person = make_person("ada@example.com")
    _, key = make_key(person.user)
    name = world.name_of(person.user.id)
    locked = api(pb.LockUserRequest(user_id=name), root)
    assert locked.status == user_pb2.USER_STATUS_LOCKED
    assert refusal(api.me, person).reason == "SESSION_REVOKED"
    assert refusal(api.me, key).reason == "ACCOUNT_LOCKED"
    assert refusal(api.log_in, "ada@example.com").reason == "ACCOUNT_LOCKED"
    (ended,) = world.events("session.revoked", SessionRevoked)
    assert ended.cause == SESSION_REVOCATION_ACCOUNT_LOCKED
    (updated,) = world.events("user.updated", UserUpdated)
    assert set(updated.changes) == {"status"}
    assert world.actors("user.updated") == [world.name_of(root.user.id)]
    assert api(pb.LockUserRequest(user_id=name), root) == locked
    assert len(world.events("user.updated", UserUpdated)) == 1


def test_unlocking_lets_in_again_and_forgets_failed_logins(api, root):
    person = make_person("ada@example.com")
    name = world.name_of(person.user.id)
    for _ in range(5):
        refusal(api.log_in, "ada@example.com", "not the right passphrase")
    api(pb.LockUserRequest(user_id=name), root)
    unlocked = api(pb.UnlockUserRequest(user_id=name), root)
    assert unlocked.status == user_pb2.USER_STATUS_ACTIVE
    assert api.log_in("ada@example.com").access_token
    assert refusal(api.me, person).reason == "SESSION_REVOKED"
    assert api(pb.UnlockUserRequest(user_id=name), root) == unlocked
    assert len(world.events("user.updated", UserUpdated)) == 2


def test_a_deleted_account_is_still_shown_and_can_be_brought_back(api, root):
    person = make_person("ada@example.com")
    _, key = make_key(person.user)
    name = world.name_of(person.user.id)
    deleted = api(pb.DeleteUserRequest(user_id=name), root)
    assert deleted.status == user_pb2.USER_STATUS_DELETED
    assert api(pb.GetUserRequest(user_id=name), root) == deleted
    assert api(pb.DeleteUserRequest(user_id=name), root) == deleted
    assert len(world.events("user.deleted", UserDeleted)) == 1
    back = api(pb.UndeleteUserRequest(user_id=name), root)
    assert (back.status, back.email) == (user_pb2.USER_STATUS_ACTIVE, "ada@example.com")
    assert refusal(api.me, person).reason == "SESSION_REVOKED"
    assert refusal(api.me, key).reason == "API_KEY_REVOKED"
    error = refusal(api, pb.UndeleteUserRequest(user_id=name), root)
    assert (error.code, error.reason) == ("ALREADY_EXISTS", "NOT_DELETED")


def test_a_locked_account_that_comes_back_is_still_locked(api, root):
    name = world.name_of(make_deleted(lock_time=clock.now()).id)
    assert api(pb.UndeleteUserRequest(user_id=name), root).status == user_pb2.USER_STATUS_LOCKED


def test_a_purged_account_has_its_id_left_and_cannot_be_brought_back(api, root):
    user = make_deleted(email="ada@example.com", purge_time=clock.now() - timedelta(seconds=1), labels={"a": "b"})
    make_key(user)
    with world.as_worker():
        assert deletion.purge_due(10) == 1
        assert deletion.purge_due(10) == 0
    shown = api(pb.GetUserRequest(user_id=world.name_of(user.id)), root)
    assert (shown.email, shown.display_name, dict(shown.labels)) == ("", "", {})
    assert shown.status == user_pb2.USER_STATUS_DELETED
    error = refusal(api, pb.UndeleteUserRequest(user_id=world.name_of(user.id)), root)
    assert error.reason == "NOT_FOUND"


def test_administrators_cannot_lock_or_delete_themselves(api, root):
    name = world.name_of(root.user.id)
    for request in (pb.LockUserRequest(user_id=name), pb.DeleteUserRequest(user_id=name)):
        error = refusal(api, request, root)
        assert (error.code, error.reason) == ("FAILED_PRECONDITION", "OWN_ACCOUNT")
    assert Session.get().revoke_time is None


def test_accounts_that_are_not_there_are_not_found(api, root):
    name = ids.encode("usr", ids.new())
    for kind in (
        pb.GetUserRequest,
        pb.LockUserRequest,
        pb.UnlockUserRequest,
        pb.DeleteUserRequest,
        pb.UndeleteUserRequest,
    ):
        error = refusal(api, kind(user_id=name), root)
        assert (error.code, error.reason) == ("NOT_FOUND", "NOT_FOUND")


def test_an_old_etag_stops_every_change(api, root):
    name = world.name_of(make_user().id)
    etag = api(pb.GetUserRequest(user_id=name), root).etag
    api(pb.LockUserRequest(user_id=name, etag=etag), root)
    for kind in (pb.LockUserRequest, pb.UnlockUserRequest, pb.DeleteUserRequest, pb.UndeleteUserRequest):
        error = refusal(api, kind(user_id=name, etag=etag), root)
        assert (error.code, error.reason) == ("ABORTED", "ETAG_MISMATCH")
