"""Undo, reverse, withdraw and change the last good day."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from credits.models import Entry, EntryNote
from simplero.tenancy.actors import Actor
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import figures, nothing_moved

from .conftest import NOON, text


@pytest.fixture
def lot(acme, admin):
    return factories.lot_of(acme, factories.issue(acme, 5, expiry="2027-02-14"))


def used_by(world, person, amount=1):
    return factories.consume(world, amount, actor=Actor("user", person.pk))


class TestUndo:
    def test_in_the_confirmation(self, assistant, lot, acme):
        use = used_by(acme, acme.assistant, 2)
        undo = assistant.at(f"uses/{use.key}/undo")
        assert undo in assistant.get(f"{assistant.page()}?done={use.key}").content.decode()
        page = assistant.confirmed(assistant.client.post(undo))
        assert "2 sessions given back. 5 left." in page
        assert figures(acme).used == 0
        assert "2 sessions used. It has been reversed since." in text(
            assistant.get(f"{assistant.page()}?done={use.key}")
        )

    def test_twice_is_once(self, assistant, lot, acme):
        undo = assistant.at(f"uses/{used_by(acme, acme.assistant).key}/undo")
        first, second = (assistant.client.post(undo) for _ in range(2))
        assert first["Location"] == second["Location"]
        assert figures(acme).free == 5

    def test_for_fifteen_minutes(self, assistant, lot, acme, at):
        use = used_by(acme, acme.assistant)
        undo = assistant.at(f"uses/{use.key}/undo")
        at(NOON + timedelta(minutes=15, seconds=1))
        assert undo not in assistant.get(f"{assistant.page()}?done={use.key}").content.decode()
        with nothing_moved():
            answer = assistant.client.post(undo)
        assert answer.status_code == 409
        assert "A use can be undone by the one who made it, for 15 minutes." in text(answer)

    def test_not_anothers(self, assistant, admin, lot, acme):
        use = used_by(acme, acme.admin)
        undo = assistant.at(f"uses/{use.key}/undo")
        assert undo not in assistant.get(f"{assistant.page()}?done={use.key}").content.decode()
        with nothing_moved():
            assert assistant.client.post(undo).status_code == 404
            theirs = used_and_refused = admin.client.post(admin.at(f"uses/{uuid4()}/undo"))
            assert theirs.status_code == used_and_refused.status_code == 404

    def test_an_admin_is_shown_the_way_to_reverse_instead(self, admin, lot, acme):
        use = used_by(acme, acme.assistant)
        with nothing_moved():
            answer = admin.client.post(admin.at(f"uses/{use.key}/undo"))
        assert answer.status_code == 409
        assert admin.at(f"uses/{use.key}/reverse") in answer.content.decode()

    def test_after_part_of_it_was_reversed(self, admin, lot, acme):
        use = used_by(acme, acme.admin, 2)
        factories.reverse(acme, use, 1)
        with nothing_moved():
            answer = admin.client.post(admin.at(f"uses/{use.key}/undo"))
        assert answer.status_code == 409
        assert (
            "Part of this use has been given back already, so it can't be undone as a whole. Reverse it instead: there you"
            in text(answer)
        )

    @pytest.mark.parametrize(
        ("role", "instead"), [("admin", "Reverse it instead:"), ("assistant", "An admin can reverse it:")]
    )
    def test_after_what_paid_was_withdrawn(self, admin, assistant, lot, acme, role, instead):
        desk = {"admin": admin, "assistant": assistant}[role]
        use = used_by(acme, getattr(acme, role), 2)
        factories.withdraw(acme, lot, 3)
        with nothing_moved():
            answer = desk.client.post(desk.at(f"uses/{use.key}/undo"))
        assert answer.status_code == 409
        assert (
            f"A lot that paid for this use has been withdrawn since, so it can't simply be undone. {instead}"
            in text(answer)
        )
        assert "Tick the box" not in text(answer)
        assert (admin.at(f"uses/{use.key}/reverse") in answer.content.decode()) == (role == "admin")

    def test_after_what_paid_has_expired(self, assistant, acme, at):
        at(NOON - timedelta(days=20))
        factories.issue(acme, 2, expiry="2026-11-01")
        at(NOON)
        use = factories.consume(acme, 1, on=date(2026, 10, 30), actor=Actor("user", acme.assistant.pk))
        undo = assistant.at(f"uses/{use.key}/undo")
        for page in (f"{assistant.page()}?done={use.key}", assistant.at("activity")):
            assert undo not in assistant.get(page).content.decode()
        with nothing_moved():
            answer = assistant.client.post(undo)
        assert answer.status_code == 409
        assert "has expired, so undoing it would issue new credits. An admin can reverse it" in text(answer)

    def test_only_by_post(self, assistant, lot, acme):
        assert assistant.get(assistant.at(f"uses/{used_by(acme, acme.assistant).key}/undo")).status_code == 405


class TestReverse:
    @pytest.fixture
    def use(self, lot, acme):
        return factories.consume(acme, 3)

    def url(self, desk, use):
        return desk.at(f"uses/{use.key}/reverse")

    def test_part_with_a_reason(self, admin, use, acme):
        form = text(admin.get(self.url(admin, use)))
        assert "Can be given back 3 to the 5 issued on 14 November good through 14 February 2027" in form
        page = admin.confirmed(admin.post(self.url(admin, use), {"amount": "2", "reason": "Cancelled"}))
        assert "2 sessions given back. 4 left." in page
        with scope(acme.account):
            assert EntryNote.objects.get().text == "Cancelled"
        assert "Can be given back 1 to the 5" in text(admin.get(self.url(admin, use)))

    def test_more_than_is_left(self, admin, use, acme):
        factories.reverse(acme, use, 2)  # by somebody else, after the form was rendered
        with nothing_moved():
            answer = admin.post(self.url(admin, use), {"amount": "3", "reason": "Kept"})
        assert answer.status_code == 409
        assert "Of this use 1 session can still be given back." in text(answer)
        assert "Kept" in text(answer)

    def test_all_given_back_already(self, admin, use, acme):
        factories.reverse(acme, use, 3)
        assert "All of this use has been given back already." in text(admin.get(self.url(admin, use)))

    @pytest.mark.parametrize("amount", ["0", "-1", "1e30", "2.5", "two", ""])
    def test_no_such_amount(self, admin, use, amount):
        with nothing_moved():
            answer = admin.post(self.url(admin, use), {"amount": amount, "reason": "Kept"})
        assert answer.status_code == 422
        assert "Enter a whole number from 1 to 1,000,000." in text(answer)
        assert "Kept" in text(answer)

    def test_without_a_reason(self, admin, use):
        with nothing_moved():
            answer = admin.post(self.url(admin, use), {"amount": "1", "reason": " "})
        assert answer.status_code == 422
        assert "Say why, in a few words" in text(answer)

    def test_twice_is_once(self, admin, use, acme):
        once = {"amount": "3", "reason": "Cancelled", "key": str(uuid4())}
        first, second = (admin.post(self.url(admin, use), once) for _ in range(2))
        assert first["Location"] == second["Location"]
        assert figures(acme).used == 0

    def test_into_a_lot_that_expired_since(self, admin, use, acme, at):
        at(NOON + timedelta(days=100))
        form = text(admin.get(self.url(admin, use)))
        assert "expired since: a new lot, good through 25 May" in form
        admin.confirmed(admin.post(self.url(admin, use), {"amount": "3", "reason": "Cancelled"}))
        assert [lot.last_good_day for lot in factories.lots(acme)] == [date(2027, 2, 14), date(2027, 5, 25)]

    def test_into_a_lot_withdrawn_since_only_if_told(self, admin, use, lot, acme):
        factories.withdraw(acme, lot, 2)
        assert "withdrawn since" in text(admin.get(self.url(admin, use)))
        with nothing_moved():
            answer = admin.post(self.url(admin, use), {"amount": "3", "reason": "Cancelled"})
        assert answer.status_code == 409
        once = {"amount": "3", "reason": "Cancelled", "revive": "on", "key": str(uuid4())}
        first, second = (admin.post(self.url(admin, use), once) for _ in range(2))
        assert "3 sessions given back. 3 left." in admin.confirmed(first)
        assert first["Location"] == second["Location"]

    def test_not_for_assistants(self, assistant, use):
        with nothing_moved():
            assert assistant.get(self.url(assistant, use)).status_code == 404
            assert assistant.post(self.url(assistant, use), {"amount": "1", "reason": "x"}).status_code == 404

    def test_what_is_not_a_use_or_not_here(self, admin, acme, abroad, use):
        other = factories.contact(acme, "Ben Ito")
        with scope(acme.account):
            issue = Entry.objects.get(kind="issue")
        with nothing_moved():
            for url in (
                self.url(admin, abroad.use),
                admin.at(f"uses/{abroad.use.key}/reverse", abroad.contact),
                admin.at(f"uses/{use.key}/reverse", other),
                admin.at(f"uses/{issue.key}/reverse"),
                admin.at(f"uses/{uuid4()}/reverse"),
            ):
                assert admin.get(url).status_code == 404
                assert admin.post(url, {"amount": "1", "reason": "x"}).status_code == 404
                assert admin.client.post(url.replace("/reverse", "/undo")).status_code == 404


class TestWithdraw:
    def url(self, desk, lot):
        return desk.at(f"lots/{lot.public_id}/withdraw")

    def test_some(self, admin, lot, acme):
        assert self.url(admin, lot) in admin.get(admin.page()).content.decode()
        assert "Of the 5 issued on 14 November, good through 14 February 2027: 5 sessions left." in text(
            admin.get(self.url(admin, lot))
        )
        page = admin.confirmed(admin.post(self.url(admin, lot), {"amount": "2", "reason": "A mistake"}))
        assert "2 sessions withdrawn. 3 left." in page
        assert figures(acme).withdrawn == 2

    def test_more_than_is_left(self, admin, lot, acme):
        factories.consume(acme, 4)  # by somebody else, after the form was rendered
        with nothing_moved():
            answer = admin.post(self.url(admin, lot), {"amount": "5", "reason": "Kept"})
        assert answer.status_code == 409
        assert "This lot has 1 session left to withdraw." in text(answer)
        assert "Kept" in text(answer)

    @pytest.mark.parametrize("amount", ["0", "-1", "1e30", "2.5", "two", ""])
    def test_no_such_amount(self, admin, lot, amount):
        with nothing_moved():
            answer = admin.post(self.url(admin, lot), {"amount": amount, "reason": "Kept"})
        assert answer.status_code == 422

    def test_twice_is_once(self, admin, lot, acme):
        once = {"amount": "2", "reason": "A mistake", "key": str(uuid4())}
        first, second = (admin.post(self.url(admin, lot), once) for _ in range(2))
        assert first["Location"] == second["Location"]
        assert figures(acme).free == 3

    def test_not_for_assistants(self, assistant, lot):
        assert self.url(assistant, lot) not in assistant.get(assistant.page()).content.decode()
        with nothing_moved():
            assert assistant.get(self.url(assistant, lot)).status_code == 404
            assert assistant.post(self.url(assistant, lot), {"amount": "1", "reason": "x"}).status_code == 404

    def test_not_here(self, admin, acme, lot, abroad):
        other = factories.contact(acme, "Ben Ito")
        with nothing_moved():
            for verb in ("withdraw", "last-good-day"):
                for url in (
                    admin.at(f"lots/{abroad.lot.public_id}/{verb}"),
                    admin.at(f"lots/{abroad.lot.public_id}/{verb}", abroad.contact),
                    admin.at(f"lots/{lot.public_id}/{verb}", other),
                    admin.at(f"lots/{uuid4()}/{verb}"),
                ):
                    sent = {"amount": "1", "good_for": "never", "reason": "x"}
                    assert admin.get(url).status_code == 404
                    assert admin.post(url, sent).status_code == 404


class TestLastGoodDay:
    def url(self, desk, lot):
        return desk.at(f"lots/{lot.public_id}/last-good-day")

    def sent(self, day="2027-06-30", **other):
        return {"good_for": "day", "day": day, "was": "2027-02-14", "reason": "Ill", **other}

    def test_later(self, admin, lot, acme):
        form = admin.get(self.url(admin, lot)).content.decode()
        assert 'value="2027-02-14"' in form
        page = admin.confirmed(admin.post(self.url(admin, lot), self.sent()))
        assert "Last good day changed. Now good through 30 June 2027." in page
        page = admin.confirmed(admin.post(self.url(admin, lot), self.sent(good_for="never", was="2027-06-30")))
        assert "These credits never expire now." in page

    def test_expired_credits_are_extended_and_come_back(self, admin, lot, acme, at):
        at(NOON + timedelta(days=100))
        page = text(admin.get(admin.page()))
        assert "1 used up or expired" in page
        assert "Extend the 5 issued on 14 November 2026" in page
        assert "5 sessions expired. A new last good day brings back what expired." in text(
            admin.get(self.url(admin, lot))
        )
        admin.confirmed(admin.post(self.url(admin, lot), self.sent()))
        assert figures(acme).free == 5

    @pytest.mark.parametrize(
        ("other", "status", "words"),
        [
            (
                {"day": "2026-11-13"},
                409,
                "The last good day can't be before today. To take credits away now, withdraw them.",
            ),
            ({"day": "2027-02-14"}, 409, "That is the last good day already."),
            ({"day": ""}, 422, "Choose the last good day."),
            ({"day": "9999-12-31"}, 422, "Choose a day within 100 years"),
            ({"day": "tomorrow"}, 422, "Enter a day as year-month-day"),
            ({"reason": ""}, 422, "Say why, in a few words"),
        ],
    )
    def test_refused(self, admin, lot, other, status, words):
        with nothing_moved():
            answer = admin.post(self.url(admin, lot), self.sent(**other))
        assert answer.status_code == status
        assert words in text(answer)

    def test_nothing_left(self, admin, lot, acme):
        factories.consume(acme, 5)
        with nothing_moved():
            answer = admin.post(self.url(admin, lot), self.sent())
        assert answer.status_code == 409
        assert "Nothing of this lot is left to use or extend." in text(answer)

    def test_changed_meanwhile(self, admin, lot, acme):
        factories.redate(acme, lot, date(2027, 3, 1))
        with nothing_moved():
            answer = admin.post(self.url(admin, lot), self.sent())
        assert answer.status_code == 409
        assert "Meanwhile somebody changed this lot: it is now good through 1 March 2027." in text(answer)
        assert 'name="was" value="2027-03-01"' in answer.content.decode()
        admin.confirmed(admin.post(self.url(admin, lot), self.sent(was="2027-03-01")))

    def test_twice_is_once(self, admin, lot, acme):
        once = self.sent(key=str(uuid4()))
        first, second = (admin.post(self.url(admin, lot), once) for _ in range(2))
        assert first["Location"] == second["Location"]
        assert [kind for kind, *_ in factories.activity(acme)] == ["issue", "redate"]

    def test_not_for_assistants(self, assistant, lot):
        with nothing_moved():
            assert assistant.get(self.url(assistant, lot)).status_code == 404
            assert assistant.post(self.url(assistant, lot), self.sent()).status_code == 404
