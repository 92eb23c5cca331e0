"""The checks, in the order in which a failure of one explains those after it."""

from collections.abc import Callable, Mapping
from typing import Final

from udb.doctor import machine, services, webhooks, workflows
from udb.doctor.finding import Patient

CHECKS: Final[Mapping[str, Callable[[Patient], str]]] = {
    "Python": machine.python,
    "Packages": machine.packages,
    "Data folder": machine.folder,
    "Disk": machine.disk,
    "Clock": machine.clock,
    "HTTP port": machine.http_port,
    "Envoy": machine.envoy,
    "Pages": machine.pages,
    "TLS": services.tls,
    "Secret keys": services.secret_keys,
    "Embedded Postgres": machine.postgres_program,
    "Database": services.database,
    "Broker": services.broker,
    "Mail": services.mail,
    "Webhooks": webhooks.webhooks,
    "Workflows": workflows.workflows,
}
