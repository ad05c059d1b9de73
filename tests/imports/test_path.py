"""From a file to contacts and credits, by the pages and a worker, and back again."""

from contacts.models import Contact, ContactTag
from credits.models import Entry
from credits.queries import free_by_contact
from simplero.imports.models import ImportPart, ImportRow
from simplero.outbox import relay as relaying
from simplero.outbox.models import Event
from simplero.tenancy.scope import scope
from tests import factories

FILE = """Name,Email,Phone,Labels,Credits,Type,Valid until,Remark
Ben Ito,ben@example.com,+45 1,"VIP, Yoga",5,session,31/12/2999,from the old system
Cy Okafor,cy@example.com,,VIP,0,,,
Ann Lee,ANN@example.com,555,new,3,Sessions,,
Dee Dee,,,,,,,
"""


def free(world):
    with scope(world.account, read_only=True):
        people = list(Contact.objects.order_by("name_key"))
        left = free_by_contact(world.account, [one.pk for one in people])
        return {one.name: [(kind.name, amount) for kind, amount in left.get(one.pk, [])] for one in people}


def test_to_the_end_and_back(desk, zen):
    acme = desk.world
    acme.session = factories.credit_type(acme, "session")
    acme.contact = factories.contact(acme, "Ann Lee", email="ann@example.com")
    factories.contact(zen, "Ben Ito", email="ben@example.com")
    page = desk.upload(FILE.replace("2999", "2198"))
    form = desk.get(page).context["form"]
    assert [field.initial for field in form.columns] == [
        "name",
        "email",
        "phone",
        "tags",
        "amount",
        "type",
        "last_good_day",
        None,
    ]
    answer = desk.match(page, "name", "email", "phone", "tags", "amount", "type", "last_good_day", "note")
    assert answer.status_code == 303
    assert desk.rows() == [(2, "create", []), (3, "create", []), (4, "update", []), (5, "create", [])]
    shown = desk.text(page)
    assert "8</b>" in shown
    assert "good through 31 December 2198" in shown
    desk.client.post(f"{page}expect", {str(acme.session.public_id): "9"})
    assert "1 fewer here" in desk.text(page)
    desk.client.post(f"{page}expect", {str(acme.session.public_id): "8"})
    assert "Equal" in desk.text(page)
    with scope(acme.account, read_only=True):
        assert Contact.objects.count() == 1
        assert not Entry.objects.exists()

    assert desk.load(page).status_code == 303
    assert [outcome for _, outcome, _ in desk.rows()] == ["created", "created", "updated", "created"]
    assert free(acme) == {"Ann Lee": [("session", 3)], "Ben Ito": [("session", 5)], "Cy Okafor": [], "Dee Dee": []}
    with scope(acme.account, read_only=True):
        ben = Contact.objects.get(email_key="ben@example.com")
        assert sorted(ContactTag.objects.filter(contact=ben).values_list("tag__name", flat=True)) == ["VIP", "Yoga"]
        assert Contact.objects.get(pk=acme.contact.pk).phone == "555"
        entry = Entry.objects.get(amount=5)
        assert (entry.source, entry.source_id, entry.expiry) == ("import", str(desk.batch.public_id), "2198-12-31")
        assert entry.notes.get().text == "from the old system"
        kinds = list(Event.objects.filter(contact_id=ben.pk).order_by("pk").values_list("kind", flat=True))
        assert kinds == ["contact.created", "contact.tagged", "contact.tagged", "credits.issued"]
        assert not ImportRow.objects.exclude(cells=[]).exists()
        assert not ImportPart.objects.exists()
    assert "Import of contacts.csv" in desk.text(f"/a/acme/contacts/{ben.public_id}/credits/activity")
    assert desk.get("/a/acme/contacts/?q=ben").content.decode().count("Ben Ito") > 0

    with scope(acme.account):
        contacts_used = Contact.objects.get(email_key="cy@example.com")
    desk.client.post(f"/a/acme/contacts/{contacts_used.public_id}/tags/add", {"tag": "later"})
    dialog = desk.text(f"{page}undo")
    assert "1 contact without credits is removed" in dialog
    assert "2 rows with opening balances" in dialog
    assert "1 contact has been changed or used since" in dialog
    undo(desk, page)
    assert [outcome for _, outcome, _ in desk.rows()] == ["emptied", "touched", "emptied", "removed"]
    assert free(acme) == {"Ann Lee": [], "Ben Ito": [], "Cy Okafor": []}
    undo(desk, page)  # a second click
    assert free(acme) == {"Ann Lee": [], "Ben Ito": [], "Cy Okafor": []}
    with scope(acme.account, read_only=True):
        assert Event.objects.filter(kind="import.undone").get().body == {"import_id": desk.batch.pk, "removed": 1, "emptied": 2, "touched": 1}  # fmt: skip
    assert free(zen) == {"Ben Ito": []}


def undo(desk, page):
    assert desk.client.post(f"{page}undo").status_code == 303
    relaying.relay()
