"""Mail without a mail server: each message is a file, and the link in it is printed, so that a newcomer can go on."""

import os
from email.headerregistry import Address
from pathlib import Path
from uuid import UUID

import structlog

from server.core import ids
from server.core.mail import Letter
from workers.mail.message import compose, recipient

_log = structlog.get_logger("mail")


class Folder:
    """Writes letters from `sender` into `path`, one `.eml` file each, named by the job: a repeat replaces it."""

    def __init__(self, path: Path, sender: Address) -> None:
        self._path, self._sender = path, sender

    def deliver(self, letter: Letter, job_id: UUID) -> None:
        """Write one letter, wholly or not at all. Raises OSError, such as for a full disk."""
        message = compose(letter, recipient(letter.to), job_id=job_id, sender=self._sender, eight_bit=True)
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self._path / f"{ids.encode('job', job_id)}-{letter.template}.eml"
        # A file of Unix, so that the usual tools need not mind carriage returns.
        write_whole(file, message.as_bytes(policy=message.policy.clone(linesep="\n")))
        # The one place where a token is logged: whoever reads this log reads the folder, too, and on an installation
        # without a mail server the log is where people look.
        link = letter.values.get("link")
        _log.info("mail written", to=letter.to, subject=str(message["Subject"]), file=str(file), link=link)


def write_whole(file: Path, content: bytes) -> None:
    """Put `content` at `file` so that a reader sees all of it or nothing, and a crash afterwards does not lose it."""
    part = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
