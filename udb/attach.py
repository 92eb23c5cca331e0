"""How a command other than `up` finds the installation: the one that runs, or its database started for the command."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from udb import environment
from udb.conf import Tool
from udb.errors import ToolError
from udb.paths import Var
from udb.plan import postgres
from udb.supervisor import leftovers, lock


@contextmanager
def attached(tool: Tool) -> Iterator[dict[str, str]]:
    """The product's environment for a block, also put into `os.environ` so that the settings can be read.

    An operator's DATABASE_URL wins, then the running installation; when none runs, the embedded Postgres is started
    for the time of the block. Raises ToolError.
    """
    var = Var(tool.var_dir.absolute())
    if tool.database_url is not None:
        var.create()
        running = environment.load(var) if lock.holder(var) is not None else {}
        yield _entered({**_offline(tool, var), **running, "DATABASE_URL": tool.database_url.get_secret_value()})
    elif lock.holder(var) is not None:
        values = environment.load(var)
        if not values:
            raise ToolError("The installation is just starting: try again when it says that it is running.")
        yield _entered(values)
    else:
        var.create()
        with lock.exclusive(var):
            leftovers.clean(var)
            with postgres(tool, var) as server:
                yield _entered({**_offline(tool, var), "DATABASE_URL": server.url})


def _offline(tool: Tool, var: Var) -> dict[str, str]:
    """What is needed besides the database. Nobody talks to the broker: jobs are rows until the relay runs."""
    broker = tool.broker_url.get_secret_value() if tool.broker_url else f"redis://127.0.0.1:{tool.redis_port}/0"
    return {**environment.base(tool, var), "BROKER_URL": broker}


def _entered(values: dict[str, str]) -> dict[str, str]:
    os.environ.update(values)
    return values
