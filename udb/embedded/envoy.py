"""Envoy, the edge, as the supervisor runs it."""

import time
from pathlib import Path
from typing import Final

from udb.edge import EnvoyParams, binary, render
from udb.paths import write_whole
from udb.ports import HOST
from udb.probes import ask
from udb.supervisor.spec import Spec

_DRAIN_S: Final = 1.0


def spec(params: EnvoyParams, config: Path) -> Spec:
    """Envoy with `params`; the rendered configuration goes to the file `config`."""
    host = HOST if params.host == "0.0.0.0" else params.host  # noqa: S104 - asked for by the operator

    def prepare() -> None:
        write_whole(config, render(params))

    def probe() -> None:
        """Return once Envoy listens and the product behind it says that it is ready. Raises OSError until then."""
        ask(params.admin, "/ready")
        ask(f"{host}:{params.port}", "/readyz")

    def drain() -> None:
        """Tell clients to go and wait until no request is under way, at most a second."""
        ask(params.admin, "/healthcheck/fail", method="POST")
        deadline = time.monotonic() + _DRAIN_S
        while _active(params.admin) and time.monotonic() < deadline:
            time.sleep(0.02)

    return Spec(
        name="envoy",
        command=(str(binary()), "-c", str(config), "--disable-hot-restart", "--log-level", "warning"),
        before=prepare,
        probe=probe,
        drain=drain,
        stop_within=1.5,
        loud=lambda line: b"][error][" in line or b"][critical][" in line,
    )


def _active(admin: str) -> int:
    counters = ask(admin, "/stats?filter=http.*downstream_rq_active$").decode()
    rows = (line.rpartition(": ") for line in counters.splitlines() if not line.startswith("http.admin."))
    return sum(int(value) for _, _, value in rows)
