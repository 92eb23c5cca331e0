"""Tells the operator who is in the demo and how to sign in."""

from rich.console import Console
from rich.table import Table

from udb.demo.cast import ADMINISTRATOR, PEOPLE, TEAMS, Person, Team
from udb.demo.filling import Outcome


def show(outcome: Outcome, console: Console) -> None:
    """Print the logins, and the API keys that were made."""
    title = "The demo is made." if outcome.is_new else "The demo is there already; nothing was changed."
    console.print(f"\n[bold]{title}[/] All its people sign in with the password [bold]{outcome.password}[/]\n")
    console.print(_people())
    console.print(
        "\nIts webhooks go to hosts that nobody has, so you see attempts fail. `udb webhooks listen` receives some."
    )
    if outcome.keys:
        console.print("\nAPI keys, shown this once:\n")
    for purpose, key in outcome.keys.items():
        console.print(f"{key}  {purpose}", soft_wrap=True)


def _people() -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("E-mail", no_wrap=True)
    table.add_column("Name", no_wrap=True)
    table.add_column("Takes part in")
    for person in PEOPLE:
        table.add_row(person.email, person.name, _parts(person))
    return table


def _parts(person: Person) -> str:
    parts = [f"{team.name} [dim]({part})[/]" for team in TEAMS if (part := _part(person, team))]
    parts += ["[dim]administrator of the installation[/]"] if person.key == ADMINISTRATOR else []
    return ", ".join(parts)


def _part(person: Person, team: Team) -> str:
    if person.key in team.invited:
        return "invited"
    if person.key in team.declined:
        return "declined"
    role = team.role_of(person.key)
    offer = ", ownership offered" if person.key == team.offered_to else ""
    return f"{role.lower()}{offer}" if role else ""
