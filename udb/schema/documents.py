"""Writes diagram and page from a Postgres of their own, so that the result depends on nothing but the migrations."""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from migrations.run import migrate
from udb import ports
from udb.embedded import Postgres
from udb.schema import catalogue, page
from udb.schema.catalogue import Table
from udb.schema.layout import lay_out
from udb.schema.picture import draw
from udb.schema.rooms import models, room_of


def render(url: str) -> dict[str, str]:
    """The texts of the files by name, from the migrated database at `url`."""
    ours = models()
    tables = {table.name: table for table in catalogue.read(url)}
    rooms: dict[str, list[Table]] = {}
    for name, model in ours.items():
        rooms.setdefault(room_of(model), []).append(tables[name])
    return {"schema.svg": draw(lay_out(rooms)), "schema.md": page.write(rooms, ours)}


def write(folder: Path) -> list[Path]:
    """Write the files into `folder`; gives their paths. Raises ToolError when Postgres does not start."""
    with _fresh_database() as url:
        documents = render(url)
    for name, text in documents.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in documents]


@contextmanager
def _fresh_database() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="userdata-schema-") as folder, closing(ports.prefer(0)) as port:
        place = Path(folder)
        password = secrets.token_urlsafe(16)
        with Postgres(place / "postgres", port=port, password=password, log=place / "log", fsync=False) as server:
            migrate(server.url)
            yield server.url
