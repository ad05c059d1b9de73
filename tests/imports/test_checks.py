"""What is wrong is named by row and column before anything is written."""

import uuid

import pytest

from contacts import services as contacts
from contacts.directory import Details
from contacts.models import Contact
from credits.models import CreditType, Entry
from simplero.imports.models import ImportRow
from simplero.lib.moments import day
from simplero.tenancy.scope import scope, today
from tests import factories
from tests.assertions import nothing_moved

ALL = ("name", "email", "tags", "amount", "type", "last_good_day", "note")
HEAD = "Who,Address,Tags,How many,Of what,Until,Note\n"


def test_each_row_and_column(desk):
    acme = desk.world
    factories.credit_type(acme, "session")
    factories.contact(acme, "Zoe Park")
    rows = [
        "Ben,not an address,,,,,",
        ",nobody@example.com,,,,,",
        "Cy,cy@example.com,,,,,",
        "Cy again,CY@example.com,,,,,",
        "Dee,,,5,yoga,,",
        "Eve,,,1.5,session,,",
        "Fay,,,1000001,session,,",
        "Gil,,,-3,session,,",
        "Hal,,,3,,,",
        "Ida,,,3,session,1/1/2020,",
        "Jo,,,3,session,12/31/2198,",
        "Kim,,,3,session,soon,",
        f"Lea,,,3,session,,{'x' * 1001}",
        f'Max,,"{",".join(f"t{n}" for n in range(31))}",,,,',
        f"Ned,,{'x' * 61},,,,",
        "Ola,,,,,,,beyond",
        f"{'x' * 121},,,,,,",
        "Zoe Park,,,,,,",
        'Pia,,,"1,000",SESSIONS,31 Dec 2198,',
        "Quin,,,0,,,",
        "\u202eRay,,,,,,",
    ]
    page = desk.upload(HEAD + "\n".join(rows))
    desk.match(page, *ALL)
    wrong = {number: said for number, outcome, said in desk.rows() if outcome == "bad"}
    assert wrong == {
        2: ["Address: Enter an email address like name@example.com."],
        3: ["Who: Enter a name."],
        5: ["Address: Row 4 has this address too. Each contact can have one row; credits of several types can have a column each."],
        6: ["Of what: There is no credit type “yoga”. Add it under Content → Credits, or correct its name."],
        **{
            number: [f"How many: “{text}” is no whole number from 1 to 1,000,000. Leave it empty, or 0, for no credits."]
            for number, text in ((7, "1.5"), (8, "1000001"), (9, "-3"))
        },
        10: ["Of what: Say which type of credit these are."],
        11: ["Until: 2020-01-01 is over: credits cannot be loaded that have expired already."],
        12: ["Until: “12/31/2198” is no day we can read. Write it like 2027-12-31 or 31/12/2027."],
        13: ["Until: “soon” is no day we can read. Write it like 2027-12-31 or 31/12/2027."],
        14: ["Note: The note can be at most 1,000 characters long; this has 1,001."],
        15: ["Tags: A contact can have at most 30 tags; here are 31."],
        16: ["Tags: A tag can be at most 60 characters long; this has 61."],
        17: ["The row: There are 7 headings, and this row has a cell beyond them: “beyond”. A comma in a text may be without quotation marks."],
        18: ["Who: Name can be at most 120 characters long; this has 121."],
        22: ["Who: Name contains characters that cannot be shown. Delete them or type it anew."],
    }  # fmt: skip
    remarks = [said for _, outcome, said in desk.rows() if outcome == "create" and said]
    assert remarks == [["Who: There is a contact of this name already. This makes another one."]]
    shown = desk.text(page)
    assert "Row 2, Address: Enter an email address like name@example.com." in shown
    assert "All 17 rows that are wrong" in shown
    assert "1,000</b>" in shown  # of the rows that are right
    assert "1 new contact has the name" in shown

    # The errors as a file: the row as it came, its number and the reasons.
    sent = b"".join(desk.get(f"{page}errors.csv").streaming_content).decode()
    assert sent.count("\r\n") == 18
    assert "Gil,,,'-3,session,,,9,\"How many: “-3” is no whole number" in sent

    with nothing_moved():
        answer = desk.client.post(f"{page}load")
    assert answer.status_code == 409
    assert "choose to leave those rows out" in answer.content.decode()
    desk.load(page, leave_out="1")
    assert [one for one in desk.rows() if one[1] == "left_out"] == [(n, "left_out", wrong[n]) for n in sorted(wrong)]
    with scope(acme.account, read_only=True):
        assert Contact.objects.count() == 5
        assert Entry.objects.get().amount == 1000
        assert {row.number for row in ImportRow.objects.exclude(cells=[])} == set(wrong)

    # With the month first, and one type for all rows.
    kind = str(acme_type(acme).public_id)
    page = desk.upload("Email,Sessions,Until\nx@example.com,3,12/31/2198\n")
    desk.match(page, "email", "amount", "last_good_day", dates="month", credit_type=kind)
    assert [row[1] for row in desk.rows()] == ["bad"]
    assert "No contact has this address" in desk.text(page)


