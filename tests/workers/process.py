"""`python -m tests.workers.process relay|work|scheduler`: the real processes, with handlers made for the tests.

The fields of the real messages carry what a test wants: an address, or what to do.
"""

import resource
import sys

from server.core import events
from server.core.db import db
from server.core.mail import Letter
from userdata.jobs.v1.mail_pb2 import SendVerificationEmail
from userdata.jobs.v1.maintenance_pb2 import PurgeUsers, PurgeWorkspace
from userdata.webhooks.v1.webhook_events_pb2 import WebhookTest
from workers import registry
from workers.__main__ import main

LOCK = 7_777
#: A job that asks for it works only after the test lets go of LOCK.
WAIT = "wait"
FAIL = "fail"


def letter(address: str) -> Letter:
    link = f"http://127.0.0.1/verify-email?token={address.partition('@')[0]}"
    values = {"name": "Ada", "link": link, "expire_time": "2026-05-03T12:02:00+00:00", "time_zone": "Europe/Berlin"}
    return Letter(address, "verification", values)


def register() -> None:
    """Take the place of the product's handlers."""
    registry.HANDLERS.clear()

    @registry.mails(SendVerificationEmail)
    def _compose(message: SendVerificationEmail) -> Letter | None:
        return letter(message.user_id) if "@" in message.user_id else None

    @registry.handles(PurgeWorkspace)
    def _publish(message: PurgeWorkspace) -> None:
        events.publish("webhook.test", WebhookTest(), subject=message.workspace_id)
        if message.workspace_id == WAIT:
            db.execute_sql("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        if message.workspace_id == FAIL:
            raise OSError("told to fail")

    @registry.handles(PurgeUsers)
    def _nothing(message: PurgeUsers) -> None:
        del message


if __name__ == "__main__":
    register()
    if sys.argv[1] == "--largest-file":
        bytes_most = int(sys.argv[2])
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_most, bytes_most))
        del sys.argv[1:3]
    sys.exit(main())
