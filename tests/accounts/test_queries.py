"""What the queries promise beyond what the services show."""

from datetime import timedelta

import pytest

from server.accounts.models import ApiKey, User
from server.accounts.queries import api_keys, limits, sessions, totp, users
from server.core import clock, ids
from tests.accounts.factories import make_key, make_user, sign_in
from tests.accounts.world import as_role

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("descending", [False, True])
def test_accounts_of_one_moment_are_listed_once_each(database, descending):
    now = clock.now()
    made = [make_user(create_time=now) for _ in range(5)]
    seen, after = [], None
    while page := users.page([], descending=descending, after=after, limit=2):
        seen += [user.id for user in page]
        after = (page[-1].create_time, page[-1].id)
    assert seen == sorted((user.id for user in made), reverse=descending)


def test_a_taken_e_mail_adds_nothing_and_leaves_the_transaction_whole(database):
    make_user("ada@example.com")
    again = User(email="Ada@example.com", email_key="ada@example.com", display_name="Ada")
    assert not users.insert(again)
    assert User.select().count() == 1


def test_the_use_of_a_key_is_written_at_most_once_a_pause(database):
    row, _ = make_key(make_user())
    noted = []
    for seconds in (0, 59, 61):
        with clock.advanced(timedelta(seconds=seconds)):
            api_keys.note_use(row.id, MINUTE)
            noted.append(ApiKey.get_by_id(row.id).last_used_time)
    assert noted[0] == noted[1] < noted[2]


def test_a_claim_to_mail_tells_when_the_last_one_was(database):
    with clock.frozen(clock.now()):
        first = clock.now()
        assert limits.claim_mail(b"mailbox", MINUTE) is None
        assert limits.claim_mail(b"other", MINUTE) is None
    with clock.frozen(first + timedelta(seconds=59)):
        assert limits.claim_mail(b"mailbox", MINUTE) == first
    with clock.frozen(first + MINUTE):
        assert limits.claim_mail(b"mailbox", MINUTE) is None


def test_ending_a_session_twice_tells_so(database):
    user = make_user()
    sign_in(user)
    (session,) = sessions.page(user.id, after=None, limit=2)
    assert sessions.revoke(user.id, session.id, "LOGOUT")
    assert not sessions.revoke(user.id, session.id, "BY_USER")
    ended = sessions.by_id(session.id)
    assert ended is not None
    assert ended.revoke_cause == "LOGOUT"


def test_an_enrolment_never_replaces_a_confirmed_authenticator(database):
    user = make_user()
    expire_time = clock.now() + MINUTE
    assert totp.enrol(user.id, b"first", expire_time)
    assert totp.enrol(user.id, b"second", expire_time)
    totp.enable(user.id)
    assert not totp.enrol(user.id, b"third", expire_time)
    row = totp.of(user.id)
    assert row is not None
    assert bytes(row.secret) == b"second"


def test_what_is_not_there_is_none(database):
    nobody = ids.new()
    assert (users.profile(nobody), users.by_id(nobody), users.by_email("x"), users.lock(nobody)) == (None,) * 4
    assert (sessions.standing(nobody), sessions.lock(nobody), sessions.challenge(nobody, nobody)) == (None,) * 3
    assert (api_keys.standing([b"x"]), api_keys.of_user(nobody, nobody), totp.of(nobody)) == (None,) * 3


def test_the_app_cannot_forget_sessions_and_keys_only_end_them(database):
    with as_role("NONE"):
        rights = {
            table: set(granted)
            for table, granted in _rights()
            if table in ("user_account", "session", "api_key", "signing_key")
        }
    assert rights == {
        "user_account": {"SELECT", "INSERT", "UPDATE"},
        "session": {"SELECT", "INSERT", "UPDATE"},
        "api_key": {"SELECT", "INSERT", "UPDATE"},
        "signing_key": {"SELECT", "INSERT"},
    }


def _rights():
    return User._meta.database.execute_sql(
        "SELECT table_name, array_agg(privilege_type::text) FROM information_schema.role_table_grants"
        " WHERE grantee = 'userdata_app' GROUP BY table_name"
    ).fetchall()
