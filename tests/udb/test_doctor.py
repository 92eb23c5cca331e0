"""`udb doctor` finds what ails an installation and says what to do."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from server.core import clock, ids, tenancy
from tests.accounts.factories import make_person
from tests.support import database as databases
from tests.udb.certificates import make_certificate
from tests.webhooks.factories import make_endpoint
from tests.workflows.execution_factories import make_open
from tests.workflows.factories import make_workflow
from tests.workspaces.factories import make_workspace
from udb import doctor, ports
from udb.conf import ROOT, Tool
from udb.doctor.finding import Finding, Patient
from udb.embedded import Postgres
from udb.paths import Var

Examine = Callable[..., dict[str, Finding]]


@pytest.fixture
def examine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Examine:
    """Runs the named checks with an environment; gives the findings by name."""

    def run(*names: str, **env: str) -> dict[str, Finding]:
        for name in ("DATABASE_URL", "BROKER_URL", "SMTP_URL", "SECRET_KEYS"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {"VAR_DIR": str(tmp_path / "var"), **env}.items():
            monkeypatch.setenv(name, value)
        tool = Tool.from_environment()
        patient = Patient(tool, Var(tool.var_dir), {})
        checks = {name: doctor.CHECKS[name] for name in names or doctor.CHECKS}
        return {finding.name: finding for finding in doctor.examine(patient, checks)}

    return run


def test_nothing_ails_a_fresh_checkout(examine: Examine) -> None:
    findings = examine(HTTP_PORT="0")
    assert {name: finding.remedy for name, finding in findings.items() if finding.remedy} == {}
    assert set(findings) == set(doctor.CHECKS)


def test_a_taken_port_is_named_with_its_owner(examine: Examine) -> None:
    with closing(socket.create_server((ports.HOST, 0))) as taken:
        finding = examine("HTTP port", HTTP_PORT=str(taken.getsockname()[1]))["HTTP port"]
    assert f"pid {os.getpid()}" in finding.remedy


def test_a_folder_that_cannot_be_written_is_named(examine: Examine) -> None:
    finding = examine("Data folder", VAR_DIR="/dev/null/var")["Data folder"]
    assert "/dev/null/var cannot be" in finding.fact
    assert "VAR_DIR" in finding.remedy


def test_secrets_that_others_can_read_are_named(examine: Examine, tmp_path: Path) -> None:
    assert examine("Data folder")["Data folder"].well
    (tmp_path / "var" / "secrets").chmod(0o755)
    assert "chmod -R go=" in examine("Data folder")["Data folder"].remedy


@pytest.mark.parametrize(
    ("check", "env", "fact"),
    [
        ("Database", {"DATABASE_URL": "postgresql://127.0.0.1:1/none"}, "does not answer"),
        ("Broker", {"BROKER_URL": "redis://127.0.0.1:1/0"}, "does not answer"),
        ("Broker", {"BROKER_URL": "amqp://127.0.0.1:1"}, "does not answer"),
        ("Mail", {"SMTP_URL": "smtp://127.0.0.1:1"}, "does not take mail"),
        ("Mail", {"SMTP_URL": "http://127.0.0.1:1"}, "must be smtp://"),
        ("Secret keys", {"SECRET_KEYS": "short:AAAA"}, "32 bytes"),
        ("TLS", {"TLS_CERTIFICATE": "/none.pem", "TLS_PRIVATE_KEY": "/none.pem"}, "do not work"),
    ],
)
def test_what_does_not_answer_or_fit_is_named(check: str, env: dict[str, str], fact: str, examine: Examine) -> None:
    finding = examine(check, **env)[check]
    assert fact in finding.fact
    assert not finding.well


def test_a_database_without_its_migrations_is_told_apart(examine: Examine, tmp_path: Path) -> None:
    with closing(ports.prefer(0)) as port:
        server = Postgres(tmp_path / "pg", port=port, password="pw", log=tmp_path / "pg.log", fsync=False)
        with server:
            finding = examine("Database", DATABASE_URL=server.url)["Database"]
    assert "0001_core" in finding.fact
    assert finding.remedy == "run `udb migrate`"


def test_webhooks_that_nobody_sends_are_told_of(examine: Examine, committed: Postgres) -> None:
    def found() -> Finding:
        return examine("Webhooks", DATABASE_URL=committed.url)["Webhooks"]

    with tenancy.transaction():
        endpoint = make_endpoint(make_workspace(make_person(), slug="shop"))
    assert found().fact == "0 open deliveries, none late"
    with databases.as_owner(committed.url) as cursor:
        cursor.execute("UPDATE webhook_lane SET due_time = now() - interval '2 minutes'")
        cursor.execute(
            "INSERT INTO event_pending (event_id, event_time, workspace_id) VALUES (%s, %s, %s)",
            (str(ids.new()), clock.now() - timedelta(minutes=2), str(endpoint.workspace)),
        )
    assert found().fact == "1 events and deliveries to 1 endpoints wait since more than a minute"
    assert "python -m workers deliver" in found().remedy


def test_executions_that_nobody_runs_or_that_do_not_go_on_are_told_of(examine: Examine, committed: Postgres) -> None:
    with tenancy.transaction():
        workflow = make_workflow(make_workspace(make_person(), slug="shop"))

    def found() -> Finding:
        return examine("Workflows", DATABASE_URL=committed.url)["Workflows"]

    assert found().fact == "0 runners, 0 open executions"
    with tenancy.transaction():
        execution = make_open(workflow)
    assert found().fact == "no runner lives, 1 executions are open"
    with databases.as_owner(committed.url) as cursor:
        cursor.execute("INSERT INTO workflow_runner VALUES (%s, now() + interval '1 hour')", (str(execution.id),))
        assert found().fact == "1 runners, 1 open executions"
        cursor.execute("UPDATE workflow_open_execution SET ready_time = now() - interval '1 hour'")
    assert found().fact == "some do not go on: 1 NOBODY_TAKES_IT"


def test_a_certificate_is_looked_at_closely(examine: Examine, tmp_path: Path) -> None:
    cert, key = make_certificate(tmp_path, days=90)
    assert examine("TLS", TLS_CERTIFICATE=cert, TLS_PRIVATE_KEY=key)["TLS"].well
    cert, key = make_certificate(tmp_path, days=3)
    assert examine("TLS", TLS_CERTIFICATE=cert, TLS_PRIVATE_KEY=key)["TLS"].remedy == "renew it"


def test_the_command_exits_with_1_when_a_check_fails(tmp_path: Path) -> None:
    env = {**os.environ, "VAR_DIR": str(tmp_path / "var"), "HTTP_PORT": "0", "BROKER_URL": "redis://127.0.0.1:1/0"}
    env.pop("DATABASE_URL", None)
    command = [sys.executable, "-m", "udb", "doctor"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "✗ Broker" in done.stdout
    assert "→ start it, or mend BROKER_URL" in done.stdout
    assert done.stderr == f"udb: 1 of {len(doctor.CHECKS)} checks failed.\n"
