"""Settings of the workers: what holds, and what is refused with a sentence that hides passwords."""

import pytest

from server.core import config
from server.core.config import ConfigurationError
from workers.conf import SmtpServer, WorkersSettings, parse_mailbox, parse_smtp


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://127.0.0.1:1025", SmtpServer("smtp", "127.0.0.1", 1025)),
        ("smtp://mail.example", SmtpServer("smtp", "mail.example", 25)),
        ("smtp://a:b@localhost", SmtpServer("smtp", "localhost", 25, "a", "b")),
        ("smtp://a:b@[::1]:2525", SmtpServer("smtp", "::1", 2525, "a", "b")),
        ("smtps://mail.example", SmtpServer("smtps", "mail.example", 465)),
        (
            "smtp+starttls://a%40b:c%2Fd%3A@mail.example",
            SmtpServer("smtp+starttls", "mail.example", 587, "a@b", "c/d:"),
        ),
    ],
)
def test_a_url_names_a_server(url, server):
    assert parse_smtp(url) == server


@pytest.mark.parametrize(
    "url",
    ["mail.example", "http://mail.example", "smtp://", "smtp://mail.example:port", "smtp://ada:secret@mail.example"],
)
def test_a_wrong_url_is_refused_without_its_password(url, monkeypatch):
    monkeypatch.setenv("SMTP_URL", url)
    with pytest.raises(ConfigurationError, match="SMTP_URL") as caught:
        config.check([WorkersSettings])
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("sender", ["", "Acme", "Acme <acme>", "a@b\r\nBcc: c@d", "Søn <søn@acme.example>", "a@b, c@d"])
def test_a_sender_must_be_one_mailbox(sender):
    with pytest.raises(ValueError, match="must be an address"):
        parse_mailbox(sender)


def test_the_defaults_hold():
    config.check([WorkersSettings])
    assert parse_mailbox(config.read(WorkersSettings).mail_from).display_name == "Userdata"
