"""Settings of the relay, the scheduler and the workers."""

import ipaddress
from dataclasses import dataclass
from email.headerregistry import Address
from email.utils import getaddresses
from typing import Final
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, field_validator

from server.core.config import Section

_PORTS: Final = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


class WorkersSettings(Section):
    """What the workers read from the environment."""

    smtp_url: SecretStr | None = Field(
        None, description="smtp://, smtp+starttls:// or smtps:// URL; without it mail is written to VAR_DIR/mail"
    )
    mail_from: str = Field(
        "Userdata <userdata@localhost>", description="who all mail is from, such as Acme <no-reply@acme.example>"
    )
    worker_threads: int = Field(8, ge=1, le=64, description="jobs one worker process works on at a time")
    job_lease_seconds: int = Field(
        30, ge=2, le=3600, description="time after which the job of a worker that died is given to another"
    )
    jobs_in_flight: int = Field(2000, ge=100, le=100_000, description="jobs that wait in the broker at most")

    @field_validator("smtp_url")
    @classmethod
    def _is_smtp(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            parse_smtp(value.get_secret_value())
        return value

    @field_validator("mail_from")
    @classmethod
    def _is_address(cls, value: str) -> str:
        parse_mailbox(value)
        return value


@dataclass(frozen=True)
class SmtpServer:
    """Where mail goes: `scheme` is smtp (plain), smtp+starttls or smtps; without `user` nobody logs in."""

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = ""


def parse_smtp(url: str) -> SmtpServer:
    """The server that an SMTP_URL names. Raises ValueError with what to write, never with the password."""
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        scheme, host, port = "", None, None
    if scheme not in _PORTS or not host:
        raise ValueError("must be smtp://host:port, smtp+starttls://user:password@host:port or smtps://…")
    if scheme == "smtp" and parts.password and not _is_loopback(host):
        raise ValueError("sends a password in clear text: write smtp+starttls:// or smtps://")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return SmtpServer(scheme, host, port or _PORTS[scheme], user, password)


def parse_mailbox(text: str) -> Address:
    """`Name <local@domain>` or a bare address. Raises ValueError with what to write."""
    refusal = "must be an address in ASCII such as Acme <no-reply@acme.example>"
    mailboxes = getaddresses([text])
    if len(mailboxes) != 1 or not mailboxes[0][1].isascii() or not text.isprintable():
        raise ValueError(refusal)
    try:
        mailbox = Address(display_name=mailboxes[0][0], addr_spec=mailboxes[0][1])
    except (ValueError, IndexError) as error:
        raise ValueError(refusal) from error
    if not mailbox.username or not mailbox.domain:
        raise ValueError(refusal)
    return mailbox


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
