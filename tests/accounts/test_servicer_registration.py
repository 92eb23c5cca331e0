"""AccountService: registering and verifying, through the whole chain."""

from datetime import timedelta

import pytest

from server.accounts.models import User
from server.accounts.service import deletion, mail
from server.accounts.service.common_passwords import is_common
from server.core import clock
from tests.accounts import world
from tests.accounts.factories import PASSWORD, make_deleted, make_user
from tests.accounts.world import refusal, user_of
from userdata.accounts.v1 import account_service_pb2 as pb
from userdata.accounts.v1 import user_pb2
from userdata.accounts.v1.account_events_pb2 import (
    UserCreated,
    UserUpdated,
)
from userdata.jobs.v1 import mail_pb2

OTHER = "an entirely other passphrase"


def test_registering_makes_an_unverified_account_and_mails_a_link(api):
    api.register("Ada@Example.com")
    user = user_of("Ada@Example.com")
    assert (user.email_key, user.email_verified, user.display_name) == ("ada@example.com", False, "Ada Lovelace")
    assert world.jobs() == [mail_pb2.SendVerificationEmail(user_id=world.name_of(user.id))]
    (created,) = world.events("user.created", UserCreated)
    assert created.user.email == "Ada@Example.com"
    assert created.user.status == user_pb2.USER_STATUS_ACTIVE


@pytest.mark.usefixtures("real_hashes")
def test_the_password_is_kept_as_an_argon2id_hash_only(api):
    api.register()
    user = user_of("ada@example.com")
    assert str(user.password_hash).startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert PASSWORD not in str(user.__data__)


@pytest.mark.parametrize("email", ["ada@example.com", "ADA@Example.COM", "ada@EXAMPLE.com"])
def test_an_e_mail_is_taken_without_regard_to_case(api, email):
    make_user("ada@example.com")
    api.register(email, OTHER)
    assert User.select().count() == 1


def test_composed_and_decomposed_characters_are_one_e_mail(api):
    make_user("zo\u00eb@example.com")
    api.register("zoe\u0308@example.com", OTHER)
    assert User.select().count() == 1


def test_registering_a_taken_e_mail_answers_the_same_and_tells_the_mailbox(api):
    held = make_user("ada@example.com")
    before = held.password_hash
    api.register("ada@example.com", OTHER)
    assert world.jobs() == [mail_pb2.SendAccountExistsEmail(user_id=world.name_of(held.id))]
    assert user_of("ada@example.com").password_hash == before
    assert world.events("user.created", UserCreated) == []
    letter = mail.account_exists(held.id)
    assert letter is not None
    assert letter.template == "account_exists"
    assert "token" not in str(letter.values)


def test_the_mailbox_is_told_at_most_once_a_minute(api):
    make_user("ada@example.com")
    for _ in range(3):
        api.register("ada@example.com", OTHER)
    assert len(world.jobs(mail_pb2.SendAccountExistsEmail)) == 1
    with clock.advanced(timedelta(seconds=61)):
        api.register("ada@example.com", OTHER)
    assert len(world.jobs(mail_pb2.SendAccountExistsEmail)) == 2


def test_registering_again_with_the_same_password_mails_the_link_again(api):
    api.register()
    first = world.verification_token(user_of("ada@example.com").id)
    api.register()
    assert len(world.jobs(mail_pb2.SendVerificationEmail)) == 1
    with clock.advanced(timedelta(seconds=61)):
        api.register()
    assert len(world.jobs(mail_pb2.SendVerificationEmail)) == 2
    assert world.verification_token(user_of("ada@example.com").id) != first


def test_no_password_opens_an_account_that_two_registered_until_the_mailbox_decides(api):
    api.register("ada@example.com", OTHER, "Somebody else")
    link = world.verification_token(user_of("ada@example.com").id)
    api.register("ada@example.com", PASSWORD)
    user = user_of("ada@example.com")
    assert user.password_hash is None
    assert world.jobs(mail_pb2.SendAccountExistsEmail) == [
        mail_pb2.SendAccountExistsEmail(user_id=world.name_of(user.id))
    ]
    letter = mail.account_exists(user.id)
    assert letter is not None
    assert letter.template == "account_unclaimed"

    api(pb.VerifyEmailRequest(token=link))
    for password in (OTHER, PASSWORD):
        assert refusal(api.log_in, "ada@example.com", password).reason == "INVALID_CREDENTIALS"
    api(pb.ResetPasswordRequest(token=world.letter_token(letter), new_password="chosen by the mailbox"))
    assert api.log_in("ada@example.com", "chosen by the mailbox").user.email_verified


def test_contesting_an_account_again_and_again_mails_once_a_minute(api):
    api.register("ada@example.com", OTHER)
    for number in range(4):
        api.register("ada@example.com", f"yet another passphrase {number}")
    assert len(world.jobs()) == 2


def test_a_deleted_account_still_holds_its_e_mail(api):
    held = make_deleted(email="ada@example.com")
    api.register("ada@example.com", OTHER)
    assert world.jobs() == [mail_pb2.SendAccountExistsEmail(user_id=world.name_of(held.id))]


def test_a_purged_account_gives_its_e_mail_back(api):
    make_deleted(email="ada@example.com", purge_time=clock.now() - timedelta(seconds=1))
    with world.as_worker():
        assert deletion.purge_due(10) == 1
    api.register()
    assert user_of("ada@example.com").delete_time is None


