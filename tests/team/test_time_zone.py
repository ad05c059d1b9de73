"""Settings → Account → Time zone: shown first, confirmed, done by a job."""

import re
from datetime import UTC, date, datetime

import pytest
from django.test import Client

from contacts.models import Contact
from credits import proof
from credits.models import Lot
from simplero.outbox import relay
from simplero.outbox.models import Event, Job
from simplero.team import zones
from simplero.team.models import Rezoning
from simplero.tenancy.models import Account
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import nothing_moved

PAGE = "/a/acme/settings/account/time-zone/"
EVENING = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)  # 21:00 in Copenhagen; the 15th in Tokyo, noon in Los Angeles


@pytest.fixture
def admin(acme, zen, at):
    """Lots of acme that end today, tomorrow, in July (when clocks are elsewhere) and never; and one of zen that ends today."""
    at(EVENING)
    acme.edge = factories.lot_of(acme, factories.issue(acme, 3, expiry="2026-11-14"))
    factories.issue(acme, 2, expiry="2026-11-15")
    factories.issue(acme, 2, expiry="2026-07-14".replace("2026", "2027"))
    factories.issue(acme, 1, expiry="never")
    factories.issue(zen, 4, expiry="2026-11-14")
    client = Client()
    client.force_login(acme.admin)
    return client


def shown(client, zone):
    """The answer of the preview, and the seal in its form."""
    answer = client.get(PAGE, {"time_zone": zone})
    found = re.search(r'name="seen" value="(\w+)"', answer.text)
    return answer, found.group(1) if found else ""


