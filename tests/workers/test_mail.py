"""From a letter to a message in a mailbox or a file, whoever it names and wherever it goes."""

import smtplib
import ssl
import threading
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from server.core import clock, ids
from server.core.mail import Letter
from tests.support import database as databases
from tests.support.wait import until
from tests.workers.conftest import enqueue, rows, serving
from userdata.jobs.v1.mail_pb2 import SendVerificationEmail
from workers.conf import parse_mailbox, parse_smtp
from workers.mail.folder import Folder
from workers.mail.message import compose, recipient
from workers.mail.rendering import render
from workers.mail.smtp import Smtp
from workers.retries import GiveUp

LINK = "https://app.example/path?token=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-_"
PERSON = {"name": "Ada", "locale": "en", "time_zone": "Europe/Berlin"}
TIME = "2026-05-03T12:02:00+00:00"
LETTERS = {
    "verification": {**PERSON, "link": LINK, "expire_time": TIME},
    "account_exists": {**PERSON, "login_link": "https://app.example/login", "reset_link": LINK},
    "account_unclaimed": {**PERSON, "link": LINK, "expire_time": TIME},
    "password_reset": {**PERSON, "link": LINK, "expire_time": TIME},
    "password_changed": {**PERSON, "reset_link": LINK},
    "session_revoked": {**PERSON, "device": "Firefox on Linux", "ip_address": "192.0.2.1", "reset_link": LINK},
    "invitation": {
        "inviter_name": "Ada",
        "workspace_name": "Engines",
        "role": "member",
        "link": LINK,
        "expire_time": TIME,
    },
    "ownership_offer": {
        **PERSON,
        "owner_name": "Charles",
        "workspace_name": "Engines",
        "link": LINK,
        "expire_time": TIME,
    },
    "endpoint_disabled": {
        **PERSON,
        "workspace_name": "Engines",
        "url": "https://hooks.example.com/orders",
        "cause": "Every attempt of the last five days failed.",
        "link": LINK,
    },
}
NAMES = frozenset(("name", "inviter_name", "owner_name", "workspace_name", "device"))
SENDER = parse_mailbox("Acme & Søn <no-reply@acme.example>")
NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)
HOSTILE = (
    'Eve <script>alert("x")</script>',
    "Eve\r\nBcc: victim@example.com\r\n\r\nClick here",
    "Eve\u2028\u2029\x00\x0b\x1b[31m",
    "\u202eevil\u2066 txt\u2069",
    "{{ link }} {% raw %}",
    "=?utf-8?q?Bcc=3A?=",
    "Zoë 李小龍 Алиса 🦊 نور",
    "a" * 2000,
)


def letter(template: str, to: str = "ada@example.com", **changed: str) -> Letter:
    return Letter(to, template, {**LETTERS[template], **changed})


def named(template: str, name: str) -> Letter:
    """The letter with `name` in the place of every name."""
    return letter(template, **{key: name for key in LETTERS[template] if key in NAMES})


def words(of: Letter):
    return render(of, house="Acme & Søn", home="http://127.0.0.1:8080")


def composed(of: Letter, *, eight_bit: bool = True) -> bytes:
    message = compose(of, recipient(of.to), job_id=ids.new(), sender=SENDER, eight_bit=eight_bit)
    return message.as_bytes()


def body(message: EmailMessage, kind: str) -> str:
    """The part of a message that is `plain` or `html`, as its reader sees it."""
    part = message.get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content.replace("\r\n", "\n")


def test_every_template_is_a_letter_and_every_letter_has_both_forms():
    folder = Path(render.__code__.co_filename).with_name("templates")
    names = {file.stem for file in folder.iterdir()} - {"layout", "parts"}
    assert names == LETTERS.keys()
    assert {file.name for file in folder.iterdir()} >= {f"{name}.{kind}" for name in names for kind in ("txt", "html")}


@pytest.mark.parametrize("template", LETTERS)
def test_both_forms_say_the_same(template):
    rendered = words(letter(template))
    for key, value in LETTERS[template].items():
        if key not in ("locale", "time_zone", "expire_time"):
            assert value in rendered.text + rendered.subject
            assert value in rendered.html
    if "expire_time" in LETTERS[template]:
        zone = "14:02 (Europe/Berlin)" if "time_zone" in LETTERS[template] else "12:02 (UTC)"
        assert f"3 May 2026 at {zone}" in rendered.text
        assert f"3 May 2026 at {zone}" in rendered.html
    assert "\n" not in rendered.subject
    assert "\n\n\n" not in rendered.text


@pytest.mark.parametrize("template", [name for name, values in LETTERS.items() if "link" in values])
def test_a_link_stands_on_a_line_of_its_own_and_ends_in_its_token(template):
    assert LINK in words(letter(template)).text.splitlines()
    assert f"\n{LINK}\r\n".encode() in composed(letter(template))


