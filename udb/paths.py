"""Where an installation keeps things: everything lives below one folder, `VAR_DIR`."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from udb.errors import ToolError


@dataclass(frozen=True)
class Var:
    """The folders of an installation, all below `root` (absolute). Only the owner may look into them."""

    root: Path

    @property
    def postgres(self) -> Path:
        """The data of the embedded Postgres."""
        return self.root / "postgres"

    @property
    def redis(self) -> Path:
        """The append-only file of the embedded Redis."""
        return self.root / "redis"

    @property
    def mail(self) -> Path:
        """Mail as files, when no SMTP server is set."""
        return self.root / "mail"

    @property
    def log(self) -> Path:
        """One log file a process, rotated by size."""
        return self.root / "log"

    @property
    def run(self) -> Path:
        """What only matters while the installation runs: lock, state, sockets, rendered configuration."""
        return self.root / "run"

    @property
    def secrets(self) -> Path:
        """Key ring and passwords, made at first start."""
        return self.root / "secrets"

    @property
    def metrics(self) -> Path:
        """Files in which the processes share their metrics."""
        return self.run / "metrics"

    def create(self) -> None:
        """Make the folders that are missing. Raises ToolError when that is not possible."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            for folder in (self.redis, self.mail, self.log, self.run, self.secrets, self.metrics):
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            sentence = f"{error.filename or self.root} cannot be made ({error.strerror}): mend it, or set VAR_DIR."
            raise ToolError(sentence) from error


def write_whole(path: Path, text: str) -> None:
    """Put `text` at `path`, for its owner alone; a reader sees the old file or the new one, never half of it.

    Raises ToolError.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _unwritable(path, error) from error
    part = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        part.replace(path)
    except OSError as error:
        part.unlink()
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> ToolError:
    return ToolError(f"{path} cannot be written ({error.strerror}): `udb doctor` looks at folders and disk.")