def words(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def confirm(client, zone, seen):
    return client.post(PAGE, {"time_zone": zone, "seen": seen})


def carry_out(world):
    """The job, turn by turn, as the relay would."""
    for job in Job.objects.filter(kind=zones.JOB, account_id=world.account.pk):
        for attempt in range(1, 9):
            with scope(world.account):
                done = relay.HANDLERS[job.kind](account_id=job.account_id, subject=job.subject, attempts=attempt)
            if done:
                break
        else:
            pytest.fail("the job does not end")
        job.delete()


def zone(world):
    return Account.objects.get(pk=world.account.pk).time_zone


def ends(world):
    with scope(world.account, read_only=True):
        return list(Lot.objects.order_by("pk").values_list("last_good_day", "expires_at", "remaining"))


def events(world):
    with scope(world.account, read_only=True):
        return list(Event.objects.filter(kind__startswith="account").values_list("kind", "body"))


def test_the_preview_changes_nothing(admin, acme):
    with nothing_moved():
        answer, seen = shown(admin, "Asia/Tokyo")
    page = words(answer)
    for said in (
        "3 lots keep their last good day and end 7 to 8 hours earlier.",
        "Sunday, 15 November 2026, 05:00",
        "Today is another day there.",
        "1 lot is over at once: 3 credits whose last good day has passed there.",
        "Ann Lee 3 sessions 14 November 2026",
        "Change to Asia/Tokyo",
    ):
        assert said in page
    assert seen
    page = words(shown(admin, "America/Los_Angeles")[0])
    assert "3 lots keep their last good day and end 9 hours later." in page
    assert "No lot is over at once." in page
    assert "Today is another day there." not in page
    assert "No lot ends at another instant." in words(shown(admin, "Europe/Berlin")[0])


def test_what_was_shown_is_confirmed_and_done_by_a_job(admin, acme, zen):
    abroad, before = ends(zen), ends(acme)
    _, seen = shown(admin, "Asia/Tokyo")
    assert confirm(admin, "Asia/Tokyo", seen).status_code == 303
    assert zone(acme) == "Europe/Copenhagen"
    assert ends(acme) == before
    assert "From Europe/Copenhagen to Asia/Tokyo, asked for by Acme admin" in words(admin.get(PAGE))
    assert "Changing" in words(admin.get("/a/acme/settings/account/"))
    carry_out(acme)
    assert zone(acme) == "Asia/Tokyo"
    assert ends(acme) == [
        (date(2026, 11, 14), datetime(2026, 11, 14, 15, tzinfo=UTC), 3),
        (date(2026, 11, 15), datetime(2026, 11, 15, 15, tzinfo=UTC), 2),
        (date(2027, 7, 14), datetime(2027, 7, 14, 15, tzinfo=UTC), 2),
        (None, None, 1),
    ]
    assert ends(zen) == abroad
    assert zone(zen) == "America/Los_Angeles"
    assert events(acme) == [("account.rezoned", {"before": "Europe/Copenhagen", "after": "Asia/Tokyo"})]
    page = words(admin.get(PAGE))
    assert "Changed. From Europe/Copenhagen to Asia/Tokyo by Acme admin" in page
    assert "3 lots end at another instant, 1 was over at once." in page
    assert factories.sweep(acme) == 1
    with scope(acme.account, read_only=True):
        assert proof.verify(Account.objects.get(pk=acme.account.pk)) == []
    acme.account.refresh_from_db()
    _, seen = shown(admin, "Europe/Copenhagen")  # and back: what is over stays over
    assert confirm(admin, "Europe/Copenhagen", seen).status_code == 303
    carry_out(acme)
    assert [(day, left) for day, _, left in ends(acme)][0] == (date(2026, 11, 14), 0)
    assert ends(acme)[1:] == before[1:]


def test_what_would_be_over_has_changed_before_it_is_confirmed(admin, acme):
    _, seen = shown(admin, "Asia/Tokyo")
    factories.consume(acme, 1)
    with nothing_moved():
        answer = confirm(admin, "Asia/Tokyo", seen)
    assert answer.status_code == 409
    assert "What would be over at once has changed meanwhile." in words(answer)
    assert "2 credits whose last good day has passed there." in words(answer)
    renewed = re.search(r'name="seen" value="(\w+)"', answer.text).group(1)
    assert renewed != seen
    assert confirm(admin, "Asia/Tokyo", renewed).status_code == 303
    carry_out(acme)
    assert zone(acme) == "Asia/Tokyo"


def test_movements_of_other_lots_do_not_keep_anybody_from_confirming(admin, acme):
    _, seen = shown(admin, "Asia/Tokyo")
    factories.issue(acme, 9, expiry="2027-01-31")
    assert confirm(admin, "Asia/Tokyo", seen).status_code == 303


def test_what_would_be_over_has_changed_before_the_job_runs(admin, acme, at):
    _, seen = shown(admin, "Asia/Tokyo")
    confirm(admin, "Asia/Tokyo", seen)
    factories.consume(acme, 1)
    before = ends(acme)
    carry_out(acme)
    assert (zone(acme), ends(acme), events(acme)) == ("Europe/Copenhagen", before, [])
    page = words(admin.get(PAGE))
    assert "Not changed. The change from Europe/Copenhagen to Asia/Tokyo was stopped" in page
    _, seen = shown(admin, "Asia/Tokyo")
    assert confirm(admin, "Asia/Tokyo", seen).status_code == 303
    carry_out(acme)
    assert zone(acme) == "Asia/Tokyo"


def test_two_at_once_and_the_same_job_twice(admin, acme):
    owner = Client()
    owner.force_login(acme.owner)
    _, seen = shown(admin, "Asia/Tokyo")
    _, other = shown(owner, "America/New_York")
    assert confirm(admin, "Asia/Tokyo", seen).status_code == 303
    with nothing_moved():
        answer = confirm(owner, "America/New_York", other)
    assert answer.status_code == 409
    with scope(acme.account):
        [asked] = Rezoning.objects.all()
        assert zones.carry_out(account_id=acme.account.pk, subject=asked.pk) is False  # the tallies follow
    for _ in range(2):
        with scope(acme.account):
            assert zones.carry_out(account_id=acme.account.pk, subject=asked.pk) is True
    assert len(events(acme)) == 1
    assert confirm(owner, "America/New_York", other).status_code == 409  # it began from a zone that is gone


@pytest.mark.parametrize("chosen", ["Europe/Copenhagen", "Mars/Olympus", "", "utc", "../etc/passwd"])
def test_zones_that_are_refused(admin, acme, chosen):
    with nothing_moved():
        preview = admin.get(PAGE, {"time_zone": chosen})
        answer = confirm(admin, chosen, "0" * 24)
    assert preview.status_code == answer.status_code == (409 if chosen == "Europe/Copenhagen" else 422)
    assert ("This is your time zone already." in preview.text) is (chosen == "Europe/Copenhagen")
    assert "What " + (chosen or "x") + " would do" not in preview.text
    assert not Job.objects.filter(kind=zones.JOB).exists()


def test_whose_it_is(admin, acme, zen):
    assistant = Client()
    assistant.force_login(acme.assistant)
    assert assistant.get(PAGE).status_code == 404
    assert confirm(assistant, "Asia/Tokyo", "").status_code == 404
    assert admin.get(PAGE.replace("acme", "zen")).status_code == 404
    with scope(zen.account):
        Contact.objects.update(name="Zora")
    assert "Zora" not in shown(admin, "Asia/Tokyo")[0].text


def test_without_credits(client, acme):
    client.force_login(acme.owner)
    answer, seen = shown(client, "UTC")
    assert "No lot ends at another instant." in words(answer)
    confirm(client, "UTC", seen)
    carry_out(acme)
    assert zone(acme) == "UTC"
    assert "0 lots end at another instant." in words(client.get(PAGE))
