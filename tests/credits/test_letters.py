"""Letters about credits: who is told what, once, by the workers; and who is not."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.conf import settings

from contacts import letters, services
from contacts.models import Letter
from contacts.wording import KINDS
from credits import handlers, ledger
from credits.errors import InsufficientCredits
from credits.ledger import Origin, Row
from credits.tasks import verify_account
from simplero.lib.keys import derive_key
from simplero.mail.models import Message
from simplero.outbox.models import Job
from simplero.outbox.relay import relay
from simplero.tenancy.actors import SYSTEM
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import refused

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SHOP = f"{settings.SITE_URL}/s/acme/"


@pytest.fixture(autouse=True)
def _clock(at):
    at(NOON)


@pytest.fixture
def ann(acme):
    acme.contact = factories.contact(acme, "Ann Lee", email="ann@x.example")
    return acme.contact


def mails():
    """Subjects of all mails, oldest first, once the workers have done what is due."""
    relay()
    return [message.subject for message in Message.objects.order_by("id")]


def kinds(world):
    relay()
    with scope(world.account):
        return list(Letter.objects.order_by("id").values_list("kind", flat=True))


def text():
    relay()
    return Message.objects.order_by("id").last().text


def test_an_issue_by_hand(acme, zen, ann):
    posting = factories.issue(acme, 5, expiry="3 months", note="For staff")
    assert mails() == ["5 sessions for you"]
    assert text() == (
        f"Hello Ann Lee,\n\nYou have new credits with Acme: 5 sessions, good through 3 June.\n\nIn all you have 5 sessions now: {SHOP}\n\nAcme"
    )
    with scope(acme.account):
        [letter] = Letter.objects.all()
        assert (letter.contact_id, letter.source, letter.source_id) == (ann.pk, "entry", str(posting.key))
    with scope(zen.account):
        assert not Letter.objects.exists()


def test_a_use_in_a_plain_sentence(acme, ann):
    factories.issue(acme, 5)
    factories.consume(acme, 1, note="Late again", on=date(2026, 3, 3))
    assert mails() == ["5 sessions for you", "1 session used"]
    assert "\n\n1 session used for 3 March, from the 5 issued on 3 March.\n\nYou have 4 sessions left.\n\n" in text()
    assert "Late again" not in text()
    assert "Acme owner" not in text()


def test_a_note_for_the_customer_is_in_it(acme, ann):
    factories.issue(acme, 1, note="Happy birthday", note_for_customer=True)
    assert "\n\nHappy birthday\n\n" in text()
    assert "never expiring" in text()


def test_a_job_done_twice_tells_once(acme, ann):
    posting = factories.issue(acme, 5)
    relay()
    with scope(acme.account):
        handlers.moved(account_id=acme.account.pk, subject=posting.id, attempts=1)
    assert mails() == ["5 sessions for you"]


def test_a_replay_and_a_refusal_tell_nobody(acme, ann):
    key = derive_key("test", 1)
    factories.issue(acme, 5, key=key)
    factories.issue(acme, 5, key=key)
    with refused(InsufficientCredits, free=5, asked=6):
        factories.consume(acme, 6)
    assert mails() == ["5 sessions for you"]


def test_what_was_undone_meanwhile_is_not_told(acme, ann):
    factories.issue(acme, 5)
    use = factories.consume(acme, 5)
    factories.reverse(acme, use, 5)
    assert mails() == ["5 sessions for you"]


def test_corrections_tell_nobody(acme, ann):
    lot = factories.lot_of(acme, factories.issue(acme, 5, expiry="never"))
    use = factories.consume(acme, 1)
    assert len(mails()) == 2
    factories.reverse(acme, use, 1)
    factories.withdraw(acme, lot, 1)
    factories.redate(acme, lot, date(2026, 8, 1))
    assert len(mails()) == 2


def post(world, verb, amount, source, number):
    with scope(world.account):
        getattr(ledger, verb)(
            account=world.account,
            contact_id=world.contact.pk,
            credit_type_id=world.session.pk,
            amount=amount,
            key=derive_key(verb, number),
            origin=Origin(SYSTEM, source, "1"),
        )


@pytest.mark.corrupts_ledger  # these movements name a purchase, and there is none
def test_a_purchase_is_told_of_by_its_receipt_but_for_a_low_balance(acme, ann):
    post(acme, "issue", 5, "purchase", 1)
    post(acme, "consume", 1, "purchase", 1)
    assert mails() == []
    post(acme, "consume", 3, "purchase", 2)
    assert mails() == ["You have 1 session left"]
    post(acme, "issue", 5, "trigger", 2)
    assert kinds(acme) == ["credits_low", "credits_issued"]


def test_batches_tell_nobody_of_their_lines(acme, ann):
    row = Row(ann.pk, acme.session.pk, 5, derive_key("batch", 1))
    with scope(acme.account):
        ledger.issue_many(account=acme.account, rows=[row], origin=factories.STAFF)
    for number, service_date in enumerate((None, date(2026, 3, 2))):
        used = Row(ann.pk, acme.session.pk, 2, derive_key("batch.use", number))
        with scope(acme.account):
            [answer] = ledger.consume_many(
                account=acme.account, rows=[used], service_date=service_date, origin=factories.STAFF
            )
        assert answer.outcome == "posted"
    assert mails() == []


@pytest.mark.parametrize(
    ("had", "use", "told"),
    [(5, 3, None), (5, 4, "You have 1 session left"), (5, 5, "You have no sessions left"), (2, 1, "You have 1 session left"), (1, 1, None)],
)  # fmt: skip
def test_low_when_a_use_crosses_the_line(acme, ann, had, use, told):
    factories.issue(acme, had)
    factories.consume(acme, use)
    assert mails()[2:] == ([told] if told else [])


def test_low_once_and_not_again_for_a_week(acme, ann, at):
    factories.issue(acme, 3)
    factories.consume(acme, 2)
    factories.consume(acme, 1)
    assert kinds(acme).count("credits_low") == 1
    other = factories.credit_type(acme, "massage")
    factories.issue(acme, 2, of=other)
    factories.consume(acme, 2, of=other)
    assert kinds(acme).count("credits_low") == 2  # another wallet
    at(NOON + 7 * DAY - timedelta(seconds=1))
    factories.issue(acme, 2)
    factories.consume(acme, 1)
    assert kinds(acme).count("credits_low") == 2
    at(NOON + 7 * DAY)
    factories.issue(acme, 2)
    factories.consume(acme, 2)
    assert kinds(acme).count("credits_low") == 3


def test_expiring_a_week_before_once(acme, zen, ann, at):
    factories.issue(acme, 5, expiry="2026-03-31")
    factories.issue(acme, 2, expiry="2026-03-31")
    factories.issue(acme, 1, expiry="never")
    factories.consume(acme, 1)
    before = mails()
    ends = datetime(2026, 3, 31, 22, tzinfo=UTC)
    at(ends - 7 * DAY - timedelta(microseconds=1))
    assert mails() == before
    at(ends - 7 * DAY)
    assert mails()[len(before) :] == ["6 sessions, good through 31 March only"]
    assert "In all you have 7 sessions: " in text()
    factories.issue(acme, 2, expiry="2026-03-31")  # more of that day: it has been told
    at(ends - DAY)
    assert kinds(acme).count("credits_expiring") == 1
    verify_account(account_id=acme.account.pk)
    assert kinds(acme).count("credits_expiring") == 1


def test_nothing_of_what_is_used_up(acme, ann, at):
    factories.issue(acme, 2, expiry="2026-03-31")
    factories.consume(acme, 2)
    at(datetime(2026, 3, 25, 12, tzinfo=UTC))
    assert "credits_expiring" not in kinds(acme)


def test_another_last_good_day_is_told_of_too(acme, ann, at):
    lot = factories.lot_of(acme, factories.issue(acme, 5, expiry="2026-03-31"))
    at(datetime(2026, 3, 25, 12, tzinfo=UTC))
    assert kinds(acme).count("credits_expiring") == 1
    factories.redate(acme, lot, date(2026, 4, 30))
    at(datetime(2026, 4, 24, 12, tzinfo=UTC))
    assert kinds(acme).count("credits_expiring") == 2


def test_a_day_moved_into_the_week_is_told_of_within_a_minute(acme, ann, at):
    lots = [factories.lot_of(acme, factories.issue(acme, 5, expiry="2026-06-30")) for _ in range(2)]
    at(NOON + 60 * DAY)
    for number, lot in enumerate(lots):
        factories.redate(acme, lot, date(2026, 5, 4 + number))
    assert Job.objects.filter(kind="credits.expiring", due__lt=NOON + 61 * DAY).count() == 1
    assert kinds(acme).count("credits_expiring") == 0
    at(NOON + 60 * DAY + timedelta(minutes=1))
    assert kinds(acme).count("credits_expiring") == 2


@pytest.mark.parametrize(("expiry", "letters"), [("2026-03-05", 0), ("7 days", 0), ("8 days", 1)])
def test_what_is_good_for_a_week_or_less_is_told_of_when_it_is_issued(acme, ann, at, expiry, letters):
    factories.issue(acme, 5, expiry=expiry)
    for moment in (timedelta(minutes=1), timedelta(hours=20), 2 * DAY):
        at(NOON + moment)
        relay()
        verify_account(account_id=acme.account.pk)
    assert kinds(acme).count("credits_expiring") == letters


def test_the_letter_of_a_day_counts_all_that_ends_with_it(acme, ann, at):
    factories.issue(acme, 5, expiry="2026-03-31")
    at(datetime(2026, 3, 24, 12, tzinfo=UTC))
    factories.issue(acme, 2, expiry="2026-03-31")
    at(datetime(2026, 3, 25, 12, tzinfo=UTC))
    assert mails()[-1] == "7 sessions, good through 31 March only"


def test_reminds_of_a_batch_in_chunks(acme, at, monkeypatch):
    monkeypatch.setattr(handlers, "LETTERS", 2)
    people = [factories.contact(acme, f"P {n}", email=f"p{n}@x.example") for n in range(5)]
    batch = [Row(one.pk, acme.session.pk, 3, derive_key("batch", one.pk)) for one in people]
    with scope(acme.account):
        ledger.issue_many(account=acme.account, rows=batch, expiry="1 months", origin=factories.STAFF)
    at(NOON + 25 * DAY)
    assert relay() == 3
    assert sorted(to for [to] in Message.objects.values_list("to", flat=True)) == [f"p{n}@x.example" for n in range(5)]


def test_a_reminder_whose_job_was_lost_is_made_up_for(acme, ann, at):
    factories.issue(acme, 5, expiry="2026-03-31")
    Job.objects.all().delete()
    at(datetime(2026, 3, 25, 12, tzinfo=UTC))
    verify_account(account_id=acme.account.pk)
    assert Message.objects.get().subject == "5 sessions, good through 31 March only"


def test_without_an_address_or_switched_off_it_says_why(acme, ann):
    nobody = factories.contact(acme, "Ben")
    factories.issue(acme, 5, to=nobody)
    relay()
    with scope(acme.account):
        services.switch_letter(account=acme.account, kind=KINDS["credits_issued"], enabled=False, actor=acme.actor)
    factories.issue(acme, 5)
    assert mails() == []
    with scope(acme.account):
        assert list(Letter.objects.order_by("contact_id").values_list("contact__name", "withheld")) == [
            ("Ann Lee", "off"),
            ("Ben", "address"),
        ]


def test_every_kind_of_letter_shows_with_its_samples(acme):
    with scope(acme.account):
        for spoken in letters.words(acme.account):
            shown = letters.preview(spoken, acme.account)
            assert "{" not in shown.subject + shown.text
