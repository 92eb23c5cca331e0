"""How mail leaves this installation: by SMTP when SMTP_URL is set, else into VAR_DIR/mail."""

from collections.abc import Callable
from uuid import UUID

from server.core import config
from server.core.mail import Letter
from workers.conf import WorkersSettings, parse_mailbox, parse_smtp
from workers.mail.folder import Folder
from workers.mail.smtp import Smtp


def deliverer(settings: WorkersSettings) -> Callable[[Letter, UUID], None]:
    """The function that delivers a letter for a job."""
    sender = parse_mailbox(settings.mail_from)
    if settings.smtp_url is not None:
        return Smtp(parse_smtp(settings.smtp_url.get_secret_value()), sender).deliver
    return Folder(config.read(config.Core).var_dir / "mail", sender).deliver
