"""Makes one folder equal another by touching only what differs, so that running programs keep their files."""

from pathlib import Path


def mirror(source: Path, target: Path) -> None:
    """Write the files of `source` that differ to `target`, and delete the ones `source` has not."""
    wanted = {path.relative_to(source) for path in source.rglob("*") if path.is_file()}
    for name in wanted:
        content, copy = (source / name).read_bytes(), target / name
        if not copy.is_file() or copy.read_bytes() != content:
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)
    for path in sorted(target.rglob("*"), reverse=True):
        if path.is_dir():
            _remove_empty(path)
        elif path.relative_to(target) not in wanted and "__pycache__" not in path.parts:
            path.unlink()


def _remove_empty(folder: Path) -> None:
    left = [path for path in folder.iterdir() if path.name != "__pycache__"]
    if not left:
        for cached in folder.glob("__pycache__/*"):
            cached.unlink()
        for cache in folder.iterdir():
            cache.rmdir()
        folder.rmdir()
