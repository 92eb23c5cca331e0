"""Every job has one handler, and the handlers do with real rows what the contract says."""

from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from google.protobuf import message_factory

import workers.handlers  # noqa: F401 - registers them
from server.accounts.models import Session
from server.accounts.service import password_reset, verification
from server.core import clock, ids, jobs, tenancy
from server.core.models import IdempotencyKey
from server.workspaces.models import Workspace
from tests.accounts.factories import make_deleted, make_person, make_user
from tests.support.database import as_owner
from tests.workers.conftest import rows
from tests.workspaces.factories import make_invitation, make_member, make_transfer, make_workspace
from userdata.jobs.v1 import mail_pb2, maintenance_pb2, webhooks_pb2, workflows_pb2
from workers import queries
from workers.conf import parse_mailbox
from workers.leases import Leases
from workers.mail.folder import Folder
from workers.registry import HANDLERS, handles
from workers.runner import Runner

MESSAGES = {
    name: message
    for file in (mail_pb2, maintenance_pb2, webhooks_pb2, workflows_pb2)
    for name, message in file.DESCRIPTOR.message_types_by_name.items()
}
LEASE = timedelta(seconds=30)


def test_each_job_of_the_contract_has_one_handler_and_each_handler_a_job():
    assert HANDLERS.keys() == {message.full_name for message in MESSAGES.values()}
    assert all((handler.work is None) != (handler.compose is None) for handler in HANDLERS.values())


def test_a_second_handler_is_refused():
    with pytest.raises(ValueError, match="has a handler already"):
        handles(maintenance_pb2.PurgeUsers)(lambda _job: None)


@pytest.fixture
def runner(worker_role, var_dir) -> Runner:
    """Does jobs as the worker's role, mail into `var_dir`."""
    return Runner(Leases(LEASE), Folder(var_dir, parse_mailbox("Acme <no-reply@acme.example>")).deliver)


def work(runner: Runner, url: str) -> None:
    """Do all due jobs, and those that they enqueue."""
    while sent := queries.claim(now=clock.now(), lease=LEASE, limit=100):
        for job_id, _ in sent:
            runner.run(job_id)
    assert [(row["type"], row["error"]) for row in rows(url)] == []


def enqueue(message) -> None:
    with tenancy.transaction():
        jobs.enqueue(message)


def letters(folder):
    return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in sorted(folder.iterdir())]


def test_letters_of_accounts_go_out(runner, committed, var_dir):
    with tenancy.transaction():
        person = make_person("ada@example.com", display_name="Ada <Lovelace>", time_zone="Europe/Berlin")
        waiting = make_user("new@example.com", email_verified=False)
        verification.mail(waiting)
        user_id = ids.encode("usr", person.user.id)
        session_id = ids.encode("ses", Session.get(Session.user == person.user.id).id)
        jobs.enqueue(mail_pb2.SendAccountExistsEmail(user_id=user_id))
        jobs.enqueue(mail_pb2.SendPasswordChangedEmail(user_id=user_id))
        jobs.enqueue(mail_pb2.SendSessionsRevokedEmail(user_id=user_id, session_id=session_id))
    with tenancy.transaction():
        password_reset.request("ada@example.com")
    work(runner, committed.url)
    subjects = {message["Subject"]: message["To"] for message in letters(var_dir)}
    assert subjects == {
        "Verify your e-mail address": "new@example.com",
        "You have an account already": "ada@example.com",
        "Your password was changed": "ada@example.com",
        "A session of yours was ended": "ada@example.com",
        "Set a new password": "ada@example.com",
    }