@pytest.mark.parametrize("template", LETTERS)
@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_breaks_out_of_its_place(template, name):
    rendered = words(named(template, name))
    assert "<script" not in rendered.html
    assert not any(mark in rendered.text + rendered.html for mark in "\x00\x1b\u2028\u202e\u2066")
    assert "\nBcc" not in rendered.text
    raw = composed(named(template, name))
    message = message_from_bytes(raw, policy=policy.default)
    assert message["Bcc"] is None
    assert [address.addr_spec for address in message["To"].addresses] == ["ada@example.com"]
    assert [body(message, kind) for kind in ("plain", "html")] == [rendered.text, rendered.html]
    assert max(map(len, raw.split(b"\r\n"))) <= 998


@given(st.text(max_size=120))
def test_any_name_survives_the_way(name):
    raw = composed(letter("ownership_offer", owner_name=name), eight_bit=False)
    assert raw.isascii()
    message = message_from_bytes(raw, policy=policy.default)
    assert message["Subject"] == words(letter("ownership_offer", owner_name=name)).subject


def test_a_missing_value_fails_instead_of_leaving_a_gap():
    with pytest.raises(UndefinedError):
        words(Letter("ada@example.com", "verification", {"name": "Ada"}))


def test_headers_say_who_when_and_that_a_machine_wrote():
    job_id = ids.new()
    with clock.frozen(NOW):
        of = letter("invitation", inviter_name="Zoë")
        message = compose(of, recipient(of.to), job_id=job_id, sender=SENDER, eight_bit=True)
    parsed = message_from_bytes(message.as_bytes(), policy=policy.default)
    assert parsed["Subject"] == "Zoë invites you to Engines"
    assert parsed["From"].addresses == (Address("Acme & Søn", "no-reply", "acme.example"),)
    assert parsed["Date"].datetime == NOW
    assert parsed["Message-ID"] == f"<{ids.encode('job', job_id)}@acme.example>"
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in parsed.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("ada@example.com", "ada@example.com"),
        ("Ada@Exämple.DE", "Ada@xn--exmple-cua.de"),
        ("jörg@straße.example", "jörg@xn--strae-oqa.example"),
        ("用户@例え.jp", "用户@xn--r8jz45g.jp"),
        ("ada@under_score.example", "ada@under_score.example"),
    ],
)
def test_domains_go_out_in_ascii(address, expected):
    assert recipient(address).address == expected


@pytest.mark.parametrize(
    "address",
    ["", "ada", "@example.com", "a b@example.com", "ada\r\nBcc: x@y.example@example.com", "ada@exam\u2024ple\u0660.de"],
)
def test_an_address_that_cannot_exist_is_hopeless(address):
    with pytest.raises(GiveUp):
        recipient(address)


@pytest.fixture
def smtp():
    """Makes an Smtp for a URL, whose connection is closed after the test."""
    made = []

    def make(url: str) -> Smtp:
        made.append(Smtp(parse_smtp(url), SENDER))
        return made[-1]

    yield make
    for one in made:
        one.hang_up()


def test_mail_arrives_by_smtp(mailbox, smtp):
    smtp(mailbox.url).deliver(letter("invitation", inviter_name="Zoë"), ids.new())
    (envelope, message) = mailbox.taken[0]
    assert envelope.mail_from == "no-reply@acme.example"
    assert envelope.rcpt_tos == ["ada@example.com"]
    assert "BODY=8BITMIME" in envelope.mail_options
    assert LINK in body(message, "plain").splitlines()


def test_an_address_in_any_script_arrives(mailbox, smtp):
    smtp(mailbox.url).deliver(letter("verification", "用户@例え.jp"), ids.new())
    (envelope, _) = mailbox.taken[0]
    assert "SMTPUTF8" in envelope.mail_options
    assert envelope.rcpt_tos == ["用户@xn--r8jz45g.jp"]
    assert "To: 用户@xn--r8jz45g.jp\r\n".encode() in envelope.content


def test_a_server_without_smtputf8_makes_such_an_address_hopeless(plain_mailbox, smtp):
    post = smtp(plain_mailbox.url)
    with pytest.raises(GiveUp, match="takes no address"):
        post.deliver(letter("verification", "用户@example.com"), ids.new())
    post.deliver(letter("verification", "ada@exämple.de"), ids.new())
    assert plain_mailbox.addresses() == ["ada@xn--exmple-cua.de"]


def test_a_thread_keeps_its_connection_and_survives_its_loss(mailbox, smtp):
    post = smtp(mailbox.url)
    for _ in range(3):
        post.deliver(letter("verification"), ids.new())
    assert mailbox.connections == 1
    post._mine.client.sock.shutdown(2)
    post.deliver(letter("verification"), ids.new())
    assert len(mailbox.taken) == 4
    assert mailbox.connections == 2

    def deliver_and_leave():
        post.deliver(letter("verification"), ids.new())
        post.hang_up()

    other = threading.Thread(target=deliver_and_leave)
    other.start()
    other.join()
    assert mailbox.connections == 3


