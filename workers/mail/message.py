"""From words to a message as it travels (RFC 5322), with an address in any script (RFC 6531)."""

from dataclasses import dataclass
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final
from uuid import UUID

import idna

from server.core import clock, config, ids
from server.core.mail import Letter
from workers.mail.rendering import render
from workers.retries import GiveUp

#: RFC 5322 §2.1.1, without CRLF.
_LONGEST_LINE: Final = 998


@dataclass(frozen=True)
class Recipient:
    """Where a letter goes: the domain in its ASCII form; `needs_utf8` when the part before the @ has none."""

    local: str
    domain: str

    @property
    def address(self) -> str:
        """The address as SMTP and the headers take it."""
        return f"{self.local}@{self.domain}"

    @property
    def needs_utf8(self) -> bool:
        """Whether only a server with SMTPUTF8 can take it."""
        return not self.local.isascii()


def recipient(address: str) -> Recipient:
    """The recipient that `address` names. Raises GiveUp when no mail can go there."""
    local, _, domain = address.rpartition("@")
    if not local or not address.isprintable() or " " in address:
        raise GiveUp("The address is no e-mail address.")
    if domain.isascii():
        return Recipient(local, domain)
    try:
        # UTS 46, as browsers do; IDNA 2003 would take some domains for another one's.
        return Recipient(local, idna.encode(domain, uts46=True).decode())
    except idna.IDNAError as error:
        raise GiveUp("The domain of the address cannot exist.") from error


def compose(letter: Letter, to: Recipient, *, job_id: UUID, sender: Address, eight_bit: bool) -> EmailMessage:
    """The message of a letter. `eight_bit`: whether the way takes UTF-8 bodies as they are (RFC 6152).

    The Message-ID comes from the job, so that mailboxes recognise a message that had to be sent twice.
    """
    house = sender.display_name or sender.domain
    words = render(letter, house=house, home=config.read(config.Core).public_url)
    message = EmailMessage(policy=policy.SMTPUTF8 if to.needs_utf8 else policy.SMTP)
    message["Subject"] = words.subject
    message["From"] = sender
    message["To"] = Address(username=to.local, domain=to.domain)
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = f"<{ids.encode('job', job_id)}@{sender.domain}>"
    # RFC 3834: no out-of-office notice should answer this.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(words.text, cte=_encoding(words.text, eight_bit=eight_bit))
    message.add_alternative(words.html, subtype="html", cte=_encoding(words.html, eight_bit=eight_bit))
    return message


def _encoding(text: str, *, eight_bit: bool) -> str:
    """The plainest transfer encoding: a link that people cut out of a message must stand there in one piece."""
    if max(map(len, text.encode().split(b"\n"))) > _LONGEST_LINE:
        return "quoted-printable"
    if text.isascii():
        return "7bit"
    return "8bit" if eight_bit else "quoted-printable"
