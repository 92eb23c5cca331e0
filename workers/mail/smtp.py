"""Mail by SMTP (RFC 5321). Each thread keeps its connection for a while: greetings cost more than mail."""

import re
import smtplib
import socket
import ssl
import threading
import time
from email.headerregistry import Address
from typing import Final
from uuid import UUID

from server.core.mail import Letter
from workers.conf import SmtpServer
from workers.mail.message import compose, recipient
from workers.retries import GiveUp

_TIMEOUT_S: Final = 30.0
#: Servers close idle connections after minutes; ours does before.
_KEEP_S: Final = 30.0
_OK: Final = 250
#: RFC 3463 §3.2: the address itself is at fault, such as 5.1.1 for a mailbox that does not exist.
_BAD_ADDRESS: Final = re.compile(rb"5\.1\.\d")


class Smtp:
    """Sends letters from `sender` through one server."""

    def __init__(self, server: SmtpServer, sender: Address) -> None:
        self._server, self._sender = server, sender
        self._mine = threading.local()

    def deliver(self, letter: Letter, job_id: UUID) -> None:
        """Send one letter. Raises OSError (smtplib's errors are) when it may work later, GiveUp when it never will."""
        to = recipient(letter.to)
        client = self._connected()
        message = compose(letter, to, job_id=job_id, sender=self._sender, eight_bit=client.has_extn("8bitmime"))
        options = ["BODY=8BITMIME"] if client.has_extn("8bitmime") else []
        if to.needs_utf8:
            options.append("SMTPUTF8")
        try:
            client.sendmail(self._sender.addr_spec, [to.address], message.as_bytes(), options)
        except smtplib.SMTPNotSupportedError as error:
            raise GiveUp("The mail server takes no address with letters beyond ASCII before the @.") from error
        except smtplib.SMTPRecipientsRefused as error:
            self._refused(error)
        except BaseException:
            self.hang_up()
            raise
        self._mine.used = time.monotonic()

    def hang_up(self) -> None:
        """Close this thread's connection, if it has one."""
        client: smtplib.SMTP | None = getattr(self._mine, "client", None)
        if client is not None:
            client.close()
        self._mine.client = None

    def _refused(self, error: smtplib.SMTPRecipientsRefused) -> None:
        code, text = next(iter(error.recipients.values()))
        said = f"{code} {text.decode(errors='replace')}"
        if _BAD_ADDRESS.match(text):
            raise GiveUp(f"The mail server knows no such mailbox: {said}") from error
        raise OSError(f"The mail server refused the recipient: {said}") from error

    def _connected(self) -> smtplib.SMTP:
        """This thread's connection, tried, or a new one."""
        client: smtplib.SMTP | None = getattr(self._mine, "client", None)
        if client is not None and time.monotonic() - self._mine.used < _KEEP_S and _answers(client):
            return client
        self.hang_up()
        self._mine.client, self._mine.used = self._connect(), time.monotonic()
        return self._mine.client  # type: ignore[no-any-return]

    def _connect(self) -> smtplib.SMTP:
        server, name = self._server, socket.gethostname()
        if server.scheme == "smtps":
            tls = ssl.create_default_context()
            client: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, name, timeout=_TIMEOUT_S, context=tls)
        else:
            client = smtplib.SMTP(server.host, server.port, name, timeout=_TIMEOUT_S)
        try:
            if server.scheme == "smtp+starttls":
                client.starttls(context=ssl.create_default_context())
            client.ehlo_or_helo_if_needed()
            if server.user:
                client.login(server.user, server.password)
        except BaseException:
            client.close()
            raise
        return client


def _answers(client: smtplib.SMTP) -> bool:
    try:
        return client.rset()[0] == _OK
    except OSError:
        return False
