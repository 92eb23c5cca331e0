"""`python -m server rpc|streams`: one process of the server."""

import argparse
import signal
import sys
import threading

import structlog

from server import app
from server.core import config
from server.core.config import ConfigurationError
from server.core.db import db
from server.core.telemetry import logs, traces
from server.streams.conf import StreamsSettings

_GRACE_SECONDS = 5


def main() -> int:
    """Run the process the command line names until it is told to stop; 2 when the settings do not hold."""
    arguments = _arguments()
    try:
        config.check((*app.SETTINGS, StreamsSettings))
    except ConfigurationError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the log is not set up without settings
        return 2
    settings = config.read(config.Core)
    logs.configure(settings.log_level)
    if arguments.process == "rpc":
        _serve_rpc(arguments.host, arguments.port, settings)
    else:
        _serve_streams(arguments.host, arguments.port, arguments.http_port)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m server")
    processes = parser.add_subparsers(dest="process", required=True)
    for name in ("rpc", "streams"):
        process = processes.add_parser(name)
        process.add_argument("--host", default="127.0.0.1")
        process.add_argument("--port", type=int, required=True, help="gRPC port")
        if name == "streams":
            process.add_argument("--http-port", type=int, required=True, help="port of /healthz, /readyz, /metrics")
    return parser.parse_args()


def _serve_rpc(host: str, port: int, settings: config.Core) -> None:
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    traces.configure("userdata-rpc")
    db.open(settings.database_url.get_secret_value(), role="userdata_app", application=f"userdata-rpc-{port}")
    app.CREDENTIALS.listen(settings.database_url.get_secret_value())
    server = app.rpc_server(threads=settings.server_threads)
    server.add_insecure_port(f"{host}:{port}")
    server.start()
    log = structlog.get_logger("rpc")
    log.info("rpc ready", port=port)
    stopped.wait()
    server.stop(_GRACE_SECONDS).wait()


def _serve_streams(host: str, port: int, http_port: int) -> None:
    # Imported here: the unary servers, of which there are many, need none of its 20 MB.
    import uvloop  # noqa: PLC0415

    from server.streams.process import serve  # noqa: PLC0415

    uvloop.run(serve(host=host, port=port, http_port=http_port))


if __name__ == "__main__":
    sys.exit(main())
