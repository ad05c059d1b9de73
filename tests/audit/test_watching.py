"""What a watched row's change leaves behind, and that nothing of it can be altered (T28)."""

import pytest

from contacts import services as contacts
from contacts.directory import Details
from simplero.audit.models import Change, ChangeDetail
from simplero.outbox.models import Event
from simplero.tenancy.deeds import Deed, doing
from simplero.tenancy.models import Membership
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import sql


def changes(world, thing):
    with scope(world.account):
        return list(Change.objects.filter(thing=thing).order_by("id"))


def detail(world, change):
    with scope(world.account):
        found = ChangeDetail.objects.filter(change=change).first()
        return (found.before, found.after) if found else ({}, {})


def rename(world, name="Annie Lee"):
    contact = world.contact
    with scope(world.account):
        contact.refresh_from_db()
        seen = Details.of(contact).seal
        contacts.edit_contact(
            account=world.account, contact=contact, details=Details(name=name), seen=seen, actor=world.actor
        )


def test_before_and_after_of_the_columns_that_changed(acme):
    assert acme.contact
    rename(acme)
    [change] = changes(acme, "contact")
    assert (change.op, change.row_id, change.contact_id, change.fields) == (
        "update",
        acme.contact.pk,
        acme.contact.pk,
        ["name"],
    )
    assert detail(acme, change) == ({"name": "Ann Lee"}, {"name": "Annie Lee"})


def test_a_row_added_and_one_deleted(acme):
    assert acme.session
    [added] = changes(acme, "credit_type")
    before, after = detail(acme, added)
    assert (added.op, before, after["name"]) == ("insert", {}, "session")
    assert "description" not in after  # empty: it says nothing
    with scope(acme.account):
        note = contacts.add_note(account=acme.account, contact=acme.contact, text="Likes tea", actor=acme.actor)
        contacts.delete_note(account=acme.account, note=note, actor=acme.actor)
    [gone] = changes(acme, "note")
    assert (gone.op, gone.contact_id) == ("delete", acme.contact.pk)
    assert detail(acme, gone)[0]["text"] == "Likes tea"


def test_what_changes_nothing_leaves_nothing(acme):
    with scope(acme.account):
        sql(
            "UPDATE contacts_contact SET name = name, name_key = name_key || 'x' WHERE account_id = %s", acme.account.pk
        )
    assert changes(acme, "contact") == []


def test_a_secret_is_named_and_never_shown(acme):
    with scope(acme.account):
        sql(
            "INSERT INTO products_gatewayaccount (account_id, gateway, enabled, sealed, hint, instructions)"
            " VALUES (%s, 'stripe', true, 'sealed key', '…4242', '')",
            acme.account.pk,
        )
        sql("UPDATE products_gatewayaccount SET sealed = 'another' WHERE account_id = %s", acme.account.pk)
    added, changed = changes(acme, "gateway")
    assert "sealed" in added.fields
    assert changed.fields == ["sealed"]
    assert detail(acme, changed) == ({}, {})
    assert "sealed" not in detail(acme, added)[1]


def test_who_and_from_where_is_what_the_deed_said(acme):
    deed = Deed(actor=acme.actor, address="::ffff:203.0.113.7")
    with doing(deed):
        rename(acme)
        factories.issue(acme, 5)
    rename(acme, "Ann")
    first, second = changes(acme, "contact")
    assert (first.deed, first.actor_kind, first.actor_id, first.origin) == (
        deed.id,
        "user",
        acme.owner.pk,
        "203.0.113.7",
    )
    assert (second.actor_kind, second.actor_id, second.origin) == ("", None, None)
    assert second.deed not in (None, deed.id)
    with scope(acme.account):
        told = Event.objects.filter(kind__in=["contact.changed", "credits.issued"]).order_by("id")
        assert [(event.kind, event.origin, event.deed) for event in told] == [
            ("contact.changed", "203.0.113.7", deed.id),
            ("credits.issued", "203.0.113.7", deed.id),  # written by the posting function
            ("contact.changed", None, second.deed),
        ]


@pytest.mark.parametrize("address", ["' ; DROP TABLE", "203.0.113.7'", "nowhere"])
def test_an_address_that_is_none_opens_no_scope(acme, address):
    with pytest.raises(ValueError, match="IPv4"), doing(Deed(address=address)), scope(acme.account):
        pass


def test_rows_that_are_nobodys_own_are_written_down_outside_a_scope_too(acme, zen):
    place = Membership.objects.get(account=acme.account, user=acme.assistant)
    place.role, number = "admin", place.pk
    with scope(zen.account):
        place.save()
    assert sql("SELECT current_setting('app.account_id')") == [("no_scope_is_open",)]
    place.delete()
    mine = [change for change in changes(acme, "membership") if change.row_id == number]
    assert [change.op for change in mine] == ["insert", "update", "delete"]
    assert detail(acme, mine[1]) == ({"role": "assistant"}, {"role": "admin"})
    assert "update" not in [change.op for change in changes(zen, "membership")]


def test_what_was_said_may_go_with_its_contact(acme):
    rename(acme)
    with scope(acme.account):
        assert ChangeDetail.objects.filter(contact_id=acme.contact.pk).delete()[0] == 1
    assert len(changes(acme, "contact")) == 1


def test_it_goes_by_itself_when_the_person_is_erased(acme):
    with scope(acme.account):
        note = contacts.add_note(account=acme.account, contact=acme.contact, text="Likes tea", actor=acme.actor)
        contacts.delete_note(account=acme.account, note=note, actor=acme.actor)
    rename(acme)
    with scope(acme.account):
        acme.contact.refresh_from_db()
        contacts.erase(account=acme.account, contact=acme.contact, actor=acme.actor)
        assert not ChangeDetail.objects.filter(contact_id=acme.contact.pk).exists()
        said = ChangeDetail.objects.exclude(before={}, after={}).values_list("before", "after")
        assert not any(word in str(row) for row in said for word in ("Ann", "tea"))
    assert [change.fields for change in changes(acme, "contact")][-1][:1] == ["erased_at"]


def test_nothing_stays_of_a_contact_who_is_deleted(acme):
    rename(acme)
    with scope(acme.account):
        sql("DELETE FROM contacts_contactword WHERE account_id = %s", acme.account.pk)
        sql("DELETE FROM contacts_contact WHERE account_id = %s", acme.account.pk)
        assert not ChangeDetail.objects.filter(contact_id=acme.contact.pk).exists()
    assert [change.op for change in changes(acme, "contact")] == ["update", "delete"]


def test_a_foreign_account_reads_none_of_it(acme, zen):
    rename(acme)
    with scope(zen.account):
        assert not Change.objects.filter(contact_id=acme.contact.pk).exists()
