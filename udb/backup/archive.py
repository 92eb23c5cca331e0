"""The archive's form: written whole or not at all, and read only after every sum holds."""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final

from udb.errors import ToolError

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
SUM: Final = "manifest.sha256"
DATABASE: Final = "database.dump"
SECRETS: Final = "secrets"
_BLOCK: Final = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What an archive holds. `rows` counts each table in the dump's own snapshot; `files` maps names to SHA-256."""

    format: int
    created: str
    product: str
    postgres: str
    migrations: list[str]
    roles: list[dict[str, Any]]
    rows: dict[str, int]
    files: dict[str, str]


def write(target: Path, manifest: Manifest, files: Mapping[str, Path]) -> None:
    """Put `files`, by their names in the archive, and the manifest into the file `target`. Raises OSError."""
    part = target.with_name(f".{target.name}.part")
    text = json.dumps(asdict(manifest), indent=1).encode()
    notes = {MANIFEST: text, SUM: hashlib.sha256(text).hexdigest().encode()}
    try:
        with _private(part) as raw:
            with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
                for name, content in notes.items():
                    _add(tar, name, len(content), io.BytesIO(content))
                for name, path in files.items():
                    with path.open("rb") as file:
                        _add(tar, name, path.stat().st_size, file)
            raw.flush()
            os.fsync(raw.fileno())
        verify(part)
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)


def verify(archive: Path) -> Manifest:
    """The manifest of `archive`, after each file's sum was compared. Raises ToolError when the archive is not whole."""
    try:
        with tarfile.open(archive) as tar:
            text = _read(tar, MANIFEST)
            if hashlib.sha256(text).hexdigest() != _read(tar, SUM).decode():
                raise ToolError(f"{archive} is damaged: the sum of its manifest does not hold. Use another backup.")
            values = json.loads(text)
            if values["format"] != FORMAT:
                raise ToolError(f"{archive} has format {values['format']}, this version reads {FORMAT}.")
            manifest = Manifest(**values)
            for name, expected in manifest.files.items():
                if _sum(_open(tar, name)) != expected:
                    raise ToolError(f"{archive} is damaged: the sum of {name} does not hold. Use another backup.")
            return manifest
    except (tarfile.TarError, KeyError, ValueError, TypeError, EOFError) as error:
        raise ToolError(f"{archive} is no whole backup ({error}). Use another one.") from error
    except OSError as error:
        raise ToolError(f"{archive} cannot be read ({error.strerror}).") from error


def extract(archive: Path, name: str, target: Path) -> None:
    """Copy one file out of a verified archive."""
    with tarfile.open(archive) as tar, _open(tar, name) as source, _private(target) as file:
        while block := source.read(_BLOCK):
            file.write(block)


def sum_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return _sum(file)


def _private(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _sum(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := file.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _add(tar: tarfile.TarFile, name: str, size: int, content: IO[bytes]) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    tar.addfile(entry, content)


def _open(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    file = tar.extractfile(name)
    if file is None:
        raise KeyError(name)
    return file


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    return _open(tar, name).read()