def acme_type(world):
    with scope(world.account, read_only=True):
        return CreditType.objects.get()


@pytest.mark.parametrize(
    ("columns", "more", "words"),
    [
        (("", "", ""), {}, "Say which column holds the names"),
        (("name", "name", ""), {}, "“Who” is that already"),
        (("name", "amount", ""), {}, "Choose the type of the credits"),
        (("name", "", "note"), {}, "This belongs to an opening balance"),
        (("name", "type", ""), {}, "This belongs to an opening balance"),
        (("name", "balance", ""), {}, "Select a valid choice"),
    ],
)
def test_columns_that_do_not_go_together(desk, columns, more, words):
    factories.credit_type(desk.world, "session")
    page = desk.upload("Who,How many,Note\nBen,1,x\n")
    with nothing_moved():
        answer = desk.match(page, *columns, **more)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert desk.batch.state == "matching"


def test_known_contacts(desk):
    """Filled in, overwritten, or left as they are; what is matched anew is checked anew."""
    acme = desk.world
    ann = factories.contact(acme, "Ann Lee", email="ann@example.com")
    page = desk.upload("Name,Email,Phone,Tags\nAnnie,ann@example.com,555,vip\n")
    for known, outcome in (("leave", "keep"), ("fill", "update"), ("overwrite", "update")):
        desk.match(page, "name", "email", "phone", "tags", known=known)
        assert [row[1] for row in desk.rows()] == [outcome]
        assert desk.batch.summary["tags"] == ([] if known == "leave" else ["vip"])
    desk.load(page)
    with scope(acme.account, read_only=True):
        ann = Contact.objects.get(pk=ann.pk)
        assert (ann.name, ann.phone) == ("Annie", "555")
    assert "Annie" in desk.text("/a/acme/contacts/?q=annie+vip")
    assert "Nobody found" in desk.text("/a/acme/contacts/?q=lee")
    again = desk.upload("Name,Email,Phone,Tags\nAnnie,ann@example.com,555,VIP\n")
    desk.match(again, "name", "email", "phone", "tags")
    assert [row[1] for row in desk.rows()] == ["keep"]


def test_who_was_merged_or_erased(desk):
    """A merged contact's address is the address of who stands for it; an erased one is not brought back by a file."""
    acme = desk.world
    ann = factories.contact(acme, "Ann Lee", email="ann@example.com")
    old = factories.contact(acme, "Anna Old", email="old@example.com")
    gone = factories.contact(acme, "Cy Moss", email="Cy@example.com")
    back = factories.contact(acme, "Di", email="di@example.com")
    with scope(acme.account):
        contacts.merge(
            account=acme.account,
            source=old,
            target=ann,
            details=Details.of(ann),
            key=uuid.uuid4(),
            actor=acme.actor,
        )
        for one in (gone, back):
            contacts.erase(account=acme.account, contact=one, actor=acme.actor)
        on = day(today(acme.account))
    back = factories.contact(acme, "Di", email="di@example.com")  # knowingly
    page = desk.upload(
        "Name,Email,Phone\nAnna,OLD@example.com,555\nCy,cy@example.com,1\nDi,di@example.com,2\nAnn,ann@example.com,3\n"
    )
    desk.match(page, "name", "email", "phone")
    [merged, erased, again, twice] = desk.rows()
    assert (merged[1], again[1]) == ("update", "update")
    assert erased[1:] == (
        "bad",
        [
            f"Email: Whoever had this address was erased on {on}. Take the row out; whoever has come back since is added by hand first."
        ],
    )
    assert (twice[1], "Row 2 has another address of this contact" in twice[2][0]) == ("bad", True)
    desk.load(page, leave_out="1")
    with scope(acme.account, read_only=True):
        assert list(
            Contact.objects.filter(pk__in=[ann.pk, old.pk, back.pk]).order_by("pk").values_list("phone", flat=True)
        ) == ["555", "", "2"]
        assert not Contact.objects.filter(email_key="cy@example.com").exists()


def test_onto_what_is_there(desk):
    acme = desk.world
    acme.contact = factories.contact(acme, "Ann Lee", email="ann@example.com")
    factories.issue(acme, 3)
    page = desk.upload(f"Email,Free {acme.session.plural}\nann@example.com,3\n")
    form = desk.get(page).context["form"]
    assert [field.initial for field in form.columns] == ["email", f"credits:{acme.session.public_id}"]
    desk.match(page, "email", f"credits:{acme.session.public_id}")
    assert "Was this file loaded before?" in desk.text(page)