def test_a_mailbox_that_does_not_exist_is_hopeless_and_others_may_be_full(mailbox, smtp):
    post = smtp(mailbox.url)
    mailbox.answers = {
        "gone@example.com": "550 5.1.1 No such user",
        "full@example.com": "452 4.2.2 Mailbox full",
        "relay@example.com": "554 5.7.1 Relay access denied",
    }
    with pytest.raises(GiveUp, match=r"550 5\.1\.1 No such user"):
        post.deliver(letter("verification", "gone@example.com"), ids.new())
    with pytest.raises(OSError, match=r"452 4\.2\.2"):
        post.deliver(letter("verification", "full@example.com"), ids.new())
    with pytest.raises(OSError, match=r"554 5\.7\.1"):
        post.deliver(letter("verification", "relay@example.com"), ids.new())
    post.deliver(letter("verification"), ids.new())
    assert mailbox.addresses() == ["ada@example.com"]


def test_the_login_is_the_one_of_the_url(login_mailbox, smtp):
    login_mailbox.login = ("ada@acme", "pass/word")
    smtp(login_mailbox.url.replace("//", "//ada%40acme:pass%2Fword@")).deliver(letter("verification"), ids.new())
    assert len(login_mailbox.taken) == 1
    with pytest.raises(smtplib.SMTPAuthenticationError):
        smtp(login_mailbox.url.replace("//", "//ada:wrong@")).deliver(letter("verification"), ids.new())
    assert len(login_mailbox.taken) == 1


@pytest.mark.parametrize(("kind", "scheme"), [("ssl_context", "smtps"), ("tls_context", "smtp+starttls")])
def test_mail_goes_through_tls_to_a_server_with_the_right_name_only(tls, smtp, kind, scheme, monkeypatch):
    with serving(**{kind: tls}) as box:
        url = box.url.replace("smtp://", f"{scheme}://")
        with pytest.raises(ssl.SSLCertVerificationError):
            smtp(url).deliver(letter("verification"), ids.new())
        assert box.taken == []
        monkeypatch.setenv("SSL_CERT_FILE", str(tls.authority))
        trusting = smtp(url)
        trusting.deliver(letter("verification"), ids.new())
        trusting.hang_up()
        assert box.addresses() == ["ada@example.com"]
        with pytest.raises(ssl.SSLCertVerificationError):
            smtp(url.replace("127.0.0.1", "localhost")).deliver(letter("verification"), ids.new())


def test_tls_is_not_given_up_for_a_server_without_it(mailbox, smtp):
    with pytest.raises(smtplib.SMTPNotSupportedError):
        smtp(mailbox.url.replace("smtp://", "smtp+starttls://")).deliver(letter("verification"), ids.new())
    assert mailbox.taken == []


def test_without_a_server_mail_is_a_file_and_the_link_is_printed(committed, start, tmp_path):
    start("relay")
    worker = start("work")
    enqueue(SendVerificationEmail(user_id="ada@example.com"))
    until(lambda: not rows(committed.url))
    (file,) = (tmp_path / "var" / "mail").iterdir()
    assert file.name.startswith("job_")
    assert file.name.endswith("-verification.eml")
    assert file.stat().st_mode & 0o077 == 0
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert "\nhttp://127.0.0.1/verify-email?token=ada\n" in file.read_text()
    assert message["To"] == "ada@example.com"
    assert worker.wait_for("mail written")["link"] == "http://127.0.0.1/verify-email?token=ada"


def test_a_repeat_replaces_the_file(var_dir):
    job_id = ids.new()
    for name in ("first", "second"):
        Folder(var_dir / "mail", SENDER).deliver(letter("verification", name=name), job_id)
    (file,) = (var_dir / "mail").iterdir()
    assert "Hello second," in file.read_text()


def test_a_full_disk_leaves_no_part_of_a_mail_and_the_job_is_repeated(committed, start, tmp_path):
    start("relay")
    # A file may not grow beyond this: the write ends as on a full disk, in the middle of the message.
    full = start("--largest-file", "3000", "work")
    enqueue(SendVerificationEmail(user_id="ada@example.com"))
    assert "File too large" in full.wait_for("job failed")["error"]
    (row,) = until(lambda: [row for row in rows(committed.url) if row["state"] == "READY"])
    assert list((tmp_path / "var" / "mail").iterdir()) == []
    assert row["attempts"] == 1
    full.terminate()
    start("work")
    with databases.as_owner(committed.url) as cursor:
        cursor.execute("UPDATE job SET run_time = now()")
    until(lambda: not rows(committed.url))
    assert len(list((tmp_path / "var" / "mail").glob("*.eml"))) == 1
