"""`python -m tests.workflows.process`: real runners, with the tests' type of step beside the product's.

Each line of its input, the environment as JSON, makes one more; it answers with the runner's process id. They are
forked, so that a test can kill many without waiting for as many interpreters to start.
"""

import json
import os
import signal
import sys
from types import MappingProxyType

from server.workflows.steps import registry
from tests.workflows import probe


def _serve() -> None:
    from workers.__main__ import main  # noqa: PLC0415 - the types of steps are set before anybody imports them

    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os.environ.update(json.loads(line))
            sys.argv[1:] = ["run"]
            os._exit(main())
        print(pid, flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    # Nobody waits for those that are killed.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    registry.TYPES = MappingProxyType(probe.types())  # type: ignore[misc] # before anybody imports it by name
    _serve()