def test_every_way_of_registering_costs_one_hash(api, hashes):
    make_user("verified@example.com")
    for email, password in [
        ("new@example.com", PASSWORD),
        ("new@example.com", PASSWORD),
        ("new@example.com", OTHER),
        ("new@example.com", OTHER),
        ("verified@example.com", OTHER),
    ]:
        hashes.clear()
        api.register(email, password)
        assert len(hashes) == 1


@pytest.mark.parametrize(
    "password", ["password1234", "P@ssw0rd2024!", "qwertyuiop123", "aaaaaaaaaaaaaaa", "1q2w3e4r5t6y", "userdata-2026"]
)
def test_a_common_password_is_refused(api, password):
    error = refusal(api.register, password=password)
    assert (error.code, error.reason) == ("INVALID_ARGUMENT", "PASSWORD_TOO_COMMON")
    assert list(error.violations) == ["password"]


@pytest.mark.parametrize("password", ["i am ada.lovelace!", "ADA.LOVELACE 1815 x"])
def test_a_password_with_the_name_before_the_at_is_refused(api, password):
    error = refusal(api.register, "Ada.Lovelace@example.com", password)
    assert (error.code, error.reason) == ("INVALID_ARGUMENT", "PASSWORD_CONTAINS_EMAIL")
    assert list(error.violations) == ["password"]


def test_a_name_of_one_or_two_letters_may_be_in_the_password(api):
    api.register("a@example.com")
    assert user_of("a@example.com").display_name == "Ada Lovelace"


@pytest.mark.parametrize("password", ["elevenchars", "x" * 257])
def test_a_password_has_12_to_256_characters(api, password):
    error = refusal(api.register, password=password)
    assert (error.reason, list(error.violations)) == ("VALIDATION_FAILED", ["password"])


def test_a_password_may_be_a_sentence_of_256_characters(api):
    password = ("many different words, ä and 🦉 " * 9)[:256]
    assert not is_common(password)
    api.register(password=password)


def test_the_mailed_token_verifies_once(api):
    api.register()
    user = user_of("ada@example.com")
    token = world.verification_token(user.id)
    answer = api(pb.VerifyEmailRequest(token=token))
    assert answer.user.email_verified
    (updated,) = world.events("user.updated", UserUpdated)
    assert set(updated.changes) == {"email_verified"}
    assert world.actors("user.updated") == [world.name_of(user.id)]
    assert refusal(api, pb.VerifyEmailRequest(token=token)).reason == "VERIFICATION_TOKEN_INVALID"


def test_the_token_works_for_24_hours(api):
    api.register()
    token = world.verification_token(user_of("ada@example.com").id)
    with clock.advanced(timedelta(hours=24, seconds=1)):
        assert refusal(api, pb.VerifyEmailRequest(token=token)).reason == "VERIFICATION_TOKEN_INVALID"
    with clock.advanced(timedelta(hours=23, minutes=59)):
        api(pb.VerifyEmailRequest(token=token))


def test_a_new_link_makes_earlier_ones_worthless(api):
    api.register()
    user_id = user_of("ada@example.com").id
    first = world.verification_token(user_id)
    with clock.advanced(timedelta(seconds=61)):
        api(pb.ResendVerificationRequest(email="ADA@example.com"))
        assert refusal(api, pb.VerifyEmailRequest(token=first)).reason == "VERIFICATION_TOKEN_INVALID"
        api(pb.VerifyEmailRequest(token=world.verification_token(user_id)))


@pytest.mark.parametrize("token", ["", "uvt_", "uvt_abc", "x" * 512, "uvt_é", "ü"])
def test_garbage_verifies_nothing(api, token):
    error = refusal(api, pb.VerifyEmailRequest(token=token))
    assert error.reason in ("VERIFICATION_TOKEN_INVALID", "VALIDATION_FAILED")


def test_a_reset_token_verifies_nothing_and_the_other_way_round(api):
    api.register()
    user = user_of("ada@example.com")
    api(pb.RequestPasswordResetRequest(email="ada@example.com"))
    verification, reset = world.verification_token(user.id), world.reset_token(user.id)
    swapped = "uvt_" + reset.removeprefix("upr_")
    for token in (reset, swapped):
        assert refusal(api, pb.VerifyEmailRequest(token=token)).reason == "VERIFICATION_TOKEN_INVALID"
    for token in (verification, "upr_" + verification.removeprefix("uvt_")):
        error = refusal(api, pb.ResetPasswordRequest(token=token, new_password=OTHER))
        assert error.reason == "PASSWORD_RESET_TOKEN_INVALID"


def test_resending_is_bounded_and_the_same_for_everybody(api):
    make_user("verified@example.com")
    make_user("waiting@example.com", email_verified=False)
    for email in ("nobody@example.com", "verified@example.com", "waiting@example.com"):
        api(pb.ResendVerificationRequest(email=email))
        error = refusal(api, pb.ResendVerificationRequest(email=email.upper()))
        assert (error.code, error.reason) == ("RESOURCE_EXHAUSTED", "RESEND_TOO_SOON")
        assert 0 < error.retry_seconds <= 60
    assert [type(job) for job in world.jobs()] == [mail_pb2.SendVerificationEmail]


def test_registering_and_resending_count_together_whether_or_not_the_e_mail_is_taken(api):
    make_user("taken@example.com")
    for email in ("taken@example.com", "new@example.com"):
        api.register(email, OTHER)
        assert refusal(api, pb.ResendVerificationRequest(email=email)).reason == "RESEND_TOO_SOON"
