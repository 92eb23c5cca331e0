"""`python -m workers relay|scheduler|work|deliver|run`: one process of the workers."""

import argparse
import sys

import workers.handlers  # noqa: F401 - registers them
from server.accounts.conf import AccountsSettings
from server.core import config
from server.core.config import ConfigurationError
from server.core.db import db
from server.core.telemetry import logs, traces
from server.events.conf import EventsSettings
from server.webhooks.conf import WebhooksSettings
from server.workflows.conf import WorkflowsSettings
from server.workspaces.conf import WorkspacesSettings
from workers import quiet, relay, scheduler, worker
from workers.conf import WorkersSettings
from workers.delivering import process as delivering
from workers.running import process as running
from workers.stopping import Stop

_SETTINGS = (
    config.Core,
    AccountsSettings,
    WorkspacesSettings,
    EventsSettings,
    WebhooksSettings,
    WorkflowsSettings,
    WorkersSettings,
)
_SERVE = {
    "relay": relay.serve,
    "scheduler": scheduler.serve,
    "work": worker.serve,
    "deliver": delivering.serve,
    "run": running.serve,
}


def main() -> int:
    """Run the process the command line names until it is told to stop; 2 when the settings do not hold."""
    parser = argparse.ArgumentParser(prog="python -m workers")
    parser.add_argument("process", choices=_SERVE)
    process: str = parser.parse_args().process
    try:
        config.check(_SETTINGS)
    except ConfigurationError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the log is not set up without settings
        return 2
    settings = config.read(config.Core)
    logs.configure(settings.log_level)
    quiet.quieten()
    traces.configure(f"userdata-{process}")
    db.open(settings.database_url.get_secret_value(), role="userdata_worker", application=f"userdata-{process}")
    stop = Stop()
    stop.on_signals()
    _SERVE[process](stop)
    return 0


if __name__ == "__main__":
    sys.exit(main())