def test_letters_of_workspaces_go_out(runner, committed, var_dir):
    with tenancy.transaction():
        owner = make_person(display_name="Charles")
        workspace = make_workspace(owner, name="Engines")
        member = make_member(workspace, person=make_person("ada@example.com"))
        invitation = make_invitation(workspace, email="guest@example.com", inviter=owner.user.id)
        transfer = make_transfer(workspace, member)
        workspace_id = ids.encode("ws", workspace.id)
        jobs.enqueue(
            mail_pb2.SendInvitationEmail(workspace_id=workspace_id, invitation_id=ids.encode("inv", invitation.id))
        )
        jobs.enqueue(
            mail_pb2.SendOwnershipOfferEmail(
                workspace_id=workspace_id, ownership_transfer_id=ids.encode("otr", transfer.id)
            )
        )
    work(runner, committed.url)
    subjects = {message["Subject"]: message["To"] for message in letters(var_dir)}
    assert subjects == {
        "Charles invites you to Engines": "guest@example.com",
        "Charles offers you Engines": "ada@example.com",
    }


@pytest.mark.parametrize("name", [name for name in MESSAGES if name.startswith("Send")])
def test_a_letter_about_what_is_gone_is_not_written(runner, committed, var_dir, name):
    prefixes = {"user_id": "usr", "session_id": "ses", "workspace_id": "ws"}
    prefixes |= {"invitation_id": "inv", "ownership_transfer_id": "otr", "endpoint_id": "whe"}
    message = message_factory.GetMessageClass(MESSAGES[name])
    fields = message.DESCRIPTOR.fields_by_name
    enqueue(message(**{field: ids.encode(prefixes[field], ids.new()) for field in fields}))
    work(runner, committed.url)
    assert letters(var_dir) == []


def test_accounts_past_their_time_are_purged(runner, committed):
    with tenancy.transaction():
        past, kept = make_deleted(purge_time=clock.now()), make_deleted()
    enqueue(maintenance_pb2.PurgeUsers())
    work(runner, committed.url)
    with as_owner(committed.url) as cursor:
        cursor.execute("SELECT id FROM user_account WHERE email IS NULL")
        assert cursor.fetchall() == [(past.id,)]
        cursor.execute("SELECT id FROM user_account WHERE email IS NOT NULL")
        assert cursor.fetchall() == [(kept.id,)]


def test_workspaces_past_their_time_are_purged_with_all_that_is_in_them(runner, committed):
    long_ago = clock.now() - timedelta(days=31)
    with tenancy.transaction():
        owner = make_person()
        gone, living = (make_workspace(owner), make_workspace(owner))
        make_member(gone)
        make_invitation(gone)
        tenancy.enter(gone.id)
        Workspace.update(delete_time=long_ago, purge_time=long_ago).where(Workspace.id == gone.id).execute()
    enqueue(maintenance_pb2.PurgeWorkspaces())
    work(runner, committed.url)
    with as_owner(committed.url) as cursor:
        cursor.execute("SELECT id FROM workspace")
        assert cursor.fetchall() == [(living.id,)]
        cursor.execute("SELECT count(*) FROM member WHERE workspace_id = %s", (gone.id,))
        assert cursor.fetchone() == (0,)


def test_rows_past_their_use_are_dropped(runner, committed):
    now = clock.now()
    with tenancy.transaction():
        for number, age in enumerate((timedelta(hours=-1), timedelta(hours=1))):
            IdempotencyKey.insert(
                principal="usr_1", key=f"{number}", fingerprint=b"", expire_time=now + age
            ).returning().execute()
    with as_owner(committed.url) as cursor:
        cursor.execute(
            "INSERT INTO job SELECT gen_random_uuid(), 'x', '', 'DEAD', 10, now(), NULL, '', '', now() - days"
            " FROM unnest(ARRAY[interval '31 days', interval '29 days']) AS days"
        )
    enqueue(maintenance_pb2.PurgeExpired())
    while sent := queries.claim(now=clock.now(), lease=LEASE, limit=100):
        for job_id, _ in sent:
            runner.run(job_id)
    assert [row["state"] for row in rows(committed.url)] == ["DEAD"]
    with as_owner(committed.url) as cursor:
        cursor.execute("SELECT key FROM idempotency_key")
        assert cursor.fetchall() == [("1",)]
