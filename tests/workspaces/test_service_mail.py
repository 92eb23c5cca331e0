"""What the letters of this room say, and when there is nothing to say."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from server.core import clock, ids
from server.core.config import Core, read
from server.core.mail import Letter
from server.workspaces.models import Invitation, OwnershipTransfer
from server.workspaces.service import mail
from tests.accounts.factories import make_person
from tests.workspaces.factories import alter, make_invitation, make_member, make_transfer, token_of, ws


def said(letter: Letter | None) -> Letter:
    """The letter, which there must be."""
    assert letter is not None
    return letter


def test_an_invitation_says_who_where_and_what_and_ends_in_its_token(ada, acme):
    row = make_invitation(acme, "Grace@Example.com")
    letter = said(mail.invitation(acme.id, row.id))
    assert (letter.to, letter.template) == ("Grace@Example.com", "invitation")
    link = letter.values["link"]
    assert dict(letter.values) == {
        "workspace_name": "Acme Engines",
        "inviter_name": "Ada Lovelace",
        "role": "member",
        "expire_time": row.expire_time.isoformat(timespec="seconds"),
        "link": link,
    }
    assert link.startswith(read(Core).public_url)
    assert parse_qs(urlsplit(link).query) == {"token": [token_of(row)]}


def test_an_invitation_by_an_api_key_comes_from_the_workspace(ada, acme):
    letter = said(mail.invitation(acme.id, make_invitation(acme, inviter=None).id))
    assert letter.values["inviter_name"] == "Acme Engines"


def test_the_letter_holds_the_newest_token(ada, acme):
    row = make_invitation(acme)
    Invitation.update(version=2).execute()
    assert said(mail.invitation(acme.id, row.id)).values["link"].endswith(token_of(Invitation.get_by_id(row.id)))


def test_an_offer_says_who_and_what_without_a_token(ada, acme):
    grace = make_member(
        acme, person=make_person("grace@example.com", display_name="Grace Hopper", time_zone="Asia/Tokyo")
    )
    row = make_transfer(acme, grace)
    letter = said(mail.ownership_offer(acme.id, row.id))
    assert (letter.to, letter.template) == ("grace@example.com", "ownership_offer")
    link = letter.values["link"]
    assert dict(letter.values) == {
        "name": "Grace Hopper",
        "locale": "en",
        "time_zone": "Asia/Tokyo",
        "owner_name": "Ada Lovelace",
        "workspace_name": "Acme Engines",
        "expire_time": row.expire_time.isoformat(timespec="seconds"),
        "link": link,
    }
    assert link.endswith(f"/workspaces/{ws(acme)}/ownership-transfers/{ids.encode('otr', row.id)}")


def test_nothing_is_said_of_what_is_answered_expired_or_gone(ada, acme):
    grace = make_member(acme)
    row, offer = make_invitation(acme), make_transfer(acme, grace)
    assert mail.invitation(acme.id, row.id) is not None
    assert mail.ownership_offer(acme.id, offer.id) is not None
    now = clock.now()
    alter(acme, delete_time=now, purge_time=now + timedelta(days=30))
    assert mail.invitation(acme.id, row.id) is None
    assert mail.ownership_offer(acme.id, offer.id) is None
    alter(acme, delete_time=None, purge_time=None)
    for model, letter, one in ((Invitation, mail.invitation, row), (OwnershipTransfer, mail.ownership_offer, offer)):
        model.update(expire_time=now).execute()
        assert letter(acme.id, one.id) is None
        model.update(expire_time=now + timedelta(days=1), state="DECLINED").execute()
        assert letter(acme.id, one.id) is None
        assert letter(acme.id, ids.new()) is None


def test_nothing_is_said_to_a_purged_member(ada, acme):
    grace = make_member(acme)
    offer = make_transfer(acme, grace)
    grace.user.email = grace.user.email_key = None
    grace.user.save()
    assert mail.ownership_offer(acme.id, offer.id) is None
