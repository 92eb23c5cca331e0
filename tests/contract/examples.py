"""What every named query is called with in test_queries.py, about the rows that filled.sql makes."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from server.accounts.models import User
from server.accounts.queries import api_keys, limits, sessions, signing_keys, totp, users
from server.core import ids
from server.workspaces.queries import api_keys as workspace_api_keys
from server.workspaces.queries import invitations, members, ownership_transfers, purging, workspaces
from server.workspaces.queries.rows import InvitationRow, OwnershipTransferRow, WorkspaceApiKeyRow, WorkspaceRow
from server.workspaces.roles import Role
from tests.contract import (
    examples_of_deliveries,
    examples_of_delivering,
    examples_of_endpoints,
    examples_of_events,
    examples_of_executions,
    examples_of_running,
    examples_of_sources,
    examples_of_starting,
    examples_of_workflows,
)
from tests.contract.cast import CASTS, LONG_AGO, MINUTE, NOW, Cast, Example, hash_of, row_id
from workers import queries as jobs

__all__ = ["CASTS", "CONDITIONS", "Example", "examples"]

#: They give conditions and run nothing, or run what they are given.
CONDITIONS = [
    *(users.is_living, users.is_deleted, users.is_locked, users.is_active, users.has_email),
    *examples_of_events.RUNNERS,
    *examples_of_executions.CONDITIONS,
]


def examples(cast: Cast) -> list[Example]:
    """All examples about one cast."""
    accounts = [*_people(cast), *_sign_in(cast)]
    in_workspaces = [*_workspaces(cast), *_in_workspaces(cast)]
    return [
        *accounts,
        *in_workspaces,
        *_jobs(cast),
        *examples_of_deliveries.examples(cast),
        *examples_of_delivering.examples(cast),
        *examples_of_endpoints.examples(cast),
        *examples_of_events.examples(cast),
        *examples_of_executions.examples(cast),
        *examples_of_running.examples(cast),
        *examples_of_sources.examples(cast),
        *examples_of_starting.examples(cast),
        *examples_of_workflows.examples(cast),
    ]


def _people(cast: Cast) -> list[Example]:
    everybody: dict[str, Any] = {"descending": True, "after": None, "limit": 51}
    later: dict[str, Any] = {**everybody, "after": (NOW - timedelta(days=100), cast.user)}
    return [
        cast.app(users.profile, cast.user),
        cast.app(users.by_id, cast.user),
        cast.app(users.by_email, "p4321@example.com"),
        cast.app(users.lock, cast.user),
        cast.app(
            users.insert, User(id=ids.new(), email="new@example.com", email_key="new@example.com", display_name="N")
        ),
        *(
            cast.app(users.page, conditions, **page)
            for page in (everybody, later, {**later, "descending": False})
            for conditions in (
                [],
                [users.is_living()],
                [users.is_active(), users.is_living()],
                [users.is_locked(), users.is_living()],
                [users.is_deleted()],
                [users.has_email("p4321@example.com"), users.is_living()],
            )
        ),
        cast.worker(users.hold_due, 100),
        cast.app(api_keys.standing, [hash_of("key", 13320)]),
        cast.app(api_keys.note_use, cast.key, MINUTE),
        cast.app(api_keys.of_user, cast.user, cast.key),
        cast.app(api_keys.lock, cast.user, cast.key),
        *(
            cast.app(api_keys.page, cast.user, show_revoked=revoked, after=after, limit=51)
            for revoked in (False, True)
            for after in (None, (NOW, cast.key))
        ),
        cast.app(api_keys.count_active, cast.user),
        cast.app(api_keys.revoke_all, cast.user),
        cast.worker(api_keys.delete_of, cast.user),
    ]


def _sign_in(cast: Cast) -> list[Example]:
    account, address = hash_of("account", 100), hash_of("address", 301)
    return [
        cast.app(sessions.standing, cast.session),
        cast.app(sessions.by_id, cast.session),
        cast.app(sessions.lock, cast.session),
        cast.app(sessions.page, cast.user, after=None, limit=51),
        cast.app(sessions.page, cast.user, after=(NOW, cast.session), limit=51),
        cast.app(sessions.revoke, cast.user, cast.session, "BY_USER"),
        cast.app(sessions.revoke_all, cast.user, "BY_USER"),
        cast.app(sessions.revoke_all, cast.user, "BY_USER", keep=cast.session),
        cast.worker(sessions.delete_of, cast.user),
        cast.worker(sessions.delete_ended, NOW, 1000),
        cast.app(sessions.challenge, cast.user, row_id(3, 1)),
        cast.app(sessions.delete_challenges_of, cast.user),
        cast.worker(sessions.delete_expired_challenges, 1000),
        cast.app(signing_keys.newest_first),
        cast.app(signing_keys.take_turn),
        cast.worker(signing_keys.delete, ["key3"]),
        cast.app(limits.take_turn, account),
        cast.app(limits.failures, account, address),
        cast.app(limits.keep_failures, account, address, [NOW], NOW),
        cast.app(limits.forget_failures, account),
        cast.app(limits.forget_failures, account, address),
        cast.worker(limits.delete_expired_failures, 1000),
        cast.app(limits.claim_mail, hash_of("mailbox", 1), timedelta(days=1)),
        cast.app(limits.claim_mail, hash_of("nobody", 1), MINUTE),
        cast.worker(limits.delete_old_mail_claims, NOW - MINUTE, 1000),
        cast.app(totp.of, cast.user),
        cast.app(totp.is_enabled, cast.user),
        cast.app(totp.enrol, row_id(1, 8), b"sealed", NOW),
        cast.app(totp.enable, row_id(1, 8)),
        cast.app(totp.take_step, cast.user, 1),
        cast.app(totp.delete, cast.user),
        cast.app(totp.replace_codes, cast.user, [hash_of("new", 1)]),
        cast.app(totp.take_code, cast.user, [hash_of("code1", 1)]),
        cast.app(totp.codes_left, cast.user),
        cast.worker(totp.delete_lapsed_enrolments, 1000),
    ]


def _workspaces(cast: Cast) -> list[Example]:
    row = WorkspaceRow(ids.new(), "New", "new", cast.user, "free", {}, {}, 1, NOW, NOW, None, None)
    return [
        cast.app(workspaces.get, cast.workspace),
        cast.app(workspaces.lock, cast.workspace),
        cast.app(workspaces.by_slug, cast.user, "workspace-4321"),
        *(
            cast.app(workspaces.page_of, cast.user, after=after, limit=51, descending=descending, shown_from=shown)
            for after in (None, row_id(5, 3000))
            for descending in (True, False)
            for shown in (None, NOW)
        ),
        replace(cast.app(workspaces.create, row, limit=0), workspace=row.id),
        replace(cast.app(workspaces.create, row, limit=1000), workspace=row.id),
        cast.app(workspaces.owns_as_many, cast.user, 1000),
        cast.app(workspaces.owned_by, cast.user),
        cast.app(workspaces.update, cast.workspace, name="Other"),
        cast.worker(workspaces.due, NOW, 100),
        cast.worker(purging.delete_some, cast.workspace, 1000),
        cast.worker(purging.delete_some, row_id(5, 8000), 1000),
        cast.worker(purging.delete_workspace, row_id(5, 99999)),
        cast.app(members.membership, cast.workspace, cast.user),
        cast.app(members.membership_of_key, cast.workspace, cast.workspace_key),
        cast.app(members.get, cast.workspace, cast.user),
        *(
            cast.app(members.page_of, cast.workspace, after=after, limit=51, descending=descending, roles=roles)
            for after in (None, (NOW - timedelta(days=3), cast.user))
            for descending in (True, False)
            for roles in (None, [Role.OWNER], [Role.ADMIN, Role.MEMBER])
        ),
        cast.app(members.other_owner, cast.workspace, cast.user),
        cast.app(members.has_email, cast.workspace, "p4321@example.com"),
        cast.app(members.insert, cast.workspace, row_id(1, 19999), role=Role.MEMBER, at=NOW),
        cast.app(members.update, cast.workspace, cast.user, role=Role.ADMIN),
        cast.app(members.delete, cast.workspace, cast.user),
    ]


def _in_workspaces(cast: Cast) -> list[Example]:
    invitation = InvitationRow(
        ids.new(),
        cast.workspace,
        "n@example.com",
        "n@example.com",
        "MEMBER",
        "PENDING",
        cast.user,
        1,
        NOW,
        NOW,
        1,
        NOW,
        NOW,
    )
    transfer = OwnershipTransferRow(ids.new(), cast.workspace, cast.user, cast.user, "DECLINED", NOW, 1, NOW, NOW)
    key = WorkspaceApiKeyRow(ids.new(), cast.workspace, cast.user, "Key", [], "udw_1234", None, None, 1, NOW, NOW, None)
    pages = [
        (after, descending, states)
        for after in (None, row_id(6, 20000), row_id(7, 6000))
        for descending in (True, False)
        for states in (None, ["PENDING"], ["EXPIRED"], ["ACCEPTED", "DECLINED"], ["PENDING", "EXPIRED", "DECLINED"])
    ]
    options: dict[str, Any] = {"limit": 51, "now": NOW}
    return [
        cast.app(invitations.get, cast.workspace, cast.invitation),
        cast.app(invitations.pending_with, cast.workspace, "i4320@example.com"),
        cast.app(invitations.count_pending, cast.workspace, now=NOW, most=1000),
        *(
            cast.app(query, cast.workspace, after=after, descending=descending, states=states, **options)
            for query in (invitations.page_of, ownership_transfers.page_of)
            for after, descending, states in pages
        ),
        cast.app(invitations.insert, invitation),
        cast.app(invitations.update, cast.workspace, cast.invitation, state="REVOKED"),
        cast.app(ownership_transfers.get, cast.workspace, cast.transfer),
        cast.app(ownership_transfers.pending, cast.workspace),
        cast.app(ownership_transfers.insert, transfer),
        cast.app(ownership_transfers.update, cast.workspace, cast.transfer, state="EXPIRED"),
        cast.app(workspace_api_keys.presented, [hash_of("workspace key", 4320), hash_of("workspace key", 0)]),
        cast.app(workspace_api_keys.get, cast.workspace, cast.workspace_key),
        *(
            cast.app(workspace_api_keys.page_of, cast.workspace, after=after, limit=51, with_revoked=with_revoked)
            for after in (None, row_id(8, 8000))
            for with_revoked in (True, False)
        ),
        cast.app(workspace_api_keys.count_active, cast.workspace, now=NOW, most=1000),
        cast.app(workspace_api_keys.unrevoked_of, cast.workspace, cast.user),
        cast.app(workspace_api_keys.insert, key, key_hash=hash_of("new", 1)),
        cast.app(workspace_api_keys.update, cast.workspace, cast.workspace_key, name="Other"),
        cast.app(workspace_api_keys.touch, cast.workspace, cast.workspace_key, at=NOW, unless_after=LONG_AGO),
    ]


def _jobs(cast: Cast) -> list[Example]:
    running = jobs.Taken(row_id(10, 12310), "type", b"payload", 1, "")
    return [
        cast.worker(jobs.claim, now=NOW, lease=MINUTE, limit=100),
        cast.worker(jobs.unclaim, [row_id(10, 12001), row_id(10, 12002)]),
        cast.worker(jobs.wake_relay),
        cast.worker(jobs.reclaim, now=NOW, limit=100),
        cast.worker(jobs.sent),
        cast.worker(jobs.take, row_id(10, 12001), until=NOW + MINUTE),
        cast.worker(jobs.renew, [row_id(10, 12310)], until=NOW + MINUTE),
        cast.worker(jobs.finish, running),
        cast.worker(jobs.fail, running, error="broken", run_time=NOW),
        cast.worker(jobs.held, most=10_000),
        cast.worker(jobs.forget_dead, now=NOW, limit=1000),
        cast.worker(jobs.forget_answers, now=NOW, limit=1000),
    ]
