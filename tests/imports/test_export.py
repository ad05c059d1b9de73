"""Contacts as a file: what stands in it, that nothing in it runs, and that it can be brought in again."""

import csv
import io

import pytest
from openpyxl import load_workbook

from contacts.directory import Details
from contacts.models import Contact
from contacts.services import add_contact, add_tag
from credits.queries import free_by_contact
from simplero.lib.spreadsheet import harmless, plain
from simplero.tenancy.scope import scope
from tests import factories

EXPORT = "/a/acme/contacts/export"
CORPUS = ("=1+1", "+1", "-1", "@SUM(A1)", "=HYPERLINK(\"http://x\")", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff201", "a,\"b\";c", "Zoë Ørsted")  # fmt: skip


def furnished(world):
    """A contact for each spoiled name, with a tag and credits for some."""
    kind = factories.credit_type(world, "session")
    with scope(world.account):
        for number, name in enumerate(CORPUS):
            details = Details(name=name, email=f"p{number}@example.com", phone="+45 1", company=name)
            one = add_contact(account=world.account, details=details, actor=world.actor)
            add_tag(account=world.account, contact=one, name="=tag" if number % 2 else "VIP", actor=world.actor)
            if number % 3:
                factories.issue(world, number, to=one, of=kind)
    return kind


def rows(desk, kind, query=""):
    """The rows of an export as a spreadsheet shows them."""
    data = b"".join(desk.get(f"{EXPORT}.{kind}{query}").streaming_content)
    if kind == "csv":
        return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    sheet = load_workbook(io.BytesIO(data)).active
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None} <= {"s", "n"}
    return [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]


def known(world):
    with scope(world.account, read_only=True):
        people = {one.pk: one for one in Contact.objects.all()}
        free = free_by_contact(world.account, people)
        return sorted(
            (one.name, one.email, one.phone, one.company, sorted(one.taggings.values_list("tag__name", flat=True)), [amount for _, amount in free.get(one.pk, [])])
            for one in people.values()
        )  # fmt: skip


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_out_and_in_again(desk, zen, kind):
    acme = desk.world
    furnished(acme)
    factories.credit_type(zen, "session")
    found = rows(desk, kind)
    assert found[0] == ["Name", "Email", "Phone", "Company", "Tags", "Added", "Free sessions"]
    assert [plain(row[0]) for row in found[1:]] == list(CORPUS)
    if kind == "csv":
        assert all(harmless(cell) == cell for row in found for cell in row)
    assert [row[6] for row in found[1:4]] == ["0", "1", "2"]
    narrow = rows(desk, kind, "?q=zoe")
    assert [row[0] for row in narrow[1:]] == ["Zoë Ørsted"]

    data = b"".join(desk.get(f"{EXPORT}.{kind}").streaming_content)
    desk.client.force_login(zen.admin)
    there = type(desk)(desk.client, zen)
    page = there.upload(data, f"contacts.{kind}", to="/a/zen/contacts/imports/")
    form = there.get(page).context["form"]
    assert [str(field.initial).split(":")[0] for field in form.columns] == [
        "name",
        "email",
        "phone",
        "company",
        "tags",
        "None",
        "credits",
    ]
    there.match(page, *[field.initial or "" for field in form.columns])
    assert there.batch.summary["bad"] == 0
    there.load(page)
    assert known(zen) == known(acme)


def test_who_may_and_what_a_list_costs(desk, django_assert_max_num_queries):
    furnished(desk.world)
    assert "export.csv?q=zoe" in desk.text("/a/acme/contacts/?q=zoe")
    with django_assert_max_num_queries(40):
        rows(desk, "csv")
    desk.client.force_login(desk.world.assistant)
    assert desk.get(f"{EXPORT}.csv").status_code == 404
    assert "export.csv" not in desk.text("/a/acme/contacts/")


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_empty_file_to_fill_in_is_understood(desk, kind):
    factories.credit_type(desk.world, "session")
    answer = desk.get(f"/a/acme/contacts/imports/template.{kind}")
    page = desk.upload(answer.content, f"x.{kind}")
    form = desk.get(page).context["form"]
    chosen = [field.initial for field in form.columns]
    assert chosen == ["name", "email", "phone", "company", "tags", "type", "amount", "last_good_day", "note"]
    desk.match(page, *chosen)
    assert [row[1] for row in desk.rows()] == ["create"]
