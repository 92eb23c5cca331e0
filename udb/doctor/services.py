"""Checks of the servers the product talks to, embedded or not, and of what it needs to talk safely."""

import smtplib
import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import psycopg2
import redis
from cryptography import x509

from migrations import run as migrations
from server.core.config import parse_keys
from udb import environment
from udb.doctor.finding import Ailing, Patient
from udb.embedded.redis import tool
from udb.errors import ToolError
from workers.conf import parse_smtp

_OLDEST_POSTGRES: Final = 15
_TIMEOUT_S: Final = 5
_SKEW_S: Final = 2.0
_RENEW_BEFORE: Final = timedelta(days=14)


def database(patient: Patient) -> str:
    """The database answers, is new enough, agrees on the time and has every migration."""
    url = database_url(patient)
    if url is None:
        return "embedded, not running now (`make run` starts it)"
    version, skew = _ask(url)
    if version // 10000 < _OLDEST_POSTGRES:
        raise Ailing(f"Postgres {version // 10000}", f"use Postgres {_OLDEST_POSTGRES} or newer")
    if abs(skew) > _SKEW_S:
        raise Ailing(f"its clock and ours differ by {skew:.1f} s", "let a time service keep both")
    missing = [step.name for step in migrations.status(url) if not step.applied]
    if missing:
        raise Ailing(f"it lacks {', '.join(missing)}", "run `udb migrate`")
    return f"Postgres {version // 10000}.{version % 10000}, every migration applied"


def database_url(patient: Patient) -> str | None:
    """The database that is given, or runs; None when it is embedded and does not run."""
    given = patient.tool.database_url
    return given.get_secret_value() if given else patient.environment.get("DATABASE_URL")


def _ask(url: str) -> tuple[int, float]:
    """The server's version and how far its clock is ahead of ours, in seconds."""
    try:
        connection = psycopg2.connect(url, connect_timeout=_TIMEOUT_S)
        with connection.cursor() as cursor:
            before = time.time()
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
            now = (cursor.fetchone() or (0.0,))[0]
            skew = now - (before + time.time()) / 2
        version = connection.server_version
        connection.close()
    except psycopg2.Error as error:
        raise Ailing(f"it does not answer ({str(error).strip()})", "start it, or mend DATABASE_URL") from error
    return version, skew


def broker(patient: Patient) -> str:
    """The broker answers."""
    given = patient.tool.broker_url
    url = given.get_secret_value() if given else patient.environment.get("BROKER_URL")
    if url is None:
        return _embedded()
    if url.startswith("amqp"):
        return _amqp(url)
    try:
        with redis.Redis.from_url(url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S) as client:
            return f"Redis {client.info('server')['redis_version']}"
    except (redis.RedisError, ValueError) as error:
        raise Ailing(f"it does not answer ({error})", "start it, or mend BROKER_URL") from error


def _embedded() -> str:
    try:
        tool()
    except ToolError as error:
        raise Ailing("the embedded Redis is missing", str(error)) from error
    return "embedded, not running now (`make run` starts it)"


def _amqp(url: str) -> str:
    # Imported only where RabbitMQ is the broker.
    import pika  # noqa: PLC0415
    from pika.exceptions import AMQPError  # noqa: PLC0415

    try:
        connection = pika.BlockingConnection(pika.URLParameters(url))
    except (AMQPError, OSError) as error:
        raise Ailing(f"it does not answer ({error or type(error).__name__})", "start it, or mend BROKER_URL") from error
    connection.close()
    return "RabbitMQ answers"


def mail(patient: Patient) -> str:
    """Mail has somewhere to go."""
    if patient.tool.smtp_url is None:
        return f"written to {patient.var.mail}: no SMTP_URL is set"
    try:
        at = parse_smtp(patient.tool.smtp_url.get_secret_value())
    except ValueError as error:
        raise Ailing(f"SMTP_URL {error}", "mend SMTP_URL") from error
    kind = smtplib.SMTP_SSL if at.scheme == "smtps" else smtplib.SMTP
    try:
        with kind(at.host, at.port, timeout=_TIMEOUT_S) as server:
            if at.scheme == "smtp+starttls":
                server.starttls(context=ssl.create_default_context())
            if at.user:
                server.login(at.user, at.password)
            server.noop()
    except (OSError, smtplib.SMTPException) as error:
        raise Ailing(f"{at.host} does not take mail ({error})", "start it, or mend SMTP_URL") from error
    return f"through {at.host}"


def secret_keys(patient: Patient) -> str:
    """The key ring can be used."""
    given = patient.tool.secret_keys
    kept = patient.var.secrets / environment.SECRET_KEYS
    if given is None and not kept.exists():
        return "made at first start"
    text = given.get_secret_value() if given else kept.read_text(encoding="utf-8").strip()
    where = "SECRET_KEYS" if given else str(kept)
    try:
        keys = parse_keys(text)
    except ValueError as error:
        raise Ailing(
            f"{where} {error}", "bring it back from a backup: nothing sealed can be read without it"
        ) from error
    return f"{where}: {len(keys)} key{'s' * (len(keys) > 1)}, current {next(iter(keys))}"


def tls(patient: Patient) -> str:
    """Certificate and key fit, and the certificate is valid for a while."""
    certificate, key = patient.tool.tls_certificate, patient.tool.tls_private_key
    if certificate is None or key is None:
        return "off: TLS_CERTIFICATE is not set"
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise Ailing(f"{certificate} and {key} do not work ({error})", "give a certificate and its own key") from error
    ends = _ends(certificate)
    if ends < datetime.now(UTC) + _RENEW_BEFORE:
        raise Ailing(f"{certificate} ends at {ends:%Y-%m-%d}", "renew it")
    return f"{certificate} until {ends:%Y-%m-%d}"


def _ends(certificate: Path) -> datetime:
    return x509.load_pem_x509_certificates(certificate.read_bytes())[0].not_valid_after_utc
