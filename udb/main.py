"""The command line tool's commands. Each is a thin shell around a module that can be used without it."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from peewee import PeeweeException
from rich.console import Console

from migrations import run as migrations
from server.core import config
from server.core.config import ConfigurationError
from udb import backup, doctor, environment, schema, up
from udb.attach import attached
from udb.conf import ROOT, Tool
from udb.errors import ToolError
from udb.paths import Var
from udb.supervisor import lock
from udb.webhooks.commands import app as webhooks_app
from udb.workflows.commands import app as workflows_app

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Userdata: start, look after and generate the product.",
)
admin_app = typer.Typer(no_args_is_help=True, help="Administrators of the installation.")
app.add_typer(admin_app, name="admin")
app.add_typer(webhooks_app, name="webhooks")
app.add_typer(workflows_app, name="workflows")


def main() -> None:
    """Run the command of the command line. An error is one sentence on standard error and status 1."""
    try:
        app()
    except (ToolError, ConfigurationError) as error:
        typer.echo(f"udb: {error}", err=True)
        sys.exit(1)


def settings() -> Tool:
    """The tool's settings. Raises ConfigurationError with every fault."""
    tool: Tool = config.read(Tool)
    return tool


@app.command("up")
def up_command(
    *,
    verbose: Annotated[bool, typer.Option(help="Show every log line instead of warnings and errors.")] = False,
) -> None:
    """Start the whole installation; Ctrl-C stops it."""
    up.run(settings(), verbose=verbose)


@app.command()
def migrate() -> None:
    """Bring the database of the installation to this version."""
    with attached(settings()) as values:
        try:
            applied = migrations.migrate(values["DATABASE_URL"])
        except PeeweeException as error:
            raise ToolError(f"The migrations stopped, what was done before stays: {error}") from error
    typer.echo(f"Applied {', '.join(applied)}." if applied else "The database is up to date.")


@app.command("backup")
def backup_command(
    file: Annotated[Path, typer.Argument(help="The file to write; it is as secret as the installation's keys.")],
) -> None:
    """Write the whole installation into one file, while it runs or not."""
    tool = settings()
    with attached(tool) as values:
        var = Var(tool.var_dir.absolute())
        manifest = backup.backup(file, url=values["DATABASE_URL"], var=var, keys=values["SECRET_KEYS"])
    typer.echo(f"Wrote {file}: {sum(manifest.rows.values())} rows of {len(manifest.rows)} tables, verified.")


@app.command("restore")
def restore_command(
    file: Annotated[Path, typer.Argument(help="A file that `udb backup` wrote.")],
    *,
    force: Annotated[bool, typer.Option(help="Replace an installation that is not empty.")] = False,
) -> None:
    """Bring a backup back into an empty installation."""
    tool = settings()
    var = Var(tool.var_dir.absolute())
    given = tool.secret_keys.get_secret_value() if tool.secret_keys else None
    if tool.database_url is None and lock.holder(var) is not None:
        raise ToolError("The installation is running: stop it before restoring.")
    with attached(tool) as values:
        manifest = backup.restore(file, url=values["DATABASE_URL"], var=var, given_keys=given, force=force)
    typer.echo(f"Restored {file} of {manifest.created}: {sum(manifest.rows.values())} rows, compared.")


@app.command("doctor")
def doctor_command() -> None:
    """Check everything the product needs and say what to do about what fails."""
    tool = settings()
    var = Var(tool.var_dir.absolute())
    patient = doctor.Patient(tool, var, environment.load(var) if lock.holder(var) else {})
    ailing = 0
    for finding in doctor.examine(patient, doctor.CHECKS):
        typer.echo(f"{'✓' if finding.well else '✗'} {finding.name:<18} {finding.fact}")
        if not finding.well:
            ailing += 1
            typer.echo(f"  → {finding.remedy}")
    if ailing:
        raise ToolError(f"{ailing} of {len(doctor.CHECKS)} checks failed.")


@admin_app.command("create")
def admin_create_command(
    email: Annotated[str, typer.Argument(help="The e-mail to sign in with; an account that has it is taken over.")],
    *,
    name: Annotated[str, typer.Option(help="The display name.")],
    password_stdin: Annotated[
        bool, typer.Option(help="Read the password from standard input instead of asking.")
    ] = False,
) -> None:
    """Make an administrator of the installation."""
    from udb import admin  # noqa: PLC0415 - the whole server comes with it: the other commands need not wait for that

    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    with attached(settings()) as values:
        user_id = admin.create(values["DATABASE_URL"], email=email, password=password, name=name)
    typer.echo(f"{email} is an administrator now ({user_id}).")


@app.command("demo")
def demo_command() -> None:
    """Fill the installation with three workspaces and forty people, and print their logins."""
    from udb import demo  # noqa: PLC0415 - as above

    with attached(settings()) as values:
        outcome = demo.fill(values["DATABASE_URL"])
    demo.show(outcome, Console(highlight=False))


@app.command("openapi")
def openapi_command(
    *, yaml: Annotated[bool, typer.Option("--yaml", help="Print it as YAML instead of JSON.")] = False
) -> None:
    """Print the OpenAPI document of the REST surface."""
    path = ROOT / "gen" / "openapi" / ("openapi.yaml" if yaml else "openapi.json")
    typer.echo(path.read_text(encoding="utf-8"), nl=False)


@app.command("schema")
def schema_command() -> None:
    """Draw the diagram of the database schema into the documentation."""
    for path in schema.write(ROOT / "docs"):
        typer.echo(f"Wrote {path.relative_to(ROOT)}.")
